/*
 * path: addresses as MAIL and RCPT name them.
 *
 * Called with what the client wrote, which the MTA has let pass: any bytes but
 * NUL. Keeps RFC 5321 §4.1.2 (paths), §4.5.1 (postmaster), appendix F.2
 * (source routes are ignored), RFC 2142 §4 (abuse), and what MTAs still take of
 * RFC 822 §6.1 (comments, blanks) and of older ways to name a host.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "path.h"

/*
 * Where a path in brackets ends: some Sendmails with SMTPUTF8 tell the ESMTP
 * parameters in the same string. NULL: it is in no brackets.
 */
static const char *
closing_bracket(const char *path)
{
	const char *last = strrchr(path, '>');
	bool quoted = false;
	const char *at;

	if (path[0] != '<' || last == NULL)
		return NULL;
	for (at = path + 1; *at != '\0'; at++) {
		if (*at == '"')
			quoted = !quoted;
		else if (*at == '\\' && at[1] != '\0')
			at++;
		else if (*at == '>' && !quoted && at[1] == ' ')
			return at;
	}
	return last[1] == '\0' ? last : NULL;
}

char *
path_address(const char *path)
{
	size_t length = strlen(path);
	const char *end = closing_bracket(path), *colon;

	if (end != NULL) {
		path++;
		length = (size_t)(end - path);
	}
	if (length > 0 && path[0] == '@') {
		colon = memchr(path, ':', length);
		if (colon != NULL) {
			length -= (size_t)(colon + 1 - path);
			path = colon + 1;
		}
	}
	return strndup(path, length);
}

char *
path_undelimited(const char *address)
{
	const char *at = strrchr(address, '@');
	const char *plus = strchr(address, '+');
	char *cut = strdup(address);

	if (at == NULL || plus == NULL || plus > at || plus == address ||
	    address[0] == '"' || cut == NULL)
		return cut;
	memmove(cut + (plus - address), at, strlen(at) + 1);
	return cut;
}

bool
path_is_plain(const char *address)
{
	const char *at = strchr(address, '@');

	return at != NULL && at != address && at[1] != '\0' &&
	    strpbrk(address, "%!\"\\()<>,;: \t") == NULL &&
	    strchr(at + 1, '@') == NULL;
}

/* Comments, blanks and quotes off; returns the last @ that is not quoted. */
static char *
bare(char *address)
{
	const char *from = address;
	char *to = address, *at = NULL;
	unsigned comments = 0;
	bool quoted = false;

	for (; *from != '\0'; from++) {
		if (*from == '\\' && from[1] != '\0')
			from++;
		else if (*from == '"' && comments == 0) {
			quoted = !quoted;
			continue;
		} else if (!quoted && *from == '(') {
			comments++;
			continue;
		} else if (!quoted && *from == ')' && comments > 0) {
			comments--;
			continue;
		} else if (!quoted && (*from == ' ' || *from == '\t'))
			continue;
		if (comments > 0)
			continue;
		if (*from == '@' && !quoted)
			at = to;
		*to++ = *from;
	}
	*to = '\0';
	return at;
}

char *
path_plain(const char *address, const char *domain)
{
	char *plain = strdup(address), *turned, *at, *mark;
	int length;

	if (plain == NULL)
		return NULL;
	at = bare(plain);
	mark = memrchr(plain, '%',
	    at == NULL ? strlen(plain) : (size_t)(at - plain));
	if (mark != NULL) {
		/* user%there@here: MTAs take their own domain off. */
		if (at != NULL)
			*at = '\0';
		*mark = '@';
		return plain;
	}
	if (at != NULL)
		return plain;
	mark = strchr(plain, '!');
	if (mark != NULL) {
		*mark = '\0';
		length = asprintf(&turned, "%s@%s", mark + 1, plain);
	} else
		length = asprintf(&turned, "%s@%s", plain, domain);
	free(plain);
	return length < 0 ? NULL : turned;
}

const char *
path_role(const char *address)
{
	size_t length = strcspn(address, "@");

	if (length == 10 && strncasecmp(address, "postmaster", 10) == 0)
		return "postmaster";
	if (length == 5 && strncasecmp(address, "abuse", 5) == 0)
		return "abuse";
	return NULL;
}
