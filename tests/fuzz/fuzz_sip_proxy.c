/*
 * The proxy core on arbitrary datagrams from every kind of source.
 *
 * What must hold: whatever leaves passes the gate, but the echo of what did
 * not; a request that leaves has one Via more than it came with; the unproven
 * get nothing longer than they sent; when time has passed, no call and no
 * transaction is left.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy.h"

enum { REPLIES = 4, BYTES = 70000 };

static const char conf_text[] =
    "site = { domains = [ \"example.com\" ]; country_code = \"1\";"
    " default = \"default.conf\"; };\n"
    "sip = { listen = [ \"udp:127.0.0.1:0\" ];"
    " next_hops = [ \"sip:127.0.0.5:5060\", \"sip:127.0.0.6:5060\" ];"
    " trunks = [ \"sip:127.0.0.2:5060\" ]; trusted = [ \"127.0.0.2\" ];"
    " extensions = [ \"1*\" ]; defer_to = \"sip:vm-{user}@example.com\";"
    " peers = ( { name = \"c\"; from = [ \"127.0.0.3\" ];"
    " refuse = 486; } ); register = \"path\";"
    " limits = { rate = 1000000; burst = 1000000; ban = 0; }; };\n";
static const char policy_text[] =
    "name = \"Any\"; published = { page = \"https://p.example/\"; };\n"
    "rules = ( { name = \"a\"; if = { anonymous = true; }; then = \"refuse\"; "
    "say = \"No.\"; }, { name = \"v\"; if = { channel = \"video\"; }; then = "
    "\"redirect\"; to = [ \"sip:a@example.com\" ]; }, { name = \"d\"; if = { "
    "from = \"+44*\"; }; then = \"defer\"; during = \"00:00-12:00\"; } );\n";

struct world {
	struct proxy proxy;
	struct usher *usher;
	uint64_t now_ms;
	size_t received; /* bytes of the input */
	bool malformed;
	unsigned vias;
	unsigned reply_code;
	unsigned pending;
	struct sip_msg read;
	struct {
		size_t length;
		struct sip_peer from;
		char bytes[BYTES];
	} replies[REPLIES];
};

