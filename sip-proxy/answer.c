/*
 * answer.c - a verdict in SIP's own terms.
 *
 * The table of design-calls.md "One decision a call": codes, Retry-After,
 * Warning, Error-Info, Contact, Call-Info, or the URI to forward to instead.
 * RFC 3261 §20.18, §20.33, §20.43, §21; RFC 8688 (608). The headers are whole
 * lines in one block that the decision owns.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "codes.h"
#include "lines.h"
#include "screen.h"

void
answer_seconds(const struct usher_opening *opening, int64_t now_ms,
    int64_t *seconds, int64_t *duration)
{
	int64_t wait_ms = opening->from * 1000 - now_ms;

	*seconds = wait_ms > 0 ? (wait_ms + 999) / 1000 : 0;
	/* Whoever waits the rounded time has a little less of the rest. */
	*duration = opening->until == INT64_MAX
	    ? -1
	    : (opening->until * 1000 - now_ms - *seconds * 1000) / 1000;
}

static void
add_figure(struct lines *lines, int64_t figure)
{
	char text[24], *p = text + sizeof(text);

	*--p = '\0';
	do
		*--p = (char)('0' + figure % 10);
	while ((figure /= 10) > 0);
	lines_put(lines, p);
}

static void
make_retry_after(struct lines *lines, struct answer *answer,
    const struct answering *how, const struct usher_opening *opening)
{
	char instant[USHER_INSTANT_TEXT];
	int64_t seconds, duration;

	if (!opening->exists)
		return;
	answer_seconds(opening, how->now_ms, &seconds, &duration);
	usher_instant_text(opening->from, instant);
	lines_begin(lines);
	lines_put(lines, "Retry-After: ");
	add_figure(lines, seconds);
	lines_put(lines, " (");
	lines_escape(lines, lines->count > 1 ? lines->words[1] : instant,
	    "()\\");
	lines_put(lines, ")");
	if (duration > 0) {
		lines_put(lines, ";duration=");
		add_figure(lines, duration);
	}
	answer->retry_after = lines_end(lines);
}

static void
make_warning(struct lines *lines, struct answer *answer,
    const struct answering *how)
{
	if (lines->count == 0)
		return;
	lines_begin(lines);
	lines_put(lines, "Warning: 399 ");
	lines_put(lines, how->our_name);
	lines_put(lines, " \"");
	for (size_t i = 0; i < lines->count; i++) {
		lines_put(lines, i > 0 ? " " : "");
		lines_escape(lines, lines->words[i], "\"\\");
	}
	lines_put(lines, "\"");
	answer->warning = lines_end(lines);
}

/* The URI of a target, with its scheme; false: it has none. */
static bool
target_uri(const struct usher_target *target, char *text, size_t size)
{
	const char *uri = target->uri;
	const char *scheme = "";
	int length;

	if (uri == NULL || uri[0] == '\0' ||
	    strpbrk(uri, " \t\r\n<>\"") != NULL)
		return false;
	if (uri[0] == '+')
		scheme = "tel:";
	else if (strchr(uri, ':') == NULL && strchr(uri, '@') != NULL)
		scheme = target->channel == USHER_EMAIL ? "mailto:" : "sip:";
	length = snprintf(text, size, "%s%s", scheme, uri);
	return length > 0 && (size_t)length < size;
}

static bool
is_call(const char *uri)
{
	return strncasecmp(uri, "sip:", 4) == 0 ||
	    strncasecmp(uri, "sips:", 5) == 0 ||
	    strncasecmp(uri, "tel:", 4) == 0;
}

static bool
has_begun(const struct usher_target *target, const struct answering *how)
{
	return target->opening.exists &&
	    target->opening.from * 1000 <= how->now_ms;
}

static void
make_error_info(struct lines *lines, struct answer *answer,
    const struct answering *how, const struct usher_verdict *verdict)
{
	const char *page = how->policy == NULL
	    ? NULL
	    : usher_policy_published(how->policy, USHER_PAGE);
	const char *announce = how->origin->terms->announce;
	const char *comma = "";
	char uri[1024], instant[USHER_INSTANT_TEXT];

	lines_begin(lines);
	lines_put(lines, "Error-Info: ");
	if (announce[0] != '\0') {
		lines_add(lines, "<%s>", announce);
		comma = ", ";
	}
	if (verdict->answer != USHER_REFUSE && page != NULL &&
	    strpbrk(page, " \t\r\n<>\"") == NULL) {
		lines_add(lines, "%s<%s>", comma, page);
		comma = ", ";
	}
	for (size_t i = 0;
	     verdict->answer == USHER_REDIRECT && i < verdict->target_count;
	     i++) {
		const struct usher_target *target = &verdict->targets[i];

		if (!target_uri(target, uri, sizeof(uri)) ||
		    (page != NULL && strcmp(uri, page) == 0))
			continue;
		lines_add(lines, "%s<%s>", comma, uri);
		comma = ", ";
		if (!target->opening.exists)
			continue;
		usher_instant_text(target->opening.from, instant);
		lines_add(lines, ";opening=\"%s\"", instant);
	}
	if (comma[0] == '\0')
		lines->full = true; /* nothing to tell: no line */
	answer->error_info = lines_end(lines);
}

