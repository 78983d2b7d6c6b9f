/*
 * Replies leave the outbox late enough, and at most once.
 */
#include "site_place.h"

#include <time.h>

#include "milter.h"
#include "outbox.h"
#include "outbox_letter.h"
#include "smtp_sink.h"

#define MESSAGE \
	"From: a@example.com\r\nTo: b@x.example\r\n\r\n.Hi\r\n..\r\nBye\r\n"

struct world {
	struct place *place;
	struct milter milter;
	struct smtp_sink sink;
};

static int
set_up_with(void **state, const struct smtp_script *script)
{
	struct world *world = calloc(1, sizeof(*world));
	char conf[200];
	void *place;

	if (place_set_up(&place) != 0)
		return -1;
	world->place = place;
	smtp_sink_start(&world->sink, script);
	(void)snprintf(conf, sizeof(conf), "mail = { submit = \"%s\"; };\n",
	    world->sink.address);
	place_configure(world->place, conf);
	log_open(&world->milter.log, true);
	*state = world;
	return usher_open(&world->milter.usher, world->place->conf, USHER_STORE,
	    NULL, NULL);
}

static int
set_up(void **state)
{
	static const struct smtp_script plain;

	return set_up_with(state, &plain);
}

static int
set_up_busy(void **state)
{
	static const struct smtp_script busy = { .rcpt = "450 later" };

	return set_up_with(state, &busy);
}

static int
set_up_vague(void **state)
{
	static const struct smtp_script vague = { .dot = "" };

	return set_up_with(state, &vague);
}

static int
tear_down(void **state)
{
	struct world *world = *state;
	void *place = world->place;

	usher_close(world->milter.usher);
	smtp_sink_stop(&world->sink);
	free(world);
	return place_tear_down(&place);
}

static void
end(struct outbox *outbox)
{
	outbox_stop(outbox);
	outbox_free(outbox);
}

/* A reply to `sender`, made that long ago; the code of its commit. */
static int
reserve(struct world *world, const char *recipient, const char *sender,
    int64_t at, int64_t ago)
{
	struct outbox_letter *letter;
	struct usher_notes *notes;
	int code;

	assert_int_equal(outbox_letter_make(&letter, recipient, sender, MESSAGE,
			     strlen(MESSAGE), at, (int64_t)time(NULL) - ago),
	    0);
	assert_int_equal(usher_notes_new(world->milter.usher, &notes, NULL), 0);
	assert_int_equal(outbox_letter_note(notes, letter, NULL), 0);
	code = usher_notes_commit(notes, 30000, NULL);
	usher_notes_free(notes);
	outbox_letter_free(letter);
	return code;
}

struct contents {
	size_t count, marked;
	int tries;
	int64_t since;
	char key[USHER_RECORD_KEY + 1];
};

static int
look(void *arg, const char *key, const void *bytes, size_t length,
    int64_t until)
{
	struct contents *contents = arg;
	struct outbox_read read;

	assert_true(until == INT64_MAX);
	contents->count++;
	(void)strcpy(contents->key, key);
	if (outbox_read(&read, bytes, length) == 0) {
		contents->marked += read.marked;
		contents->tries = read.tries;
		contents->since = read.since;
	}
	outbox_read_end(&read);
	return 0;
}

static struct contents
contents(struct world *world)
{
	struct contents contents = { .count = 0 };

	assert_int_equal(usher_record_each(world->milter.usher,
			     USHER_RECORD_OUTBOX, look, &contents, NULL),
	    0);
	return contents;
}

/* Until the outbox holds that many letters, 30 s at most. */
static struct contents
wait_contents(struct world *world, size_t count, int tries)
{
	const struct timespec tick = { .tv_nsec = 20000000 };
	struct contents now = contents(world);

	for (int i = 0; i < 1500 && (now.count != count || now.tries != tries);
	     i++) {
		(void)nanosleep(&tick, NULL);
		now = contents(world);
	}
	assert_int_equal(now.count, count);
	assert_int_equal(now.tries, tries);
	return now;
}

