/*
 * What is held until its opening, and when it is due.
 */
#include "site_place.h"

enum { DAY = 86400 };
static const int64_t tuesday = 1795478400;

struct world {
	struct place *place;
	struct usher *usher;
};

static int
set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	void *place;

	if (place_set_up(&place) != 0)
		return -1;
	world->place = place;
	place_configure(world->place, "mail = { hold_days = 3; };\n");
	*state = world;
	return usher_open(&world->usher, world->place->conf, USHER_STORE, NULL,
	    NULL);
}

static int
tear_down(void **state)
{
	struct world *world = *state;
	void *place = world->place;

	usher_close(world->usher);
	free(world);
	return place_tear_down(&place);
}

static const char *const recipients[] = { "alice@example.com",
	"carol@example.com" };

static struct usher_held
message(const char *id, int64_t arrival, int64_t opens)
{
	return (struct usher_held){ .queue_id = id,
		.mta = "Postfix 3.7.11",
		.sender = "bob@sender.example",
		.recipient_count = 2,
		.recipients = recipients,
		.opening = { .exists = true,
		    .from = opens,
		    .until = INT64_MAX },
		.arrival = arrival,
		.bytes = 4000 };
}

static int
hold(struct world *world, const struct usher_held *held)
{
	struct usher_notes *notes;
	int code;

	assert_int_equal(usher_notes_new(world->usher, &notes, NULL), 0);
	code = usher_notes_held(notes, held, NULL);
	if (code == 0)
		assert_int_equal(usher_notes_commit(notes, 30000, NULL), 0);
	usher_notes_free(notes);
	return code;
}

static void
let_go(struct world *world, const char *id)
{
	struct usher_notes *notes;

	assert_int_equal(usher_notes_new(world->usher, &notes, NULL), 0);
	assert_int_equal(usher_notes_released(notes, id, NULL), 0);
	assert_int_equal(usher_notes_commit(notes, 30000, NULL), 0);
	usher_notes_free(notes);
}

/* "A B!": in order, those that are due with a mark. */
struct list {
	char text[400];
	size_t count, due;
};

static int
add(void *arg, const struct usher_held *held, bool due)
{
	struct list *list = arg;
	size_t used = strlen(list->text);

	if (list->count++ < 20)
		(void)snprintf(list->text + used, sizeof(list->text) - used,
		    "%s%s%s", used == 0 ? "" : " ", held->queue_id,
		    due ? "!" : "");
	list->due += due;
	return 0;
}

static const char *
list(struct world *world, int64_t at)
{
	static struct list list;

	memset(&list, 0, sizeof(list));
	assert_int_equal(usher_held_each(world->usher, at, add, &list, NULL),
	    0);
	return list.text;
}

static void
test_nothing_is_held_at_first(void **state)
{
	assert_string_equal(list(*state, tuesday), "");
}

static int
check_all(void *arg, const struct usher_held *held, bool due)
{
	const struct usher_held *wanted = arg;

	assert_false(due);
	assert_string_equal(held->queue_id, wanted->queue_id);
	assert_string_equal(held->mta, wanted->mta);
	assert_string_equal(held->sender, wanted->sender);
	assert_int_equal(held->recipient_count, 2);
	assert_string_equal(held->recipients[1], "carol@example.com");
	assert_int_equal(held->opening.from, wanted->opening.from);
	assert_int_equal(held->opening.until, wanted->opening.until);
	assert_int_equal(held->arrival, wanted->arrival);
	assert_int_equal(held->bytes, wanted->bytes);
	return 77;
}

static void
test_all_of_a_message_is_kept(void **state)
{
	struct world *world = *state;
	struct usher_held held = message("4XYZ", tuesday, tuesday + DAY);

	assert_int_equal(hold(world, &held), 0);
	assert_int_equal(usher_held_each(world->usher, tuesday, check_all,
			     &held, NULL),
	    77);
}

static void
test_the_oldest_stands_first(void **state)
{
	struct usher_held a = message("A", tuesday + 20, tuesday + DAY);
	struct usher_held b = message("B", tuesday + 10, tuesday + DAY);

	assert_int_equal(hold(*state, &a), 0);
	assert_int_equal(hold(*state, &b), 0);
	assert_string_equal(list(*state, tuesday + 30), "B A");
	let_go(*state, "B");
	let_go(*state, "B");
	assert_string_equal(list(*state, tuesday + 30), "A");
}

