/*
 * txn_cancel.c - ending an INVITE that is wanted no more (RFC 3261 §9.1).
 *
 * The CANCEL is a client transaction of its own with the INVITE's branch,
 * owned by nobody. It waits for a provisional, and does not go at all when a
 * final comes first. Called by the TU and, when the provisional comes, by
 * txn_client.c.
 */
#include <errno.h>
#include <stdlib.h>

#include "txn_int.h"

/* The CANCEL's bytes in a buffer of their own, and the branch in it. */
static struct sip_buf *
build(struct sip_client *ct, struct span *branch)
{
	struct sip_txn_layer *l = ct->t.layer;
	const struct sip_buf *invite = ct->t.request;
	const struct sip_buf *more = ct->cancel_headers;
	struct span headers = { 0 };
	struct sip_buf *buf = NULL;
	size_t size, len;
	char *out;

	if (more)
		headers = (struct span){ more->data, more->len };
	size = invite->len + headers.l + 256;
	out = malloc(size);
	if (!out)
		return NULL;
	if (sip_gate_read(&l->scratch, invite->data, invite->len, NULL) == 0 &&
	    sip_cancel_build(out, size, &len, &l->scratch, headers) == 0)
		buf = sip_buf_new(out, len);
	free(out);
	*branch = l->scratch.via.branch;
	return buf;
}

void
txn_client_cancel_now(struct sip_client *ct)
{
	struct sip_txn_layer *l = ct->t.layer;
	struct sip_client *cancel;
	struct span branch;
	struct sip_buf *buf;

	ct->cancel_sent = true;
	txn_client_end_in(ct, txn_64_t1(l));
	buf = build(ct, &branch);
	if (!buf)
		return;
	/* Never refused for want of room: it makes room. */
	if (txn_client_make(&cancel, l, SIP_METHOD_CANCEL, branch, buf,
		&ct->target) == 0)
		txn_client_begin(cancel);
	sip_buf_unref(buf);
	sip_buf_unref(ct->cancel_headers);
	ct->cancel_headers = NULL;
}

int
sip_client_cancel(struct sip_client *ct, struct span headers)
{
	struct sip_txn_layer *l = ct->t.layer;

	if (ct->t.method != SIP_METHOD_INVITE)
		return EINVAL;
	if (ct->t.dead || ct->t.state > TXN_PROCEEDING)
		return EALREADY;
	if (ct->cancelled)
		return 0;
	ct->cancelled = true;
	if (headers.l) {
		ct->cancel_headers = sip_buf_new(headers.p, headers.l);
		if (!ct->cancel_headers)
			return ENOMEM;
	}
	/* Nobody waits for the answer to another copy of it. */
	sip_timer_stop(l->timers, &ct->t.again);
	if (ct->t.state == TXN_PROCEEDING)
		txn_client_cancel_now(ct);
	return 0;
}
