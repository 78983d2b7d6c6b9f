/*
 * code: access codes made, found, guessed at, used by several processes at
 * once, and revoked. Their text is in test_code_text.c.
 */
#include "memory_place.h"

#include <netinet/in.h>
#include <signal.h>

#include "code.h"
#include "notes.h"
#include "reference.h"

enum { NOON = 1795521600, HOUR = 3600 };
#define WHO "a@x.example"

/* ---- a site ---- */

static struct usher *
open_site(const struct place *place)
{
	struct usher_publication publication;
	struct usher *usher;

	place_write(place, "preferences/a.conf",
	    "addresses = [ \"" WHO "\" ];"
	    " parties = { p = { code = true; };"
	    " v = { organizations = [ \"v.example\" ]; }; };"
	    " rules = ( { name = \"p\"; if = { party = \"p\"; };"
	    " then = \"accept\"; } ); otherwise = \"refuse\";\n");
	usher = open_memory(place);
	if (usher_publish(usher, NULL, &publication, NULL, NULL, NULL, NULL) !=
	    0)
		abort();
	return usher;
}

/* One attempt by somebody who is proven, and what comes of it. */
struct coming {
	struct usher *usher;
	struct usher_conf *conf;
	struct usher_policy *policy;
	struct usher_facts *facts;
	struct usher_memory *memory;
	struct usher_decision *decision;
	const char *beside; /* the recipient's name */
};

/* All of these are of one network. */
static void
comes_from(struct usher_facts *facts)
{
	struct sockaddr_in client = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(0xc0000201) };

	assert_int_equal(usher_facts_client(facts,
			     (const struct sockaddr *)&client),
	    0);
}

static bool
comes(struct coming *c, struct usher *usher, const char *subject,
    const char *party, const char *identity, int64_t at)
{
	struct usher_question question = { .at = at };

	*c = (struct coming){ .usher = usher, .beside = c->beside };
	c->conf = usher_conf_hold(usher);
	assert_int_equal(usher_policy_find(usher, c->conf, WHO, &c->policy,
			     NULL),
	    0);
	assert_int_equal(usher_facts_new(c->conf, USHER_EMAIL, &c->facts), 0);
	usher_facts_shown(c->facts, USHER_ALL);
	comes_from(c->facts);
	assert_int_equal(usher_facts_tag(c->facts, c->beside), 0);
	assert_int_equal(usher_facts_prove(c->facts, party, NULL), 0);
	assert_int_equal(usher_facts_attempt(c->facts, identity), 0);
	assert_int_equal(usher_facts_subject(c->facts, subject,
			     strlen(subject)),
	    0);
	assert_int_equal(usher_memory_read(usher, c->policy, WHO, c->facts, at,
			     &c->memory, NULL),
	    0);
	question.policy = c->policy;
	question.facts = c->facts;
	question.memory = c->memory;
	assert_int_equal(usher_decide(usher, &question, &c->decision, NULL), 0);
	return usher_decision_verdict(c->decision)->answer == USHER_ACCEPT;
}

static int
uses(const struct coming *c)
{
	struct usher_notes *notes = NULL;
	int code = usher_notes_new(c->usher, &notes, NULL);

	if (code == 0)
		code = usher_notes_code(notes, c->policy, WHO, c->facts,
		    c->decision, USHER_TAKING, NULL);
	if (code == 0)
		code = usher_notes_commit(notes, -1, NULL);
	usher_notes_free(notes);
	return code;
}

static void
goes(struct coming *c)
{
	usher_decision_free(c->decision);
	usher_memory_free(c->memory);
	usher_facts_free(c->facts);
	usher_policy_release(c->policy);
	usher_conf_release(c->conf);
}

/* 0: accepted and used; EPERM: turned away; else the commit's answer. */
static int
attempt(struct usher *usher, const char *subject, const char *party,
    const char *identity, int64_t at)
{
	struct coming c = { .beside = NULL };
	int code = comes(&c, usher, subject, party, identity, at) ? uses(&c)
								  : EPERM;

	goes(&c);
	return code;
}

