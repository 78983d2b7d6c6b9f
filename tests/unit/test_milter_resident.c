/*
 * Tests of milter/resident.c: what the start alone needed is no longer counted
 * as this process's, what was written stays as it was, and threads keep no
 * memory for GLib.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define GLIB_DISABLE_DEPRECATION_WARNINGS
#include <glib-object.h>

#include "resident.h"

static char written[100] = "before";
static const char *const constant[] = { "one", "two" };

/* Pages of files, as /proc/self/statm counts them. */
static long
of_files(void)
{
	long all, resident, shared;
	FILE *file = fopen("/proc/self/statm", "r");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%ld %ld %ld", &all, &resident, &shared),
	    3);
	(void)fclose(file);
	return shared;
}

static void
gives_back(void **state)
{
	long before = of_files();

	resident_started(*state);
	assert_true(of_files() < before);
}

/* What mails are read with is ready, and was made so before. */
static void
reads_a_mail_first(void **state)
{
	resident_started(*state);
	assert_int_not_equal(g_type_from_name("GMimeContentType"), 0);
	assert_int_not_equal(g_type_from_name("GMimeContentDisposition"), 0);
}

static void
loses_nothing(void **state)
{
	char *heap = strdup("kept"), stack[] = "kept";

	assert_non_null(heap);
	(void)snprintf(written, sizeof written, "of %ld", (long)getpid());
	resident_started(*state);
	resident_started(*state);
	assert_int_equal(strtol(written + 3, NULL, 10), getpid());
	assert_string_equal(heap, "kept");
	assert_string_equal(stack, "kept");
	assert_string_equal(constant[1], "two");
	free(heap);
}

/* malloc() knows how large each of them is. */
static void
keeps_no_slices(void **state)
{
	void *all[20];

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		all[i] = g_slice_alloc0(40);
		assert_in_range(malloc_usable_size(all[i]), 40, 64);
	}
	for (size_t i = 0; i < 20; i++)
		g_slice_free1(40, all[i]);
}

static int
open_conf(void **state)
{
	struct usher *usher;

	assert_int_equal(usher_open(&usher, NULL, 0, NULL, NULL), 0);
	*state = usher_conf_hold(usher);
	usher_close(usher);
	return 0;
}

static int
close_conf(void **state)
{
	usher_conf_release(*state);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back),
		cmocka_unit_test(reads_a_mail_first),
		cmocka_unit_test(loses_nothing),
		cmocka_unit_test(keeps_no_slices),
	};

	return cmocka_run_group_tests(tests, open_conf, close_conf);
}
