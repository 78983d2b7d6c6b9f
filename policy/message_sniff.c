/*
 * message_sniff: whether an attachment is what its name says.
 *
 * Keeps the first bytes, and looks into zip and OLE containers as they come
 * by, as far as needed to tell a presentation from a table. A name ending of
 * which nothing is known stands unless the content is plainly something else;
 * many formats are zips or packed.
 * Keeps design.md §4 (`attachment`: name endings that the content does not
 * belie).
 */
#include <ctype.h>
#include <string.h>

#include "message_sniff.h"

enum family {
	PLAIN,
	PDF,
	ZIP,
	OLE,
	PNG,
	JPEG,
	GIF,
	EXECUTABLE,
	RTF,
	GZIP,
	RAR,
	SEVENZIP,
	ELF,
	HTML
};

static const struct {
	const char *bytes;
	size_t length;
	enum family family;
} magics[] = {
	{ "PK\3\4", 4, ZIP },
	{ "PK\5\6", 4, ZIP },
	{ "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, OLE },
	{ "\x89PNG\r\n\x1a\n", 8, PNG },
	{ "\xff\xd8\xff", 3, JPEG },
	{ "GIF87a", 6, GIF },
	{ "GIF89a", 6, GIF },
	{ "MZ", 2, EXECUTABLE },
	{ "{\\rtf", 5, RTF },
	{ "\x1f\x8b\x08", 3, GZIP },
	{ "Rar!\x1a\x07", 6, RAR },
	{ "7z\xbc\xaf\x27\x1c", 6, SEVENZIP },
	{ "\x7f"
	  "ELF",
	    4, ELF },
};

static enum family
family_of(const unsigned char *data, size_t length)
{
	size_t head = length < SNIFF_HEAD ? length : SNIFF_HEAD;
	size_t at = 0;

	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		if (length >= magics[i].length &&
		    memcmp(data, magics[i].bytes, magics[i].length) == 0)
			return magics[i].family;
	}
	/* Readers bear what stands before it: ISO 32000-1 annex H, note 13. */
	if (head > 0 && memmem(data, head, "%PDF-", 5))
		return PDF;
	while (at < head && isspace(data[at]))
		at++;
	if (head - at > 14 &&
	    (strncasecmp((const char *)data + at, "<html", 5) == 0 ||
		strncasecmp((const char *)data + at, "<!doctype html", 14) ==
		    0))
		return HTML;
	return PLAIN;
}

/* What a container must hold: a file of a folder, or an OLE stream. */
static const struct {
	const char *ending;
	enum family family;
	const char *inside;
} endings[] = {
	{ "pdf", PDF, NULL },
	{ "zip", ZIP, NULL },
	{ "png", PNG, NULL },
	{ "jpg", JPEG, NULL },
	{ "jpeg", JPEG, NULL },
	{ "gif", GIF, NULL },
	{ "pptx", ZIP, "ppt/" },
	{ "ppsx", ZIP, "ppt/" },
	{ "potx", ZIP, "ppt/" },
	{ "pptm", ZIP, "ppt/" },
	{ "docx", ZIP, "word/" },
	{ "docm", ZIP, "word/" },
	{ "dotx", ZIP, "word/" },
	{ "xlsx", ZIP, "xl/" },
	{ "xlsm", ZIP, "xl/" },
	{ "odt", ZIP, "content.xml" },
	{ "odp", ZIP, "content.xml" },
	{ "ods", ZIP, "content.xml" },
	{ "key", ZIP, "Index" },
	{ "epub", ZIP, NULL },
	{ "jar", ZIP, NULL },
	{ "ppt", OLE, "PowerPoint Document" },
	{ "pps", OLE, "PowerPoint Document" },
	{ "doc", OLE, "WordDocument" },
	{ "xls", OLE, "Workbook" },
	{ "msg", OLE, NULL },
	{ "rtf", RTF, NULL },
	{ "gz", GZIP, NULL },
	{ "tgz", GZIP, NULL },
	{ "rar", RAR, NULL },
	{ "7z", SEVENZIP, NULL },
	{ "exe", EXECUTABLE, NULL },
	{ "dll", EXECUTABLE, NULL },
	{ "scr", EXECUTABLE, NULL },
	{ "htm", HTML, NULL },
	{ "html", HTML, NULL },
};

/* What every office file holds besides, whatever its kind. */
static bool
is_common(const unsigned char *name)
{
	static const char *const commons[] = { "[Content_Types].xml", "_rels/",
		"docProps/", "customXml/", "META-INF/", "mimetype" };

	for (size_t i = 0; i < sizeof(commons) / sizeof(commons[0]); i++)
		if (memcmp(name, commons[i], strlen(commons[i])) == 0)
			return true;
	return false;
}

