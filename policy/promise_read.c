/*
 * promise_read: which promises an attempt may rest on: see promise.h.
 *
 * In the order of design-mail.md: given to this very sender, to a sender that
 * VERP makes another name of, to the proven party, and to somebody else of
 * the firm. Whoever has a promise of his own, used or not, is not let in by a
 * colleague's, nor by that of one whose name VERP might have made of his.
 */
#include <errno.h>
#include <string.h>

#include "domain_shared.h"
#include "error.h"
#include "known.h"
#include "promise.h"

enum { MOST_LOOKED_AT = 64, MOST_FOUND = 2 * PROMISE_MOST };

struct finding {
	struct record_view *view;
	struct arena *arena;
	const char *recipient;
	enum usher_channel channel;
	int64_t at;
	struct usher_error *error;
	struct promise_party party;
	size_t count;
	struct promise *list;
};

static int
unreadable(struct finding *finding, int code)
{
	return usher_error_set(finding->error, code,
	    "a promise in the memory cannot be read%s",
	    code == EILSEQ ? ": it is damaged, or of a later version" : "");
}

static int
read_list(struct finding *finding, const char *domain,
    struct promise_list *list)
{
	struct usher_record_value value;
	struct record_key key;
	int code;

	usher_promise_key(&key, finding->recipient, finding->channel, domain);
	code = finding->view->records->engine->get(finding->view,
	    RECORD_PROMISE, key.bytes, key.length, &value, finding->error);
	if (code != 0)
		return code;
	code = usher_promise_unpack(finding->arena, &value, list);
	return code == 0 ? 0 : unreadable(finding, code);
}

static void
add(struct finding *finding, const struct promise_entry *entry,
    const char *domain, bool own)
{
	bool used = usher_promise_used(entry,
	    finding->party.exact == NULL ? "" : finding->party.exact);
	int64_t end = used ? entry->used_at + PROMISE_ONCE_MORE_S
			   : entry->kept_until;
	struct promise *promise;

	if (finding->list == NULL)
		finding->list = usher_arena_array(finding->arena, MOST_FOUND,
		    sizeof(*finding->list));
	if (finding->list == NULL || finding->count == MOST_FOUND)
		return;
	for (size_t i = 0; i < finding->count; i++)
		if (strcmp(finding->list[i].id, entry->id) == 0)
			return;
	promise = &finding->list[finding->count++];
	/* A call does not come again by itself. */
	if (used && finding->channel != USHER_EMAIL && end > entry->kept_until)
		end = entry->kept_until;
	*promise = (struct promise){ .channel = finding->channel,
		.from = entry->from,
		.until = entry->until,
		.kept_until = end,
		.rule = entry->rule,
		.turner = entry->turner,
		.id = entry->id,
		.domain = domain,
		.party = entry->party,
		.proven = entry->proven,
		.own = own,
		.awaits = *entry->party == *PROMISE_AWAITS,
		.used = used };
}

static bool
is_fold_of(struct finding *finding, const struct promise_entry *entry)
{
	const char *varied = finding->party.varied, *one, *other;

	if (varied == NULL)
		return false;
	if (finding->channel != USHER_EMAIL) /* claimed, and proven now */
		return strcmp(entry->party, varied) == 0;
	if (strncmp(entry->party, "<>", 2) == 0)
		return false;
	one = usher_promise_fold(finding->arena, varied);
	other = usher_promise_fold(finding->arena, entry->party);
	return one != NULL && other != NULL && strcmp(one, other) == 0;
}

static bool
is_alive(const struct finding *finding, const struct promise_entry *entry)
{
	const char *party = finding->party.exact;

	return usher_promise_lives(entry, party == NULL ? "" : party,
	    finding->party.proven, finding->at);
}

/*
 * Whether a mail that is proven comes from others than whom the promise was
 * given to, though the envelope, which proves nothing, names the same.
 */
