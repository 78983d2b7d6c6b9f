/*
 * source: see source.h.  Reading a text into libconfig's tree, and naming
 * the place of what is wrong in it; source_get.c has the readers of members.
 */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "source_scan.h"

enum { PATH_TEXT = 200 }; /* of a setting, for messages */

#if LIBCONFIG_VER_MAJOR > 1 || LIBCONFIG_VER_MINOR >= 7
static const char **
include_nothing(config_t *config, const char *directory, const char *path,
    const char **error)
{
	(void)config, (void)directory, (void)path;
	*error = "@include is not allowed";
	return NULL;
}
#endif

/* The scan refuses @include; should it ever miss one, nothing is found. */
static void
forbid_include(config_t *config)
{
#if LIBCONFIG_VER_MAJOR > 1 || LIBCONFIG_VER_MINOR >= 7
	config_set_include_func(config, include_nothing);
#else
	config_set_include_dir(config, "/dev/null");
#endif
}

/* One line of a text without its blanks at both ends, cut where it is long. */
static void
copy_line(const char *text, unsigned line, char out[80])
{
	size_t length;

	while (line > 1 && (text = strchr(text, '\n')) != NULL) {
		text++;
		line--;
	}
	out[0] = '\0';
	if (text == NULL)
		return;
	text += strspn(text, " \t\r");
	length = strcspn(text, "\r\n");
	if (length > 60)
		length = 60;
	memcpy(out, text, length);
	out[length] = '\0';
}

/* What the scan let pass and libconfig did not. */
static void
tell_parse_error(const struct source *source, const char *text, size_t length)
{
	const char *what = config_error_text(&source->config);
	int error_line = config_error_line(&source->config);
	unsigned line = error_line > 0 ? (unsigned)error_line : 0;
	struct usher_error error = { .code = 0 };
	char shown[80];

	if (what == NULL)
		what = "it cannot be read";
	if (strncmp(what, "duplicate", 9) == 0)
		usher_source_scan_twice(text, length, &error);
	if (error.code != 0) {
		usher_problems_add(source->problems, false, source->file,
		    error.line, "%s", error.text);
		return;
	}
	copy_line(text, line, shown);
	if (strncmp(what, "mismatched", 10) == 0)
		usher_problems_add(source->problems, false, source->file, line,
		    "entries of [ ] must be of one kind, all texts or"
		    " all numbers: %s",
		    shown);
	else
		usher_problems_add(source->problems, false, source->file, line,
		    "%s: %s", what, shown);
}

int
usher_source_read(struct source *source, const char *file, const char *text,
    size_t length, size_t limit, struct arena *arena,
    struct usher_problems *problems)
{
	struct usher_error error;
	char *copy;

	source->file = file;
	source->problems = problems;
	source->arena = arena;
	config_init(&source->config);
	forbid_include(&source->config);
	if (length > limit) {
		usher_problems_add(problems, false, file, 0,
		    "holds %zu bytes;"
		    " at most %zu (%zu kB) are read",
		    length, limit, limit / 1024);
		return EINVAL;
	}
	if (!usher_source_scan(text, length, &error)) {
		usher_problems_add(problems, false, file, error.line, "%s",
		    error.text);
		return EINVAL;
	}
	/*
	 * libconfig wants a NUL behind the text, which callers need not have,
	 * and trips over a comment in a last line without its end.
	 */
	copy = malloc(length + 2);
	if (copy == NULL)
		return ENOMEM;
	if (length > 0)
		memcpy(copy, text, length);
	memcpy(copy + length, "\n", 2);
	if (config_read_string(&source->config, copy) != CONFIG_TRUE) {
		tell_parse_error(source, copy, length);
		free(copy);
		return EINVAL;
	}
	free(copy);
	return 0;
}

void
usher_source_end(struct source *source)
{
	config_destroy(&source->config);
}

static int
read_all(int file, size_t limit, char **text, size_t *length)
{
	char *data = malloc(limit + 1);
	size_t used = 0;
	ssize_t got;

	if (data == NULL)
		return ENOMEM;
	while ((got = read(file, data + used, limit + 1 - used)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || used + (size_t)got > limit) {
			int code = got < 0 ? errno : EFBIG;

			free(data);
			return code;
		}
		used += (size_t)got;
	}
	data[used] = '\0';
	*text = data;
	*length = used;
	return 0;
}

static int
open_and_read(const char *path, size_t limit, char **text, size_t *length)
{
	/* Never waits for the other end of a pipe that stands in its place. */
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat stat;
	int code = 0;

	if (file < 0)
		return errno;
	if (fstat(file, &stat) < 0)
		code = errno;
	else if (S_ISDIR(stat.st_mode))
		code = EISDIR;
	else if (!S_ISREG(stat.st_mode))
		code = EINVAL;
	else if (stat.st_size > (off_t)limit)
		code = EFBIG;
	else
		code = read_all(file, limit, text, length);
	(void)close(file);
	return code;
}

int
usher_file_read(const char *path, size_t limit, char **text, size_t *length,
    struct usher_problems *problems)
{
	int code = open_and_read(path, limit, text, length);

	if (code == EINVAL)
		usher_problems_add(problems, false, path, 0,
		    "is no regular file");
	else if (code == EFBIG)
		usher_problems_add(problems, false, path, 0,
		    "is longer than the %zu kB that are read", limit / 1024);
	else if (code != 0)
		usher_problems_add(problems, false, path, 0,
		    "cannot be read: %s", strerror(code));
	return code;
}

/* "rules[2].during", from the end of `out` forward; the start of it. */
static const char *
setting_path(const config_setting_t *setting, char out[PATH_TEXT])
{
	size_t at = PATH_TEXT - 1;

	out[at] = '\0';
	for (; setting != NULL && !config_setting_is_root(setting);
	     setting = config_setting_parent(setting)) {
		const char *name = config_setting_name(setting);
		char part[80];
		int length;

		if (name == NULL)
			length = snprintf(part, sizeof(part), "[%d]",
			    config_setting_index(setting));
		else
			length = snprintf(part, sizeof(part), "%.60s", name);
		if (length < 0 || at < (size_t)length + 1)
			break;
		if (at < PATH_TEXT - 1 && out[at] != '[')
			out[--at] = '.';
		at -= (size_t)length;
		memcpy(out + at, part, (size_t)length);
	}
	return out + at;
}

static void add(const struct source *source, const config_setting_t *setting,
    bool warning, const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

static void
add(const struct source *source, const config_setting_t *setting, bool warning,
    const char *format, va_list arguments)
{
	char text[sizeof(((struct usher_error *)NULL)->text)];
	char place[PATH_TEXT];
	const char *path = setting_path(setting, place);
	unsigned line = setting == NULL || config_setting_is_root(setting)
	    ? 0
	    : (unsigned)config_setting_source_line(setting);

	/* usher_problems_add() would need a copy of the list besides. */
	(void)vsnprintf(text, sizeof(text), format, arguments);
	usher_problems_add(source->problems, warning, source->file, line,
	    "%s%s%s", path, *path == '\0' ? "" : ": ", text);
}

void
usher_source_wrong(const struct source *source, const config_setting_t *setting,
    const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(source, setting, false, format, arguments);
	va_end(arguments);
}

void
usher_source_warn(const struct source *source, const config_setting_t *setting,
    const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(source, setting, true, format, arguments);
	va_end(arguments);
}
