/*
 * pattern: whom `from`, `addresses`, `phones` and `organizations` mean, see
 * struct pattern in address.h and the conditions of design.md §4.
 *
 * A pattern is brought into the normal form of what it is compared with; `*`
 * is any run of characters in it.
 */
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <string.h>

#include "address_parts.h"
#include "error.h"
#include "text.h"

enum { MOST_DIGITS = 15 };

struct reading {
	struct arena *arena;
	const char *text;
	const struct dialling *dialling;
	struct pattern *pattern;
	struct usher_error *error;
};

static int
fail(const struct reading *reading, const char *why)
{
	if (reading->arena->failed)
		return usher_error_set(reading->error, ENOMEM, "out of memory");
	return usher_error_set(reading->error, EINVAL, "\"%s\" %s",
	    usher_address_shown(reading->arena, reading->text), why);
}

static int
finish(const struct reading *reading, enum pattern_kind kind, const char *text)
{
	reading->pattern->kind = kind;
	reading->pattern->text = text;
	return text == NULL ? fail(reading, "") : 0;
}

/* ---- domains ---- */

/* Labels without a star become A-labels one by one. */
static const char *
star_domain(struct arena *arena, const char *text)
{
	char **labels = g_strsplit(text, ".", -1);
	const char *normal = "";

	for (size_t i = 0; labels[i] != NULL && normal != NULL; i++) {
		const char *label = labels[i];
		bool last = labels[i + 1] == NULL;

		if (strchr(label, '*') != NULL)
			label = label[strspn(label,
				    "*-_0123456789"
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0'
			    ? usher_text_lower(labels[i])
			    : NULL;
		else if (label[0] == '\0' ||
		    label[strspn(label, "0123456789")] != '\0')
			label = usher_domain_normal(arena, label);
		normal = label == NULL ? NULL
				       : usher_arena_printf(arena, "%s%s%s",
					     normal, label, last ? "" : ".");
	}
	g_strfreev(labels);
	return normal;
}

static const char *
domain(struct arena *arena, const char *text)
{
	return strchr(text, '*') == NULL ? usher_address_host(arena, text)
					 : star_domain(arena, text);
}

static int
make_domain(const struct reading *reading, const char *text)
{
	const char *normal = domain(reading->arena, text);

	/* Everybody, numbers included. */
	if (strcmp(text, "*") == 0)
		return finish(reading, PATTERN_ADDRESS, "*");
	if (normal == NULL)
		return fail(reading,
		    "is no address, number or domain: "
		    "write local@domain, +digits, example.com, with * for "
		    "any run of characters");
	return finish(reading, PATTERN_DOMAIN, normal);
}

static int
make_organization(const struct reading *reading, const char *text)
{
	const char *normal;

	if (strchr(text, '@') != NULL)
		return fail(reading,
		    "is an address; an organization is a "
		    "domain such as example.com: write addresses in "
		    "`addresses` or `from`");
	normal = domain(reading->arena, text);
	if (normal == NULL)
		return fail(reading,
		    "is no organization: write its "
		    "registrable domain, such as example.com");
	return finish(reading, PATTERN_ORGANIZATION, normal);
}

/* ---- numbers ---- */

/* Separators off; NULL when something else than digits and stars is there. */
static char *
bare_number(struct arena *arena, const char *text)
{
	char *bare = usher_arena_alloc(arena, strlen(text) + 1), *p = bare;
	size_t digits = 0;

	if (bare == NULL)
		return NULL;
	if (*text == '+')
		*p++ = *text++;
	for (; *text != '\0'; text++) {
		if (strchr("-.() ", *text) != NULL)
			continue;
		if (*text != '*' && !g_ascii_isdigit(*text))
			return NULL;
		digits += *text != '*';
		*p++ = *text;
	}
	return digits <= MOST_DIGITS ? bare : NULL;
}

/* With its country code, for digits that a star follows somewhere. */
static const char *
global_pattern(const struct reading *reading, const char *digits)
{
	const struct dialling *dialling = reading->dialling;
	const char *abroad, *national, *code;

	if (digits[0] == '+' || digits[0] == '*')
		return digits;
	if (dialling == NULL || dialling->country_code == NULL ||
	    dialling->country_code[0] == '\0')
		return NULL;
	abroad = dialling->international_prefix;
	national = dialling->national_prefix;
	code = dialling->country_code;
	if (abroad != NULL && abroad[0] != '\0' &&
	    g_str_has_prefix(digits, abroad)) {
		digits += strlen(abroad);
		code = "";
	} else if (national != NULL && g_str_has_prefix(digits, national)) {
		digits += strlen(national);
	}
	return usher_arena_printf(reading->arena, "+%s%s", code, digits);
}

static int
make_number(const struct reading *reading, const char *text)
{
	char number[USHER_NUMBER_TEXT];
	const char *normal;

	if (strchr(text, '*') == NULL) {
		if (usher_number_normal(text, strlen(text), reading->dialling,
			false, number) == NULL)
			return fail(reading,
			    "is no telephone number: write "
			    "+ and 1 to 15 digits with the country code; an "
			    "extension as sip:1001@host");
		return finish(reading, PATTERN_NUMBER,
		    usher_arena_string(reading->arena, number));
	}
	normal = bare_number(reading->arena, text);
	if (normal == NULL)
		return fail(reading,
		    "is no pattern of telephone numbers: "
		    "only + in front, up to 15 digits, and * may stand in "
		    "it");
	normal = global_pattern(reading, normal);
	if (normal == NULL)
		return fail(reading,
		    "needs its country code, as in "
		    "+1415555*: the site names no country_code");
	return finish(reading, PATTERN_NUMBER, normal);
}

/* Digits, stars and separators, as far as parameters. */
static bool
looks_like_number(const char *text)
{
	size_t length = strspn(text, "+*-.() 0123456789");
	struct in_addr bytes;

	return (text[length] == '\0' || text[length] == ';') &&
	    strpbrk(text, "+0123456789") != NULL &&
	    inet_pton(AF_INET, text, &bytes) != 1;
}

/* ---- addresses ---- */

/* A user part that is a number: identities with one have no host. */
static bool
is_number_user(const struct reading *reading, const char *user, bool sip)
{
	char number[USHER_NUMBER_TEXT];

	if (usher_number_is(user, strlen(user)))
		return true;
	if (user[0] == '+' && strchr(user, '*') != NULL &&
	    user[1 + strspn(user + 1, "*0123456789")] == '\0')
		return bare_number(reading->arena, user) != NULL;
	return sip &&
	    usher_number_normal(user, strlen(user), reading->dialling, false,
		number) != NULL;
}

static int
make_address(const struct reading *reading, const char *text, bool sip)
{
	const char *at = usher_address_unquoted(text, '@');
	const char *user, *host;

	if (at == NULL || at == text)
		return fail(reading,
		    "has nothing before the @: write "
		    "local@domain; for all of a domain the domain alone");
	if (usher_address_unquoted(at + 1, '@') != NULL)
		return fail(reading,
		    "has more than one @: write one address "
		    "a pattern");
	if (sip)
		user = usher_address_unescape(reading->arena, text,
		    strcspn(text, ";:@"));
	else
		user = usher_address_local(reading->arena, text,
		    (size_t)(at - text));
	if (user == NULL || user[0] == '\0')
		return fail(reading,
		    "has something before the @ that no "
		    "address has");
	if (is_number_user(reading, user, sip))
		return make_number(reading, user);
	if (sip && strchr(at, '*') == NULL)
		host = usher_address_sip_host(reading->arena, at + 1);
	else
		host = domain(reading->arena, at + 1);
	if (host == NULL)
		return fail(reading, "has no domain behind the @");
	return finish(reading, PATTERN_ADDRESS,
	    usher_arena_printf(reading->arena, "%s@%s", user, host));
}

static int
make(const struct reading *reading, const char *text, bool organization)
{
	enum address_scheme scheme;

	if (organization)
		return make_organization(reading, text);
	scheme = usher_address_scheme(&text);
	if (scheme == SCHEME_TEL)
		return make_number(reading, text);
	if (strchr(text, '@') != NULL)
		return make_address(reading, text, scheme == SCHEME_SIP);
	return looks_like_number(text) ? make_number(reading, text)
				       : make_domain(reading, text);
}

int
usher_pattern_make(struct arena *arena, const char *text, bool organization,
    const struct dialling *dialling, struct pattern *pattern,
    struct usher_error *error)
{
	struct reading reading = { arena, text, dialling, pattern, error };
	const char *trimmed = usher_address_trim(arena, text);

	memset(pattern, 0, sizeof(*pattern));
	if (trimmed == NULL)
		return fail(&reading, "holds control characters");
	if (trimmed[0] == '\0')
		return fail(&reading,
		    "is empty: write local@domain, +digits, "
		    "or a domain");
	if (strlen(trimmed) > ADDRESS_BYTES)
		return fail(&reading,
		    "is longer than the 320 bytes that an "
		    "address may have");
	pattern->written = usher_arena_string(arena, text);
	if (pattern->written == NULL)
		return fail(&reading, "");
	return make(&reading, trimmed, organization);
}

/* The domain itself, or one that it lies below. */
static bool
domain_matches(const char *pattern, const char *host)
{
	if (strchr(pattern, '*') == NULL)
		return usher_domain_within(host, pattern);
	for (; host != NULL; host = strchr(host, '.')) {
		if (*host == '.')
			host++;
		if (usher_text_matches(pattern, host))
			return true;
	}
	return false;
}

bool
usher_pattern_matches(const struct pattern *pattern,
    const struct address *address)
{
	switch (pattern->kind) {
	case PATTERN_ADDRESS:
		/* The user of a SIP address keeps its case. */
		return address->text != NULL &&
		    usher_text_matches_folded(pattern->text, address->text);
	case PATTERN_DOMAIN:
		return address->domain != NULL &&
		    domain_matches(pattern->text, address->domain);
	case PATTERN_NUMBER:
		return address->kind == ADDRESS_NUMBER &&
		    usher_text_matches(pattern->text, address->text);
	case PATTERN_ORGANIZATION:
		return address->organization != NULL &&
		    usher_text_matches(pattern->text, address->organization);
	}
	return false;
}
