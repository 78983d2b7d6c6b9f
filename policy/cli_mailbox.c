/*
 * cli_mailbox: the messages of an mbox, a Maildir, a folder of .eml files or
 * a single file, one after the other and one in memory at a time.
 *
 * A From_ line of an mbox stands at the beginning or behind an empty line and
 * ends in a time and a year (RFC 4155 says no more of it); ">From " inside a
 * message loses one ">" (mboxrd; mboxo where it was added to "From " alone).
 */
#include "cli.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct growing {
	char *data;
	size_t length, size;
};

static bool
append(struct growing *growing, const char *data, size_t length)
{
	size_t wanted = growing->length + length + 1;
	char *more;

	if (wanted > growing->size) {
		more = realloc(growing->data, wanted * 2);
		if (more == NULL)
			return false;
		growing->data = more;
		growing->size = wanted * 2;
	}
	memcpy(growing->data + growing->length, data, length);
	growing->length += length;
	growing->data[growing->length] = '\0';
	return true;
}

int
cli_read_all(FILE *in, char **data, size_t *length)
{
	struct growing growing = { NULL, 0, 0 };
	char part[65536];
	size_t count;

	errno = 0;
	do {
		count = fread(part, 1, sizeof(part), in);
		if (!append(&growing, part, count)) {
			free(growing.data);
			errno = ENOMEM;
			return ENOMEM;
		}
	} while (count > 0);
	if (ferror(in)) {
		free(growing.data);
		return errno == 0 ? EIO : errno;
	}
	*data = growing.data;
	*length = growing.length;
	return 0;
}

static int
failed(struct usher_error *error, const char *path, int code)
{
	error->code = code;
	error->line = 0;
	(void)snprintf(error->file, sizeof(error->file), "%s", path);
	(void)snprintf(error->text, sizeof(error->text), "%s", strerror(code));
	return code;
}

/* "From sender Tue Nov 24 15:00:00 2026", with a zone before or behind. */
static bool
is_from_line(const char *line, size_t length)
{
	bool time = false;

	if (length < 5 || memcmp(line, "From ", 5) != 0)
		return false;
	for (size_t i = 5; i + 4 < length; i++) {
		const unsigned char *at = (const unsigned char *)line + i;

		if (isdigit(at[0]) && isdigit(at[1]) && at[2] == ':' &&
		    isdigit(at[3]) && isdigit(at[4]))
			time = true;
		else if (time && at[0] == ' ' && isdigit(at[1]) &&
		    isdigit(at[2]) && isdigit(at[3]) && isdigit(at[4]))
			return true;
	}
	return false;
}

static bool
is_quoted_from(const char *line, size_t length)
{
	size_t quotes = 0;

	while (quotes < length && line[quotes] == '>')
		quotes++;
	return quotes > 0 && length - quotes >= 5 &&
	    memcmp(line + quotes, "From ", 5) == 0;
}

struct mbox {
	const char *path;
	FILE *in;
	unsigned long number;
	struct growing message;
	cli_mailbox_h each;
	void *arg;
};

static int
end_message(struct mbox *mbox)
{
	char name[PATH_MAX + 32];
	int code;

	if (mbox->number == 0)
		return 0;
	(void)snprintf(name, sizeof(name), "%s#%lu", mbox->path, mbox->number);
	code = mbox->each(name,
	    mbox->message.data == NULL ? "" : mbox->message.data,
	    mbox->message.length, mbox->arg);
	mbox->message.length = 0;
	return code;
}

static int
read_mbox(struct mbox *mbox)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t got;
	bool blank = true;
	int code = 0;

	while (code == 0 && (got = getline(&line, &size, mbox->in)) > 0) {
		size_t length = (size_t)got, skip;

		if (blank && is_from_line(line, length)) {
			code = end_message(mbox);
			mbox->number++;
			blank = false;
			continue;
		}
		blank = line[0] == '\n' || (line[0] == '\r' && line[1] == '\n');
		skip = is_quoted_from(line, length) ? 1 : 0;
		if (!append(&mbox->message, line + skip, length - skip))
			code = ENOMEM;
	}
	if (code == 0 && ferror(mbox->in))
		code = errno;
	if (code == 0)
		code = end_message(mbox);
	free(line);
	free(mbox->message.data);
	return code;
}

