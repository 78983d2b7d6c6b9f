/*
 * usher_loop: for a program that must never wait on the store; included by
 * usher.h.
 *
 * A loop asks for what is at hand. What is not (EAGAIN) another thread asks
 * for by the ordinary function (usher_policy_find(), usher_decide(),
 * usher_memory_read()), after which it is at hand, and the loop asks again.
 * What is to be remembered is written by the handle's own thread, which tells
 * when it has ended.
 */
#ifndef USHER_LOOP_PUBLIC_H
#define USHER_LOOP_PUBLIC_H

#ifndef USHER_H
#error "include usher.h"
#endif

/* As usher_policy_find(). EAGAIN: the store must be read. */
USHER_API int usher_policy_at_hand(struct usher *usher, struct usher_conf *conf,
    const char *who, struct usher_policy **policy, struct usher_error *error);

/*
 * As usher_decide(). EAGAIN: a target is another recipient whose policy must
 * be read; the decision is made all the same, as if nobody had one.
 */
USHER_API int usher_decide_at_hand(struct usher *usher,
    const struct usher_question *question, struct usher_decision **decision,
    struct usher_error *error);

/* Whether usher_memory_read() would neither wait nor read from the disk. */
USHER_API bool usher_memory_at_hand(const struct usher *usher);

/* The memory of who could not be asked in time: unreadable, as after an error
 * of usher_memory_read(). ENOMEM. */
USHER_API int usher_memory_missed(struct usher_memory **memory);
/* Whether a promise was found, in force or not yet. */
USHER_API bool usher_memory_has_promise(const struct usher_memory *memory);

/*
 * Commits in the background and tells of the end: code 0 when it is durable.
 * `done` is called once, in the thread that writes, and must not block; the
 * notes are freed after it. Where this fails nothing was begun: `done` is not
 * called, and the notes are still the caller's. Notes of nothing end at once.
 */
typedef void (
    *usher_notes_done_h)(void *arg, int code, const struct usher_error *error);
USHER_API int usher_notes_commit_then(struct usher_notes *notes,
    usher_notes_done_h done, void *arg, struct usher_error *error);
/*
 * Before that: should the store be away (EHOSTDOWN, a Redis that does not
 * answer), `done` is told at once, and the notes are kept and written when it
 * is back. What usher_notes_commit_later() takes is kept in any case. Both are
 * bounded, and end with the program.
 */
USHER_API void usher_notes_keep(struct usher_notes *notes);

/* As new, in the room of what was known of an attempt that is over. */
USHER_API void usher_facts_renew(struct usher_facts *facts,
    struct usher_conf *conf, enum usher_channel channel);

#endif
