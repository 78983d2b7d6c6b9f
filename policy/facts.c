/*
 * facts: one attempt and what is known about it.
 *
 * Owns the arena that everything in it lives in. Filled by the daemons
 * through usher.h and by message_facts.c; by name in facts_set.c; read by
 * decide. Keeps design.md §1 ("fact") and §5 ("Proof"): a proven identity is
 * among the claims too.
 */
#include "facts.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "error.h"
#include "evidence.h"

enum { LONGEST_SENDER = 320 };

/* All but the arena is zero. */
static void
begin(struct usher_facts *facts, struct usher_conf *conf,
    enum usher_channel channel)
{
	facts->conf = conf;
	if (conf)
		atomic_fetch_add(&conf->references, 1);
	facts->remembered.known = -1;
	facts->remembered.introduced = -1;
	facts->remembered.stranger = -1;
	facts->remembered.standing = -1;
	facts->remembered.tried = -1;
	facts->client.ss_family = AF_UNSPEC;
	usher_facts_channel(facts, channel);
}

int
usher_facts_new(struct usher_conf *conf, enum usher_channel channel,
    struct usher_facts **out)
{
	struct usher_facts *facts = calloc(1, sizeof(*facts));

	if (!facts)
		return ENOMEM;
	usher_arena_init(&facts->arena);
	begin(facts, conf, channel);
	*out = facts;
	return 0;
}

void
usher_facts_renew(struct usher_facts *facts, struct usher_conf *conf,
    enum usher_channel channel)
{
	struct usher_conf *old = facts->conf;
	struct arena arena = facts->arena;

	usher_arena_reset(&arena);
	memset(facts, 0, sizeof(*facts));
	facts->arena = arena;
	begin(facts, conf, channel);
	if (old)
		usher_conf_release(old);
}

void
usher_facts_free(struct usher_facts *facts)
{
	if (!facts)
		return;
	usher_arena_free(&facts->arena);
	if (facts->conf)
		usher_conf_release(facts->conf);
	free(facts);
}

/* A call or MESSAGE shows all it has at once; a mail shows nothing at first. */
void
usher_facts_channel(struct usher_facts *facts, enum usher_channel channel)
{
	facts->channel = channel;
	facts->shown = channel == USHER_EMAIL ? 0 : USHER_ALL;
}

static bool
holds(const struct address *list, size_t count, const struct address *address)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].kind == address->kind &&
		    strcmp(list[i].text, address->text) == 0)
			return true;
	}
	return false;
}

static int
add(struct address *list, size_t *count, size_t most,
    const struct address *address, const char *what, struct usher_error *error)
{
	if (holds(list, *count, address))
		return 0;
	if (*count == most)
		return usher_error_set(error, E2BIG,
		    "more than %zu identities are %s; %s is left out", most,
		    what, address->text);
	list[(*count)++] = *address;
	return 0;
}

static int
identify(struct usher_facts *facts, const char *who, bool proven,
    struct usher_error *error)
{
	const struct dialling *dialling = facts->conf ? &facts->conf->dialling
						      : NULL;
	struct address address = { ADDRESS_NONE, NULL, NULL, NULL };
	int code = 0;

	/* Most people write From what they send as. */
	if (facts->sender.kind == ADDRESS_MAIL &&
	    strcmp(facts->sender.text, who) == 0)
		address = facts->sender;
	else
		code = usher_address_parse(&facts->arena, who, dialling,
		    &address, error);
	if (code)
		return code;
	code = add(facts->claims, &facts->claim_count, MOST_CLAIMS, &address,
	    "claimed", error);
	/* A proven identity counts even where the claims are full. */
	if (!proven && (code || !facts->claims_proven))
		return code;
	return add(facts->proven, &facts->proven_count, MOST_PROVEN, &address,
	    "proven", error);
}

int
usher_facts_claim(struct usher_facts *facts, const char *who,
    struct usher_error *error)
{
	return identify(facts, who, false, error);
}

int
usher_facts_attempt(struct usher_facts *facts, const char *identity)
{
	facts->identity = usher_arena_string(&facts->arena, identity);
	return facts->identity == NULL ? ENOMEM : 0;
}

