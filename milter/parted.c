/*
 * parted: the message under way and the tries of a split; see split.h.
 *
 * Called at RCPT, at the end of the message, and when a message is over. Owns
 * the record of the sender (USHER_RECORD_SPLIT) and what this try did. Keeps
 * "Recipients who differ" of design-mail.md: the record is durable before the
 * 451, and bounded in bytes and in senders.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "parted.h"

enum { MOST_SENDERS = 10000, MOST_BYTES = 64 << 20 };

struct parted {
	struct split *split; /* as it was at MAIL, or NULL */
	struct split_choice choice;
	size_t count, room;
	struct split_name *names; /* who was not let through; `who` is owned */
};

void
parted_free(struct parted *parted)
{
	if (parted == NULL)
		return;
	for (size_t i = 0; i < parted->count; i++)
		free((char *)(uintptr_t)parted->names[i].who);
	free(parted->names);
	split_free(parted->split);
	free(parted);
}

/* ---- the record ---- */

/* The sender's key; false when it has none. */
static bool
key_of(const struct mail *mail, char key[USHER_RECORD_KEY + 1])
{
	size_t length = mail->sender == NULL ? 0 : strlen(mail->sender);

	if (length == 0 || length > USHER_RECORD_KEY)
		return false;
	for (size_t i = 0; i <= length; i++)
		key[i] = (char)tolower((unsigned char)mail->sender[i]);
	return true;
}

/* What one edit of the record is to do, and what came of it. */
struct edit {
	struct split_try try;
	bool begins;
	size_t room;
	int64_t at;
	enum split_way way;
	char *bytes; /* the record as written last */
};

/* `who` is owned: the mail may be over before the edit is. */
static void
free_edit(void *owned)
{
	struct edit *edit = owned;

	for (size_t i = 0; i < edit->try.count; i++)
		free((char *)(uintptr_t)edit->try.names[i].who);
	free(edit->try.names);
	free(edit->bytes);
	free(edit);
}

static int
change(struct edit *edit, struct split *split)
{
	if (edit->begins)
		return split_begin(split, &edit->try, edit->room, edit->at,
		    &edit->way);
	split_age(split, edit->at);
	split_end(split, &edit->try);
	return 0;
}

static int
edit_record(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	struct edit *edit = arg;
	struct split *split = NULL;
	size_t length = 0;
	int code = EBADMSG;

	free(edit->bytes);
	edit->bytes = NULL;
	if (old->bytes != NULL)
		code = split_read(old->bytes, old->length, &split);
	/* A record that cannot be read is begun anew. */
	if (code == EBADMSG) {
		split = split_new();
		code = split == NULL ? ENOMEM : 0;
	}
	if (code == 0)
		code = change(edit, split);
	if (code == 0)
		code = split_write(split, &edit->bytes, &length);
	if (code == 0 && length > SPLIT_BYTES)
		code = E2BIG;
	*fresh = (struct usher_record_value){ .bytes = edit->bytes,
		.length = length };
	if (code == 0 && edit->bytes != NULL)
		fresh->until = split_until(split);
	split_free(split);
	return code;
}

void
parted_look(struct session *session)
{
	struct mail *mail = &session->mail;
	char key[USHER_RECORD_KEY + 1];
	struct usher_error error = { 0 };
	struct split *split = NULL;
	size_t length = 0;
	void *bytes = NULL;
	int code;

	if (mail->safety != NULL || mail->relay ||
	    usher_conf_site(mail->conf)->mode != USHER_ENFORCE ||
	    !key_of(mail, key))
		return;
	code = usher_record_read(session->milter->usher, USHER_RECORD_SPLIT,
	    key, milter_now(session->milter), &bytes, &length, &error);
	if (code == 0 && split_read(bytes, length, &split) == 0)
		mail->parted = calloc(1, sizeof *mail->parted);
	else if (code != 0 && code != ENOENT)
		tell_fault(session, NULL, &error);
	free(bytes);
	if (mail->parted == NULL) {
		split_free(split);
		return;
	}
	split_age(split, milter_now(session->milter));
	mail->parted->split = split;
}

/* ---- RCPT ---- */

static struct split_name *
add_name(struct parted *parted, const char *who)
{
	size_t room = parted->room == 0 ? 16 : parted->room * 2;
	struct split_name *names = parted->names;
	char *copy = strdup(who);

	if (copy != NULL && parted->count == parted->room) {
		names = reallocarray(names, room, sizeof *names);
		if (names != NULL) {
			parted->names = names;
			parted->room = room;
		}
	}
	if (copy == NULL || names == NULL) {
		free(copy);
		return NULL;
	}
	names[parted->count] = (struct split_name){ .who = copy };
	return &names[parted->count++];
}

bool
parted_later(struct session *session, const struct recipient *recipient)
{
	struct mail *mail = &session->mail;
	struct split_name *name;

	if (mail->parted == NULL || recipient->paused ||
	    mail->deferred >= MOST_DEFERRED ||
	    !split_later(mail->parted->split, &mail->parted->choice,
		recipient->who))
		return false;
	name = add_name(mail->parted, recipient->who);
	if (name == NULL)
		return false;
	name->later = true;
	mail->deferred++;
	return true;
}

