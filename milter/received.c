/*
 * received: who handed a message over, as a Received field tells.
 *
 * Called by session.c with the fields of a relay's mail. Reads the forms of
 * RFC 5321 §4.4 that servers write: "from HELO (NAME [ADDRESS]) by ...". Only
 * the comment right behind the client's own word counts: the server wrote it.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "received.h"

static const char space[] = " \t\r\n";

/* An address in text of `length` bytes, with RFC 5321's tag or without. */
static bool
read_address(const char *text, size_t length, struct sockaddr_storage *client)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)client;
	struct sockaddr_in *in = (struct sockaddr_in *)(void *)client;
	char copy[INET6_ADDRSTRLEN + 8];

	if (length > 5 && strncasecmp(text, "IPv6:", 5) == 0) {
		text += 5;
		length -= 5;
	}
	if (length == 0 || length >= sizeof copy)
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	memset(client, 0, sizeof *client);
	if (inet_pton(AF_INET, copy, &in->sin_addr) == 1) {
		client->ss_family = AF_INET;
		return true;
	}
	if (inet_pton(AF_INET6, copy, &in6->sin6_addr) == 1) {
		client->ss_family = AF_INET6;
		return true;
	}
	return false;
}

static void
copy_word(char out[RECEIVED_NAME], const char *word, size_t length)
{
	if (length >= RECEIVED_NAME)
		length = 0;
	memcpy(out, word, length);
	out[length] = '\0';
}

/*
 * "NAME [ADDRESS]", "USER@NAME [ADDRESS] (may be forged)", "[ADDRESS]". What
 * stands before the address is one word or none: of "helo=[...]" and "HELO
 * [...]" the client wrote the rest.
 */
static bool
read_bracketed(const char *comment, size_t length, struct received *received)
{
	const char *open = memchr(comment, '[', length), *close, *at;
	const char *name = comment + strspn(comment, space);
	size_t word = strcspn(name, " \t\r\n[");

	if (open == NULL || name + word + strspn(name + word, space) != open ||
	    memchr(name, '=', word) != NULL ||
	    (word == 4 &&
		(strncasecmp(name, "HELO", 4) == 0 ||
		    strncasecmp(name, "EHLO", 4) == 0)))
		return false;
	close = memchr(open, ']', length - (size_t)(open - comment));
	if (close == NULL ||
	    !read_address(open + 1, (size_t)(close - open - 1),
		&received->client))
		return false;
	received->name[0] = '\0';
	at = memrchr(name, '@', word);
	if (at != NULL) {
		word -= (size_t)(at + 1 - name);
		name = at + 1;
	}
	if (!(word == 7 && strncasecmp(name, "unknown", 7) == 0))
		copy_word(received->name, name, word);
	return true;
}

/* A comment that is an address and nothing else. */
static bool
read_bare(const char *comment, size_t length, struct received *received)
{
	received->name[0] = '\0';
	return read_address(comment, length, &received->client);
}

/*
 * A client's word with a blank in it may bring a comment of its own; then the
 * server's stands behind, and which is whose cannot be told.
 */
static bool
is_the_only_one(const char *behind)
{
	const char *by = behind, *other = strchr(behind, '[');

	while ((by = strcasestr(by, "by")) != NULL &&
	    (strchr(space, by[-1]) == NULL || by[2] == '\0' ||
		strchr(space, by[2]) == NULL))
		by++;
	return other == NULL || (by != NULL && by < other);
}

bool
received_read(const char *value, struct received *received)
{
	const char *at = value + strspn(value, space), *comment;
	size_t length;

	if (strncasecmp(at, "from", 4) != 0 || strchr(space, at[4]) == NULL ||
	    at[4] == '\0')
		return false;
	at += 4 + strspn(at + 4, space);
	length = strcspn(at, space);
	copy_word(received->helo, at, length);
	at += length + strspn(at + length, space);
	if (*at != '(')
		return false;
	comment = at + 1;
	length = strcspn(comment, ")");
	if (read_bracketed(comment, length, received))
		return is_the_only_one(comment + length);
	return read_bare(comment, length, received);
}
