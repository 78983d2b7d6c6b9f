/*
 * decide_call.c - asks libusher once a call.
 *
 * Retransmissions, CANCEL and ACK never come here; a later transaction of the
 * same call, and another call of the same caller to the same recipient while
 * the first has no final answer, find what was decided (design-calls.md "One
 * decision a call"), or wait for it with the first: the memory is read by the
 * store thread, after which whoever is handled anew settles the decision.
 * Whatever fails inside lets the call pass, logged and counted. Called by
 * request.c and phones.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "attempt.h"
#include "codes.h"
#include "hash.h"
#include "remember.h"

enum { CODE_TEXT = 12, IDENTITY_TEXT = 600 };

/* What a key is of. */
enum kind { A_CALL, A_PROVEN_PAIR, A_CLAIMED_PAIR };

/* Decisions are shared by those alone whose word counts the same. */
static uint64_t
key_of(const struct screening *s, enum kind kind, struct span a, struct span b)
{
	struct span host = { "", 0 };
	struct hash hash;

	if (s->origin->way == FROM_OTHER)
		host = sip_addr_bytes(&s->src->addr);
	hash_begin(&hash, s->proxy->key);
	hash_number(&hash,
	    (uint64_t)kind << 2 | (uint64_t)s->origin->trusted << 1 |
		(s->msg->method == SIP_METHOD_MESSAGE));
	hash_add(&hash, a);
	hash_add(&hash, b);
	hash_add(&hash, span_of(s->recipient.text));
	hash_add(&hash, host);
	return hash_end(&hash);
}

static uint64_t
pair_key(const struct screening *s)
{
	const struct caller_id *id = caller_main(&s->caller);
	uint64_t key;

	if (id == NULL || s->msg->method != SIP_METHOD_INVITE)
		return 0;
	key = key_of(s, id->proven ? A_PROVEN_PAIR : A_CLAIMED_PAIR,
	    span_of(id->text), (struct span){ "", 0 });
	return key != 0 ? key : 1;
}

static void
count(struct proxy *proxy, enum usher_answer answer)
{
	struct proxy_counters *c = &proxy->counters;

	switch (answer) {
	case USHER_ACCEPT: c->accepted++; break;
	case USHER_DEFER: c->deferred++; break;
	case USHER_REDIRECT: c->redirected++; break;
	default: c->refused++; break;
	}
}

/* Retry-After's figure alone. */
static struct span
seconds_of(const struct answer *answer)
{
	const size_t name = sizeof("Retry-After: ") - 1;
	struct span value = { "", 0 };

	if (answer->retry_after.l <= name)
		return value;
	value.p = answer->retry_after.p + name;
	while (value.p[value.l] >= '0' && value.p[value.l] <= '9')
		value.l++;
	return value;
}

struct logged {
	enum usher_channel channel;
	const char *verdict, *rule, *answer, *reference;
};

static void
log_decision(const struct screening *s, const struct decision *decision,
    const struct logged *what)
{
	struct log_line line;
	char source[SIP_ADDR_TEXT];
	const char *peer = s->origin->name[0] != '\0'
	    ? s->origin->name
	    : way_word(s->origin->way);

	log_line_begin(&line, "decision");
	log_line_add(&line, "call-id", s->msg->call_id);
	log_line_add(&line, "source",
	    span_of(sip_addr_text(&s->src->addr, source)));
	log_line_add(&line, "peer", span_of(peer));
	log_line_add(&line, "from", span_of(caller_shown(&s->caller)));
	log_line_add(&line, "to", span_of(s->recipient.text));
	log_line_add(&line, "channel",
	    span_of(usher_channel_word(what->channel)));
	log_line_add(&line, "verdict", span_of(what->verdict));
	log_line_add(&line, "rule", span_of(what->rule));
	log_line_add(&line, "answer", span_of(what->answer));
	log_line_add(&line, "retry-after", seconds_of(&decision->answer));
	log_line_add(&line, "id", span_of(what->reference));
	log_line_end(&s->proxy->log, &line, LOG_INFO);
}

