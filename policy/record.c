/*
 * record: see record.h.  Chooses the engine by the configured store.
 */
#include "record.h"

#include <errno.h>
#include <string.h>

#include "error.h"

int
usher_records_open(struct records **records, const char *url,
    const struct record_options *options, struct usher_error *error)
{
	static const struct record_options none;
	int code;

	*records = NULL;
	if (options == NULL)
		options = &none;
	code = strncmp(url, "lmdb:", 5) == 0
	    ? usher_records_open_lmdb(records, url + 5, options, error)
	    : usher_records_open_redis(records, url, options, error);
	if (code != 0)
		return code;
	usher_underways_init(&(*records)->underway);
	code = usher_committer_new(&(*records)->committer, *records);
	if (code != 0) {
		usher_records_close(*records);
		*records = NULL;
		return usher_error_set(error, code, "out of memory");
	}
	return 0;
}

void
usher_records_close(struct records *records)
{
	if (records == NULL)
		return;
	if (!usher_committer_free(records->committer))
		return;
	usher_underways_end(&records->underway);
	records->engine->close(records);
}
