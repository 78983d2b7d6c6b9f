/*
 * publish: sources -> store (design.md §6, `usher publish`).
 *
 * Everything changed is checked and written in one transaction; a broken
 * source leaves the last good one in force. An address belongs to the file
 * that has it already, else to the first by path.
 */
#include "publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"

enum { MOST_GROWTHS = 20 };

struct paths {
	const char **list;
	size_t count, size;
};

static int
keep_path(struct paths *paths, const char *path)
{
	if (paths->count == paths->size) {
		size_t size = paths->size == 0 ? 16 : paths->size * 2;
		const char **list = realloc(paths->list, size * sizeof(*list));

		if (list == NULL)
			return ENOMEM;
		paths->list = list;
		paths->size = size;
	}
	paths->list[paths->count++] = path;
	return 0;
}

/* Tries files again that waited for names of others, while that helps. */
static int
publish_later(struct publish_run *run, struct paths *later)
{
	size_t left = later->count + 1;
	int code = 0;

	while (code == 0 && later->count > 0) {
		bool last_try = later->count == left;
		size_t kept = 0;

		if (last_try)
			code = usher_publish_swap(run, later->list,
			    &later->count);
		left = later->count;
		for (size_t i = 0; code == 0 && i < left; i++) {
			code = usher_publish_file(run, later->list[i],
			    last_try);
			if (code == PUBLISH_LATER) {
				later->list[kept++] = later->list[i];
				code = 0;
			}
		}
		later->count = kept;
	}
	return code;
}

static int
publish_list(struct publish_run *run, char *const *paths, size_t count)
{
	struct paths later = { .list = NULL };
	int code = 0;

	for (size_t i = 0; code == 0 && i < count; i++) {
		code = usher_publish_file(run, paths[i], false);
		if (code == PUBLISH_LATER)
			code = keep_path(&later, paths[i]);
	}
	if (code == 0)
		code = publish_later(run, &later);
	free(later.list);
	return code;
}

struct gone {
	char *const *paths; /* that are there, sorted */
	size_t count, at;
	struct paths paths_gone;
	struct arena arena;
};

/* Both lists are in the order of their bytes: one walk over the two. */
static int
note_gone(const char *path, void *arg)
{
	struct gone *gone = arg;
	const char *copy;

	while (
	    gone->at < gone->count && strcmp(gone->paths[gone->at], path) < 0)
		gone->at++;
	if (gone->at < gone->count && strcmp(gone->paths[gone->at], path) == 0)
		return 0;
	copy = usher_arena_string(&gone->arena, path);
	return copy == NULL ? ENOMEM : keep_path(&gone->paths_gone, copy);
}

static int
remove_gone(struct publish_run *run, char *const *paths, size_t count)
{
	struct gone gone = { .paths = paths, .count = count };
	int code;

	usher_arena_init(&gone.arena);
	code = run->engine->each(run->store, note_gone, &gone, run->error);
	for (size_t i = 0; code == 0 && i < gone.paths_gone.count; i++)
		code = usher_publish_remove(run, gone.paths_gone.list[i]);
	free(gone.paths_gone.list);
	usher_arena_free(&gone.arena);
	return code;
}

static int
publish_all(struct publish_run *run)
{
	char **paths;
	size_t count;
	int code = usher_sources_list(run->conf, true, &paths, &count,
	    run->error);

	if (code != 0)
		return code;
	code = remove_gone(run, paths, count);
	if (code == 0)
		code = publish_list(run, paths, count);
	usher_sources_free(paths);
	return code;
}

/* One that was named: it may be gone, or be none of `preferences`. */
static int
publish_named(struct publish_run *run, const char *given, struct paths *there)
{
	struct store_file file;
	struct stat stat_now;
	char *path;
	bool named, missing;
	int code = usher_sources_path(run->conf, given, &path, &named,
	    run->error);

	if (code != 0)
		return code;
	missing = stat(path, &stat_now) < 0 && errno == ENOENT;
	code = run->engine->file(run->store, path, &file, run->error);
	if (code == 0 && missing && file.exists) {
		code = usher_publish_remove(run, path);
	} else if (code == 0 && (!named || missing)) {
		usher_problems_add(run->problems, false, given, 0,
		    missing ? "is not there, and not published"
			    : "is not named by `preferences` in %s",
		    run->conf->site.file);
		run->publication.broken++;
	} else if (code == 0) {
		char *copy = usher_arena_string(&run->arena, path);

		code = copy == NULL ? ENOMEM : keep_path(there, copy);
	}
	free(path);
	return code;
}