/* Calls in their order, then the rest: q falls from one to the next. */
static void
make_contact(struct lines *lines, struct answer *answer,
    const struct answering *how, const struct usher_verdict *verdict)
{
	char uri[1024];
	int q = 10;

	lines_begin(lines);
	lines_add(lines, "Contact: ");
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < verdict->target_count; i++) {
			const struct usher_target *target =
			    &verdict->targets[i];

			if (!target_uri(target, uri, sizeof(uri)) ||
			    is_call(uri) != (pass == 0) ||
			    (pass == 0 && !has_begun(target, how)))
				continue;
			lines_add(lines, "%s<%s>;q=%d.%d", q < 10 ? ", " : "",
			    uri, q / 10, q % 10);
			q -= q > 1;
		}
	}
	answer->contact = lines_end(lines);
}

/* The first target that a call may be forwarded to now. */
static enum reach
reachable(const struct answering *how, const struct usher_verdict *verdict,
    char *uri, size_t size, bool *some)
{
	struct target found;

	*some = false;
	for (size_t i = 0; i < verdict->target_count; i++) {
		const struct usher_target *target = &verdict->targets[i];

		if (!target_uri(target, uri, size) || !is_call(uri) ||
		    !has_begun(target, how))
			continue;
		*some = true;
		if (target_find(&found, how->setup, span_of(uri)) != REACH_NONE)
			return found.reach;
	}
	return REACH_NONE;
}

static bool
too_often(const struct answering *how)
{
	return diversions_of(how->msg) + 1 > how->origin->terms->max_diversions;
}

/* Who only asks is told, and sent nowhere. */
static bool
is_question(const struct answering *how)
{
	return how->msg->method == SIP_METHOD_OPTIONS;
}

/* The call goes there instead of being answered; or is answered after all when
 * a name has to be looked up that leads nowhere. */
static int
divert(struct decision *decision, const char *uri, const char *reason,
    enum reach reach)
{
	decision->target = strdup(uri);
	decision->diversion = reason;
	decision->otherwise = reach == REACH_NAME ? decision->answer.code : 0;
	decision->answer.code = 0;
	return decision->target == NULL ? ENOMEM : 0;
}

/* Whether words are needed: for an answer now, or perhaps later. */
static bool
is_told(const struct decision *decision)
{
	return decision->answer.code != 0 || decision->otherwise != 0;
}

/* {user} is the user part called. */
static bool
fill_user(const struct answering *how, const char *pattern, char *out,
    size_t size)
{
	const char *place = strstr(pattern, "{user}");
	struct sip_uri uri;
	size_t user = 0;
	int length;

	if (place == NULL) {
		length = snprintf(out, size, "%s", pattern);
	} else if (sip_uri_split(&uri, how->msg->uri) == 0) {
		/* Not a code, nor parameters: they would be the target's. */
		(void)codes_cut(&uri, &uri);
		while (user < uri.user.l && uri.user.p[user] != ';')
			user++;
		length = snprintf(out, size, "%.*s%.*s%s",
		    (int)(place - pattern), pattern, (int)user,
		    uri.user.p != NULL ? uri.user.p : "", place + 6);
	} else {
		return false;
	}
	return length > 0 && (size_t)length < size;
}

static int
make_defer(struct lines *lines, struct decision *decision,
    const struct answering *how, const struct usher_verdict *verdict)
{
	const char *defer_to = how->origin->terms->defer_to;
	struct target target;
	char uri[1024];
	int failed = 0;

	decision->answer.code = 480;
	if (defer_to[0] != '\0' && !is_question(how) && !too_often(how) &&
	    fill_user(how, defer_to, uri, sizeof(uri)) &&
	    target_find(&target, how->setup, span_of(uri)) != REACH_NONE)
		failed = divert(decision, uri, "time-of-day", target.reach);
	if (failed == 0 && is_told(decision))
		make_retry_after(lines, &decision->answer, how,
		    &verdict->opening);
	return failed;
}

