/*
 * probe.c - whether next hops live.
 *
 * OPTIONS every `timers.probe` to each hop that nothing was heard from since
 * the last time. Three unanswered are death, one answer of any kind is life;
 * calls that ring on a hop that dies are answered 503 (design-calls.md "Next
 * hops").
 */
#include <stdio.h>
#include <stdlib.h>

#include "proxy.h"

enum { DEATH = 3 };

/* A probe under way: the hop may be gone with its setup meanwhile. */
struct probe {
	struct proxy *proxy;
	struct setup *setup;
	struct hop *hop;
};

struct hop *
hop_now(struct proxy *proxy, struct hop *hop)
{
	struct hop *now = hops_at(&proxy->setup->hops, &hop->peer);

	return now != NULL ? now : hop;
}

void
probe_hop_heard(struct hop *hop, const struct proxy *proxy)
{
	hop->heard = true;
	hop->missed = 0;
	if (!hop->dead)
		return;
	hop->dead = false;
	log_write(&proxy->log, LOG_NOTICE, "next hop %s lives", hop->host);
}

static void
answered(struct sip_client *ct, int err, const struct sip_msg *msg, void *arg)
{
	struct probe *probe = arg;
	struct hop *hop;

	(void)ct;
	(void)err;
	if (msg == NULL)
		return;
	hop = hop_now(probe->proxy, probe->hop);
	hop->asked = false;
	probe_hop_heard(hop, probe->proxy);
}

static void
ended(int err, void *arg)
{
	struct probe *probe = arg;

	(void)err;
	setup_release(probe->setup);
	free(probe);
}

static int
build(const struct hop *hop, const char *branch, char *out, size_t size)
{
	char self[HOST_TEXT];
	int length;

	if (self_text(hop->peer.listener, &hop->peer.addr, self) != 0)
		return -1;
	length = snprintf(out, size,
	    "OPTIONS sip:%s SIP/2.0\r\n"
	    "Via: SIP/2.0/%s %s;branch=%s\r\n"
	    "Max-Forwards: 70\r\n"
	    "From: <sip:usher@%s>;tag=%s\r\n"
	    "To: <sip:%s>\r\n"
	    "Call-ID: %s@usher\r\n"
	    "CSeq: 1 OPTIONS\r\n"
	    "Accept: application/sdp\r\n"
	    "Content-Length: 0\r\n\r\n",
	    hop->host, sip_transport_name(hop->peer.transport), self, branch,
	    self, branch + 7, hop->host, branch + 7);
	return length < 0 || (size_t)length >= size ? -1 : length;
}

static void
ask(struct proxy *proxy, struct hop *hop)
{
	char branch[SIP_BRANCH_TEXT], bytes[2048];
	struct probe *probe = calloc(1, sizeof(*probe));
	struct sip_client *ct;
	int length;

	if (probe == NULL)
		return;
	sip_branch_new(proxy->txns, branch);
	length = build(hop, branch, bytes, sizeof(bytes));
	probe->proxy = proxy;
	probe->setup = setup_hold(proxy->setup);
	probe->hop = hop;
	if (length < 0 ||
	    sip_client_new(&ct, proxy->txns, SIP_METHOD_OPTIONS,
		span_of(branch), bytes, (size_t)length, &hop->peer, answered,
		ended, probe) != 0) {
		setup_release(probe->setup);
		free(probe);
		return;
	}
	hop->asked = true;
}

static void
missed(struct proxy *proxy, struct hop *hop)
{
	if (++hop->missed < DEATH || hop->dead)
		return;
	hop->dead = true;
	log_write(&proxy->log, LOG_WARNING,
	    "next hop %s is dead: %d probes "
	    "were not answered",
	    hop->host, DEATH);
	call_hop_died(proxy, hop);
}

static void
visit(struct proxy *proxy, struct hop *hop)
{
	if (hop->heard) {
		hop->heard = hop->asked = false;
		return;
	}
	if (hop->asked)
		missed(proxy, hop);
	ask(proxy, hop);
}

static void
turn(void *arg)
{
	struct proxy *proxy = arg;

	for (unsigned i = 0; i < proxy->setup->hops.count; i++)
		visit(proxy, &proxy->setup->hops.list[i]);
	probe_start(proxy);
}

void
probe_start(struct proxy *proxy)
{
	sip_timer_start(proxy->timers, &proxy->probe,
	    proxy->setup->sip->timers.probe, turn, proxy);
}

void
probe_stop(struct proxy *proxy)
{
	sip_timer_stop(proxy->timers, &proxy->probe);
}
