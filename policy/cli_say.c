/*
 * cli_say: what the command line says on standard error, and how text from
 * outside is made harmless for a terminal.
 */
#include "cli.h"

#include <stdarg.h>

int
cli_usage(const char *command, const char *format, ...)
{
	va_list arguments;

	fputs("usher", stderr);
	if (command != NULL)
		fprintf(stderr, " %s", command);
	fputs(": ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "\nTry `usher%s%s --help`.\n",
	    command == NULL ? "" : " ", command == NULL ? "" : command);
	return CLI_WRONG;
}

int
cli_wrong(const char *format, ...)
{
	va_list arguments;

	fputs("usher: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return CLI_WRONG;
}

int
cli_failed(const char *format, ...)
{
	va_list arguments;

	fputs("usher: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return CLI_FAILED;
}

void
cli_say_error(const struct usher_error *error)
{
	if (error->file[0] == '\0')
		fputs("usher: ", stderr);
	else if (error->line == 0)
		fprintf(stderr, "%s: ", error->file);
	else
		fprintf(stderr, "%s:%u: ", error->file, error->line);
	cli_put(error->text, stderr);
	fputc('\n', stderr);
}

void
cli_say_problems(const struct usher_problems *problems, FILE *out)
{
	for (size_t i = 0; i < usher_problems_count(problems); i++) {
		const struct usher_problem *problem =
		    usher_problems_get(problems, i);

		/* What the whole file lacks is told at its first line. */
		unsigned line = problem->line == 0 && problem->warning
		    ? 1
		    : problem->line;

		if (*problem->file == '\0')
			fputs("usher: ", out);
		else if (line == 0)
			fprintf(out, "%s: ", problem->file);
		else
			fprintf(out, "%s:%u: ", problem->file, line);
		if (problem->warning)
			fputs("warning: ", out);
		cli_put(problem->text, out);
		fputc('\n', out);
	}
}

/* A mail's subject must not move the cursor of whoever reads about it. */
void
cli_put(const char *text, FILE *out)
{
	const unsigned char *at = (const unsigned char *)text;

	for (; *at != '\0'; at++) {
		bool c1 = at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0;

		if ((*at < ' ' && *at != '\n') || *at == 0x7f || c1)
			fputc('?', out);
		else
			fputc(*at, out);
		at += c1;
	}
}

const char *
cli_meant(const char *word, const char *const *names, size_t count,
    char text[CLI_MEANT])
{
	const char *meant = usher_text_suggest(word, names, count);

	text[0] = '\0';
	if (meant != NULL)
		(void)snprintf(text, CLI_MEANT, "; did you mean `%s`?", meant);
	return text;
}
