/*
 * edit.h - forwarding by editing the original bytes, and our own responses.
 *
 * What is not edited leaves byte for byte as it came (design-calls.md
 * "Bytes"): a struct sip_edit collects insertions and deletions at offsets of
 * one message that the gate read, and sip_edit_apply() writes the result once.
 * Errors stick: collect first, look at what sip_edit_apply() returns. EINVAL:
 * edits overlap or do not belong to the message; ENOSPC: more than
 * SIP_EDITS_MAX edits or SIP_EDIT_TEXT bytes inserted; EMSGSIZE: out too small.
 *
 * Edits at one offset come out in the order they were made. Keeps RFC 3261
 * §16.6, §16.7, §8.2.6, §17.1.1.3, §9.1 and RFC 3581.
 */
#ifndef USHER_SIP_EDIT_H
#define USHER_SIP_EDIT_H

#include "gate.h"
#include "peer.h"

/* Every header may have to go, each by an edit of its own. */
#define SIP_EDITS_MAX (SIP_HEADERS_CAP + 32)
#define SIP_EDIT_TEXT 12288 /* a long R-URI stands in it thrice */

struct sip_edit_item {
	uint32_t at;   /* offset in the message */
	uint32_t cut;  /* bytes deleted there */
	uint16_t text; /* offset and length of what is inserted */
	uint16_t text_len;
};

struct sip_edit {
	const struct sip_msg *msg;
	int error;
	unsigned count;
	size_t used;
	struct sip_edit_item items[SIP_EDITS_MAX];
	char text[SIP_EDIT_TEXT];
};

void sip_edit_begin(struct sip_edit *e, const struct sip_msg *msg);

/* The three everything else is made of; offsets are spans of the message. */
void sip_edit_insert(struct sip_edit *e, const char *at, struct span text);
void sip_edit_delete(struct sip_edit *e, struct span what);
void sip_edit_replace(struct sip_edit *e, struct span what, struct span text);
void sip_edit_insertf(struct sip_edit *e, const char *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

void sip_edit_uri(struct sip_edit *e, struct span uri);
/* "Via: value" above the first. value: "SIP/2.0/UDP host:port;branch=...". */
void sip_edit_via_push(struct sip_edit *e, struct span value);
void sip_edit_via_pop(struct sip_edit *e);
/* received and rport on the topmost Via, as the source demands (RFC 3581). */
void sip_edit_via_stamp(struct sip_edit *e, const union sip_addr *src);
/* One less, or "Max-Forwards: absent" where there is none. The caller has
 * answered 0 with 483. */
void sip_edit_max_forwards(struct sip_edit *e, unsigned absent);
/* Takes the first n Route values, whole lines where nothing stays. */
void sip_edit_route_pop(struct sip_edit *e, unsigned n);
void sip_edit_record_route(struct sip_edit *e, struct span value);
/* A header above the first of its id (else at the head's end), below the last
 * of its id, at the head's end. name is written as given. */
void sip_edit_header_before(struct sip_edit *e, enum sip_header id,
    const char *name, struct span value);
void sip_edit_header_after(struct sip_edit *e, enum sip_header id,
    const char *name, struct span value);
void sip_edit_header_add(struct sip_edit *e, const char *name,
    struct span value);
void sip_edit_header_remove(struct sip_edit *e, const struct sip_hdr *hdr);
void sip_edit_header_remove_all(struct sip_edit *e, enum sip_header id);
/* Takes values first..first+n-1 (from 0) out of one comma-joined header. */
void sip_edit_values_remove(struct sip_edit *e, const struct sip_hdr *hdr,
    unsigned first, unsigned n);

int sip_edit_apply(struct sip_edit *e, char *out, size_t size, size_t *len);

/* build.c: messages of our own, from the spans of another */

struct sip_reply {
	unsigned code;
	struct span reason;	   /* p NULL: the RFC's phrase */
	struct span to_tag;	   /* added where To has none; not to a 100 */
	struct span headers;	   /* whole lines with CRLF, may be empty */
	const union sip_addr *src; /* of the request, for received/rport */
};

/* A response without body to a request that is answerable (else EBADMSG);
 * headers that a refused one lacks are left out. EMSGSIZE: out too small. */
int sip_reply_build(char *out, size_t size, size_t *len,
    const struct sip_msg *req, const struct sip_reply *reply);
/* Puts headers into a response that was built without; none if too long. */
void sip_reply_add(char *bytes, size_t size, size_t *len, struct span headers);
/* The ACK of a non-2xx, from our INVITE as it was sent and the response. */
int sip_ack_build(char *out, size_t size, size_t *len,
    const struct sip_msg *invite, const struct sip_msg *response);
/* headers: Reason and the like, whole lines with CRLF, or empty. */
int sip_cancel_build(char *out, size_t size, size_t *len,
    const struct sip_msg *invite, struct span headers);
/* The RFC's phrase for a code, never NULL ("Unknown"). */
const char *sip_reason_phrase(unsigned code);

#endif
