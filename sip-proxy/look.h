/*
 * look.h - one look-up of a name, SRV first. For resolve.c alone.
 */
#ifndef USHER_SIP_LOOK_H
#define USHER_SIP_LOOK_H

#include "resolve.h"

struct look;

/* What came of it: `places` in an order of their own that does not depend on
 * the server's; NULL unless found. unsure: nobody could say whether there are
 * SRV records, and these are the addresses alone. */
struct look_result {
	enum dns_end end;
	bool unsure;
	uint32_t ttl_s;
	const struct places *places;
};
typedef void look_h(const struct look_result *result, void *arg);

/* Ends by calling the handler once, perhaps before it returns, and is gone
 * then. *lp is set before anything else. ENOMEM. */
int look_begin(struct look **lp, struct dns *dns,
    struct sip_transports *transports, const struct wanted *wanted,
    look_h *handler, void *arg);
/* For a dns that calls no handler any more. */
void look_free(struct look *look);

#endif
