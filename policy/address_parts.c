/*
 * address_parts: see address_parts.h. RFC 5321 §4.1.2 and RFC 6531 for local
 * parts, read leniently (dots anywhere: some senders have them), RFC 3261
 * §25.1 for SIP URIs.
 */
#include "address_parts.h"

#include <arpa/inet.h>
#include <glib.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "text.h"

enum { SHOWN_BYTES = 80 };

static bool
is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

enum address_scheme
usher_address_scheme(const char **text)
{
	static const struct {
		const char *name;
		enum address_scheme scheme;
	} schemes[] = {
		{ "mailto:", SCHEME_MAILTO },
		{ "tel:", SCHEME_TEL },
		{ "sip:", SCHEME_SIP },
		{ "sips:", SCHEME_SIP },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
		size_t length = strlen(schemes[i].name);

		if (strncasecmp(*text, schemes[i].name, length) == 0) {
			*text += length;
			return schemes[i].scheme;
		}
	}
	return SCHEME_NONE;
}

const char *
usher_address_trim(struct arena *arena, const char *text)
{
	size_t length;

	text += strspn(text, " \t");
	length = strlen(text);
	while (length > 0 && strchr(" \t", text[length - 1]) != NULL)
		length--;
	for (size_t i = 0; i < length; i++)
		if (is_control(text[i]))
			return NULL;
	return usher_arena_bytes(arena, text, length);
}

const char *
usher_address_shown(struct arena *arena, const char *text)
{
	/* A Latin-1 byte becomes two. */
	char shown[2 * SHOWN_BYTES + sizeof("...")];
	size_t length = strnlen(text, SHOWN_BYTES + 1), used = 0, i = 0;
	const char *copy;

	while (i < length && i < SHOWN_BYTES) {
		uint32_t c;

		i += usher_text_next(text + i, length - i, &c);
		if (i > SHOWN_BYTES)
			break;
		if (g_unichar_iscntrl(c))
			c = '?';
		used += (size_t)g_unichar_to_utf8(c, shown + used);
	}
	memcpy(shown + used, "...", 3);
	copy = usher_arena_bytes(arena, shown,
	    used + (length > SHOWN_BYTES ? 3 : 0));
	return copy == NULL ? "" : copy;
}

const char *
usher_address_unquoted(const char *text, char c)
{
	bool quoted = false;

	for (; *text != '\0'; text++) {
		if (!quoted && *text == c)
			return text;
		if (*text == '"')
			quoted = !quoted;
		else if (quoted && *text == '\\' && text[1] != '\0')
			text++;
	}
	return NULL;
}

/* Nothing to take off: printable ASCII, as nearly every user part is. */
static bool
is_unescaped(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] <= ' ' ||
		    (unsigned char)text[i] >= 0x7f || text[i] == '%')
			return false;
	return true;
}

const char *
usher_address_unescape(struct arena *arena, const char *text, size_t length)
{
	char *plain;
	size_t used = 0;

	if (is_unescaped(text, length))
		return usher_arena_bytes(arena, text, length);
	plain = usher_arena_alloc(arena, length + 1);
	if (plain == NULL)
		return NULL;
	for (size_t i = 0; i < length; i++) {
		int high, low;

		plain[used] = text[i];
		if (text[i] == '%') {
			if (length - i < 3)
				return NULL;
			high = g_ascii_xdigit_value(text[i + 1]);
			low = g_ascii_xdigit_value(text[i + 2]);
			if (high < 0 || low < 0)
				return NULL;
			plain[used] = (char)(high << 4 | low);
			i += 2;
		}
		if (is_control(plain[used++]))
			return NULL;
	}
	plain[used] = '\0';
	return g_utf8_validate(plain, (gssize)used, NULL) ? plain : NULL;
}

static const char *
lower(struct arena *arena, const char *text)
{
	char *copy, *down, *composed;

	if (g_str_is_ascii(text)) {
		copy = usher_arena_string(arena, text);
		return copy == NULL ? NULL : usher_text_lower(copy);
	}
	if (!g_utf8_validate(text, -1, NULL))
		return NULL;
	down = g_utf8_strdown(text, -1);
	composed = g_utf8_normalize(down, -1, G_NORMALIZE_NFC);
	copy = composed == NULL ? NULL : usher_arena_string(arena, composed);
	g_free(down);
	g_free(composed);
	return copy;
}