/* Names stand in each file's header, 30 bytes in: APPNOTE.TXT §4.3.7. */
static void
look_into_zip(struct sniff *sniff, const unsigned char *data, size_t length,
    const char *wanted)
{
	const unsigned char *at = data, *end = data + length;
	size_t name = strlen(wanted);

	while ((at = memmem(at, (size_t)(end - at), "PK\3\4", 4))) {
		size_t left = (size_t)(end - at);

		if (left >= 30 + name && memcmp(at + 30, wanted, name) == 0)
			sniff->inside = true;
		else if (left >= 30 + 20 && isgraph(at[30]) &&
		    !is_common(at + 30))
			sniff->foreign = true;
		at += 4;
	}
}

/* Names of streams are UTF-16LE: MS-CFB §2.6.1. */
static bool
ole_holds(const unsigned char *data, size_t length, const char *stream)
{
	char wide[64] = "";
	size_t used = 0;

	for (; *stream && used + 2 < sizeof(wide); stream++) {
		wide[used++] = *stream;
		wide[used++] = '\0';
	}
	return memmem(data, length, wide, used) != NULL;
}

static void
look_inside(struct sniff *sniff, const unsigned char *data, size_t length)
{
	static const char *const streams[] = {
		"PowerPoint Document",
		"WordDocument",
		"Workbook",
	};
	const char *wanted = endings[sniff->known].inside;

	if (endings[sniff->known].family == ZIP) {
		look_into_zip(sniff, data, length, wanted);
		return;
	}
	sniff->inside |= ole_holds(data, length, wanted);
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
		sniff->other |= strcmp(streams[i], wanted) != 0 &&
		    ole_holds(data, length, streams[i]);
	/* What tables were called before Excel 97. */
	sniff->book |= ole_holds(data, length, "Book");
}

/* What lies across the border of two pieces is looked at with both. */
static void
look_across(struct sniff *sniff, const unsigned char *data, size_t length)
{
	unsigned char joined[2 * SNIFF_CARRY];
	size_t more = length < SNIFF_CARRY ? length : SNIFF_CARRY;
	size_t keep;

	memcpy(joined, sniff->carry, sniff->carry_length);
	memcpy(joined + sniff->carry_length, data, more);
	look_inside(sniff, joined, sniff->carry_length + more);
	if (length >= SNIFF_CARRY) {
		memcpy(sniff->carry, data + length - SNIFF_CARRY, SNIFF_CARRY);
		sniff->carry_length = SNIFF_CARRY;
		return;
	}
	more += sniff->carry_length;
	keep = more < SNIFF_CARRY ? more : SNIFF_CARRY;
	memcpy(sniff->carry, joined + more - keep, keep);
	sniff->carry_length = keep;
}

void
usher_sniff_feed(struct sniff *sniff, const unsigned char *data, size_t length)
{
	size_t room = SNIFF_HEAD - sniff->head_length;
	size_t take = length < room ? length : room;
	bool container = sniff->known >= 0 && endings[sniff->known].inside;

	if (sniff->enough || length == 0)
		return;
	memcpy(sniff->head + sniff->head_length, data, take);
	sniff->head_length += take;
	sniff->length += length;
	if (container) {
		look_across(sniff, data, length);
		look_inside(sniff, data, length);
	}
	if (sniff->head_length < SNIFF_HEAD)
		return;
	sniff->enough = !container || sniff->inside ||
	    family_of(sniff->head, sniff->head_length) !=
		endings[sniff->known].family;
}

static bool
fits(const struct sniff *sniff, bool cut)
{
	enum family family = family_of(sniff->head, sniff->head_length);

	if (sniff->known < 0)
		return family == PLAIN || family == ZIP || family == OLE ||
		    family == GZIP;
	if (sniff->length == 0)
		return cut;
	/* Half a page of HTML begins as it likes. */
	if (endings[sniff->known].family == HTML)
		return family == HTML || family == PLAIN;
	if (family != endings[sniff->known].family)
		return false;
	if (!endings[sniff->known].inside || sniff->inside)
		return true;
	/* A zip that names nothing else belies nothing; an empty one does. */
	if (family == ZIP)
		return !sniff->foreign && sniff->head[2] == 3;
	/* A directory at the end of a file that was cut belies nothing. */
	return family == OLE && !sniff->other && (cut || sniff->book);
}

void
usher_sniff_begin(struct sniff *sniff, const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t used = 0;

	memset(sniff, 0, sizeof(*sniff));
	sniff->known = -1;
	sniff->enough = true;
	if (!dot || !dot[1])
		return;
	for (dot++; *dot && used < ENDING_TEXT - 1; dot++) {
		if (!isalnum((unsigned char)*dot))
			break;
		sniff->ending[used++] = (char)tolower((unsigned char)*dot);
	}
	while (*dot == ' ' || *dot == '\t')
		dot++;
	if (*dot || used == 0) {
		sniff->ending[0] = '\0';
		return;
	}
	sniff->enough = false;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (strcmp(endings[i].ending, sniff->ending) == 0)
			sniff->known = (int)i;
}

void
usher_sniff_end(struct sniff *sniff, bool cut, char out[ENDING_TEXT])
{
	out[0] = '\0';
	if (sniff->ending[0] != '\0' && fits(sniff, cut))
		memcpy(out, sniff->ending, ENDING_TEXT);
}
