/*
 * policy: preferences, checked and compiled, as an object.
 *
 * An immutable policy shared by count, and what daemons ask of it. The keys of
 * the file are preferences.c's. Called by the cache, by publish and by the
 * command line.
 */
#include "policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

static int
compile(struct usher_conf *conf, const char *name, const char *text,
    size_t length, bool anybody, struct usher_policy **result,
    struct usher_problems *problems)
{
	struct usher_policy *policy = calloc(1, sizeof(*policy));
	struct usher_problems *own = problems == NULL ? usher_problems_new()
						      : problems;
	struct source source;
	struct compiling compiling = { .source = &source, .conf = conf };
	size_t errors;
	int code = ENOMEM;

	*result = NULL;
	if (policy == NULL || own == NULL)
		goto out;
	errors = usher_problems_errors(own);
	atomic_init(&policy->references, 1);
	policy->file = usher_arena_string(&policy->arena, name);
	policy->conf = conf;
	policy->mode = USHER_ENFORCE;
	compiling.scope = &policy->scope;
	code = usher_source_read(&source, policy->file, text, length,
	    USHER_SOURCE_LIMIT, &policy->arena, own);
	if (code == 0)
		usher_preferences_compile(&compiling, policy, anybody);
	usher_source_end(&source);
	if (code == 0 && policy->arena.failed)
		code = ENOMEM;
	if (code == 0 && usher_problems_errors(own) > errors)
		code = EINVAL;
out:
	if (problems == NULL)
		usher_problems_free(own);
	if (code == 0)
		*result = policy;
	else if (policy != NULL) {
		usher_arena_free(&policy->arena);
		free(policy);
	}
	return code;
}

int
usher_policy_compile_default(struct usher_conf *conf, const char *name,
    const char *text, size_t length, struct usher_policy **policy,
    struct usher_problems *problems)
{
	return compile(conf, name, text, length, true, policy, problems);
}

static int
compile_held(struct usher_conf *conf, const char *name, const char *text,
    size_t length, bool anybody, struct usher_policy **policy,
    struct usher_problems *problems)
{
	int code = compile(conf, name, text, length, anybody, policy, problems);

	if (code == 0) {
		atomic_fetch_add(&conf->references, 1);
		(*policy)->holds_conf = true;
	}
	return code;
}

int
usher_policy_compile(struct usher_conf *conf, const char *name,
    const char *text, size_t length, struct usher_policy **policy,
    struct usher_problems *problems)
{
	return compile_held(conf, name, text, length, false, policy, problems);
}

int
usher_policy_nobody(struct usher_conf *conf, struct usher_policy **policy)
{
	static const char text[] = "otherwise = \"refuse\";";

	return compile_held(conf, "nobody", text, sizeof(text) - 1, true,
	    policy, NULL);
}

int
usher_policy_read(struct usher_conf *conf, const char *path,
    struct usher_policy **policy, struct usher_problems *problems)
{
	char *text = NULL;
	size_t length = 0;
	int code;

	*policy = NULL;
	code = usher_file_read(path, USHER_SOURCE_LIMIT, &text, &length,
	    problems);
	/* Rules can be rehearsed before it is clear whose they will be. */
	if (code == 0)
		code = compile_held(conf, path, text, length, true, policy,
		    problems);
	if (code == 0 && (*policy)->address_count == 0)
		usher_problems_add(problems, true, path, 0,
		    "the file names "
		    "no recipient and will not be published: give "
		    "`addresses` or `phones`");
	free(text);
	return code;
}

struct usher_policy *
usher_policy_hold(struct usher_policy *policy)
{
	if (policy != NULL)
		atomic_fetch_add(&policy->references, 1);
	return policy;
}

void
usher_policy_release(struct usher_policy *policy)
{
	if (policy == NULL || atomic_fetch_sub(&policy->references, 1) != 1)
		return;
	if (policy->holds_conf)
		usher_conf_release(policy->conf);
	usher_arena_free(&policy->arena);
	free(policy);
}

const char *
usher_policy_name(const struct usher_policy *policy)
{
	return policy->name;
}

const char *
usher_policy_timezone(const struct usher_policy *policy)
{
	return usher_zone_name(policy->zone);
}

const char *
usher_policy_published(const struct usher_policy *policy,
    enum usher_channel channel)
{
	return channel < USHER_URI ? policy->published[channel] : NULL;
}

/* In normal form already, as most come: no escapes that parsing undoes. */
static bool
owns_as_written(const struct usher_policy *policy, const char *who)
{
	if (strchr(who, '%') != NULL)
		return false;
	if (strncmp(who, "sip:", 4) == 0)
		return usher_preferences_hold(policy, ADDRESS_SIP, who + 4);
	return usher_preferences_hold(policy,
	    who[0] == '+' ? ADDRESS_NUMBER : ADDRESS_MAIL, who);
}

bool
usher_policy_owns(const struct usher_policy *policy, const char *who)
{
	struct arena arena;
	struct address address;
	bool owns = owns_as_written(policy, who);

	if (owns)
		return true;
	usher_arena_init(&arena);
	if (usher_address_parse(&arena, who, &policy->conf->dialling, &address,
		NULL) == 0)
		owns = usher_preferences_hold(policy, address.kind,
			   address.text) ||
		    usher_preferences_hold(policy, address.kind,
			usher_address_undelimited(&arena, address.text, '+'));
	usher_arena_free(&arena);
	return owns;
}

const char *
usher_policy_address(const struct usher_policy *policy, size_t index)
{
	return index < policy->address_count ? policy->addresses[index].text
					     : NULL;
}

const char *
usher_policy_aside(const struct usher_policy *policy)
{
	if (policy->aside != NULL)
		return policy->aside;
	return policy->conf->mail.aside[0] != '\0' ? policy->conf->mail.aside
						   : NULL;
}

bool
usher_policy_names_channel(const struct usher_policy *policy,
    enum usher_channel channel)
{
	return (policy->channels & 1u << channel) != 0;
}

bool
usher_policy_weighs(const struct usher_policy *policy)
{
	return policy->weighs;
}

bool
usher_policy_is_fax(const struct usher_policy *policy, const char *number)
{
	for (size_t i = 0; i < policy->fax_count; i++)
		if (strcmp(policy->faxes[i], number) == 0)
			return true;
	return false;
}

enum usher_mode
usher_policy_mode(const struct usher_policy *policy)
{
	return policy->mode;
}

unsigned
usher_policy_needs(const struct usher_policy *policy)
{
	return policy->needs;
}

int
usher_time_read(struct usher_conf *conf, const struct usher_policy *policy,
    const char *text, int64_t *at, struct usher_error *error)
{
	return usher_time_parse(text,
	    policy != NULL ? policy->zone : conf->zone, at, error);
}
