/*
 * publish: from preference files to what is found by address, and what stays
 * as it was.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/inotify.h>

#include "site_place.h"

static const char refuse[] = "{ then = \"refuse\"; }";
static const char broken[] = "{ then = \"refuze\"; }";

struct told {
	char text[4096];
};

static void
tell(const char *what, const char *path, const char *name, void *arg)
{
	struct told *told = arg;
	size_t used = strlen(told->text);
	const char *file = strrchr(path, '/');

	(void)snprintf(told->text + used, sizeof(told->text) - used,
	    "%s %s %s;", what, file == NULL ? path : file + 1,
	    name == NULL ? "-" : name);
}

struct result {
	int code;
	struct usher_publication publication;
	struct told told;
	struct usher_error error;
	struct usher_problems *problems;
};

static struct usher *
open_usher(const struct place *place, unsigned flags)
{
	struct usher_error error;
	struct usher *usher;

	if (usher_open(&usher, place->conf, flags, NULL, &error) != 0) {
		(void)fprintf(stderr, "%s\n", error.text);
		abort();
	}
	return usher;
}

/* Publishes in a handle of its own, as the command does. */
static struct result *
publish(const struct place *place, const char *path)
{
	static struct result result;
	const char *const paths[] = { path, NULL };
	struct usher *usher = open_usher(place, 0);

	usher_problems_free(result.problems);
	memset(&result, 0, sizeof(result));
	result.problems = usher_problems_new();
	result.code = usher_publish(usher, path == NULL ? NULL : paths,
	    &result.publication, tell, &result.told, result.problems,
	    &result.error);
	usher_close(usher);
	return &result;
}

static void
publishes(const struct place *place, const char *path, const char *told)
{
	struct result *result = publish(place, path);

	if (result->code != 0)
		print_error("%s\n", result->error.text);
	assert_int_equal(result->code, 0);
	assert_string_equal(result->told.text, told);
	assert_int_equal(usher_problems_errors(result->problems), 0);
}

/* What the recipient's policy is called, "-" when there is none. */
static void
finds(const struct place *place, const char *who, const char *name)
{
	struct usher *usher = open_usher(place, USHER_STORE);
	struct usher_conf *conf = usher_conf_hold(usher);
	struct usher_policy *policy;

	assert_int_equal(usher_policy_find(usher, conf, who, &policy, NULL), 0);
	assert_string_equal(policy == NULL ? "-" : usher_policy_name(policy),
	    name);
	usher_policy_release(policy);
	usher_conf_release(conf);
	usher_close(usher);
}

static void
test_publishes_changes_alone(void **state)
{
	struct place *place = *state;

	publishes(place, NULL, "");
	place_prefer(place, "b.conf", "b@x.example", refuse);
	place_prefer(place, "a.conf", "a@x.example", refuse);
	place_write(place, "preferences/c.other", "no source");
	publishes(place, NULL, "added a.conf a.conf;added b.conf b.conf;");
	finds(place, "A@X.example", "a.conf");
	finds(place, "b@x.example", "b.conf");
	finds(place, "c@x.example", "-");
	publishes(place, NULL, "");
	place_prefer(place, "a.conf", "a@x.example", "");
	publishes(place, NULL, "changed a.conf a.conf;");
	place_unlink(place, "preferences/b.conf");
	publishes(place, NULL, "removed b.conf -;");
	finds(place, "b@x.example", "-");
	finds(place, "a@x.example", "a.conf");
}

static void
test_numbers_and_sip_addresses_find_it_too(void **state)
{
	struct place *place = *state;

	place_write(place, "preferences/a.conf",
	    "name = \"a\"; addresses ="
	    " [ \"a@x.example\" ]; phones = [ \"+1 (415) 555-0100\","
	    " \"sip:1001@pbx.example\" ]; faxes = [ \"+14155550199\" ];");
	publishes(place, NULL, "added a.conf a;");
	finds(place, "+14155550100", "a");
	finds(place, "tel:+1-415-555-0100", "a");
	finds(place, "sip:1001@PBX.example;user=phone", "a");
	finds(place, "+14155550199", "a");
	finds(place, "1001@pbx.example", "-");
	finds(place, "no address at all", "-");
}

