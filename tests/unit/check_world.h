/*
 * check_world: policies compiled from text, and what the analysis must say of
 * them: each warning by its line and some of its words, in the order told.
 */
#ifndef CHECK_WORLD_H
#define CHECK_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "policy.h"
#include "site.h"
#include "zone.h"

/* 2026-11-24T15:00:00Z, a Tuesday: ten in the morning in New York. */
enum { AT = 1795532400 };
enum { MOST_WANTED = 4 };

/* Line 1 of every policy. */
#define WHO                                                             \
	"addresses = [\"a@example.com\"]; phones = [\"+14155550100\"];" \
	" timezone = \"America/New_York\"; published = {"               \
	" phone = \"+14155550100\"; };\n"
#define RULES(rules) "rules = (\n" rules "\n);\n"

/* Beginning of a warning's line, then words that it says. */
struct doubt {
	unsigned line;
	const char *says; /* "!" in front: an error, else a warning */
};

struct vector {
	const char *text;
	struct doubt wanted[MOST_WANTED];
};

struct place {
	struct zones *zones;
	struct usher_conf *conf;
	char folder[64];
};

static void
use_site(struct place *place, const char *text)
{
	struct usher_error error;
	char path[96];
	FILE *file;

	usher_conf_release(place->conf);
	(void)snprintf(path, sizeof(path), "%s/usher.conf", place->folder);
	file = fopen(path, "w");
	assert_non_null(file);
	(void)fputs(text, file);
	(void)fclose(file);
	assert_int_equal(usher_conf_read(&place->conf, place->zones, path, NULL,
			     &error),
	    0);
}

static int
set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	(void)strcpy(place->folder, "/tmp/test_check.XXXXXX");
	if (mkdtemp(place->folder) == NULL)
		return -1;
	place->zones = usher_zones_new();
	*state = place;
	return usher_conf_read(&place->conf, place->zones, NULL, NULL, NULL);
}

static int
tear_down(void **state)
{
	struct place *place = *state;
	char path[96];

	usher_conf_release(place->conf);
	usher_zones_free(place->zones);
	(void)snprintf(path, sizeof(path), "%s/usher.conf", place->folder);
	(void)unlink(path);
	(void)rmdir(place->folder);
	free(place);
	return 0;
}

static void
doubts(struct place *place, const struct vector *vector, const char *file)
{
	struct usher_problems *problems = usher_problems_new();
	struct usher_policy *policy;
	size_t count = 0, told;

	if (usher_policy_compile(place->conf, "a.conf", vector->text,
		strlen(vector->text), &policy, problems) != 0)
		fail_msg("%s\n%u: %s", vector->text,
		    usher_problems_get(problems, 0)->line,
		    usher_problems_get(problems, 0)->text);
	assert_int_equal(usher_policy_check(NULL, policy, AT, problems), 0);
	told = usher_problems_count(problems);
	for (size_t i = 0; i < told; i++) {
		const struct usher_problem *problem =
		    usher_problems_get(problems, i);
		const struct doubt *wanted = &vector->wanted[count];
		bool error = count < MOST_WANTED && wanted->says != NULL &&
		    *wanted->says == '!';

		assert_string_equal(problem->file, file);
		if (count == MOST_WANTED || wanted->says == NULL ||
		    problem->warning == error ||
		    problem->line != wanted->line ||
		    strstr(problem->text, wanted->says + error) == NULL)
			fail_msg("%s\nsays unasked %u: %s", vector->text,
			    problem->line, problem->text);
		count++;
	}
	if (count < MOST_WANTED && vector->wanted[count].says != NULL)
		fail_msg("%s\ndoes not say %u: %s", vector->text,
		    vector->wanted[count].line, vector->wanted[count].says);
	usher_policy_release(policy);
	usher_problems_free(problems);
}

static void
all_doubt(void **state, const struct vector *vectors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		doubts(*state, &vectors[i], "a.conf");
}
#define DOUBT(state, vectors) \
	all_doubt(state, vectors, sizeof(vectors) / sizeof(vectors[0]))

#endif
