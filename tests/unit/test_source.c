/*
 * source: what is refused before libconfig sees it, what is said of errors,
 * and the readers of members.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "source.h"

struct wrong {
	const char *text;
	unsigned line;
	const char *says; /* part of the message */
};

static const struct wrong wrongs[] = {
	/* other files */
	{ "@include \"/etc/passwd\"\n", 1, "@include is not allowed" },
	{ "a = 1;\n  \t@include \"x\"", 2, "@include is not allowed" },
	{ "a = 1; @include \"x\"", 1, "@include is not allowed" },
	{ "/* x */ @include \"x\"", 1, "@include is not allowed" },
	{ "a = \"\\\\\"\n@include \"x\"", 2, "@include is not allowed" },
	{ "a = {\n@include \"x\"\n};", 2, "@include is not allowed" },
	{ "a = [\n@include \"x\"\n];", 2, "@include is not allowed" },
	/* texts and comments without end */
	{ "a = 1;\nb = \"x;\nc = 1;", 2, "no closing \"" },
	{ "a = \"x\\\"", 1, "no closing \"" },
	{ "a = 1;\n/* b = 1;\n", 2, "no closing */" },
	{ "/*/", 1, "no closing */" },
	{ "a = \"x\\x00y\";", 1, "\\x00" },
	/* brackets */
	{ "rules = (\n { a = 1; }\n", 1, "`)` is missing" },
	{ "rules = (\n { a = 1; )\n);", 2, "`{` of line 2" },
	{ "a = 1; };", 1, "closes nothing" },
	{ "a = [ { b = 1; } ];", 1, "a list in ( )" },
	{ "a = [ 1, 2, ];", 1, "`,` too many" },
	{ "a = ( 1, 2, );", 1, "`,` too many" },
	/* settings */
	{ "then = accept;", 1, "quotes: \"accept\"" },
	{ "a = 1;\nb \"x\";", 2, "`=` is missing after `b`" },
	{ "a = ;", 1, "`a` has no value" },
	{ "a =\n\nb = 1;", 3, "words stand in quotes" },
	{ "a = \"x\", \"y\";", 1, "stand in brackets, a = [" },
	{ "a = [ \"x\" \"y\" ];", 1, "`,` or `]` is missing before \"y\"" },
	{ "a = [ \"x\"; \"y\" ];", 1, "its `]` is missing" },
	{ "a = [ \"x\";\nb = 1;", 1, "its `]` is missing" },
	{ "a = 1;;", 1, "one `;` too many" },
	{ "a = { b = 1;; };", 1, "one `;` too many" },
	{ "a = 09:00-12:00;", 1, "09:00-12:00 is no number" },
	{ "a = 2026-12-24;", 1, "is no number" },
	{ "a = 30d;", 1, "is no number" },
	{ "a = +14155550100;", 1, "telephone number" },
	{ "a = 5000000000;", 1, "too large" },
	{ "a = ?;", 1, "does not belong here" },
	{ "true = 1;", 1, "cannot be a setting's name" },
	{ "a", 1, "`=` is missing" },
	{ "a =", 1, "has no value" },
	{ "a = [ \"x\",", 1, "never closed" },
	{ "\"a\" = 1;", 1, "name of a setting" },
	{ "\xef\xbb\xbf"
	  "a = 1;",
	    1, "does not belong here" },
	/* what only libconfig finds */
	{ "a = 1;\nb = 2;\na = 3;", 3, "`a` is given twice: first in line 1" },
	{ "a = { b = 1; };\nc = { b = 1;\n b = 2; };", 3, "`b` is given" },
	{ "a = [ 1, \"x\" ];", 1, "of one kind" },
};

static const char *const rights[] = {
	"",
	"# only this",
	"a=1 b=2",
	"a=1,b=2,",
	"a : 1;",
	"a = \"x\"\n  \"y\";",
	"a = \"@include\";",
	"# @include \"x\"\n",
	"// @include \"x\"\n",
	"/*\n@include \"x\"\n*/",
	"a = \"x\n@include y\";",
	"a = ( { b = ( [ 1 ] ); } )",
	"a = []; b = (); c = {};",
	"a = \"\\\\\";",
	"a = \"\\q\";",
	"a = true; b = FALSE;",
	"a-b_c* = 1;",
	"a = -5; b = 0x1f; c = 1.5;",
	"a = 1;\r\nb = 2;\r\n",
	"a = \"\\x41\\\"\";",
};

