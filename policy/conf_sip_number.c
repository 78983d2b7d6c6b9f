/*
 * conf_sip_number: what user parts and hosts mean under the group `sip`.
 *
 * The rules of design-calls.md "Numbers" under the terms of a peer, its inside
 * numbers, the hosts that targets may be at, and where what must survive a
 * restart is kept. Called by the proxy through usher.h.
 */
#include "conf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "text.h"

enum { USER_MOST = 128, HOST_MOST = 256 };

static bool
is_separator(char c)
{
	return c == '-' || c == '.' || c == '(' || c == ')' || c == ' ';
}

/* Digits of a user part before its `;`, visual separators off. */
static size_t
bare_digits(const char *user, size_t length, char out[USER_MOST])
{
	size_t used = 0;

	for (size_t i = 0; i < length && user[i] != ';'; i++) {
		if (is_separator(user[i]))
			continue;
		if (used == USER_MOST - 1)
			return 0;
		out[used++] = user[i];
	}
	out[used] = '\0';
	return used;
}

/* A context counts when it is a global prefix, "+44", and not yet applied. */
static bool
by_context(const struct dialling *dialling, const char *digits,
    const char *context, char number[USHER_SIP_NUMBER])
{
	const char *international = dialling->international_prefix;
	char joined[USER_MOST * 2];
	size_t length;

	if (context == NULL || context[0] != '+' || digits[0] == '+')
		return false;
	if (international != NULL && international[0] != '\0' &&
	    strncmp(digits, international, strlen(international)) == 0)
		return false;
	if (digits[0] == '\0' ||
	    strspn(digits, "0123456789") != strlen(digits) ||
	    strlen(context) >= USER_MOST)
		return false;
	length = (size_t)snprintf(joined, sizeof(joined), "%s%s", context,
	    digits);
	return usher_number_normal(joined, length, dialling, false, number) !=
	    NULL;
}

bool
usher_sip_number(const struct usher_conf *conf,
    const struct usher_sip_terms *terms, const char *user, size_t length,
    const char *context, char number[USHER_SIP_NUMBER])
{
	char digits[USER_MOST];
	size_t used = bare_digits(user, length, digits);

	_Static_assert((int)USHER_SIP_NUMBER == (int)USHER_NUMBER_TEXT,
	    "one text holds both");
	if (used == 0)
		return false;
	if (by_context(&conf->dialling, digits, context, number))
		return true;
	return usher_number_normal(digits, used, &conf->dialling, terms->e164,
		   number) != NULL;
}

bool
usher_sip_is_extension(const struct usher_sip_terms *terms, const char *user,
    size_t length)
{
	char text[USER_MOST];

	if (length == 0 || length >= sizeof(text) ||
	    memchr(user, '\0', length) != NULL)
		return false;
	memcpy(text, user, length);
	text[length] = '\0';
	text[strcspn(text, ";")] = '\0';
	for (size_t i = 0; i < terms->extension_count; i++) {
		if (usher_text_matches(terms->extensions[i], text))
			return true;
	}
	return false;
}

/* false: longer than any host. */
static bool
lower_copy(char out[HOST_MOST], const char *text)
{
	size_t length = strlen(text);

	if (length >= HOST_MOST)
		return false;
	memcpy(out, text, length + 1);
	usher_text_lower(out);
	return true;
}

bool
usher_sip_allows(const struct usher_sip *sip, const char *host)
{
	char lower[HOST_MOST], pattern[HOST_MOST];

	if (!lower_copy(lower, host))
		return false;
	for (size_t i = 0; i < sip->allow_count; i++) {
		if (lower_copy(pattern, sip->allow[i]) &&
		    usher_text_matches(pattern, lower))
			return true;
	}
	return false;
}

int
usher_conf_sip_directory(const struct usher_conf *conf, char *path, size_t size)
{
	const char *store = conf->store;
	bool relative;
	int length;

	if (store == NULL || strncmp(store, "lmdb:", 5) != 0)
		return ENOENT;
	store += 5;
	relative = store[0] != '/';
	length = snprintf(path, size, "%s%s%s",
	    relative ? conf->site.directory : "", relative ? "/" : "", store);
	return length < 0 || (size_t)length >= size ? ENAMETOOLONG : 0;
}
