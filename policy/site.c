/*
 * site: usher.conf as a whole (design.md §11) into a snapshot (conf.h).
 *
 * The groups are read by site_group.c, conf_mail.c and conf_sip.c. Called by
 * the handle when it opens and reloads.
 */
#include "site.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "evidence.h"
#include "policy.h"
#include "redis_place.h"
#include "site_parts.h"
#include "words.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const keys[] = { "site", "preferences", "store", "mode",
	"geo", "mail", "sip", "page", "retention" };
static const char *const mode_words[] = { "off", "observe", "enforce" };
static const char *const default_sources[] = { "preferences/*.conf" };
static const char default_store[] = "lmdb:/var/lib/usher";

const char *
usher_site_path(struct usher_conf *conf, const char *path)
{
	if (*path == '/' || *conf->site.directory == '\0')
		return path;
	return usher_arena_printf(&conf->arena, "%s/%s",
	    strcmp(conf->site.directory, "/") == 0 ? "" : conf->site.directory,
	    path);
}

void
usher_site_networks(struct usher_conf *conf, struct source *source,
    const config_setting_t *group, const char *name, struct network **networks,
    size_t *count)
{
	const char *const *texts = NULL;
	size_t text_count = 0;
	struct usher_error error;

	if (!usher_source_strings(source, group, name, &texts, &text_count))
		return;
	*count = 0;
	*networks = usher_arena_array(&conf->arena, text_count + 1,
	    sizeof(**networks));
	for (size_t i = 0; *networks != NULL && i < text_count; i++) {
		if (usher_network_parse(texts[i], &(*networks)[*count],
			&error) == 0)
			++*count;
		else
			usher_source_wrong(source,
			    config_setting_get_member(group, name), "%s",
			    error.text);
	}
}

size_t
usher_site_word(struct source *source, const config_setting_t *group,
    const char *name, const char *const *words, size_t count, size_t otherwise)
{
	size_t index = otherwise;

	if (group != NULL)
		(void)usher_source_word(source, group, name, words, count,
		    &index);
	return index;
}

/* A member that must be a group; NULL when absent or something else. */
static const config_setting_t *
member_group(struct source *source, const config_setting_t *root,
    const char *name)
{
	const config_setting_t *group = config_setting_get_member(root, name);

	if (group == NULL || config_setting_is_group(group))
		return group;
	usher_source_wrong(source, group, "should be a group: %s = { ... };",
	    name);
	return NULL;
}

static void
read_geo(struct usher_conf *conf, struct source *source,
    const config_setting_t *group)
{
	static const char *const geo_keys[] = { "country", "network" };
	const char *country = "", *network = "";
	struct usher_error error;

	if (group == NULL)
		return;
	usher_source_keys(source, group, geo_keys, COUNT(geo_keys));
	if (usher_source_string(source, group, "country", &country) &&
	    *country != '\0')
		country = usher_site_path(conf, country);
	if (usher_source_string(source, group, "network", &network) &&
	    *network != '\0')
		network = usher_site_path(conf, network);
	if (country == NULL || network == NULL ||
	    (*country == '\0' && *network == '\0'))
		return;
	if (usher_geo_open(&conf->geo, country, network, &error) != 0) {
		usher_source_wrong(source, group, "%s", error.text);
		conf->geo = NULL;
	}
}

static void
read_page(struct usher_conf *conf, struct source *source,
    const config_setting_t *group)
{
	static const char *const page_keys[] = { "url", "directory" };
	const char *url = "", *directory = "";
	size_t length;

	conf->site.page_url = "";
	conf->site.page_directory = "";
	if (group == NULL)
		return;
	usher_source_keys(source, group, page_keys, COUNT(page_keys));
	if (usher_source_string(source, group, "url", &url) && *url != '\0') {
		length = strlen(url);
		while (length > 0 && url[length - 1] == '/')
			length--;
		if ((strncmp(url, "https://", 8) != 0 &&
			strncmp(url, "http://", 7) != 0) ||
		    strpbrk(url, " \t\n\"<>") != NULL || length < 9)
			usher_source_wrong(source,
			    config_setting_get_member(group, "url"),
			    "\"%.80s\" is no web address;"
			    " write \"https://reach.example.com\"",
			    url);
		else
			conf->site.page_url = usher_arena_bytes(&conf->arena,
			    url, length);
	}
	if (usher_source_string(source, group, "directory", &directory) &&
	    *directory != '\0')
		conf->site.page_directory = usher_site_path(conf, directory);
}

