/*
 * record_redis_write: the committer's transaction in Redis, up to its commit.
 *
 * What the notes edit is watched and read on one way there and back, and edited
 * here; record_redis_commit.c writes it. Called by record_commit.c through
 * struct record_engine.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "record_redis.h"

enum { SWEPT = 64 /* records a commit */, LINGER_S = 3600 };

/* One command there, so that no record is removed that lives on. */
static const char sweep_script[] =
    "local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf',"
    " '(' .. ARGV[1], 'LIMIT', 0, ARGV[2])\n"
    "for _, name in ipairs(gone) do\n"
    " local at = string.find(name, ':', 1, true)\n"
    " redis.call('DEL', 'usher:m:' .. name)\n"
    " redis.call('ZREM', 'usher:k:' .. string.sub(name, 1, at - 1),"
    " string.sub(name, at + 1))\n"
    " redis.call('ZREM', KEYS[1], name)\n"
    "end\n"
    "return #gone";

void
usher_memory_redis_leave(struct record_redis *redis)
{
	usher_redis_give(redis->link);
	redis->link = NULL;
	redis->owed = 0;
	g_hash_table_remove_all(redis->rows);
}

/* Ends the transaction; what was watched ends with the connection. */
int
usher_memory_redis_break(struct record_redis *redis, int code)
{
	usher_redis_drop(redis->link);
	redis->link = NULL;
	redis->again = false;
	usher_memory_redis_leave(redis);
	return code;
}

void
usher_memory_redis_abort(struct records *records)
{
	struct record_redis *redis = usher_memory_redis(records);

	redis->again = false;
	if (redis->link != NULL)
		(void)usher_memory_redis_break(redis, 0);
}

int
usher_memory_redis_say(struct record_redis *redis,
    const struct redis_word *words, size_t count, struct usher_error *error)
{
	int code = usher_redis_say(redis->link, words, count, error);

	if (code == 0)
		redis->owed++;
	return code;
}

int
usher_memory_redis_reply(struct record_redis *redis, int type,
    redisReply **reply, struct usher_error *error)
{
	redis->owed--;
	return usher_memory_redis_hear(redis->link, redis->until_ms, type,
	    reply, error);
}

/* Until `left` are owed; what is said there is not wanted, but no error. */
int
usher_memory_redis_skip(struct record_redis *redis, unsigned left,
    struct usher_error *error)
{
	int code = 0;

	while (code == 0 && redis->owed > left) {
		redisReply *reply;

		code = usher_memory_redis_reply(redis, 0, &reply, error);
		freeReplyObject(reply);
	}
	return code;
}

/* Whether the commit whose answer was lost has happened: EALREADY. */
static int
clear_doubt(struct record_redis *redis, struct usher_error *error)
{
	struct redis_word words[2] = { usher_redis_text("GET") };
	redisReply *reply;
	char key[WRITER_KEY];
	int code;

	usher_memory_redis_writer(redis, key);
	words[1] = usher_redis_text(key);
	code = usher_memory_redis_say(redis, words, 2, error);
	if (code == 0)
		code = usher_memory_redis_reply(redis, 0, &reply, error);
	if (code != 0)
		return usher_memory_redis_break(redis, code);
	redis->doubtful = false;
	if (reply->type == REDIS_REPLY_STRING &&
	    strtoull(reply->str, NULL, 10) == redis->sequence) {
		usher_memory_redis_leave(redis);
		code = EALREADY;
	}
	freeReplyObject(reply);
	return code;
}

int
usher_memory_redis_begin(struct records *records, struct usher_error *error)
{
	struct record_redis *redis = usher_memory_redis(records);
	int64_t now_ms = usher_redis_now_ms();
	int code;

	if (!redis->again)
		redis->until_ms = now_ms + redis->commit_ms;
	redis->again = false;
	if (now_ms >= redis->until_ms)
		return usher_error_set(error, ETIMEDOUT,
		    "others wrote the same all the time");
	code = usher_redis_take(redis->pool, redis->until_ms, &redis->link,
	    error);
	return code == 0 && redis->doubtful ? clear_doubt(redis, error) : code;
}

/* ---- reading what is to be edited ---- */

static int
say_load(struct record_redis *redis, const struct redis_row *rows,
    struct usher_error *error)
{
	int code = 0;

	for (const struct redis_row *row = rows; code == 0 && row != NULL;
	     row = row->next) {
		struct redis_word words[2] = { usher_redis_text("WATCH"),
			{ row->name.bytes, row->name.length } };

		code = usher_memory_redis_say(redis, words, 2, error);
		words[0] = usher_redis_text("GET");
		if (code == 0)
			code = usher_memory_redis_say(redis, words, 2, error);
	}
	return code;
}

static int
hear_load(struct record_redis *redis, struct redis_row *row,
    struct usher_error *error)
{
	struct usher_record_value value;
	redisReply *reply;
	int code = usher_memory_redis_reply(redis, REDIS_REPLY_STATUS, &reply,
	    error);

	if (code != 0)
		return code;
	freeReplyObject(reply);
	code = usher_memory_redis_reply(redis, 0, &reply, error);
	if (code != 0)
		return code;
	code = usher_memory_redis_value(reply, &value);
	if (code == 0)
		code = usher_memory_row_set(row, &value);
	freeReplyObject(reply);
	row->loaded = code == 0;
	row->existed = value.bytes != NULL;
	row->old_until = value.until;
	return code == 0 ? 0
			 : usher_error_set(error, code, "a record in Redis: %s",
			       strerror(code));
}

