/*
 * record: what is remembered, behind one interface (design.md §6).
 *
 * A record is bytes under a kind and a key, with an instant at which it ends.
 * Readers look through a view, a snapshot that never waits for a writer. An
 * edit is a function from the old value to the new one, so that an engine may
 * lock (LMDB) or watch and try again (Redis). Edits of one note are written
 * whole or not at all; several notes share a transaction (record_commit.c).
 *
 * Views are free to all threads. Writing (begin to commit or abort) is one
 * thread's, the committer's.
 */
#ifndef USHER_RECORD_H
#define USHER_RECORD_H

#include <stdatomic.h>
#include <time.h>

#include "underway.h"
#include "usher.h"

/* Kinds beside the public ones of enum usher_record. */
enum {
	RECORD_PROMISE = 64, /* of an envelope sender's domain */
	RECORD_PROOF,	     /* promises by the proven party */
	RECORD_KNOWN,
	RECORD_PAUSE,
	RECORD_ATTEMPT = 72, /* of a party, proven or claimed */
	RECORD_COUNTED,	     /* of everybody whom a rule accepted */
	RECORD_INTRODUCED,   /* a party */
	RECORD_OVERRIDE = 80,
	RECORD_STAGE,
	RECORD_LINK = 88, /* a number that is somebody's besides */
	RECORD_REFERENCE, /* where the promise stands that a reference tells */
	RECORD_CODE = 96, /* an access code, by its hash */
	RECORD_CODE_KEY,  /* that they are hashed with */
	RECORD_STANDING = 104, /* of a party */
	RECORD_TALLY	       /* of a recipient and a day */
};
/* Of kinds from here on a view may know that it has none. */
enum { RECORD_FIRST_SEEN = 64, RECORD_SEEN = 64 };
enum { RECORD_LONGEST_KEY = USHER_RECORD_KEY };

struct record_note;

struct record_edit {
	struct record_edit *next;
	unsigned char kind;
	const char *key;
	size_t key_length;
	usher_record_edit_h edit;
	void *arg;
};

/* Values and keys seen through a view last as long as it does. */
struct records;
struct record_seen;
struct record_view {
	struct records *records;
	void *inside; /* the engine's */
	/* The engine's too, of LMDB: its lock, and what is surely not there. */
	bool held;
	const struct record_seen *seen;
	size_t seen_at;
	/* Of ask(): what it told is not all of one instant. Read anew. */
	bool torn;
	bool empty; /* there is no record at all */
	/* Bits of kinds, from RECORD_FIRST_SEEN: there is no record of them. */
	uint64_t lacks;
	bool underway; /* what is not written yet is to be looked at too */
};
static inline bool
usher_view_lacks(const struct record_view *view, unsigned char kind)
{
	return view->empty ||
	    (kind >= RECORD_FIRST_SEEN &&
		kind < RECORD_FIRST_SEEN + RECORD_SEEN &&
		(view->lacks >> (kind - RECORD_FIRST_SEEN) & 1) != 0);
}
typedef int (*record_each_h)(void *arg, const char *key, size_t key_length,
    const struct usher_record_value *value);

struct record_engine {
	void (*close)(struct records *records);
	/* A memory that was never written to is empty. */
	int (*view)(struct records *records, struct record_view *view,
	    struct usher_error *error);
	/*
	 * The same for one short question, which costs little where nothing
	 * is there to be read; all that it tells counts only if it is not torn
	 * at the end, else the question is for view().
	 */
	int (*ask)(struct records *records, struct record_view *view,
	    struct usher_error *error);
	void (*unview)(struct record_view *view);
	/* Whether a view now waits for nobody, nor for the disk. */
	bool (*at_hand)(struct records *records);
	/* value->bytes NULL: there is none. Past its end or not. */
	int (*get)(struct record_view *view, unsigned char kind,
	    const char *key, size_t key_length,
	    struct usher_record_value *value, struct usher_error *error);
	/* In order of the keys; ends at an answer that is not 0: that one. */
	int (*each)(struct record_view *view, unsigned char kind,
	    const char *prefix, size_t prefix_length, record_each_h each,
	    void *arg, struct usher_error *error);

