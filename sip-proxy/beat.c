/*
 * beat.c - see beat.h.
 *
 * A record of the store, written in the background (usher_status.h), so the
 * loop is never held up. Called by serve.c every USHER_BEAT_S seconds.
 */
#include "beat.h"
#include "proxy.h"

enum { END_WAIT_MS = 2000 };

void
beat_send(struct proxy *proxy, int64_t start, int64_t now)
{
	const struct sip_txn_stats *live = sip_txn_stats(proxy->txns);
	const struct usher_count counts[] = {
		{ "transactions", live->servers + live->clients },
		{ "calls-unanswered", calls_unanswered(proxy) },
		{ "decisions", decisions_count(proxy->decisions) },
	};
	const struct usher_beat sign = { .name = "usher-sip",
		.start = start,
		.at = now,
		.count = sizeof(counts) / sizeof(counts[0]),
		.counts = counts };

	usher_beat_send(proxy->usher, &sign);
}

void
beat_end(struct proxy *proxy)
{
	struct usher_error error = { .code = 0 };

	if (usher_beat_end(proxy->usher, "usher-sip", END_WAIT_MS, &error) != 0)
		log_write(&proxy->log, LOG_WARNING,
		    "usher status will call this program down: %s", error.text);
}