static void
test_broken_source_leaves_the_last_good(void **state)
{
	struct place *place = *state;
	const struct usher_problem *problem;
	struct result *result;

	place_prefer(place, "a.conf", "a@x.example", refuse);
	publishes(place, NULL, "added a.conf a.conf;");
	place_prefer(place, "a.conf", "new@x.example", broken);
	place_prefer(place, "b.conf", "b@x.example", refuse);
	/* Told every time, not the first time only. */
	for (int i = 0; i < 2; i++) {
		result = publish(place, NULL);
		assert_int_equal(result->code, EINVAL);
		assert_int_equal(result->publication.broken, 1);
		problem = usher_problems_get(result->problems, 0);
		assert_int_equal(problem->line, 3);
		assert_non_null(strstr(problem->file, "a.conf"));
		assert_non_null(strstr(problem->text, "refuse"));
	}
	finds(place, "a@x.example", "a.conf");
	finds(place, "new@x.example", "-");
	finds(place, "b@x.example", "b.conf");
	place_prefer(place, "a.conf", "a@x.example", refuse);
	publishes(place, NULL, "");
}

static void
test_address_belongs_to_one_file(void **state)
{
	struct place *place = *state;
	struct result *result;

	place_prefer(place, "b.conf", "one@x.example", refuse);
	publishes(place, NULL, "added b.conf b.conf;");
	/* Earlier by its path, and yet the second. */
	place_prefer(place, "a.conf", "ONE@x.example", refuse);
	result = publish(place, NULL);
	assert_int_equal(result->code, EINVAL);
	assert_string_equal(result->told.text, "broken a.conf -;");
	assert_non_null(strstr(usher_problems_get(result->problems, 0)->text,
	    "one@x.example belongs to "));
	assert_non_null(strstr(usher_problems_get(result->problems, 0)->text,
	    "/preferences/b.conf already"));
	finds(place, "one@x.example", "b.conf");
	/* Two new ones: the first by path. */
	place_prefer(place, "d.conf", "two@x.example", refuse);
	place_prefer(place, "c.conf", "two@x.example", refuse);
	(void)publish(place, NULL);
	finds(place, "two@x.example", "c.conf");
}

static void
test_address_may_move(void **state)
{
	struct place *place = *state;

	place_prefer(place, "b.conf", "one@x.example", refuse);
	publishes(place, NULL, "added b.conf b.conf;");
	/* In one run, though the taker comes first by path. */
	place_prefer(place, "a.conf", "one@x.example", refuse);
	place_prefer(place, "b.conf", "other@x.example", refuse);
	publishes(place, NULL, "changed b.conf b.conf;added a.conf a.conf;");
	finds(place, "one@x.example", "a.conf");
	finds(place, "other@x.example", "b.conf");
	/* The file was renamed. */
	assert_int_equal(rename(place_path(place, "preferences/a.conf"),
			     place_path(place, "preferences/z.conf")),
	    0);
	publishes(place, NULL, "removed a.conf -;added z.conf a.conf;");
	finds(place, "one@x.example", "a.conf");
}

static void
test_addresses_may_change_places(void **state)
{
	struct place *place = *state;

	place_prefer(place, "a.conf", "one@x.example", refuse);
	place_prefer(place, "b.conf", "two@x.example", refuse);
	publishes(place, NULL, "added a.conf a.conf;added b.conf b.conf;");
	place_prefer(place, "a.conf", "two@x.example", refuse);
	place_prefer(place, "b.conf", "one@x.example", refuse);
	publishes(place, NULL, "changed a.conf a.conf;changed b.conf b.conf;");
	finds(place, "two@x.example", "a.conf");
	finds(place, "one@x.example", "b.conf");
}