/* The recipient as of now; to be let go of. */
struct held {
	struct usher_conf *conf;
	struct usher_policy *policy;
};

static struct held
hold(struct usher *usher)
{
	struct held held = { .conf = usher_conf_hold(usher) };

	assert_int_equal(usher_policy_find(usher, held.conf, WHO, &held.policy,
			     NULL),
	    0);
	return held;
}

static void
let_go(const struct held *held)
{
	usher_policy_release(held->policy);
	usher_conf_release(held->conf);
}

static int
make(struct usher *usher, const struct usher_code *order,
    char text[USHER_CODE_TEXT])
{
	struct held held = hold(usher);
	int code = usher_code_make(usher, held.policy, WHO, order, -1, text,
	    NULL);

	let_go(&held);
	return code;
}

struct seen {
	size_t count;
	int64_t used;
	char id[16], owner[32];
};

static int
see(void *arg, const struct usher_code *code)
{
	struct seen *seen = arg;

	seen->count++;
	seen->used = code->used;
	(void)snprintf(seen->id, sizeof(seen->id), "%s", code->id);
	(void)snprintf(seen->owner, sizeof(seen->owner), "%s", code->owner);
	return 0;
}

static struct seen
list(struct usher *usher, int64_t at)
{
	struct held held = hold(usher);
	struct seen seen = { .count = 0 };

	assert_int_equal(usher_code_each(usher, held.policy, WHO, at, see,
			     &seen, NULL),
	    0);
	let_go(&held);
	return seen;
}

static int
end_code(struct usher *usher, const char *name, int64_t at)
{
	struct held held = hold(usher);
	int code = usher_code_revoke(usher, held.policy, WHO, name, at, -1,
	    NULL);

	let_go(&held);
	return code;
}

/* ---- one process ---- */

static void
test_made_codes_have_their_form_and_differ(void **state)
{
	struct usher_code order = { .party = "p",
		.made = NOON,
		.until = NOON + HOUR };
	struct usher *usher = open_site(*state);
	char a[USHER_CODE_TEXT], b[USHER_CODE_TEXT];

	assert_int_equal(make(usher, &order, a), 0);
	assert_int_equal(make(usher, &order, b), 0);
	assert_string_not_equal(a, b);
	assert_int_equal(strlen(a), 14);
	assert_true(a[4] == '-' && a[9] == '-' && usher_code_is(a));
	order.dialled = true;
	assert_int_equal(make(usher, &order, a), 0);
	assert_int_equal(strspn(a, "0123456789"), 12);
	assert_int_equal(strlen(a), 12);
	order.party = "v";
	assert_int_equal(make(usher, &order, a), EINVAL);
	order.party = "q";
	assert_int_equal(make(usher, &order, a), EINVAL);
	assert_int_equal(list(usher, NOON).count, 3);
	usher_close(usher);
}

static void
test_it_ends_and_is_revoked(void **state)
{
	struct usher_code order = { .party = "p",
		.made = NOON,
		.until = NOON + HOUR };
	struct usher *usher = open_site(*state);
	char text[USHER_CODE_TEXT];

	assert_int_equal(make(usher, &order, text), 0);
	assert_int_equal(attempt(usher, text, "a@v.example", "1",
			     NOON + HOUR - 1),
	    0);
	assert_int_equal(list(usher, NOON + HOUR - 1).count, 1);
	assert_int_equal(attempt(usher, text, "a@v.example", "1", NOON + HOUR),
	    EPERM);
	assert_int_equal(list(usher, NOON + HOUR).count, 0);
	assert_int_equal(end_code(usher, "00000000", NOON), ENOENT);
	assert_int_equal(end_code(usher, "", NOON), ENOENT);
	assert_int_equal(end_code(usher, list(usher, NOON).id, NOON), 0);
	assert_int_equal(attempt(usher, text, "a@v.example", "1", NOON), EPERM);
	assert_int_equal(end_code(usher, text, NOON), ENOENT);
	usher_close(usher);
}

