/*
 * outbox_smtp: see outbox_smtp.h.
 *
 * Keeps RFC 5321 §3.3 and §4.5.3.2, RFC 3461 §4.1 (NOTIFY=NEVER) and RFC 6531.
 * Until the final dot is written nothing can have been accepted; from then on
 * only a 2xx says that it was, and nothing says that it was not.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "outbox_smtp.h"

enum {
	LINE_BYTES = 1024,
	MOST_LINES = 100, /* of one answer */
	WAITS = 5,	  /* of an answer, until the dot and behind it */
	LAST_WAIT_S = 3	  /* for the answer to the dot, when we are to end */
};

struct talk {
	int socket, stop, wait_s;
	int64_t end_ms; /* of all patience */
	bool dotted;	/* the final dot was begun */
	char in[LINE_BYTES];
	size_t have;
	bool dsn, utf8; /* the server offers */
	char *why;
};

static bool fail(struct talk *talk, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool
fail(struct talk *talk, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(talk->why, OUTBOX_WHY, format, arguments);
	va_end(arguments);
	return false;
}

/* ---- bytes ---- */

static int64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Behind the dot the daemon's end waits for the answer, though not for long. */
static bool
note_stop(struct talk *talk)
{
	if (!talk->dotted)
		return fail(talk, "the daemon ends");
	talk->stop = -1;
	talk->end_ms = now_ms() + LAST_WAIT_S * 1000;
	return true;
}

static bool
wait_ready(struct talk *talk, short events)
{
	int64_t step = now_ms() + (int64_t)talk->wait_s * 1000;

	for (;;) {
		struct pollfd ready[] = { { .fd = talk->socket,
					      .events = events },
			{ .fd = talk->stop, .events = POLLIN } };
		int64_t end = step < talk->end_ms ? step : talk->end_ms;
		int64_t left = end - now_ms();
		int got = left <= 0 ? 0 : poll(ready, 2, (int)left);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return fail(talk, "no answer in time");
		if (ready[0].revents != 0)
			return true;
		if (ready[1].revents != 0 && !note_stop(talk))
			return false;
	}
}

static bool
write_all(struct talk *talk, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(talk->socket, data, length, MSG_NOSIGNAL);

		if (sent > 0) {
			data += sent;
			length -= (size_t)sent;
		} else if (sent < 0 &&
		    (errno == EAGAIN || errno == EWOULDBLOCK)) {
			if (!wait_ready(talk, POLLOUT))
				return false;
		} else if (sent < 0 && errno != EINTR) {
			return fail(talk, "writing: %s", strerror(errno));
		}
	}
	return true;
}

static bool
read_more(struct talk *talk)
{
	for (;;) {
		ssize_t got = recv(talk->socket, talk->in + talk->have,
		    sizeof(talk->in) - talk->have, 0);

		if (got > 0) {
			talk->have += (size_t)got;
			return true;
		}
		if (got == 0)
			return fail(talk, "the server hung up");
		if (errno == EAGAIN || errno == EWOULDBLOCK) {
			if (!wait_ready(talk, POLLIN))
				return false;
		} else if (errno != EINTR) {
			return fail(talk, "reading: %s", strerror(errno));
		}
	}
}

/* One line without its end; what is too long for a reply is an error. */
static bool
read_line(struct talk *talk, char line[LINE_BYTES])
{
	char *end;

	while ((end = memchr(talk->in, '\n', talk->have)) == NULL) {
		if (talk->have == sizeof(talk->in))
			return fail(talk, "an endless answer");
		if (!read_more(talk))
			return false;
	}
	{
		size_t length = (size_t)(end - talk->in);

		memcpy(line, talk->in, length);
		line[length] = '\0';
		line[strcspn(line, "\r")] = '\0';
		talk->have -= length + 1;
		memmove(talk->in, end + 1, talk->have);
	}
	return true;
}

/* ---- commands ---- */

static void
note_offer(struct talk *talk, const char *word)
{
	if (strncasecmp(word, "DSN", 3) == 0 && strchr(" ", word[3]) != NULL)
		talk->dsn = true;
	if (strncasecmp(word, "SMTPUTF8", 8) == 0 &&
	    strchr(" ", word[8]) != NULL)
		talk->utf8 = true;
}

/* The code of an answer, or 0 when none came. */
static int
read_answer(struct talk *talk)
{
	char line[LINE_BYTES];

	for (int i = 0; i < MOST_LINES; i++) {
		if (!read_line(talk, line))
			return 0;
		if (strspn(line, "0123456789") != 3 || line[0] < '2' ||
		    line[0] > '5') {
			(void)fail(talk, "no SMTP server answers");
			return 0;
		}
		if (line[3] != '\0')
			note_offer(talk, line + 4);
		if (line[3] != '-') {
			(void)fail(talk, "%.150s", line);
			return atoi(line);
		}
	}
	(void)fail(talk, "an endless answer");
	return 0;
}

static int command(struct talk *talk, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int
command(struct talk *talk, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof(line)) {
		(void)fail(talk, "the address is too long");
		return 550;
	}
	if (!write_all(talk, line, (size_t)length))
		return 0;
	return read_answer(talk);
}

static enum outbox_outcome
refused(int code)
{
	return code >= 500 ? OUTBOX_NEVER : OUTBOX_LATER;
}

