/*
 * record_key: see record_key.h.
 */
#include "record_key.h"

#include <glib.h>
#include <string.h>

#include "store.h"

enum { LONGEST_PART = 170, KEPT_OF_PART = 100, HASH_TEXT = 64 };

void
usher_record_key_begin(struct record_key *key, const char *recipient)
{
	key->length = 0;
	usher_record_key_add(key, recipient);
}

/* Three parts at most, so that they always fit. */
void
usher_record_key_add(struct record_key *key, const char *part)
{
	size_t length = strlen(part), kept = length;
	char *hash;

	if (length > LONGEST_PART)
		kept = KEPT_OF_PART;
	if (key->length + kept + HASH_TEXT + 1 > sizeof(key->bytes))
		return;
	memcpy(key->bytes + key->length, part, kept);
	key->length += kept;
	if (kept < length) {
		hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256,
		    (const guchar *)part, length);
		memcpy(key->bytes + key->length, hash, HASH_TEXT);
		key->length += HASH_TEXT;
		g_free(hash);
	}
	key->bytes[key->length++] = '\0';
}

void
usher_record_key_channel(struct record_key *key, enum usher_channel channel)
{
	usher_record_key_add(key, usher_channel_word(channel));
}

const char *
usher_record_recipient(struct arena *arena, const struct usher_policy *policy,
    const char *who)
{
	const struct dialling *dialling = NULL;
	struct address address;

	if (policy != NULL)
		dialling = &policy->conf->dialling;
	if (policy != NULL && policy != policy->conf->fallback &&
	    policy->address_count > 0)
		return usher_store_name(arena, &policy->addresses[0]);
	if (usher_address_parse(arena, who, dialling, &address, NULL) != 0)
		return usher_arena_string(arena, who);
	if (address.kind == ADDRESS_MAIL)
		return usher_address_undelimited(arena, address.text, '+');
	return usher_store_name(arena, &address);
}