	/*
	 * Waits while another process writes. EHOSTDOWN: the engine is away,
	 * and what can wait is kept. EALREADY: the transaction before, of
	 * which nobody knew whether it was written, was written.
	 */
	int (*begin)(struct records *records, struct usher_error *error);
	/* Reads all that these notes edit in one go; NULL: needless. */
	int (*fetch)(struct records *records, const struct record_note *notes,
	    struct usher_error *error);
	/*
	 * The edits of one note. *refused: an edit said no, nothing of the
	 * note was written, and the transaction is as it was. Any other error
	 * ends the transaction; EAGAIN: all may be done again.
	 */
	int (*write)(struct records *records, const struct record_edit *edits,
	    bool *refused, struct usher_error *error);
	/* Removes some of what has ended; the transaction goes on. */
	int (*sweep)(struct records *records, int64_t at,
	    struct usher_error *error);
	int (*commit)(struct records *records, struct usher_error *error);
	void (*abort)(struct records *records);
	/* What is done between commits once usher_records_tend() was called;
	 * false: there is no more. May be NULL. */
	bool (*tend)(struct records *records);
};

struct committer;
struct records { /* an engine's own begins with this */
	const struct record_engine *engine;
	struct committer *committer;
	/* The clock of decisions, as last heard of: what has ended by it may
	 * be removed. 0: not yet. */
	_Atomic int64_t now;
	struct underways underway;
};

struct record_options {
	size_t map_bytes; /* of LMDB, for tests; 0: plenty */
	bool patient;	  /* a person waits, and no protocol */
};

/* Nothing is opened or made before it is asked for. NULL is legal to close. */
int usher_records_open(struct records **records, const char *url,
    const struct record_options *options, struct usher_error *error);
void usher_records_close(struct records *records);
static inline void
usher_records_tell_time(struct records *records, int64_t at)
{
	atomic_store_explicit(&records->now, at, memory_order_relaxed);
}

/* record_lmdb.c */
int usher_records_open_lmdb(struct records **records, const char *directory,
    const struct record_options *options, struct usher_error *error);

/* record_redis.c */
int usher_records_open_redis(struct records **records, const char *url,
    const struct record_options *options, struct usher_error *error);

/* ---- record_commit.c: many notes, one transaction ---- */

/* One note on its way; the caller's until it has ended. */
struct record_note {
	const struct record_edit *edits;
	/* Who takes it back when nobody waits: usher_records_later() alone. */
	void (*ended)(struct record_note *note);
	/* The same when whoever waited has left it behind; NULL: nobody may. */
	void (*left)(struct record_note *note);
	/*
	 * It is kept while the engine is away, and written when it is back;
	 * `away` may be NULL, else hears of that once, at once.
	 */
	bool kept;
	void (*away)(struct record_note *note);
	/* The committer's. */
	bool doubtful; /* it may have been written */
	struct record_note *next;
	enum { NOTE_WAITS, NOTE_TAKEN, NOTE_ENDED } state;
	int code;
	struct usher_error error;
};

int usher_committer_new(struct committer **committer, struct records *records);
/*
 * Writes what still waits. False when another process held the lock for two
 * seconds: the thread lives on, and so must the records.
 */
bool usher_committer_free(struct committer *committer);
/*
 * 0: durable. ETIMEDOUT: not begun within wait_ms (negative: no limit), and
 * never will be. EINPROGRESS: begun, but the disk does not answer; it may yet
 * be written, and is no more the caller's. Any other error: nothing of it was
 * written.
 */
int usher_records_commit(struct records *records, struct record_note *note,
    int wait_ms, struct usher_error *error);
/* Fails only where nothing could be begun: `ended` is not called then. */
int usher_records_later(struct records *records, struct record_note *note);
/* record_wait.c: of the clock that runs evenly; ETIMEDOUT or EINPROGRESS. */
struct timespec usher_record_in_ms(int wait_ms);
int usher_record_not_written(int code, int wait_ms, struct usher_error *error);
/* Has the thread that writes call the engine's tend(), when it can. */
void usher_records_tend(struct records *records);

#endif
