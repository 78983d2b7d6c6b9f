/*
 * mta_load SOCKET PID SESSIONS MAILS FILE SENDER RECIPIENT: mails to a filter.
 *
 * Plays the MTA's side of the milter protocol (version 6) as Postfix does: a
 * connection a mail, macros before each step, steps left out and unanswered
 * as negotiated. A thread a session, and no MTA in the way, so that the
 * filter's own cost shows. FILE is one mail with CRLF. Prints what was
 * negotiated and what the filter with this process id used: "actions=X steps=X
 * macros=STAGE:NAMES,... mails=N seconds=S cpu_us=U peak_kb=K answers=cN...",
 * blanks between names as "+". Called by bench_mail.py; MAILS 0 negotiates
 * only.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmilter/mfdef.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 65535, MOST_FIELDS = 100, MOST_SESSIONS = 1000 };

struct text {
	const char *at;
	size_t length;
};

static struct mail {
	struct text fields[MOST_FIELDS]; /* "name\0value\0" */
	size_t field_count;
	struct text body;
	const char *sender, *recipient;
} mail;

static const char *place;
static long mails;
static atomic_long next_mail;
static atomic_ulong answers[128]; /* last ones, by letter */
static uint32_t agreed[3];

/* The macros asked for at a step, by the step's letter; "": all there are. */
static const char stages[] = "CHMRTEN"; /* in the order of SMFIM_* */
static char wanted[sizeof stages][256];

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "mta_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* One step, gathered so that what needs no answer leaves with what does. */
struct link {
	int fd;
	size_t used;
	char out[CHUNK + 4096];
};

static void
flush(struct link *link)
{
	size_t done = 0;

	while (done < link->used) {
		ssize_t sent = write(link->fd, link->out + done,
		    link->used - done);

		if (sent <= 0)
			die("write");
		done += (size_t)sent;
	}
	link->used = 0;
}

static void
put(struct link *link, char command, const char *data, size_t length)
{
	uint32_t size = htonl((uint32_t)length + 1);

	if (link->used + length + 5 > sizeof link->out)
		flush(link);
	memcpy(link->out + link->used, &size, 4);
	link->out[link->used + 4] = command;
	memcpy(link->out + link->used + 5, data, length);
	link->used += length + 5;
}

static void
get(const struct link *link, char *data, size_t length)
{
	while (length > 0) {
		ssize_t got = read(link->fd, data, length);

		if (got <= 0)
			die("read");
		data += got;
		length -= (size_t)got;
	}
}

/* The letter of the answer; edits before it are passed over. */
static int
answer(struct link *link)
{
	char data[4096];
	uint32_t size;

	flush(link);
	for (;;) {
		get(link, (char *)&size, 4);
		size = ntohl(size);
		if (size == 0 || size > sizeof data)
			die("answer");
		get(link, data, size);
		if (strchr("acrdty4s", data[0]) != NULL)
			return data[0];
	}
}

/* Behind the three numbers: a stage, and its names with a NUL. */
static void
read_wanted(const char *at, const char *end)
{
	uint32_t stage;

	while (end - at > 4) {
		memcpy(&stage, at, 4);
		stage = ntohl(stage);
		at += 4;
		if (stage < sizeof wanted / sizeof wanted[0])
			(void)snprintf(wanted[stage], sizeof wanted[0], "%s",
			    at);
		at += strnlen(at, (size_t)(end - at)) + 1;
	}
}

static void
negotiate(struct link *link)
{
	uint32_t ours[3] = { htonl(6), htonl(0x1ff), htonl(0x1fffff) };
	char data[4096];
	uint32_t size;

	put(link, 'O', (const char *)ours, sizeof ours);
	flush(link);
	get(link, (char *)&size, 4);
	size = ntohl(size);
	if (size < 13 || size > sizeof data)
		die("negotiation");
	get(link, data, size);
	memcpy(agreed, data + 1, sizeof agreed);
	for (int i = 0; i < 3; i++)
		agreed[i] = ntohl(agreed[i]);
	read_wanted(data + 13, data + size);
}

static struct link *
dial(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct link *link = calloc(1, sizeof *link);
	int tries = 0;

	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s", place);
	if (link == NULL)
		die("memory");
	link->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	/* Its backlog may be full, or the filter about to listen. */
	while (connect(link->fd, (struct sockaddr *)&address, sizeof address) !=
	    0) {
		if ((errno != EAGAIN && errno != ECONNREFUSED) ||
		    tries++ > 5000)
			die(place);
		(void)usleep(200);
	}
	return link;
}

