/*
 * message_link: http and https URLs, and the hosts they point to.
 *
 * Hosts are facts (`link`), in normal form; whole URLs without scheme, query
 * and fragment are evidence (tools of sales leave their paths there). Both
 * lists are without repeats and bounded. RFC 3986 §3, as browsers read it.
 */
#include <ctype.h>
#include <string.h>

#include "address.h"
#include "message.h"

enum { LONGEST_URL = 300, FIRST_STRINGS = 8 };

static size_t
slot_of(const struct string_list *list, const char *string)
{
	uint32_t hash = 2166136261u;
	size_t slot;

	for (const char *c = string; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	slot = hash & (list->slots - 1);
	while (list->seen[slot] && strcmp(list->seen[slot], string) != 0)
		slot = (slot + 1) & (list->slots - 1);
	return slot;
}

/* Most mails hold few: room doubles, and half of the slots stay empty. */
static bool
room_for_string(struct string_list *list, struct arena *arena)
{
	size_t room = list->slots ? list->slots : FIRST_STRINGS;
	const char **strings, **seen;

	if (list->count < list->slots / 2)
		return true;
	strings = usher_arena_array(arena, room, sizeof(*strings));
	seen = usher_arena_array(arena, 2 * room, sizeof(*seen));
	if (!strings || !seen)
		return false;
	if (list->count > 0)
		memcpy(strings, list->strings, list->count * sizeof(*strings));
	list->strings = strings;
	list->seen = seen;
	list->slots = 2 * room;
	for (size_t i = 0; i < list->count; i++)
		seen[slot_of(list, strings[i])] = strings[i];
	return true;
}

void
usher_strings_add(struct string_list *list, struct arena *arena,
    const char *string)
{
	size_t slot;
	char *copy;

	if (list->count >= list->most || !room_for_string(list, arena))
		return;
	slot = slot_of(list, string);
	if (list->seen[slot])
		return;
	copy = usher_arena_string(arena, string);
	if (!copy)
		return;
	list->seen[slot] = copy;
	list->strings[list->count++] = copy;
}

/* Bytes of "http://" or "https://" at `at`, or 0. */
static size_t
scheme(const char *at, const char *end)
{
	size_t left = (size_t)(end - at);

	if (left > 7 && strncasecmp(at, "http://", 7) == 0)
		return 7;
	if (left > 8 && strncasecmp(at, "https://", 8) == 0)
		return 8;
	return 0;
}

/* The host of an authority, without user, port and last dot, to `host`. */
static bool
read_host(const char *at, size_t length, char host[256])
{
	const char *user = memrchr(at, '@', length);
	const char *port;

	if (user) {
		length -= (size_t)(user + 1 - at);
		at = user + 1;
	}
	port = memchr(at, ':', length);
	if (port)
		length = (size_t)(port - at);
	while (length > 0 && at[length - 1] == '.')
		length--;
	if (length == 0 || length > 253)
		return false;
	memcpy(host, at, length);
	host[length] = '\0';
	return true;
}

static void
note_url(const char *host, const char *path, size_t length,
    struct message_content *content)
{
	char url[LONGEST_URL + 256];
	size_t used = strlen(host);

	memcpy(url, host, used);
	if (length > LONGEST_URL)
		length = LONGEST_URL; /* patterns look at the beginning */
	for (size_t i = 0; i < length && path[i] != '#'; i++)
		url[used++] = (char)tolower((unsigned char)path[i]);
	url[used] = '\0';
	usher_strings_add(&content->urls, content->arena, url);
}

/* A number to be called by a tap, which the text need not show. */
static void
note_telephone(const char *number, size_t length,
    struct message_content *content)
{
	if (content->beside.length + length + 1 > KEEP_BESIDE)
		return;
	usher_buffer_add(&content->beside, number, length);
	usher_buffer_puts(&content->beside, "\n");
}

static bool
is_telephone(const char *at, const char *end)
{
	return end - at > 4 && strncasecmp(at, "tel:", 4) == 0;
}

void
usher_link_note(const char *url, size_t length, bool shown,
    struct message_content *content)
{
	const char *at = url, *end = url + length, *path;
	const char *normal;
	char host[256];

	while (at < end && isspace((unsigned char)*at))
		at++;
	if (shown && is_telephone(at, end))
		note_telephone(at, (size_t)(end - at), content);
	if (scheme(at, end) == 0 || content->urls.count >= MOST_URLS)
		return;
	at += scheme(at, end);
	path = at;
	while (path < end && !strchr("/?#\\\"'<> \t\r\n", *path))
		path++;
	if (!read_host(at, (size_t)(path - at), host))
		return;
	normal = usher_domain_normal(content->arena, host);
	if (!normal || strlen(normal) > 253)
		return;
	note_url(normal, path, (size_t)(end - path), content);
	if (shown)
		usher_strings_add(&content->links, content->arena, normal);
}

static bool
ends_url(unsigned char c)
{
	return c <= ' ' || c == '<' || c == '>' || c == '"' || c == '`' ||
	    c == '{' || c == '}' || c == '|';
}

void
usher_links_of_text(const char *text, size_t length,
    struct message_content *content)
{
	const char *at = text, *end = length > 0 ? text + length : text;

	while (at < end) {
		const char *h = memchr(at, ':', (size_t)(end - at));
		const char *begin;

		if (!h)
			return;
		at = h + 1;
		if (h - text >= 5 && scheme(h - 5, end) == 8)
			begin = h - 5;
		else if (h - text >= 4 && scheme(h - 4, end) == 7)
			begin = h - 4;
		else
			continue;
		while (at < end && !ends_url((unsigned char)*at))
			at++;
		h = at;
		while (h > begin && strchr(".,;:!?)]'*", h[-1]))
			h--; /* the sentence's, not the URL's */
		usher_link_note(begin, (size_t)(h - begin), true, content);
	}
}
