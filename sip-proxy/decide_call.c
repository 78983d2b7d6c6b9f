/*
 * decide_call.c - asks libusher once a call.
 *
 * Retransmissions, CANCEL and ACK never come here; a later transaction of the
 * same call, and another call of the same caller to the same recipient while
 * the first has no final answer, find what was decided (design-calls.md "One
 * decision a call"). Whatever fails inside lets the call pass, logged and
 * counted. Called by request.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "proxy.h"

enum { CODE_TEXT = 12 };

/* Decisions are shared by those alone whose word counts the same. */
static uint64_t
key_of(const struct screening *s, const char *kind, struct span a,
    struct span b)
{
	char host[SIP_ADDR_TEXT] = "";
	struct mac mac;

	if (s->origin->way == FROM_OTHER)
		sip_addr_host(&s->src->addr, host);
	mac_begin(&mac, s->proxy->key);
	mac_add(&mac, span_of(kind));
	mac_add(&mac, a);
	mac_add(&mac, b);
	mac_add(&mac, span_of(s->recipient.text));
	mac_add(&mac, span_of(host));
	mac_add_number(&mac, s->origin->trusted);
	mac_add_number(&mac, s->msg->method == SIP_METHOD_MESSAGE);
	return mac_end(&mac);
}

static uint64_t
pair_key(const struct screening *s)
{
	const struct caller_id *id = caller_main(&s->caller);
	uint64_t key;

	if (id == NULL || s->msg->method != SIP_METHOD_INVITE)
		return 0;
	key = key_of(s, id->proven ? "proven pair" : "claimed pair",
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

/* What is remembered of this caller with this recipient; never waits. */
static const struct usher_memory *
remember(struct screening *s, const struct usher_facts *facts, int64_t at)
{
	struct proxy *proxy = s->proxy;
	struct usher_error error = { .code = 0 };

	if (usher_memory_read(proxy->usher, s->recipient.policy,
		s->recipient.text, facts, at, &proxy->memory, &error) != 0) {
		proxy->counters.faults++;
		log_write(&proxy->log, LOG_ERR,
		    "memory cannot be read for a call to %s: %s",
		    s->recipient.text, error.text);
	}
	return proxy->memory;
}

static int
ask(struct screening *s, enum usher_channel channel)
{
	struct proxy *proxy = s->proxy;
	struct usher_facts *facts = facts_of(s->setup, s->msg, s->src,
	    &s->caller, channel);
	struct usher_question question = { .policy = s->recipient.policy,
		.facts = facts,
		.at = proxy_clock_ms(proxy) / 1000,
		.language = languages_of(s->msg, s->languages) };
	struct usher_error error = { .text = "out of memory" };
	int failed = ENOMEM;

	if (facts != NULL)
		question.memory = remember(s, facts, question.at);
	if (facts != NULL)
		failed = usher_decide(proxy->usher, &question, &proxy->asked,
		    &error);
	usher_facts_free(facts);
	if (failed != 0)
		log_write(&proxy->log, LOG_ERR,
		    "a call to %s could not be "
		    "decided and passes: %s",
		    s->recipient.text, error.text);
	return failed;
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
	snprintf(text, CODE_TEXT, "%u", decision->answer.code);
	return text;
}

/* Asks, makes the answer and logs. After a fault the call passes. */
static void
decide(struct screening *s, struct decision *decision, bool safety)
{
	enum usher_channel channel = channel_of(s->msg, &s->recipient);
	char reference[USHER_REFERENCE_TEXT], code[CODE_TEXT];
	struct logged what = { .channel = channel,
		.verdict = "accept",
		.rule = "",
		.reference = reference };
	const struct usher_policy *policy = s->recipient.policy;
	enum usher_mode mode = policy == NULL ? USHER_ENFORCE
					      : usher_policy_mode(policy);
	bool ok = true;

	usher_reference_make(reference);
	decision->verdict = USHER_ACCEPT;
	if (s->recipient.faulty) {
		ok = false;
		what.rule = usher_reason_word(USHER_NO_MEMORY);
	} else if (safety) {
		what.rule = usher_reason_word(USHER_FOR_SAFETY);
		decision->safe = true;
	} else if (policy != NULL && mode != USHER_OFF) {
		const struct usher_verdict *verdict;

		ok = ask(s, channel) == 0 && make(s, decision, reference) == 0;
		mode = usher_memory_mode(s->proxy->memory, mode);
		if (ok) {
			verdict = usher_decision_verdict(s->proxy->asked);
			decision->verdict = verdict->answer;
			what.verdict = usher_answer_word(verdict->answer);
			what.rule = verdict->rule;
		}
		if (ok && mode == USHER_OBSERVE)
			observe(decision);
	}
	if (!ok) {
		observe(decision);
		s->proxy->counters.faults++;
	}
	count(s->proxy, decision->verdict);
	what.answer = answer_word(decision, mode == USHER_ENFORCE, code);
	log_decision(s, decision, &what);
}

/* Strangers may not fill our memory: beyond the cap theirs are not kept. */
static bool
has_room(const struct screening *s)
{
	return s->origin->way != FROM_OTHER ||
	    decisions_count(s->proxy->decisions) <
	    s->setup->sip->limits.transactions;
}

struct decision *
screen(struct screening *s, bool question, bool safety)
{
	struct decision *decision;
	uint64_t call = key_of(s, "call", s->msg->call_id, s->msg->from_tag);
	uint64_t pair = pair_key(s);

	if (!question) {
		decision = decisions_find(s->proxy->decisions, call, pair);
		/* What was decided before it was about safety is void. */
		if (decision != NULL && (!safety || decision->safe))
			return decision_hold(decision);
	}
	decision = decision_new();
	if (decision == NULL) {
		s->proxy->counters.faults++;
		log_write(&s->proxy->log, LOG_ERR,
		    "out of memory: a call to %s passes", s->recipient.text);
		return NULL;
	}
	decision->call_key = call;
	decide(s, decision, safety);
	/* A refusal is the final answer: it is no call under way. */
	decision->pair_key = decision->answer.code == 0 ? pair : 0;
	if (!question && has_room(s))
		decisions_keep(s->proxy->decisions, decision);
	return decision;
}