static struct usher_problems *
problems_of(const char *text, size_t length, int wanted)
{
	struct usher_problems *problems = usher_problems_new();
	struct source source;
	struct arena arena;
	int code;

	usher_arena_init(&arena);
	code = usher_source_read(&source, "x.conf", text, length,
	    USHER_SOURCE_LIMIT, &arena, problems);
	if (code != wanted)
		print_error("%d instead of %d for: %.60s\n", code, wanted,
		    text);
	assert_int_equal(code, wanted);
	usher_source_end(&source);
	usher_arena_free(&arena);
	return problems;
}

static void
says(const char *text, size_t length, unsigned line, const char *part)
{
	struct usher_problems *problems = problems_of(text, length, EINVAL);
	const struct usher_problem *problem = usher_problems_get(problems, 0);

	assert_int_equal(usher_problems_count(problems), 1);
	if (strstr(problem->text, part) == NULL || problem->line != line)
		print_error("for %.60s\nline %u: %s\n", text, problem->line,
		    problem->text);
	assert_non_null(strstr(problem->text, part));
	assert_int_equal(problem->line, line);
	assert_string_equal(problem->file, "x.conf");
	usher_problems_free(problems);
}

static void
test_wrong_syntax_is_named_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++)
		says(wrongs[i].text, strlen(wrongs[i].text), wrongs[i].line,
		    wrongs[i].says);
}

static void
test_right_syntax_passes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++)
		usher_problems_free(
		    problems_of(rights[i], strlen(rights[i]), 0));
}

static void
test_text_needs_no_zero_behind_it(void **state)
{
	char text[5] = { 'a', ' ', '=', ' ', '1' };

	(void)state;
	usher_problems_free(problems_of(text, sizeof(text), 0));
	says("a = 1;\nb\0 = 2;", 13, 2, "zero byte");
}

static void
test_depth_is_bounded(void **state)
{
	char text[200] = "a = ";

	(void)state;
	for (int i = 0; i < 16; i++)
		strcat(text, "(");
	for (int i = 0; i < 16; i++)
		strcat(text, ")");
	usher_problems_free(problems_of(text, strlen(text), 0));
	memmove(text + 5, text + 4, strlen(text + 4) + 1);
	strcat(text, ")");
	says(text, strlen(text), 1, "deeper than 16");
}

static void
test_size_is_bounded(void **state)
{
	size_t length = USHER_SOURCE_LIMIT + 1;
	char *text = malloc(length);

	(void)state;
	memset(text, '\n', length);
	says(text, length, 0, "at most 65536");
	usher_problems_free(problems_of(text, length - 1, 0));
	free(text);
}

/* 64 kB of the worst must neither crash nor take long. */
static void
test_torture(void **state)
{
	static const char *const pieces[] = {
		"(",
		"[",
		"{",
		"a=",
		"a={",
		"\"",
		"\\",
		"/*",
		"a=1;",
		"a=(",
		"a=\"\\n\"",
		"@",
		"a=\"\"",
		"\"\\\\\"",
		"a=1,",
		"=",
		"]",
	};
	size_t length = USHER_SOURCE_LIMIT;
	char *text = malloc(length);

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		size_t piece = strlen(pieces[i]);

		for (size_t at = 0; at + piece <= length; at += piece)
			memcpy(text + at, pieces[i], piece);
		usher_problems_free(
		    problems_of(text, length / piece * piece, EINVAL));
	}
	free(text);
}

struct group {
	struct source source;
	struct arena arena;
	const config_setting_t *root;
};

static void
read_group(struct group *group, const char *text)
{
	usher_arena_init(&group->arena);
	assert_int_equal(usher_source_read(&group->source, "x.conf", text,
			     strlen(text), USHER_SOURCE_LIMIT, &group->arena,
			     usher_problems_new()),
	    0);
	group->root = config_root_setting(&group->source.config);
}

