/*
 * txn.c - the transaction layer itself: messages to their transaction.
 *
 * Owns both tables, the counters and the dead. What happens inside one
 * transaction is in txn_server.c and txn_client.c. Called by the transport's
 * receive handler and by the proxy core. Keeps RFC 3261 §9.2, §16.11, §17.1.3,
 * §17.2.3.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "chars.h"
#include "txn_int.h"

#define DEFAULT_MAX 100000u

struct sip_buf *
sip_buf_new(const char *bytes, size_t len)
{
	struct sip_buf *buf;

	if (len > UINT32_MAX)
		return NULL;
	buf = malloc(sizeof(*buf) + len);
	if (!buf)
		return NULL;
	buf->refs = 1;
	buf->len = (unsigned)len;
	if (len)
		memcpy(buf->data, bytes, len);
	return buf;
}

struct sip_buf *
sip_buf_ref(struct sip_buf *buf)
{
	buf->refs++;
	return buf;
}

void
sip_buf_unref(struct sip_buf *buf)
{
	if (buf && --buf->refs == 0)
		free(buf);
}

static uint32_t
or_default(uint32_t ms, uint32_t normal)
{
	return ms ? ms : normal;
}

int
sip_txn_layer_new(struct sip_txn_layer **lp, struct sip_timers *timers,
    const struct sip_txn_config *config)
{
	struct sip_txn_layer *l;

	if (!timers || !config->send || !config->request)
		return EINVAL;
	l = calloc(1, sizeof(*l));
	if (!l)
		return ENOMEM;
	l->timers = timers;
	l->config = *config;
	if (!l->config.answer)
		l->config.answer = config->send;
	sip_txn_set_timers(l, config->t1_ms, config->t2_ms, config->t4_ms);
	sip_txn_set_max(l, config->max);
	if (txn_table_init(&l->servers) || txn_table_init(&l->clients)) {
		sip_txn_layer_free(l);
		return ENOMEM;
	}
	*lp = l;
	return 0;
}

static void
end_all(struct txn_table *table)
{
	for (unsigned i = 0; table->buckets && i < table->size; i++)
		while (table->buckets[i])
			txn_end(table->buckets[i], ECANCELED);
}

void
sip_txn_layer_free(struct sip_txn_layer *l)
{
	if (!l)
		return;
	txn_enter(l);
	end_all(&l->clients);
	end_all(&l->servers);
	txn_leave(l);
	free(l->servers.buckets);
	free(l->clients.buckets);
	free(l);
}

const struct sip_txn_stats *
sip_txn_stats(const struct sip_txn_layer *l)
{
	return &l->stats;
}

void
sip_txn_set_timers(struct sip_txn_layer *l, uint32_t t1_ms, uint32_t t2_ms,
    uint32_t t4_ms)
{
	l->config.t1_ms = or_default(t1_ms, 500);
	l->config.t2_ms = or_default(t2_ms, 4000);
	l->config.t4_ms = or_default(t4_ms, 5000);
}

void
sip_txn_set_max(struct sip_txn_layer *l, unsigned max)
{
	l->config.max = max ? max : DEFAULT_MAX;
}

void
txn_enter(struct sip_txn_layer *l)
{
	l->depth++;
}

void
txn_leave(struct sip_txn_layer *l)
{
	if (--l->depth)
		return;
	while (l->dead) {
		struct txn *t = l->dead;

		l->dead = t->next;
		sip_buf_unref(t->request);
		free(t->key);
		if (t->server)
			txn_server_free((struct sip_server *)t);
		else
			txn_client_free((struct sip_client *)t);
	}
}

void
txn_end(struct txn *t, int err)
{
	struct sip_txn_layer *l = t->layer;

	if (t->dead)
		return;
	t->dead = true;
	sip_timer_stop(l->timers, &t->again);
	sip_timer_stop(l->timers, &t->end);
	txn_table_remove(t->server ? &l->servers : &l->clients, t);
	txn_wait_no_more(t);
	if (t->server)
		l->stats.servers--;
	else
		l->stats.clients--;
	t->next = l->dead;
	l->dead = t;
	if (t->ended)
		t->ended(err, t->arg);
}

uint32_t
txn_64_t1(const struct sip_txn_layer *l)
{
	return 64 * l->config.t1_ms;
}

bool
txn_full(struct sip_txn_layer *l)
{
	if (l->stats.servers + l->stats.clients < l->config.max)
		return false;
	l->stats.refused++;
	return true;
}

static int
sent(struct sip_txn_layer *l, int err)
{
	if (err == EAGAIN || err == EWOULDBLOCK)
		return 0;
	if (err)
		l->stats.send_errors++;
	return err;
}

int
sip_txn_send(struct sip_txn_layer *l, const struct sip_peer *dst,
    const char *bytes, size_t len)
{
	return sent(l, l->config.send(dst, bytes, len, l->config.arg));
}

int
sip_txn_answer(struct sip_txn_layer *l, const struct sip_peer *dst,
    const char *bytes, size_t len)
{
	return sent(l, l->config.answer(dst, bytes, len, l->config.arg));
}

int
txn_put(struct sip_txn_layer *l, const struct sip_peer *dst,
    const struct sip_buf *buf)
{
	return sip_txn_send(l, dst, buf->data, buf->len);
}

const char *
sip_branch_new(struct sip_txn_layer *l, char text[SIP_BRANCH_TEXT])
{
	uint64_t n = ++l->counter;
	uint64_t mac = txn_siphash(l->config.key, 'b', &n, sizeof(n));

	(void)snprintf(text, SIP_BRANCH_TEXT, "z9hG4bK%llx.%016llx",
	    (unsigned long long)n, (unsigned long long)mac);
	return text;
}

static void
receive_response(struct sip_txn_layer *l, const struct sip_msg *msg,
    const struct sip_peer *src)
{
	struct sip_client *ct = NULL;

	if (msg->via.branch.p)
		ct = txn_client_find(l, msg->via.branch, msg->cseq_method);
	if (ct) {
		txn_client_response(ct, msg);
		return;
	}
	l->stats.strays++;
	if (l->config.stray)
		l->config.stray(msg, src, l->config.arg);
}

/* 200 to a CANCEL, whatever becomes of its INVITE (RFC 3261 §9.2). */
static void
answer_cancel(struct sip_txn_layer *l, const struct sip_msg *msg,
    const struct sip_peer *src, struct span tag)
{
	struct sip_reply ok = { .code = 200, .to_tag = tag, .src = &src->addr };
	struct sip_server *st;
	struct sip_peer dst;
	char out[4096];
	size_t len;

	if (txn_server_make(&st, l, msg, src) == 0) {
		(void)sip_server_answer(st, &ok);
		return;
	}
	sip_peer_reply(&dst, &msg->via, src);
	if (sip_reply_build(out, sizeof(out), &len, msg, &ok) == 0)
		(void)sip_txn_send(l, &dst, out, len);
}