static int
publish_some(struct publish_run *run, const char *const *given)
{
	struct paths there = { .list = NULL };
	int code = 0;

	for (size_t i = 0; code == 0 && given[i] != NULL; i++)
		code = publish_named(run, given[i], &there);
	if (code == 0)
		code = publish_list(run, (char *const *)(uintptr_t)there.list,
		    there.count);
	free(there.list);
	return code;
}

/* The transaction; EAGAIN: there is more room now, do it again. */
static int
publish_once(struct publish_run *run, const char *const *paths)
{
	struct store_summary summary;
	bool moved;
	int code = run->engine->begin(run->store, &summary, run->error);

	if (code != 0)
		return code;
	moved = !summary.scoped ||
	    memcmp(summary.scope, run->conf->scope_hash,
		sizeof(summary.scope)) != 0;
	run->recheck = moved && paths == NULL;
	code = paths == NULL ? publish_all(run) : publish_some(run, paths);
	/* A few files alone say nothing of the others under this scope. */
	if (code == 0 && moved && (paths == NULL || summary.sources == 0)) {
		code = run->engine->set_scope(run->store, run->conf->scope_hash,
		    run->error);
		run->dirty = true;
	}
	if (code == 0 && run->arena.failed)
		code = usher_error_set(run->error, ENOMEM, "out of memory");
	if (code == 0 && run->dirty)
		code = run->engine->commit(run->store, run->error);
	if (code != 0 || !run->dirty)
		run->engine->abort(run->store);
	return code;
}

static void
begin_run(struct publish_run *run)
{
	run->dirty = false;
	run->events = NULL;
	run->last = &run->events;
	memset(&run->publication, 0, sizeof(run->publication));
	usher_arena_init(&run->arena);
	run->problems = usher_problems_new();
}

static void
end_run(struct publish_run *run)
{
	usher_problems_free(run->problems);
	usher_arena_free(&run->arena);
}

static int
tell_all(const struct publish_run *run, usher_publish_h tell, void *arg,
    struct usher_problems *problems, struct usher_error *error)
{
	size_t broken = run->publication.broken;

	for (size_t i = 0; i < usher_problems_count(run->problems); i++) {
		const struct usher_problem *one =
		    usher_problems_get(run->problems, i);

		usher_problems_add(problems, one->warning, one->file, one->line,
		    "%s", one->text);
	}
	for (const struct publish_event *event = run->events;
	     tell != NULL && event != NULL; event = event->next)
		tell(event->what, event->path, event->name, arg);
	if (broken == 0)
		return 0;
	return usher_error_set(error, EINVAL,
	    "%zu source%s could not be"
	    " published; what was published of %s before stays in force",
	    broken, broken == 1 ? "" : "s", broken == 1 ? "it" : "them");
}

int
usher_publish(struct usher *usher, const char *const *paths,
    struct usher_publication *publication, usher_publish_h tell, void *arg,
    struct usher_problems *problems, struct usher_error *error)
{
	struct publish_run run = { .conf = usher_conf_hold(usher) };
	int code = usher_handle_store(usher, run.conf, &run.store, error);

	memset(publication, 0, sizeof(*publication));
	run.error = error;
	for (int growths = 0; code == 0; growths++) {
		run.engine = run.store->engine;
		begin_run(&run);
		code = run.problems == NULL ? ENOMEM
					    : publish_once(&run, paths);
		if (code != EAGAIN || growths == MOST_GROWTHS)
			break;
		end_run(&run);
		code = 0;
	}
	if (code == ENOMEM)
		(void)usher_error_set(error, ENOMEM, "out of memory");
	if (code == 0) {
		*publication = run.publication;
		code = tell_all(&run, tell, arg, problems, error);
	}
	if (run.store != NULL) {
		end_run(&run);
		if (run.store != usher->store)
			usher_store_close(run.store);
	}
	usher_conf_release(run.conf);
	return code;
}
