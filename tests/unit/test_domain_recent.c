/*
 * Hosts asked for lately, by many threads at once: each gets the organization
 * of the host it asked for, whoever else is writing at that place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "arena.h"

enum { THREADS = 4, HOSTS = 300, ROUNDS = 200 };

/* Of one length, and their organizations begin at other places. */
static const char *
make_host(char *host, size_t room, int number)
{
	static const char *const forms[] = { "mail.a%03d.example",
		"ma.ila%03d.example", "m.a.ila%03d.museum",
		"maila%03d.example." };
	static const int begin[] = { 5, 3, 4, 0 };

	(void)snprintf(host, room, forms[number % 4], number);
	return host + begin[number % 4];
}

static bool
is_right(struct arena *arena, int number)
{
	char host[100];
	const char *wanted = make_host(host, sizeof(host), number), *got;
	size_t length = strlen(wanted);

	got = usher_domain_organization(arena, host);
	length -= wanted[length - 1] == '.';
	return got != NULL && strlen(got) == length &&
	    memcmp(got, wanted, length) == 0;
}

static void *
ask(void *begin)
{
	uintptr_t wrong = 0;

	for (int i = 0; i < HOSTS * ROUNDS; i++) {
		struct arena arena;

		usher_arena_init(&arena);
		/* Each twice: the second finds what the first kept. */
		wrong += !is_right(&arena, (*(int *)begin + i / 2 * 7) % HOSTS);
		usher_arena_free(&arena);
	}
	return (void *)wrong;
}

static void
threads_do_not_mix_hosts_up(void **state)
{
	pthread_t threads[THREADS];
	int begin[THREADS];
	void *wrong;

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		begin[i] = i * HOSTS / THREADS;
		assert_int_equal(pthread_create(&threads[i], NULL, ask,
				     &begin[i]),
		    0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_do_not_mix_hosts_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
