/*
 * usher_sources: which files `preferences` of usher.conf names.
 *
 * Paths are absolute with their folder resolved, so that one file has one
 * name whichever way it was reached. Called by publish.c and the command line.
 */
#include "usher_handle.h"

#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

struct list {
	char **paths;
	size_t count, size;
	/* The folder resolved last: its files come one after the other. */
	char folder[PATH_MAX], resolved[PATH_MAX];
};

/* The folder that a pattern names before its first wildcard. */
static size_t
fixed_length(const char *pattern)
{
	size_t length = strcspn(pattern, "*?[\\");

	while (length > 0 && pattern[length - 1] != '/')
		length--;
	return length;
}

static bool
resolve_folder(const char *path, size_t length, char out[PATH_MAX])
{
	char folder[PATH_MAX];

	if (length >= sizeof(folder))
		return false;
	memcpy(folder, length == 0 ? "." : path, length == 0 ? 1 : length);
	folder[length == 0 ? 1 : length] = '\0';
	return realpath(folder, out) != NULL;
}

/* Resolved folder and the rest of the path; NULL: no memory, no folder. */
static char *
resolve(struct list *list, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash == NULL ? 0 : (size_t)(slash + 1 - path);
	char *full = NULL;

	if (length >= sizeof(list->folder))
		return NULL;
	if (strncmp(list->folder, path, length) != 0 ||
	    list->folder[length] != '\0' || *list->resolved == '\0') {
		if (!resolve_folder(path, length, list->resolved)) {
			*list->resolved = '\0';
			return NULL;
		}
		memcpy(list->folder, path, length);
		list->folder[length] = '\0';
	}
	if (asprintf(&full, "%s/%s",
		strcmp(list->resolved, "/") == 0 ? "" : list->resolved,
		path + length) < 0)
		return NULL;
	return full;
}

static int
add(struct list *list, const char *path)
{
	char *full;

	if (list->count + 1 >= list->size) {
		size_t size = list->size == 0 ? 64 : list->size * 2;
		char **paths = realloc(list->paths, size * sizeof(*paths));

		if (paths == NULL)
			return ENOMEM;
		list->paths = paths;
		list->size = size;
	}
	full = resolve(list, path);
	if (full == NULL)
		return errno == ENOENT ? 0 : ENOMEM;
	list->paths[list->count++] = full;
	list->paths[list->count] = NULL;
	return 0;
}

static int
stop_at_trouble(const char *path, int code)
{
	(void)path;
	return code == ENOENT || code == ENOTDIR ? 0 : 1;
}

static int
add_pattern(struct list *list, const char *pattern, bool strict,
    struct usher_error *error)
{
	size_t length = fixed_length(pattern);
	char folder[PATH_MAX];
	glob_t found;
	int code;

	if (!resolve_folder(pattern, length, folder)) {
		if (!strict && errno == ENOENT)
			return 0;
		return usher_error_set(error, errno == ENOENT ? EINVAL : errno,
		    "`preferences` names"
		    " \"%s\", whose folder cannot be opened: %s",
		    pattern, strerror(errno));
	}
	code = glob(pattern, GLOB_NOSORT, stop_at_trouble, &found);
	if (code == GLOB_NOMATCH)
		return 0;
	if (code != 0)
		return usher_error_set(error,
		    code == GLOB_NOSPACE ? ENOMEM : EIO,
		    "the files of \"%s\" cannot be listed", pattern);
	for (size_t i = 0; code == 0 && i < found.gl_pathc; i++)
		code = add(list, found.gl_pathv[i]);
	globfree(&found);
	return code == 0
	    ? 0
	    : usher_error_set(error, code, "the files of \"%s\": %s", pattern,
		  strerror(code));
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts; what two patterns name stays once. */
static void
sort_list(struct list *list)
{
	size_t kept = 0;

	if (list->count == 0)
		return;
	qsort(list->paths, list->count, sizeof(*list->paths), compare);
	for (size_t i = 0; i < list->count; i++)
		if (kept > 0 &&
		    strcmp(list->paths[kept - 1], list->paths[i]) == 0)
			free(list->paths[i]);
		else
			list->paths[kept++] = list->paths[i];
	list->count = kept;
	list->paths[kept] = NULL;
}

int
usher_sources_list(const struct usher_conf *conf, bool strict, char ***paths,
    size_t *count, struct usher_error *error)
{
	struct list *list = calloc(1, sizeof(*list));
	int code = 0;

	*paths = NULL;
	*count = 0;
	if (list != NULL)
		list->paths = calloc(1, sizeof(*list->paths));
	if (list == NULL || list->paths == NULL) {
		free(list);
		return usher_error_set(error, ENOMEM, "out of memory");
	}
	for (size_t i = 0; code == 0 && i < conf->source_count; i++)
		code = add_pattern(list, conf->sources[i], strict, error);
	sort_list(list);
	if (code == 0) {
		*paths = list->paths;
		*count = list->count;
	} else {
		usher_sources_free(list->paths);
	}
	free(list);
	return code;
}

int
usher_conf_sources(struct usher_conf *conf, char ***paths,
    struct usher_error *error)
{
	size_t count;

	return usher_sources_list(conf, false, paths, &count, error);
}

void
usher_sources_free(char **paths)
{
	if (paths == NULL)
		return;
	for (size_t i = 0; paths[i] != NULL; i++)
		free(paths[i]);
	free(paths);
}

/* As written, from the root: of a file whose folder is gone. */
static char *
absolute(const char *path)
{
	char here[PATH_MAX], *full = NULL;

	if (*path == '/' || getcwd(here, sizeof(here)) == NULL)
		return strdup(path);
	return asprintf(&full, "%s/%s", here, path) < 0 ? NULL : full;
}

static bool
pattern_names(const char *pattern, const char *full)
{
	size_t length = fixed_length(pattern);
	char folder[PATH_MAX], whole[PATH_MAX];
	int written;

	if (!resolve_folder(pattern, length, folder))
		return false;
	written = snprintf(whole, sizeof(whole), "%s/%s",
	    strcmp(folder, "/") == 0 ? "" : folder, pattern + length);
	return written > 0 && (size_t)written < sizeof(whole) &&
	    fnmatch(whole, full, FNM_PATHNAME | FNM_PERIOD) == 0;
}

int
usher_sources_path(const struct usher_conf *conf, const char *path, char **full,
    bool *named, struct usher_error *error)
{
	struct list *list = calloc(1, sizeof(*list));

	*full = NULL;
	*named = false;
	if (list != NULL)
		*full = resolve(list, path);
	free(list);
	if (*full == NULL)
		*full = absolute(path);
	if (*full == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	for (size_t i = 0; !*named && i < conf->source_count; i++)
		*named = pattern_names(conf->sources[i], *full);
	return 0;
}