static void
test_a_last_use_is_had_once_and_again_by_the_same(void **state)
{
	struct usher_code order = { .party = "p",
		.made = NOON,
		.until = NOON + 9 * HOUR,
		.uses = 1,
		.shared = true };
	struct usher *usher = open_site(*state);
	char text[USHER_CODE_TEXT];
	struct coming one = { .beside = NULL }, two = { .beside = NULL };

	assert_int_equal(make(usher, &order, text), 0);
	/* Both have seen it free. */
	assert_true(comes(&one, usher, text, "a@v.example", "1", NOON));
	assert_true(comes(&two, usher, text, "a@w.example", "2", NOON));
	assert_int_equal(uses(&one), 0);
	assert_int_equal(uses(&two), EDQUOT);
	assert_int_equal(uses(&one), 0);
	goes(&one);
	goes(&two);
	assert_int_equal(attempt(usher, text, "a@v.example", "1", NOON + 9), 0);
	assert_int_equal(list(usher, NOON).used, 1);
	assert_int_equal(attempt(usher, text, "a@v.example", "1", NOON + HOUR),
	    EPERM);
	usher_close(usher);
}

static void
test_two_first_users_at_once(void **state)
{
	struct usher_code order = { .party = "p",
		.made = NOON,
		.until = NOON + HOUR };
	struct usher *usher = open_site(*state);
	char text[USHER_CODE_TEXT];
	struct coming one = { .beside = NULL }, two = { .beside = NULL };

	assert_int_equal(make(usher, &order, text), 0);
	assert_true(comes(&one, usher, text, "a@v.example", "1", NOON));
	assert_true(comes(&two, usher, text, "a@w.example", "2", NOON));
	assert_int_equal(uses(&two), 0);
	assert_int_equal(uses(&one), EDQUOT);
	assert_string_equal(list(usher, NOON).owner, "w.example");
	goes(&one);
	goes(&two);
	usher_close(usher);
}

/* ---- guesses ---- */

/* Told by a redirect, or never; the form is the same. */
static void
tell_reference(struct usher *usher, const char *reference)
{
	struct usher_conf *conf = usher_conf_hold(usher);
	struct usher_facts *facts = NULL;
	struct usher_notes *notes = NULL;

	assert_int_equal(usher_facts_new(conf, USHER_EMAIL, &facts), 0);
	assert_int_equal(usher_facts_prove(facts, "a@v.example", NULL), 0);
	assert_int_equal(usher_notes_new(usher, &notes, NULL), 0);
	assert_int_equal(usher_notes_told(notes, WHO, facts, reference, NOON,
			     NULL),
	    0);
	assert_int_equal(usher_notes_commit(notes, -1, NULL), 0);
	usher_notes_free(notes);
	usher_facts_free(facts);
	usher_conf_release(conf);
}

/* Beside the name or in the subject; each guess is asked about twice. */
static void
guess(struct usher *usher, const char *beside, const char *subject)
{
	struct coming c = { .beside = beside };

	for (int i = 0; i < 2; i++) {
		assert_false(
		    comes(&c, usher, subject, "a@v.example", "1", NOON));
		goes(&c);
	}
}

/* The `number`th, in letters that codes and references both have. */
static const char *
number_word(int number, char word[USHER_REFERENCE_TEXT])
{
	(void)snprintf(word, USHER_REFERENCE_TEXT, "abcdefgh%c%c%cz",
	    'a' + number / 64 % 8, 'a' + number / 8 % 8, 'a' + number % 8);
	return word;
}

static void
test_a_reference_is_no_guess_at_a_code(void **state)
{
	struct usher_code order = { .party = "p",
		.made = NOON,
		.until = NOON + HOUR,
		.shared = true };
	struct usher *usher = open_site(*state);
	char text[USHER_CODE_TEXT], word[USHER_REFERENCE_TEXT];
	int number = 0;

	assert_int_equal(make(usher, &order, text), 0);
	for (; number < 40; number++) {
		tell_reference(usher, number_word(number, word));
		guess(usher, word, "");
	}
	assert_int_equal(attempt(usher, text, "a@v.example", "1", NOON), 0);
	/* What nobody remembers may be one of long ago, and is told apart. */
	for (; number < 40 + 255; number++)
		guess(usher, number_word(number, word), "");
	assert_int_equal(attempt(usher, text, "a@v.example", "2", NOON), 0);
	guess(usher, number_word(number, word), "");
	assert_int_equal(attempt(usher, text, "a@v.example", "3", NOON), EPERM);
	assert_int_equal(attempt(usher, text, "a@v.example", "4",
			     NOON + HOUR - 1),
	    EPERM);
	usher_close(usher);
}