int
usher_facts_sender(struct usher_facts *facts, const char *sender)
{
	const struct dialling *dialling = facts->conf ? &facts->conf->dialling
						      : NULL;
	char *name;
	int code;

	facts->null_sender = !*sender;
	if (facts->null_sender ||
	    (facts->sender_given && strcmp(facts->sender_given, sender) == 0))
		return 0;
	facts->sender_given = usher_arena_string(&facts->arena, sender);
	if (!facts->sender_given)
		return ENOMEM;
	code = usher_address_parse(&facts->arena, sender, dialling,
	    &facts->sender, NULL);
	if (code == 0) {
		(void)add(facts->claims, &facts->claim_count, MOST_CLAIMS,
		    &facts->sender, "claimed", NULL);
		if (facts->claims_proven)
			(void)add(facts->proven, &facts->proven_count,
			    MOST_PROVEN, &facts->sender, "proven", NULL);
		return 0;
	}
	/* Still a name, by which the same sender is met again. */
	name = usher_arena_bytes(&facts->arena, sender,
	    strnlen(sender, LONGEST_SENDER));
	if (code == ENOMEM || !name)
		return ENOMEM;
	facts->sender = (struct address){ .text = usher_text_lower(name) };
	return 0;
}

int
usher_facts_prove(struct usher_facts *facts, const char *who,
    struct usher_error *error)
{
	return identify(facts, who, true, error);
}

/*
 * Later claims are proven too: callers set this before or after claiming.
 * Claims that `proven` has no room for are proven by the flag.
 */
void
usher_facts_prove_claims(struct usher_facts *facts)
{
	facts->claims_proven = true;
	for (size_t i = 0; i < facts->claim_count; i++)
		(void)add(facts->proven, &facts->proven_count, MOST_PROVEN,
		    &facts->claims[i], "proven", NULL);
}

void
usher_facts_anonymous(struct usher_facts *facts)
{
	facts->anonymous = true;
}

int
usher_facts_client(struct usher_facts *facts, const struct sockaddr *client)
{
	if (!client || client->sa_family == AF_UNSPEC) {
		facts->client.ss_family = AF_UNSPEC;
		return 0;
	}
	if (client->sa_family == AF_INET)
		memcpy(&facts->client, client, sizeof(struct sockaddr_in));
	else if (client->sa_family == AF_INET6)
		memcpy(&facts->client, client, sizeof(struct sockaddr_in6));
	else
		return EAFNOSUPPORT;
	return 0;
}

int
usher_facts_subject(struct usher_facts *facts, const char *subject,
    size_t length)
{
	if (facts->subject && strlen(facts->subject) == length &&
	    memcmp(facts->subject, subject, length) == 0)
		return 0;
	facts->subject = usher_arena_bytes(&facts->arena, subject, length);
	return facts->subject ? usher_facts_fold(facts) : ENOMEM;
}

int
usher_facts_reason(struct usher_facts *facts, const char *reason, size_t length)
{
	facts->reason = usher_arena_bytes(&facts->arena, reason, length);
	return facts->reason ? usher_facts_fold(facts) : ENOMEM;
}

int
usher_facts_text(struct usher_facts *facts, const char *text, size_t length)
{
	facts->text = text;
	facts->text_length = length;
	if (!facts->words_given)
		facts->words = usher_text_words(text, length);
	return usher_facts_fold(facts);
}

/* Of the text, where topics are looked for; most texts have fewer words. */
static size_t
topic_length(const struct usher_facts *facts)
{
	if (!facts->words_given && facts->words <= TOPIC_WORDS)
		return facts->text_length;
	return usher_text_words_length(facts->text, facts->text_length,
	    TOPIC_WORDS);
}

/* Subject, reason or text on their way into what is folded. */
struct piece {
	const char *text; /* NULL: there is none */
	size_t length;
	bool folded; /* `text` is so already */
};

/* What is not ASCII changes its length when it is folded, and goes first. */
static int
prepare(struct arena *arena, const char *text, size_t length,
    struct piece *piece)
{
	*piece = (struct piece){ text, length, false };
	if (!text || usher_text_plain(text, length))
		return 0;
	piece->text = usher_text_fold(arena, text, length, &piece->length);
	piece->folded = true;
	return piece->text ? 0 : ENOMEM;
}

/* Behind it the border that no phrase crosses; where it begins, or NULL. */
static const char *
lay(const struct piece *piece, char **at)
{
	const char *begin = *at;

	if (!piece->text)
		return NULL;
	if (piece->folded)
		memcpy(*at, piece->text, piece->length);
	else
		usher_text_fold_plain(*at, piece->text, piece->length);
	*at += piece->length;
	*(*at)++ = '\0';
	return begin;
}

/* A phrase stands in the subject, the reason or the text, never in two. */
int
usher_facts_fold(struct usher_facts *facts)
{
	struct arena *arena = &facts->arena;
	size_t length = facts->text ? topic_length(facts) : 0;
	struct piece subject, reason, text;
	char *at;

	if (prepare(arena, facts->subject,
		facts->subject ? strlen(facts->subject) : 0, &subject) ||
	    prepare(arena, facts->reason,
		facts->reason ? strlen(facts->reason) : 0, &reason) ||
	    prepare(arena, facts->text, length, &text))
		return ENOMEM;
	at = usher_arena_room(arena,
	    subject.length + reason.length + text.length + 3);
	if (!at)
		return ENOMEM;
	facts->folded = at;
	facts->folded_subject = lay(&subject, &at);
	facts->folded_subject_length = subject.length;
	(void)lay(&reason, &at);
	facts->folded_text = lay(&text, &at);
	facts->folded_text_length = text.length;
	if (length != facts->text_length)
		facts->folded_text = NULL;
	facts->folded_length = (size_t)(at - facts->folded);
	return 0;
}

