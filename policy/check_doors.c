/*
 * check_doors: redirects to doors that never open, circles of redirects, and
 * deferrals to no time.
 *
 * For each rule that turns away, attempts are made up that meet it, and the
 * door they are shown is tried as they would try it: with every purpose, and
 * with all they could bring. One that opens to any of them is enough.
 */
#include <string.h>

#include "check.h"

enum { MOST_INSTANTS = 200, MOST_TARGETS = 16, MOST_HOPS = USHER_CHANNELS };

/* What has been found out of one rule (NULL: `otherwise`). */
struct door_check {
	struct checking *checking;
	const struct rule *rule;
	size_t target_count;
	const struct target *targets;
	bool redirects, defers; /* some attempt is */
	bool opens;		/* the channel they came by, to some */
	bool target_opens[MOST_TARGETS];
	enum usher_channel came_by; /* of the last that was redirected */
	enum { STRAIGHT, BACK, AROUND } circle[MOST_TARGETS];
};

/* An instant within five weeks at which the rule itself turns it away. */
static bool
turned_away(const struct door_check *check, struct asked *asked,
    enum usher_answer *answer)
{
	int64_t limit = asked->at + OPENING_WITHIN;

	for (int i = 0; i < MOST_INSTANTS && asked->at != INT64_MAX; i++) {
		struct outcome_of outcome = usher_evaluate(asked);

		*answer = outcome.answer;
		if (outcome.rule == check->rule &&
		    (check->rule != NULL ||
			strcmp(outcome.name, "otherwise") == 0) &&
		    outcome.reason != USHER_CAP_REACHED &&
		    (*answer == USHER_REDIRECT || *answer == USHER_DEFER))
			return true;
		usher_check_work(check->checking, 1);
		if (check->checking->work == 0)
			return false;
		asked->at = usher_policy_edge(asked, asked->at, limit);
	}
	return false;
}

static bool
introduces(const struct usher_policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].introduces)
			return true;
	return false;
}

static bool
opens(const struct door_check *check, const struct asked *asked)
{
	struct asked introduced = *asked;

	if (usher_check_opens(check->checking, asked))
		return true;
	introduced.introduced = true;
	return introduces(asked->policy) &&
	    usher_check_opens(check->checking, &introduced);
}

/* A channel of the recipient's own that a target means; false: elsewhere. */
static bool
own_channel(const struct usher_policy *policy, const struct target *target)
{
	const char *uri = target->uri;
	struct arena arena;
	bool own;

	if (target->channel >= USHER_CHANNELS || uri == NULL)
		return target->channel < USHER_CHANNELS;
	usher_arena_init(&arena);
	uri = usher_arena_bytes(&arena, uri, strcspn(uri, "?"));
	own = uri != NULL && usher_policy_owns(policy, uri);
	usher_arena_free(&arena);
	return own;
}

/* Follows redirects from `asked` until one names `home`; over how many. */
static int
circles_back(const struct asked *asked, enum usher_channel home)
{
	struct asked hop = *asked;

	for (int i = 0; i < MOST_HOPS; i++) {
		struct outcome_of outcome = usher_evaluate(&hop);
		size_t next = outcome.target_count;

		if (outcome.answer != USHER_REDIRECT)
			return 0;
		for (size_t k = 0; k < outcome.target_count; k++) {
			if (!own_channel(asked->policy, &outcome.targets[k]))
				return 0; /* a way out */
			if (outcome.targets[k].channel == home)
				return i + 1;
			if (next == outcome.target_count)
				next = k;
		}
		if (next == outcome.target_count)
			return 0;
		hop.channel = outcome.targets[next].channel;
	}
	return 0;
}

static void
try_target(struct door_check *check, size_t i, const struct asked *asked)
{
	const struct target *target = &check->targets[i];
	struct asked there = *asked;
	int hops;

	if (check->target_opens[i])
		return;
	there.channel = target->channel;
	there.target = target->channel != asked->channel;
	if (!own_channel(asked->policy, target) || opens(check, &there)) {
		check->target_opens[i] = true;
		return;
	}
	hops = there.target ? circles_back(&there, asked->channel) : 0;
	if (hops > 0)
		check->circle[i] = hops == 1 ? BACK : AROUND;
}

static void
try_attempt(struct door_check *check, const struct usher_facts *facts)
{
	struct asked asked = usher_check_ask(check->checking, facts,
	    facts->channel, check->checking->at);
	enum usher_answer answer;

	if (!turned_away(check, &asked, &answer))
		return;
	if (answer == USHER_REDIRECT) {
		check->redirects = true;
		check->came_by = facts->channel;
		for (size_t i = 0; i < check->target_count; i++)
			try_target(check, i, &asked);
		if (check->target_count > 0)
			return;
	} else {
		check->defers = true;
	}
	if (!check->opens)
		check->opens = opens(check, &asked);
}

/* All have been found open: nothing more to find out. */
static bool
settled(const struct door_check *check)
{
	for (size_t i = 0; i < check->target_count; i++)
		if (!check->target_opens[i])
			return false;
	return check->opens || check->target_count > 0;
}

