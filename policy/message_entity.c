/*
 * message_entity: character references of HTML.
 *
 * Numeric ones, and the named ones that mail uses: Latin-1, a few marks and
 * blanks. Others stay as they are written. Called by message_html.c.
 */
#include <ctype.h>
#include <string.h>

#include "message.h"

/* Latin-1 from 160 on, in its order. */
static const char *const latin1[] = {
	"nbsp",
	"iexcl",
	"cent",
	"pound",
	"curren",
	"yen",
	"brvbar",
	"sect",
	"uml",
	"copy",
	"ordf",
	"laquo",
	"not",
	"shy",
	"reg",
	"macr",
	"deg",
	"plusmn",
	"sup2",
	"sup3",
	"acute",
	"micro",
	"para",
	"middot",
	"cedil",
	"sup1",
	"ordm",
	"raquo",
	"frac14",
	"frac12",
	"frac34",
	"iquest",
	"Agrave",
	"Aacute",
	"Acirc",
	"Atilde",
	"Auml",
	"Aring",
	"AElig",
	"Ccedil",
	"Egrave",
	"Eacute",
	"Ecirc",
	"Euml",
	"Igrave",
	"Iacute",
	"Icirc",
	"Iuml",
	"ETH",
	"Ntilde",
	"Ograve",
	"Oacute",
	"Ocirc",
	"Otilde",
	"Ouml",
	"times",
	"Oslash",
	"Ugrave",
	"Uacute",
	"Ucirc",
	"Uuml",
	"Yacute",
	"THORN",
	"szlig",
	"agrave",
	"aacute",
	"acirc",
	"atilde",
	"auml",
	"aring",
	"aelig",
	"ccedil",
	"egrave",
	"eacute",
	"ecirc",
	"euml",
	"igrave",
	"iacute",
	"icirc",
	"iuml",
	"eth",
	"ntilde",
	"ograve",
	"oacute",
	"ocirc",
	"otilde",
	"ouml",
	"divide",
	"oslash",
	"ugrave",
	"uacute",
	"ucirc",
	"uuml",
	"yacute",
	"thorn",
	"yuml",
};

static const struct {
	const char *name;
	uint32_t character;
} others[] = {
	{ "amp", '&' },
	{ "lt", '<' },
	{ "gt", '>' },
	{ "quot", '"' },
	{ "apos", '\'' },
	{ "ndash", 0x2013 },
	{ "mdash", 0x2014 },
	{ "lsquo", 0x2018 },
	{ "rsquo", 0x2019 },
	{ "sbquo", 0x201a },
	{ "ldquo", 0x201c },
	{ "rdquo", 0x201d },
	{ "bdquo", 0x201e },
	{ "bull", 0x2022 },
	{ "hellip", 0x2026 },
	{ "euro", 0x20ac },
	{ "trade", 0x2122 },
	{ "ensp", 0x2002 },
	{ "emsp", 0x2003 },
	{ "thinsp", 0x2009 },
	{ "zwnj", 0x200c },
	{ "zwj", 0x200d },
	{ "lrm", 0x200e },
	{ "rlm", 0x200f },
	{ "AMP", '&' },
	{ "LT", '<' },
	{ "GT", '>' },
	{ "Scaron", 0x160 },
	{ "scaron", 0x161 },
	{ "OElig", 0x152 },
	{ "oelig", 0x153 },
};

static bool
numeric(const char *at, size_t length, uint32_t *character)
{
	bool sixteen = length > 1 && (at[1] == 'x' || at[1] == 'X');
	uint32_t value = 0;
	size_t first = sixteen ? 2 : 1;

	if (first >= length)
		return false;
	for (size_t i = first; i < length; i++) {
		int c = tolower((unsigned char)at[i]);

		if (!(sixteen ? isxdigit(c) : isdigit(c)))
			return false;
		value = value * (sixteen ? 16 : 10) +
		    (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
		if (value > 0x10ffff)
			return false;
	}
	if (value == 0 || (value >= 0xd800 && value < 0xe000))
		value = 0xfffd;
	*character = value;
	return true;
}

static bool
named(const char *at, size_t length, uint32_t *character)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strlen(others[i].name) == length &&
		    memcmp(others[i].name, at, length) == 0) {
			*character = others[i].character;
			return true;
		}
	}
	for (size_t i = 0; i < sizeof(latin1) / sizeof(latin1[0]); i++) {
		if (strlen(latin1[i]) == length &&
		    memcmp(latin1[i], at, length) == 0) {
			*character = (uint32_t)(160 + i);
			return true;
		}
	}
	return false;
}

size_t
usher_html_entity(const char *at, const char *end, uint32_t *character)
{
	size_t length = 0, most = (size_t)(end - at) - 1;
	const char *name = at + 1;
	bool read;

	while (length < most && length < 10 &&
	    (isalnum((unsigned char)name[length]) ||
		(length == 0 && *name == '#')))
		length++;
	if (length == 0)
		return 0;
	read = *name == '#' ? numeric(name, length, character)
			    : named(name, length, character);
	if (!read)
		return 0;
	return 1 + length + (length < most && name[length] == ';');
}
