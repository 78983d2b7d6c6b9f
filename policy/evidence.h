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
#include <stdint.h>

#include "arena.h"
#include "facts.h"
#include "usher.h"

struct evidence;

/* What message_test*.c find in a mail; evidence_test.c has the names. */
enum evidence_test {
	/* the thread and who it is sent to */
	TEST_FAKE_REPLY,       /* "Re:" without In-Reply-To or References */
	TEST_REPLY,	       /* In-Reply-To or References */
	TEST_REPLY_WITH_QUOTE, /* ... and quoted text under it */
	TEST_REPLY_SUBJECT,    /* "Re:", with or without a thread */
	TEST_QUOTED,	       /* quotes an earlier mail */
	TEST_LONE_UNSUBSCRIBE, /* List-Unsubscribe, no List-Id, one recipient */
	TEST_UNSUBSCRIBE,      /* List-Unsubscribe, and nowhere to post to */
	TEST_DISCUSSION,       /* List-Id with List-Post */
	TEST_AUTOMATIC,	       /* Auto-Submitted other than "no" */
	TEST_REPORT,	       /* multipart/report, disposition-notification */
	TEST_NO_RECIPIENT,     /* neither To nor Cc names anybody */
	TEST_ONE_RECIPIENT,    /* To and Cc name one */
	TEST_MANY_RECIPIENTS,  /* five or more in To and Cc */
	TEST_TO_SELF,	       /* To is From */
	/* the sender */
	TEST_NULL_SENDER,
	TEST_VERP,	       /* the return path holds the recipient */
	TEST_SENDER_ELSEWHERE, /* return path at another organization */
	TEST_REPLY_ELSEWHERE,  /* Reply-To at another organization */
	TEST_REPLY_SAME,       /* Reply-To repeats From */
	TEST_REPLY_FREE_MAIL,  /* ... at a mailbox provider for anybody */
	TEST_FREE_MAIL,	       /* From at a mailbox provider for anybody */
	TEST_BARE_FROM,	       /* From has no name, or no blank behind it */
	TEST_FROM_DIGITS,      /* its local part holds four digits */
	TEST_FROM_GIBBERISH,   /* ... or letters nobody can say */
	/* the fields that programs write */
	TEST_NO_MESSAGE_ID,
	TEST_ODD_MESSAGE_ID,	 /* not <unique@host.domain> */
	TEST_MADE_UP_MESSAGE_ID, /* Outlook's form with zeros for the time */
	TEST_FOREIGN_MESSAGE_ID, /* at another organization than From */
	TEST_OWN_MAILER,	 /* X-Mailer names the sender's own host */
	TEST_FALSE_OUTLOOK,	 /* Outlook's priority without its MIME maker */
	TEST_NO_MIME,		 /* no Content-Type */
	/* the subject */
	TEST_SUBJECT_SHOUTS,   /* in capitals */
	TEST_SUBJECT_EXCLAIMS, /* ends in "!", or has a sum of money */
	TEST_SUBJECT_TITLE,    /* four words or more, Each With A Capital */
	TEST_SUBJECT_TAIL, /* a code behind a gap, or in brackets at its end */
	TEST_SUBJECT_TAG,  /* [tag] at its beginning */
	/* the text */
	TEST_MERGE_TAG,	   /* an unresolved {{first_name}} */
	TEST_CODE,	   /* patches, logs, source: lines of machines */
	TEST_BRIEF,	   /* 15 to 200 words, shown plainly */
	TEST_LONG_LINES,   /* paragraphs on one line, in plain text */
	TEST_WRAPPED,	   /* lines broken at 60 to 80, in plain text */
	TEST_SHOUTING,	   /* lines or many words in capitals */
	TEST_SPACED_OUT,   /* l e t t e r s apart */
	TEST_RAW_BYTES,	   /* 16 other than ASCII, in no charset known */
	TEST_EXCLAIMING,   /* three or more "!" */
	TEST_PRICES,	   /* three or more sums of money */
	TEST_ASKS_LAST,	   /* the last sentence before the name is a question */
	TEST_HTML_AS_TEXT, /* tags or entities in text said to be plain */
	TEST_RULES,	   /* lines of ---- or ==== between sections */
	/* its form */
	TEST_CALENDAR,	 /* a text/calendar part */
	TEST_HTML,	 /* the text shown is HTML */
	TEST_HTML_ONLY,	 /* ... without a plain form of it */
	TEST_PICTURES,	 /* four or more */
	TEST_IMAGE_ONLY, /* pictures and hardly a word */
	TEST_TABLES,	 /* laid out in tables */
	TEST_STYLED,	 /* two or more changes of font, or a form */
	TEST_PIXEL,	 /* a remote image nobody can see */
	TEST_ATTACHMENT,
	/* links */
	TEST_NO_LINKS,
	TEST_LINKS,	    /* six or more */
	TEST_MANY_LINKS,    /* twenty or more */
	TEST_UNIQUE_LINKS,  /* three or more with a long code in them */
	TEST_FOREIGN_LINKS, /* none leads to From's organization */
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
	/* The same folded, of whoever has done so already; else NULL. */
	const char *folded_subject, *folded_text;
	size_t folded_subject_length, folded_text_length;
	size_t field_count;
	const struct evidence_field *fields;
	size_t url_count;
	const char *const *urls; /* "host/path", lower case */
	const char *from;	 /* address, lower case, or NULL */
	uint64_t tests;		 /* 1 << enum evidence_test */
};

struct evidence_finding {
	enum usher_purpose purpose;
	size_t count;
	const struct evidence_item *items; /* in the arena */
};

/*
 * evidence.conf in `directory` when it is there, else NULL: the copy that the
 * library carries is meant. EINVAL with problems when it has errors; ENOMEM.
 */
int usher_evidence_read(struct evidence **evidence, const char *directory,
    struct usher_problems *problems);
/* The library's own copy. EINVAL with problems, ENOMEM. */
int usher_evidence_built_in(struct evidence **evidence,
    struct usher_problems *problems);
/*
 * What a configuration weighs by. The library's own takes most of the
 * time of a command that never looks at a message, so it is read when it is
 * first asked for, by whichever thread. NULL with 0: by nothing. ENOMEM.
 */
int usher_evidence_of(struct usher_conf *conf,
    const struct evidence **evidence);
/* The same from memory; `name` is for the problems. */
int usher_evidence_parse(struct evidence **evidence, const char *name,
    const char *text, size_t length, struct usher_problems *problems);
void usher_evidence_free(struct evidence *evidence);

/* The word for a test in evidence.conf, and all of them in order. */
extern const char *const usher_evidence_tests[EVIDENCE_TESTS];

int usher_evidence_weigh(const struct evidence *evidence, struct arena *arena,
    const struct evidence_view *view, struct evidence_finding *finding);

#endif
