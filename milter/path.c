/*
 * path: addresses as MAIL and RCPT name them.
 *
 * Called with what the client wrote, which the MTA has let pass: any bytes but
 * NUL. Keeps RFC 5321 §4.1.2 (paths), §4.5.1 (postmaster), appendix F.2
 * (source routes are ignored), RFC 2142 §4 (abuse).
 */
#include <string.h>
#include <strings.h>

#include "path.h"

char *
path_address(const char *path)
{
	size_t length = strlen(path);
	const char *colon;

	if (length >= 2 && path[0] == '<' && path[length - 1] == '>') {
		path++;
		length -= 2;
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
