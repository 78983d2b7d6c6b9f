/*
 * proof: what Authentication-Results of our own filters prove of a mail.
 *
 * Pure: header fields in, yes or no out. Used by message_facts.c.
 */
#ifndef USHER_PROOF_H
#define USHER_PROOF_H

#include "arena.h"
#include "evidence.h"

struct proof_source {
	size_t id_count;
	const char *const *ids; /* mail.authserv_ids */
	bool stripped;		/* mail.authserv = "stripped" */
	const char *queue_id;	/* of this message, or NULL, "" */
	bool stored;		/* read from a file: proof.c says more */
	size_t domain_count;
	const char *const *domains; /* site.domains */
	bool null_sender;
};

/*
 * Whether `from`, the one address of the one From field, is proven by the
 * fields, topmost first.
 */
bool usher_proof_holds(struct arena *arena, const struct proof_source *source,
    const struct evidence_field *fields, size_t count, const char *from);

/* ---- one Authentication-Results field (RFC 8601 §2.2), for proof.c ---- */

enum auth_method { AUTH_OTHER, AUTH_DMARC, AUTH_DKIM, AUTH_SPF };

struct auth_result {
	enum auth_method method;
	bool pass, fail;
	/* Values of the properties, or NULL. */
	const char *header_from, *header_d, *header_i, *smtp_mailfrom;
};

struct auth_results {
	const char *id; /* authserv-id, as written */
	bool readable;	/* else `results` is empty */
	size_t count;
	struct auth_result *results;
};

enum { MOST_AUTH_RESULTS = 64 };

/* False when not even an authserv-id can be read. */
bool usher_auth_results_parse(struct arena *arena, const char *value,
    struct auth_results *out);

#endif
