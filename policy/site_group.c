/*
 * site_group: usher.conf's group `site` (design.md §11): who we are, how
 * numbers are dialled, who is inside, and what every recipient may name.
 */
#include "site_parts.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "policy.h"
#include "rule.h"
#include "zone.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const keys[] = { "domains", "timezone", "country_code",
	"international_prefix", "national_prefix", "internal", "stages",
	"allow", "topics", "parties", "hours", "days", "before", "after",
	"default" };

static const char *const given_stages[] = { "introduction", "evaluation",
	"customer", "support" };

static void
read_domains(struct usher_conf *conf, struct source *source,
    const config_setting_t *group)
{
	const config_setting_t *setting = config_setting_get_member(group,
	    "domains");
	const char *const *texts = NULL;
	size_t count = 0;
	const char **domains;

	if (!usher_source_strings(source, group, "domains", &texts, &count))
		return;
	domains = usher_arena_array(&conf->arena, count + 1, sizeof(*domains));
	if (domains == NULL)
		return;
	conf->site.domains = domains;
	for (size_t i = 0; i < count; i++) {
		const char *normal = usher_domain_normal(&conf->arena,
		    texts[i]);

		if (normal == NULL)
			usher_source_wrong(source, setting,
			    "\"%.80s\" is no domain; write it as in"
			    " \"example.com\"",
			    texts[i]);
		else
			domains[conf->site.domain_count++] = normal;
	}
}

static void
read_zone(struct usher_conf *conf, struct source *source,
    const config_setting_t *group)
{
	const char *name = "UTC";
	struct usher_error error;

	if (group != NULL)
		(void)usher_source_string(source, group, "timezone", &name);
	conf->zone = usher_zone_find(conf->zones, name, &error);
	if (conf->zone == NULL) {
		if (group != NULL &&
		    config_setting_get_member(group, "timezone") != NULL)
			usher_source_wrong(source,
			    config_setting_get_member(group, "timezone"), "%s",
			    error.text);
		else
			usher_problems_add(source->problems, false,
			    source->file, 0, "%s", error.text);
		/* Goes on in UTC to find what else is wrong. */
		conf->zone = usher_zone_find(conf->zones, "UTC", NULL);
	}
	conf->site.timezone = name;
}

/* Digits that people dial. */
static const char *
read_digits(struct source *source, const config_setting_t *group,
    const char *name, size_t most, const char *otherwise)
{
	const char *text = otherwise;

	if (group == NULL || !usher_source_string(source, group, name, &text))
		return otherwise;
	if (strspn(text, "0123456789") == strlen(text) && strlen(text) <= most)
		return text;
	usher_source_wrong(source, config_setting_get_member(group, name),
	    "\"%.40s\" should be up to %zu digits%s", text, most,
	    *text == '+' ? ", without the +" : "");
	return otherwise;
}

static void
read_dialling(struct usher_conf *conf, struct source *source,
    const config_setting_t *group)
{
	const char *code = read_digits(source, group, "country_code", 3, "");
	bool one = strcmp(code, "1") == 0;

	conf->dialling.country_code = code;
	conf->dialling.international_prefix = read_digits(source, group,
	    "international_prefix", 8, one ? "011" : "00");
	conf->dialling.national_prefix = read_digits(source, group,
	    "national_prefix", 8, one ? "1" : "0");
}

static void
read_internal(struct usher_conf *conf, struct source *source,
    const config_setting_t *group)
{
	static const char *const own[] = { "127.0.0.0/8", "::1" };

	conf->internal = usher_arena_array(&conf->arena, COUNT(own),
	    sizeof(*conf->internal));
	if (conf->internal == NULL)
		return;
	for (size_t i = 0; i < COUNT(own); i++)
		if (usher_network_parse(own[i], &conf->internal[i], NULL) == 0)
			conf->internal_count++;
	if (group != NULL)
		usher_site_networks(conf, source, group, "internal",
		    &conf->internal, &conf->internal_count);
}

