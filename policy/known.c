/*
 * known: see known.h.
 */
#include "known.h"

#include <errno.h>

#include "domain_shared.h"

const char *
usher_known_party(const struct address *address)
{
	if (address->organization == NULL ||
	    usher_domain_is_free_mail(address->organization))
		return address->text;
	return address->organization;
}

void
usher_known_key(struct record_key *key, const char *recipient,
    const char *party)
{
	usher_record_key_begin(key, recipient);
	usher_record_key_add(key, party);
}

int
usher_known_get(struct record_view *view, const char *recipient,
    const char *party, int64_t *until, struct usher_error *error)
{
	struct usher_record_value value;
	struct record_key key;
	int code;

	usher_known_key(&key, recipient, party);
	code = view->records->engine->get(view, RECORD_KNOWN, key.bytes,
	    key.length, &value, error);
	*until = value.bytes == NULL ? 0 : value.until;
	return code;
}

static int
note_one(void *arg, const char *key, size_t length,
    const struct usher_record_value *value)
{
	(void)key, (void)length, (void)value;
	*(bool *)arg = true;
	return ECANCELED;
}

int
usher_known_any(struct records *records, bool *any, struct usher_error *error)
{
	struct record_view view;
	int code = records->engine->view(records, &view, error);

	*any = false;
	if (code != 0)
		return code;
	code = records->engine->each(&view, RECORD_KNOWN, "", 0, note_one, any,
	    error);
	records->engine->unview(&view);
	return *any ? 0 : code;
}
