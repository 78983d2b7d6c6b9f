/*
 * redis: what only that engine has: its URLs, and a server that is away. What
 * it has in common with LMDB the tests of records and stores show, which run
 * over both.
 *
 * valgrind: skip, it waits for servers, and the sanitizers see the same
 */
#include <time.h>

#include "memory_place.h"
#include "redis_place.h"
#include "store.h"

enum { NOON = 1795521600, SOON_S = 60 };

static int64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- urls ---- */

static void
test_urls(void **state)
{
	static const struct {
		const char *url, *host;
		int port, database;
		const char *user, *password, *shown;
	} good[] = {
		{ "redis://h", "h", 6379, 0, NULL, NULL, "Redis at h:6379" },
		{ "redis://h:1/2", "h", 1, 2, NULL, NULL, "Redis at h:1" },
		{ "redis://h/", "h", 6379, 0, NULL, NULL, "Redis at h:6379" },
		{ "redis://[::1]:7/3", "::1", 7, 3, NULL, NULL,
		    "Redis at [::1]:7" },
		{ "redis://:p%40/w@h/1", "h", 6379, 1, NULL, "p@/w",
		    "Redis at h:6379" },
		{ "redis://u:p@h:9", "h", 9, 0, "u", "p", "Redis at h:9" },
		{ "redis://h?db=4&read_ms=50", "h", 6379, 4, NULL, NULL,
		    "Redis at h:6379" },
		{ "redis+unix:///run/r.sock?db=5", "/run/r.sock", 0, 5, NULL,
		    NULL, "Redis at /run/r.sock" },
		{ "redis+unix://u:p@/r", "/r", 0, 0, "u", "p", "Redis at /r" },
	};
	static const char *const bad[] = { "redis:", "redis://", "redis://:1",
		"redis://h:0", "redis://h:65536", "redis://h:x", "redis://h/x",
		"redis://h/10000", "redis://h/1/2", "redis://[::1",
		"redis://[]", "redis://[::1]x", "redis://u@h", "redis://u:@h",
		"redis://u:%zz@h", "redis://u:%00@h", "redis://h?",
		"redis://h?db", "redis://h?db=", "redis://h?read_ms=0",
		"redis://h?commit_ms=60001", "redis://h?x=1", "redis://h h",
		"redis://h#1", "redis+unix://", "redis+unix://r.sock",
		"redis+unix:///", "rediss://h", "redist://h" };
	struct redis_place place;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(usher_redis_place_read(&place, good[i].url,
				     &why),
		    0);
		assert_string_equal(place.host, good[i].host);
		assert_string_equal(place.shown, good[i].shown);
		assert_int_equal(place.port, good[i].port);
		assert_int_equal(place.database, good[i].database);
		assert_int_equal(place.user == NULL, good[i].user == NULL);
		if (place.user != NULL)
			assert_string_equal(place.user, good[i].user);
		if (good[i].password != NULL)
			assert_string_equal(place.password, good[i].password);
		assert_int_equal(place.commit_ms, 200);
		usher_redis_place_free(&place);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (usher_redis_place_read(&place, bad[i], &why) != EINVAL)
			fail_msg("%s is taken", bad[i]);
}

/* ---- a server that is away ---- */

/*
 * Limits that can be waited for. A busy machine may not keep them, so what
 * shall succeed is tried until it does.
 */
static int
set_up(void **state)
{
	char text[256];
	int code = place_set_up(state);

	if (code != 0)
		return code;
	(void)snprintf(text, sizeof(text),
	    "store = \"redis+unix://%s/socket?read_ms=600&commit_ms=600"
	    "&again_ms=300\";\n",
	    redis_server.folder);
	place_write(*state, "usher.conf", text);
	return 0;
}

static int
tear_down(void **state)
{
	(void)kill(redis_server.process, SIGCONT);
	return place_tear_down(state);
}

static int
read_code(struct usher *usher, const char *key)
{
	size_t length;
	void *bytes;
	int code = usher_record_read(usher, USHER_RECORD_OUTBOX, key, NOON,
	    &bytes, &length, NULL);

	free(bytes);
	return code;
}

