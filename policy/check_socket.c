/*
 * check_socket: whether the MTA looks for the milter where it will listen.
 *
 * A chrooted smtpd sees paths below Postfix's queue directory alone, so the
 * same words may name two places, and mail passes unscreened without a
 * complaint. Looks into the configuration of Postfix (MAIL_CONFIG, else
 * /etc/postfix) and of Sendmail; an MTA that names no Usher is none of our
 * business. Called by usher_check.c. Keeps design-mail.md "When something
 * fails" ("the same socket").
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_socket.h"
#include "error.h"

enum { PATH_TEXT = 512, LINE_TEXT = 4096 };

struct looking {
	const char *ours;	   /* the path of mail.socket */
	const char *mta;	   /* "Postfix" */
	char queue[PATH_TEXT];	   /* its queue directory, or "" */
	char elsewhere[PATH_TEXT]; /* where it looks for an Usher */
	bool found;		   /* it looks where we are */
};

static const char *
path_of(const char *socket)
{
	if (strncmp(socket, "unix:", 5) == 0)
		return socket + 5;
	return strncmp(socket, "local:", 6) == 0 ? socket + 6 : NULL;
}

static bool
same_place(const char *one, const char *other)
{
	char *left = realpath(one, NULL), *right = realpath(other, NULL);
	bool same = strcmp(one, other) == 0 ||
	    (left != NULL && right != NULL && strcmp(left, right) == 0);

	free(left);
	free(right);
	return same;
}

/* A place that a configuration names, relative to the queue or below it. */
static void
look_at(struct looking *looking, const char *named)
{
	char below[2 * PATH_TEXT];

	(void)snprintf(below, sizeof(below), "%s/%s", looking->queue,
	    named + (*named == '/'));
	if ((*named == '/' && same_place(looking->ours, named)) ||
	    (*looking->queue != '\0' && same_place(looking->ours, below)))
		looking->found = true;
	else if (strstr(named, "usher") != NULL)
		(void)snprintf(looking->elsewhere, sizeof(looking->elsewhere),
		    "%.500s", *named == '/' ? named : below);
}

/* Every "unix:PATH" and "local:PATH" of a line. */
static void
look_at_line(struct looking *looking, const char *line)
{
	char word[PATH_TEXT];

	while (*line != '\0') {
		size_t length = strcspn(line, " \t\n,={}\"");

		if (length > 0 && length < sizeof(word)) {
			memcpy(word, line, length);
			word[length] = '\0';
			if (path_of(word) != NULL && *path_of(word) != '\0')
				look_at(looking, path_of(word));
		}
		line += length + (line[length] != '\0');
	}
}

static void
read_queue(struct looking *looking, const char *line)
{
	static const char key[] = "queue_directory";

	if (strncmp(line, key, sizeof(key) - 1) != 0)
		return;
	line += sizeof(key) - 1;
	line += strspn(line, " \t");
	if (*line++ != '=')
		return;
	line += strspn(line, " \t");
	(void)snprintf(looking->queue, sizeof(looking->queue), "%.*s",
	    (int)strcspn(line, " \t\n"), line);
}

static void
each_line(struct looking *looking, const char *path,
    void (*take)(struct looking *looking, const char *line))
{
	char line[LINE_TEXT];
	FILE *file = fopen(path, "r");

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (*line != '#')
			take(looking, line);
	if (file != NULL)
		(void)fclose(file);
}

static void
look_at_postfix(struct looking *looking)
{
	const char *folder = getenv("MAIL_CONFIG");
	char path[PATH_TEXT];

	if (folder == NULL || *folder == '\0')
		folder = "/etc/postfix";
	(void)strcpy(looking->queue, "/var/spool/postfix");
	(void)snprintf(path, sizeof(path), "%.400s/main.cf", folder);
	each_line(looking, path, read_queue);
	each_line(looking, path, look_at_line);
	(void)snprintf(path, sizeof(path), "%.400s/master.cf", folder);
	each_line(looking, path, look_at_line);
}

static void
tell(const struct usher_conf *conf, const struct looking *looking,
    struct usher_problems *problems)
{
	if (!looking->found && *looking->elsewhere != '\0')
		usher_problems_add(problems, true, conf->site.file, 0,
		    "mail.socket is %s, but %s looks for Usher at %s: it does "
		    "not find it there, and mail passes unscreened",
		    looking->ours, looking->mta, looking->elsewhere);
}

void
usher_check_socket(const struct usher_conf *conf,
    struct usher_problems *problems)
{
	struct looking postfix = { .ours = path_of(conf->mail.socket),
		.mta = "Postfix" };
	struct looking sendmail = { .ours = postfix.ours, .mta = "Sendmail" };

	if (postfix.ours == NULL)
		return;
	look_at_postfix(&postfix);
	each_line(&sendmail, "/etc/mail/sendmail.cf", look_at_line);
	/* Only one of them is the host's, whatever is installed. */
	if (postfix.found || sendmail.found)
		return;
	tell(conf, &postfix, problems);
	tell(conf, &sendmail, problems);
}
