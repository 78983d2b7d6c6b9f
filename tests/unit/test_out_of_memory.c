/*
 * Memory that runs out: each allocation from an arena fails once, in turn,
 * while preferences are compiled, an attempt is described and decided. Every
 * outcome is the right answer or ENOMEM, never a crash and never a policy or
 * a verdict that lacks something.
 *
 * The arena's functions are this file's, around the real ones.
 */
#define usher_arena_alloc plain_alloc
#define usher_arena_array plain_array
#define usher_arena_string plain_string
#define usher_arena_bytes plain_bytes
#define usher_arena_vprintf plain_vprintf
#define usher_arena_printf plain_printf
#include "../../policy/arena.c"
#undef usher_arena_alloc
#undef usher_arena_array
#undef usher_arena_string
#undef usher_arena_bytes
#undef usher_arena_vprintf
#undef usher_arena_printf

void *usher_arena_alloc(struct arena *arena, size_t size);
void *usher_arena_array(struct arena *arena, size_t count, size_t size);
char *usher_arena_string(struct arena *arena, const char *string);
char *usher_arena_bytes(struct arena *arena, const char *data, size_t length);
char *usher_arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *usher_arena_vprintf(struct arena *arena, const char *format,
    va_list arguments) __attribute__((format(printf, 2, 0)));

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "memory.h"
#include "site.h"
#include "usher.h"
#include "zone.h"

static long left; /* allocations until one fails; < 0: none does */
static bool failed;

static bool
fails(struct arena *arena)
{
	if (left < 0 || --left >= 0)
		return false;
	arena->failed = true;
	failed = true;
	return true;
}

void *
usher_arena_alloc(struct arena *arena, size_t size)
{
	return fails(arena) ? NULL : plain_alloc(arena, size);
}

void *
usher_arena_array(struct arena *arena, size_t count, size_t size)
{
	return fails(arena) ? NULL : plain_array(arena, count, size);
}

char *
usher_arena_string(struct arena *arena, const char *string)
{
	return fails(arena) ? NULL : plain_string(arena, string);
}

char *
usher_arena_bytes(struct arena *arena, const char *data, size_t length)
{
	return fails(arena) ? NULL : plain_bytes(arena, data, length);
}

char *
usher_arena_vprintf(struct arena *arena, const char *format, va_list arguments)
{
	return fails(arena) ? NULL : plain_vprintf(arena, format, arguments);
}

char *
usher_arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = usher_arena_vprintf(arena, format, arguments);
	va_end(arguments);
	return text;
}

static const char preferences[] =
    "name = \"Alice\"; addresses = [ \"alice@example.com\" ];\n"
    "phones = [ \"+14155550100\", \"sip:1001@pbx.example.com\" ];\n"
    "faxes = [ \"+14155550101\" ]; timezone = \"America/New_York\";\n"
    "published = { page = \"https://example.com/\"; phone = "
    "\"+14155550100\"; };\n"
    "topics = { t = [ \"document störage\", \"records\" ]; };\n"
    "parties = { p = { organizations = [ \"*.a.example\", \"b.example\" ]; "
    "addresses = [ \"x*@c.example\" ]; phones = [ \"+1415*\" ]; };\n"
    "  c = { code = true; }; };\n"
    "hours = { m = \"Mon-Fri 09:00-12:00 Europe/London\"; };\n"
    "days = { d = [ \"2026-12-24..2027-01-02\", \"07-04\" ]; };\n"
    "rules = (\n"
    "  { name = \"a\"; if = { party = \"p\"; on = [ \"d\", \"01-01\" ]; "
    "country = \"us\"; network = [ \"AS1\", \"192.0.2.0/24\" ]; tried = "
    "\"3 per 1d\"; stage = \"customer\"; }; then = \"accept\"; },\n"
    "  { name = \"b\"; if = { topic = \"t\"; channel = \"email\"; }; unless "
    "= { from = \"z.example\"; }; then = \"accept\"; during = \"m; weekdays "
    "not d 22:00-06:00\"; requires = { attachment = [ \"pdf\", \"ppt\" ]; "
    "or_link = \"s.example\"; words = \"<=300\"; reason = true; }; at_most "
    "= [ \"1 per 1d\", \"9 per 1d in all\" ]; introduces = true; },\n"
    "  { then = \"redirect\"; to = [ \"email\", \"phone\", \"page\", "
    "\"mailto:desk@example.com\", \"sip:1001@pbx.example.com\" ]; say = { "
    "en = \"x\"; de = \"y\"; }; } );\n"
    "otherwise = \"redirect\"; to = \"page\";\n";

static struct usher_conf *conf;

/* ENOMEM exactly where an allocation failed; else what it was made for. */
static int
settled(int code, const char *what)
{
	if (code != 0 && (!failed || code != ENOMEM))
		fail_msg("%s answered %d (failed %d)", what, code, failed);
	if (code == 0 && failed)
		fail_msg("%s went on without memory", what);
	return code;
}

static int
describe(struct usher_facts *facts)
{
	static const char *const facts_given[][2] = {
		{ "attachment", "over.zip" }, { "link", "https://s.example/" },
		{ "text", "Our dócument störage" }, { "stage", "customer" },
		{ "code", "c" }
	};
	int code = usher_facts_claim(facts, "bob@sub.b.example", NULL);

	if (code == 0)
		code = usher_facts_prove(facts, "+442071234567", NULL);
	if (code == 0)
		code = usher_facts_subject(facts, "Récords", 8);
	for (size_t i = 0; i < 5 && code == 0; i++)
		code = usher_facts_set(facts, facts_given[i][0],
		    facts_given[i][1], NULL);
	return code;
}

static int
decide(struct usher_policy *policy, struct usher_facts *facts)
{
	const struct usher_memory memory = { .unreadable = false };
	const struct usher_question question = { .policy = policy,
		.facts = facts,
		.memory = &memory,
		.at = 1795478400,
		.trace = true };
	struct usher_decision *decision = NULL;
	int code = settled(usher_decide(NULL, &question, &decision, NULL),
	    "deciding");

	if (code == 0)
		assert_string_equal(usher_decision_verdict(decision)->rule,
		    "b");
	usher_decision_free(decision);
	return code;
}

static int
work(void)
{
	struct usher_policy *policy = NULL;
	struct usher_facts *facts = NULL;
	int code = settled(usher_policy_compile(conf, "alice.conf", preferences,
			       sizeof(preferences) - 1, &policy, NULL),
	    "compiling");

	if (code == 0) {
		assert_int_equal(usher_facts_new(conf, USHER_EMAIL, &facts), 0);
		usher_facts_shown(facts, USHER_ALL);
		code = settled(describe(facts), "describing");
	}
	if (code == 0)
		code = decide(policy, facts);
	usher_facts_free(facts);
	usher_policy_release(policy);
	return code;
}

static void
each_allocation_fails_once(void **state)
{
	long count = 0;

	(void)state;
	for (;; count++) {
		int code;

		left = count;
		failed = false;
		code = work();
		if (!failed) {
			assert_int_equal(code, 0);
			break;
		}
	}
	left = -1;
	assert_true(count > 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_allocation_fails_once),
	};
	struct zones *zones = usher_zones_new();
	int result;

	left = -1;
	if (zones == NULL || usher_conf_read(&conf, zones, NULL, NULL, NULL))
		return 1;
	result = cmocka_run_group_tests(tests, NULL, NULL);
	usher_conf_release(conf);
	usher_zones_free(zones);
	return result;
}