/* Words that may stand in `stage`, as the names of `topics` do. */
static bool
is_word(const char *text)
{
	return *text != '\0' && strlen(text) <= 64 &&
	    strspn(text,
		"abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == strlen(text);
}

static void
read_stages(struct usher_conf *conf, struct source *source,
    const config_setting_t *group)
{
	const char *const *texts = NULL;
	size_t count = 0;
	const char **stages;

	if (group != NULL)
		(void)usher_source_strings(source, group, "stages", &texts,
		    &count);
	stages = usher_arena_array(&conf->arena, COUNT(given_stages) + count,
	    sizeof(*stages));
	if (stages == NULL)
		return;
	memcpy(stages, given_stages, sizeof(given_stages));
	conf->stages = stages;
	conf->stage_count = COUNT(given_stages);
	for (size_t i = 0; i < count; i++) {
		const config_setting_t *setting =
		    config_setting_get_member(group, "stages");
		size_t at = 0;

		while (
		    at < conf->stage_count && strcmp(stages[at], texts[i]) != 0)
			at++;
		if (at < conf->stage_count)
			usher_source_wrong(source, setting,
			    "\"%s\" is a stage already", texts[i]);
		else if (!is_word(texts[i]))
			usher_source_wrong(source, setting,
			    "\"%.60s\" is no"
			    " word of letters, digits, - and _",
			    texts[i]);
		else
			stages[conf->stage_count++] = texts[i];
	}
}

static void
read_allow(struct usher_conf *conf, struct source *source,
    const config_setting_t *group)
{
	const char *const *texts = NULL;
	size_t count = 0;
	const char **allow;

	if (!usher_source_strings(source, group, "allow", &texts, &count))
		return;
	allow = usher_arena_array(&conf->arena, count + 1, sizeof(*allow));
	if (allow == NULL)
		return;
	conf->site.allow = allow;
	for (size_t i = 0; i < count; i++) {
		char *host = usher_arena_string(&conf->arena, texts[i]);

		if (host == NULL)
			return;
		for (char *c = host; *c != '\0'; c++)
			if (*c >= 'A' && *c <= 'Z')
				*c = (char)(*c - 'A' + 'a');
		if (*host == '\0' || strpbrk(host, " \t\n@/;<>\"") != NULL)
			usher_source_wrong(source,
			    config_setting_get_member(group, "allow"),
			    "\"%.80s\" is no host pattern;"
			    " write \"sip.example.net\" or"
			    " \"*.example.net\"",
			    texts[i]);
		else
			allow[conf->site.allow_count++] = host;
	}
}

/* What every recipient may name, and the rules before and after theirs. */
static void
compile_scope(struct usher_conf *conf, struct source *source,
    const config_setting_t *group)
{
	struct scope *scope = usher_arena_alloc(&conf->arena, sizeof(*scope));
	struct compiling compiling = { .source = source,
		.conf = conf,
		.scope = scope };

	if (scope == NULL)
		return;
	conf->scope = scope;
	if (group == NULL)
		return;
	usher_scope_compile(&compiling, group);
	usher_rules_compile(&compiling,
	    config_setting_get_member(group, "before"), "before/",
	    &scope->before, &scope->before_count);
	usher_rules_compile(&compiling,
	    config_setting_get_member(group, "after"), "after/", &scope->after,
	    &scope->after_count);
}

void
usher_site_read_group(struct usher_conf *conf, struct source *source,
    const config_setting_t *group)
{
	if (group != NULL)
		usher_source_keys(source, group, keys, COUNT(keys));
	read_zone(conf, source, group);
	read_dialling(conf, source, group);
	read_internal(conf, source, group);
	read_stages(conf, source, group);
	if (group != NULL) {
		read_domains(conf, source, group);
		read_allow(conf, source, group);
	}
	if (conf->zone == NULL || conf->arena.failed)
		return;
	compile_scope(conf, source, group);
	usher_site_hash(group, "default", conf->scope_hash);
}

void
usher_site_read_default(struct usher_conf *conf, struct source *source,
    const config_setting_t *group)
{
	const char *path = "";
	char *text = NULL;
	size_t length = 0;

	if (group == NULL ||
	    !usher_source_string(source, group, "default", &path) ||
	    *path == '\0' || (path = usher_site_path(conf, path)) == NULL)
		return;
	conf->default_file = path;
	if (usher_file_read(path, USHER_SOURCE_LIMIT, &text, &length,
		source->problems) != 0) {
		usher_source_wrong(source,
		    config_setting_get_member(group, "default"),
		    "the preference file it names cannot be"
		    " read");
		return;
	}
	conf->default_text = usher_arena_bytes(&conf->arena, text, length);
	conf->default_length = length;
	free(text);
	/* What is wrong in it has been told by its own lines. */
	if (conf->default_text != NULL && conf->scope != NULL &&
	    usher_policy_compile_default(conf, path, conf->default_text, length,
		&conf->fallback, source->problems) != 0)
		conf->fallback = NULL;
}