static struct world *world;

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	require(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* The far end answers what was forwarded to it, after this turn. */
static void
answer_later(struct world *w, const struct sip_peer *dst)
{
	struct sip_reply reply = { .code = w->reply_code,
		.to_tag = SPAN_LIT("far") };
	unsigned n = w->pending;

	if (n == REPLIES || w->read.method == SIP_METHOD_ACK ||
	    w->reply_code < 100)
		return;
	if (sip_reply_build(w->replies[n].bytes, BYTES, &w->replies[n].length,
		&w->read, &reply) != 0)
		return;
	w->replies[n].from = *dst;
	w->pending++;
}

static int
put(const struct sip_peer *dst, const char *bytes, size_t length, void *arg)
{
	struct world *w = world;
	union sip_addr stranger;

	(void)arg;
	require(sip_addr_parse(&stranger, SPAN_LIT("127.0.0.4"), 0) == 0);
	/* A 400 echoes the very lines that are wrong. */
	if (sip_gate_read(&w->read, bytes, length, NULL) != SIP_GATE_OK)
		require(w->malformed && !w->read.request);
	else if (w->read.request && w->read.method != SIP_METHOD_CANCEL &&
	    w->read.method != SIP_METHOD_ACK) {
		require(
		    w->read.via_count == w->vias + 1 || w->read.via_count == 1);
		answer_later(w, dst);
	}
	if (!w->read.request && sip_addr_same_host(&dst->addr, &stranger))
		require(length <= w->received);
	return 0;
}

static struct usher *
open_site(void)
{
	char folder[] = "/tmp/usher-fuzz-XXXXXX", path[64], other[64];
	struct usher_problems *problems = usher_problems_new();
	struct usher_error error;
	struct usher *usher;

	require(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/usher.conf", folder);
	snprintf(other, sizeof(other), "%s/default.conf", folder);
	write_file(path, conf_text);
	write_file(other, policy_text);
	if (usher_open(&usher, path, 0, problems, &error) != 0) {
		for (size_t i = 0; i < usher_problems_count(problems); i++)
			fprintf(stderr, "%s\n",
			    usher_problems_get(problems, i)->text);
		abort();
	}
	usher_problems_free(problems);
	unlink(path);
	unlink(other);
	rmdir(folder);
	return usher;
}

static void
receive(const char *bytes, size_t length, const struct sip_peer *src, void *arg)
{
	(void)bytes;
	(void)length;
	(void)src;
	(void)arg;
}

/* As start.c does, on virtual time and without a wire. */
static void
make_world(void)
{
	const struct sip_transport_handlers handlers = { .recv = receive };
	struct sip_txn_config config = { .send = put,
		.request = proxy_request };
	struct usher_conf *conf;
	struct usher_error error;
	union sip_addr address;
	struct proxy *p;

	world = calloc(1, sizeof(*world));
	require(world != NULL && sip_uri_init() == 0);
	config.arg = p = &world->proxy;
	world->now_ms = 1000;
	p->usher = world->usher = open_site();
	p->fixed_at = 1764000000;
	p->log.in_front = true;
	p->base = event_base_new();
	require(sip_timers_new(&p->timers, world->now_ms) == 0);
	require(sip_transports_new(&p->transports, p->base, &handlers) == 0);
	require(sip_addr_parse(&address, SPAN_LIT("127.0.0.1"), 0) == 0);
	require(sip_transport_listen(p->transports, SIP_OVER_UDP, &address,
		    "127.0.0.1", 5060, NULL) == 0);
	require(sip_txn_layer_new(&p->txns, p->timers, &config) == 0);
	p->decisions = decisions_new(p->timers);
	p->waitings = waitings_new();
	p->policies = store_thread_new(p->base);
	p->store = store_thread_new(p->base);
	require(p->policies != NULL && p->store != NULL);
	p->refusals = refusals_new();
	p->callbacks = callbacks_new();
	p->defence = defence_new();
	p->bindings = bindings_new(p->timers);
	conf = usher_conf_hold(world->usher);
	require(setup_new(&p->setup, conf, p->transports, NULL, NULL, &p->log,
		    &error) == 0);
	p->setup->bindings = p->bindings;
}

static void
source(struct sip_peer *src, unsigned which)
{
	static const char *const hosts[] = { "127.0.0.2", "127.0.0.3",
		"127.0.0.4", "127.0.0.5" };

	memset(src, 0, sizeof(*src));
	require(
	    sip_addr_parse(&src->addr, span_of(hosts[which % 4]), 5060) == 0);
	src->listener = sip_transport_at(world->proxy.transports, 0);
}

static void
pass_time(uint64_t ms)
{
	world->now_ms += ms;
	sip_timers_run(world->proxy.timers, world->now_ms);
}

/* What waits for the store goes on in real time, before time passes. */
static void
settle(void)
{
	while (waitings_count(world->proxy.waitings) > 0)
		require(event_base_loop(world->proxy.base, EVLOOP_ONCE) == 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* Decision lines are many, and nobody reads them here. */
	require(freopen("/dev/null", "w", stdout) != NULL);
	make_world();
	world->proxy.log.in_front = false;
	return 0;
}

static void
feed(const char *bytes, size_t length, const struct sip_peer *src)
{
	struct sip_msg msg;

	world->received = length;
	world->malformed = sip_gate_read(&msg, bytes, length, NULL) !=
	    SIP_GATE_OK;
	if (!world->malformed && msg.request)
		world->vias = msg.via_count;
	proxy_receive(bytes, length, src, &world->proxy);
	settle();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned codes[] = { 0, 100, 180, 200, 302, 404, 486, 503,
		603 };
	struct sip_peer src;
	char *copy;

	if (size < 3 || size > 60000)
		return 0;
	source(&src, data[0]);
	world->reply_code = codes[data[1] % 9];
	world->pending = 0;
	copy = malloc(size - 2);
	memcpy(copy, data + 2, size - 2);
	feed(copy, size - 2, &src);
	for (unsigned i = 0; i < world->pending; i++)
		proxy_receive(world->replies[i].bytes, world->replies[i].length,
		    &world->replies[i].from, &world->proxy);
	settle();
	pass_time(100);
	feed(copy, size - 2, &src);
	free(copy);
	for (int i = 0; i < 5; i++)
		pass_time(100000);
	require(world->proxy.calls == NULL);
	require(sip_txn_stats(world->proxy.txns)->servers == 0);
	require(sip_txn_stats(world->proxy.txns)->clients == 0);
	return 0;
}