void
parted_answered(struct session *session, const struct recipient *recipient)
{
	struct parted *parted = session->mail.parted;
	struct split_name *name;

	if (parted == NULL)
		return;
	name = add_name(parted, recipient->who);
	if (name != NULL)
		name->answered = true;
}

bool
parted_together(const struct mail *mail)
{
	if (mail->parted == NULL)
		return false;
	for (size_t i = 0; i < mail->count; i++)
		if (mail->recipients[i].outcome != OUTCOME_AWAY ||
		    !split_together(mail->parted->split,
			mail->recipients[i].who))
			return false;
	return mail->count > 0;
}

/*
 * Which message it is, by what stays the same from try to try and seldom
 * agrees in two messages. FNV-1a: nothing but a retry hangs on it.
 */
void
parted_header(struct mail *mail, const char *name, const char *value)
{
	const uint64_t prime = 0x100000001b3;

	if (strcasecmp(name, "From") != 0 && strcasecmp(name, "Date") != 0 &&
	    strcasecmp(name, "Subject") != 0)
		return;
	if (mail->looks == 0)
		mail->looks = 0xcbf29ce484222325;
	mail->looks = (mail->looks ^ (unsigned char)*name) * prime;
	for (; *value != '\0'; value++)
		mail->looks = (mail->looks ^ (unsigned char)*value) * prime;
}

/* ---- the end of a try ---- */

static int
add_try(struct split_try *try, const struct split_name *name, const char *who)
{
	struct split_name *added = &try->names[try->count];

	*added = *name;
	added->who = strdup(who);
	if (added->who == NULL)
		return ENOMEM;
	try->count++;
	return 0;
}

static int
gather(const struct mail *mail, struct split_try *try)
{
	const struct parted *parted = mail->parted;
	size_t before = parted == NULL ? 0 : parted->count;
	int code = 0;

	try->names = calloc(before + mail->count + 1, sizeof *try->names);
	if (try->names == NULL)
		return ENOMEM;
	try->mail = mail->looks;
	for (size_t i = 0; code == 0 && i < before; i++)
		code = add_try(try, &parted->names[i], parted->names[i].who);
	for (size_t i = 0; code == 0 && i < mail->count; i++) {
		const struct recipient *recipient = &mail->recipients[i];
		struct split_name name = { .answer = recipient->answer };

		if (recipient->who != NULL)
			code = add_try(try, &name, recipient->who);
	}
	return code;
}

struct sum {
	size_t records, bytes;
};

static int
sum_up(void *arg, const char *key, const void *bytes, size_t length,
    int64_t until)
{
	struct sum *sum = arg;

	(void)key;
	(void)bytes;
	(void)until;
	sum->records++;
	sum->bytes += length;
	return sum->records >= MOST_SENDERS || sum->bytes >= MOST_BYTES ? ENOSPC
									: 0;
}

/* A flood of senders may not fill the store. */
static int
has_room(struct session *session, struct usher_error *error)
{
	struct sum sum = { 0 };

	return usher_record_each(session->milter->usher, USHER_RECORD_SPLIT,
	    sum_up, &sum, error);
}

/* The edit is the notes' from here on: `way` is told before it goes. */
static int
commit(struct session *session, const char *key, struct edit *edit,
    enum split_way *way, struct usher_error *error)
{
	struct usher_notes *notes = NULL;
	int code;

	code = usher_notes_new(session->milter->usher, &notes, error);
	if (code != 0) {
		free_edit(edit);
		return code;
	}
	usher_notes_own(notes, free_edit, edit);
	code = usher_notes_record(notes, USHER_RECORD_SPLIT, key, edit_record,
	    edit, error);
	if (code == 0)
		code = usher_notes_commit(notes, COMMIT_WAIT_MS, error);
	if (code == 0 && way != NULL)
		*way = edit->way;
	usher_notes_free(notes);
	return code;
}

static struct edit *
make_edit(const struct session *session, const struct mail *mail)
{
	struct edit *edit = calloc(1, sizeof *edit);

	if (edit == NULL)
		return NULL;
	edit->at = milter_now(session->milter);
	if (gather(mail, &edit->try) == 0)
		return edit;
	free_edit(edit);
	return NULL;
}

int
parted_begin(struct session *session, enum split_way *way,
    struct usher_error *error)
{
	struct mail *mail = &session->mail;
	char key[USHER_RECORD_KEY + 1];
	struct edit *edit;
	int code = key_of(mail, key) ? has_room(session, error) : EINVAL;

	if (code != 0)
		return code;
	edit = make_edit(session, mail);
	if (edit == NULL)
		return ENOMEM;
	edit->begins = true;
	if (mail->deferred < MOST_DEFERRED)
		edit->room = MOST_DEFERRED - mail->deferred;
	return commit(session, key, edit, way, error);
}

void
parted_end(struct session *session, bool ended)
{
	struct mail *mail = &session->mail;
	char key[USHER_RECORD_KEY + 1];
	struct usher_error error = { .text = "out of memory" };
	struct edit *edit;
	int code = ENOMEM;

	if (mail->parted == NULL || !key_of(mail, key))
		return;
	edit = make_edit(session, mail);
	if (edit != NULL) {
		edit->try.ended = ended;
		code = commit(session, key, edit, NULL, &error);
	}
	if (code != 0)
		tell_fault(session, NULL, &error);
	parted_free(mail->parted);
	mail->parted = NULL;
}