static void
test_named_paths_alone(void **state)
{
	struct place *place = *state;
	struct result *result;
	const char *path = place_path(place, "preferences/a.conf");

	place_prefer(place, "a.conf", "a@x.example", refuse);
	place_prefer(place, "b.conf", "b@x.example", refuse);
	publishes(place, path, "added a.conf a.conf;");
	finds(place, "b@x.example", "-");
	publishes(place, NULL, "added b.conf b.conf;");
	place_unlink(place, "preferences/a.conf");
	place_unlink(place, "preferences/b.conf");
	path = place_path(place, "preferences/../preferences/a.conf");
	publishes(place, path, "removed a.conf -;");
	finds(place, "b@x.example", "b.conf");
	result = publish(place, place_path(place, "preferences/q.conf"));
	assert_int_equal(result->code, EINVAL);
	assert_non_null(strstr(usher_problems_get(result->problems, 0)->text,
	    "is not there"));
	result = publish(place, place_path(place, "usher.conf"));
	assert_int_equal(result->code, EINVAL);
	assert_non_null(strstr(usher_problems_get(result->problems, 0)->text,
	    "not named by `preferences`"));
}

static void
test_missing_folder_withdraws_nobody(void **state)
{
	struct place *place = *state;
	struct result *result;

	place_prefer(place, "a.conf", "a@x.example", refuse);
	publishes(place, NULL, "added a.conf a.conf;");
	assert_int_equal(rename(place_path(place, "preferences"),
			     place_path(place, "elsewhere")),
	    0);
	result = publish(place, NULL);
	assert_int_equal(result->code, EINVAL);
	assert_non_null(strstr(result->error.text, "preferences"));
	finds(place, "a@x.example", "a.conf");
}

static void
test_changed_site_checks_all_again(void **state)
{
	static const char with[] =
	    "site = { parties ="
	    " { friends = { organizations = [ \"f.example\" ]; }; }; };";
	struct place *place = *state;
	struct result *result;

	place_configure(place, with);
	place_prefer(place, "a.conf", "a@x.example",
	    "{ if = { party = \"friends\"; }; then = \"refuse\"; }");
	place_prefer(place, "b.conf", "b@x.example", refuse);
	publishes(place, NULL, "added a.conf a.conf;added b.conf b.conf;");
	place_configure(place, "");
	for (int i = 0; i < 2; i++) {
		result = publish(place, NULL);
		assert_int_equal(result->code, EINVAL);
		assert_string_equal(result->told.text, "broken a.conf -;");
		assert_int_equal(result->publication.unchanged, 1);
		assert_non_null(
		    strstr(usher_problems_get(result->problems, 0)->text,
			"friends"));
	}
	place_configure(place, with);
	publishes(place, NULL, "");
	finds(place, "a@x.example", "a.conf");
}

/* Whether the watched file was opened since the last look. */
static bool
was_opened(int watcher)
{
	char events[4096];
	bool opened = false;

	while (read(watcher, events, sizeof(events)) > 0)
		opened = true;
	return opened;
}

static void
test_unchanged_files_are_not_read(void **state)
{
	struct place *place = *state;
	int watcher = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	const char *path;

	place_prefer(place, "a.conf", "a@x.example", refuse);
	/* Past the tick of the clock that stamps files. */
	(void)usleep(50000);
	path = place_path(place, "preferences/a.conf");
	assert_true(inotify_add_watch(watcher, path, IN_OPEN) >= 0);
	publishes(place, NULL, "added a.conf a.conf;");
	assert_true(was_opened(watcher));
	assert_int_equal(publish(place, NULL)->publication.unchanged, 1);
	assert_false(was_opened(watcher));
	/* Touched, the same inside: read, and not published. */
	assert_int_equal(utimensat(AT_FDCWD, path, NULL, 0), 0);
	(void)usleep(50000);
	publishes(place, NULL, "");
	assert_true(was_opened(watcher));
	publishes(place, NULL, "");
	assert_false(was_opened(watcher));
	(void)close(watcher);
}

/* Same size, same file, right after each other: never missed. */
static void
test_quick_changes_are_seen(void **state)
{
	struct place *place = *state;
	char name[8];

	place_prefer(place, "a.conf", "a0@x.example", refuse);
	(void)publish(place, NULL);
	for (int i = 1; i < 10; i++) {
		char who[32];

		(void)snprintf(who, sizeof(who), "a%d@x.example", i);
		place_prefer(place, "a.conf", who, refuse);
		publishes(place, NULL, "changed a.conf a.conf;");
		(void)snprintf(name, sizeof(name), "a.conf");
		finds(place, who, name);
	}
}