static int
try_all(struct door_check *check)
{
	const struct usher_policy *policy = check->checking->policy;
	unsigned channels = check->rule == NULL
	    ? usher_check_channels(policy)
	    : usher_check_rule_channels(policy, check->rule);
	unsigned purposes = check->rule == NULL
	    ? CHECK_ALL_PURPOSES
	    : usher_check_bits(&check->rule->when, ON_PURPOSE,
		  CHECK_ALL_PURPOSES);

	for (unsigned i = 0;
	     i < USHER_CHANNELS * (USHER_PERSONAL + 1) * BRINGS_ANYTHING &&
	     !settled(check);
	     i++) {
		unsigned channel = i / BRINGS_ANYTHING % USHER_CHANNELS;
		unsigned purpose = i / BRINGS_ANYTHING / USHER_CHANNELS;
		struct usher_facts *facts;
		int code;

		if (!(channels & 1u << channel) || !(purposes & 1u << purpose))
			continue;
		code = usher_check_attempt(check->checking, check->rule,
		    (enum usher_channel)channel, (enum usher_purpose)purpose,
		    i % BRINGS_ANYTHING, &facts);
		if (code != 0)
			return code;
		if (facts != NULL)
			try_attempt(check, facts);
		usher_facts_free(facts);
	}
	return 0;
}

static unsigned
line_of(const struct door_check *check)
{
	return check->rule != NULL ? check->rule->line
				   : check->checking->policy->otherwise_line;
}

static const char *
name_of(const struct door_check *check)
{
	return check->rule != NULL ? check->rule->name : "otherwise";
}

/* Who was made up to try: see check_attempt.c. */
static const char *
whom(const struct door_check *check)
{
	static const enum condition_kind naming[] = { ON_PARTY, ON_FROM,
		ON_ORGANIZATION, ON_KNOWN, ON_INTRODUCED, ON_STAGE };

	for (size_t i = 0;
	     check->rule != NULL && i < sizeof(naming) / sizeof(naming[0]); i++)
		if (usher_check_find(&check->rule->when, naming[i]) != NULL)
			return "those";
	return "strangers";
}

static void
tell_target(const struct door_check *check, size_t i)
{
	const struct target *target = &check->targets[i];
	const char *there = usher_channel_word(target->channel);
	const char *here = usher_channel_word(check->came_by);

	if (target->channel == check->came_by)
		usher_check_warn(check->checking, line_of(check),
		    "rule \"%s\" redirects to %s, the channel they came by, "
		    "and that never opens to them; name another in `to`",
		    name_of(check), there);
	else if (check->circle[i] != STRAIGHT)
		usher_check_warn(check->checking, line_of(check),
		    "rule \"%s\" sends in a circle: from %s to %s%s, and "
		    "from there back to %s, and no door on the way ever "
		    "opens; accept on one of them, or name `page` in `to`",
		    name_of(check), here, there,
		    check->circle[i] == AROUND ? ", further on" : "", here);
	else
		usher_check_warn(check->checking, line_of(check),
		    "rule \"%s\" redirects from %s to %s, which never opens "
		    "to %s it sends there; accept them on %s in an earlier "
		    "rule, or name another channel in `to`",
		    name_of(check), here, there, whom(check), there);
}

static void
tell(const struct door_check *check)
{
	for (size_t i = 0; check->redirects && i < check->target_count; i++)
		if (!check->target_opens[i])
			tell_target(check, i);
	if (check->opens || (check->redirects && check->target_count > 0))
		return;
	if (check->redirects)
		usher_check_warn(check->checking, line_of(check),
		    "rule \"%s\" redirects without `to`, which means to the "
		    "channel they came by, and that never opens to them: "
		    "they are told no way; add to = [ \"email\" ] or another",
		    name_of(check));
	else if (check->defers)
		usher_check_warn(check->checking, line_of(check),
		    "rule \"%s\" defers, but no time of the coming year "
		    "accepts those it defers: they are told no time; give it "
		    "`during`, or write \"redirect\" or \"refuse\"",
		    name_of(check));
}

static int
check_rule(struct checking *checking, const struct rule *rule,
    size_t target_count, const struct target *targets)
{
	struct door_check check = { .checking = checking,
		.rule = rule,
		.target_count = target_count,
		.targets = targets };
	int code;

	if (check.target_count > MOST_TARGETS)
		check.target_count = MOST_TARGETS;
	code = try_all(&check);
	if (code == 0)
		tell(&check);
	return code;
}

int
usher_check_doors(struct checking *checking)
{
	const struct usher_policy *policy = checking->policy;
	int code = 0;

	for (size_t i = 0; code == 0 && i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];

		if (checking->dead[i])
			continue;
		if (usher_check_may(rule, OUTCOME_REDIRECT) ||
		    usher_check_may(rule, OUTCOME_DEFER))
			code = check_rule(checking, rule, rule->target_count,
			    rule->targets);
	}
	if (code == 0 && policy->otherwise == OUTCOME_REDIRECT)
		code = check_rule(checking, NULL, policy->target_count,
		    policy->targets);
	return code;
}
