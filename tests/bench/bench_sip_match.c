/*
 * bench_sip_match: what a message costs from its bytes to its transaction, with
 * few and with many transactions alive (design.md §12).
 *
 * INVITEs that came before come again: the gate reads them, their transaction
 * is found and answers with what it said. Wire and clock are this program's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "txn.h"

enum { FEW = 100, MANY = 30000, READS = 300000, ROUNDS = 5, BYTES = 1024 };

struct bench {
	struct sip_timers *timers;
	struct sip_txn_layer *layer;
	struct sip_peer peer;
	unsigned sent;
	char (*messages)[BYTES];
};

static void
die(const char *what)
{
	(void)fprintf(stderr, "bench_sip_match: %s\n", what);
	exit(1);
}

static int
on_send(const struct sip_peer *dst, const char *bytes, size_t length, void *arg)
{
	struct bench *bench = arg;

	(void)dst;
	(void)bytes;
	(void)length;
	bench->sent++;
	return 0;
}

static void
on_request(struct sip_server *st, const struct sip_msg *msg,
    const struct sip_peer *src, void *arg)
{
	struct bench *bench = arg;

	(void)st;
	if (sip_server_new(&st, bench->layer, msg, src, SIP_TRYING_NOW, NULL,
		NULL) != 0)
		die("no transaction");
}

static void
receive(struct bench *bench, unsigned n)
{
	static const struct sip_limits limits = { .message = 65535,
		.head = 16384,
		.line = 8192,
		.headers = 128,
		.values = 64 };
	const char *bytes = bench->messages[n];
	struct sip_msg msg;

	if (sip_gate_read(&msg, bytes, strlen(bytes), &limits) != SIP_GATE_OK)
		die("the gate refuses a message");
	sip_txn_receive(bench->layer, &msg, &bench->peer);
}

static double
now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* In an order that caches cannot foresee. */
static double
measure(struct bench *bench, unsigned live)
{
	double best = 1e9;

	for (unsigned round = 0; round < ROUNDS; round++) {
		double begun = now_us(), us;

		for (unsigned i = 0, n = 1; i < READS; i++) {
			n = (n * 1664525u + 1013904223u);
			receive(bench, (n >> 8) % live);
		}
		us = (now_us() - begun) / READS;
		if (us < best)
			best = us;
	}
	return best;
}

static void
fill(struct bench *bench, unsigned from, unsigned to)
{
	for (unsigned n = from; n < to; n++) {
		(void)snprintf(bench->messages[n], BYTES,
		    "INVITE sip:+14155550100@192.0.2.9 SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK%08x;rport"
		    "\r\nMax-Forwards: 70\r\n"
		    "From: \"Alice\" <sip:alice@caller.example>;tag=f%x\r\n"
		    "To: <sip:+14155550100@192.0.2.9>\r\n"
		    "Call-ID: %08x@bench.example\r\nCSeq: 1 INVITE\r\n"
		    "Contact: <sip:alice@192.0.2.1>\r\n"
		    "Content-Length: 0\r\n\r\n",
		    n * 2654435761u, n, n);
		receive(bench, n);
	}
}

int
main(void)
{
	struct bench bench = { .sent = 0 };
	struct sip_txn_config config = { .max = MANY * 2,
		.key = "0123456789abcde",
		.send = on_send,
		.request = on_request,
		.arg = &bench };
	double few, many;

	bench.messages = calloc(MANY, sizeof(*bench.messages));
	if (bench.messages == NULL || sip_timers_new(&bench.timers, 1) != 0 ||
	    sip_txn_layer_new(&bench.layer, bench.timers, &config) != 0 ||
	    sip_addr_parse(&bench.peer.addr, SPAN_LIT("192.0.2.1"), 5060) != 0)
		die("out of memory");
	fill(&bench, 0, FEW);
	few = measure(&bench, FEW);
	fill(&bench, FEW, MANY);
	if (sip_txn_stats(bench.layer)->servers != MANY)
		die("not all live");
	many = measure(&bench, MANY);
	(void)printf("  %-56s %6.2f   bar 3    aim 1.5  (%.2f / %.2f us)\n",
	    "bytes to their transaction, 30,000 live / 100 live", many / few,
	    many, few);
	sip_txn_layer_free(bench.layer);
	sip_timers_free(bench.timers);
	free(bench.messages);
	return 0;
}
