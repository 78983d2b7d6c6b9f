/*
 * outbox: the thread that hands letters over; see outbox.h.
 *
 * It looks through the letters now and then, takes those whose time has come,
 * one after the other, and each by marking it in the store first: only who
 * marked it hands it over, and no mark is ever taken back but for a letter that
 * was certainly not taken. What stays marked belonged to a daemon that died.
 * Its clock is the system's: a rehearsal's (--at) stands still.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "milter.h"
#include "outbox.h"
#include "outbox_letter.h"
#include "outbox_smtp.h"

enum {
	MOST_LETTERS = 10000,
	AT_ONCE = 16,	  /* taken from one look */
	LOOK_MS = 2000,	  /* between looks */
	COMMIT_MS = 3000, /* nobody waits for us */
	WAIT_S = 60,	  /* for the server's answers */
	/* Above all that a hand-over may take. */
	MARKED_S = 1800,
	FIRST_RETRY_S = 60,
	LONGEST_RETRY_S = 3600,
	GIVE_UP_S = 24 * 3600
};

struct outbox {
	struct milter *milter;
	pthread_t thread;
	int stop;	      /* an eventfd, readable once we are to end */
	atomic_ulong letters; /* as of the last look, and since */
	atomic_ulong sent, dropped;
};

/* A copy of a record that something is to be done about. */
struct found {
	char key[USHER_RECORD_KEY + 1];
	void *bytes;
	size_t length;
};

struct look {
	int64_t now;
	size_t letters, count;
	struct found found[AT_ONCE];
};

/* ---- lines ---- */

static void
tell(struct outbox *outbox, int priority, const struct outbox_read *read,
    const char *outcome, const char *because)
{
	struct log_line line;

	log_begin(&line, "reply");
	log_field(&line, "from", read->recipient);
	log_field(&line, "to", read->sender);
	log_field(&line, "outcome", outcome);
	log_field(&line, "because", because);
	log_send(&outbox->milter->log, priority, &line);
}

static void
tell_error(struct outbox *outbox, const struct usher_error *error)
{
	log_say(&outbox->milter->log, LOG_WARNING, "outbox: %s", error->text);
}

/* ---- the store ---- */

/* Whether what stands in the store was replaced by `fresh` (NULL: removed). */
static bool
change(struct outbox *outbox, const struct found *found, const char *fresh)
{
	struct outbox_change arg = { .was = found->bytes,
		.was_length = found->length,
		.fresh = fresh };
	struct usher_error error = { .text = "" };
	struct usher_notes *notes = NULL;
	int code = usher_notes_new(outbox->milter->usher, &notes, &error);

	if (code == 0)
		code = usher_notes_record(notes, USHER_RECORD_OUTBOX,
		    found->key, outbox_change, &arg, &error);
	if (code == 0)
		code = usher_notes_commit(notes, COMMIT_MS, &error);
	usher_notes_free(notes);
	/* ECANCELED: another daemon was quicker. */
	if (code != 0 && code != ECANCELED)
		tell_error(outbox, &error);
	return code == 0;
}

static bool
is_stale(const struct outbox_read *read, int64_t now)
{
	return read->since < now - MARKED_S || read->since > now + MARKED_S;
}

static int
look_at(void *arg, const char *key, const void *bytes, size_t length,
    int64_t until)
{
	struct look *look = arg;
	struct found *found = &look->found[look->count];
	struct outbox_read read;
	bool wanted;

	(void)until;
	look->letters++;
	if (look->count == AT_ONCE || strlen(key) > USHER_RECORD_KEY)
		return 0;
	wanted = outbox_read(&read, bytes, length) != 0 ||
	    (read.marked ? is_stale(&read, look->now)
			 : read.since <= look->now);
	outbox_read_end(&read);
	if (!wanted || (found->bytes = malloc(length + 1)) == NULL)
		return 0;
	memcpy(found->bytes, bytes, length);
	found->length = length;
	(void)strcpy(found->key, key);
	look->count++;
	return 0;
}

/* ---- one letter ---- */

static void
drop(struct outbox *outbox, const struct found *found,
    const struct outbox_read *read, const char *because)
{
	if (!change(outbox, found, NULL))
		return;
	outbox->dropped++;
	tell(outbox, LOG_WARNING, read, "dropped", because);
}

/* The mark is taken back; when that fails, the letter is lost. */
static void
put_back(struct outbox *outbox, const struct found *marked,
    const struct outbox_read *read, const char *because)
{
	int64_t now = (int64_t)time(NULL), rest = FIRST_RETRY_S;
	char *fresh;

	for (int i = 0; i < read->tries && rest < LONGEST_RETRY_S; i++)
		rest *= 2;
	if (now - read->made > GIVE_UP_S) {
		drop(outbox, marked, read, because);
		return;
	}
	fresh = outbox_read_again(read, false, now + rest, read->tries + 1);
	if (fresh != NULL && change(outbox, marked, fresh))
		tell(outbox, LOG_NOTICE, read, "later", because);
	free(fresh);
}

