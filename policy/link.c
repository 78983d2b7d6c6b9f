/*
 * link: whom a number belongs to besides itself: see link.h.
 *
 * What is joined is put among the identities of the attempt, so that whatever
 * looks at them, in memory and in deciding, sees one party.
 */
#include "link.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "domain_shared.h"
#include "error.h"
#include "known.h"
#include "record_bytes.h"

enum { FORM = 1 };

/* ---- records ---- */

int
usher_link_unpack(struct arena *arena, const struct usher_record_value *value,
    struct link *link)
{
	struct record_reader reader = usher_record_reader(arena, value, FORM);

	link->given = usher_record_get_number(&reader);
	link->cut = usher_record_get_number(&reader) != 0;
	link->party = usher_record_get_string(&reader);
	link->address = usher_record_get_string(&reader);
	return usher_record_read_end(&reader);
}

void
usher_link_pack(const struct link *link, struct buffer *buffer)
{
	usher_record_put_form(buffer, FORM);
	usher_record_put_number(buffer, link->given);
	usher_record_put_number(buffer, link->cut);
	usher_record_put_string(buffer, link->party);
	usher_record_put_string(buffer, link->address);
}

void
usher_link_key(struct record_key *key, const char *recipient,
    const char *number)
{
	usher_record_key_begin(key, recipient);
	usher_record_key_add(key, number);
}

/* ---- the recipient's lists ---- */

/* A pattern of few digits lists a country rather than somebody's numbers. */
static bool
lists(const struct pattern *pattern, const char *number)
{
	size_t digits = 0;

	if (pattern->kind != PATTERN_NUMBER)
		return false;
	while (pattern->text[digits] == '+' ||
	    isdigit((unsigned char)pattern->text[digits]))
		digits++;
	return (digits > LINK_SURE_DIGITS || pattern->text[digits] == '\0') &&
	    usher_text_matches(pattern->text, number);
}

static bool
party_lists(const struct party *party, const char *number)
{
	for (size_t i = 0; i < party->count; i++)
		if (lists(&party->patterns[i], number))
			return true;
	return false;
}

/*
 * The one organization, or address at a free-mail domain, that a party is
 * made of beside its phones. With two nobody knows whose the phones are.
 */
static const struct pattern *
one_of(const struct party *party)
{
	const struct pattern *one = NULL;

	for (size_t i = 0; i < party->count; i++) {
		const struct pattern *pattern = &party->patterns[i];

		if (pattern->kind == PATTERN_NUMBER)
			continue;
		if (one != NULL || pattern->kind == PATTERN_DOMAIN ||
		    strpbrk(pattern->text, "*?") != NULL)
			return NULL;
		one = pattern;
	}
	return one;
}

static struct address
address_of(const struct pattern *pattern)
{
	const char *at = strrchr(pattern->text, '@');
	const char *domain = at == NULL ? pattern->text : at + 1;

	return (struct address){ at == NULL ? ADDRESS_NONE : ADDRESS_MAIL,
		pattern->text, domain, domain };
}

static bool
party_joins(const struct party *party, const char *number,
    struct joined *joined)
{
	const struct pattern *one;
	struct address address;

	if (!party_lists(party, number) || (one = one_of(party)) == NULL)
		return false;
	address = address_of(one);
	/* A colleague's phone is not the firm's. */
	if (address.kind == ADDRESS_MAIL &&
	    !usher_domain_is_free_mail(address.domain))
		return false;
	*joined = (struct joined){ .party = address,
		.number = number,
		.by = party->name,
		.listed = true,
		.until = INT64_MAX };
	return true;
}

/* Each party that a recipient may name: the own of a name win. */
static bool
each_party(const struct usher_policy *policy, const char *number,
    bool (*tells)(const struct party *party, const char *number, void *arg),
    void *arg)
{
	for (const struct scope *scope = &policy->scope; scope != NULL;
	     scope = scope->site)
		for (size_t i = 0; i < scope->party_count; i++) {
			const struct party *party = &scope->parties[i];

			if (tells(party, number, arg) &&
			    usher_scope_party(&policy->scope, party->name) ==
				party)
				return true;
		}
	return false;
}

static bool
tells_joined(const struct party *party, const char *number, void *arg)
{
	return party_joins(party, number, arg);
}

static bool
tells_listed(const struct party *party, const char *number, void *arg)
{
	(void)arg;
	return party_lists(party, number);
}

bool
usher_link_listed(const struct usher_policy *policy, const char *number,
    struct joined *joined)
{
	return each_party(policy, number, tells_joined, joined);
}

bool
usher_link_is_listed(const struct usher_policy *policy, const char *number)
{
	return each_party(policy, number, tells_listed, NULL);
}

/* ---- reading ---- */

const struct address *
usher_link_who(const struct usher_facts *facts)
{
	bool is_mail = facts->channel == USHER_EMAIL;

	/* Of a mail From comes last; of a call the caller comes first. */
	if (facts->proven_count > 0)
		return &facts->proven[is_mail ? facts->proven_count - 1 : 0];
	if (!facts->claims_proven || facts->claim_count == 0)
		return NULL;
	return &facts->claims[is_mail ? facts->claim_count - 1 : 0];
}

