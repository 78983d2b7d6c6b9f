/*
 * decide: inside of deciding (design.md §4 and §5), shared by decide.c,
 * evaluate.c, evaluate_topic.c, limit.c, walk.c, opening.c, trace.c,
 * why_not.c and check.c.
 *
 * evaluate: is a condition true, false, or not known yet (Kleene)?
 * walk:     the rules in order, unknown conditions both ways, two readings.
 * opening:  the same question at later instants.
 */
#ifndef USHER_DECIDE_H
#define USHER_DECIDE_H

#include "facts.h"
#include "memory.h"
#include "policy.h"

enum tri { NO, YES, MAYBE };

static inline enum tri
tri_not(enum tri a)
{
	return a == MAYBE ? MAYBE : a == YES ? NO : YES;
}

static inline enum tri
tri_and(enum tri a, enum tri b)
{
	return a == NO || b == NO ? NO : a == YES && b == YES ? YES : MAYBE;
}

static inline enum tri
tri_or(enum tri a, enum tri b)
{
	return a == YES || b == YES ? YES : a == NO && b == NO ? NO : MAYBE;
}

static inline enum tri
tri_of(bool value)
{
	return value ? YES : NO;
}

/* One question at one instant on one channel. */
struct asked {
	const struct usher_policy *policy;
	const struct usher_facts *facts;
	const struct usher_memory *memory; /* or NULL */
	int64_t at;
	enum usher_channel channel;
	bool target;	       /* on the target channel of a redirect */
	bool brought;	       /* `requires` is taken as brought */
	bool introduced;       /* taken as introduced */
	bool proof;	       /* claims are taken as proven ("why not?") */
	const char *kept;      /* `during` of this rule is taken as met */
	const char *lifted;    /* of this one as not met, unless it accepts */
	int64_t kept_at;       /* with them: the instant that caps count at */
	unsigned char *topics; /* answers by topic, 0 at first; or NULL */
	const struct condition *forced; /* taken as ... */
	enum tri forced_value;
	unsigned needs; /* out: what was unknown for not being shown */
	bool lost;	/* out: what was unknown for lack of memory */
	bool unchecked; /* out: a code was shown, and could not be checked */
};

struct reading {
	bool proven;
	size_t count; /* identities that count */
	const struct address *identities;
	bool open; /* more identities may be shown */
};

void usher_reading_make(const struct asked *asked, bool proven,
    struct reading *reading);
/* Whether the claims say no more than the proof: one reading suffices. */
bool usher_reading_same(const struct asked *asked);

enum tri usher_condition_holds(struct asked *asked,
    const struct reading *reading, const struct condition *condition);
enum tri usher_conditions_hold(struct asked *asked,
    const struct reading *reading, const struct conditions *conditions);
/* Whether one of a condition's topics is spoken of in what is shown. */
bool usher_topic_holds(const struct asked *asked,
    const struct condition *condition);
/* How many answers asked->topics has room for. */
size_t usher_topics_kept(const struct usher_policy *policy);
/* Whether the attempt has a proven identity. */
bool usher_is_proven(const struct asked *asked);
/* Whether memory that would count could not be read; notes it. */
bool usher_memory_lost(struct asked *asked);
enum tri usher_is_stranger(struct asked *asked, const struct reading *reading);
enum tri usher_in_party(struct asked *asked, const struct reading *reading,
    const struct party *party);
/* What this reading's memory holds, or NULL. */
const struct remembered *usher_remembered(const struct asked *asked,
    const struct reading *reading);

/* Limiters of a rule. */
bool usher_during_holds(const struct asked *asked, const struct rule *rule);
enum tri usher_caps_hold(struct asked *asked, const struct rule *rule);
/* Whether an attempt that was accepted counts for a cap of the rule. */
bool usher_cap_counts(const struct asked *asked, const struct cap *cap,
    const struct rule *rule, const struct accepted *accepted, int64_t at);
enum tri usher_requires_hold(struct asked *asked, const struct rule *rule);
/* The first instant after `at` at which a reached cap lets go; or INT64_MAX. */
int64_t usher_caps_edge(const struct asked *asked, const struct rule *rule,
    int64_t at);
enum { MOST_MISSING = 8 };
/*
 * What the attempt lacks of a rule's `requires`, in words; *asked_for when it
 * was not shown yet rather than missing. Returns how many.
 */
size_t usher_requires_missing(struct asked *asked, struct arena *arena,
    const struct rule *rule, const char *missing[MOST_MISSING],
    bool *asked_for);

/* The parts of a `requires`. */
enum lack {
	LACKS_ATTACHMENT = 1 << 0,
	LACKS_LINK = 1 << 1,
	LACKS_WORDS = 1 << 2,
	LACKS_REASON = 1 << 3
};
/* Bits of those that the attempt lacks; *asked_for as above. */
unsigned usher_requires_lacking(struct asked *asked, const struct rule *rule,
    bool *asked_for);

/* How one walk ended. */
struct outcome_of {
	enum usher_answer answer;
	enum usher_reason reason;
	const struct rule *rule; /* NULL: override, otherwise */
	const char *name;	 /* of the rule, "override", "otherwise" */
	size_t target_count;
	const struct target *targets;
};

/* Decided, or answer USHER_PENDING with asked->needs. */
struct outcome_of usher_evaluate(struct asked *asked);
/* One reading by itself, where it is certain; for trace.c. */
struct outcome_of usher_evaluate_reading(struct asked *asked, bool proven);
/* Whether an override is in force and matches, in one reading. */
enum tri usher_override_holds(struct asked *asked,
    const struct reading *reading, const struct usher_override *override);
