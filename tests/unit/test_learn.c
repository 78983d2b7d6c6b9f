/*
 * learn: lines of logs and mails that nobody has written like this; what is
 * learned from usual ones is tested with the command line.
 */
#include "promise_place.h"

static const char *const strange[] = { "", "\n",
	"]: ", "1]: ", "x[1]: ", "x[1]: ABCDE",
	"x[1]: ABCDE: ", "x[1]: ABCDE: from=", "x[1]: ABCDE: from=<",
	"x[1]: ABCDE: from=<>, x", "x[1]: ABCDE: from=<alice@example.com",
	"x[1]: ABCDE: from=<alice@example.com>, nrcpt=1",
	"x[1]: ABCDE: to=, status=sent", "x[1]: ABCDE: to=<, status=sent",
	"x[1]: ABCDE: to=<>,<>,,<, stat=Sent",
	"x[1]: ABCDE: to=<@>, status=sent",
	"x[1]: ABCDE: to=<a@>,b@,@c,\"d@e, status=sent",
	"x[1]: ABCDE: to=<\xff\xfe@\x80.example>, status=sent",
	"x[1]: ABCDE: to=<a b@c.example>, status=sent" };

static const char *const mails[] = { "", "\n\n", "From: alice@example.com",
	"From: alice@example.com\nTo:", "From: alice@example.com\nTo: <",
	"From: alice@example.com\nTo: ((((((((((((((((((((((((((((((a@b.c\n\n",
	"From: alice@example.com\nTo: a:b:c:d:e:f;,;;,<>,\xff@\xff\n\n",
	"From: alice@example.com, bob@example.com\nTo: x@y.example\n\n",
	"From: alice@example.com\nFrom: alice@example.com\nTo: x@y.example\n" };

static void
test_strange_lines_and_mails_teach_nothing(void **state)
{
	struct usher_learner *learner;
	struct door door;

	door_open(&door, *state, nine_to_ten);
	assert_int_equal(usher_learner_new(door.usher, door.conf, door.policy,
			     "alice@example.com", &learner),
	    0);
	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		char *line = strdup(strange[i]);

		assert_int_equal(usher_learner_log(learner, line), 0);
		free(line);
	}
	for (size_t i = 0; i < sizeof(mails) / sizeof(mails[0]); i++) {
		char *mail = strdup(mails[i]);

		assert_int_equal(usher_learner_mail(learner, mail,
				     strlen(mail)),
		    0);
		free(mail);
	}
	assert_null(usher_learner_get(learner, 0));
	usher_learner_free(learner);
	door_close(&door);
}

static void
test_very_long_lines_are_borne(void **state)
{
	static const char begin[] = "x[1]: ABCDE: to=<a@b.example>,<";
	struct usher_learner *learner;
	struct door door;
	char *line = malloc(1000001);

	door_open(&door, *state, nine_to_ten);
	assert_int_equal(usher_learner_new(door.usher, door.conf, door.policy,
			     "alice@example.com", &learner),
	    0);
	memset(line, 'y', 1000000);
	line[1000000] = '\0';
	memcpy(line, begin, strlen(begin));
	strcpy(line + 999900, "@z.example>, status=sent");
	assert_int_equal(usher_learner_log(learner,
			     "x[1]: ABCDE: from=<alice@example.com>, x"),
	    0);
	assert_int_equal(usher_learner_log(learner, line), 0);
	assert_string_equal(usher_learner_get(learner, 0)->party, "b.example");
	assert_null(usher_learner_get(learner, 1));
	usher_learner_free(learner);
	free(line);
	door_close(&door);
}

static void
test_many_are_written_in_several_commits(void **state)
{
	struct usher_learner *learner;
	struct door door;
	char line[128];

	door_open(&door, *state,
	    "rules = ( { name = \"k\"; if = { known = true; }; then ="
	    " \"accept\"; } ); otherwise = \"refuse\";");
	assert_int_equal(usher_learner_new(door.usher, door.conf, door.policy,
			     "alice@example.com", &learner),
	    0);
	(void)usher_learner_log(learner,
	    "x[1]: ABCDE: from=<alice@example.com>, x");
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(line, sizeof(line),
		    "x[1]: ABCDE: to=<a@firm%d.example>, status=sent", i);
		assert_int_equal(usher_learner_log(learner, line), 0);
	}
	assert_int_equal(usher_learner_commit(learner, tuesday, -1, NULL), 0);
	door_mail(&door, "b@firm999.example", "b@firm999.example");
	assert_int_equal(door_ask(&door, tuesday)->answer, USHER_ACCEPT);
	/* Two years, to the second. */
	assert_int_equal(door_ask(&door, tuesday + 730 * (int64_t)DAY - 1)
			     ->answer,
	    USHER_ACCEPT);
	assert_int_equal(door_ask(&door, tuesday + 730 * (int64_t)DAY)->answer,
	    USHER_REFUSE);
	door_mail(&door, "b@firm1000.example", "b@firm1000.example");
	assert_int_equal(door_ask(&door, tuesday)->answer, USHER_REFUSE);
	usher_learner_free(learner);
	door_close(&door);
}

int
main(void)
{
#define AT_A_PLACE(test) \
	cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(test_strange_lines_and_mails_teach_nothing),
		AT_A_PLACE(test_very_long_lines_are_borne),
		AT_A_PLACE(test_many_are_written_in_several_commits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