static void
test_a_letter_rests_before_it_leaves(void **state)
{
	struct world *world = *state;
	struct outbox_letter *letter;
	struct usher_notes *notes;
	struct outbox *outbox;
	int64_t before = (int64_t)time(NULL);

	assert_int_equal(outbox_start(&outbox, &world->milter), 0);
	assert_int_equal(outbox_letter_new(&letter, "a@example.com",
			     "b@x.example", MESSAGE, strlen(MESSAGE), 1000),
	    0);
	assert_int_equal(usher_notes_new(world->milter.usher, &notes, NULL), 0);
	assert_int_equal(outbox_reserve(outbox, notes, letter, NULL), 0);
	assert_int_equal(usher_notes_commit(notes, 30000, NULL), 0);
	usher_notes_free(notes);
	outbox_letter_free(letter);
	/* One that is due leaves past it. */
	assert_int_equal(reserve(world, "a@example.com", "c@x.example", 1000,
			     100),
	    0);
	assert_true(smtp_sink_wait(&world->sink, 1));
	assert_true(contents(world).since >= before + 60);
	end(outbox);
	assert_int_equal(world->sink.messages, 1);
	assert_non_null(strstr(world->sink.commands, "<c@x.example>"));
	assert_int_equal(contents(world).count, 1);
}

static void
test_a_sender_gets_one_reply_in_seven_days(void **state)
{
	struct world *world = *state;
	const int64_t at = 1795478400, days = 86400;

	assert_int_equal(reserve(world, "a@example.com", "b@x.example", at, 0),
	    0);
	assert_int_equal(reserve(world, "a@example.com", "b@x.example", at, 0),
	    EEXIST);
	assert_int_equal(reserve(world, "A@example.com", "B@X.example", at, 0),
	    EEXIST);
	assert_int_equal(reserve(world, "a@example.com", "b@x.example",
			     at + 7 * days - 1, 0),
	    EEXIST);
	/* Another recipient's, and another's sender's, are their own. */
	assert_int_equal(reserve(world, "c@example.com", "b@x.example", at, 0),
	    0);
	assert_int_equal(reserve(world, "a@example.com", "d@x.example", at, 0),
	    0);
	assert_int_equal(contents(world).count, 3);
	assert_int_equal(reserve(world, "a@example.com", "b@x.example",
			     at + 7 * days, 0),
	    0);
	assert_int_equal(contents(world).count, 4);
}

static void
test_what_is_handed_over_is_gone(void **state)
{
	struct world *world = *state;
	struct outbox *outbox;

	assert_int_equal(reserve(world, "a@example.com", "b@x.example", 1, 90),
	    0);
	assert_int_equal(outbox_start(&outbox, &world->milter), 0);
	assert_true(smtp_sink_wait(&world->sink, 1));
	(void)wait_contents(world, 0, 0);
	end(outbox);
	assert_int_equal(world->sink.messages, 1);
}

static void
test_several_daemons_send_a_letter_once(void **state)
{
	struct world *world = *state;
	struct outbox *outboxes[4];
	enum { LETTERS = 12 };

	for (int i = 0; i < LETTERS; i++) {
		char sender[32];

		(void)snprintf(sender, sizeof(sender), "b%d@x.example", i);
		assert_int_equal(reserve(world, "a@example.com", sender, 1, 90),
		    0);
	}
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(outbox_start(&outboxes[i], &world->milter), 0);
	(void)wait_contents(world, 0, 0);
	for (size_t i = 0; i < 4; i++)
		end(outboxes[i]);
	assert_int_equal(world->sink.messages, LETTERS);
}

static void
test_a_refused_try_is_made_again_later(void **state)
{
	struct world *world = *state;
	struct outbox *outbox;
	struct contents now;

	assert_int_equal(reserve(world, "a@example.com", "b@x.example", 1, 90),
	    0);
	assert_int_equal(outbox_start(&outbox, &world->milter), 0);
	now = wait_contents(world, 1, 1);
	end(outbox);
	assert_int_equal(now.marked, 0);
	assert_true(now.since >= (int64_t)time(NULL) + 30);
	assert_int_equal(world->sink.messages, 0);
}

static void
test_a_letter_nobody_takes_is_given_up(void **state)
{
	struct world *world = *state;
	struct outbox *outbox;

	assert_int_equal(reserve(world, "a@example.com", "b@x.example", 1,
			     3 * 86400),
	    0);
	assert_int_equal(outbox_start(&outbox, &world->milter), 0);
	(void)wait_contents(world, 0, 0);
	end(outbox);
	assert_int_equal(world->sink.messages, 0);
}