void
usher_facts_purpose(struct usher_facts *facts, enum usher_purpose purpose)
{
	facts->purpose = purpose;
	facts->purpose_given = true;
}

enum usher_purpose
usher_facts_get_purpose(const struct usher_facts *facts)
{
	return facts->purpose;
}

/* NULL is an empty line. */
static const char *
join_lines(struct arena *arena, const char *const *lines, size_t count,
    size_t *length)
{
	size_t room = count;
	char *joined, *p;

	for (size_t i = 0; i < count; i++)
		room += lines[i] ? strlen(lines[i]) : 0;
	joined = p = usher_arena_room(arena, room);
	if (!joined)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (lines[i])
			p = stpcpy(p, lines[i]);
		*p++ = '\n';
	}
	p[-1] = '\0';
	*length = room - 1;
	return joined;
}

static bool
says_nothing(const char *const *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (lines[i] && *lines[i])
			return false;
	return true;
}

int
usher_facts_purpose_of_call(struct usher_facts *facts, const char *display_name,
    const char *organization)
{
	struct evidence_view view = { .call = true };
	struct evidence_finding finding = { .purpose = USHER_PURPOSE_UNKNOWN };
	const char *const lines[] = { facts->subject, facts->reason,
		display_name, organization };
	const struct evidence *evidence;
	const char *said;
	int code;

	if (facts->purpose_given || !facts->conf ||
	    (!facts->text &&
		says_nothing(lines, sizeof(lines) / sizeof(*lines))))
		return 0;
	code = usher_evidence_of(facts->conf, &evidence);
	if (code || !evidence)
		return code;
	said = join_lines(&facts->arena, lines, sizeof(lines) / sizeof(*lines),
	    &view.subject_length);
	if (!said)
		return ENOMEM;
	view.subject = said;
	if (facts->text) {
		view.text = facts->text;
		view.text_length = facts->text_length;
	}
	code = usher_evidence_weigh(evidence, &facts->arena, &view, &finding);
	if (code)
		return code;
	facts->purpose = finding.purpose;
	facts->evidence = finding.items;
	facts->evidence_count = finding.count;
	return 0;
}

void
usher_facts_shown(struct usher_facts *facts, unsigned shown)
{
	facts->shown = shown;
}

/* Lists grow by doubling at powers of two; the old copy stays in the arena. */
static void *
grown(struct arena *arena, const void *list, size_t count, size_t size)
{
	char *copy;

	if (count > 0 && (count & (count - 1)) != 0)
		return (void *)(uintptr_t)list;
	copy = usher_arena_array(arena, count ? 2 * count : 1, size);
	if (copy && count > 0)
		memcpy(copy, list, count * size);
	return copy;
}

int
usher_facts_append(struct usher_facts *facts, const char ***list, size_t *count,
    const char *string)
{
	const char **room, *copy;

	for (size_t i = 0; i < *count; i++) {
		if (strcmp((*list)[i], string) == 0)
			return 0;
	}
	copy = usher_arena_string(&facts->arena, string);
	room = grown(&facts->arena, *list, *count, sizeof(*room));
	if (!copy || !room)
		return ENOMEM;
	room[(*count)++] = copy;
	*list = room;
	return 0;
}

int
usher_facts_link(struct usher_facts *facts, const char *host)
{
	return usher_facts_append(facts, &facts->links, &facts->link_count,
	    host);
}

int
usher_facts_attachment(struct usher_facts *facts, const char *name,
    const char *ending)
{
	struct attachment *room;
	char *name_copy = usher_arena_string(&facts->arena, name);
	char *ending_copy = usher_arena_string(&facts->arena, ending);

	for (size_t i = 0; i < facts->attachment_count; i++) {
		if (strcmp(facts->attachments[i].name, name) == 0 &&
		    strcmp(facts->attachments[i].ending, ending) == 0)
			return 0;
	}
	room = grown(&facts->arena, facts->attachments, facts->attachment_count,
	    sizeof(*room));
	if (!name_copy || !ending_copy || !room)
		return ENOMEM;
	room[facts->attachment_count].name = usher_text_lower(name_copy);
	room[facts->attachment_count++].ending = usher_text_lower(ending_copy);
	facts->attachments = room;
	return 0;
}