/* A step with its macros; 0: go on, else the answer that ended it. */
static int
step(struct link *link, char command, const char *data, size_t length,
    unsigned long left_out, unsigned long unanswered)
{
	int got;

	if ((agreed[2] & left_out) != 0)
		return 0;
	put(link, command, data, length);
	if ((agreed[2] & unanswered) != 0)
		return 0;
	got = answer(link);
	return got == 'c' ? 0 : got;
}

struct macro {
	const char *name, *value;
};

static bool
is_wanted(size_t stage, const char *name)
{
	const char *names = wanted[stage];
	size_t length = strlen(name);
	const char *at = strstr(names, name);

	return *names == '\0' ||
	    (at != NULL && (at[length] == '\0' || at[length] == ' '));
}

/* What the MTA has and the filter wants; nothing when that is nothing. */
static void
tell(struct link *link, char command, const struct macro *macros)
{
	size_t stage = (size_t)(strchr(stages, command) - stages), used = 1;
	char data[2048] = { command };

	for (; macros->name != NULL; macros++)
		if (is_wanted(stage, macros->name))
			used += (size_t)snprintf(data + used,
				    sizeof data - used, "%s%c%s", macros->name,
				    0, macros->value) +
			    1;
	if (used > 1)
		put(link, 'D', data, used);
}

static int
envelope(struct link *link)
{
	static const struct macro connection[] = {
		{ "j", "mx.example.com" },
		{ "{daemon_name}", "mx.example.com" },
		{ "{daemon_addr}", "127.0.0.1" },
		{ "v", "Postfix 3.7.11" },
		{ NULL, NULL },
	};
	const struct macro sender[] = {
		{ "{mail_mailer}", "smtp" },
		{ "{mail_host}", "sender.example" },
		{ "{mail_addr}", mail.sender },
		{ NULL, NULL },
	};
	const struct macro recipient[] = {
		{ "{rcpt_mailer}", "virtual" },
		{ "{rcpt_host}", "example.com" },
		{ "{rcpt_addr}", mail.recipient },
		{ NULL, NULL },
	};
	static const char client[] = "mail.sender.example\0"
				     "4\x10\xe1"
				     "192.0.2.1";
	static const char helo[] = "mail.sender.example";
	char data[400];
	int got, length;

	tell(link, 'C', connection);
	got = step(link, 'C', client, sizeof client, SMFIP_NOCONNECT,
	    SMFIP_NR_CONN);
	if (got == 0)
		got = step(link, 'H', helo, sizeof helo, SMFIP_NOHELO,
		    SMFIP_NR_HELO);
	tell(link, 'M', sender);
	length = snprintf(data, sizeof data, "<%.300s>", mail.sender);
	if (got == 0)
		got = step(link, 'M', data, (size_t)length + 1, SMFIP_NOMAIL,
		    SMFIP_NR_MAIL);
	tell(link, 'R', recipient);
	length = snprintf(data, sizeof data, "<%.300s>", mail.recipient);
	if (got == 0)
		got = step(link, 'R', data, (size_t)length + 1, SMFIP_NORCPT,
		    SMFIP_NR_RCPT);
	return got;
}

static int
content(struct link *link)
{
	static const struct macro id[] = {
		{ "i", "4B1kYp2Wz8z9rq9" },
		{ NULL, NULL },
	};
	int got;

	tell(link, 'T', id);
	got = step(link, 'T', "", 0, SMFIP_NODATA, SMFIP_NR_DATA);
	for (size_t i = 0; got == 0 && i < mail.field_count; i++)
		got = step(link, 'L', mail.fields[i].at, mail.fields[i].length,
		    SMFIP_NOHDRS, SMFIP_NR_HDR);
	if (got == 0)
		got = step(link, 'N', "", 0, SMFIP_NOEOH, SMFIP_NR_EOH);
	for (size_t at = 0; got == 0 && at < mail.body.length; at += CHUNK) {
		size_t left = mail.body.length - at;

		got = step(link, 'B', mail.body.at + at,
		    left < CHUNK ? left : CHUNK, SMFIP_NOBODY, SMFIP_NR_BODY);
	}
	if (got != 0 && got != 's')
		return got;
	tell(link, 'E', id);
	put(link, 'E', "", 0);
	return answer(link);
}