static void
test_sixteen_wrong_codes_are_enough(void **state)
{
	struct usher_code order = { .party = "p",
		.made = NOON,
		.until = NOON + HOUR,
		.shared = true };
	struct usher *usher = open_site(*state);
	char text[USHER_CODE_TEXT], wrong[32];

	assert_int_equal(make(usher, &order, text), 0);
	for (int number = 0; number < 15; number++) {
		(void)snprintf(wrong, sizeof(wrong), "abcd-efgh-%04d", number);
		guess(usher, number % 2 == 0 ? wrong : NULL, wrong);
	}
	assert_int_equal(attempt(usher, text, "a@v.example", "1", NOON), 0);
	/* Letters alone are one too, where dashes part them. */
	guess(usher, "abcd-efgh-abcd", "");
	assert_int_equal(attempt(usher, text, "a@v.example", "2", NOON), EPERM);
	usher_close(usher);
}

/* ---- several ---- */

static void
test_processes_share_the_uses_there_are(void **state)
{
	enum { USERS = 6, USES = 2 };
	struct usher_code order = { .party = "p",
		.made = NOON,
		.until = NOON + HOUR,
		.uses = USES,
		.shared = true };
	struct usher *usher = open_site(*state);
	char text[USHER_CODE_TEXT], name[32];
	int status, in = 0;

	assert_int_equal(make(usher, &order, text), 0);
	usher_close(usher);
	for (int i = 0; i < USERS; i++)
		if (fork() == 0) {
			(void)snprintf(name, sizeof(name), "a@f%d.example", i);
			usher = open_memory(*state);
			status = attempt(usher, text, name, name, NOON);
			/* What was answered is never forgotten. */
			(void)kill(getpid(), status == 0 ? SIGKILL : SIGTERM);
		}
	for (int i = 0; i < USERS; i++) {
		assert_true(wait(&status) > 0);
		in += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	}
	assert_int_equal(in, USES);
	usher = open_memory(*state);
	assert_int_equal(list(usher, NOON).used, USES);
	usher_close(usher);
}

static void
test_the_store_does_not_hold_it(void **state)
{
	struct usher_code order = { .party = "p",
		.made = NOON,
		.until = NOON + HOUR };
	const struct place *place = *state;
	char text[USHER_CODE_TEXT], bare[CODE_NORMAL], *bytes;
	struct usher *usher;
	long length;
	FILE *file;

	LMDB_ALONE();
	usher = open_site(place);
	assert_int_equal(make(usher, &order, text), 0);
	assert_true(usher_code_normal(text, bare));
	assert_int_equal(attempt(usher, text, "a@v.example", "1", NOON), 0);
	usher_close(usher);
	file = fopen(place_path(place, "store/memory/data.mdb"), "r");
	assert_non_null(file);
	(void)fseek(file, 0, SEEK_END);
	length = ftell(file);
	rewind(file);
	bytes = malloc((size_t)length);
	assert_int_equal(fread(bytes, 1, (size_t)length, file), length);
	(void)fclose(file);
	assert_null(memmem(bytes, (size_t)length, bare, strlen(bare)));
	assert_null(memmem(bytes, (size_t)length, text, strlen(text)));
	free(bytes);
}

#define place_test(name) \
	cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		place_test(test_made_codes_have_their_form_and_differ),
		place_test(test_it_ends_and_is_revoked),
		place_test(test_a_last_use_is_had_once_and_again_by_the_same),
		place_test(test_two_first_users_at_once),
		place_test(test_a_reference_is_no_guess_at_a_code),
		place_test(test_sixteen_wrong_codes_are_enough),
		place_test(test_processes_share_the_uses_there_are),
		place_test(test_the_store_does_not_hold_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