static bool
is_anothers(const struct finding *finding, const struct promise_entry *entry)
{
	const char *proven = finding->party.proven, *domain, *end;
	size_t length;

	if (proven == NULL || *entry->proven == '\0' ||
	    strcmp(entry->proven, proven) == 0)
		return false;
	domain = finding->party.proven_domain;
	length = strlen(domain);
	if (usher_domain_is_shared(domain) || strlen(entry->proven) <= length)
		return true;
	end = entry->proven + strlen(entry->proven) - length;
	return strcmp(end, domain) != 0 || (end[-1] != '@' && end[-1] != '.');
}

/*
 * How near an entry is: 0 the very party, 1 but for VERP, 2 a colleague, 3
 * nobody of theirs.
 */
static int
nearness(struct finding *finding, const struct promise_entry *entry)
{
	if (is_anothers(finding, entry))
		return 3;
	if (strcmp(entry->party, finding->party.exact) == 0)
		return 0;
	return is_fold_of(finding, entry) ? 1 : 2;
}

/* Promised to this very caller, for when they are introduced. */
static bool
is_awaited(const struct finding *finding, const struct promise_list *list,
    size_t index)
{
	const char *party = list->entries[index].party;

	return *party == *PROMISE_AWAITS &&
	    strcmp(party + 1, finding->party.exact) == 0;
}

static int
find_by_sender(struct finding *finding, bool *own)
{
	const char *domain = finding->party.domain;
	struct promise_list list;
	int near[PROMISE_MOST], nearest = 1;
	int code = read_list(finding, domain, &list);

	if (code != 0)
		return code;
	for (size_t i = 0; i < list.count; i++) {
		near[i] = nearness(finding, &list.entries[i]);
		*own = *own || near[i] < 2;
		if (near[i] < nearest)
			nearest = near[i];
	}
	for (size_t i = 0; i < list.count; i++)
		if ((near[i] == nearest || is_awaited(finding, &list, i)) &&
		    is_alive(finding, &list.entries[i]))
			add(finding, &list.entries[i], domain, true);
	return 0;
}

static int
find_by_colleagues(struct finding *finding)
{
	const char *domain = finding->party.domain;
	struct promise_list list;
	int code = read_list(finding, domain, &list);

	for (size_t i = 0; code == 0 && i < list.count; i++)
		if (!is_anothers(finding, &list.entries[i]) &&
		    strncmp(list.entries[i].party, "<>", 2) != 0 &&
		    *list.entries[i].party != *PROMISE_AWAITS &&
		    is_alive(finding, &list.entries[i]))
			add(finding, &list.entries[i], domain, false);
	return code;
}

static int
find_one_proven(struct finding *finding, const struct proof_entry *proof,
    bool *own)
{
	struct promise_list list;
	int code = read_list(finding, proof->domain, &list);

	for (size_t i = 0; code == 0 && i < list.count; i++) {
		const struct promise_entry *entry = &list.entries[i];

		if (strcmp(entry->id, proof->id) != 0)
			continue;
		*own = true;
		if (is_alive(finding, entry))
			add(finding, entry, proof->domain, true);
	}
	return code;
}

static int
find_by_proof(struct finding *finding, bool *own)
{
	struct usher_record_value value;
	struct proof_list proofs;
	struct record_key key;
	int code;

	usher_promise_key(&key, finding->recipient, finding->channel,
	    finding->party.proven);
	code = finding->view->records->engine->get(finding->view, RECORD_PROOF,
	    key.bytes, key.length, &value, finding->error);
	if (code != 0)
		return code;
	code = usher_proof_unpack(finding->arena, &value, &proofs);
	if (code != 0)
		return unreadable(finding, code);
	for (size_t i = 0; code == 0 && i < proofs.count; i++)
		code = find_one_proven(finding, &proofs.entries[i], own);
	return code;
}

