/*
 * domain: names of hosts, see address.h.
 *
 * The public suffix list is the newer of libpsl's own and the system's
 * (psl_latest): suffixes are added every week, and a host that keeps its
 * package up to date shall profit without a new libpsl. It is read at the first
 * question, once a process, and never changes or goes away afterwards.
 */
#include "address.h"

#include <arpa/inet.h>
#include <glib.h>
#include <libpsl.h>
#include <pthread.h>
#include <string.h>

#include "text.h"

enum { LONGEST_NAME = 253, LONGEST_LABEL = 63 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const psl_ctx_t *suffixes; /* set once, immutable */

/*
 * The list takes a tenth of a refused call's time, and the same few hosts are
 * behind most attempts. Found by the host itself, so a wrong one cannot be met,
 * and who sends many only pushes others out.
 */
enum { RECENT_HOSTS = 64, RECENT_MOST = 62, RECENT_NONE = UINT8_MAX };
static _Thread_local struct recent {
	uint8_t length; /* 0: free */
	uint8_t at;	/* where in it the organization begins */
	char host[RECENT_MOST];
} recents[RECENT_HOSTS];

static void
load_suffixes(void)
{
	suffixes = psl_latest(NULL);
	if (suffixes == NULL)
		suffixes = psl_builtin();
}

/* Letters, digits, hyphens, and underscores, which some hosts do have. */
static bool
is_label(const char *label, size_t length)
{
	if (length == 0 || length > LONGEST_LABEL || label[0] == '-' ||
	    label[length - 1] == '-')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!g_ascii_isalnum(label[i]) && label[i] != '-' &&
		    label[i] != '_')
			return false;
	return true;
}

/* Of A-labels; one that ends in a number is an address or nothing. */
static bool
is_name(const char *name)
{
	const char *last = name;

	if (strlen(name) > LONGEST_NAME)
		return false;
	for (const char *label = name;; label++) {
		size_t length = strcspn(label, ".");

		if (!is_label(label, length))
			return false;
		last = label;
		label += length;
		if (*label == '\0')
			break;
	}
	return last[strspn(last, "0123456789")] != '\0';
}

/* ---- hosts asked for lately, a thread's own ---- */

static struct recent *
place_of(const char *host, size_t length)
{
	unsigned hash = (unsigned)length;

	for (size_t i = 0; i < length; i++)
		hash = hash * 31 + (unsigned char)host[i];
	return &recents[(hash ^ hash >> 7) % RECENT_HOSTS];
}

/* NULL: not asked for lately. */
static const struct recent *
find_recent(const char *host, size_t length)
{
	const struct recent *recent;

	if (length == 0 || length > RECENT_MOST)
		return NULL;
	recent = place_of(host, length);
	return recent->length == length &&
		memcmp(recent->host, host, length) == 0
	    ? recent
	    : NULL;
}

const char *
usher_domain_normal(struct arena *arena, const char *host)
{
	size_t length = strlen(host);
	char *name, *ascii;

	if (length > 0 && host[length - 1] == '.')
		length--;
	/* A bound on what the conversion of labels gets to see. */
	if (length == 0 || length > (size_t)LONGEST_NAME * 4)
		return NULL;
	if (find_recent(host, length) != NULL)
		return usher_arena_bytes(arena, host, length);
	name = usher_arena_bytes(arena, host, length);
	if (name == NULL || strlen(name) != length)
		return NULL;
	if (!g_str_is_ascii(name)) {
		if (!g_utf8_validate(name, (gssize)length, NULL))
			return NULL;
		ascii = g_hostname_to_ascii(name);
		if (ascii == NULL)
			return NULL;
		name = usher_arena_string(arena, ascii);
		g_free(ascii);
		if (name == NULL)
			return NULL;
	}
	usher_text_lower(name);
	return is_name(name) ? name : NULL;
}

/* Nothing of a host that is written in another way than its name. */
static void
keep_recent(const char *host, size_t length, const char *name,
    const char *organization)
{
	struct recent *recent;

	if (length == 0 || length > RECENT_MOST || strcmp(name, host) != 0)
		return;
	recent = place_of(host, length);
	memcpy(recent->host, host, length);
	recent->length = (uint8_t)length;
	recent->at = organization == NULL ? RECENT_NONE
					  : (uint8_t)(organization - name);
}

const char *
usher_domain_organization(struct arena *arena, const char *host)
{
	size_t length = strlen(host);
	const struct recent *recent = find_recent(host, length);
	const char *name, *organization;

	if (recent != NULL)
		return recent->at == RECENT_NONE
		    ? NULL
		    : usher_arena_bytes(arena, host + recent->at,
			  length - recent->at);
	name = usher_domain_normal(arena, host);
	if (name == NULL)
		return NULL;
	pthread_once(&once, load_suffixes);
	organization = suffixes == NULL
	    ? NULL
	    : psl_registrable_domain(suffixes, name);
	keep_recent(host, length, name, organization);
	return organization;
}

bool
usher_domain_within(const char *host, const char *domain)
{
	size_t host_length = strlen(host), length = strlen(domain);

	if (length == 0 || host_length < length ||
	    strcmp(host + host_length - length, domain) != 0)
		return false;
	return host_length == length || host[host_length - length - 1] == '.';
}
