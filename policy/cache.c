/*
 * cache: see cache.h.
 */
#include "cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cache_table.h"
#include "error.h"

enum { DEFAULT_ENTRIES = 100000, DEFAULT_POLICIES = 10000 };

struct cache {
	struct cache_table *table;
};

struct cache *
usher_cache_new(const struct cache_limits *limits)
{
	struct cache *cache = calloc(1, sizeof(*cache));
	size_t entries = limits != NULL && limits->entries != 0
	    ? limits->entries
	    : DEFAULT_ENTRIES;
	size_t policies = limits != NULL && limits->policies != 0
	    ? limits->policies
	    : DEFAULT_POLICIES;

	if (cache == NULL)
		return NULL;
	cache->table = usher_cache_table_new(entries, policies);
	if (cache->table == NULL) {
		free(cache);
		return NULL;
	}
	return cache;
}

void
usher_cache_free(struct cache *cache)
{
	if (cache == NULL)
		return;
	usher_cache_table_free(cache->table);
	free(cache);
}

/* One compiled under a later configuration serves an earlier one's holder. */
static bool
is_good(const struct cache_answer *answer, uint64_t generation,
    unsigned long serial)
{
	return answer->generation == generation && answer->serial >= serial;
}

static int
compile(struct usher_conf *conf, const struct store_found *found,
    struct usher_policy **policy, struct usher_error *error)
{
	struct usher_problems *problems = usher_problems_new();
	const struct usher_problem *first;
	int code = usher_policy_compile(conf, found->path, found->text,
	    found->length, policy, problems);

	if (code == EINVAL && (first = usher_problems_get(problems, 0)) != NULL)
		(void)usher_error_at(error, code, first->file, first->line,
		    "published, but no longer good under this usher.conf: %s",
		    first->text);
	else if (code != 0)
		(void)usher_error_set(error, code, "%s cannot be compiled: %s",
		    found->path, strerror(code));
	usher_problems_free(problems);
	return code;
}

/*
 * Makes `answer`, which may hold an older one, what the store says now.
 * `known` says whether it holds anything.
 */
static int
renew(struct store *store, struct usher_conf *conf, const char *name,
    bool known, struct cache_answer *answer, struct usher_error *error)
{
	struct store_found found = { .exists = false };
	struct usher_policy *policy = NULL;
	int code;

	if (known && answer->policy != NULL && answer->serial >= conf->serial) {
		found.id = answer->id;
		found.version = answer->version;
	}
	code = store->engine->find(store, name, &found, error);
	if (code != 0)
		return code;
	answer->generation = found.generation;
	if (found.same)
		return 0;
	if (answer->serial < conf->serial)
		answer->serial = conf->serial;
	if (found.exists)
		code = compile(conf, &found, &policy, error);
	free(found.text);
	/* The last that was good stays, until the source is. */
	if (code == EINVAL && answer->policy != NULL)
		code = 0;
	else {
		usher_policy_release(answer->policy);
		answer->policy = policy;
	}
	answer->id = found.id;
	answer->version = found.version;
	return code;
}

static int
ask(struct cache *cache, struct store *store, struct usher_conf *conf,
    uint64_t generation, const char *name, struct usher_policy **policy,
    struct usher_error *error)
{
	struct cache_answer answer = { .policy = NULL };
	size_t length = strlen(name);
	bool known = usher_cache_table_get(cache->table, name, length, &answer);
	int code = 0;

	if (!known || !is_good(&answer, generation, conf->serial)) {
		code = renew(store, conf, name, known, &answer, error);
		/* While the store is away the last that was known holds. */
		if (code == EHOSTDOWN && known) {
			*policy = answer.policy;
			return 0;
		}
		if (code == 0)
			usher_cache_table_put(cache->table, name, length,
			    &answer);
	}
	if (code == 0)
		*policy = answer.policy;
	else
		usher_policy_release(answer.policy);
	return code;
}

/* Names are kept in normal form only, which is how most come. */
static bool
find_as_given(struct cache *cache, uint64_t generation, unsigned long serial,
    const char *who, struct usher_policy **policy)
{
	struct cache_answer answer;

	if (!usher_cache_table_get(cache->table, who, strlen(who), &answer))
		return false;
	if (!is_good(&answer, generation, serial)) {
		usher_policy_release(answer.policy);
		return false;
	}
	*policy = answer.policy;
	return true;
}

/* A name in the form in which it is published; NULL: `code` says why. */
static const char *
normal_name(struct arena *arena, const struct usher_conf *conf, const char *who,
    int *code, struct usher_error *error)
{
	struct address address;
	const char *name = NULL;

	*code = usher_address_parse(arena, who, &conf->dialling, &address,
	    NULL);
	if (*code == EINVAL) {
		*code = 0; /* nobody can have published that */
		return NULL;
	}
	if (*code == 0)
		name = usher_store_name(arena, &address);
	if (name == NULL)
		*code = usher_error_set(error, ENOMEM, "out of memory");
	return name;
}

int
usher_cache_find(struct cache *cache, struct store *store,
    struct usher_conf *conf, const char *who, struct usher_policy **policy,
    struct usher_error *error)
{
	struct arena arena;
	const char *name;
	uint64_t generation;
	int code;

	*policy = NULL;
	code = store->engine->generation(store, &generation, error);
	if (code != 0 ||
	    find_as_given(cache, generation, conf->serial, who, policy))
		return code;
	usher_arena_init(&arena);
	name = normal_name(&arena, conf, who, &code, error);
	if (name != NULL)
		code = ask(cache, store, conf, generation, name, policy, error);
	usher_arena_free(&arena);
	return code;
}

int
usher_cache_peek(struct cache *cache, struct store *store,
    struct usher_conf *conf, const char *who, bool recent,
    struct usher_policy **policy, struct usher_error *error)
{
	struct arena arena;
	const char *name;
	uint64_t generation;
	int code;

	*policy = NULL;
	code = store->engine->generation_at_hand(store, recent, &generation);
	if (code != 0 ||
	    find_as_given(cache, generation, conf->serial, who, policy))
		return code;
	usher_arena_init(&arena);
	name = normal_name(&arena, conf, who, &code, error);
	if (name != NULL &&
	    !find_as_given(cache, generation, conf->serial, name, policy))
		code = EAGAIN;
	usher_arena_free(&arena);
	return code;
}
