/*
 * usher: the handle: configuration, store, zones and compiled policies of one
 * program; looking a recipient up.
 *
 * Owns struct usher. One handle with a store a process, opened after the last
 * fork(): LMDB bears neither a second one nor a child's.
 */
#include "usher_handle.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "code.h"
#include "decide.h"
#include "error.h"
#include "evidence.h"
#include "override.h"
#include "policy.h"
#include "site.h"
#include "tally.h"

static int
open_store(struct usher *usher, bool patient, struct usher_error *error)
{
	const struct store_options options = { .patient = patient };
	const struct record_options memory = { .patient = patient };
	int code;

	usher->cache = usher_cache_new(NULL);
	if (usher->cache == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	code = usher_store_open(&usher->store, usher->conf->store, &options,
	    error);
	if (code == 0)
		code = usher_records_open(&usher->records, usher->conf->store,
		    &memory, error);
	if (code != 0)
		return code;
	usher->guard = usher_code_guard_new();
	usher->tally = usher_tally_new(usher->records);
	return usher->guard == NULL || usher->tally == NULL
	    ? usher_error_set(error, ENOMEM, "out of memory")
	    : 0;
}

/* As written, from the root: a link may name another file later. */
static char *
absolute(const char *path)
{
	char here[PATH_MAX], *full = NULL;

	if (*path == '/' || getcwd(here, sizeof(here)) == NULL)
		return strdup(path);
	return asprintf(&full, "%s/%s", here, path) < 0 ? NULL : full;
}

static int
read_conf(const struct usher *usher, struct usher_conf **conf,
    struct usher_problems *problems, struct usher_error *error)
{
	const struct evidence *evidence;
	int code = usher_conf_read(conf, usher->zones, usher->path, problems,
	    error);

	if (code != 0 || !usher->ready)
		return code;
	code = usher_evidence_of(*conf, &evidence);
	if (code == 0)
		return 0;
	usher_conf_release(*conf);
	*conf = NULL;
	return usher_error_set(error, code, "out of memory");
}

int
usher_open(struct usher **result, const char *path, unsigned flags,
    struct usher_problems *problems, struct usher_error *error)
{
	struct usher *usher = calloc(1, sizeof(*usher));
	int code = 0;

	*result = NULL;
	if (usher == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	(void)pthread_mutex_init(&usher->lock, NULL);
	usher->ready = (flags & USHER_READY) != 0;
	usher->zones = usher_zones_new();
	/* A daemon leaves its folder; a reload must find the file again. */
	if (path != NULL)
		usher->path = absolute(path);
	if (usher->zones == NULL || (path != NULL && usher->path == NULL))
		code = usher_error_set(error, ENOMEM, "out of memory");
	if (code == 0)
		code = read_conf(usher, &usher->conf, problems, error);
	if (code == 0) {
		usher->conf->serial = ++usher->serial;
		if ((flags & USHER_STORE) != 0)
			code = open_store(usher, (flags & USHER_PATIENT) != 0,
			    error);
	}
	if (code != 0) {
		usher_close(usher);
		return code;
	}
	*result = usher;
	return 0;
}

void
usher_close(struct usher *usher)
{
	if (usher == NULL)
		return;
	usher_cache_free(usher->cache);
	usher_code_guard_free(usher->guard);
	/* It hangs on the store, which is left behind with it. */
	if (usher_tally_free(usher->tally))
		usher_records_close(usher->records);
	usher_store_close(usher->store);
	usher_conf_release(usher->conf);
	usher_zones_free(usher->zones);
	(void)pthread_mutex_destroy(&usher->lock);
	free(usher->path);
	free(usher);
}

int
usher_reload(struct usher *usher, struct usher_problems *problems,
    struct usher_error *error)
{
	struct usher_conf *conf, *old;
	int code = read_conf(usher, &conf, problems, error);

	if (code != 0)
		return code;
	(void)pthread_mutex_lock(&usher->lock);
	conf->serial = ++usher->serial;
	old = usher->conf;
	usher->conf = conf;
	(void)pthread_mutex_unlock(&usher->lock);
	if (usher->store != NULL && strcmp(old->store, conf->store) != 0)
		usher_problems_add(problems, true, conf->site.file, 0,
		    "`store` has changed: the other store is opened when the"
		    " program starts again");
	usher_conf_release(old);
	return 0;
}

struct usher_conf *
usher_conf_hold(struct usher *usher)
{
	struct usher_conf *conf;

	(void)pthread_mutex_lock(&usher->lock);
	conf = usher->conf;
	atomic_fetch_add(&conf->references, 1);
	(void)pthread_mutex_unlock(&usher->lock);
	return conf;
}

int
usher_policy_find(struct usher *usher, struct usher_conf *conf, const char *who,
    struct usher_policy **policy, struct usher_error *error)
{
	int code = 0;

	*policy = NULL;
	if (usher->store != NULL)
		code = usher_cache_find(usher->cache, usher->store, conf, who,
		    policy, error);
	if (code == 0 && *policy == NULL)
		*policy = usher_policy_hold(conf->fallback);
	return code;
}

static int
peek(struct usher *usher, struct usher_conf *conf, const char *who, bool recent,
    struct usher_policy **policy, struct usher_error *error)
{
	int code = 0;

	*policy = NULL;
	if (usher->store != NULL)
		code = usher_cache_peek(usher->cache, usher->store, conf, who,
		    recent, policy, error);
	if (code == 0 && *policy == NULL)
		*policy = usher_policy_hold(conf->fallback);
	return code;
}

int
usher_policy_at_hand(struct usher *usher, struct usher_conf *conf,
    const char *who, struct usher_policy **policy, struct usher_error *error)
{
	return peek(usher, conf, who, false, policy, error);
}

/* The site's default speaks for its own people only, not for the world. */
static bool
is_of_site(const struct usher_conf *conf, const char *who)
{
	const char *at = strrchr(who, '@');
	size_t length = at == NULL ? 0 : strcspn(at + 1, ":;?");

	for (size_t i = 0; at != NULL && i < conf->site.domain_count; i++)
		if (strlen(conf->site.domains[i]) == length &&
		    strncasecmp(at + 1, conf->site.domains[i], length) == 0)
			return true;
	return at == NULL;
}

static void
drop_default(const struct usher_conf *conf, const char *who,
    struct usher_policy **policy)
{
	if (*policy != NULL && *policy == conf->fallback &&
	    !is_of_site(conf, who)) {
		usher_policy_release(*policy);
		*policy = NULL;
	}
}

static int
find_other(void *arg, struct usher_conf *conf, const char *who,
    struct usher_policy **policy, struct usher_error *error)
{
	int code = usher_policy_find(arg, conf, who, policy, error);

	if (code == 0)
		drop_default(conf, who, policy);
	return code;
}

int
usher_decide(struct usher *usher, const struct usher_question *question,
    struct usher_decision **decision, struct usher_error *error)
{
	return usher_decide_by(usher == NULL ? NULL : find_other, usher,
	    question, decision, error);
}

struct at_hand {
	struct usher *usher;
	bool missed;
};

static int
find_at_hand(void *arg, struct usher_conf *conf, const char *who,
    struct usher_policy **policy, struct usher_error *error)
{
	struct at_hand *at_hand = arg;
	int code = peek(at_hand->usher, conf, who, true, policy, error);

	if (code == 0)
		drop_default(conf, who, policy);
	at_hand->missed |= code == EAGAIN;
	return code;
}

int
usher_decide_at_hand(struct usher *usher, const struct usher_question *question,
    struct usher_decision **decision, struct usher_error *error)
{
	struct at_hand at_hand = { .usher = usher };
	int code = usher_decide_by(find_at_hand, &at_hand, question, decision,
	    error);

	return code == 0 && at_hand.missed ? EAGAIN : code;
}

static unsigned
needs_of(const struct usher_conf *conf, const struct store_summary *summary)
{
	unsigned needs = conf->fallback == NULL ? 0 : conf->fallback->needs;

	/* Counted under other site rules, which may need less. */
	if (summary->sources > 0 &&
	    (!summary->scoped ||
		memcmp(summary->scope, conf->scope_hash,
		    sizeof(summary->scope)) != 0))
		return USHER_ALL;
	if (summary->headers > 0)
		needs |= USHER_HEADERS;
	if (summary->body > 0)
		needs |= USHER_BODY;
	return needs;
}

unsigned
usher_store_needs(struct usher *usher)
{
	struct usher_conf *conf = usher_conf_hold(usher);
	struct store_summary summary = { .sources = 0 };
	struct store *store = usher->store;
	uint64_t generation = 0;
	unsigned needs = USHER_ALL;
	bool known;

	if (store != NULL &&
	    store->engine->generation(store, &generation, NULL) != 0)
		goto out; /* not readable: asking for all is safe */
	(void)pthread_mutex_lock(&usher->lock);
	known = usher->needs_known && usher->needs_serial == conf->serial &&
	    usher->needs_generation == generation;
	needs = usher->needs;
	(void)pthread_mutex_unlock(&usher->lock);
	if (known)
		goto out;
	needs = USHER_ALL;
	if (store != NULL && store->engine->summary(store, &summary, NULL) != 0)
		goto out;
	needs = needs_of(conf, &summary);
	(void)pthread_mutex_lock(&usher->lock);
	usher->needs = needs;
	usher->needs_known = true;
	usher->needs_serial = conf->serial;
	usher->needs_generation = summary.generation;
	(void)pthread_mutex_unlock(&usher->lock);
out:
	usher_conf_release(conf);
	if (needs != USHER_ALL && usher->records != NULL &&
	    usher_override_asks_words(usher->records))
		needs = USHER_ALL;
	return needs;
}

int
usher_handle_store(struct usher *usher, const struct usher_conf *conf,
    struct store **store, struct usher_error *error)
{
	static const struct store_options write = { .write = true,
		.patient = true };

	if (usher->path == NULL)
		return usher_error_set(error, EINVAL,
		    "without a usher.conf"
		    " there is no store to publish to");
	if (usher->store != NULL) {
		*store = usher->store;
		return 0;
	}
	return usher_store_open(store, conf->store, &write, error);
}
