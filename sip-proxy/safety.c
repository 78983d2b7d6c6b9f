/*
 * safety.c - emergency calls, ahead of policy, rates and bans.
 *
 * urn:service:sos and the numbers of `emergency.numbers` from phones and PBX,
 * the urn from others in place "phones", psap-callback and esnet from trusted
 * trunks; and the way back: after an emergency call everything from trunks to
 * its caller passes for a while (design-calls.md "Emergency"; RFC 5031, RFC
 * 7090, RFC 7135). Code, never rules. The way back outlives a restart
 * (saved.h).
 */
#include <stdio.h>
#include <stdlib.h>

#include "proxy.h"
#include "saved.h"

enum { WINDOWS = 256 };

struct window {
	uint64_t until_ms;
	char who[ID_TEXT]; /* "" : free */
};

struct callbacks {
	unsigned next;
	struct window windows[WINDOWS];
};

struct callbacks *
callbacks_new(void)
{
	return calloc(1, sizeof(struct callbacks));
}

void
callbacks_free(struct callbacks *callbacks)
{
	free(callbacks);
}

unsigned
callbacks_open(const struct callbacks *callbacks, uint64_t now_ms)
{
	unsigned count = 0;

	for (unsigned i = 0; i < WINDOWS; i++)
		count += callbacks->windows[i].until_ms > now_ms;
	return count;
}

/* urn:service:sos and all below it, case folded (RFC 5031 §4.2). */
static bool
is_sos(const struct sip_uri *uri)
{
	static const struct span sos = SPAN_LIT("service:sos");
	struct span head = { uri->opaque.p, sos.l };

	if (uri->scheme != SIP_SCHEME_URN || uri->opaque.l < sos.l ||
	    !span_caseeq(head, sos))
		return false;
	return uri->opaque.l == sos.l || uri->opaque.p[sos.l] == '.';
}

static bool
is_number_of(const struct request *request, const char *number)
{
	const char *prefix = request->origin.terms->outside_prefix;
	char user[SIP_USER_MAX];
	struct span dialled = { user, 0 }, want = span_of(number);
	size_t length = strlen(prefix), used = 0;

	if (sip_uri_user(&request->uri, user, sizeof(user), &dialled.l) != 0)
		return false;
	for (size_t i = 0; i < dialled.l && user[i] != ';'; i++) {
		if (user[i] != '-' && user[i] != '.' && user[i] != '(' &&
		    user[i] != ')')
			user[used++] = user[i];
	}
	dialled.l = used;
	if (span_eq(dialled, want))
		return true;
	return length > 0 && dialled.l == length + want.l &&
	    memcmp(user, prefix, length) == 0 &&
	    memcmp(user + length, want.p, want.l) == 0;
}

bool
safety_is_emergency(const struct request *request)
{
	const struct usher_sip *sip = request->setup->sip;
	enum way way = request->origin.way;

	if (way == FROM_OTHER)
		return sip->place == USHER_SIP_BEFORE_PHONES &&
		    is_sos(&request->uri);
	if (way != FROM_PHONE && way != FROM_PBX)
		return false;
	if (is_sos(&request->uri))
		return true;
	for (size_t i = 0; i < sip->emergency_count; i++) {
		if (is_number_of(request, sip->emergency_numbers[i]))
			return true;
	}
	return false;
}

void
safety_await(struct proxy *proxy, const char *who, uint64_t for_ms)
{
	struct callbacks *callbacks = proxy->callbacks;
	struct window *window = NULL;

	for (unsigned i = 0; i < WINDOWS && window == NULL; i++) {
		if (strcmp(callbacks->windows[i].who, who) == 0)
			window = &callbacks->windows[i];
	}
	if (window == NULL) {
		window = &callbacks->windows[callbacks->next];
		callbacks->next = (callbacks->next + 1) % WINDOWS;
	}
	snprintf(window->who, sizeof(window->who), "%s", who);
	window->until_ms = sip_timers_now(proxy->timers) + for_ms;
}

void
safety_remember(const struct request *request)
{
	struct proxy *proxy = request->proxy;
	uint32_t for_s = request->setup->sip->emergency_callback_s;
	struct caller caller;

	proxy->counters.emergencies++;
	log_write(&proxy->log, LOG_NOTICE, "emergency call %.*s passes",
	    SPAN_ARG(request->msg->call_id));
	if (caller_read(&caller, request->setup, &request->origin,
		request->msg) != 0)
		return; /* the call passes all the same */
	for (unsigned i = 0; i < caller.count; i++) {
		safety_await(proxy, caller.ids[i].text, for_s * UINT64_C(1000));
		saved_window(proxy, caller.ids[i].text, for_s);
	}
}

static bool
has_value(const struct sip_msg *msg, enum sip_header id, const char *value,
    bool prefix)
{
	const struct sip_hdr *hdr = sip_msg_first(msg, id);
	struct span rest, one;

	for (; hdr != NULL; hdr = sip_msg_next(msg, hdr)) {
		rest = hdr->value;
		while (sip_value_next(&rest, &one)) {
			if (prefix && one.l > strlen(value))
				one.l = strlen(value);
			if (span_is(one, value))
				return true;
		}
	}
	return false;
}

/*
 * Whether the caller of an emergency call is this recipient. A user of ours is
 * the same one at each of our hosts: the PBX names itself in From.
 */
static bool
is_same(const struct setup *setup, const char *caller, const char *who,
    const struct usher_policy *policy)
{
	const char *at = strchr(caller, '@');
	size_t user = at != NULL ? (size_t)(at - caller) + 1 : 0;
	char text[ID_TEXT];

	if (strcmp(caller, who) == 0 ||
	    (policy != NULL && usher_policy_owns(policy, caller)))
		return true;
	if (at == NULL || !setup_is_ours(setup, span_of(at + 1)))
		return false;
	if (strncmp(caller, who, user) == 0 &&
	    setup_is_ours(setup, span_of(who + user)))
		return true;
	for (size_t i = 0; policy != NULL && i < setup->host_count; i++) {
		if (snprintf(text, sizeof(text), "%.*s%s", (int)user, caller,
			setup->hosts[i]) < (int)sizeof(text) &&
		    usher_policy_owns(policy, text))
			return true;
	}
	return false;
}

/* One identity against the windows, and against who else it belongs to. */
static bool
is_awaited(const struct request *request, const char *who,
    const struct usher_policy *policy)
{
	const struct callbacks *callbacks = request->proxy->callbacks;
	uint64_t now_ms = sip_timers_now(request->proxy->timers);

	for (unsigned i = 0; i < WINDOWS; i++) {
		const struct window *window = &callbacks->windows[i];

		if (window->until_ms > now_ms &&
		    is_same(request->setup, window->who, who, policy))
			return true;
	}
	return false;
}

bool
safety_is_callback(const struct request *request,
    const struct recipient *recipient)
{
	const struct sip_msg *msg = request->msg;

	/* Before the phones the trunk's calls come by the PBX. */
	if (request->origin.way != FROM_TRUNK &&
	    (request->origin.way != FROM_PBX ||
		request->setup->sip->place != USHER_SIP_BEFORE_PHONES))
		return false;
	if (request->origin.trusted &&
	    (has_value(msg, SIP_HDR_PRIORITY, "psap-callback", false) ||
		has_value(msg, SIP_HDR_RESOURCE_PRIORITY, "esnet.", true)))
		return true;
	return recipient != NULL &&
	    is_awaited(request, recipient->text, recipient->policy);
}
