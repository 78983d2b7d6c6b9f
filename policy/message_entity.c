/*
 * message_entity: character references of HTML.
 *
 * Numeric ones, and the named ones that mail uses: Latin-1, letters of the
 * languages of Central Europe, marks, blanks and what nobody sees. Others stay
 * as they are written. As browsers do, the oldest are known without their
 * semicolon too, whatever follows. Called by message_html.c.
 */
#include <ctype.h>
#include <string.h>

#include "message.h"

/* Latin-1 from 160 on, in its order. */
static const char *const latin1[] = { "nbsp", "iexcl", "cent", "pound",
	"curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo",
	"not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute",
	"micro", "para", "middot", "cedil", "sup1", "ordm", "raquo", "frac14",
	"frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc", "Atilde",
	"Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml",
	"Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve",
	"Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave",
	"Uacute", "Ucirc", "Uuml", "Yacute", "THORN", "szlig", "agrave",
	"aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil",
	"egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc",
	"iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml",
	"divide", "oslash", "ugrave", "uacute", "ucirc", "uuml", "yacute",
	"thorn", "yuml" };

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
	{ "Abreve", 0x102 },
	{ "abreve", 0x103 },
	{ "Aogon", 0x104 },
	{ "aogon", 0x105 },
	{ "Cacute", 0x106 },
	{ "cacute", 0x107 },
	{ "Ccaron", 0x10c },
	{ "ccaron", 0x10d },
	{ "Dcaron", 0x10e },
	{ "dcaron", 0x10f },
	{ "Dstrok", 0x110 },
	{ "dstrok", 0x111 },
	{ "Eogon", 0x118 },
	{ "eogon", 0x119 },
	{ "Ecaron", 0x11a },
	{ "ecaron", 0x11b },
	{ "Gbreve", 0x11e },
	{ "gbreve", 0x11f },
	{ "Idot", 0x130 },
	{ "imath", 0x131 },
	{ "inodot", 0x131 },
	{ "Lstrok", 0x141 },
	{ "lstrok", 0x142 },
	{ "Nacute", 0x143 },
	{ "nacute", 0x144 },
	{ "Ncaron", 0x147 },
	{ "ncaron", 0x148 },
	{ "Odblac", 0x150 },
	{ "odblac", 0x151 },
	{ "Rcaron", 0x158 },
	{ "rcaron", 0x159 },
	{ "Sacute", 0x15a },
	{ "sacute", 0x15b },
	{ "Scedil", 0x15e },
	{ "scedil", 0x15f },
	{ "Tcaron", 0x164 },
	{ "tcaron", 0x165 },
	{ "Uring", 0x16e },
	{ "uring", 0x16f },
	{ "Udblac", 0x170 },
	{ "udblac", 0x171 },
	{ "Yuml", 0x178 },
	{ "Zacute", 0x179 },
	{ "zacute", 0x17a },
	{ "Zdot", 0x17b },
	{ "zdot", 0x17c },
	{ "Zcaron", 0x17d },
	{ "zcaron", 0x17e },
	{ "Tab", 9 },
	{ "NewLine", 10 },
	{ "excl", '!' },
	{ "num", '#' },
	{ "dollar", '$' },
	{ "percnt", '%' },
	{ "lpar", '(' },
	{ "rpar", ')' },
	{ "plus", '+' },
	{ "comma", ',' },
	{ "period", '.' },
	{ "sol", '/' },
	{ "colon", ':' },
	{ "semi", ';' },
	{ "equals", '=' },
	{ "quest", '?' },
	{ "commat", '@' },
	{ "lsqb", '[' },
	{ "rsqb", ']' },
	{ "lowbar", '_' },
	{ "lbrace", '{' },
	{ "rbrace", '}' },
	{ "vert", '|' },
	{ "NonBreakingSpace", 0xa0 },
	{ "numsp", 0x2007 },
	{ "puncsp", 0x2008 },
	{ "hairsp", 0x200a },
	{ "MediumSpace", 0x205f },
	{ "ThinSpace", 0x2009 },
	{ "ZeroWidthSpace", 0x200b },
	{ "NoBreak", 0x2060 },
	{ "ApplyFunction", 0x2061 },
	{ "af", 0x2061 },
	{ "InvisibleTimes", 0x2062 },
	{ "it", 0x2062 },
	{ "InvisibleComma", 0x2063 },
	{ "ic", 0x2063 },
	{ "hyphen", 0x2010 },
	{ "dash", 0x2010 },
	{ "horbar", 0x2015 },
	{ "rarr", 0x2192 },
	{ "check", 0x2713 },
	{ "QUOT", '"' },
};

