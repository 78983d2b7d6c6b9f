/*
 * outbox: replies on their way (design-mail.md "Aside and reply").
 *
 * A letter is noted beside the aside decision it belongs to, so both are
 * durable or neither is. A thread of the daemon hands letters over to
 * mail.submit, 60 s after they were noted at the earliest and each at most
 * once: it is marked before the hand-over, and one found marked after a crash
 * is dropped. Several daemons may share a store.
 */
#ifndef USHER_MILTER_OUTBOX_H
#define USHER_MILTER_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

#include "usher.h"

struct milter;
struct outbox;
struct outbox_letter;

/* Starts the thread that sends. */
int outbox_start(struct outbox **outbox, struct milter *milter);
/* Ends it within a few seconds, and tells its counts. NULL is legal. */
void outbox_stop(struct outbox *outbox);
/* Once it was stopped and no session is open. NULL is legal. */
void outbox_free(struct outbox *outbox);

/*
 * `recipient` answers `sender` (the envelope's); `message` as
 * usher_reply_compose() made it; `at` by the clock of decisions. Copies all.
 */
int outbox_letter_new(struct outbox_letter **letter, const char *recipient,
    const char *sender, const char *message, size_t length, int64_t at);
/*
 * Adds it to the notes. ENOSPC: too many wait. The commit of the notes fails
 * with EEXIST when that sender got a reply from that recipient within 7 days.
 * In both cases nothing is written: answer 550 with the words. The letter
 * must stay until the commit has ended; free it in any case.
 */
int outbox_reserve(struct outbox *outbox, struct usher_notes *notes,
    struct outbox_letter *letter, struct usher_error *error);
void outbox_letter_free(struct outbox_letter *letter);
/* What it sent and dropped, two rows; returns how many. NULL is legal. */
size_t outbox_counts(struct outbox *outbox, struct usher_count *counts);

#endif