/* An address literal (RFC 5321 §4.1.3): a host's name may be none. */
static void
own_name(int socket, char name[64])
{
	struct sockaddr_storage own = { 0 };
	socklen_t size = sizeof(own);
	char text[INET6_ADDRSTRLEN] = "127.0.0.1";
	const char *kind = "";

	(void)getsockname(socket, (struct sockaddr *)&own, &size);
	if (own.ss_family == AF_INET6) {
		kind = "IPv6:";
		(void)inet_ntop(AF_INET6,
		    &((struct sockaddr_in6 *)&own)->sin6_addr, text,
		    sizeof(text));
	} else if (own.ss_family == AF_INET) {
		(void)inet_ntop(AF_INET,
		    &((struct sockaddr_in *)&own)->sin_addr, text,
		    sizeof(text));
	}
	(void)snprintf(name, 64, "[%s%s]", kind, text);
}

static int
greet(struct talk *talk)
{
	char name[64];
	int code = read_answer(talk);

	if (code / 100 != 2)
		return code;
	own_name(talk->socket, name);
	talk->dsn = talk->utf8 = false;
	code = command(talk, "EHLO %s\r\n", name);
	return code / 100 == 5 ? command(talk, "HELO %s\r\n", name) : code;
}

static bool
is_ascii(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

/* ---- the message ---- */

/* All but the final dot; a line's first dot is doubled. */
static bool
write_message(struct talk *talk, const char *message, size_t length)
{
	const char *end = message + length;

	while (message < end) {
		const char *newline = memchr(message, '\n',
		    (size_t)(end - message));
		size_t line = newline == NULL ? (size_t)(end - message)
					      : (size_t)(newline - message + 1);

		if ((*message == '.' && !write_all(talk, ".", 1)) ||
		    !write_all(talk, message, line))
			return false;
		message += line;
	}
	return end[-1] == '\n' || write_all(talk, "\r\n", 2);
}

static enum outbox_outcome
end_message(struct talk *talk)
{
	int code;

	talk->dotted = true;
	talk->wait_s *= WAITS;
	talk->end_ms = now_ms() + (int64_t)talk->wait_s * 1000;
	code = command(talk, ".\r\n");
	if (code / 100 == 2)
		return OUTBOX_SENT;
	return code >= 500 ? OUTBOX_NEVER : OUTBOX_PERHAPS;
}

static enum outbox_outcome
deliver(struct talk *talk, const char *to, const char *message, size_t length)
{
	bool utf8 = !is_ascii(to, strlen(to)) || !is_ascii(message, length);
	int code = greet(talk);

	if (code / 100 != 2)
		return refused(code);
	if (utf8 && !talk->utf8) {
		(void)fail(talk, "the server offers no SMTPUTF8");
		return OUTBOX_NEVER;
	}
	code = command(talk, "MAIL FROM:<>%s\r\n", utf8 ? " SMTPUTF8" : "");
	if (code / 100 == 2)
		code = command(talk, "RCPT TO:<%s>%s\r\n", to,
		    talk->dsn ? " NOTIFY=NEVER" : "");
	if (code / 100 == 2)
		code = command(talk, "DATA\r\n");
	if (code != 354)
		return refused(code);
	if (!write_message(talk, message, length))
		return OUTBOX_LATER;
	return end_message(talk);
}

/* ---- connecting ---- */

static bool
connect_one(struct talk *talk, const struct addrinfo *to)
{
	int problem = 0;
	socklen_t size = sizeof(problem);

	talk->socket = socket(to->ai_family,
	    to->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to->ai_protocol);
	if (talk->socket < 0)
		return fail(talk, "socket: %s", strerror(errno));
	if (connect(talk->socket, to->ai_addr, to->ai_addrlen) == 0)
		return true;
	if (errno != EINPROGRESS)
		return fail(talk, "connecting: %s", strerror(errno));
	if (!wait_ready(talk, POLLOUT))
		return false;
	(void)getsockopt(talk->socket, SOL_SOCKET, SO_ERROR, &problem, &size);
	return problem == 0 || fail(talk, "connecting: %s", strerror(problem));
}

/* HOST:PORT, an IPv6 address in brackets. */
static bool
connect_to(struct talk *talk, const char *submit)
{
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	const char *colon = strrchr(submit, ':');
	struct addrinfo *list = NULL;
	bool bracket = *submit == '[', done = false;
	char host[256];
	int code;

	if (colon == NULL)
		return fail(talk, "%.100s is not HOST:PORT", submit);
	(void)snprintf(host, sizeof(host), "%.*s",
	    (int)(colon - submit) - (bracket ? 2 : 0), submit + bracket);
	code = getaddrinfo(host, colon + 1, &hints, &list);
	if (code != 0)
		return fail(talk, "%.100s: %s", host, gai_strerror(code));
	for (struct addrinfo *one = list; one != NULL && !done;
	     one = one->ai_next) {
		done = connect_one(talk, one);
		if (!done && talk->socket >= 0)
			(void)close(talk->socket);
	}
	freeaddrinfo(list);
	return done;
}

/* No address may write a command of its own. */
static bool
is_sound(const char *address)
{
	for (const char *at = address; *at != '\0'; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f || *at == '<' ||
		    *at == '>')
			return false;
	return *address != '\0';
}

enum outbox_outcome
outbox_hand_over(const char *submit, const char *to, const char *message,
    size_t length, int stop, int wait_s, char why[OUTBOX_WHY])
{
	struct talk talk = { .socket = -1,
		.stop = stop,
		.wait_s = wait_s,
		.why = why };
	enum outbox_outcome outcome;

	why[0] = '\0';
	talk.end_ms = now_ms() + (int64_t)wait_s * WAITS * 1000;
	if (length == 0 || !is_sound(to)) {
		(void)fail(&talk, "no letter to anybody");
		return OUTBOX_NEVER;
	}
	if (!connect_to(&talk, submit))
		return OUTBOX_LATER;
	outcome = deliver(&talk, to, message, length);
	(void)send(talk.socket, "QUIT\r\n", 6, MSG_NOSIGNAL);
	(void)close(talk.socket);
	return outcome;
}