/* A memory that did not come in time is unreadable. */
static const struct usher_memory *
memory_of(struct proxy *proxy, const struct decision *decision)
{
	const struct usher_memory *memory = remember_memory(decision);

	if (memory == NULL && usher_memory_missed(&proxy->memory) == 0)
		memory = proxy->memory;
	return memory;
}

/* EAGAIN: policies of other recipients that it names must be read first. */
static int
ask(struct screening *s, const struct decision *decision,
    const struct usher_facts *facts, struct usher_error *error)
{
	struct proxy *proxy = s->proxy;
	struct usher_question question = { .policy = s->recipient.policy,
		.facts = facts,
		.memory = memory_of(proxy, decision),
		.at = proxy_clock_ms(proxy) / 1000 };
	int failed = usher_decide_at_hand(proxy->usher, &question,
	    &proxy->asked, error);

	return failed == EAGAIN && remember_has_targets(decision) ? 0 : failed;
}

static int
make(struct screening *s, struct decision *decision, const char *reference)
{
	char name[HOST_TEXT];
	struct answering how = { .proxy = s->proxy,
		.setup = s->setup,
		.origin = s->origin,
		.msg = s->msg,
		.policy = s->recipient.policy,
		.asked = s->proxy->asked,
		.reference = reference,
		.our_name = name,
		.now_ms = proxy_clock_ms(s->proxy) };

	if (!answer_has_words(&how))
		return answer_make(decision, &how);
	usher_decision_language(how.asked, languages_of(s->msg, s->languages));
	/* Without an address of ours the pseudonym of RFC 3261 §20.43. */
	if (self_text(s->src->listener, &s->src->addr, name) != 0)
		strcpy(name, "usher");
	return answer_make(decision, &how);
}

/* Rehearsals decide and log, and let the call pass. */
static void
observe(struct decision *decision)
{
	decision->answer = (struct answer){ .code = 0 };
	free(decision->target);
	decision->target = NULL;
	decision->diversion = NULL;
}

static const char *
answer_word(const struct decision *decision, bool enforced,
    char text[CODE_TEXT])
{
	if (!enforced)
		return "observed";
	if (decision->answer.code == 0)
		return "forwarded";
	text[0] = (char)('0' + decision->answer.code / 100 % 10);
	text[1] = (char)('0' + decision->answer.code / 10 % 10);
	text[2] = (char)('0' + decision->answer.code % 10);
	text[3] = '\0';
	return text;
}

/* OPTIONS asks, and notices tell of another. */
static bool
is_attempt(const struct screening *s)
{
	return s->msg->method != SIP_METHOD_OPTIONS &&
	    !message_is_notice(s->msg);
}

/* Who is told an opening, and has proven who they are, may rely on it. */
static bool
promises(const struct screening *s, const struct decision *decision)
{
	const struct caller_id *id = caller_main(&s->caller);

	return id != NULL && id->proven && decision->answer.code != 0 &&
	    (decision->verdict == USHER_DEFER ||
		decision->verdict == USHER_REDIRECT) &&
	    is_attempt(s);
}

/* What is worth something is used up before the call goes on. */
static bool
uses_code(const struct screening *s, const struct decision *decision)
{
	return usher_decision_shows_code(s->proxy->asked) && is_attempt(s) &&
	    !decision->safe;
}

static bool
is_unpublished(const struct screening *s)
{
	return s->recipient.policy != NULL &&
	    s->recipient.policy == s->setup->nobody;
}

struct settling {
	struct logged what;
	enum usher_mode mode;
	char reference[USHER_REFERENCE_TEXT];
};

/* Asked as if somebody refused: what the site says is for who is published. */
static int
refuse_unpublished(struct decision *decision, struct settling *settling)
{
	decision->verdict = USHER_REFUSE;
	decision->answer = (struct answer){ .code = 480 };
	settling->what.verdict = usher_answer_word(USHER_REFUSE);
	settling->what.rule = "unpublished";
	return 0;
}

