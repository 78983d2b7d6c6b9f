/*
 * number: telephone numbers as E.164, see address.h and "Numbers" of
 * design-calls.md; RFC 3966 for separators and phone-context.
 */
#include "address.h"

#include <string.h>
#include <strings.h>

enum {
	MOST_DIGITS = 15, /* ITU-T E.164 §6 */
	LEAST_DIGITS = 7, /* fewer are an extension */
	MOST_DIALLED = 32
};

struct dialled {
	bool plus;
	size_t count;
	char digits[MOST_DIALLED + 1];
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
usher_number_is(const char *text, size_t length)
{
	if (length < 2 || length > MOST_DIGITS + 1 || text[0] != '+')
		return false;
	for (size_t i = 1; i < length; i++)
		if (!is_digit(text[i]))
			return false;
	return true;
}

/* Digits without separators; "(0)" behind a country code is for readers. */
static bool
read_dialled(const char *text, size_t length, struct dialled *dialled)
{
	dialled->plus = false;
	dialled->count = 0;
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (dialled->plus && dialled->count > 0 && length - i >= 3 &&
		    memcmp(text + i, "(0)", 3) == 0) {
			i += 2;
		} else if (is_digit(c)) {
			if (dialled->count == MOST_DIALLED)
				return false;
			dialled->digits[dialled->count++] = c;
		} else if (c == '+') {
			if (dialled->plus || dialled->count > 0)
				return false;
			dialled->plus = true;
		} else if (strchr("-.() ", c) == NULL || c == '\0') {
			return false;
		}
	}
	dialled->digits[dialled->count] = '\0';
	return dialled->count > 0;
}

static const char *
compose(const char *country_code, const char *digits,
    char out[USHER_NUMBER_TEXT])
{
	size_t code_length = strlen(country_code), length = strlen(digits);

	if (code_length + length > MOST_DIGITS || code_length + length == 0)
		return NULL;
	out[0] = '+';
	memcpy(out + 1, country_code, code_length);
	memcpy(out + 1 + code_length, digits, length + 1);
	return out;
}

/* What follows a prefix that is set and stands there, or NULL. */
static const char *
behind_prefix(const char *digits, const char *prefix)
{
	size_t length = prefix == NULL ? 0 : strlen(prefix);

	if (length == 0 || strncmp(digits, prefix, length) != 0)
		return NULL;
	return digits + length;
}

/* The global number that a phone-context parameter completes to, or NULL. */
static const char *
in_context(const char *parameters, size_t length, const char *digits,
    char out[USHER_NUMBER_TEXT])
{
	static const char name[] = ";phone-context=";
	const char *end = parameters + length;

	for (const char *p = parameters; p < end; p++) {
		size_t left = (size_t)(end - p), name_length = strlen(name);
		struct dialled context;
		const char *value = p + name_length, *next;

		if (left <= name_length ||
		    strncasecmp(p, name, name_length) != 0)
			continue;
		next = memchr(value, ';', left - name_length);
		if (next == NULL)
			next = end;
		if (!read_dialled(value, (size_t)(next - value), &context) ||
		    !context.plus)
			return NULL; /* a domain tells no number */
		return compose(context.digits, digits, out);
	}
	return NULL;
}

static const char *
local_number(const char *digits, const struct dialling *dialling, bool e164,
    char out[USHER_NUMBER_TEXT])
{
	const char *code = dialling == NULL || dialling->country_code == NULL
	    ? ""
	    : dialling->country_code;
	const char *national = dialling == NULL
	    ? NULL
	    : behind_prefix(digits, dialling->national_prefix);

	if (code[0] != '\0' && national != NULL &&
	    strlen(national) >= LEAST_DIGITS)
		return compose(code, national, out);
	if (strlen(digits) < LEAST_DIGITS)
		return NULL;
	if (e164)
		return digits[0] == '0' ? NULL : compose("", digits, out);
	return code[0] == '\0' ? NULL : compose(code, digits, out);
}

const char *
usher_number_normal(const char *text, size_t length,
    const struct dialling *dialling, bool e164, char out[USHER_NUMBER_TEXT])
{
	const char *parameters = memchr(text, ';', length);
	size_t user = parameters == NULL ? length : (size_t)(parameters - text);
	const char *abroad, *result;
	struct dialled dialled;

	if (!read_dialled(text, user, &dialled))
		return NULL;
	if (dialled.plus)
		return compose("", dialled.digits, out);
	abroad = dialling == NULL
	    ? NULL
	    : behind_prefix(dialled.digits, dialling->international_prefix);
	/* No country code begins with 0, and no country is that small. */
	if (abroad != NULL)
		return abroad[0] == '0' || strlen(abroad) < LEAST_DIGITS
		    ? NULL
		    : compose("", abroad, out);
	if (parameters != NULL) {
		result = in_context(parameters, length - user, dialled.digits,
		    out);
		if (result != NULL)
			return result;
	}
	return local_number(dialled.digits, dialling, e164, out);
}