/* What is wrong with it is told without a password that may stand in it. */
static void
read_redis(struct usher_conf *conf, struct source *source,
    const config_setting_t *setting, const char *store)
{
	struct redis_place place;
	const char *why;
	int code = usher_redis_place_read(&place, store, &why);

	if (code == 0) {
		conf->store = store;
		usher_redis_place_free(&place);
	} else if (code == ENOMEM) {
		conf->arena.failed = true;
	} else {
		usher_source_wrong(source, setting, "\"%.*s\" is no store; %s",
		    (int)(strchr(store, '@') == NULL ? 80
						     : strcspn(store, ":")),
		    store, why);
	}
}

static void
read_store(struct usher_conf *conf, struct source *source,
    const config_setting_t *root)
{
	const config_setting_t *setting = config_setting_get_member(root,
	    "store");
	const char *store = default_store, *path;

	conf->store = default_store;
	if (!usher_source_string(source, root, "store", &store))
		return;
	if (strncmp(store, "lmdb:", 5) == 0 && store[5] != '\0') {
		path = usher_site_path(conf, store + 5);
		conf->store = usher_arena_printf(&conf->arena, "lmdb:%s",
		    path == NULL ? "" : path);
	} else if (strncmp(store, "redis", 5) == 0) {
		read_redis(conf, source, setting, store);
	} else {
		usher_source_wrong(source, setting,
		    "\"%.80s\" is no store;"
		    " write \"lmdb:/var/lib/usher\" or"
		    " \"redis://host:6379/0\"",
		    store);
	}
}

/* How long what is remembered of persons is kept, at most. */
static void
read_retention(struct usher_conf *conf, struct source *source,
    const config_setting_t *root)
{
	const int64_t day_s = (int64_t)24 * 3600;
	const char *text = "730d";
	struct usher_error error;

	conf->retention_s = 730 * day_s;
	if (!usher_source_string(source, root, "retention", &text))
		return;
	if (usher_duration_parse(text, &conf->retention_s, &error) != 0)
		usher_source_wrong(source,
		    config_setting_get_member(root, "retention"), "%s",
		    error.text);
	else if (conf->retention_s < day_s)
		usher_source_wrong(source,
		    config_setting_get_member(root, "retention"),
		    "\"%.80s\" is too short: what a day counts is kept for a"
		    " day at least",
		    text);
}

static void
read_sources(struct usher_conf *conf, struct source *source,
    const config_setting_t *root)
{
	const char *const *texts = default_sources;
	size_t count = COUNT(default_sources);
	const char **sources;

	(void)usher_source_strings(source, root, "preferences", &texts, &count);
	sources = usher_arena_array(&conf->arena, count + 1, sizeof(*sources));
	conf->sources = sources;
	for (size_t i = 0; sources != NULL && i < count; i++) {
		if (*texts[i] == '\0') {
			usher_source_wrong(source,
			    config_setting_get_member(root, "preferences"),
			    "\"\" names no file");
			continue;
		}
		sources[conf->source_count++] = usher_site_path(conf, texts[i]);
	}
}