static void
end_group(struct group *group)
{
	usher_source_end(&group->source);
	usher_problems_free(group->source.problems);
	usher_arena_free(&group->arena);
}

/* The newest problem. */
static void
told(const struct group *group, size_t count, unsigned line, const char *text)
{
	const struct usher_problem *problem =
	    usher_problems_get(group->source.problems, count - 1);

	assert_int_equal(usher_problems_count(group->source.problems), count);
	assert_string_equal(problem->text, text);
	assert_int_equal(problem->line, line);
}

static void
test_readers_read(void **state)
{
	static const char *const words[] = { "retry", "hold" };
	const char *text = NULL;
	const char *const *texts = NULL;
	struct group group;
	long long number = 0;
	bool yes = false;
	size_t count = 0, index = 9;

	(void)state;
	read_group(&group,
	    "t = \"x\"; n = 7; y = true; w = \"hold\";"
	    " one = \"a\"; more = [ \"a\", \"b\" ]; none = ();");
	assert_true(usher_source_string(&group.source, group.root, "t", &text));
	assert_string_equal(text, "x");
	assert_true(
	    usher_source_int(&group.source, group.root, "n", 1, 7, &number));
	assert_int_equal(number, 7);
	assert_true(usher_source_bool(&group.source, group.root, "y", &yes));
	assert_true(yes);
	assert_true(usher_source_word(&group.source, group.root, "w", words, 2,
	    &index));
	assert_int_equal(index, 1);
	assert_true(usher_source_strings(&group.source, group.root, "one",
	    &texts, &count));
	assert_int_equal(count, 1);
	assert_true(usher_source_strings(&group.source, group.root, "more",
	    &texts, &count));
	assert_int_equal(count, 2);
	assert_string_equal(texts[1], "b");
	assert_true(usher_source_strings(&group.source, group.root, "none",
	    &texts, &count));
	assert_int_equal(count, 0);
	assert_false(
	    usher_source_string(&group.source, group.root, "absent", &text));
	assert_int_equal(usher_problems_count(group.source.problems), 0);
	end_group(&group);
}

static void
test_readers_report_and_go_on(void **state)
{
	static const char *const words[] = { "retry", "hold" };
	static const char *const keys[] = { "trust", "then", "number" };
	const char *text = "kept";
	const char *const *texts = NULL;
	struct group group;
	long long number = 5;
	bool yes = true;
	size_t count = 0, index = 9;

	(void)state;
	read_group(&group,
	    "\nt = 1;\nn = 8;\ny = \"true\";\nw = \"hodl\";\n"
	    "more = ( \"a\", 2, \"c\" );\nu = \"\\xff\";\nc = \"\\x07\";\n"
	    "f = 1.5;");
	assert_false(
	    usher_source_string(&group.source, group.root, "t", &text));
	told(&group, 1, 2, "t: is a number, should be a text in \"quotes\"");
	assert_string_equal(text, "kept");
	assert_false(
	    usher_source_int(&group.source, group.root, "n", 1, 7, &number));
	told(&group, 2, 3, "n: is 8, should be from 1 to 7");
	assert_int_equal(number, 5);
	assert_false(usher_source_bool(&group.source, group.root, "y", &yes));
	told(&group, 3, 4,
	    "y: is a text, should be true or false (without"
	    " quotes)");
	assert_false(usher_source_word(&group.source, group.root, "w", words, 2,
	    &index));
	told(&group, 4, 5,
	    "w: \"hodl\" is none of retry or hold; did you"
	    " mean \"hold\"?");
	assert_int_equal(index, 9);
	assert_false(usher_source_strings(&group.source, group.root, "more",
	    &texts, &count));
	told(&group, 5, 6,
	    "more[1]: is a number, should be a text in"
	    " \"quotes\"");
	assert_int_equal(count, 2);
	assert_false(
	    usher_source_string(&group.source, group.root, "u", &text));
	told(&group, 6, 7, "u: is not UTF-8");
	assert_false(
	    usher_source_string(&group.source, group.root, "c", &text));
	told(&group, 7, 8, "c: holds a control character (byte 0x07)");
	assert_false(
	    usher_source_int(&group.source, group.root, "f", 1, 7, &number));
	told(&group, 8, 9,
	    "f: is a number with a fraction, should be a whole"
	    " number (without quotes)");
	end_group(&group);

	read_group(&group, "trsut = 1;\nthen = 1;");
	usher_source_keys(&group.source, group.root, keys, 3);
	told(&group, 1, 1, "trsut: unknown key; did you mean `trust`?");
	end_group(&group);

	read_group(&group, "qqqqqq = 1;");
	usher_source_keys(&group.source, group.root, keys, 3);
	told(&group, 1, 1,
	    "qqqqqq: unknown key; here may stand trust, then"
	    " or number");
	end_group(&group);
}

