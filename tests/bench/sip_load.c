/*
 * sip_load: callers, and if asked the far end too, for a proxy on loopback.
 *
 * A closed loop over UDP: so many calls have no final answer yet, no more. It
 * spins instead of sleeping, because each wake-up of a proxy on the other
 * processor costs more than the call it answers. A call is an INVITE of about
 * 900 bytes with an offer; it has ended with its final answer, or, where the
 * far end only rings (-r), with the 18x. An unanswered one is sent again after
 * half a second. Prints one line of name=value. Called by bench_sip.py and by
 * tests/sip/endure.py.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	BATCH = 32,
	BYTES = 2048,
	CODES = 700,
	BUFFER = 8 << 20,
	AGAIN_NS = 500000000,
	LOOK_NS = 50000000
};

struct options {
	long calls, window, users, first, beyond;
	unsigned to, from, far; /* ports; far 0: no far end */
	unsigned code;		/* of the far end's final answer */
	unsigned seconds;	/* at most */
	bool ack, ring, hang_up;
	const char *domain;
};

struct call {
	long long sent_ns;
	bool ended;
};

struct load {
	struct options o;
	int fd, far_fd;
	struct sockaddr_in proxy;
	struct call *calls;
	long sent, ended, again, oldest;
	long codes[CODES];
	long long begun_ns, looked_ns;
};

/* What waits to be sent at once. */
struct batch {
	struct mmsghdr headers[BATCH];
	struct iovec iovecs[BATCH];
	struct sockaddr_in peers[BATCH];
	char bytes[BATCH][BYTES];
	unsigned count;
};

static const char offer[] =
    "v=0\r\no=alice 2890844526 2890844526 IN IP4 127.0.0.1\r\ns=-\r\n"
    "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 49170 RTP/AVP 0 8 101\r\n"
    "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
    "a=sendrecv\r\n";
static const char shown[] =
    "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, UPDATE\r\n"
    "Supported: replaces, timer, 100rel\r\n"
    "User-Agent: bench softphone 1.0\r\nAccept-Language: en, de;q=0.7\r\n"
    "Priority: normal\r\nContent-Type: application/sdp\r\n";

static void
die(const char *what)
{
	(void)fprintf(stderr, "sip_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long long
now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int
open_socket(unsigned port)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), size = BUFFER;

	if (fd < 0)
		die("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size,
		    sizeof(size));
	if (bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0)
		die("bind");
	return fd;
}

static char *
room(struct batch *batch, const struct sockaddr_in *to)
{
	batch->peers[batch->count] = *to;
	return batch->bytes[batch->count];
}

static void
put(struct batch *batch, int length)
{
	unsigned i = batch->count++;

	if (length <= 0 || length >= BYTES)
		die("a message of mine does not fit");
	batch->iovecs[i] = (struct iovec){ batch->bytes[i], (size_t)length };
	batch->headers[i].msg_hdr = (struct msghdr){
		.msg_iov = &batch->iovecs[i],
		.msg_iovlen = 1,
		.msg_name = &batch->peers[i],
		.msg_namelen = sizeof(batch->peers[i])
	};
}

static void
flush(struct batch *batch, int fd)
{
	for (unsigned done = 0; done < batch->count;) {
		int sent = sendmmsg(fd, batch->headers + done,
		    batch->count - done, 0);

		if (sent < 0 && errno != EAGAIN && errno != ECONNREFUSED)
			die("send");
		if (sent > 0)
			done += (unsigned)sent;
	}
	batch->count = 0;
}

/* tag: of To, with its ";tag=", or "". */
static int
write_request(const struct load *load, char *out, const char *method, long n,
    const char *uri, const char *route, const char *tag)
{
	const struct options *o = &load->o;
	bool invite = strcmp(method, "INVITE") == 0;
	bool own = strcmp(method, "BYE") == 0 || *route != '\0';
	long user = o->beyond + n % o->users;

	return snprintf(out, BYTES,
	    "%s %s SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%08lx%s%04lx;rport\r\n"
	    "%sMax-Forwards: 70\r\n"
	    "From: \"Alice Example\" <sip:alice%ld@caller.example>;tag=f%lx\r\n"
	    "To: \"Bob Example\" <sip:u%ld@%s>%s\r\n"
	    "Call-ID: %08lx-%d@bench.example\r\nCSeq: %d %s\r\n"
	    "Contact: <sip:alice@127.0.0.1:%u;transport=udp>\r\n"
	    "%sContent-Length: %zu\r\n\r\n%s",
	    method, uri, o->from, n, own ? method : "", n % 97, route, n, n,
	    user, o->domain, tag, n, getpid(), strcmp(method, "BYE") ? 1 : 2,
	    method, o->from, invite ? shown : "",
	    invite ? sizeof(offer) - 1 : (size_t)0, invite ? offer : "");
}