/* EAGAIN: it waits for the store once more. */
static int
settle_by_policy(struct screening *s, struct decision *decision,
    const struct usher_facts *facts, struct settling *settling)
{
	const struct usher_verdict *verdict;
	struct usher_error error = { .text = "out of memory" };
	int failed = ask(s, decision, facts, &error);

	if (is_unpublished(s))
		return refuse_unpublished(decision, settling);
	if (failed == EAGAIN) {
		if (remember_read(s, decision, NULL, true,
			waiting_left_ms(s->request)))
			return EAGAIN;
		failed = 0; /* as if nobody had published there */
	}
	if (failed == 0 && uses_code(s, decision) &&
	    remember_use(s, decision, facts))
		return EAGAIN;
	if (failed == 0)
		failed = make(s, decision, settling->reference);
	if (failed != 0) {
		log_write(&s->proxy->log, LOG_ERR,
		    "a call to %s could not be "
		    "decided and passes: %s",
		    s->recipient.text, error.text);
		return failed;
	}
	settling->mode = usher_memory_mode(memory_of(s->proxy, decision),
	    settling->mode);
	verdict = usher_decision_verdict(s->proxy->asked);
	codes_keep(decision, &s->recipient, s->proxy->asked);
	decision->verdict = verdict->answer;
	if (is_attempt(s))
		usher_tally(s->proxy->usher, s->recipient.policy,
		    s->recipient.text, facts, s->proxy->asked,
		    settling->mode == USHER_ENFORCE ? USHER_TOLD
						    : USHER_UNTOLD);
	settling->what.verdict = usher_answer_word(verdict->answer);
	settling->what.rule = verdict->rule;
	if (settling->mode == USHER_OBSERVE)
		observe(decision);
	else if (promises(s, decision))
		remember_promise(s, decision, facts, settling->reference);
	return 0;
}

static char *
put_some(char *out, struct span text, size_t most)
{
	return mempcpy(out, text.p != NULL ? text.p : "",
	    text.l < most ? text.l : most);
}

struct usher_facts *
facts_of_attempt(const struct screening *s)
{
	struct usher_facts *facts = facts_of(s->setup, s->msg, s->src,
	    &s->caller, s->recipient.policy, s->channel,
	    &s->proxy->spare_facts);
	char identity[IDENTITY_TEXT], *p = identity;

	/* Told twice it is the same, whatever happens between. */
	p = put_some(p, s->msg->call_id, sizeof(identity) - 2);
	*p++ = ' ';
	p = put_some(p, s->msg->from_tag,
	    (size_t)(identity + sizeof(identity) - 1 - p));
	*p = '\0';
	if (facts == NULL ||
	    (usher_facts_attempt(facts, identity) == 0 &&
		usher_facts_tag(facts, s->recipient.tag) == 0))
		return facts;
	usher_facts_free(facts);
	return NULL;
}

/* With the facts that memory was read by, or with new ones. */
static int
settle_with_facts(struct screening *s, struct decision *decision,
    struct settling *settling)
{
	const struct usher_facts *facts = remember_facts(decision);
	struct usher_facts *own = NULL;
	int failed = ENOMEM;

	if (facts == NULL)
		facts = own = facts_of_attempt(s);
	if (facts != NULL)
		failed = settle_by_policy(s, decision, facts, settling);
	usher_facts_free(own);
	return failed;
}

static enum usher_mode
mode_of(const struct usher_policy *policy)
{
	return policy == NULL ? USHER_ENFORCE : usher_policy_mode(policy);
}

static bool
is_asked(const struct screening *s, bool safety)
{
	return !s->recipient.faulty && !safety && s->recipient.policy != NULL &&
	    mode_of(s->recipient.policy) != USHER_OFF;
}

