/*
 * learn: whom a recipient wrote to, from Sent folders and mail logs
 * (`usher learn`; design.md §1 "known").
 *
 * Gathers parties; what is learned is written as notes by whoever asked.
 * learn_mail.c reads mails, learn_log.c lines of a log.
 */
#include "learn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "known.h"

enum { A_COMMIT = 200 };

int
usher_learner_new(struct usher *usher, struct usher_conf *conf,
    const struct usher_policy *policy, const char *who,
    struct usher_learner **result)
{
	struct usher_learner *learner = calloc(1, sizeof(*learner));

	*result = learner;
	if (learner == NULL)
		return ENOMEM;
	usher_arena_init(&learner->arena);
	learner->usher = usher;
	learner->conf = conf;
	atomic_fetch_add(&conf->references, 1);
	learner->policy = usher_policy_hold(
	    (struct usher_policy *)(uintptr_t)policy);
	learner->who = usher_arena_string(&learner->arena, who);
	learner->parties = g_hash_table_new(g_str_hash, g_str_equal);
	learner->learned = g_ptr_array_new();
	learner->queue = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    NULL);
	if (learner->who != NULL &&
	    usher_message_new(conf, &learner->message) == 0)
		return 0;
	usher_learner_free(learner);
	*result = NULL;
	return ENOMEM;
}

void
usher_learner_free(struct usher_learner *learner)
{
	if (learner == NULL)
		return;
	usher_message_free(learner->message);
	g_hash_table_destroy(learner->parties);
	g_ptr_array_free(learner->learned, TRUE);
	g_hash_table_destroy(learner->queue);
	usher_policy_release(learner->policy);
	usher_conf_release(learner->conf);
	usher_arena_free(&learner->arena);
	free(learner);
}

bool
usher_learner_owns(const struct usher_learner *learner, const char *address)
{
	struct arena arena;
	struct address one, other;
	bool same;

	if (learner->policy != NULL &&
	    usher_policy_owns(learner->policy, address))
		return true;
	/* Under the site's default a recipient has the one address. */
	usher_arena_init(&arena);
	same = usher_address_parse(&arena, address, &learner->conf->dialling,
		   &one, NULL) == 0 &&
	    usher_address_parse(&arena, learner->who, &learner->conf->dialling,
		&other, NULL) == 0 &&
	    strcmp(usher_address_undelimited(&arena, one.text, '+'),
		usher_address_undelimited(&arena, other.text, '+')) == 0;
	usher_arena_free(&arena);
	return same;
}

static bool
has_word(const char *local, size_t length, const char *word)
{
	size_t size = strlen(word);

	for (size_t i = 0; i + size <= length; i++)
		if (memcmp(local + i, word, size) == 0 &&
		    (i == 0 || strchr("-_.+", local[i - 1]) != NULL) &&
		    (i + size == length ||
			strchr("-_.+", local[i + size]) != NULL))
			return true;
	return false;
}

/* A robot's, a list's or a list's robot's: writing there meets nobody. */
static bool
is_nobody(const struct address *address)
{
	static const char *const words[] = { "noreply", "no-reply",
		"donotreply", "do-not-reply", "unsubscribe", "unsub", "leave",
		"optout", "opt-out", "bounce", "bounces", "mailer-daemon",
		"listserv", "majordomo", "request", "subscribe", "owner",
		"announce" };
	static const char *const hosts[] = { "lists.", "list.", "groups.",
		"mailman.", "listserv.", "unsubscribe.", "bounce.",
		"bounces." };
	static const char *const organizations[] = { "googlegroups.com",
		"groups.io", "freelists.org" };
	size_t local = strcspn(address->text, "@");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (has_word(address->text, local, words[i]))
			return true;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (strncmp(address->domain, hosts[i], strlen(hosts[i])) == 0)
			return true;
	for (size_t i = 0; address->organization != NULL &&
	     i < sizeof(organizations) / sizeof(organizations[0]);
	     i++)
		if (strcmp(address->organization, organizations[i]) == 0)
			return true;
	return false;
}

int
usher_learner_take(struct usher_learner *learner, const char *text)
{
	struct arena *arena = &learner->arena;
	struct usher_learned *learned;
	struct address address;
	const char *party;

	if (usher_address_parse(arena, text, &learner->conf->dialling, &address,
		NULL) != 0)
		return arena->failed ? ENOMEM : 0;
	if (address.kind != ADDRESS_MAIL || is_nobody(&address) ||
	    usher_learner_owns(learner, address.text))
		return 0;
	party = usher_known_party(&address);
	learned = g_hash_table_lookup(learner->parties, party);
	if (learned != NULL) {
		learned->times++;
		return 0;
	}
	learned = usher_arena_alloc(arena, sizeof(*learned));
	if (learned == NULL)
		return ENOMEM;
	*learned = (struct usher_learned){ party, address.text, 1 };
	g_hash_table_insert(learner->parties, (gpointer)(uintptr_t)party,
	    learned);
	g_ptr_array_add(learner->learned, learned);
	return 0;
}

const struct usher_learned *
usher_learner_get(const struct usher_learner *learner, size_t index)
{
	return index < learner->learned->len
	    ? g_ptr_array_index(learner->learned, index)
	    : NULL;
}

/* At most A_COMMIT of them, from *index on. */
static int
commit_some(const struct usher_learner *learner, size_t *index, int64_t at,
    int wait_ms, struct usher_error *error)
{
	const struct usher_learned *learned;
	struct usher_notes *notes;
	size_t end = *index + A_COMMIT;
	int code = usher_notes_new(learner->usher, &notes, error);

	while (code == 0 && *index < end &&
	    (learned = usher_learner_get(learner, *index)) != NULL) {
		code = usher_notes_known(notes, learner->policy, learner->who,
		    learned->address, at, error);
		++*index;
	}
	if (code == 0)
		code = usher_notes_commit(notes, wait_ms, error);
	usher_notes_free(notes);
	return code;
}

int
usher_learner_commit(const struct usher_learner *learner, int64_t at,
    int wait_ms, struct usher_error *error)
{
	size_t index = 0;
	int code = 0;

	while (code == 0 && usher_learner_get(learner, index) != NULL)
		code = commit_some(learner, &index, at, wait_ms, error);
	return code;
}