static void
call(struct load *load, struct batch *batch, long n)
{
	char uri[256];

	(void)snprintf(uri, sizeof(uri), "sip:u%ld@%s",
	    load->o.beyond + n % load->o.users, load->o.domain);
	put(batch,
	    write_request(load, room(batch, &load->proxy), "INVITE", n, uri, "",
		""));
	load->calls[n - load->o.first].sent_ns = now_ns();
}

/* The value of a header of a message of the proxy's or of ours. */
static char *
value(char *message, const char *name, char *out, size_t size)
{
	char *at = strcasestr(message, name);
	size_t length;

	*out = '\0';
	if (at == NULL)
		return out;
	at += strlen(name);
	length = strcspn(at, "\r");
	if (length >= size)
		length = size - 1;
	memcpy(out, at, length);
	out[length] = '\0';
	return out;
}

static void
acknowledge(const struct load *load, struct batch *batch, char *message, long n,
    unsigned code)
{
	char uri[256], to[256], contact[256], routes[512] = "", all[768];
	const char *tag;

	(void)value(message, "\r\nTo: ", to, sizeof(to));
	tag = strstr(to, ";tag=");
	(void)snprintf(uri, sizeof(uri), "sip:u%ld@%s",
	    load->o.beyond + n % load->o.users, load->o.domain);
	if (code < 300) {
		(void)value(message, "\r\nContact: <", contact,
		    sizeof(contact));
		contact[strcspn(contact, ">")] = '\0';
		(void)snprintf(uri, sizeof(uri), "%s", contact);
		(void)value(message, "\r\nRecord-Route: ", routes,
		    sizeof(routes));
	}
	(void)snprintf(all, sizeof(all), *routes ? "Route: %s\r\n" : "%s",
	    routes);
	put(batch,
	    write_request(load, room(batch, &load->proxy), "ACK", n, uri, all,
		tag == NULL ? "" : tag));
	if (code < 300 && load->o.hang_up && batch->count < BATCH)
		put(batch,
		    write_request(load, room(batch, &load->proxy), "BYE", n,
			uri, all, tag == NULL ? "" : tag));
}

static void
heard(struct load *load, struct batch *batch, char *message)
{
	unsigned code = (unsigned)strtoul(message + 8, NULL, 10);
	char text[64];
	long n = strtol(value(message, "\r\nCall-ID: ", text, sizeof(text)),
	    NULL, 16);
	bool bye = strcasestr(message, " BYE\r\n") != NULL;
	struct call *one;

	if (n < load->o.first || n >= load->o.first + load->sent ||
	    code >= CODES || bye)
		return;
	if (code < 200 && (code < 180 || !load->o.ring))
		return;
	if (code >= 200 && load->o.ack)
		acknowledge(load, batch, message, n, code);
	one = &load->calls[n - load->o.first];
	if (one->ended)
		return;
	one->ended = true;
	load->ended++;
	load->codes[code]++;
}

/* False: nothing came. */
static int
receive(int fd, struct batch *in)
{
	for (unsigned i = 0; i < BATCH; i++) {
		in->iovecs[i] = (struct iovec){ in->bytes[i], BYTES - 1 };
		in->headers[i].msg_hdr = (struct msghdr){
			.msg_iov = &in->iovecs[i],
			.msg_iovlen = 1,
			.msg_name = &in->peers[i],
			.msg_namelen = sizeof(in->peers[i])
		};
	}
	int count = recvmmsg(fd, in->headers, BATCH, MSG_DONTWAIT, NULL);

	for (int i = 0; i < count; i++)
		in->bytes[i][in->headers[i].msg_len] = '\0';
	return count;
}

/* The far end answers by what it was sent, line by line. */
static int
write_answer(const struct load *load, char *out, char *request, unsigned code)
{
	static const char *const copied[] = { "Via:", "From:", "Call-ID:",
		"CSeq:", "Record-Route:" };
	int used = snprintf(out, BYTES, "SIP/2.0 %u Answer\r\n", code);
	char *line = strstr(request, "\r\n") + 2;

	while (*line != '\r' && *line != '\0') {
		int length = (int)strcspn(line, "\r");
		bool to = strncasecmp(line, "To:", 3) == 0, copy = to;

		for (size_t i = 0; i < sizeof(copied) / sizeof(*copied); i++)
			copy |= strncasecmp(line, copied[i],
				    strlen(copied[i])) == 0;
		if (copy)
			used += snprintf(out + used, (size_t)(BYTES - used),
			    "%.*s%s\r\n", length, line,
			    to && !memmem(line, (size_t)length, ";tag=", 5)
				? ";tag=far"
				: "");
		line += length + 2;
	}
	return used +
	    snprintf(out + used, (size_t)(BYTES - used),
		"Contact: <sip:bob@127.0.0.1:%u>\r\nContent-Length: 0\r\n\r\n",
		load->o.far);
}