enum { LONGEST_NAME = 20 };

/* What stands there is written in windows-1252 by mistake, and read so. */
static const uint32_t windows[32] = { 0x20ac, 0x81, 0x201a, 0x192, 0x201e,
	0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d,
	0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013,
	0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178 };

/* Behind "&#"; the bytes of the number, 0 when none is there. */
static size_t
numeric(const char *at, size_t length, uint32_t *character)
{
	bool sixteen = length > 1 && (at[0] == 'x' || at[0] == 'X');
	size_t first = sixteen ? 1 : 0, i;
	uint32_t value = 0;

	for (i = first; i < length; i++) {
		int c = tolower((unsigned char)at[i]);

		if (!(sixteen ? isxdigit(c) : isdigit(c)))
			break;
		if (value <= 0x10ffff)
			value = value * (sixteen ? 16 : 10) +
			    (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	if (i == first)
		return 0;
	if (value >= 0x80 && value < 0xa0)
		value = windows[value - 0x80];
	if (value == 0 || value > 0x10ffff ||
	    (value >= 0xd800 && value < 0xe000))
		value = 0xfffd;
	*character = value;
	return i;
}

static bool
is_called(const char *name, const char *at, size_t length)
{
	return strlen(name) == length && memcmp(name, at, length) == 0;
}

/* The names that browsers know without a semicolon. */
static bool
oldest(const char *at, size_t length, uint32_t *character)
{
	static const char *const more[] = { "amp", "lt", "gt", "quot", "AMP",
		"LT", "GT", "QUOT" };

	for (size_t i = 0; i < sizeof(latin1) / sizeof(latin1[0]); i++) {
		if (is_called(latin1[i], at, length)) {
			*character = (uint32_t)(160 + i);
			return true;
		}
	}
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		if (is_called(more[i], at, length)) {
			*character = (uint32_t) "&<>\"&<>\""[i];
			return true;
		}
	}
	return false;
}

static bool
named(const char *at, size_t length, uint32_t *character)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (is_called(others[i].name, at, length)) {
			*character = others[i].character;
			return true;
		}
	}
	return oldest(at, length, character);
}

size_t
usher_html_entity(const char *at, const char *end, uint32_t *character)
{
	size_t length = 0, most = (size_t)(end - at) - 1;
	const char *name = at + 1;

	if (most > 0 && *name == '#') {
		length = numeric(name + 1, most - 1, character);
		if (length == 0)
			return 0;
		length++;
		return 1 + length + (length < most && name[length] == ';');
	}
	while (length < most && length < LONGEST_NAME &&
	    isalnum((unsigned char)name[length]))
		length++;
	if (length < most && name[length] == ';' &&
	    named(name, length, character))
		return length + 2;
	for (; length > 1; length--) {
		if (oldest(name, length, character))
			return 1 + length;
	}
	return 0;
}

size_t
usher_html_resolve(const char *value, size_t length, char *out, size_t room)
{
	const char *at = value, *end = value + length;
	size_t n = 0;

	while (at < end && n < room) {
		uint32_t c = 0;
		size_t taken = *at == '&' ? usher_html_entity(at, end, &c) : 0;

		/* Beyond ASCII nothing is looked for in attributes. */
		out[n++] = taken == 0 ? *at : c < 0x80 ? (char)c : '?';
		at += taken ? taken : 1;
	}
	return n;
}
