/*
 * link_find: telephone numbers in what a person wrote: see link.h.
 *
 * Believed are numbers written for the world ("+49 30 1234567") and those that
 * can be nothing else at home: with the trunk prefix in front, or in North
 * America with an area code and an exchange; a word before them such as "Tel"
 * makes sure of others. Dates, prices, order numbers and parts of words are
 * none. Reads bytes of any kind.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "link.h"

enum {
	LEAST_DIGITS = 8, /* with the country code: no short numbers */
	LEAST_AT_HOME = 9,
	LONGEST = 40,
	MOST_GROUPS = 8,
	LABEL = 24
};

/* One number as it is written, its separators made plain. */
struct written {
	char text[LONGEST + 1];
	size_t length, digits, group_count;
	size_t groups[MOST_GROUPS]; /* digits in a row */
	char separator;		    /* between the first two; or NUL */
	size_t taken;		    /* bytes of the text */
};

/* A separator at `at`: its bytes, and what it is to be read as. */
static size_t
separator(const char *at, const char *end, char *as)
{
	static const struct {
		const char *bytes;
		char as;
	} wide[] = { { "\xc2\xa0", ' ' }, { "\xe2\x80\xaf", ' ' },
		{ "\xe2\x80\x90", '-' }, { "\xe2\x80\x91", '-' },
		{ "\xe2\x80\x93", '-' } };

	*as = *at == '/' ? '-' : *at;
	if (strchr(" -.()/", *at) != NULL && *at != '\0')
		return 1;
	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++) {
		size_t length = strlen(wide[i].bytes);

		*as = wide[i].as;
		if ((size_t)(end - at) >= length &&
		    memcmp(at, wide[i].bytes, length) == 0)
			return length;
	}
	return 0;
}

static bool
put(struct written *written, char c)
{
	if (written->length == LONGEST)
		return false;
	written->text[written->length++] = c;
	return true;
}

static bool
put_digit(struct written *written, char c, bool begins)
{
	if (begins && written->group_count == MOST_GROUPS)
		return false;
	if (begins)
		written->groups[written->group_count++] = 0;
	written->groups[written->group_count - 1]++;
	written->digits++;
	return put(written, c);
}

/* From a `+`, `(` or digit on. False: too long to be one. */
static bool
read_written(const char *at, const char *end, struct written *written)
{
	const char *begin = at;
	size_t gap = 0, length_then = 0;
	bool whole = true;
	char as;

	*written = (struct written){ .length = 0 };
	if (*at == '+')
		(void)put(written, *at++);
	while (at < end && whole && gap <= 2) {
		size_t length;

		if (isdigit((unsigned char)*at)) {
			whole = put_digit(written, *at++,
			    gap > 0 || written->digits == 0);
			gap = 0;
			length_then = written->length;
			written->taken = (size_t)(at - begin);
			continue;
		}
		length = separator(at, end, &as);
		if (length == 0)
			break;
		if (written->group_count == 1 && gap == 0)
			written->separator = as;
		whole = put(written, as);
		gap++;
		at += length;
	}
	/* Separators behind the last digit are the sentence's. */
	written->length = length_then;
	written->text[length_then] = '\0';
	return whole;
}

/* What stands before: no part of a word, a price, a path or a fraction. */
static bool
may_begin(const char *text, const char *at)
{
	unsigned char before = at > text ? (unsigned char)at[-1] : ' ';

	if (before >= 0x80) /* no letter, but the blanks above */
		return before == 0xa0 || before == 0xaf;
	return !isalnum(before) && strchr("#_=@$%&+/,.-", before) == NULL;
}

static bool
may_end(const char *at, const char *end)
{
	static const char *const currencies[] = { "\xe2\x82\xac", "\xc2\xa3",
		" \xe2\x82\xac", " EUR", " USD", "$", " $" };
	size_t left = (size_t)(end - at);

	if (left == 0)
		return true;
	for (size_t i = 0; i < sizeof(currencies) / sizeof(*currencies); i++)
		if (left >= strlen(currencies[i]) &&
		    memcmp(at, currencies[i], strlen(currencies[i])) == 0)
			return false;
	if (left > 1 && (*at == ',' || *at == ':') &&
	    isdigit((unsigned char)at[1]))
		return false;
	return !isalnum((unsigned char)*at) && strchr("@%_=", *at) == NULL;
}

static bool
label_has(const char *label, size_t length, const char *word)
{
	size_t size = strlen(word);

	for (size_t i = 0; i + size <= length; i++)
		if (strncasecmp(label + i, word, size) == 0 &&
		    (i == 0 || !isalpha((unsigned char)label[i - 1])))
			return true;
	return false;
}

static bool
label_has_any(const char *label, size_t length, const char *const *words)
{
	for (; *words != NULL; words++)
		if (label_has(label, length, *words))
			return true;
	return false;
}

static bool
is_fax(const char *label, size_t length)
{
	static const char *const words[] = { "fax", "telefax", "f:", "f.",
		"t\xc3\xa9l\xc3\xa9"
		"copie",
		"telecopie", NULL };

	return label_has_any(label, length, words);
}