static void
be_far_end(const struct load *load)
{
	static struct batch in, out;
	int count = receive(load->far_fd, &in);

	for (int i = 0; i < count; i++) {
		char *request = in.bytes[i];
		bool invite = strncmp(request, "INVITE", 6) == 0;
		unsigned code = !invite ? 200
		    : load->o.ring	? 180
					: load->o.code;

		if (strncmp(request, "ACK", 3) == 0 ||
		    strncmp(request, "SIP/", 4) == 0)
			continue;
		put(&out,
		    write_answer(load, room(&out, &in.peers[i]), request,
			code));
	}
	flush(&out, load->far_fd);
}

static void
send_again(struct load *load, struct batch *out, long long now)
{
	while (load->oldest < load->sent && load->calls[load->oldest].ended)
		load->oldest++;
	for (long i = load->oldest; i < load->sent && out->count < BATCH; i++) {
		if (load->calls[i].ended ||
		    now - load->calls[i].sent_ns < AGAIN_NS)
			continue;
		call(load, out, load->o.first + i);
		load->again++;
	}
	load->looked_ns = now;
}

static void
run(struct load *load)
{
	static struct batch in, out;
	const struct options *o = &load->o;

	while (load->ended < o->calls) {
		long long now = now_ns();
		int count;

		if (now - load->begun_ns > o->seconds * 1000000000LL)
			break;
		while (out.count < BATCH && load->sent < o->calls &&
		    load->sent - load->ended < o->window)
			call(load, &out, o->first + load->sent++);
		if (now - load->looked_ns > LOOK_NS)
			send_again(load, &out, now);
		flush(&out, load->fd);
		if (load->far_fd >= 0)
			be_far_end(load);
		count = receive(load->fd, &in);
		for (int i = 0; i < count; i++) {
			if (out.count + 2 > BATCH)
				flush(&out, load->fd);
			heard(load, &out, in.bytes[i]);
		}
		flush(&out, load->fd);
	}
}

/* The last ACKs and BYEs shall find somebody. */
static void
linger(const struct load *load)
{
	long long until = now_ns() + AGAIN_NS / 2;

	while (load->far_fd >= 0 && now_ns() < until)
		be_far_end(load);
}

static void
report(const struct load *load)
{
	(void)printf("calls=%ld seconds=%.3f again=%ld codes=", load->ended,
	    (double)(now_ns() - load->begun_ns) / 1e9, load->again);
	for (unsigned code = 0; code < CODES; code++)
		if (load->codes[code] > 0)
			(void)printf("%u:%ld,", code, load->codes[code]);
	(void)printf("\n");
}

static int
usage(void)
{
	(void)fputs("usage: sip_load -t PORT -f PORT [-u FAR_PORT] [-n CALLS] "
		    "[-w WINDOW]\n\t[-U USERS] [-B BEYOND] [-d DOMAIN] "
		    "[-c CODE] [-i FIRST]\n\t[-s SECONDS] [-p PROCESSOR] "
		    "[-a] [-b] [-r]\n  -B the first user called\n"
		    "  -a acknowledge, -b and hang up, -r the far end rings\n",
	    stderr);
	return 2;
}

static void
pin(unsigned processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static bool
read_options(int argc, char **argv, struct options *o)
{
	int letter;

	while (
	    (letter = getopt(argc, argv, "n:w:U:B:i:t:f:u:c:s:d:p:abr")) > 0) {
		long number = optarg ? strtol(optarg, NULL, 10) : 0;

		switch (letter) {
		case 'n': o->calls = number; break;
		case 'w': o->window = number; break;
		case 'U': o->users = number; break;
		case 'B': o->beyond = number; break;
		case 'i': o->first = number; break;
		case 't': o->to = (unsigned)number; break;
		case 'f': o->from = (unsigned)number; break;
		case 'u': o->far = (unsigned)number; break;
		case 'c': o->code = (unsigned)number; break;
		case 's': o->seconds = (unsigned)number; break;
		case 'd': o->domain = optarg; break;
		case 'p': pin((unsigned)number); break;
		case 'a': o->ack = true; break;
		case 'b': o->ack = o->hang_up = true; break;
		case 'r': o->ring = true; break;
		default: return false;
		}
	}
	return o->to != 0 && o->from != 0 && o->users > 0 && o->calls > 0;
}

int
main(int argc, char **argv)
{
	struct load load = { .o = { .calls = 20000,
				 .window = 64,
				 .users = 1000,
				 .code = 486,
				 .seconds = 120,
				 .domain = "example.com" },
		.far_fd = -1 };

	if (!read_options(argc, argv, &load.o))
		return usage();
	load.calls = calloc((size_t)load.o.calls, sizeof(*load.calls));
	if (load.calls == NULL)
		die("memory");
	load.fd = open_socket(load.o.from);
	if (load.o.far != 0)
		load.far_fd = open_socket(load.o.far);
	load.proxy = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)load.o.to),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	load.begun_ns = now_ns();
	run(&load);
	report(&load);
	linger(&load);
	free(load.calls);
	return load.ended == load.o.calls ? 0 : 1;
}