/* Whether the attempt would be accepted; MAYBE when facts are missing. */
enum tri usher_accepts(struct asked *asked);

enum { OPENING_WITHIN = 35 * 24 * 3600 };
/*
 * The earliest maximal interval at or after asked->at, beginning within 35
 * days, in which the attempt would be accepted with its substance brought.
 * MAYBE: facts that are not shown yet decide it.
 */
enum tri usher_opening_find(const struct asked *asked,
    struct usher_opening *opening);
/* The same, with at most so many looks at windows; lowers *work by them. */
enum tri usher_opening_search(const struct asked *asked,
    struct usher_opening *opening, size_t *work);
/* The next instant at which any answer may change; at most `limit`. */
int64_t usher_policy_edge(const struct asked *asked, int64_t at, int64_t limit);

/*
 * decide_joined.c: the question's facts, with whom memory joins among their
 * identities; NULL: out of memory.
 */
const struct usher_facts *usher_decision_join(struct usher_decision *decision,
    const struct usher_question *question);

/* decide_promise.c */
/*
 * Where an outcome turns away for now and a promise lets in, the outcome is
 * the promise's, which decision->kept names. MAYBE: facts that are not shown
 * decide it, and asked->needs has them.
 */
enum tri usher_promise_keep(struct usher_decision *decision,
    struct asked *asked, struct outcome_of *outcome);
/*
 * The asker's own promise that would still be kept, or NULL; its opening is
 * told again when it has not begun.
 */
const struct promise *usher_promise_again(struct usher_decision *decision,
    const struct asked *asked);

/*
 * The same for what they were told for when they are introduced, which they
 * can be at an instant. False: there is none.
 */
bool usher_promise_awaiting(const struct asked *asked, int64_t introduced,
    struct usher_opening *opening);

/* decide_code.c */
/* A refusal becomes a deferral where a code could not be checked: true. */
bool usher_code_spares(const struct asked *asked, struct outcome_of *outcome);
/* Whether who used a code, and in which mail, is yet to be shown. */
bool usher_code_awaits(struct asked *asked);
/* The codes that were shown are kept with the decision. ENOMEM. */
int usher_code_keep(struct usher_decision *decision,
    const struct usher_memory *memory);

/* One line of a trace. */
struct step {
	const char *rule;
	const char *part;      /* "if", "unless", "during", ... */
	const char *condition; /* text of it */
	const char *fact;      /* what it was held against */
	enum tri proven, claimed;
};

struct usher_decision {
	struct arena arena;
	struct usher_verdict verdict;
	struct usher_policy *policy; /* held for the words; or NULL */
	enum usher_channel channel;
	enum usher_purpose purpose;
	int64_t at;
	const char *language;
	const char *say_language;
	size_t evidence_count;
	const struct evidence_item *evidence;
	size_t step_count, step_size;
	struct step *steps;
	size_t why_count;
	const char *why_not[4];
	const struct rule *rule;      /* that turned away, or NULL */
	const struct rule *let_in_by; /* that accepted, or NULL */
	/* What the rule that accepts at an opening asks to bring. */
	const struct rule *bring_rule;
	unsigned bring_parts, missing_parts; /* bits of enum lack */
	size_t bring_count;
	const char *bring[MOST_MISSING];
	/* That rule's name, or "otherwise", of the opening told; of each
	 * target's, or NULL. */
	const char *opening_rule;
	const char **target_rules;
	/* The promise that let in, and their own that still stands; copies of
	 * what memory had, or NULL. */
	const struct promise *kept, *standing;
	/* Who accepts at verdict.introduced; NULL: it stands already. */
	const char *introduced_rule;
	/* Who they are besides; copies of what memory had. */
	size_t joined_count;
	struct joined *joined;
	/* The codes that were shown to who is accepted; copies. */
	size_t code_count;
	const struct shown_code *codes;
	const char *shown_codes; /* the same, with blanks between */
};

/* Whose preferences another recipient has; NULL: published none. */
typedef int decide_find_h(void *arg, struct usher_conf *conf, const char *who,
    struct usher_policy **policy, struct usher_error *error);
/* As usher_decide(); `find` NULL: targets are asked nothing. */
int usher_decide_by(decide_find_h *find, void *find_arg,
    const struct usher_question *question, struct usher_decision **decision,
    struct usher_error *error);

/* trace_memory.c: what is remembered, and until when; in words. */
const char *usher_trace_remembered(struct arena *arena,
    const struct asked *asked, const struct condition *condition);
const char *usher_trace_counted(struct arena *arena, const struct asked *asked,
    const struct rule *rule, const struct cap *cap);
/* Whose a number is besides, and until when. */
const char *usher_trace_joined(struct arena *arena,
    const struct joined *joined);
/* The valid codes that were shown, and when they end; or NULL. */
const char *usher_trace_codes(struct arena *arena, const struct asked *asked);
/* What makes them no stranger, or NULL. */
const char *usher_trace_acquainted(struct arena *arena,
    const struct asked *asked);

void usher_trace_make(struct usher_decision *decision,
    const struct asked *asked, const struct outcome_of *outcome);
void usher_why_not(struct usher_decision *decision, const struct asked *asked,
    const struct outcome_of *outcome);

#endif