/* Rows that are linked by `next`. Ends the transaction where it fails. */
static int
load(struct record_redis *redis, struct redis_row *rows,
    struct usher_error *error)
{
	unsigned before = redis->owed;
	int code = rows == NULL ? 0 : say_load(redis, rows, error);

	if (code == 0 && rows != NULL)
		code = usher_memory_redis_skip(redis, redis->owed - before,
		    error);
	for (struct redis_row *row = rows; code == 0 && row != NULL;
	     row = row->next)
		code = hear_load(redis, row, error);
	return code == 0 ? 0 : usher_memory_redis_break(redis, code);
}

/* Puts the rows of some edits before those that are to be loaded. */
static int
want(struct record_redis *redis, const struct record_edit *edits,
    struct redis_row **rows)
{
	for (const struct record_edit *edit = edits; edit != NULL;
	     edit = edit->next) {
		struct redis_row *row = usher_memory_row_of(redis->rows, edit);

		if (row == NULL)
			return ENOMEM;
		if (row->loaded)
			continue;
		row->loaded = true;
		row->next = *rows;
		*rows = row;
	}
	return 0;
}

static int
say_sweep(struct record_redis *redis, int64_t at, struct usher_error *error)
{
	char before[24], most[16];
	struct redis_word words[] = { usher_redis_text("EVAL"),
		usher_redis_text(sweep_script), usher_redis_text("1"),
		usher_redis_text("usher:e"), { before, 0 }, { most, 0 } };

	(void)snprintf(before, sizeof(before), "%" PRId64, at - LINGER_S);
	(void)snprintf(most, sizeof(most), "%d", SWEPT);
	words[4] = usher_redis_text(before);
	words[5] = usher_redis_text(most);
	return usher_memory_redis_say(redis, words, 6, error);
}

/* All that the notes will ask for, and before it what has ended. */
int
usher_memory_redis_fetch(struct records *records,
    const struct record_note *notes, struct usher_error *error)
{
	struct record_redis *redis = usher_memory_redis(records);
	int64_t now = atomic_load_explicit(&records->now, memory_order_relaxed);
	struct redis_row *rows = NULL;
	int code = now == 0 ? 0 : say_sweep(redis, now, error);

	for (; code == 0 && notes != NULL; notes = notes->next)
		code = want(redis, notes->edits, &rows);
	if (code != 0)
		return usher_memory_redis_break(redis,
		    usher_error_set(error, code, "out of memory"));
	return load(redis, rows, error);
}

int
usher_memory_redis_sweep(struct records *records, int64_t at,
    struct usher_error *error)
{
	(void)records, (void)at, (void)error; /* it went before */
	return 0;
}

/* ---- editing ---- */

/* An edit with what it made. */
struct made {
	const struct record_edit *edit;
	struct redis_row *row;
	struct usher_record_value fresh;
};

static int
make_one(struct made *made, size_t index)
{
	struct made *one = &made[index];
	struct usher_record_value old = one->row->now;
	int code;

	/* As an earlier edit of the note leaves it. */
	for (size_t i = 0; i < index; i++)
		if (made[i].row == one->row)
			old = made[i].fresh;
	one->fresh = old;
	code = one->edit->edit(one->edit->arg, &old, &one->fresh);
	if (code == 0 && one->fresh.bytes != NULL &&
	    one->fresh.length > USHER_RECORD_BYTES)
		code = EMSGSIZE;
	return code;
}

/* Only the last of several edits of a row is the row's new value. */
static int
keep_made(struct made *made, size_t count, size_t index)
{
	struct redis_row *row = made[index].row;
	const struct usher_record_value *fresh = &made[index].fresh;

	for (size_t i = index + 1; i < count; i++)
		if (made[i].row == row)
			return 0;
	if (fresh->bytes == row->now.bytes &&
	    fresh->length == row->now.length &&
	    (fresh->bytes == NULL || fresh->until == row->now.until))
		return 0;
	row->dirty = true;
	return usher_memory_row_set(row, fresh);
}

static int
write_made(struct record_redis *redis, struct made *made, size_t count,
    bool *refused)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < count; i++) {
		made[i].row = usher_memory_row_of(redis->rows, made[i].edit);
		code = make_one(made, i);
	}
	*refused = code != 0;
	for (size_t i = 0; code == 0 && i < count; i++)
		code = keep_made(made, count, i);
	return code;
}

int
usher_memory_redis_write(struct records *records,
    const struct record_edit *edits, bool *refused, struct usher_error *error)
{
	struct record_redis *redis = usher_memory_redis(records);
	const struct record_edit *edit;
	struct redis_row *rows = NULL;
	struct made *made;
	size_t count = 0;
	int code;

	*refused = false;
	for (edit = edits; edit != NULL; edit = edit->next)
		count++;
	made = calloc(count + 1, sizeof(*made));
	if (made == NULL || want(redis, edits, &rows) != 0) {
		free(made);
		return usher_memory_redis_break(redis,
		    usher_error_set(error, ENOMEM, "out of memory"));
	}
	code = load(redis, rows, error);
	if (code != 0) {
		free(made);
		return code;
	}
	count = 0;
	for (edit = edits; edit != NULL; edit = edit->next)
		made[count++].edit = edit;
	code = write_made(redis, made, count, refused);
	free(made);
	return code == 0 || *refused ? code
				     : usher_memory_redis_break(redis, code);
}
