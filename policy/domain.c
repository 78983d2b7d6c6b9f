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
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "text.h"

enum { LONGEST_NAME = 253, LONGEST_LABEL = 63 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const psl_ctx_t *suffixes; /* set once, immutable */

/*
 * The list takes a tenth of a refused call's time, and the same few hosts are
 * behind most attempts. Found by the host itself, so a wrong one cannot be met,
 * and who sends many only pushes others out. All threads share them, as a
 * milter has a hundred; `turn` is odd while one writes, and another after, so
 * that nobody waits and nobody takes what is half written.
 */
enum {
	RECENT_HOSTS = 64,
	RECENT_WORDS = 14,
	RECENT_MOST = RECENT_WORDS * sizeof(uint32_t),
	RECENT_NONE = UINT8_MAX
};
static struct recent {
	atomic_uint turn;
	atomic_uint what; /* its length, or 0: free; from bit 8 on: where in it
			     the organization begins */
	_Atomic uint32_t host[RECENT_WORDS];
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

/* ---- hosts asked for lately ---- */

static struct recent *
place_of(const char *host, size_t length)
{
	unsigned hash = (unsigned)length;

	for (size_t i = 0; i < length; i++)
		hash = hash * 31 + (unsigned char)host[i];
	return &recents[(hash ^ hash >> 7) % RECENT_HOSTS];
}

static uint32_t
word_at(const char *host, size_t length, size_t at)
{
	uint32_t word = 0;

	if (length - at >= sizeof(word)) {
		memcpy(&word, host + at, sizeof(word));
		return word;
	}
	for (; at < length; at++)
		word = word << 8 | (unsigned char)host[at];
	return word;
}

/* Whether it was asked for lately, and where its organization begins. */
static bool
find_recent(const char *host, size_t length, unsigned *at)
{
	const size_t step = sizeof(uint32_t);
	struct recent *recent;
	unsigned turn, what;

	if (length == 0 || length > RECENT_MOST)
		return false;
	recent = place_of(host, length);
	turn = atomic_load_explicit(&recent->turn, memory_order_acquire);
	what = atomic_load_explicit(&recent->what, memory_order_relaxed);
	if (turn % 2 != 0 || (what & UINT8_MAX) != length)
		return false;
	for (size_t i = 0; i < length; i += step)
		if (atomic_load_explicit(&recent->host[i / step],
			memory_order_relaxed) != word_at(host, length, i))
			return false;
	*at = what >> 8;
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&recent->turn, memory_order_relaxed) ==
	    turn;
}

const char *
usher_domain_normal(struct arena *arena, const char *host)
{
	size_t length = strlen(host);
	char *name, *ascii;
	unsigned organization;

	if (length > 0 && host[length - 1] == '.')
		length--;
	/* A bound on what the conversion of labels gets to see. */
	if (length == 0 || length > (size_t)LONGEST_NAME * 4)
		return NULL;
	if (find_recent(host, length, &organization))
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

/*
 * Nothing of a host that is written in another way than its name, nor where
 * another thread is writing.
 */
static void
keep_recent(const char *host, size_t length, const char *name,
    const char *organization)
{
	const size_t step = sizeof(uint32_t);
	unsigned at = organization == NULL ? RECENT_NONE
					   : (unsigned)(organization - name);
	struct recent *recent;
	unsigned turn;

	if (length == 0 || length > RECENT_MOST || strcmp(name, host) != 0)
		return;
	recent = place_of(host, length);
	turn = atomic_load_explicit(&recent->turn, memory_order_relaxed);
	if (turn % 2 != 0 ||
	    !atomic_compare_exchange_strong(&recent->turn, &turn, turn + 1))
		return;
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&recent->what, (unsigned)length | at << 8,
	    memory_order_relaxed);
	for (size_t i = 0; i < length; i += step)
		atomic_store_explicit(&recent->host[i / step],
		    word_at(host, length, i), memory_order_relaxed);
	atomic_store_explicit(&recent->turn, turn + 2, memory_order_release);
}

const char *
usher_domain_organization(struct arena *arena, const char *host)
{
	size_t length = strlen(host);
	const char *name, *organization;
	unsigned at;

	if (find_recent(host, length, &at))
		return at == RECENT_NONE
		    ? NULL
		    : usher_arena_bytes(arena, host + at, length - at);
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
