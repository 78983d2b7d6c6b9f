/*
 * notes_known: who a recipient wrote to or called, and pauses, as notes.
 */
#include <errno.h>
#include <string.h>

#include "error.h"
#include "known.h"
#include "link.h"
#include "notes.h"

/* A day more or less is not worth a write. */
static int
edit_known(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const int64_t *until = arg;

	if (old->bytes != NULL && old->until > *until - KNOWN_ANEW_S)
		return 0;
	*fresh = (struct usher_record_value){ "", 0, *until };
	return 0;
}

static int64_t
kept_for(const struct usher_notes *notes, const struct usher_policy *policy)
{
	struct usher_conf *conf;
	int64_t kept_s;

	if (policy != NULL)
		return usher_conf_kept(policy->conf, KNOWN_S);
	conf = usher_conf_hold(notes->usher);
	kept_s = usher_conf_kept(conf, KNOWN_S);
	usher_conf_release(conf);
	return kept_s;
}

int
usher_notes_known(struct usher_notes *notes, const struct usher_policy *policy,
    const char *who, const char *party, int64_t at, struct usher_error *error)
{
	const struct dialling *dialling = NULL;
	const char *recipient = usher_record_recipient(&notes->arena, policy,
	    who);
	int64_t *until = usher_arena_alloc(&notes->arena, sizeof(*until));
	struct address address;
	struct record_key key;
	struct joined joined;
	int code;

	if (recipient == NULL || until == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	if (policy != NULL)
		dialling = &policy->conf->dialling;
	code = usher_address_parse(&notes->arena, party, dialling, &address,
	    error);
	if (code != 0)
		return code;
	*until = at + kept_for(notes, policy);
	usher_records_tell_time(notes->usher->records, at);
	usher_known_key(&key, recipient, usher_known_party(&address));
	code = usher_notes_edit(notes, RECORD_KNOWN, &key, edit_known, until,
	    error);
	/* Whose number it is by the recipient's own lists, no sender's word. */
	if (code != 0 || policy == NULL || address.kind != ADDRESS_NUMBER ||
	    !usher_link_listed(policy, address.text, &joined))
		return code;
	usher_known_key(&key, recipient, usher_known_party(&joined.party));
	return usher_notes_edit(notes, RECORD_KNOWN, &key, edit_known, until,
	    error);
}

static int
edit_pause(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const int64_t *until = arg;

	(void)old;
	*fresh = (struct usher_record_value){ *until == 0 ? NULL : "", 0,
		*until };
	return 0;
}

int
usher_notes_pause(struct usher_notes *notes, const struct usher_policy *policy,
    const char *who, int64_t until, struct usher_error *error)
{
	const char *recipient = policy == NULL
	    ? ""
	    : usher_record_recipient(&notes->arena, policy, who);
	int64_t *kept = usher_arena_alloc(&notes->arena, sizeof(*kept));
	struct record_key key;

	if (recipient == NULL || kept == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	*kept = until;
	usher_record_key_begin(&key, recipient);
	return usher_notes_edit(notes, RECORD_PAUSE, &key, edit_pause, kept,
	    error);
}
