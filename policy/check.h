/*
 * check: inside of the analysis of preferences (design.md §5), shared by
 * check*.c.
 *
 * Two ways of knowing, each where it is the simpler: whether conditions imply
 * or exclude each other (check_imply.c), for rules that are never reached; and
 * attempts made up to meet a rule (check_attempt.c), decided like any other,
 * for doors that never open. Where neither is certain nothing is said.
 */
#ifndef USHER_CHECK_H
#define USHER_CHECK_H

#include "decide.h"

enum { CHECK_DAY_S = 24 * 3600, CHECK_YEAR_S = 366 * CHECK_DAY_S };

struct checking {
	const struct usher_policy *policy;
	int64_t at;
	struct usher *usher; /* whose memory is asked; or NULL */
	struct usher_problems *problems;
	size_t work;	       /* looks for openings, still allowed */
	size_t *hours_looks;   /* the same, when hours are compared */
	size_t weight;	       /* of one look at all that opens and shuts */
	bool stranger_closed;  /* was told to be turned away everywhere */
	bool dead[MOST_RULES]; /* rules that were told never to decide */
};

/* Counts so many looks at the whole policy against what is allowed. */
void usher_check_work(struct checking *checking, size_t looks);
/* A warning at a line of the policy's own file. */
void usher_check_warn(const struct checking *checking, unsigned line,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- check_imply.c ---- */

/* Whenever `a` holds, `b` does; whenever `a` holds, `b` does not. */
bool usher_check_implies(const struct usher_policy *policy,
    const struct condition *a, const struct condition *b);
bool usher_check_excludes(const struct usher_policy *policy,
    const struct condition *a, const struct condition *b);

/* ---- check_reach.c ---- */

enum check_reach {
	CHECK_REACHED, /* as far as can be told */
	CHECK_EMPTY,   /* no attempt meets it */
	CHECK_TAKEN    /* earlier rules decide all that meets it */
};

/*
 * Whether a rule at this index of the policy has something left to decide for
 * these channels and purposes (bits). `by`: the first and the last of the
 * earlier rules that take it all; set with CHECK_TAKEN alone.
 */
enum check_reach usher_check_reach(const struct checking *checking,
    const struct rule *rule, size_t index, unsigned channels, unsigned purposes,
    const struct rule *by[2]);
enum { CHECK_ALL_CHANNELS = (1u << USHER_CHANNELS) - 1 };
enum { CHECK_ALL_PURPOSES = (1u << (USHER_PERSONAL + 1)) - 1 };

/* ---- check_attempt.c ---- */

/* What a made-up attempt brings along. */
enum {
	BRINGS_SUBSTANCE = 1, /* every attachment and link that rules name */
	BRINGS_TOPICS = 2,
	BRINGS_TIES = 4,     /* known, introduced, every stage, good standing */
	BRINGS_ANYTHING = 4, /* how many ways without ties */
	BRINGS_EVERYTHING = 8
};

/*
 * An attempt that meets `if` and not `unless` of a rule (NULL: a stranger's,
 * whom no rule names), proven where the rule does not forbid it. *facts is
 * NULL when none could be made. ENOMEM.
 */
int usher_check_attempt(const struct checking *checking,
    const struct rule *rule, enum usher_channel channel,
    enum usher_purpose purpose, unsigned brings, struct usher_facts **facts);
/* The same by a member of a party. */
int usher_check_member(const struct checking *checking,
    const struct party *party, enum usher_channel channel,
    enum usher_purpose purpose, unsigned brings, struct usher_facts **facts);

struct asked usher_check_ask(const struct checking *checking,
    const struct usher_facts *facts, enum usher_channel channel, int64_t at);
/* Whether it would be accepted at any time of the coming year. */
bool usher_check_opens(struct checking *checking, const struct asked *asked);

/* ---- what the parts of the analysis share: check.c ---- */

/* Channels by which the recipient can be approached, as bits. */
unsigned usher_check_channels(const struct usher_policy *policy);
/* Those of them that a rule speaks of. */
unsigned usher_check_rule_channels(const struct usher_policy *policy,
    const struct rule *rule);
/* The bits of a rule's own condition of a kind, or `all`. */
unsigned usher_check_bits(const struct conditions *conditions,
    enum condition_kind kind, unsigned all);
/* What follows when a limiter is not met. */
enum outcome usher_check_else(const struct rule *rule, bool substance);
/* Whether a rule may end in this answer. */
bool usher_check_may(const struct rule *rule, enum outcome outcome);
const struct condition *usher_check_find(const struct conditions *conditions,
    enum condition_kind kind);

/* ---- the parts ---- */

void usher_check_rules(struct checking *checking);
void usher_check_values(struct checking *checking);
void usher_check_targets(struct checking *checking);
int usher_check_doors(struct checking *checking);
int usher_check_parties(struct checking *checking);
int usher_check_mail(struct checking *checking);

#endif