int
usher_link_add(struct arena *arena, struct usher_memory *memory,
    const struct joined *joined)
{
	if (memory->joined == NULL)
		memory->joined = usher_arena_array(arena, MOST_JOINED,
		    sizeof(*memory->joined));
	if (memory->joined == NULL)
		return ENOMEM;
	if (memory->joined_count < MOST_JOINED)
		memory->joined[memory->joined_count++] = *joined;
	return 0;
}

struct finding {
	struct record_view *view;
	struct arena *arena;
	const struct usher_policy *policy;
	const char *recipient;
	int64_t at;
	struct usher_memory *memory;
	struct usher_error *error;
};

static int
add_link(struct finding *finding, const char *number,
    const struct usher_record_value *value)
{
	struct joined joined = { .number = number, .until = value->until };
	struct link link;
	int code = usher_link_unpack(finding->arena, value, &link);

	if (code != 0)
		return usher_error_set(finding->error, code,
		    "whose number %s is cannot be read from memory", number);
	if (link.cut)
		return 0;
	joined.by = link.address;
	if (usher_address_parse(finding->arena, link.address, NULL,
		&joined.party, NULL) != 0)
		return 0;
	return usher_link_add(finding->arena, finding->memory, &joined);
}

static int
find_number(struct finding *finding, const char *number)
{
	struct usher_record_value value;
	struct record_key key;
	struct joined joined;
	int code;

	/* The recipient's word goes before what a sender said. */
	if (usher_link_listed(finding->policy, number, &joined))
		return usher_link_add(finding->arena, finding->memory, &joined);
	if (finding->view == NULL)
		return 0;
	usher_link_key(&key, finding->recipient, number);
	code = finding->view->records->engine->get(finding->view, RECORD_LINK,
	    key.bytes, key.length, &value, finding->error);
	if (code != 0 || value.bytes == NULL || finding->at >= value.until)
		return code;
	return add_link(finding, number, &value);
}

static int
find_among(struct finding *finding, const struct address *identities,
    size_t count)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < count; i++)
		if (identities[i].kind == ADDRESS_NUMBER)
			code = find_number(finding, identities[i].text);
	return code;
}

int
usher_link_read(struct record_view *view, struct arena *arena,
    const struct usher_policy *policy, const char *recipient,
    const struct usher_facts *facts, int64_t at, struct usher_memory *memory,
    struct usher_error *error)
{
	struct finding finding = { .view = view,
		.arena = arena,
		.policy = policy,
		.recipient = recipient,
		.at = at,
		.memory = memory,
		.error = error };

	if (policy == NULL || facts->channel == USHER_EMAIL)
		return 0;
	if (facts->claims_proven)
		return find_among(&finding, facts->claims, facts->claim_count);
	return find_among(&finding, facts->proven, facts->proven_count);
}

/* ---- who else holds a number ---- */

static int
is_remembered(struct record_view *view, unsigned char kind,
    const char *recipient, const char *number, int64_t at, bool *free,
    struct usher_error *error)
{
	struct usher_record_value value;
	struct record_key key;
	int code;

	usher_known_key(&key, recipient, number);
	code = view->records->engine->get(view, kind, key.bytes, key.length,
	    &value, error);
	if (code == 0 && value.bytes != NULL && at < value.until)
		*free = false;
	return code;
}

static int
is_linked(struct record_view *view, struct arena *arena, const char *recipient,
    const char *number, const char *party, int64_t at, bool *free,
    struct usher_error *error)
{
	struct usher_record_value value;
	struct record_key key;
	struct link link;
	int code;

	usher_link_key(&key, recipient, number);
	code = view->records->engine->get(view, RECORD_LINK, key.bytes,
	    key.length, &value, error);
	if (code != 0 || value.bytes == NULL || at >= value.until)
		return code;
	code = usher_link_unpack(arena, &value, &link);
	/* Cut from this party it is no more theirs than another's is. */
	if (code == 0 && link.cut == (strcmp(link.party, party) == 0))
		*free = false;
	return code == ENOMEM ? code : 0;
}

int
usher_link_is_free(struct record_view *view, struct arena *arena,
    const char *recipient, const char *number, const char *party, int64_t at,
    bool *free, struct usher_error *error)
{
	static const unsigned char kinds[] = { RECORD_KNOWN, RECORD_STAGE,
		RECORD_INTRODUCED };
	int code;

	*free = true;
	code = is_linked(view, arena, recipient, number, party, at, free,
	    error);
	for (size_t i = 0; code == 0 && i < sizeof(kinds); i++)
		code = is_remembered(view, kinds[i], recipient, number, at,
		    free, error);
	return code;
}

/* ---- facts ---- */

const struct usher_facts *
usher_link_facts(struct arena *arena, const struct usher_facts *facts,
    const struct joined *joined, size_t count)
{
	struct usher_facts *all;

	if (count == 0)
		return facts;
	all = usher_arena_alloc(arena, sizeof(*all));
	if (all == NULL)
		return NULL;
	*all = *facts;
	for (size_t i = 0; i < count; i++) {
		if (all->claim_count < MOST_CLAIMS)
			all->claims[all->claim_count++] = joined[i].party;
		if (all->proven_count == MOST_PROVEN)
			continue;
		if (facts->channel != USHER_EMAIL) {
			all->proven[all->proven_count++] = joined[i].party;
			continue;
		}
		memmove(&all->proven[1], &all->proven[0],
		    all->proven_count++ * sizeof(all->proven[0]));
		all->proven[0] = joined[i].party;
	}
	return all;
}