static void
receive_cancel(struct sip_txn_layer *l, const struct sip_msg *msg,
    const struct sip_peer *src)
{
	struct sip_server *invite = txn_server_find(l, msg, SPAN_LIT("INVITE"),
	    src->transport);

	if (!invite) {
		l->config.request(NULL, msg, src, l->config.arg);
		return;
	}
	l->stats.cancels++;
	answer_cancel(l, msg, src, span_of(invite->tag));
	if (invite->t.state == TXN_PROCEEDING && !invite->t.dead)
		l->config.request(invite, msg, src, l->config.arg);
}

static void
receive_request(struct sip_txn_layer *l, const struct sip_msg *msg,
    const struct sip_peer *src)
{
	bool ack = msg->method == SIP_METHOD_ACK;
	struct sip_server *st = txn_server_find(l, msg,
	    ack ? SPAN_LIT("INVITE") : msg->method_text, src->transport);

	if (st && ack)
		txn_server_ack(st, msg, src);
	else if (st)
		txn_server_again(st);
	else if (msg->method == SIP_METHOD_CANCEL)
		receive_cancel(l, msg, src);
	else
		l->config.request(NULL, msg, src, l->config.arg);
}

void
sip_txn_receive(struct sip_txn_layer *l, const struct sip_msg *msg,
    const struct sip_peer *src)
{
	txn_enter(l);
	if (msg->request)
		receive_request(l, msg, src);
	else
		receive_response(l, msg, src);
	txn_leave(l);
}

/* The topmost branch of our own request, as far as it was sent back. */
static struct span
quoted_branch(const char *bytes, size_t len)
{
	static const char mark[] = ";branch=";
	const char *end = bytes + len, *p, *q;

	/* Behind the R-URI, which may have a parameter of that name. */
	p = memmem(bytes, len, "\r\n", 2);
	if (p)
		p = memmem(p, (size_t)(end - p), mark, sizeof(mark) - 1);
	if (!p)
		return (struct span){ 0 };
	p += sizeof(mark) - 1;
	for (q = p; q < end && is_char(*q, CHAR_TOKEN); q++)
		;
	/* Cut off within the branch: not to be guessed at. */
	if (q == end)
		return (struct span){ 0 };
	return span_between(p, q);
}

bool
sip_txn_icmp(struct sip_txn_layer *l, const char *bytes, size_t len, int err)
{
	const char *sp = len ? memchr(bytes, ' ', len) : NULL;
	struct sip_client *ct;
	struct span branch;

	if (!sp)
		return false;
	branch = quoted_branch(bytes, len);
	if (!branch.p)
		return false;
	ct = txn_client_find(l, branch, span_between(bytes, sp));
	if (!ct || ct->t.state != TXN_TRYING)
		return false;
	txn_client_fail(ct, err);
	return true;
}

bool
sip_txn_waits_on(const struct sip_txn_layer *l, uint64_t connection)
{
	const struct txn *t = l->on_stream[connection % STREAMS];

	for (; t; t = t->next_on) {
		const struct sip_server *st = (const struct sip_server *)t;
		const struct sip_client *ct = (const struct sip_client *)t;

		if ((t->server ? st->target : ct->target).connection ==
		    connection)
			return true;
	}
	return false;
}

void
sip_server_may_return(struct sip_server *st)
{
	st->returns = true;
}

static void
lose_stream(struct sip_server *st)
{
	struct sip_msg *msg = &st->t.layer->scratch;
	const struct sip_buf *buf = st->t.request;

	st->muted = !st->returns || !buf ||
	    sip_gate_read(msg, buf->data, buf->len, NULL) ||
	    !sip_peer_return(&st->target, &msg->via);
}

void
sip_txn_connection_lost(struct sip_txn_layer *l, uint64_t connection, int err)
{
	if (connection == 0)
		return;
	for (struct txn *t = l->on_stream[connection % STREAMS]; t;
	     t = t->next_on) {
		struct sip_server *st = (struct sip_server *)t;
		struct sip_client *ct = (struct sip_client *)t;

		if (t->server && st->target.connection == connection)
			lose_stream(st);
		else if (!t->server && ct->target.connection == connection)
			txn_client_fail(ct, err);
	}
}