/* "..." with its quotes and backslashes undone; NULL when it is not that. */
static const char *
unquote(struct arena *arena, const char *text, size_t length)
{
	char *plain;
	size_t used = 0;

	if (length < 2 || text[length - 1] != '"')
		return NULL;
	plain = usher_arena_alloc(arena, length);
	if (plain == NULL)
		return NULL;
	for (size_t i = 1; i < length - 1; i++) {
		if (text[i] == '"')
			return NULL;
		if (text[i] == '\\' && ++i == length - 1)
			return NULL;
		plain[used++] = text[i];
	}
	plain[used] = '\0';
	return plain;
}

static bool
needs_quotes(const char *local)
{
	return local[strcspn(local, " \"(),:;<>@[\\]")] != '\0';
}

static const char *
quote(struct arena *arena, const char *local)
{
	char *quoted = usher_arena_alloc(arena, strlen(local) * 2 + 3);
	char *p = quoted;

	if (quoted == NULL)
		return NULL;
	*p++ = '"';
	for (; *local != '\0'; local++) {
		if (*local == '"' || *local == '\\')
			*p++ = '\\';
		*p++ = *local;
	}
	*p++ = '"';
	*p = '\0';
	return quoted;
}

const char *
usher_address_local(struct arena *arena, const char *text, size_t length)
{
	bool quoted = length > 0 && text[0] == '"';
	const char *local = quoted ? unquote(arena, text, length)
				   : usher_arena_bytes(arena, text, length);

	if (local == NULL || local[0] == '\0')
		return NULL;
	local = lower(arena, local);
	if (local == NULL || !needs_quotes(local))
		return local;
	return quoted ? quote(arena, local) : NULL;
}

/* [192.0.2.1], [2001:db8::1], [IPv6:2001:db8::1] */
static const char *
literal(struct arena *arena, const char *text, size_t length)
{
	char inner[INET6_ADDRSTRLEN], normal[INET6_ADDRSTRLEN];
	unsigned char bytes[sizeof(struct in6_addr)];
	static const char tag[] = "IPv6:";
	int family = AF_INET6;

	text++;
	length -= 2;
	if (length > strlen(tag) && strncasecmp(text, tag, strlen(tag)) == 0) {
		text += strlen(tag);
		length -= strlen(tag);
	}
	if (length >= sizeof(inner))
		return NULL;
	memcpy(inner, text, length);
	inner[length] = '\0';
	if (inet_pton(AF_INET, inner, bytes) == 1)
		family = AF_INET;
	else if (inet_pton(AF_INET6, inner, bytes) != 1)
		return NULL;
	inet_ntop(family, bytes, normal, sizeof(normal));
	return usher_arena_printf(arena, "[%s]", normal);
}

const char *
usher_address_host(struct arena *arena, const char *text)
{
	size_t length = strlen(text);
	struct in_addr bytes;

	if (length > 2 && text[0] == '[' && text[length - 1] == ']')
		return literal(arena, text, length);
	if (length > 0 && g_ascii_isdigit(text[length - 1]) &&
	    inet_pton(AF_INET, text, &bytes) == 1)
		return usher_arena_string(arena, text);
	return usher_domain_normal(arena, text);
}

const char *
usher_address_sip_host(struct arena *arena, const char *text)
{
	size_t length = strcspn(text, ";?"), host;
	const char *copy;

	if (text[0] == '[') {
		host = strcspn(text, "]");
		if (host >= length)
			return NULL;
		host++;
	} else {
		host = strcspn(text, ":;?");
	}
	if (host < length) {
		size_t digits = strspn(text + host + 1, "0123456789");

		if (text[host] != ':' || digits == 0 || digits > 5 ||
		    host + 1 + digits != length)
			return NULL;
	}
	copy = usher_arena_bytes(arena, text, host);
	return copy == NULL ? NULL : usher_address_host(arena, copy);
}
