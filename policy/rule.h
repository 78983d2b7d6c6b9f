/*
 * rule: the compiled form of topics, parties, windows and rules.
 *
 * A scope holds what rules may name: the site's, and over it the recipient's.
 * Everything lives in one arena and refers by pointer; nothing changes once
 * compiled. decide.c reads it, check.c reports by its lines.
 */
#ifndef USHER_RULE_H
#define USHER_RULE_H

#include "address.h"
#include "conf.h"
#include "hours.h"
#include "source.h"
#include "text.h"
#include "usher.h"

struct topic {
	const char *name;
	size_t count;
	struct phrase *phrases;
};

struct party {
	const char *name;
	unsigned line;
	size_t count;
	struct pattern *patterns; /* organizations, addresses, phones */
	bool code;		  /* a valid code admits to it */
	bool trust_claimed;
};

struct scope {
	const struct scope *site; /* outer scope, or NULL */
	size_t topic_count, party_count, hours_count, dates_count;
	struct topic *topics;
	struct party *parties;
	struct hours *hours;
	struct dates *dates;
	size_t before_count, after_count; /* the site's only */
	struct rule *before, *after;
};

enum condition_kind {
	ON_CHANNEL,
	ON_PURPOSE,
	ON_TOPIC,
	ON_PARTY,
	ON_ORGANIZATION,
	ON_FROM,
	ON_STRANGER,
	ON_KNOWN,
	ON_INTRODUCED,
	ON_ANONYMOUS,
	ON_VERIFIED,
	ON_COUNTRY,
	ON_NETWORK,
	ON_STAGE,
	ON_STANDING,
	ON_TRIED,
	ON_DAY,
	ON_ATTACHMENT,
	ON_LINK,
	ON_WORDS
};

struct comparison { /* "<=300" */
	enum { AT_MOST, AT_LEAST, LESS, MORE, EQUAL } how;
	size_t number;
};

struct cap { /* "3 per 30d", "3 per 1d in all" */
	unsigned count;
	int64_t seconds;
	bool in_all;
};

struct as_or_cidr {
	uint32_t as; /* 0: the network counts */
	struct network network;
};

struct condition {
	enum condition_kind kind;
	unsigned line;
	const char *text; /* "party = search-vendors", for the trace */
	bool wanted;	  /* of true/false conditions */
	unsigned bits;	  /* of channels, purposes, standings */
	size_t count;
	union {
		const struct topic **topics;
		const struct party **parties;
		struct pattern *patterns;
		const char *const
		    *strings; /* countries, stages, endings, domains */
		struct as_or_cidr *networks;
		const struct dates **dates;
		struct comparison *comparisons;
		struct cap *caps;
	};
};

struct conditions {
	bool given; /* `if` or `unless` is there at all */
	size_t count;
	struct condition *list;
};

/* `next` only in otherwise ("else"). */
enum outcome {
	OUTCOME_ACCEPT,
	OUTCOME_DEFER,
	OUTCOME_REDIRECT,
	OUTCOME_REFUSE,
	OUTCOME_NEXT
};

struct target {
	enum usher_channel channel; /* USHER_URI when written as one */
	const char *uri;
	unsigned line;
};

struct say {
	const char *language; /* NULL: any */
	const char *text;
};

struct requirement {
	bool given;
	unsigned line;
	size_t attachment_count, link_count, or_link_count, comparison_count;
	const char *const *attachments; /* name endings, lower case */
	const char *const *links, *const *or_links; /* domains */
	struct comparison *comparisons;
	bool reason;
};

struct rule {
	const char *name; /* as answered: name, "rules[0]", "before/NAME" */
	const char *given_name; /* or NULL */
	unsigned line;
	struct conditions when, unless;
	enum outcome then, otherwise;
	bool otherwise_given; /* else: `else` follows `then` and the limiter */
	struct hours during;  /* count 0: no limiter */
	bool has_during;
	size_t cap_count;
	struct cap *caps;
	struct requirement requires;
	size_t target_count;
	struct target *targets;
	size_t say_count;
	struct say *says;
	bool introduces;
	const char *deliver_to, *ring;
	const char *listing;
};

/* A file while it is compiled, and how many phrases it has named so far. */
struct compiling {
	struct source *source;
	struct usher_conf *conf;
	struct scope *scope;
	const struct zone *zone; /* the recipient's */
	size_t phrases;
	bool phrases_told;
};

/*
 * topics, parties, hours and days of a group into compiling->scope. The
 * windows of a site's scope name no zone of their own: usher_rules_bind() and
 * naming them from a recipient's rule give them the recipient's.
 */
void usher_scope_compile(struct compiling *compiling,
    const config_setting_t *group);
/* A list of rules; `prefix` is "" or "before/", "after/". */
void usher_rules_compile(struct compiling *compiling,
    const config_setting_t *list, const char *prefix, struct rule **rules,
    size_t *count);
/* Copies rules with every window that has no zone set to `zone`. ENOMEM. */
int usher_rules_bind(struct arena *arena, const struct rule *rules,
    size_t count, const struct zone *zone, struct rule **bound);
/* `if` or `unless` of a rule. */
void usher_conditions_compile(struct compiling *compiling,
    const config_setting_t *rule, const char *name,
    struct conditions *conditions);
/* The limiters of a rule: during, at_most, requires. */
void usher_limiters_compile(struct compiling *compiling,
    const config_setting_t *setting, struct rule *rule);
/* Windows of a setting; what is wrong is reported, and false. */
bool usher_hours_compile(struct compiling *compiling,
    const config_setting_t *setting, struct hours *hours);
/* Name endings, domains, comparisons of a setting that may be NULL. */
void usher_endings_compile(struct compiling *compiling,
    const config_setting_t *setting, const char *const **endings,
    size_t *count);
void usher_domains_compile(struct compiling *compiling,
    const config_setting_t *setting, const char *const **domains,
    size_t *count);
void usher_comparisons_compile(struct compiling *compiling,
    const config_setting_t *setting, struct comparison **comparisons,
    size_t *count);
/* "3 per 30d", with `in all` where allowed; "<=300". */
int usher_cap_parse(const char *text, bool in_all_allowed, struct cap *cap,
    struct usher_error *error);
int usher_comparison_parse(const char *text, struct comparison *comparison,
    struct usher_error *error);
bool usher_comparison_holds(const struct comparison *comparison, size_t number);
/* Counts one phrase or pattern against the limit of a file. */
void usher_phrase_count(struct compiling *compiling,
    const config_setting_t *setting);
/* Patterns, dates, topics and parties by name, as conditions hold them. */
size_t usher_patterns_compile(struct compiling *compiling,
    const config_setting_t *setting, bool organization,
    struct pattern **patterns);
/* What a name might mean: an error text's "did you mean", or "". */
const char *usher_scope_meant(struct compiling *compiling, const char *word,
    const char *kind);
/* `to`: channels and URIs. Shared by rules and `otherwise`. */
void usher_targets_compile(struct compiling *compiling,
    const config_setting_t *group, struct target **targets, size_t *count);

const struct topic *usher_scope_topic(const struct scope *scope,
    const char *name);
const struct party *usher_scope_party(const struct scope *scope,
    const char *name);
const struct hours *usher_scope_hours(const struct scope *scope,
    const char *name, size_t length);
const struct dates *usher_scope_dates(const struct scope *scope,
    const char *name, size_t length);

#endif
