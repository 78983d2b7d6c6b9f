/*
 * split_text: a split as the bytes of a record, and back.
 *
 * Lines of words, for whoever looks into a store:
 *
 *	usher-split 1
 *	batch ID MAIL BEGAN TURN BACKS WAITS TOGETHER
 *	member BATCH TURN DONE ADDRESS
 *
 * A record is bytes from outside: another version's or damaged ones are
 * refused, and the split begins anew.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "split.h"

static const char title[] = "usher-split 1\n";

enum { MOST_TURNS = 1000000 };

/* ---- writing ---- */

static void
write_lines(const struct split *split, FILE *out)
{
	fputs(title, out);
	for (size_t i = 0; i < split->batch_count; i++) {
		const struct split_batch *batch = &split->batches[i];

		fprintf(out,
		    "batch %u %016" PRIx64 " %" PRId64 " %u %u %u %d\n",
		    batch->id, batch->mail, batch->began, batch->turn,
		    batch->backs, batch->waits, batch->together);
	}
	for (size_t i = 0; i < split->count; i++) {
		const struct split_member *member = &split->members[i];

		fprintf(out, "member %u %u %d %s\n", member->batch,
		    member->turn, member->done, member->who);
	}
}

int
split_write(const struct split *split, char **bytes, size_t *length)
{
	FILE *out;
	bool well;

	*bytes = NULL;
	*length = 0;
	if (split->count == 0)
		return 0;
	out = open_memstream(bytes, length);
	if (out == NULL)
		return ENOMEM;
	write_lines(split, out);
	well = ferror(out) == 0;
	if (fclose(out) == 0 && well)
		return 0;
	free(*bytes);
	*bytes = NULL;
	return ENOMEM;
}

/* ---- reading ---- */

static bool
has_batch(const struct split *split, unsigned id)
{
	for (size_t i = 0; i < split->batch_count; i++)
		if (split->batches[i].id == id)
			return true;
	return false;
}

static int
read_batch(struct split *split, const char *line)
{
	struct split_batch batch = { 0 };
	int together, end = 0;

	if (split->batch_count == SPLIT_BATCHES ||
	    sscanf(line,
		"batch %9u %16" SCNx64 " %18" SCNd64 " %7u %3u %3u %1d%n",
		&batch.id, &batch.mail, &batch.began, &batch.turn, &batch.backs,
		&batch.waits, &together, &end) != 7 ||
	    line[end] != '\0' || has_batch(split, batch.id) ||
	    batch.turn > MOST_TURNS)
		return EBADMSG;
	batch.together = together == 1;
	split->batches[split->batch_count++] = batch;
	return 0;
}

/* Ascending, as they were written: they are searched. */
static int
read_member(struct split *split, size_t room, const char *line)
{
	struct split_member member = { 0 };
	int done, who = 0;

	if (split->count == room ||
	    sscanf(line, "member %9u %7u %1d%n", &member.batch, &member.turn,
		&done, &who) != 3 ||
	    line[who++] != ' ' || line[who] == '\0' ||
	    !has_batch(split, member.batch) || member.turn > MOST_TURNS ||
	    (split->count > 0 &&
		strcmp(split->members[split->count - 1].who, line + who) >= 0))
		return EBADMSG;
	member.done = done == 1;
	member.who = strdup(line + who);
	if (member.who == NULL)
		return ENOMEM;
	split->members[split->count++] = member;
	return 0;
}

static int
read_lines(struct split *split, size_t room, char *text)
{
	char *rest = text, *line;
	int code = 0;

	while (code == 0 && (line = strsep(&rest, "\n")) != NULL) {
		if (*line == 'b')
			code = read_batch(split, line);
		else if (*line != '\0' || rest != NULL)
			code = read_member(split, room, line);
	}
	return code;
}

static size_t
count_lines(const char *text, size_t length)
{
	size_t lines = 0;

	for (size_t i = 0; i < length; i++)
		if (text[i] == '\n')
			lines++;
	return lines;
}

int
split_read(const void *bytes, size_t length, struct split **result)
{
	size_t begin = sizeof title - 1, room;
	struct split *split;
	char *text;
	int code;

	*result = NULL;
	if (length < begin || length > SPLIT_BYTES ||
	    memcmp(bytes, title, begin) != 0 ||
	    memchr(bytes, '\0', length) != NULL)
		return EBADMSG;
	room = count_lines(bytes, length);
	text = strndup((const char *)bytes + begin, length - begin);
	split = split_new();
	if (split != NULL)
		split->members = calloc(room + 1, sizeof *split->members);
	code = text == NULL || split == NULL || split->members == NULL
	    ? ENOMEM
	    : read_lines(split, room, text);
	free(text);
	if (code == 0)
		*result = split;
	else
		split_free(split);
	return code;
}