/* "=bob@vendor.example", "?=bob@vendor.example": proven then. */
static bool
is_proof_of(const struct promise_entry *entry, const char *who)
{
	const char *party = entry->party;

	party += *party == *PROMISE_AWAITS;
	return *party == '=' && (who == NULL || strcmp(party + 1, who) == 0);
}

/*
 * Of whom a caller is besides, and of whom a mail proves, once introduced:
 * what was promised to who proved to be of that party.
 */
static int
find_by_joined(struct finding *finding, const struct address *who)
{
	const char *party = usher_known_party(who);
	const char *domain = usher_promise_domain(who);
	bool firm = party != who->text || who->kind == ADDRESS_NONE;
	struct promise_list list;
	int code = read_list(finding, domain, &list);

	for (size_t i = 0; code == 0 && i < list.count; i++) {
		const struct promise_entry *entry = &list.entries[i];

		if (is_proof_of(entry, firm ? NULL : who->text) &&
		    is_alive(finding, entry))
			add(finding, entry, domain, true);
	}
	return code;
}

/* ---- whether proof could still make a promise match ---- */

struct looking {
	struct finding *finding;
	size_t looked;
	bool found;
};

static int
look(void *arg, const char *key, size_t length,
    const struct usher_record_value *value)
{
	struct looking *looking = arg;
	int64_t at = looking->finding->at;
	struct proof_list proofs;

	(void)key, (void)length;
	/* Too many to look at: taken for so, which costs a DATA. */
	looking->found = ++looking->looked > MOST_LOOKED_AT;
	if (value->until > at &&
	    usher_proof_unpack(looking->finding->arena, value, &proofs) == 0)
		for (size_t i = 0; i < proofs.count; i++)
			if (at >= proofs.entries[i].from &&
			    at < proofs.entries[i].kept_until)
				looking->found = true;
	return looking->found ? ECANCELED : 0;
}

static int
may_match_by_proof(struct finding *finding, bool *may)
{
	struct looking looking = { .finding = finding };
	struct record_key key;
	int code;

	usher_record_key_begin(&key, finding->recipient);
	usher_record_key_channel(&key, finding->channel);
	code = finding->view->records->engine->each(finding->view, RECORD_PROOF,
	    key.bytes, key.length, look, &looking, finding->error);
	*may = looking.found;
	return looking.found ? 0 : code;
}

int
usher_promise_read(struct record_view *view, struct arena *arena,
    const char *recipient, const struct usher_facts *facts, int64_t at,
    struct usher_memory *memory, struct usher_error *error)
{
	struct finding finding = { .view = view,
		.arena = arena,
		.recipient = recipient,
		.channel = facts->channel,
		.at = at,
		.error = error };
	bool own = false, is_mail = facts->channel == USHER_EMAIL;
	int code;

	if (usher_view_lacks(view, RECORD_PROMISE) &&
	    usher_view_lacks(view, RECORD_PROOF))
		return 0;
	code = usher_promise_party(arena, facts, &finding.party);
	if (code != 0)
		return usher_error_set(error, ENOMEM, "out of memory");
	if (finding.party.exact != NULL)
		code = find_by_sender(&finding, &own);
	for (size_t i = is_mail ? 0 : 1; code == 0 && i < facts->proven_count;
	     i++)
		if (!is_mail || i < memory->joined_count ||
		    memory->proven.introduced)
			code = find_by_joined(&finding, &facts->proven[i]);
	if (code == 0 && finding.party.proven != NULL)
		code = find_by_proof(&finding, &own);
	if (code == 0 && finding.party.exact != NULL && !own &&
	    !finding.party.alone)
		code = find_by_colleagues(&finding);
	if (code == 0 && (facts->shown & USHER_HEADERS) == 0)
		code = may_match_by_proof(&finding, &memory->promised);
	memory->promises = finding.list;
	memory->promise_count = finding.count;
	if (code == 0 && arena->failed)
		return usher_error_set(error, ENOMEM, "out of memory");
	return code;
}
