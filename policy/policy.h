/*
 * policy: preferences, checked and compiled; immutable and shared by count.
 */
#ifndef USHER_POLICY_H
#define USHER_POLICY_H

#include <stdatomic.h>

#include "conf.h"
#include "rule.h"
#include "usher.h"

enum { MOST_RULES = 200, MOST_PHRASES = 1000 };

struct usher_policy {
	atomic_uint references;
	struct arena arena;
	struct usher_conf *conf; /* held, but for the snapshot's own fallback */
	bool holds_conf;
	const char *file, *name;
	size_t address_count; /* addresses, then phones */
	struct address *addresses;
	size_t fax_count;
	const char *const *faxes; /* normal numbers */
	const struct zone *zone;
	const char *language, *listing, *aside;
	const char *published[USHER_URI]; /* by channel, post, page; or NULL */
	enum usher_mode mode;
	struct scope scope;
	size_t rule_count;
	struct rule *rules;
	enum outcome otherwise;
	unsigned otherwise_line;
	size_t target_count; /* of otherwise */
	struct target *targets;
	unsigned channels; /* bits that any rule names */
	unsigned needs;	   /* USHER_HEADERS | USHER_BODY */
	unsigned asks;	   /* of memory: bits of enum asks */
	bool weighs;	   /* a rule asks to what purpose, or leads elsewhere */
	/* The most that any cap or `tried` counts, and over how long. */
	size_t counted_most;
	int64_t counted_s;
};

enum asks {
	ASKS_CAPS = 1 << 0,   /* at_most, of one party */
	ASKS_IN_ALL = 1 << 1, /* ... of everybody */
	ASKS_TRIED = 1 << 2,
	ASKS_INTRODUCED = 1 << 3, /* or `stranger` */
	ASKS_CODE = 1 << 4,	  /* some party is proven by a code */
	ASKS_STANDING = 1 << 5
};

/* preferences.c: the keys of a file into an empty policy; problems tell. */
void usher_preferences_compile(struct compiling *compiling,
    struct usher_policy *policy, bool anybody);
/* Whether a normal address or number is one of the policy's own. */
bool usher_preferences_hold(const struct usher_policy *policy,
    enum address_kind kind, const char *text);

/*
 * The site's `default`: it speaks for whoever published nothing, so it need
 * not name addresses. Holds no reference to the snapshot that holds it.
 */
int usher_policy_compile_default(struct usher_conf *conf, const char *name,
    const char *text, size_t length, struct usher_policy **policy,
    struct usher_problems *problems);

#endif