static int
read_single(const char *path, FILE *in, cli_mailbox_h each, void *arg)
{
	char *data = NULL;
	size_t length = 0;
	int code = cli_read_all(in, &data, &length);

	if (code == 0)
		code = each(path, data, length, arg);
	free(data);
	return code;
}

static bool
ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length &&
	    strcmp(text + length - end_length, end) == 0;
}

/* An .eml file is one message, even with a From_ line before it. */
static int
read_file(const char *path, bool single, cli_mailbox_h each, void *arg,
    struct usher_error *error)
{
	struct mbox mbox = { .path = path, .each = each, .arg = arg };
	char start[256];
	size_t length;
	int code;

	mbox.in = fopen(path, "re");
	if (mbox.in == NULL)
		return failed(error, path, errno);
	length = fread(start, 1, sizeof(start), mbox.in);
	code = ferror(mbox.in) ? EIO : 0;
	rewind(mbox.in);
	if (code != 0 || length == 0)
		; /* an empty file is an mbox without a mail */
	else if (!single && !ends_in(path, ".eml") &&
	    is_from_line(start, length))
		code = read_mbox(&mbox);
	else
		code = read_single(path, mbox.in, each, arg);
	(void)fclose(mbox.in);
	return code == 0 ? 0 : failed(error, path, code);
}

static int
is_maildir_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int
is_eml_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && ends_in(entry->d_name, ".eml");
}

/* Every file of a folder in the order of names; *found counts them. */
static int
read_folder(const char *path, int (*wanted)(const struct dirent *),
    size_t *found, cli_mailbox_h each, void *arg, struct usher_error *error)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, wanted, alphasort);
	char name[PATH_MAX];
	int code = 0;

	if (count < 0)
		return failed(error, path, errno);
	for (int i = 0; i < count; i++) {
		struct stat file;

		if (code == 0 &&
		    snprintf(name, sizeof(name), "%s/%s", path,
			entries[i]->d_name) >= (int)sizeof(name))
			code = failed(error, path, ENAMETOOLONG);
		if (code == 0 && stat(name, &file) == 0 &&
		    S_ISREG(file.st_mode)) {
			(*found)++;
			code = read_file(name, true, each, arg, error);
		}
		free(entries[i]);
	}
	free(entries);
	return code;
}

static int
read_directory(const char *path, cli_mailbox_h each, void *arg,
    struct usher_error *error)
{
	static const char *const parts[] = { "cur", "new" };
	char folder[PATH_MAX];
	bool maildir = false;
	size_t found = 0;
	int code = 0;

	for (size_t i = 0; code == 0 && i < 2; i++) {
		struct stat part;

		if (snprintf(folder, sizeof(folder), "%s/%s", path, parts[i]) >=
		    (int)sizeof(folder))
			return failed(error, path, ENAMETOOLONG);
		if (stat(folder, &part) != 0 || !S_ISDIR(part.st_mode))
			continue;
		maildir = true;
		code = read_folder(folder, is_maildir_file, &found, each, arg,
		    error);
	}
	if (maildir || code != 0)
		return code;
	code = read_folder(path, is_eml_file, &found, each, arg, error);
	if (code != 0 || found > 0)
		return code;
	(void)failed(error, path, ENOENT);
	(void)snprintf(error->text, sizeof(error->text),
	    "neither a Maildir (cur, new) nor a folder of .eml files");
	return ENOENT;
}

int
cli_mailbox_each(const char *path, cli_mailbox_h each, void *arg,
    struct usher_error *error)
{
	struct stat file;

	if (stat(path, &file) != 0)
		return failed(error, path, errno);
	if (S_ISDIR(file.st_mode))
		return read_directory(path, each, arg, error);
	return read_file(path, false, each, arg, error);
}
