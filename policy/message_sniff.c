/*
 * message_sniff: whether an attachment is what its name says.
 *
 * Looks at the first bytes, and into zip and OLE containers as far as needed
 * to tell a presentation from a table. A name ending of which nothing is
 * known stands unless the content is plainly something else. Keeps design.md
 * §4 (`attachment`: name endings that the content does not belie).
 */
#include <ctype.h>
#include <string.h>

#include "message.h"

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
sniff(const unsigned char *data, size_t length)
{
	size_t head = length < 1024 ? length : 1024;
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

/* Names stand in each file's header, 30 bytes in: APPNOTE.TXT §4.3.7. */
static bool
zip_holds(const unsigned char *data, size_t length, const char *begin)
{
	const unsigned char *at = data, *end = data + length;
	size_t name = strlen(begin);

	while ((at = memmem(at, (size_t)(end - at), "PK\3\4", 4))) {
		if ((size_t)(end - at) >= 30 + name &&
		    memcmp(at + 30, begin, name) == 0)
			return true;
		at += 4;
	}
	return false;
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

/* A directory at the end of a file that was cut belies nothing. */
static bool
ole_fits(const unsigned char *data, size_t length, bool cut, const char *stream)
{
	static const char *const streams[] = {
		"PowerPoint Document",
		"WordDocument",
		"Workbook",
	};

	if (ole_holds(data, length, stream))
		return true;
	for (size_t i = 0; i < 3; i++) {
		if (ole_holds(data, length, streams[i]))
			return false;
	}
	return cut || ole_holds(data, length, "Book");
}

static bool
fits(const char *ending, const unsigned char *data, size_t length, bool cut)
{
	enum family family = sniff(data, length);

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		if (strcmp(endings[i].ending, ending) != 0)
			continue;
		if (length == 0)
			return cut;
		/* Half a page of HTML begins as it likes. */
		if (endings[i].family == HTML)
			return family == HTML || family == PLAIN;
		if (family != endings[i].family)
			return false;
		if (!endings[i].inside)
			return true;
		if (family == OLE)
			return ole_fits(data, length, cut, endings[i].inside);
		return zip_holds(data, length, endings[i].inside);
	}
	return family == PLAIN;
}

void
usher_attachment_ending(const char *name, const unsigned char *data,
    size_t length, bool cut, char out[ENDING_TEXT])
{
	const char *dot = strrchr(name, '.');
	size_t used = 0;

	out[0] = '\0';
	if (!dot || !dot[1])
		return;
	for (dot++; *dot && used < ENDING_TEXT - 1; dot++) {
		if (!isalnum((unsigned char)*dot))
			break;
		out[used++] = (char)tolower((unsigned char)*dot);
	}
	out[used] = '\0';
	while (*dot == ' ' || *dot == '\t')
		dot++;
	if (*dot ||
	    !fits(out, data ? data : (const unsigned char *)"",
		data ? length : 0, cut))
		out[0] = '\0';
}