static void
test_settings_are_named_by_their_path(void **state)
{
	struct group group;

	(void)state;
	read_group(&group,
	    "rules = ( { a = 1; },\n { if = {\n during ="
	    " [ 1 ]; }; } );");
	usher_source_warn(&group.source,
	    config_lookup(&group.source.config, "rules.[1].if.during.[0]"),
	    "is odd");
	told(&group, 1, 3, "rules[1].if.during[0]: is odd");
	assert_int_equal(usher_problems_errors(group.source.problems), 0);
	usher_source_wrong(&group.source, group.root, "as a whole");
	assert_string_equal(usher_problems_get(group.source.problems, 0)->text,
	    "as a whole");
	end_group(&group);
}

static void
test_durations(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* 0: wrong */
	} durations[] = {
		{ "15m", 900 },
		{ "22h", 79200 },
		{ "30d", 2592000 },
		{ "2w", 1209600 },
		{ "0d", 0 },
		{ "", 0 },
		{ "d", 0 },
		{ "22", 0 },
		{ "1 h", 0 },
		{ "-1h", 0 },
		{ "1.5h", 0 },
		{ "1hh", 0 },
		{ "3660d", 316224000 },
		{ "3661d", 0 },
		{ "99999999w", 0 },
		{ "999999999999999999999m", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		struct usher_error error = { .code = 0 };
		int64_t seconds = 0;
		int code = usher_duration_parse(durations[i].text, &seconds,
		    &error);

		assert_int_equal(seconds, durations[i].seconds);
		assert_int_equal(code, seconds == 0 ? EINVAL : 0);
		assert_int_equal(error.code, code);
	}
}

static void
file_is_told(const char *path, int wanted, const char *says_so)
{
	struct usher_problems *problems = usher_problems_new();
	char *text = NULL;
	size_t length;

	assert_int_equal(usher_file_read(path, 100, &text, &length, problems),
	    wanted);
	assert_int_equal(usher_problems_count(problems), 1);
	assert_non_null(strstr(usher_problems_get(problems, 0)->text, says_so));
	assert_null(text);
	usher_problems_free(problems);
}

static void
test_files(void **state)
{
	char folder[] = "/tmp/test_source.XXXXXX", path[64];
	char *text = NULL;
	size_t length = 0;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/a", folder);
	file_is_told(path, ENOENT, "No such file");
	file_is_told(folder, EISDIR, "directory");
	assert_int_equal(mkfifo(path, 0600), 0);
	file_is_told(path, EINVAL, "no regular file");
	assert_int_equal(unlink(path), 0);
	file = fopen(path, "w");
	for (int i = 0; i < 100; i++)
		(void)fputc('x', file);
	(void)fflush(file);
	assert_int_equal(usher_file_read(path, 100, &text, &length, NULL), 0);
	assert_int_equal(length, 100);
	assert_int_equal(text[100], 0);
	free(text);
	(void)fputc('x', file);
	(void)fclose(file);
	file_is_told(path, EFBIG, "longer than");
	(void)unlink(path);
	(void)rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_syntax_is_named_with_its_line),
		cmocka_unit_test(test_right_syntax_passes),
		cmocka_unit_test(test_text_needs_no_zero_behind_it),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_size_is_bounded),
		cmocka_unit_test(test_torture),
		cmocka_unit_test(test_readers_read),
		cmocka_unit_test(test_readers_report_and_go_on),
		cmocka_unit_test(test_settings_are_named_by_their_path),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
