/*
 * facts: one attempt and what is known about it, as deciding reads it.
 *
 * Filled through usher.h by the daemons and by message.c, in an arena of its
 * own; read by decide.c. Identities are kept apart by proof: what is proven
 * is among the claims too.
 */
#ifndef USHER_FACTS_H
#define USHER_FACTS_H

#include "address.h"
#include "arena.h"
#include "text.h"
#include "usher.h"

enum { MOST_CLAIMS = 16, MOST_PROVEN = 4, TOPIC_WORDS = 500 };

struct evidence_item {
	const char *name, *where;
	double weight;
};

struct attachment {
	const char *name;   /* file name, lower case, or "" */
	const char *ending; /* as the content has it: "pdf"; never belied */
};

/* Facts that only memory can know, given by hand (explain --fact). */
struct remembered_facts {
	int known, introduced, stranger; /* -1: not given */
	size_t stage_count;
	const char **stages;
	int standing; /* enum usher_standing, or -1 */
	long tried;   /* attempts before now, or -1 */
};

struct usher_facts {
	struct arena arena;
	struct usher_conf *conf; /* held */
	enum usher_channel channel;
	unsigned shown; /* USHER_HEADERS | USHER_BODY */

	size_t claim_count, proven_count;
	struct address claims[MOST_CLAIMS];
	struct address proven[MOST_PROVEN];
	bool claims_proven; /* the site trusts claims */
	/* Of a mail's envelope: kind NONE and text NULL when not told. */
	struct address sender;
	const char *sender_given; /* that it was read from, or NULL */
	bool null_sender;
	bool anonymous;
	const char *identity; /* tells this attempt from others, or NULL */

	struct sockaddr_storage client; /* family AF_UNSPEC: not known */
	char country[3];		/* given by hand, else "" */
	uint32_t network;		/* the same, AS number, else 0 */

	bool purpose_given;
	enum usher_purpose purpose;
	bool solicits; /* RFC 3865: the sender claims that it is sales */
	size_t evidence_count;
	const struct evidence_item *evidence;

	const char *subject, *reason; /* as written, or NULL */
	const char *text; /* shown text without quotes and signature */
	size_t text_length;
	/* Signature and telephone links: where people put their numbers. */
	const char *beside;
	size_t beside_length;
	/* Folded for topics: subject, reason, first TOPIC_WORDS of the text. */
	const char *folded;
	size_t folded_length;
	/* In it, subject and text if they are there as a whole; else NULL. */
	const char *folded_subject, *folded_text;
	size_t folded_subject_length, folded_text_length;
	size_t topic_count; /* given by hand */
	const char **topics;

	size_t words;	  /* shown, without quotes and signature */
	bool words_given; /* by hand: text does not count them */
	size_t attachment_count;
	const struct attachment *attachments;
	size_t link_count;
	const char **links; /* hosts, normal form */

	size_t code_count; /* parties proven by a valid code, given by hand */
	const char **codes;
	const char *tag; /* beside the recipient's name, as written, or NULL */
	struct remembered_facts remembered;
};

/*
 * The envelope sender of a mail, without the tags of BATV and SRS; "" is the
 * null sender. It is claimed as well. ENOMEM; what is no address is not.
 */
int usher_facts_sender(struct usher_facts *facts, const char *sender);
/* Sets the shown text, which must outlive the facts, and folds. */
int usher_facts_text(struct usher_facts *facts, const char *text,
    size_t length);
/* Repeats are dropped; ENOMEM. Strings are copied. */
int usher_facts_link(struct usher_facts *facts, const char *host);
int usher_facts_attachment(struct usher_facts *facts, const char *name,
    const char *ending);
/* Appends a string to a list of the facts, unless it is there already. */
int usher_facts_append(struct usher_facts *facts, const char ***list,
    size_t *count, const char *string);

/* Makes `folded` from subject, reason and text; called when one changes. */
int usher_facts_fold(struct usher_facts *facts);

#endif
