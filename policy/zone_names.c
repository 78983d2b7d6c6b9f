/*
 * zone_names: see zone_names.h.
 *
 * Names come from preference files, which nobody trusts: a name is checked
 * byte by byte before a path is made of it. Every name of the IANA database
 * begins with a capital letter and has no dot; every other file beside it
 * ("posixrules", "leapseconds", "zone.tab") breaks one of the two.
 */
#include "zone_names.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "error.h"
#include "text.h"

enum { DEEPEST = 3, MOST_NAMES = 4096 };

struct zone_names {
	struct arena arena;
	size_t count;
	const char *list[MOST_NAMES];
};

/* What people write for a zone, and how the database calls it. */
static const struct {
	const char *written, *meant;
} habits[] = { { "ET", "America/New_York" }, { "EDT", "America/New_York" },
	{ "CT", "America/Chicago" }, { "CST", "America/Chicago" },
	{ "CDT", "America/Chicago" }, { "MT", "America/Denver" },
	{ "MDT", "America/Denver" }, { "PT", "America/Los_Angeles" },
	{ "PST", "America/Los_Angeles" }, { "PDT", "America/Los_Angeles" },
	{ "BST", "Europe/London" }, { "CEST", "Europe/Berlin" },
	{ "JST", "Asia/Tokyo" }, { "AEST", "Australia/Sydney" },
	{ "Z", "UTC" } };

static bool
check_part(const char *part, size_t length)
{
	if (length == 0 || !isupper((unsigned char)part[0]))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)part[i]) &&
		    strchr("_+-", part[i]) == NULL)
			return false;
	return true;
}

int
usher_zone_name_check(const char *name)
{
	if (strlen(name) > USHER_ZONE_NAME_MOST ||
	    strcmp(name, "Factory") == 0) /* "no zone is set here" */
		return ENOENT;
	for (;;) {
		size_t length = strcspn(name, "/");

		if (!check_part(name, length))
			return ENOENT;
		if (name[length] == '\0')
			return 0;
		name += length + 1;
	}
}

static void
walk(struct zone_names *names, const char *prefix, int depth)
{
	char path[sizeof(USHER_ZONE_FOLDER) + USHER_ZONE_NAME_MOST + 2];
	struct dirent *entry;
	DIR *folder;

	(void)snprintf(path, sizeof(path), USHER_ZONE_FOLDER "/%s", prefix);
	folder = opendir(path);
	if (folder == NULL)
		return;
	while ((entry = readdir(folder)) != NULL) {
		char *name = usher_arena_printf(&names->arena, "%s%s%s", prefix,
		    *prefix == '\0' ? "" : "/", entry->d_name);
		struct stat status;

		if (name == NULL || names->count == MOST_NAMES)
			break;
		if (usher_zone_name_check(name) != 0 ||
		    fstatat(dirfd(folder), entry->d_name, &status, 0) != 0)
			continue;
		if (S_ISREG(status.st_mode))
			names->list[names->count++] = name;
		else if (S_ISDIR(status.st_mode) && depth < DEEPEST)
			walk(names, name, depth + 1);
	}
	closedir(folder);
}

static int
compare(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

struct zone_names *
usher_zone_names_new(void)
{
	struct zone_names *names = calloc(1, sizeof(*names));

	if (names == NULL)
		return NULL;
	usher_arena_init(&names->arena);
	walk(names, "", 1);
	/* A folder has no order: the same slip gets the same advice. */
	if (names->count > 0)
		qsort(names->list, names->count, sizeof(names->list[0]),
		    compare);
	return names;
}

void
usher_zone_names_free(struct zone_names *names)
{
	if (names == NULL)
		return;
	usher_arena_free(&names->arena);
	free(names);
}

/* Case aside, with a blank for "_". */
static bool
alike(const char *name, const char *written)
{
	for (; *name != '\0'; name++, written++)
		if (tolower((unsigned char)*name) !=
		    tolower((unsigned char)(*written == ' ' ? '_' : *written)))
			return false;
	return *written == '\0';
}

static const char *
suggest(const struct zone_names *names, const char *written)
{
	for (size_t i = 0; i < sizeof(habits) / sizeof(habits[0]); i++)
		if (strcasecmp(habits[i].written, written) == 0)
			return habits[i].meant;
	if (names == NULL)
		return NULL;
	for (size_t i = 0; i < names->count; i++)
		if (alike(names->list[i], written))
			return names->list[i];
	for (size_t i = 0; i < names->count; i++) {
		const char *city = strrchr(names->list[i], '/');

		if (city != NULL && alike(city + 1, written))
			return names->list[i];
	}
	return usher_text_suggest(written, names->list, names->count);
}

static bool
is_offset(const char *name)
{
	if (strncasecmp(name, "UTC", 3) == 0 ||
	    strncasecmp(name, "GMT", 3) == 0)
		name += 3;
	return (*name == '+' || *name == '-') &&
	    isdigit((unsigned char)name[1]);
}

void
usher_zone_names_explain(const struct zone_names *names, const char *name,
    struct usher_error *error)
{
	const char *meant;

	if (names != NULL && names->count == 0) {
		usher_error_set(error, EINVAL,
		    "no time zone \"%.60s\": " USHER_ZONE_FOLDER
		    " has none at all; install tzdata",
		    name);
		return;
	}
	if (is_offset(name)) {
		usher_error_set(error, EINVAL,
		    "\"%.60s\" is an offset, and "
		    "offsets change with the seasons: name a zone such as "
		    "America/New_York, or UTC",
		    name);
		return;
	}
	meant = strlen(name) > USHER_ZONE_NAME_MOST ? NULL
						    : suggest(names, name);
	if (meant != NULL)
		usher_error_set(error, EINVAL,
		    "no time zone \"%.60s\"; "
		    "did you mean \"%s\"?",
		    name, meant);
	else
		usher_error_set(error, EINVAL,
		    "no time zone \"%.60s\": "
		    "write an IANA name such as America/New_York",
		    name);
}
