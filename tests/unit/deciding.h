/*
 * deciding: preferences, somebody who approaches and a verdict, for the unit
 * tests of decide.
 */
#ifndef DECIDING_H
#define DECIDING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "memory.h"
#include "usher.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define WITH_FIXTURE(name)                                     \
	cmocka_unit_test_setup_teardown(name, deciding_set_up, \
	    deciding_tear_down)

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

/* Tuesday 2026-11-24, 00:00 UTC; preferences here are in UTC. */
static const int64_t tuesday = 1795478400;

struct fixture {
	struct zones *zones;
	struct usher_conf *conf;
	struct usher_policy *policy;
	struct usher_facts *facts;
	struct usher_decision *decision;
};

int deciding_set_up(void **state);
void deciding_forget(struct fixture *fixture);
int deciding_tear_down(void **state);
void deciding_prefer(struct fixture *fixture, const char *rest);
void deciding_approach(struct fixture *fixture, enum usher_channel channel,
    const char *who, bool proven, unsigned shown);
const struct usher_verdict *deciding_verdict(struct fixture *fixture,
    const struct usher_memory *memory, int64_t at);
void assert_verdict(const struct usher_verdict *verdict,
    enum usher_answer answer, const char *rule, enum usher_reason reason);
void assert_opening(const struct usher_opening *opening, int64_t from,
    int64_t until);

#endif