/* Asks, makes the answer and logs. After a fault the call passes. */
static void
settle(struct screening *s, struct decision *decision, bool safety)
{
	struct settling settling = { .mode = mode_of(s->recipient.policy),
		.what = { .channel = s->channel,
		    .verdict = "accept",
		    .rule = "" } };
	char code[CODE_TEXT];
	int failed = 0;

	settling.what.reference = settling.reference;
	usher_reference_make(settling.reference);
	codes_keep(decision, &s->recipient, NULL);
	decision->verdict = USHER_ACCEPT;
	if (s->recipient.faulty) {
		failed = EIO;
		settling.what.rule = usher_reason_word(USHER_NO_MEMORY);
	} else if (safety) {
		settling.what.rule = usher_reason_word(USHER_FOR_SAFETY);
		decision->safe = true;
	} else if (is_asked(s, safety)) {
		failed = settle_with_facts(s, decision, &settling);
	}
	if (failed == EAGAIN)
		return;
	if (failed != 0) {
		observe(decision);
		s->proxy->counters.faults++;
	}
	decision->settled = true;
	if (failed == 0 && is_asked(s, safety) && is_attempt(s) &&
	    !is_unpublished(s))
		attempt_decided(s, decision, settling.mode == USHER_ENFORCE);
	if (!is_unpublished(s))
		count(s->proxy, decision->verdict);
	settling.what.answer = answer_word(decision,
	    settling.mode == USHER_ENFORCE, code);
	log_decision(s, decision, &settling.what);
}

/* Asks for what is remembered of the caller. False: there is no waiting. */
static bool
begin(struct screening *s, struct decision *decision, bool safety)
{
	struct usher_facts *facts;

	if (!is_asked(s, safety))
		return false;
	facts = facts_of_attempt(s);
	if (facts != NULL && remember_at_hand(s, decision, facts))
		return false;
	if (facts != NULL &&
	    remember_read(s, decision, facts, false,
		waiting_left_ms(s->request)))
		return true;
	usher_facts_free(facts);
	return false;
}

/* Strangers may not fill our memory: beyond the cap theirs are not kept. */
static bool
has_room(const struct screening *s)
{
	return s->origin->way != FROM_OTHER ||
	    decisions_count(s->proxy->decisions) <
	    s->setup->sip->limits.transactions;
}

/* The decision that this call has; NULL: none yet. */
static struct decision *
known_decision(const struct screening *s, uint64_t call, bool question,
    bool safety)
{
	struct decisions *decisions = s->proxy->decisions;
	struct decision *decision = waiting_decision(s->request);

	if (decision == NULL && !question)
		decision = decisions_find(decisions, call);
	if (decision == NULL && !question && decisions_have_pairs(decisions))
		decision = decisions_find_pair(decisions, pair_key(s));
	/* What was decided before it was about safety is void. */
	return decision != NULL && (!safety || decision->safe)
	    ? decision_hold(decision)
	    : NULL;
}

static struct decision *
new_decision(struct screening *s, uint64_t call, bool question, bool safety)
{
	struct decision *decision = decision_new();

	if (decision == NULL) {
		s->proxy->counters.faults++;
		log_write(&s->proxy->log, LOG_ERR,
		    "out of memory: a call to %s passes", s->recipient.text);
		return NULL;
	}
	decision->call_key = call;
	if (!begin(s, decision, safety))
		settle(s, decision, safety);
	if (decision->settled && !remember_waits(decision))
		remember_end(decision);
	/* A refusal is the final answer: it is no call under way. */
	decision->pair_key = decision->answer.code == 0 ? pair_key(s) : 0;
	if (!question && has_room(s))
		decisions_keep(s->proxy->decisions, decision);
	return decision;
}

struct decision *
screen(struct screening *s, bool question, bool safety)
{
	uint64_t call = key_of(s, A_CALL, s->msg->call_id, s->msg->from_tag);
	struct decision *decision = known_decision(s, call, question, safety);

	if (decision == NULL || !decision->settled)
		s->channel = channel_of(s->msg, &s->recipient);
	if (decision == NULL)
		return new_decision(s, call, question, safety);
	if (!decision->settled && !remember_waits(decision))
		settle(s, decision, safety);
	if (decision->settled && !remember_waits(decision))
		remember_end(decision);
	return decision;
}
