/*
 * error: see error.h.
 */
#include "error.h"

#include <glib.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

enum { MOST_PROBLEMS = 1000 };

struct usher_problems {
	struct arena arena;
	size_t count, errors, size;
	struct usher_problem *list;
	bool sorted;
};

/* Ends a text that did not fit with "...", never inside a UTF-8 character. */
static void
mark_cut(char *text, size_t size)
{
	size_t end = size - 4;

	while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
		end--;
	memcpy(text + end, "...", 4);
}

/*
 * Sentences quote what was read. Whatever that was, they are one line of
 * UTF-8 that does nothing to a terminal.
 */
static void
make_plain(char *text)
{
	while (*text != '\0') {
		gunichar c = g_utf8_get_char_validated(text, -1);
		char *next = text + 1;

		if (c != (gunichar)-1 && c != (gunichar)-2) {
			next = g_utf8_next_char(text);
			if (!g_unichar_iscntrl(c)) {
				text = next;
				continue;
			}
		}
		while (text < next)
			*text++ = '?';
	}
}

static void
format_text(char *text, size_t size, const char *format, va_list arguments)
{
	int length = vsnprintf(text, size, format, arguments);

	if (length >= (int)size)
		mark_cut(text, size);
	else if (length < 0)
		text[0] = '\0';
	make_plain(text);
}

int
usher_error_set(struct usher_error *error, int code, const char *format, ...)
{
	va_list arguments;

	if (error == NULL)
		return code;
	error->code = code;
	error->line = 0;
	error->file[0] = '\0';
	va_start(arguments, format);
	format_text(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	return code;
}

int
usher_error_at(struct usher_error *error, int code, const char *file,
    unsigned line, const char *format, ...)
{
	va_list arguments;

	if (error == NULL)
		return code;
	error->code = code;
	error->line = line;
	if (snprintf(error->file, sizeof(error->file), "%s",
		file == NULL ? "" : file) >= (int)sizeof(error->file))
		mark_cut(error->file, sizeof(error->file));
	va_start(arguments, format);
	format_text(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	return code;
}

struct usher_problems *
usher_problems_new(void)
{
	return calloc(1, sizeof(struct usher_problems));
}

void
usher_problems_free(struct usher_problems *problems)
{
	if (problems == NULL)
		return;
	usher_arena_free(&problems->arena);
	free(problems->list);
	free(problems);
}

size_t
usher_problems_count(const struct usher_problems *problems)
{
	return problems == NULL ? 0 : problems->count;
}

size_t
usher_problems_errors(const struct usher_problems *problems)
{
	return problems == NULL ? 0 : problems->errors;
}

/* Stable: problems of one line stay in the order they were found. */
static void
sort_problems(struct usher_problems *problems)
{
	for (size_t i = 1; i < problems->count; i++) {
		struct usher_problem one = problems->list[i];
		size_t at = i;

		while (at > 0) {
			struct usher_problem *before = &problems->list[at - 1];
			int order = strcmp(before->file, one.file);

			if (order < 0 ||
			    (order == 0 && before->line <= one.line))
				break;
			problems->list[at] = *before;
			at--;
		}
		problems->list[at] = one;
	}
	problems->sorted = true;
}

const struct usher_problem *
usher_problems_get(const struct usher_problems *problems, size_t index)
{
	if (problems == NULL || index >= problems->count)
		return NULL;
	if (!problems->sorted)
		sort_problems((struct usher_problems *)(uintptr_t)problems);
	return &problems->list[index];
}

static struct usher_problem *
next_problem(struct usher_problems *problems)
{
	if (problems->count == problems->size) {
		size_t size = problems->size == 0 ? 16 : problems->size * 2;
		struct usher_problem *list = realloc(problems->list,
		    size * sizeof(*list));

		if (list == NULL)
			return NULL;
		problems->list = list;
		problems->size = size;
	}
	problems->sorted = false;
	return &problems->list[problems->count];
}

void
usher_problems_add(struct usher_problems *problems, bool warning,
    const char *file, unsigned line, const char *format, ...)
{
	struct usher_problem *problem;
	va_list arguments;
	char *text;

	if (problems == NULL)
		return;
	if (!warning)
		problems->errors++;
	if (problems->count > MOST_PROBLEMS)
		return;
	problem = next_problem(problems);
	if (problem == NULL)
		return;
	problem->warning = warning;
	problem->line = line;
	problem->file = usher_arena_string(&problems->arena,
	    file == NULL ? "" : file);
	va_start(arguments, format);
	text = usher_arena_vprintf(&problems->arena,
	    problems->count == MOST_PROBLEMS ? "and more; mend these first"
					     : format,
	    arguments);
	va_end(arguments);
	if (problem->file == NULL || text == NULL)
		return;
	make_plain(text);
	problem->text = text;
	problems->count++;
}
