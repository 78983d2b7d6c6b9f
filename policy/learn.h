/*
 * learn: inside of a learner, for learn.c, learn_mail.c and learn_log.c.
 */
#ifndef USHER_LEARN_H
#define USHER_LEARN_H

#include <glib.h>

#include "policy.h"
#include "usher.h"

struct usher_learner {
	struct arena arena;
	struct usher *usher;
	struct usher_conf *conf;     /* held */
	struct usher_policy *policy; /* held */
	const char *who;
	struct usher_message *message; /* used again */
	GHashTable *parties;	       /* party -> struct usher_learned */
	GPtrArray *learned;	       /* the same, in order */
	GHashTable *queue;	       /* ids of their mails in a log */
};

/* Whether the one that was told is theirs whom we learn for. */
bool usher_learner_owns(const struct usher_learner *learner,
    const char *address);
/*
 * Learns one address, unless it is their own, no address, a robot's or a
 * list's. ENOMEM.
 */
int usher_learner_take(struct usher_learner *learner, const char *address);

#endif
