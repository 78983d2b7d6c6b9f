/*
 * codes.h - access codes beside the recipient's name: what was shown, and
 * taken out of what is forwarded (design.md §6).
 */
#ifndef USHER_SIP_CODES_H
#define USHER_SIP_CODES_H

#include "proxy.h"

/* Whether the user part ends in a sign and a code; bare: the URI without. */
bool codes_cut(const struct sip_uri *uri, struct sip_uri *bare);
/* Keeps what R-URI, P-Called-Party-ID and To show as the recipient's tag. */
void codes_find(struct recipient *recipient, const struct sip_msg *msg);
/* What is to be taken out: all that was shown in URIs, right or wrong, since
 * the name behind us has none; and what `asked` found valid elsewhere. */
void codes_keep(struct decision *decision, const struct recipient *recipient,
    const struct usher_decision *asked);
/* The edits of a request; `uri`: of its R-URI too. In a URI all goes that has
 * the form of a code, elsewhere what `codes` names. */
void codes_edit(struct sip_edit *edit, const char *codes, bool uri);
/* A URI as text without them, for what we write ourselves; codes may be NULL.
 * False: it does not fit. */
bool codes_bare(const char *codes, struct span uri, char *text, size_t size);
/* A response has the To that its request came with. */
void codes_restore(struct sip_edit *edit, const struct sip_buf *request);

#endif
