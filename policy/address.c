/*
 * address: who a party or a recipient is, see struct address in address.h.
 *
 * Called with what protocols and people write: header values, envelope
 * addresses, SIP and tel URIs, configuration.
 */
#include "address.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <strings.h>

#include "address_parts.h"
#include "error.h"

/* What one call of usher_address_parse() passes down. */
struct reading {
	struct arena *arena;
	const char *text; /* as written, for the sentence */
	const struct dialling *dialling;
	struct address *address;
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
finish_number(const struct reading *reading, const char *number)
{
	reading->address->kind = ADDRESS_NUMBER;
	reading->address->text = usher_arena_string(reading->arena, number);
	return reading->address->text == NULL ? fail(reading, "") : 0;
}

static int
finish(const struct reading *reading, enum address_kind kind, const char *user,
    const char *host)
{
	struct address *address = reading->address;
	size_t length = strlen(user);
	char *text;

	address->kind = kind;
	text = usher_arena_room(reading->arena, length + strlen(host) + 2);
	if (text == NULL)
		return fail(reading, "");
	memcpy(text, user, length);
	text[length] = '@';
	memcpy(text + length + 1, host, strlen(host) + 1);
	address->text = text;
	address->domain = address->text + length + 1;
	address->organization = usher_domain_organization(reading->arena, host);
	return reading->arena->failed ? fail(reading, "") : 0;
}

static int
parse_number(const struct reading *reading, const char *text)
{
	char number[USHER_NUMBER_TEXT];

	if (text[0] == '\0')
		return fail(reading,
		    "is empty: write local@domain, +digits "
		    "or sip:user@host");
	if (usher_number_normal(text, strlen(text), reading->dialling, false,
		number) != NULL)
		return finish_number(reading, number);
	if (strpbrk(text, "0123456789") == NULL)
		return fail(reading,
		    "is no address: write local@domain, "
		    "+digits or sip:user@host");
	return fail(reading,
	    "is no telephone number: write + and 1 to 15 "
	    "digits with the country code; an extension as sip:1001@host");
}

static int
parse_sip(const struct reading *reading, const char *text)
{
	const char *at = strchr(text, '@'), *user, *host;
	char number[USHER_NUMBER_TEXT];
	size_t length;

	if (at == NULL || at == text)
		return fail(reading, "names no user: write sip:user@host");
	length = (size_t)(at - text);
	user = usher_address_unescape(reading->arena, text, length);
	host = usher_address_sip_host(reading->arena, at + 1);
	if (user == NULL)
		return fail(reading, "has a bad escape or byte before the @");
	if (host == NULL)
		return fail(reading, "has no host behind the @");
	if (usher_number_normal(user, strlen(user), reading->dialling, false,
		number) != NULL)
		return finish_number(reading, number);
	/* Cut before unescaping, where %3B and %3A are not yet ; and : */
	user = usher_address_unescape(reading->arena, text,
	    strcspn(text, ";:@"));
	if (user == NULL || user[0] == '\0')
		return fail(reading, "names no user: write sip:user@host");
	return finish(reading, ADDRESS_SIP, user, host);
}

static bool
is_plain(char c)
{
	return g_ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
}

/*
 * "sip:alice@example.com" as nearly all callers write themselves: nothing to
 * take off or to part, and with a letter that makes it no number. False: to be
 * read as all others.
 */
static bool
parse_plain(const struct reading *reading, const char *text)
{
	const char *p = text + 4, *user, *host;
	bool letter = false;

	if (strncasecmp(text, "sip:", 4) != 0)
		return false;
	for (; is_plain(*p); p++)
		letter |= g_ascii_isalpha(*p);
	if (!letter || *p != '@' || p - text > ADDRESS_BYTES / 2)
		return false;
	host = p + 1;
	user = text + 4;
	for (p++; is_plain(*p); p++)
		;
	if (*p != '\0' || p == host || p - text > ADDRESS_BYTES)
		return false;
	user = usher_arena_bytes(reading->arena, user,
	    (size_t)(host - 1 - user));
	host = usher_address_host(reading->arena, host);
	return user != NULL && host != NULL &&
	    finish(reading, ADDRESS_SIP, user, host) == 0;
}

static int
parse_mail(const struct reading *reading, const char *text)
{
	const char *at = usher_address_unquoted(text, '@'), *local, *host;

	if (at == NULL)
		return fail(reading, "has no @: write local@domain");
	if (at == text)
		return fail(reading, "has nothing before the @");
	local = usher_address_local(reading->arena, text, (size_t)(at - text));
	if (local == NULL)
		return fail(reading,
		    "has a local part that must not stand "
		    "before an @: one word, or \"in quotes\"");
	host = usher_address_host(reading->arena, at + 1);
	if (host == NULL)
		return fail(reading, "has no domain behind the @");
	if (usher_number_is(local, strlen(local)))
		return finish_number(reading, local);
	return finish(reading, ADDRESS_MAIL, local, host);
}

/* The address of `Name <address>;parameters`, or the text itself. */
static int
open_angles(const struct reading *reading, const char **text)
{
	const char *open = usher_address_unquoted(*text, '<'), *close, *rest;

	if (open == NULL)
		return 0;
	close = usher_address_unquoted(open + 1, '>');
	if (close == NULL)
		return fail(reading, "has a < without its >");
	rest = close + 1 + strspn(close + 1, " \t");
	if (*rest != '\0' && *rest != ';')
		return fail(reading, "goes on behind the >");
	*text = usher_arena_bytes(reading->arena, open + 1,
	    (size_t)(close - open - 1));
	if (*text != NULL)
		*text = usher_address_trim(reading->arena, *text);
	return *text == NULL ? fail(reading, "") : 0;
}

static int
parse(const struct reading *reading, const char *text)
{
	switch (usher_address_scheme(&text)) {
	case SCHEME_TEL: return parse_number(reading, text);
	case SCHEME_SIP: return parse_sip(reading, text);
	case SCHEME_MAILTO:
		text = usher_address_unescape(reading->arena, text,
		    strcspn(text, "?"));
		if (text == NULL)
			return fail(reading, "has a bad escape or byte");
		return parse_mail(reading, text);
	case SCHEME_NONE: break;
	}
	return strchr(text, '@') == NULL ? parse_number(reading, text)
					 : parse_mail(reading, text);
}

int
usher_address_parse(struct arena *arena, const char *text,
    const struct dialling *dialling, struct address *address,
    struct usher_error *error)
{
	struct reading reading = { arena, text, dialling, address, error };
	const char *trimmed;
	int result;

	memset(address, 0, sizeof(*address));
	if (parse_plain(&reading, text))
		return 0;
	trimmed = usher_address_trim(arena, text);
	if (trimmed == NULL)
		return fail(&reading, "holds control characters");
	result = open_angles(&reading, &trimmed);
	if (result == 0 && strlen(trimmed) > ADDRESS_BYTES)
		result = fail(&reading,
		    "is longer than the 320 bytes that "
		    "an address may have");
	if (result == 0)
		result = parse(&reading, trimmed);
	if (result != 0)
		memset(address, 0, sizeof(*address));
	return result;
}

const char *
usher_address_undelimited(struct arena *arena, const char *text, char delimiter)
{
	const char *at = strrchr(text, '@'), *cut;

	if (delimiter == '\0' || at == NULL || text[0] == '"')
		return text;
	cut = memchr(text, delimiter, (size_t)(at - text));
	if (cut == NULL || cut == text)
		return text;
	return usher_arena_printf(arena, "%.*s%s", (int)(cut - text), text, at);
}
