/*
 * record_key: keys of what is remembered of a recipient.
 *
 * Parts, each ended by NUL, the recipient first, so that all of one recipient
 * can be read by a prefix. A part that is too long for a key is cut and ended
 * by a hash of the whole.
 */
#ifndef USHER_RECORD_KEY_H
#define USHER_RECORD_KEY_H

#include "policy.h"
#include "record.h"

struct record_key {
	size_t length;
	char bytes[RECORD_LONGEST_KEY];
};

void usher_record_key_begin(struct record_key *key, const char *recipient);
void usher_record_key_add(struct record_key *key, const char *part);
void usher_record_key_channel(struct record_key *key,
    enum usher_channel channel);

/*
 * Under what name a recipient is remembered: the first own address or number
 * of the policy; under the site's default, or without a policy, `who` in its
 * normal form, without delimiter part. NULL when memory is out.
 */
const char *usher_record_recipient(struct arena *arena,
    const struct usher_policy *policy, const char *who);

#endif
