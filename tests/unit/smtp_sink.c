/*
 * smtp_sink: see smtp_sink.h.
 */
#include "smtp_sink.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void
append(char *out, size_t size, const char *text)
{
	size_t used = strlen(out);

	(void)snprintf(out + used, size - used, "%s", text);
}

/* false: it hangs up. */
static bool
answer(FILE *peer, const char *scripted, const char *otherwise)
{
	if (scripted == NULL)
		scripted = otherwise;
	if (*scripted == '\0')
		return false;
	return fprintf(peer, "%s\r\n", scripted) > 0 && fflush(peer) == 0;
}

static bool
read_message(struct smtp_sink *sink, FILE *in, FILE *out)
{
	char line[2000];

	sink->text[0] = '\0';
	while (fgets(line, sizeof(line), in) != NULL) {
		if (strcmp(line, ".\r\n") != 0) {
			append(sink->text, sizeof(sink->text), line);
			continue;
		}
		(void)pthread_mutex_lock(&sink->lock);
		sink->messages++;
		(void)pthread_cond_broadcast(&sink->came);
		(void)pthread_mutex_unlock(&sink->lock);
		if (sink->script.deaf)
			return fgetc(in) != EOF;
		return answer(out, sink->script.dot, "250 2.0.0 taken");
	}
	return false;
}

static bool
obey(struct smtp_sink *sink, const char *line, FILE *in, FILE *out)
{
	const struct smtp_script *script = &sink->script;

	append(sink->commands, sizeof(sink->commands), line);
	if (strncasecmp(line, "EHLO", 4) == 0)
		return answer(out, script->ehlo,
		    "250-sink\r\n250-SMTPUTF8\r\n250 DSN");
	if (strncasecmp(line, "MAIL", 4) == 0)
		return answer(out, script->mail, "250 ok");
	if (strncasecmp(line, "RCPT", 4) == 0 && script->deaf_rcpt)
		return true;
	if (strncasecmp(line, "RCPT", 4) == 0)
		return answer(out, script->rcpt, "250 ok");
	if (strncasecmp(line, "DATA", 4) == 0) {
		if (!answer(out, script->data, "354 go on"))
			return false;
		if (script->data != NULL)
			return true;
		return read_message(sink, in, out);
	}
	if (strncasecmp(line, "QUIT", 4) == 0)
		return false;
	return answer(out, NULL, "250 ok");
}

static void
serve(struct smtp_sink *sink, int peer)
{
	FILE *in = fdopen(peer, "r"), *out = fdopen(dup(peer), "w");
	char line[2000];
	bool on = answer(out, sink->script.banner, "220 sink ESMTP");

	sink->commands[0] = '\0';
	while (on && fgets(line, sizeof(line), in) != NULL) {
		line[strcspn(line, "\r")] = '|';
		line[strcspn(line, "\n")] = '\0';
		on = obey(sink, line, in, out);
	}
	(void)fclose(in);
	(void)fclose(out);
}

static void *
run(void *arg)
{
	struct smtp_sink *sink = arg;
	int peer;

	while ((peer = accept(sink->listener, NULL, NULL)) >= 0) {
		(void)pthread_mutex_lock(&sink->lock);
		sink->sessions++;
		(void)pthread_mutex_unlock(&sink->lock);
		serve(sink, peer);
	}
	return NULL;
}

void
smtp_sink_start(struct smtp_sink *sink, const struct smtp_script *script)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(here);

	memset(sink, 0, sizeof(*sink));
	sink->script = *script;
	(void)pthread_mutex_init(&sink->lock, NULL);
	(void)pthread_cond_init(&sink->came, NULL);
	sink->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sink->listener < 0 ||
	    bind(sink->listener, (struct sockaddr *)&here, size) != 0 ||
	    listen(sink->listener, 16) != 0 ||
	    getsockname(sink->listener, (struct sockaddr *)&here, &size) != 0)
		abort();
	(void)snprintf(sink->address, sizeof(sink->address), "127.0.0.1:%d",
	    ntohs(here.sin_port));
	if (pthread_create(&sink->thread, NULL, run, sink) != 0)
		abort();
}

void
smtp_sink_stop(struct smtp_sink *sink)
{
	(void)shutdown(sink->listener, SHUT_RDWR);
	(void)pthread_join(sink->thread, NULL);
	(void)close(sink->listener);
	(void)pthread_mutex_destroy(&sink->lock);
	(void)pthread_cond_destroy(&sink->came);
}

bool
smtp_sink_wait(struct smtp_sink *sink, size_t messages)
{
	struct timespec end;
	bool done;

	(void)clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 30;
	(void)pthread_mutex_lock(&sink->lock);
	while (sink->messages < messages &&
	    pthread_cond_timedwait(&sink->came, &sink->lock, &end) == 0)
		;
	done = sink->messages >= messages;
	(void)pthread_mutex_unlock(&sink->lock);
	return done;
}