static void *
run_session(void *unused)
{
	while (atomic_fetch_add(&next_mail, 1) < mails) {
		struct link *link = dial();
		int got;

		negotiate(link);
		got = envelope(link);
		if (got == 0)
			got = content(link);
		atomic_fetch_add(&answers[got & 127], 1);
		put(link, 'Q', "", 0);
		flush(link);
		(void)close(link->fd);
		free(link);
	}
	return unused;
}

/* ---- the mail ---- */

static char *
read_file(const char *path, size_t *length)
{
	FILE *file = fopen(path, "r");
	char *data = malloc(1 << 26);

	if (file == NULL || data == NULL)
		die(path);
	*length = fread(data, 1, (1 << 26) - 1, file);
	data[*length] = '\0';
	(void)fclose(file);
	return data;
}

/* Fields as the MTA tells them: no blank behind the colon, folds by LF. */
static void
read_mail(const char *path)
{
	size_t length;
	char *at = read_file(path, &length), *end = at + length;

	while (at < end && *at != '\r' && mail.field_count < MOST_FIELDS) {
		struct text *field = &mail.fields[mail.field_count++];
		char *colon = strchr(at, ':'), *stop = strstr(at, "\r\n");

		while (stop != NULL && (stop[2] == ' ' || stop[2] == '\t'))
			stop = strstr(stop + 2, "\r\n");
		if (colon == NULL || stop == NULL)
			break;
		*colon = *stop = '\0';
		if (colon[1] == ' ') {
			memmove(at + 1, at, (size_t)(colon - at) + 1);
			at++;
			colon++;
		}
		*field = (struct text){ at, (size_t)(stop - at) + 1 };
		at = stop + 2;
	}
	at += at < end ? 2 : 0;
	mail.body = (struct text){ at, (size_t)(end - at) };
}

/* ---- the filter's cost ---- */

static double
seconds(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) != 0)
		die("clock");
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long
peak_kb(const char *pid)
{
	char path[64], line[256];
	long kb = -1;
	FILE *file;

	(void)snprintf(path, sizeof path, "/proc/%.20s/status", pid);
	file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			kb = strtol(line + 6, NULL, 10);
	if (file != NULL)
		(void)fclose(file);
	return kb;
}

static void
run(const char *pid, int sessions)
{
	pthread_t threads[MOST_SESSIONS];
	double begin = seconds(CLOCK_MONOTONIC), cpu;
	clockid_t clock;

	if (clock_getcpuclockid((pid_t)atol(pid), &clock) != 0)
		die(pid);
	cpu = seconds(clock);
	for (int i = 0; i < sessions; i++)
		if (pthread_create(&threads[i], NULL, run_session, NULL) != 0)
			die("thread");
	for (int i = 0; i < sessions; i++)
		(void)pthread_join(threads[i], NULL);
	printf("actions=%x steps=%x macros=", agreed[1], agreed[2]);
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
		for (char *c = wanted[i]; *c != '\0'; c++)
			*c = *c == ' ' ? '+' : *c;
		if (*wanted[i] != '\0')
			printf("%zu:%s,", i, wanted[i]);
	}
	printf(" mails=%ld seconds=%.4f cpu_us=%.2f peak_kb=%ld answers=",
	    mails, seconds(CLOCK_MONOTONIC) - begin,
	    (seconds(clock) - cpu) * 1e6 / (double)(mails > 0 ? mails : 1),
	    peak_kb(pid));
	for (int i = 0; i < 128; i++)
		if (answers[i] > 0)
			printf("%c%lu", i, answers[i]);
	printf("\n");
}

int
main(int argc, char **argv)
{
	int sessions = argc == 8 ? atoi(argv[3]) : 0;

	if (sessions < 1 || sessions > MOST_SESSIONS) {
		fprintf(stderr,
		    "usage: mta_load SOCKET PID SESSIONS MAILS "
		    "FILE SENDER RECIPIENT\n");
		return 2;
	}
	place = argv[1];
	mails = atol(argv[4]);
	read_mail(argv[5]);
	mail.sender = argv[6];
	mail.recipient = argv[7];
	if (mails == 0)
		negotiate(dial());
	run(argv[2], sessions);
	return 0;
}