static void
test_a_letter_that_may_have_been_taken_is_not_sent_again(void **state)
{
	struct world *world = *state;
	struct outbox *outbox;

	assert_int_equal(reserve(world, "a@example.com", "b@x.example", 1, 90),
	    0);
	assert_int_equal(outbox_start(&outbox, &world->milter), 0);
	assert_true(smtp_sink_wait(&world->sink, 1));
	(void)wait_contents(world, 0, 0);
	end(outbox);
	assert_int_equal(world->sink.sessions, 1);
}

struct bytes {
	char *text;
};

static int
put(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const struct bytes *bytes = arg;

	(void)old;
	fresh->bytes = bytes->text;
	fresh->length = strlen(bytes->text);
	fresh->until = INT64_MAX;
	return 0;
}

static void
put_record(struct world *world, const char *key, char *text)
{
	struct bytes bytes = { text };
	struct usher_notes *notes;

	assert_int_equal(usher_notes_new(world->milter.usher, &notes, NULL), 0);
	assert_int_equal(usher_notes_record(notes, USHER_RECORD_OUTBOX, key,
			     put, &bytes, NULL),
	    0);
	assert_int_equal(usher_notes_commit(notes, 30000, NULL), 0);
	usher_notes_free(notes);
}

/* As a daemon leaves it that dies in the hand-over. */
static void
put_marked(struct world *world, const char *key, int64_t ago)
{
	int64_t now = (int64_t)time(NULL);
	struct outbox_read read = { .recipient = "a@example.com",
		.sender = "b@x.example",
		.message = MESSAGE,
		.length = strlen(MESSAGE),
		.made = now - 7200 };
	char *text = outbox_read_again(&read, true, now - ago, 0);

	assert_non_null(text);
	put_record(world, key, text);
	free(text);
}

static void
test_what_a_dead_daemon_marked_is_dropped(void **state)
{
	struct world *world = *state;
	struct outbox *outbox;
	struct contents now;

	put_marked(world, "dead", 3600);
	put_marked(world, "busy", 5); /* another may be at it */
	put_marked(world, "future", -3600);
	assert_int_equal(outbox_start(&outbox, &world->milter), 0);
	now = wait_contents(world, 1, 0);
	end(outbox);
	assert_string_equal(now.key, "busy");
	assert_int_equal(world->sink.sessions, 0);
}

static void
test_damaged_letters_are_dropped(void **state)
{
	static const char *const junk[] = { "{", "[]", "null", "{\"marked\":1}",
		"\xff\xfe",
		("{\"marked\":false,\"made\":1,\"since\":1,\"tries\":0,"
		 "\"recipient\":7,\"sender\":\"b@x\",\"message\":\"\"}") };
	struct world *world = *state;
	struct outbox *outbox;
	char key[8];

	for (size_t i = 0; i < sizeof(junk) / sizeof(*junk); i++) {
		char *text = strdup(junk[i]);

		(void)snprintf(key, sizeof(key), "k%zu", i);
		put_record(world, key, text);
		free(text);
	}
	assert_int_equal(reserve(world, "a@example.com", "b@x.example", 1, 90),
	    0);
	assert_int_equal(outbox_start(&outbox, &world->milter), 0);
	(void)wait_contents(world, 0, 0);
	end(outbox);
	assert_int_equal(world->sink.messages, 1);
}

static void
test_a_letter_must_be_text(void **state)
{
	struct outbox_letter *letter;

	(void)state;
	assert_int_equal(outbox_letter_new(&letter, "a@example.com",
			     "b\xff@x.example", MESSAGE, strlen(MESSAGE), 1),
	    EINVAL);
	assert_null(letter);
	outbox_letter_free(letter);
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_letter_must_be_text),
		IN_WORLD(test_a_letter_rests_before_it_leaves),
		IN_WORLD(test_a_sender_gets_one_reply_in_seven_days),
		IN_WORLD(test_what_is_handed_over_is_gone),
		IN_WORLD(test_several_daemons_send_a_letter_once),
		cmocka_unit_test_setup_teardown(
		    test_a_refused_try_is_made_again_later, set_up_busy,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    test_a_letter_nobody_takes_is_given_up, set_up_busy,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    test_a_letter_that_may_have_been_taken_is_not_sent_again,
		    set_up_vague, tear_down),
		IN_WORLD(test_what_a_dead_daemon_marked_is_dropped),
		IN_WORLD(test_damaged_letters_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
