/*
 * split_text: a split as the bytes of a record, and back.
 *
 * Lines of words, for whoever looks into a store:
 *
 *	usher-split 1
 *	mail MAIL BEGAN BACKS TOGETHER TURN
 *	member CLASS DONE ADDRESS
 *
 * TURN is the sum of 1, whose turn it is has not come, and 2, some wait for
 * theirs.
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

/* ---- writing ---- */

static void
write_lines(const struct split *split, FILE *out)
{
	fprintf(out, "%smail %016" PRIx64 " %" PRId64 " %u %d %d\n", title,
	    split->mail, split->began, split->backs, split->together,
	    split->first + 2 * split->waits);
	for (size_t i = 0; i < split->count; i++) {
		const struct split_member *member = &split->members[i];

		fprintf(out, "member %016" PRIx64 " %d %s\n", member->class,
		    member->done, member->who);
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

static int
read_mail(struct split *split, const char *line)
{
	int together, turn, end = 0;

	if (sscanf(line, "mail %16" SCNx64 " %18" SCNd64 " %3u %1d %1d%n",
		&split->mail, &split->began, &split->backs, &together, &turn,
		&end) != 5 ||
	    line[end] != '\0')
		return EBADMSG;
	split->together = together == 1;
	split->first = (turn & 1) != 0;
	split->waits = (turn & 2) != 0;
	return 0;
}

/* Ascending, as they were written: they are searched. */
static int
read_member(struct split *split, size_t room, const char *line)
{
	struct split_member member = { 0 };
	int done, who = 0;

	if (split->count == room ||
	    sscanf(line, "member %16" SCNx64 " %1d%n", &member.class, &done,
		&who) != 2 ||
	    who == 0 || line[who++] != ' ' || line[who] == '\0' ||
	    strlen(line + who) > SPLIT_WHO ||
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
	char *rest = text, *line = strsep(&rest, "\n");
	int code = read_mail(split, line);

	while (code == 0 && (line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0' || rest != NULL)
			code = read_member(split, room, line);
	return code == 0 && split->count == 0 ? EBADMSG : code;
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
