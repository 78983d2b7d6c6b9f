/*
 * publish_file: one source file: has it changed, is it good, whose are its
 * names; then into the store (design.md §4 "Limits", §6).
 */
#include "publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "error.h"
#include "policy.h"
#include "source.h"

struct reading { /* one file under work */
	const char *path;
	struct store_file file; /* what is published of it */
	struct store_stamp stamp;
	char *text;
	size_t length;
	struct usher_problems *problems;
	struct usher_policy *policy;
};

static int64_t
nanoseconds(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

/*
 * Files are stamped by a clock of coarse ticks. A stamp of the present tick
 * is not kept: a second change within it would look like the first. (The only
 * clock read here, and it decides nothing but whether to read a file again.)
 */
static int
take_stamp(const char *path, struct store_stamp *stamp)
{
	struct timespec now;
	struct stat file;

	memset(stamp, 0, sizeof(*stamp));
	if (clock_gettime(CLOCK_REALTIME_COARSE, &now) < 0)
		memset(&now, 0, sizeof(now));
	if (stat(path, &file) < 0)
		return errno;
	if (nanoseconds(&file.st_ctim) >= nanoseconds(&now) ||
	    nanoseconds(&file.st_mtim) >= nanoseconds(&now))
		return 0;
	stamp->device = file.st_dev;
	stamp->inode = file.st_ino;
	stamp->size = (uint64_t)file.st_size;
	stamp->modified_ns = nanoseconds(&file.st_mtim);
	stamp->changed_ns = nanoseconds(&file.st_ctim);
	return 0;
}

static bool
same_stamp(const struct store_stamp *a, const struct store_stamp *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool
is_settled(const struct store_stamp *stamp)
{
	return stamp->inode != 0;
}

static bool
is_flawed(const struct store_stamp *stamp)
{
	return stamp->device == STORE_FLAWED;
}

void
usher_publish_event(struct publish_run *run, const char *what, const char *path,
    const char *name)
{
	struct publish_event *event = usher_arena_alloc(&run->arena,
	    sizeof(*event));

	if (event == NULL)
		return;
	event->what = what;
	event->path = usher_arena_string(&run->arena, path);
	event->name = name == NULL ? NULL
				   : usher_arena_string(&run->arena, name);
	*run->last = event;
	run->last = &event->next;
}

static int
restamp(struct publish_run *run, const char *path,
    const struct store_stamp *old, const struct store_stamp *stamp)
{
	if (same_stamp(old, stamp))
		return 0;
	run->dirty = true;
	return run->engine->restamp(run->store, path, stamp, run->error);
}

/* A broken source: the last good stays, and is looked at again next time. */
static int
leave_broken(struct publish_run *run, struct reading *reading)
{
	static const struct store_stamp flawed = { .device = STORE_FLAWED };

	run->publication.broken++;
	usher_publish_event(run, "broken", reading->path, NULL);
	if (!reading->file.exists)
		return 0;
	return restamp(run, reading->path, &reading->file.stamp, &flawed);
}

int
usher_publish_remove(struct publish_run *run, const char *path)
{
	int code = run->engine->remove(run->store, path, run->error);

	if (code != 0)
		return code;
	run->dirty = true;
	run->publication.removed++;
	usher_publish_event(run, "removed", path, NULL);
	return 0;
}

/* Whether a name is free for this file; a vanished file owns nothing. */
static int
claim(struct publish_run *run, struct reading *reading, const char *name,
    struct arena *arena, bool last_try)
{
	const char *shown = strncmp(name, "sip:", 4) == 0 ? name + 4 : name;
	const char *owner;
	struct stat stat_now;
	int code = run->engine->owner(run->store, name, arena, &owner,
	    run->error);

	if (code != 0 || *owner == '\0' || strcmp(owner, reading->path) == 0)
		return code;
	if (stat(owner, &stat_now) < 0 && errno == ENOENT)
		return usher_publish_remove(run, owner);
	if (!last_try)
		return PUBLISH_LATER;
	usher_problems_add(reading->problems, false, reading->path, 0,
	    "%s belongs to %s already: an address or number belongs to one"
	    " file",
	    shown, owner);
	return EINVAL;
}

/* Addresses, phones and faxes, each once. */
static const char **
list_names(const struct usher_policy *policy, struct arena *arena,
    size_t *count)
{
	const char **names = usher_arena_array(arena,
	    policy->address_count + policy->fax_count + 1, sizeof(*names));
	size_t used = 0;

	*count = 0;
	if (names == NULL)
		return NULL;
	for (size_t i = 0; i < policy->address_count + policy->fax_count; i++) {
		const char *name = i < policy->address_count
		    ? usher_store_name(arena, &policy->addresses[i])
		    : policy->faxes[i - policy->address_count];
		size_t at = 0;

		if (name == NULL)
			return NULL;
		while (at < used && strcmp(names[at], name) != 0)
			at++;
		if (at == used)
			names[used++] = name;
	}
	*count = used;
	return names;
}

static int
write_source(struct publish_run *run, struct reading *reading,
    struct store_source *source)
{
	const char *name = usher_policy_name(reading->policy);
	bool equal = false;
	int code = 0;

	if (reading->file.exists)
		code = run->engine->equals(run->store, reading->file.id, source,
		    &equal, run->error);
	if (code == 0 && equal) {
		run->publication.unchanged++;
		return restamp(run, reading->path, &reading->file.stamp,
		    &reading->stamp);
	}
	if (code == 0)
		code = run->engine->put(run->store, source, run->error);
	if (code != 0)
		return code;
	run->dirty = true;
	if (reading->file.exists || run->swapping)
		run->publication.changed++;
	else
		run->publication.added++;
	usher_publish_event(run,
	    reading->file.exists || run->swapping ? "changed" : "added",
	    reading->path, name);
	return 0;
}

static int
publish_policy(struct publish_run *run, struct reading *reading, bool last_try)
{
	struct store_source source = { .path = reading->path,
		.stamp = reading->stamp,
		.text = reading->text,
		.length = reading->length,
		.needs = usher_policy_needs(reading->policy) };
	struct arena arena;
	int code = 0;

	usher_arena_init(&arena);
	source.names = list_names(reading->policy, &arena, &source.name_count);
	if (source.names == NULL)
		code = usher_error_set(run->error, ENOMEM, "out of memory");
	for (size_t i = 0; code == 0 && i < source.name_count; i++)
		code = claim(run, reading, source.names[i], &arena, last_try);
	if (code == 0)
		code = write_source(run, reading, &source);
	else if (code == EINVAL)
		code = leave_broken(run, reading);
	usher_arena_free(&arena);
	return code;
}

static int
compile(struct publish_run *run, struct reading *reading)
{
	if (strlen(reading->path) > STORE_LONGEST_PATH) {
		usher_problems_add(reading->problems, false, reading->path, 0,
		    "the path is longer than %d bytes", STORE_LONGEST_PATH);
		return EINVAL;
	}
	return usher_policy_compile(run->conf, reading->path, reading->text,
	    reading->length, &reading->policy, reading->problems);
}

/* Reads the file unless it is the published one; `done`: nothing to do. */
static int
read_changed(struct publish_run *run, struct reading *reading, bool *done)
{
	struct store_stamp after;
	bool check_again = run->recheck || is_flawed(&reading->file.stamp);
	bool same = false;
	int code = take_stamp(reading->path, &reading->stamp);

	*done = reading->file.exists && !check_again && code == 0 &&
	    is_settled(&reading->stamp) &&
	    same_stamp(&reading->stamp, &reading->file.stamp);
	if (*done) {
		run->publication.unchanged++;
		return 0;
	}
	if (usher_file_read(reading->path, USHER_SOURCE_LIMIT, &reading->text,
		&reading->length, reading->problems) != 0)
		return EINVAL;
	if (take_stamp(reading->path, &after) != 0 ||
	    !same_stamp(&reading->stamp, &after))
		memset(&reading->stamp, 0, sizeof(reading->stamp));
	if (!reading->file.exists || check_again)
		return 0;
	code = run->engine->holds(run->store, reading->file.id, reading->text,
	    reading->length, &same, run->error);
	if (code != 0 || !same)
		return code;
	*done = true;
	run->publication.unchanged++;
	return restamp(run, reading->path, &reading->file.stamp,
	    &reading->stamp);
}

static void
pass_problems(struct publish_run *run, const struct usher_problems *from)
{
	for (size_t i = 0; i < usher_problems_count(from); i++) {
		const struct usher_problem *one = usher_problems_get(from, i);

		usher_problems_add(run->problems, one->warning, one->file,
		    one->line, "%s", one->text);
	}
}

int
usher_publish_file(struct publish_run *run, const char *path, bool last_try)
{
	struct reading reading = { .path = path,
		.problems = usher_problems_new() };
	bool done = false;
	int code;

	if (reading.problems == NULL)
		return usher_error_set(run->error, ENOMEM, "out of memory");
	code = run->engine->file(run->store, path, &reading.file, run->error);
	if (code == 0) {
		code = read_changed(run, &reading, &done);
		if (code == 0 && !done)
			code = compile(run, &reading);
		if (code == EINVAL)
			code = leave_broken(run, &reading);
		else if (code == 0 && !done)
			code = publish_policy(run, &reading, last_try);
	}
	/* A later try says it all again. */
	if (code != PUBLISH_LATER)
		pass_problems(run, reading.problems);
	usher_policy_release(reading.policy);
	usher_problems_free(reading.problems);
	free(reading.text);
	return code;
}

int
usher_publish_names(struct publish_run *run, const char *path,
    struct arena *arena, const char ***names, size_t *count)
{
	struct reading reading = { .path = path,
		.problems = usher_problems_new() };
	int code = ENOMEM;

	*names = NULL;
	*count = 0;
	if (reading.problems != NULL)
		code = usher_file_read(path, USHER_SOURCE_LIMIT, &reading.text,
		    &reading.length, reading.problems);
	if (code == 0)
		code = compile(run, &reading);
	if (code == 0)
		*names = list_names(reading.policy, arena, count);
	if (code == 0 && *names == NULL)
		code = ENOMEM;
	/* They may stand in the policy, which goes. */
	for (size_t i = 0; code == 0 && i < *count; i++) {
		(*names)[i] = usher_arena_string(arena, (*names)[i]);
		if ((*names)[i] == NULL)
			code = ENOMEM;
	}
	usher_policy_release(reading.policy);
	usher_problems_free(reading.problems);
	free(reading.text);
	/* What is broken asks for nothing, and is told of when it is tried. */
	return code == ENOMEM ? ENOMEM : 0;
}
