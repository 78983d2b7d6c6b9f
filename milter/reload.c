/*
 * reload: usher.conf, fit for the milter, at the start and later.
 *
 * Called by main.c at SIGUSR1 and once a second, for a file that has changed
 * (design.md §2). The file is read into a handle of its own first: a broken
 * one, or one that this milter refuses, leaves the old in force.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#include "reload.h"

static int
unfit(struct usher_error *error, const char *text)
{
	memset(error, 0, sizeof *error);
	error->code = EINVAL;
	(void)snprintf(error->text, sizeof error->text, "%s", text);
	return EINVAL;
}

int
reload_fit(const struct usher_conf *conf, struct usher_error *error)
{
	const struct usher_mail *mail = usher_conf_mail(conf);

	if (usher_conf_site(conf)->mode == USHER_ENFORCE &&
	    mail->authserv_count == 0 && !mail->trust_claimed)
		return unfit(error,
		    "enforcing without mail.authserv_ids would turn away "
		    "everybody whom a rule lets in by name, because no "
		    "sender can be proven: name the ids your own filters "
		    "write in Authentication-Results, or say mail.trust = "
		    "\"claimed\" to believe what senders claim, or begin "
		    "with mode = \"observe\"");
	return 0;
}

void
reload_tell(const struct log *log, const struct usher_problems *problems)
{
	const struct usher_problem *problem;
	char line[16];
	size_t i;

	for (i = 0; i < usher_problems_count(problems); i++) {
		problem = usher_problems_get(problems, i);
		line[0] = '\0';
		if (problem->line != 0)
			(void)snprintf(line, sizeof line, ":%u", problem->line);
		log_say(log, problem->warning ? LOG_WARNING : LOG_ERR,
		    "%s%s: %s%s", problem->file, line,
		    problem->warning ? "warning: " : "", problem->text);
	}
}

/* Whether the file as it stands now would do. */
static int
try_file(const char *path, struct usher_problems *problems,
    struct usher_error *error)
{
	struct usher *trial = NULL;
	struct usher_conf *conf;
	int code = usher_open(&trial, path, 0, problems, error);

	if (code != 0)
		return code;
	conf = usher_conf_hold(trial);
	code = reload_fit(conf, error);
	usher_conf_release(conf);
	usher_close(trial);
	return code;
}

/* The MTA looks for it where it is open now. */
static void
tell_socket(const struct milter *milter, const struct usher_conf *before)
{
	struct usher_conf *conf = usher_conf_hold(milter->usher);
	const struct usher_mail *old = usher_conf_mail(before);
	const struct usher_mail *now = usher_conf_mail(conf);

	if (strcmp(old->socket, now->socket) != 0 ||
	    strcmp(old->socket_group, now->socket_group) != 0 ||
	    old->socket_mode != now->socket_mode)
		log_say(&milter->log, LOG_WARNING,
		    "mail.socket has changed: the other one is opened when "
		    "the program starts again");
	usher_conf_release(conf);
}

static void
read_again(struct reload *reload)
{
	struct milter *milter = reload->milter;
	struct usher_problems *problems = usher_problems_new();
	struct usher_error error = { 0 };
	struct usher_conf *before = usher_conf_hold(milter->usher);
	int code = try_file(reload->path, problems, &error);

	/* The second reading says it all again, and more. */
	if (code == 0) {
		usher_problems_free(problems);
		problems = usher_problems_new();
		code = usher_reload(milter->usher, problems, &error);
	}
	reload_tell(&milter->log, problems);
	usher_problems_free(problems);
	if (code == 0)
		tell_socket(milter, before);
	usher_conf_release(before);
	if (code == 0)
		log_say(&milter->log, LOG_NOTICE, "%s is in force",
		    reload->path);
	else
		log_say(&milter->log, LOG_ERR,
		    "%s: %s; the configuration read before stays in force",
		    reload->path, error.text);
	tell_counts(milter);
}

static bool
same_file(const struct stat *one, const struct stat *other)
{
	return one->st_ino == other->st_ino && one->st_dev == other->st_dev &&
	    one->st_size == other->st_size &&
	    one->st_mtim.tv_sec == other->st_mtim.tv_sec &&
	    one->st_mtim.tv_nsec == other->st_mtim.tv_nsec;
}

void
reload_begin(struct reload *reload, struct milter *milter, const char *path)
{
	memset(reload, 0, sizeof *reload);
	reload->milter = milter;
	reload->path = path;
	if (stat(path, &reload->in_force) != 0)
		memset(&reload->in_force, 0, sizeof reload->in_force);
	reload->before = reload->in_force;
}

/* A file that is still being written looks different a second later. */
void
reload_look(struct reload *reload, bool asked)
{
	struct stat now;

	if (stat(reload->path, &now) != 0)
		now = reload->in_force;
	if (asked ||
	    (same_file(&now, &reload->before) &&
		!same_file(&now, &reload->in_force))) {
		reload->in_force = now;
		read_again(reload);
	}
	reload->before = now;
}
