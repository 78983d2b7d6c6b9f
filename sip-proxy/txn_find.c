/*
 * txn_find.c - which server transaction a request belongs to.
 *
 * RFC 3261 §17.2.3: by the branch of who knows RFC 3261, else by what the
 * older RFC 2543 compared. Called by txn.c and txn_cancel.c.
 */
#include "txn_int.h"

bool
txn_has_cookie(struct span branch)
{
	static const char cookie[] = "z9hG4bK";

	/* The cookie alone identifies nothing (RFC 4475 §3.2.1). */
	return branch.l > sizeof(cookie) - 1 &&
	    memcmp(branch.p, cookie, sizeof(cookie) - 1) == 0;
}

/*
 * RFC 3261 §17.2.3, both halves; the To tag is looked at in to_tag_fits(). The
 * Call-ID and the transport narrow it: they are the same in all that belongs to
 * a transaction, and who only guesses a branch, or uses one for every request,
 * meets no transaction but its own.
 */
struct txn_key
txn_server_key(const struct sip_msg *msg, struct span method,
    enum sip_transport transport)
{
	struct span wire = span_of(sip_transport_name(transport));

	if (txn_has_cookie(msg->via.branch))
		return (struct txn_key){ .n = 6,
			.part = { msg->via.branch, msg->via.host,
			    msg->via.port_text, method, msg->call_id, wire } };
	return (struct txn_key){ .n = 7,
		.part = { msg->call_id, msg->from_tag,
		    { (const char *)&msg->cseq, sizeof(msg->cseq) }, msg->uri,
		    msg->via.value, method, wire } };
}

static struct span
response_tag(struct sip_server *st)
{
	struct sip_msg *msg = &st->t.layer->scratch;
	const struct sip_buf *buf = st->response;

	if (!buf || sip_gate_read(msg, buf->data, buf->len, NULL))
		return (struct span){ 0 };
	return msg->to_tag;
}

static bool
to_tag_fits(struct sip_server *st, const struct sip_msg *msg)
{
	struct span own = { st->to_tag, st->to_tag_len };

	if (!st->legacy || span_eq(own, msg->to_tag))
		return true;
	return msg->method == SIP_METHOD_ACK &&
	    span_eq(response_tag(st), msg->to_tag);
}

struct sip_server *
txn_server_keyed(struct sip_txn_layer *l, const struct sip_msg *msg,
    const struct txn_key *key, uint64_t hash)
{
	struct txn *t = l->servers.buckets[hash & (l->servers.size - 1)];

	for (; t; t = t->next) {
		if (t->hash == hash && txn_key_is(t, key) &&
		    to_tag_fits((struct sip_server *)t, msg))
			return (struct sip_server *)t;
	}
	return NULL;
}

struct sip_server *
txn_server_find(struct sip_txn_layer *l, const struct sip_msg *msg,
    struct span method, enum sip_transport transport)
{
	struct txn_key key;

	if (l->servers.count == 0)
		return NULL;
	key = txn_server_key(msg, method, transport);
	return txn_server_keyed(l, msg, &key, txn_key_hash(l, &key));
}
