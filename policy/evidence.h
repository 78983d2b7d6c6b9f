/*
 * evidence: named hints at the purpose of an attempt, and how they weigh.
 *
 * conf/evidence.conf names the items and the outcome rules; nothing of them
 * is written in C but the structure tests, which need more than a pattern.
 * Immutable once read: a snapshot of usher.conf holds one, threads share it.
 * Read by site.c, weighed by facts.c and message_facts.c. Keeps design-mail.md
 * "Purpose" and design-calls.md "Purpose".
 */
#ifndef USHER_EVIDENCE_H
#define USHER_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "facts.h"
#include "usher.h"

struct evidence;

/* What message_test.c finds in a mail; evidence_read.c has the names. */
enum evidence_test {
	TEST_FAKE_REPLY,       /* "Re:" without In-Reply-To or References */
	TEST_REPLY,	       /* In-Reply-To or References */
	TEST_REPLY_WITH_QUOTE, /* ... and quoted text under it */
	TEST_LONE_UNSUBSCRIBE, /* List-Unsubscribe, no List-Id, one recipient */
	TEST_UNSUBSCRIBE,      /* List-Unsubscribe */
	TEST_DISCUSSION,       /* List-Id with List-Post */
	TEST_AUTOMATIC,	       /* Auto-Submitted other than "no" */
	TEST_REPORT,	       /* multipart/report, disposition-notification */
	TEST_NULL_SENDER,
	TEST_CALENDAR,	      /* a text/calendar part */
	TEST_MERGE_TAG,	      /* an unresolved {{first_name}} */
	TEST_PIXEL,	      /* a remote image nobody can see */
	TEST_VERP,	      /* the return path holds the recipient */
	TEST_REPLY_ELSEWHERE, /* Reply-To at another organization */
	TEST_NO_RECIPIENT,    /* neither To nor Cc names anybody */
	TEST_FREE_MAIL,	      /* From at a mailbox provider for anybody */
	TEST_CODE,	      /* patches, logs, source: lines of machines */
	TEST_MANY_RECIPIENTS, /* five or more in To and Cc */
	EVIDENCE_TESTS
};

struct evidence_field {
	const char *name, *value; /* unfolded */
};

/* What is weighed. Strings are as written; the weighing folds them. */
struct evidence_view {
	bool call;		    /* items of mail alone do not apply */
	const char *subject, *text; /* or NULL */
	size_t subject_length, text_length;
	size_t field_count;
	const struct evidence_field *fields;
	size_t url_count;
	const char *const *urls; /* "host/path", lower case */
	const char *from;	 /* address, lower case, or NULL */
	unsigned long tests;	 /* 1ul << enum evidence_test */
};

struct evidence_finding {
	enum usher_purpose purpose;
	size_t count;
	const struct evidence_item *items; /* in the arena */
};

/*
 * evidence.conf in `directory` when it is there, else the copy the library
 * carries. EINVAL with problems when it has errors; ENOMEM.
 */
int usher_evidence_read(struct evidence **evidence, const char *directory,
    struct usher_problems *problems);
/* The same from memory; `name` is for the problems. */
int usher_evidence_parse(struct evidence **evidence, const char *name,
    const char *text, size_t length, struct usher_problems *problems);
void usher_evidence_free(struct evidence *evidence);

int usher_evidence_weigh(const struct evidence *evidence, struct arena *arena,
    const struct evidence_view *view, struct evidence_finding *finding);

#endif
