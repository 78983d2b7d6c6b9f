/*
 * The timer wheel, on a clock of the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "timer.h"

static struct sip_timers *timers;

struct probe {
	struct sip_timer timer;
	unsigned fired;
	uint64_t at;
};

static void
note(void *arg)
{
	struct probe *p = arg;

	p->fired++;
	p->at = sip_timers_now(timers);
}

static int
setup(void **state)
{
	(void)state;
	return sip_timers_new(&timers, 1234567);
}

static int
teardown(void **state)
{
	(void)state;
	sip_timers_free(timers);
	return 0;
}

static void
every_delay_fires_at_its_millisecond(void **state)
{
	static const uint64_t delays[] = {
		0,
		1,
		2,
		255,
		256,
		257,
		500,
		511,
		512,
		4000,
		16383,
		16384,
		16385,
		32000,
		185000,
		1048575,
		1048576,
		1048577,
		67108863,
		67108864,
		200000000,
	};
	const size_t n = sizeof(delays) / sizeof(delays[0]);
	struct probe probes[32];

	(void)state;
	/* From every phase of the wheel that could matter. */
	for (unsigned phase = 0; phase < 600; phase += 37) {
		uint64_t start;

		sip_timers_run(timers, sip_timers_now(timers) + phase);
		start = sip_timers_now(timers);
		memset(probes, 0, sizeof(probes));
		for (size_t i = 0; i < n; i++)
			sip_timer_start(timers, &probes[i].timer, delays[i],
			    note, &probes[i]);
		assert_int_equal(sip_timers_count(timers), n);
		sip_timers_run(timers, start);
		assert_int_equal(probes[0].fired, 1);
		sip_timers_run(timers, start + 300000000);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(probes[i].fired, 1);
			assert_int_equal(probes[i].at - start, delays[i]);
		}
		assert_int_equal(sip_timers_count(timers), 0);
	}
}

static void
the_loop_never_sleeps_past_a_timer(void **state)
{
	struct probe probes[40];
	uint64_t start = sip_timers_now(timers), seed = 7;

	(void)state;
	assert_true(sip_timers_next_ms(timers) == UINT64_MAX);
	memset(probes, 0, sizeof(probes));
	for (int i = 0; i < 40; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		sip_timer_start(timers, &probes[i].timer, (seed >> 33) % 300000,
		    note, &probes[i]);
	}
	while (sip_timers_count(timers)) {
		uint64_t wait = sip_timers_next_ms(timers);

		sip_timers_run(timers, sip_timers_now(timers) + wait);
	}
	for (int i = 0; i < 40; i++) {
		assert_int_equal(probes[i].fired, 1);
		assert_int_equal(probes[i].at, probes[i].timer.at_ms);
	}
	assert_true(sip_timers_now(timers) - start <= 300000);
}

static void
a_stopped_timer_is_silent_and_a_moved_one_late(void **state)
{
	struct probe a = { 0 }, b = { 0 };
	uint64_t start = sip_timers_now(timers);

	(void)state;
	sip_timer_start(timers, &a.timer, 100, note, &a);
	sip_timer_start(timers, &b.timer, 100, note, &b);
	assert_true(sip_timer_running(&a.timer));
	sip_timer_stop(timers, &a.timer);
	sip_timer_stop(timers, &a.timer);
	assert_false(sip_timer_running(&a.timer));
	sip_timer_start(timers, &b.timer, 5000, note, &b);
	sip_timers_run(timers, start + 4999);
	assert_int_equal(a.fired + b.fired, 0);
	sip_timers_run(timers, start + 5000);
	assert_int_equal(a.fired, 0);
	assert_int_equal(b.fired, 1);
}

struct chain {
	struct sip_timer timer, *victim;
	unsigned fired;
};

static void
again(void *arg)
{
	struct chain *c = arg;

	c->fired++;
	if (c->victim)
		sip_timer_stop(timers, c->victim);
	sip_timer_start(timers, &c->timer, 0, again, c);
}

static void
a_handler_may_start_itself_and_stop_another(void **state)
{
	struct chain a = { 0 }, b = { 0 };
	uint64_t now = sip_timers_now(timers);

	(void)state;
	a.victim = &b.timer;
	sip_timer_start(timers, &a.timer, 10, again, &a);
	sip_timer_start(timers, &b.timer, 10, again, &b);
	sip_timers_run(timers, now + 10);
	assert_int_equal(a.fired, 1);
	assert_int_equal(b.fired, 0);
	/* A delay of 0 is the next run, not an endless one. */
	sip_timers_run(timers, now + 10);
	assert_int_equal(a.fired, 2);
	sip_timer_stop(timers, &a.timer);
	assert_int_equal(sip_timers_count(timers), 0);
}

static void
freeing_stops_what_runs(void **state)
{
	struct sip_timers *other;
	struct probe a = { 0 }, b = { 0 };

	(void)state;
	assert_int_equal(sip_timers_new(&other, 0), 0);
	sip_timer_start(other, &a.timer, 5, note, &a);
	sip_timer_start(other, &b.timer, 1u << 30, note, &b);
	sip_timers_free(other);
	assert_false(sip_timer_running(&a.timer));
	assert_false(sip_timer_running(&b.timer));
	sip_timers_free(NULL);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_delay_fires_at_its_millisecond),
		TEST(the_loop_never_sleeps_past_a_timer),
		TEST(a_stopped_timer_is_silent_and_a_moved_one_late),
		TEST(a_handler_may_start_itself_and_stop_another),
		TEST(freeing_stops_what_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
