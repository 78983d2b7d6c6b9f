/*
 * notes_walk: all that is remembered of one kind for one recipient, for the
 * lists of the command line (notes_codes.c, notes_link.c, notes_stage.c).
 */
#include "notes.h"

int
usher_notes_walk(struct usher *usher, const char *recipient, unsigned char kind,
    record_each_h each, void *arg, struct usher_error *error)
{
	struct record_view view;
	struct record_key key;
	int code;

	if (usher->records == NULL)
		return 0;
	code = usher->records->engine->view(usher->records, &view, error);
	if (code != 0)
		return code;
	usher_record_key_begin(&key, recipient);
	if (!view.empty)
		code = usher->records->engine->each(&view, kind, key.bytes,
		    key.length, each, arg, error);
	usher->records->engine->unview(&view);
	return code;
}