static int
make_redirect(struct lines *lines, struct decision *decision,
    const struct answering *how, const struct usher_verdict *verdict)
{
	enum reach reach;
	bool some;
	char uri[1024];
	int failed = 0;

	reach = reachable(how, verdict, uri, sizeof(uri), &some);
	decision->answer.code = 480;
	if (some && how->origin->terms->follows_302) {
		decision->answer.code = 302;
		make_contact(lines, &decision->answer, how, verdict);
		return 0;
	}
	if (reach != REACH_NONE && !is_question(how) && !too_often(how))
		failed = divert(decision, uri, "deflection", reach);
	if (failed == 0 && is_told(decision))
		make_retry_after(lines, &decision->answer, how,
		    &verdict->opening);
	return failed;
}

/* Feature-Caps: *;+sip.608 (RFC 8688 §3.4) */
static bool
shows_608(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_first(msg, SIP_HDR_FEATURE_CAPS);
	const struct span tag = SPAN_LIT("+sip.608");

	for (; hdr != NULL; hdr = sip_msg_next(msg, hdr)) {
		for (size_t i = 0; i + tag.l <= hdr->value.l; i++) {
			if (span_caseeq((struct span){ hdr->value.p + i,
					    tag.l },
				tag))
				return true;
		}
	}
	return false;
}

static void
make_refuse(struct lines *lines, struct decision *decision,
    const struct answering *how)
{
	const struct usher_sip_terms *terms = how->origin->terms;

	decision->answer.code = terms->refuse;
	if (terms->refuse != 608)
		return;
	if (terms->card[0] == '\0' || !shows_608(how->msg)) {
		decision->answer.code = 603;
		return;
	}
	lines_begin(lines);
	lines_add(lines, "Call-Info: <%s>;purpose=jwscard", terms->card);
	decision->answer.call_info = lines_end(lines);
}

/* Whom the policy lets in may ring elsewhere, within reach. */
static int
make_accept(struct decision *decision, const struct answering *how,
    const struct usher_verdict *verdict)
{
	struct target target;

	if (verdict->ring == NULL)
		return 0;
	if (target_find(&target, how->setup, span_of(verdict->ring)) ==
	    REACH_NONE) {
		decision->answer.code = 0;
		return 0; /* not ours to refuse: rings as called */
	}
	decision->target = strdup(verdict->ring);
	return decision->target == NULL ? ENOMEM : 0;
}

/*
 * To others an unpublished user and a refusal without words are the same
 * bytes, so that nobody learns who is published (design-calls.md "Defence").
 */
static bool
is_bare(const struct answering *how, const struct usher_verdict *verdict)
{
	return how->origin->way == FROM_OTHER &&
	    verdict->answer == USHER_REFUSE && verdict->say == NULL;
}

bool
answer_has_words(const struct answering *how)
{
	const struct usher_verdict *verdict = usher_decision_verdict(
	    how->asked);

	return verdict->answer != USHER_ACCEPT && !is_bare(how, verdict);
}

int
answer_make(struct decision *decision, const struct answering *how)
{
	const struct usher_verdict *verdict = usher_decision_verdict(
	    how->asked);
	char text[LINES_SIZE];
	struct lines lines = { .text = text };
	struct span *spans[] = { &decision->answer.retry_after,
		&decision->answer.call_info, &decision->answer.contact,
		&decision->answer.error_info, &decision->answer.warning };
	int failed = 0;

	if (verdict->answer == USHER_ACCEPT)
		return make_accept(decision, how, verdict);
	if (is_bare(how, verdict)) {
		decision->answer.code = 480;
		return 0;
	}
	lines.count = usher_words_lines(how->asked, how->reference, false,
	    lines.words);
	if (verdict->answer == USHER_DEFER)
		failed = make_defer(&lines, decision, how, verdict);
	else if (verdict->answer == USHER_REDIRECT)
		failed = make_redirect(&lines, decision, how, verdict);
	else
		make_refuse(&lines, decision, how);
	if (failed != 0 || !is_told(decision))
		return failed;
	make_error_info(&lines, &decision->answer, how, verdict);
	make_warning(&lines, &decision->answer, how);
	decision->text = malloc(lines.used + 1);
	if (decision->text == NULL)
		return ENOMEM;
	memcpy(decision->text, text, lines.used);
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		if (spans[i]->p != NULL)
			spans[i]->p = decision->text + (spans[i]->p - text);
	}
	return 0;
}

size_t
answer_headers(const struct answer *answer, char *out, size_t size, size_t most)
{
	/* In their order on the wire; what goes first goes last. */
	const struct span parts[] = { answer->retry_after, answer->call_info,
		answer->contact, answer->error_info, answer->warning };
	size_t count = sizeof(parts) / sizeof(parts[0]), length, used = 0;

	if (most > size)
		most = size;
	for (;; count--) {
		length = 0;
		for (size_t i = 0; i < count; i++)
			length += parts[i].l;
		if (length <= most || count == 0)
			break;
	}
	for (size_t i = 0; i < count; i++) {
		(void)span_copy(out + used, parts[i]);
		used += parts[i].l;
	}
	return used;
}
