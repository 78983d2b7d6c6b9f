/*
 * smtp_sink: an SMTP server on loopback for unit tests, which plays a script.
 */
#ifndef SMTP_SINK_H
#define SMTP_SINK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* What it answers; NULL: as servers do, "": it hangs up instead. */
struct smtp_script {
	const char *banner, *ehlo, *mail, *rcpt, *data, *dot;
	bool deaf; /* it never answers the dot */
	bool deaf_rcpt;
};

struct smtp_sink {
	char address[32]; /* "127.0.0.1:PORT" */
	struct smtp_script script;
	int listener;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t came;
	size_t sessions, messages; /* of messages: dots seen */
	char commands[2000];	   /* of the last session, joined by `|` */
	char text[8000];	   /* of the last message, as it came */
};

void smtp_sink_start(struct smtp_sink *sink, const struct smtp_script *script);
void smtp_sink_stop(struct smtp_sink *sink);
/* Waits until that many dots were seen, up to 30 s. */
bool smtp_sink_wait(struct smtp_sink *sink, size_t messages);

#endif