static void
test_a_message_is_due_from_its_opening(void **state)
{
	struct usher_held held = message("A", tuesday, tuesday + 3600);

	assert_int_equal(hold(*state, &held), 0);
	assert_string_equal(list(*state, tuesday + 3599), "A");
	assert_string_equal(list(*state, tuesday + 3600), "A!");
}

static void
test_a_message_is_due_after_hold_days(void **state)
{
	struct usher_held held = message("A", tuesday, tuesday + 30 * DAY);

	assert_int_equal(hold(*state, &held), 0);
	assert_string_equal(list(*state, tuesday + 3 * DAY - 1), "A");
	assert_string_equal(list(*state, tuesday + 3 * DAY), "A!");
}

static void
test_too_many_bytes_make_the_oldest_due(void **state)
{
	struct usher_held held = message("A", tuesday, tuesday + DAY);

	held.bytes = USHER_HELD_MOST_BYTES / 2;
	assert_int_equal(hold(*state, &held), 0);
	held.queue_id = "B";
	held.arrival++;
	assert_int_equal(hold(*state, &held), 0);
	assert_string_equal(list(*state, tuesday + 9), "A B");
	held.queue_id = "C";
	held.arrival++;
	held.bytes = 1;
	assert_int_equal(hold(*state, &held), 0);
	assert_string_equal(list(*state, tuesday + 9), "A! B C");
}

static void
test_too_many_messages_make_the_oldest_due(void **state)
{
	struct world *world = *state;
	struct usher_notes *notes;
	struct list all = { .count = 0 };
	struct usher_held held = message("", tuesday, tuesday + DAY);
	char id[16];

	/* Of one commit, none of them sees the others. */
	assert_int_equal(usher_notes_new(world->usher, &notes, NULL), 0);
	held.queue_id = id;
	for (int i = 0; i < 2 * USHER_HELD_MOST; i++) {
		(void)snprintf(id, sizeof(id), "Q%07d", i);
		held.arrival = tuesday + i;
		if (i == USHER_HELD_MOST + 2) {
			assert_int_equal(usher_notes_commit(notes, 60000, NULL),
			    0);
			usher_notes_free(notes);
			assert_int_equal(usher_held_each(world->usher,
					     tuesday + 9, add, &all, NULL),
			    0);
			assert_int_equal(all.due, 2);
			assert_true(
			    strncmp(all.text, "Q0000000! Q0000001! Q0000002 ",
				29) == 0);
			return;
		}
		/* The count is asked of the store each time: empty till now. */
		assert_int_equal(usher_notes_held(notes, &held, NULL), 0);
	}
}

static int
put_junk(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	(void)old;
	fresh->bytes = arg;
	fresh->length = strlen(arg);
	fresh->until = INT64_MAX;
	return 0;
}

/* A mail waits behind it all the same: it is due at once. */
static void
test_a_damaged_record_is_listed_and_due(void **state)
{
	static const char *const junk[] = { "", "{", "[]", "{\"sender\":7}",
		"\xff\xfe", "{\"sender\":\"a@b.example\",\"recipients\":{}}" };
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(junk) / sizeof(*junk); i++) {
		struct usher_notes *notes;

		assert_int_equal(usher_notes_new(world->usher, &notes, NULL),
		    0);
		assert_int_equal(usher_notes_record(notes, USHER_RECORD_HELD,
				     "A", put_junk, (void *)(uintptr_t)junk[i],
				     NULL),
		    0);
		assert_int_equal(usher_notes_commit(notes, 30000, NULL), 0);
		usher_notes_free(notes);
		if (*junk[i] != '\0')
			assert_string_equal(list(world, tuesday), "A!");
	}
}

/* Bytes that are no UTF-8 may stand in an address. */
static void
test_a_strange_sender_is_held_too(void **state)
{
	struct usher_held held = message("A", tuesday, tuesday + DAY);

	held.sender = "b\xff"
		      "b@sender.example";
	assert_int_equal(hold(*state, &held), 0);
	assert_string_equal(list(*state, tuesday), "A");
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(test_nothing_is_held_at_first),
		IN_WORLD(test_all_of_a_message_is_kept),
		IN_WORLD(test_the_oldest_stands_first),
		IN_WORLD(test_a_message_is_due_from_its_opening),
		IN_WORLD(test_a_message_is_due_after_hold_days),
		IN_WORLD(test_too_many_bytes_make_the_oldest_due),
		IN_WORLD(test_too_many_messages_make_the_oldest_due),
		IN_WORLD(test_a_damaged_record_is_listed_and_due),
		IN_WORLD(test_a_strange_sender_is_held_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