static bool
is_labelled(const char *label, size_t length)
{
	static const char *const words[] = { "tel", "t\xc3\xa9l", "phone",
		"call", "mobile", "mobil", "cell", "direct", "office", "handy",
		"fon", "ph:", "ph.", "t:", "m:", "portable", "m\xc3\xb3vil",
		NULL };

	return label_has_any(label, length, words);
}

/* "24.11.2026", "2026-11-24", with or without a time behind it. */
static bool
is_date(const struct written *written)
{
	const size_t *groups = written->groups;

	if (written->group_count < 3 || written->separator == ' ')
		return false;
	return (groups[0] <= 2 && groups[1] <= 2 &&
		   (groups[2] == 4 || groups[2] == 2)) ||
	    (groups[0] == 4 && groups[1] <= 2 && groups[2] <= 2);
}

/* North America: three digits and three, neither beginning with 0 or 1. */
static bool
is_american(const struct written *written)
{
	char digits[LONGEST + 1];
	size_t count = 0;
	const char *area = digits;

	for (size_t i = 0; i < written->length; i++)
		if (isdigit((unsigned char)written->text[i]))
			digits[count++] = written->text[i];
	if (count == 11 && digits[0] == '1')
		area++;
	else if (count != 10)
		return false;
	return area[0] >= '2' && area[3] >= '2' && written->group_count > 1;
}

static bool
is_of_home(const struct written *written, const struct dialling *dialling,
    bool labelled)
{
	const char *trunk = dialling->national_prefix;
	const char *abroad = dialling->international_prefix;
	const char *text = written->text + (written->text[0] == '(');

	if (is_date(written) || written->digits < LEAST_AT_HOME - 2)
		return false;
	if (labelled)
		return true;
	if (written->digits < LEAST_AT_HOME)
		return false;
	if (abroad != NULL && *abroad != '\0' && written->digits > 10 &&
	    strncmp(text, abroad, strlen(abroad)) == 0)
		return true;
	if (strcmp(dialling->country_code, "1") == 0)
		return is_american(written);
	return trunk != NULL && *trunk == '0' && *text == '0' &&
	    written->group_count > 1;
}

/* The number as one of the world; NULL: it is none. */
static const char *
normal(const struct written *written, const struct dialling *dialling,
    bool labelled, char out[USHER_NUMBER_TEXT])
{
	const char *number;

	if (written->text[0] != '+' &&
	    (dialling == NULL || dialling->country_code == NULL ||
		*dialling->country_code == '\0' ||
		!is_of_home(written, dialling, labelled)))
		return NULL;
	number = usher_number_normal(written->text, written->length, dialling,
	    false, out);
	/* No country's code begins with 0. */
	if (number == NULL || strlen(number) < LEAST_DIGITS + 1 ||
	    number[1] == '0')
		return NULL;
	return number;
}

static void
note(struct link_numbers *found, const char *number)
{
	for (size_t i = 0; i < found->count; i++)
		if (strcmp(found->numbers[i], number) == 0)
			return;
	if (found->count < LINKS_NAMED)
		memcpy(found->numbers[found->count++], number,
		    strlen(number) + 1);
}

static bool
may_be_one(const char *at, const char *end)
{
	return isdigit((unsigned char)*at) ||
	    ((*at == '+' || *at == '(') && end - at > 1 &&
		isdigit((unsigned char)at[1]));
}

/* Reads what begins at `at`; bytes that are done with. */
static size_t
try_one(const char *text, const char *at, const char *end, const char *label,
    const struct dialling *dialling, struct link_numbers *found)
{
	size_t label_length = (size_t)(at - label);
	char out[USHER_NUMBER_TEXT];
	struct written written;
	const char *number = NULL;
	bool whole = read_written(at, end, &written);

	if (label_length > LABEL) {
		label = at - LABEL;
		label_length = LABEL;
	}
	if (whole && may_begin(text, at) && may_end(at + written.taken, end))
		number = normal(&written, dialling,
		    is_labelled(label, label_length), out);
	if (number != NULL && !is_fax(label, label_length))
		note(found, number);
	/* The rest of what is too long is no number either. */
	while (!whole && at + written.taken < end &&
	    strchr("0123456789 -.()/", at[written.taken]) != NULL &&
	    at[written.taken] != '\0')
		written.taken++;
	return written.taken > 0 ? written.taken : 1;
}

void
usher_link_find(const char *text, size_t length,
    const struct dialling *dialling, struct link_numbers *found)
{
	const char *at = text, *end = length > 0 ? text + length : text;
	const char *label = text; /* since the line or the last number */

	while (at < end && found->count < LINKS_NAMED) {
		if (*at == '\n')
			label = at + 1;
		if (!may_be_one(at, end)) {
			at++;
			continue;
		}
		at += try_one(text, at, end, label, dialling, found);
		label = at;
	}
}