static void
hand_over(struct outbox *outbox, const struct found *marked,
    const struct outbox_read *read)
{
	struct usher_conf *conf = usher_conf_hold(outbox->milter->usher);
	char why[OUTBOX_WHY];
	enum outbox_outcome outcome =
	    outbox_hand_over(usher_conf_mail(conf)->submit, read->sender,
		read->message, read->length, outbox->stop, WAIT_S, why);

	usher_conf_release(conf);
	switch (outcome) {
	case OUTBOX_SENT:
		outbox->sent++;
		tell(outbox, LOG_INFO, read, "sent", NULL);
		(void)change(outbox, marked, NULL);
		break;
	case OUTBOX_LATER: put_back(outbox, marked, read, why); break;
	case OUTBOX_NEVER:
	case OUTBOX_PERHAPS: drop(outbox, marked, read, why); break;
	}
}

static void
take(struct outbox *outbox, const struct found *found)
{
	struct found marked = *found;
	struct outbox_read read;

	if (outbox_read(&read, found->bytes, found->length) != 0) {
		read = (struct outbox_read){ .json = read.json };
		drop(outbox, found, &read, "its record is damaged");
	} else if (read.marked) {
		drop(outbox, found, &read,
		    "it may have been sent before a crash");
	} else {
		marked.bytes = outbox_read_again(&read, true,
		    (int64_t)time(NULL), read.tries);
		if (marked.bytes != NULL) {
			marked.length = strlen(marked.bytes);
			if (change(outbox, found, marked.bytes))
				hand_over(outbox, &marked, &read);
			free(marked.bytes);
		}
	}
	outbox_read_end(&read);
}

/* ---- the thread ---- */

static bool
is_ending(const struct outbox *outbox, int wait_ms)
{
	struct pollfd stop = { .fd = outbox->stop, .events = POLLIN };

	return poll(&stop, 1, wait_ms) == 1;
}

/* The last complaint is not repeated at every look. */
static void
look_around(struct outbox *outbox, bool *complained)
{
	struct usher_error error = { .text = "" };
	struct look look = { .now = (int64_t)time(NULL) };
	int code = usher_record_each(outbox->milter->usher, USHER_RECORD_OUTBOX,
	    look_at, &look, &error);

	if (code != 0 && !*complained)
		tell_error(outbox, &error);
	*complained = code != 0;
	if (code == 0)
		atomic_store(&outbox->letters, look.letters);
	for (size_t i = 0; i < look.count; i++) {
		if (!is_ending(outbox, 0))
			take(outbox, &look.found[i]);
		free(look.found[i].bytes);
	}
}

static void *
run(void *arg)
{
	struct outbox *outbox = arg;
	bool complained = false;

	do
		look_around(outbox, &complained);
	while (!is_ending(outbox, LOOK_MS));
	return NULL;
}

int
outbox_start(struct outbox **result, struct milter *milter)
{
	struct outbox *outbox = calloc(1, sizeof(*outbox));
	int code;

	*result = outbox;
	if (outbox == NULL)
		return ENOMEM;
	outbox->milter = milter;
	outbox->stop = eventfd(0, EFD_CLOEXEC);
	if (outbox->stop < 0)
		code = errno;
	else
		code = pthread_create(&outbox->thread, NULL, run, outbox);
	if (code != 0) {
		if (outbox->stop >= 0)
			(void)close(outbox->stop);
		free(outbox);
		*result = NULL;
	}
	return code;
}

void
outbox_stop(struct outbox *outbox)
{
	if (outbox == NULL)
		return;
	(void)eventfd_write(outbox->stop, 1);
	(void)pthread_join(outbox->thread, NULL);
	if (outbox->sent + outbox->dropped > 0)
		log_say(&outbox->milter->log, LOG_INFO,
		    "replies: %lu sent, %lu dropped",
		    atomic_load(&outbox->sent), atomic_load(&outbox->dropped));
}

void
outbox_free(struct outbox *outbox)
{
	if (outbox == NULL)
		return;
	(void)close(outbox->stop);
	free(outbox);
}

int
outbox_reserve(struct outbox *outbox, struct usher_notes *notes,
    struct outbox_letter *letter, struct usher_error *error)
{
	if (atomic_fetch_add(&outbox->letters, 1) >= MOST_LETTERS) {
		if (error != NULL)
			(void)snprintf(error->text, sizeof(error->text),
			    "%d replies wait to be sent: see mail.submit",
			    MOST_LETTERS);
		return ENOSPC;
	}
	return outbox_letter_note(notes, letter, error);
}

size_t
outbox_counts(struct outbox *outbox, struct usher_count *counts)
{
	counts[0] = (struct usher_count){ "replies-sent",
		outbox == NULL ? 0 : atomic_load(&outbox->sent) };
	counts[1] = (struct usher_count){ "replies-dropped",
		outbox == NULL ? 0 : atomic_load(&outbox->dropped) };
	return 2;
}
