/*
 * site_hash: a fingerprint of a settings group.
 *
 * usher_publish() checks every source again when the fingerprint of `site`
 * has changed since the last time; comments and layout do not count. By GLib:
 * a library of ciphers would take 3 MB of every daemon for this alone.
 */
#include <string.h>

#include <glib.h>

#include "site_parts.h"

static void
hash_bytes(GChecksum *context, const void *data, size_t length)
{
	g_checksum_update(context, (const guchar *)&length, sizeof(length));
	g_checksum_update(context, data, (gssize)length);
}

/* Depth is bounded by the scan of the source. */
static void
hash_setting(GChecksum *context, const config_setting_t *setting,
    const char *but)
{
	const char *name = config_setting_name(setting);
	int type = config_setting_type(setting);
	int count = config_setting_is_aggregate(setting)
	    ? config_setting_length(setting)
	    : 0;

	if (name != NULL && but != NULL && strcmp(name, but) == 0)
		return;
	hash_bytes(context, &type, sizeof(type));
	hash_bytes(context, name == NULL ? "" : name,
	    name == NULL ? 0 : strlen(name));
	if (type == CONFIG_TYPE_STRING) {
		const char *text = config_setting_get_string(setting);

		hash_bytes(context, text, text == NULL ? 0 : strlen(text));
	} else if (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64) {
		long long number = config_setting_get_int64(setting);

		hash_bytes(context, &number, sizeof(number));
	} else if (type == CONFIG_TYPE_FLOAT) {
		double number = config_setting_get_float(setting);

		hash_bytes(context, &number, sizeof(number));
	} else if (type == CONFIG_TYPE_BOOL) {
		int value = config_setting_get_bool(setting);

		hash_bytes(context, &value, sizeof(value));
	}
	hash_bytes(context, &count, sizeof(count));
	for (int i = 0; i < count; i++)
		hash_setting(context,
		    config_setting_get_elem(setting, (unsigned)i), but);
}

void
usher_site_hash(const config_setting_t *group, const char *but,
    unsigned char hash[USHER_SCOPE_HASH])
{
	GChecksum *context = g_checksum_new(G_CHECKSUM_SHA256);
	gsize size = USHER_SCOPE_HASH;

	memset(hash, 0, USHER_SCOPE_HASH);
	/* Another version may read the same words otherwise. */
	hash_bytes(context, USHER_VERSION, strlen(USHER_VERSION));
	if (group != NULL)
		hash_setting(context, group, but);
	g_checksum_get_digest(context, hash, &size);
	g_checksum_free(context);
}