static void
read_root(struct usher_conf *conf, struct source *source)
{
	config_setting_t *root = config_root_setting(&source->config);
	const config_setting_t *site = member_group(source, root, "site");

	usher_source_keys(source, root, keys, COUNT(keys));
	conf->site.mode = (enum usher_mode)usher_site_word(source, root, "mode",
	    mode_words, COUNT(mode_words), USHER_ENFORCE);
	usher_site_read_group(conf, source, site);
	read_sources(conf, source, root);
	read_store(conf, source, root);
	read_retention(conf, source, root);
	read_geo(conf, source, member_group(source, root, "geo"));
	read_page(conf, source, member_group(source, root, "page"));
	usher_conf_read_mail(conf, source, member_group(source, root, "mail"));
	usher_conf_read_sip(conf, source, member_group(source, root, "sip"));
	usher_site_read_default(conf, source, site);
}

/* Where usher.conf stands, for all that is relative to it. */
static void
set_place(struct usher_conf *conf, const char *path)
{
	char real[PATH_MAX], *slash;

	conf->site.file = "";
	conf->site.directory = "";
	if (path == NULL)
		return;
	conf->site.file = usher_arena_string(&conf->arena, path);
	if (realpath(path, real) == NULL)
		return;
	slash = strrchr(real, '/');
	slash[slash == real ? 1 : 0] = '\0';
	conf->site.directory = usher_arena_string(&conf->arena, real);
}

static int
read_text(struct usher_conf *conf, const char *path,
    struct usher_problems *problems)
{
	struct source source;
	char *text = NULL;
	size_t length = 0;
	int code = 0;

	if (path != NULL)
		code = usher_file_read(path, USHER_CONF_LIMIT, &text, &length,
		    problems);
	if (code != 0)
		return code;
	code = usher_source_read(&source, conf->site.file,
	    text == NULL ? "" : text, length, USHER_CONF_LIMIT, &conf->arena,
	    problems);
	free(text);
	if (code == 0)
		read_root(conf, &source);
	usher_source_end(&source);
	return code;
}

static int
read_conf(struct usher_conf *conf, const char *path,
    struct usher_problems *problems)
{
	size_t errors = usher_problems_errors(problems);
	const char *directory;
	int code;

	set_place(conf, path);
	code = read_text(conf, path, problems);
	if (code != 0)
		return code;
	directory = *conf->site.directory == '\0' ? NULL : conf->site.directory;
	code = usher_evidence_read(&conf->evidence, directory, problems);
	conf->has_built_in = code == 0 && conf->evidence == NULL;
	if (code == 0 || code == EINVAL) {
		int words = usher_words_read(&conf->words, directory, problems);

		code = words == 0 ? code : words;
	}
	if (conf->arena.failed)
		return ENOMEM;
	if (code == 0 && usher_problems_errors(problems) > errors)
		code = EINVAL;
	return code;
}

/* The first thing that is wrong, for callers who show one sentence. */
static int
tell_first(const struct usher_problems *problems, size_t from, const char *path,
    int code, struct usher_error *error)
{
	for (size_t i = from; i < usher_problems_count(problems); i++) {
		const struct usher_problem *problem =
		    usher_problems_get(problems, i);

		if (problem->warning)
			continue;
		return usher_error_at(error, code, problem->file, problem->line,
		    "%s", problem->text);
	}
	return usher_error_at(error, code, path, 0, "%s", strerror(code));
}

int
usher_conf_read(struct usher_conf **result, struct zones *zones,
    const char *path, struct usher_problems *problems,
    struct usher_error *error)
{
	struct usher_conf *conf = calloc(1, sizeof(*conf));
	struct usher_problems *own = problems == NULL ? usher_problems_new()
						      : problems;
	int code = ENOMEM;

	*result = NULL;
	if (conf != NULL && own != NULL) {
		atomic_init(&conf->references, 1);
		conf->zones = zones;
		code = read_conf(conf, path, own);
	}
	if (code == 0)
		*result = conf;
	else {
		(void)tell_first(own, 0, path, code, error);
		if (conf != NULL)
			usher_conf_release(conf);
	}
	if (problems == NULL)
		usher_problems_free(own);
	return code;
}