static void
test_needs_follow_what_is_published(void **state)
{
	struct place *place = *state;
	struct usher *usher;

	place_prefer(place, "a.conf", "a@x.example",
	    "{ if = { channel = \"phone\"; }; then = \"refuse\"; }");
	(void)publish(place, NULL);
	usher = open_usher(place, USHER_STORE);
	assert_int_equal(usher_store_needs(usher), 0);
	usher_close(usher);
	place_prefer(place, "b.conf", "b@x.example",
	    "{ if = { purpose = \"sales\"; }; then = \"refuse\"; }");
	(void)publish(place, NULL);
	usher = open_usher(place, USHER_STORE);
	assert_int_equal(usher_store_needs(usher), USHER_ALL);
	usher_close(usher);
	/* Under another site nobody knows: all is asked for. */
	place_unlink(place, "preferences/b.conf");
	(void)publish(place, NULL);
	place_configure(place,
	    "site = {"
	    " after = ( { then = \"refuse\"; } ); };");
	usher = open_usher(place, USHER_STORE);
	assert_int_equal(usher_store_needs(usher), USHER_ALL);
	usher_close(usher);
}

static void
test_limits(void **state)
{
	struct place *place = *state;
	char *text = calloc(1, 70000);
	struct result *result;

	memset(text, '\n', 65537);
	place_write(place, "preferences/a.conf", text);
	result = publish(place, NULL);
	assert_int_equal(result->code, EINVAL);
	assert_non_null(
	    strstr(usher_problems_get(result->problems, 0)->text, "64 kB"));
	place_write(place, "preferences/a.conf", "@include \"usher.conf\"\n");
	result = publish(place, NULL);
	assert_int_equal(result->code, EINVAL);
	assert_non_null(
	    strstr(usher_problems_get(result->problems, 0)->text, "@include"));
	free(text);
}

static void
publishing_child(const struct place *place, int in, int out)
{
	(void)in;
	place_say(out);
	for (;;)
		(void)publish(place, NULL);
}

/* Killed at any moment: all recipients are as before or as after. */
static void
test_killed_at_any_moment(void **state)
{
	struct place *place = *state;
	char name[32], who[48];

	for (int round = 0; round < 12; round++) {
		struct usher_policy *first, *last;
		struct usher_conf *conf;
		struct usher *usher;
		int to, from;
		pid_t child;

		for (int i = 0; i < 40; i++) {
			(void)snprintf(name, sizeof(name), "%02d.conf", i);
			(void)snprintf(who, sizeof(who), "r%d-%d@x.example",
			    round, i);
			place_prefer(place, name, who, refuse);
		}
		child = place_fork(publishing_child, place, &to, &from);
		place_hear(from);
		(void)usleep((useconds_t)round * 700);
		(void)kill(child, SIGKILL);
		(void)place_reap(child, to, from);
		usher = open_usher(place, USHER_STORE);
		conf = usher_conf_hold(usher);
		(void)snprintf(who, sizeof(who), "r%d-0@x.example", round);
		assert_int_equal(usher_policy_find(usher, conf, who, &first,
				     NULL),
		    0);
		(void)snprintf(who, sizeof(who), "r%d-39@x.example", round);
		assert_int_equal(usher_policy_find(usher, conf, who, &last,
				     NULL),
		    0);
		assert_true((first == NULL) == (last == NULL));
		usher_policy_release(first);
		usher_policy_release(last);
		usher_conf_release(conf);
		usher_close(usher);
	}
	assert_int_equal(publish(place, NULL)->code, 0);
	finds(place, "r11-39@x.example", "39.conf");
	finds(place, "r10-39@x.example", "-");
}

int
main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_publishes_changes_alone),
		TEST(test_numbers_and_sip_addresses_find_it_too),
		TEST(test_broken_source_leaves_the_last_good),
		TEST(test_address_belongs_to_one_file),
		TEST(test_address_may_move),
		TEST(test_addresses_may_change_places),
		TEST(test_named_paths_alone),
		TEST(test_missing_folder_withdraws_nobody),
		TEST(test_changed_site_checks_all_again),
		TEST(test_unchanged_files_are_not_read),
		TEST(test_quick_changes_are_seen),
		TEST(test_needs_follow_what_is_published),
		TEST(test_limits),
		TEST(test_killed_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