#define UNTIL(condition)                                           \
	do {                                                       \
		int64_t until = now_ms() + SOON_S * 1000;          \
		while (!(condition)) {                             \
			if (now_ms() > until)                      \
				fail_msg("never: %s", #condition); \
			(void)usleep(10000);                       \
		}                                                  \
	} while (0)

static void
remember_later(struct usher *usher, const char *key, const char *text)
{
	static struct writing writings[8]; /* until it is written */
	struct usher_notes *notes;
	struct writing *writing = writings;

	while (writing->text != NULL && writing->text != text)
		writing++;
	*writing = (struct writing){ text, INT64_MAX, 0 };
	assert_int_equal(usher_notes_new(usher, &notes, NULL), 0);
	assert_int_equal(usher_notes_record(notes, USHER_RECORD_OUTBOX, key,
			     write_text, writing, NULL),
	    0);
	usher_notes_commit_later(notes);
}

static void
test_while_it_is_silent_nobody_waits_again(void **state)
{
	struct usher *usher = open_memory(*state);
	int64_t begun;

	UNTIL(remember(usher, "a", "one", INT64_MAX) == 0);
	assert_int_equal(kill(redis_server.process, SIGSTOP), 0);
	assert_int_equal(read_code(usher, "a"), EHOSTDOWN);
	begun = now_ms();
	for (int i = 0; i < 100; i++) {
		assert_int_equal(read_code(usher, "a"), EHOSTDOWN);
		assert_int_equal(remember(usher, "a", "two", INT64_MAX),
		    EHOSTDOWN);
	}
	/* Each by itself would wait for 600 ms. */
	assert_true(now_ms() - begun < 60000);
	assert_int_equal(kill(redis_server.process, SIGCONT), 0);
	UNTIL(recalls(usher, "a", NOON, "one"));
	UNTIL(remember(usher, "a", "three", INT64_MAX) == 0);
	UNTIL(recalls(usher, "a", NOON, "three"));
	usher_close(usher);
}

static void
test_what_nobody_waits_for_is_written_when_it_is_back(void **state)
{
	struct usher *usher = open_memory(*state);
	char key[16];

	UNTIL(remember(usher, "a", "one", INT64_MAX) == 0);
	assert_int_equal(kill(redis_server.process, SIGSTOP), 0);
	for (int i = 0; i < 1500; i++) {
		(void)snprintf(key, sizeof(key), "later%d", i);
		remember_later(usher, key, "kept");
	}
	/* Who waits behind them hears at once how it is. */
	assert_int_equal(remember(usher, "a", "two", INT64_MAX), EHOSTDOWN);
	assert_int_equal(kill(redis_server.process, SIGCONT), 0);
	UNTIL(recalls(usher, "later1499", NOON, "kept"));
	UNTIL(recalls(usher, "later0", NOON, "kept"));
	UNTIL(recalls(usher, "a", NOON, "one"));
	usher_close(usher);
}

/* Counts, and stops the server before it hears of the result. */
static int
count_and_stop(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	static char text[16];
	int *stops = arg, count = 0;

	if (old->bytes != NULL)
		count = ((const char *)old->bytes)[0] - '0';
	(void)snprintf(text, sizeof(text), "%d", count + 1);
	*fresh = (struct usher_record_value){ text, 2, INT64_MAX };
	if ((*stops)-- > 0)
		(void)kill(redis_server.process, SIGSTOP);
	return 0;
}

static void
test_a_commit_whose_answer_was_lost_counts_once(void **state)
{
	static int stops;
	struct usher *usher = open_memory(*state);
	struct usher_notes *notes;

	stops = 1;
	assert_int_equal(usher_notes_new(usher, &notes, NULL), 0);
	assert_int_equal(usher_notes_record(notes, USHER_RECORD_OUTBOX, "n",
			     count_and_stop, &stops, NULL),
	    0);
	usher_notes_commit_later(notes);
	UNTIL(read_code(usher, "none") == EHOSTDOWN);
	assert_int_equal(kill(redis_server.process, SIGCONT), 0);
	UNTIL(recalls(usher, "n", NOON, "1"));
	/* Whatever was kept is written before what comes now. */
	UNTIL(remember(usher, "last", "x", INT64_MAX) == 0);
	UNTIL(read_code(usher, "n") == 0);
	assert_true(recalls(usher, "n", NOON, "1"));
	usher_close(usher);
}

static void
test_a_server_that_was_started_again_is_found_again(void **state)
{
	struct usher *usher = open_memory(*state);
	int status;

	UNTIL(remember(usher, "a", "one", INT64_MAX) == 0);
	assert_int_equal(kill(redis_server.process, SIGKILL), 0);
	assert_int_equal(waitpid(redis_server.process, &status, 0),
	    redis_server.process);
	redis_server.process = 0;
	assert_int_equal(read_code(usher, "a"), EHOSTDOWN);
	remember_later(usher, "b", "two");
	assert_true(redis_begin());
	UNTIL(recalls(usher, "b", NOON, "two"));
	usher_close(usher);
}

static void
test_without_a_server_a_daemon_starts_and_catches_up(void **state)
{
	struct usher *usher;
	int status;

	assert_int_equal(kill(redis_server.process, SIGKILL), 0);
	assert_int_equal(waitpid(redis_server.process, &status, 0),
	    redis_server.process);
	redis_server.process = 0;
	usher = open_memory(*state);
	assert_int_equal(read_code(usher, "a"), EHOSTDOWN);
	assert_int_equal(usher_store_needs(usher), USHER_ALL);
	assert_true(redis_begin());
	remember_later(usher, "b", "two");
	UNTIL(recalls(usher, "b", NOON, "two"));
	usher_close(usher);
}

/* ---- policies ---- */

static void
publish(const struct place *place)
{
	struct usher_problems *problems = usher_problems_new();
	struct usher_publication publication;
	struct usher_error error = { .text = "" };
	struct usher *usher;

	assert_int_equal(usher_open(&usher, place->conf, USHER_PATIENT, NULL,
			     &error),
	    0);
	if (usher_publish(usher, NULL, &publication, NULL, NULL, problems,
		&error) != 0)
		fail_msg("%s", error.text);
	usher_problems_free(problems);
	usher_close(usher);
}

static int
find_code(struct usher *usher, const char *who)
{
	struct usher_conf *conf = usher_conf_hold(usher);
	struct usher_policy *policy;
	int code = usher_policy_find(usher, conf, who, &policy, NULL);

	if (code == 0 && policy == NULL)
		code = ENOENT;
	usher_policy_release(policy);
	usher_conf_release(conf);
	return code;
}

static void
test_a_policy_that_is_known_goes_on(void **state)
{
	struct usher *usher;

	place_prefer(*state, "a.conf", "a@x.example", "");
	place_prefer(*state, "b.conf", "b@x.example", "");
	publish(*state);
	usher = open_memory(*state);
	UNTIL(find_code(usher, "a@x.example") == 0);
	/* Published since, so that none is what it was. */
	place_prefer(*state, "c.conf", "c@x.example", "");
	publish(*state);
	UNTIL(find_code(usher, "c@x.example") == 0);
	assert_int_equal(kill(redis_server.process, SIGSTOP), 0);
	assert_int_equal(find_code(usher, "a@x.example"), 0);
	assert_int_equal(find_code(usher, "c@x.example"), 0);
	assert_int_equal(find_code(usher, "b@x.example"), EHOSTDOWN);
	assert_int_equal(kill(redis_server.process, SIGCONT), 0);
	UNTIL(find_code(usher, "b@x.example") == 0);
	usher_close(usher);
}

static void
test_two_who_publish_at_once_are_one_after_the_other(void **state)
{
	struct store_options options = { .write = true, .patient = true };
	struct store *one, *two;
	struct store_summary summary;
	struct store_source source = { .path = "/a", .text = "", .needs = 0 };
	const char *url = place_store(*state);

	assert_int_equal(usher_store_open(&one, url, &options, NULL), 0);
	assert_int_equal(usher_store_open(&two, url, &options, NULL), 0);
	assert_int_equal(one->engine->begin(one, &summary, NULL), 0);
	assert_int_equal(two->engine->begin(two, &summary, NULL), 0);
	assert_int_equal(one->engine->put(one, &source, NULL), 0);
	source.path = "/b";
	assert_int_equal(two->engine->put(two, &source, NULL), 0);
	assert_int_equal(one->engine->commit(one, NULL), 0);
	assert_int_equal(two->engine->commit(two, NULL), EAGAIN);
	two->engine->abort(two);
	assert_int_equal(two->engine->begin(two, &summary, NULL), 0);
	assert_int_equal(summary.sources, 1);
	assert_int_equal(two->engine->put(two, &source, NULL), 0);
	assert_int_equal(two->engine->commit(two, NULL), 0);
	assert_int_equal(one->engine->summary(one, &summary, NULL), 0);
	assert_int_equal(summary.sources, 2);
	usher_store_close(one);
	usher_store_close(two);
}

/* ---- whose mail ---- */

static int
count_held(void *arg, const struct usher_held *held, bool due)
{
	(void)held, (void)due;
	++*(int *)arg;
	return 0;
}

static void
test_mail_in_the_queue_of_another_host_is_not_ours(void **state)
{
	static struct writing writing = { "{}", INT64_MAX, 0 };
	struct usher *usher = open_memory(*state);
	char host[256] = "", key[300];
	const char *const hosts[] = { "elsewhere.example", host };

	assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
	for (int i = 0; i < 2; i++) {
		struct usher_notes *notes;
		int count = 0;

		(void)snprintf(key, sizeof(key), "4fXyZ %s", hosts[i]);
		assert_int_equal(usher_notes_new(usher, &notes, NULL), 0);
		assert_int_equal(usher_notes_record(notes, USHER_RECORD_HELD,
				     key, write_text, &writing, NULL),
		    0);
		assert_int_equal(usher_notes_commit(notes, -1, NULL), 0);
		usher_notes_free(notes);
		UNTIL(usher_held_each(usher, NOON, count_held, &count, NULL) ==
		    0);
		assert_int_equal(count, i);
	}
	usher_close(usher);
}

/* ---- who may ---- */

static int
open_as(const char *who, struct usher_error *error)
{
	struct store_options options = { .write = true, .patient = true };
	struct store *store;
	char url[128];
	int code;

	(void)snprintf(url, sizeof(url), "redis+unix://%s@%s/socket", who,
	    redis_server.folder);
	code = usher_store_open(&store, url, &options, error);
	usher_store_close(store);
	return code;
}

static void
test_users_have_passwords_and_are_told_what_is_wrong(void **state)
{
	struct usher_error error = { .text = "" };

	(void)state;
	assert_true(redis_says("ACL SETUSER bob on >s3cret ~usher:* +@all"
			       " -@admin -@dangerous"));
	assert_int_equal(open_as("bob:s3cret", &error), 0);
	assert_int_not_equal(open_as("bob:wr0ng", &error), 0);
	assert_non_null(strstr(error.text, "WRONGPASS"));
	assert_null(strstr(error.text, "wr0ng"));
	assert_true(redis_says("ACL SETUSER bob resetkeys ~other:*"));
	assert_int_not_equal(open_as("bob:s3cret", &error), 0);
	assert_non_null(strstr(error.text, "usher:*"));
}

static void
test_a_later_format_is_left_alone(void **state)
{
	struct usher_error error = { .text = "" };
	struct store_options options = { .write = true, .patient = true };
	struct store *store;

	assert_true(redis_says("SET usher:format 2"));
	assert_int_not_equal(usher_store_open(&store, place_store(*state),
				 &options, &error),
	    0);
	assert_non_null(strstr(error.text, "format 2"));
}

int
main(void)
{
#define AWAY(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		AWAY(test_while_it_is_silent_nobody_waits_again),
		AWAY(test_what_nobody_waits_for_is_written_when_it_is_back),
		AWAY(test_a_commit_whose_answer_was_lost_counts_once),
		AWAY(test_a_server_that_was_started_again_is_found_again),
		AWAY(test_without_a_server_a_daemon_starts_and_catches_up),
		AWAY(test_a_policy_that_is_known_goes_on),
		AWAY(test_two_who_publish_at_once_are_one_after_the_other),
		AWAY(test_mail_in_the_queue_of_another_host_is_not_ours),
		AWAY(test_users_have_passwords_and_are_told_what_is_wrong),
		AWAY(test_a_later_format_is_left_alone),
	};

	if (setenv("USHER_TEST_STORE", "redis", 1) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
