/*
 * codes: see codes.h.
 *
 * Called at RCPT by recipient.c, for headers by session.c and at the end of
 * the message by finish.c. Mail to nobody who takes codes costs a look at the
 * address. Fields that repeat what people wrote are changed, of all copies,
 * since a code is nobody else's; Received is the MTAs' word and stays.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "codes.h"
#include "path.h"

enum { MOST_FIELDS = 64 };

struct codes {
	size_t count;
	struct field {
		char *name, *value;
		int index; /* among those of its name, from 1 */
	} fields[MOST_FIELDS];
};

/* ---- addresses ---- */

static bool
is_code(const char *text, size_t length)
{
	char word[32];

	if (length >= sizeof word)
		return false;
	memcpy(word, text, length);
	word[length] = '\0';
	return usher_code_is(word);
}

/* In quotes, without a domain or with one before it, it is the same name. */
void
codes_hide(struct recipient *recipient)
{
	static const char ends[] = "+@\"%";
	char *address = recipient->address;
	char *plus = strchr(address, '+'), *at = strrchr(address, '@');

	if (at == NULL)
		at = address + strlen(address);
	if (plus == NULL || plus > at || plus == address)
		return;
	recipient->tag = strndup(plus + 1, (size_t)(at - plus - 1));
	while (*plus == '+') {
		size_t length = strcspn(plus + 1, ends);

		if (is_code(plus + 1, length))
			memmove(plus, plus + 1 + length,
			    strlen(plus + 1 + length) + 1);
		else
			plus += 1 + length;
	}
}

void
codes_know(struct mail *mail, struct recipient *recipient)
{
	char *whole;

	if (usher_policy_takes_codes(recipient->policy)) {
		mail->takes_codes = true;
		return;
	}
	if (recipient->tag == NULL || recipient->policy == NULL)
		return;
	whole = path_address(recipient->path);
	if (whole == NULL)
		return;
	free(recipient->address);
	recipient->address = whole;
}

/* ---- headers ---- */

/* What repeats the subject, or names recipients. */
static bool
is_of_interest(const char *name)
{
	static const char *const names[] = { "Subject", "To", "Cc", "Bcc",
		"Thread-Topic", "Resent-To", "Resent-Cc" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return false;
}

static int
next_index(const struct codes *codes, const char *name)
{
	int index = 1;

	for (size_t i = 0; i < codes->count; i++)
		if (strcasecmp(codes->fields[i].name, name) == 0)
			index++;
	return index;
}

void
codes_header(struct mail *mail, const char *name, const char *value)
{
	struct codes *codes = mail->codes;
	struct field *field;

	if (!is_of_interest(name))
		return;
	if (codes == NULL)
		codes = mail->codes = calloc(1, sizeof *codes);
	if (codes == NULL || codes->count == MOST_FIELDS)
		return;
	field = &codes->fields[codes->count];
	field->index = next_index(codes, name);
	field->name = strdup(name);
	field->value = strdup(value);
	if (field->name != NULL && field->value != NULL) {
		codes->count++;
		return;
	}
	free(field->name);
	free(field->value);
}

void
codes_free(struct mail *mail)
{
	struct codes *codes = mail->codes;

	mail->codes = NULL;
	if (codes == NULL)
		return;
	for (size_t i = 0; i < codes->count; i++) {
		free(codes->fields[i].name);
		free(codes->fields[i].value);
	}
	free(codes);
}

/* ---- a message that is taken ---- */

/* What is held or put aside is read one day, as is what passes. */
static bool
shows_code(const struct recipient *recipient)
{
	return recipient->enforce && judge_verdict(recipient) != NULL &&
	    usher_decision_codes(recipient->decision) != NULL;
}

/* True when the field has changed. */
static bool
strip_value(const struct recipient *recipient, struct field *field)
{
	const char *codes = usher_decision_codes(recipient->decision);
	char *stripped = NULL;

	if (usher_codes_strip(codes, field->value, &stripped) != 0 ||
	    stripped == NULL)
		return false;
	free(field->value);
	field->value = stripped;
	return true;
}

static bool
strip_field(SMFICTX *ctx, const struct mail *mail, struct field *field)
{
	bool changed = false;

	for (size_t i = 0; i < mail->count; i++)
		if (shows_code(&mail->recipients[i]))
			changed = strip_value(&mail->recipients[i], field) ||
			    changed;
	return !changed ||
	    smfi_chgheader(ctx, field->name, field->index, field->value) ==
	    MI_SUCCESS;
}

static bool
strip_fields(SMFICTX *ctx, const struct session *session)
{
	struct codes *codes = session->mail.codes;
	bool done = true;

	/* From the last: an emptied field may renumber those behind it. */
	for (size_t i = codes == NULL ? 0 : codes->count; i-- > 0;)
		done = strip_field(ctx, &session->mail, &codes->fields[i]) &&
		    done;
	return done;
}

/* Whether the copy goes elsewhere anyway. */
static bool
is_moved(const struct recipient *recipient)
{
	const struct usher_verdict *verdict = judge_verdict(recipient);

	return recipient->outcome == OUTCOME_ASIDE ||
	    recipient->outcome == OUTCOME_REPLY ||
	    (verdict->answer == USHER_ACCEPT && verdict->deliver_to != NULL);
}

static bool
is_recipient(const struct mail *mail, const char *address)
{
	for (size_t i = 0; i < mail->count; i++) {
		char *other = path_address(mail->recipients[i].path);
		bool same = other != NULL && strcasecmp(other, address) == 0;

		free(other);
		if (same)
			return true;
	}
	return false;
}

/* The address without the code is added first, then the other deleted. */
static bool
strip_recipient(SMFICTX *ctx, const struct mail *mail,
    const struct recipient *recipient)
{
	char *whole = path_address(recipient->path), *bare = NULL;
	char path[512];
	bool done = true;

	if (whole != NULL)
		(void)usher_codes_strip(usher_decision_codes(
					    recipient->decision),
		    whole, &bare);
	if (bare != NULL) {
		done = snprintf(path, sizeof path, "<%s>", bare) <
			(int)sizeof path &&
		    (is_recipient(mail, bare) ||
			smfi_addrcpt(ctx, path) == MI_SUCCESS) &&
		    smfi_delrcpt(ctx, recipient->path) == MI_SUCCESS;
	}
	free(bare);
	free(whole);
	return done;
}

void
codes_strip(SMFICTX *ctx, struct session *session)
{
	struct mail *mail = &session->mail;
	struct usher_error error = { .text = "the MTA does not let an access "
					     "code be taken out of a message" };
	bool done = true;

	if (!mail->takes_codes)
		return;
	if (session->edit_offered)
		done = strip_fields(ctx, session);
	for (size_t i = 0; i < mail->count; i++) {
		const struct recipient *recipient = &mail->recipients[i];

		if (session->move_offered && recipient->tag != NULL &&
		    shows_code(recipient) && !is_moved(recipient))
			done = strip_recipient(ctx, mail, recipient) && done;
	}
	if (!done)
		tell_fault(session, NULL, &error);
}
