/*
 * bench_memory [RECORDS...]: what reading memory costs with so many records (a
 * million): nothing remembered of anybody, of others, and of who comes; and
 * what a commit costs alone and in company.
 *
 * Records are acquaintances of other recipients. Reading is told in CPU time of
 * one thread, the mean of many; writing in wall clock. What all of it costs a
 * decision is told by bench_remembered.c.
 */
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "usher.h"

enum {
	READS = 200000,
	BATCH = 2000,
	COMMITS = 50,
	WRITERS = 50,
	MILLION = 1000000
};

static const int64_t tuesday = 1795532400;
static const char preferences[] =
    "addresses = [ \"alice@example.com\" ]; rules = ( { if = { known = true;"
    " }; then = \"accept\"; } );";

struct bench {
	char folder[64], conf[96];
	struct usher *usher;
	struct usher_conf *site;
	struct usher_policy *policy;
	struct usher_facts *facts;
	_Atomic size_t committed;
};

static void
die(const char *what)
{
	(void)fprintf(stderr, "bench_memory: %s\n", what);
	exit(1);
}

static double
now_us(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void
set_up(struct bench *bench)
{
	FILE *file;

	(void)strcpy(bench->folder, "/tmp/bench_memory.XXXXXX");
	if (mkdtemp(bench->folder) == NULL)
		die("no folder");
	(void)snprintf(bench->conf, sizeof(bench->conf), "%s/usher.conf",
	    bench->folder);
	file = fopen(bench->conf, "w");
	if (file == NULL || fputs("store = \"lmdb:store\";\n", file) < 0 ||
	    fclose(file) != 0 ||
	    usher_open(&bench->usher, bench->conf, USHER_STORE, NULL, NULL) !=
		0)
		die("no handle");
	bench->site = usher_conf_hold(bench->usher);
	if (usher_policy_compile(bench->site, "a", preferences,
		strlen(preferences), &bench->policy, NULL) != 0 ||
	    usher_facts_new(bench->site, USHER_EMAIL, &bench->facts) != 0 ||
	    usher_facts_prove(bench->facts, "bob@vendor.example", NULL) != 0)
		die("no facts");
}

static void
fill(struct bench *bench, size_t from, size_t count)
{
	char who[64], party[64];

	for (size_t i = from; i < count; i += BATCH) {
		struct usher_notes *notes;

		if (usher_notes_new(bench->usher, &notes, NULL) != 0)
			die("no notes");
		for (size_t k = i; k < i + BATCH && k < count; k++) {
			(void)snprintf(who, sizeof(who), "r%zu@example.com",
			    k / 10);
			(void)snprintf(party, sizeof(party),
			    "p@firm%zu.example", k);
			if (usher_notes_known(notes, NULL, who, party, tuesday,
				NULL) != 0)
				die("no note");
		}
		if (usher_notes_commit(notes, -1, NULL) != 0)
			die("no commit");
		usher_notes_free(notes);
	}
}

static double
read_us(struct bench *bench, unsigned shown)
{
	struct usher_memory *memory = NULL;
	double begun = now_us(CLOCK_THREAD_CPUTIME_ID);

	usher_facts_shown(bench->facts, shown);
	for (int i = 0; i < READS; i++)
		if (usher_memory_read(bench->usher, bench->policy,
			"alice@example.com", bench->facts, tuesday, &memory,
			NULL) != 0)
			die("no memory");
	usher_memory_free(memory);
	return (now_us(CLOCK_THREAD_CPUTIME_ID) - begun) / READS;
}

static void
tell_reading(struct bench *bench, const char *what)
{
	printf("%-40s %6.2f us at RCPT, %.2f us later\n", what,
	    read_us(bench, 0), read_us(bench, USHER_ALL));
	(void)fflush(stdout);
}

static void *
commit_some(void *arg)
{
	struct bench *bench = arg;
	char party[64];

	for (int i = 0; i < COMMITS; i++) {
		struct usher_notes *notes;

		(void)snprintf(party, sizeof(party), "x@w%zu.example",
		    atomic_fetch_add(&bench->committed, 1));
		if (usher_notes_new(bench->usher, &notes, NULL) != 0 ||
		    usher_notes_known(notes, NULL, "w@example.com", party,
			tuesday, NULL) != 0 ||
		    usher_notes_commit(notes, -1, NULL) != 0)
			die("no commit");
		usher_notes_free(notes);
	}
	return NULL;
}

static void
tell_writing(struct bench *bench, int writers)
{
	pthread_t threads[WRITERS];
	double begun = now_us(CLOCK_MONOTONIC), took;

	for (int i = 0; i < writers; i++)
		if (pthread_create(&threads[i], NULL, commit_some, bench) != 0)
			die("no thread");
	for (int i = 0; i < writers; i++)
		(void)pthread_join(threads[i], NULL);
	took = now_us(CLOCK_MONOTONIC) - begun;
	printf("%-3d threads that commit                  %7.0f us each commit,"
	       " %.0f a second\n",
	    writers, took / COMMITS, writers * COMMITS / took * 1e6);
	(void)fflush(stdout);
}

static int
remove_one(const char *path, const struct stat *stat, int kind,
    struct FTW *walk)
{
	(void)stat, (void)kind, (void)walk;
	return remove(path);
}

int
main(int argc, char **argv)
{
	struct bench bench = { .usher = NULL };
	struct usher_notes *notes;
	size_t before = 0;

	set_up(&bench);
	tell_reading(&bench, "no memory at all");
	for (int i = 1; i < argc || i == 1; i++) {
		size_t count = argc > 1 ? strtoul(argv[i], NULL, 10) : MILLION;
		char what[64];

		fill(&bench, before, count);
		before = count;
		(void)snprintf(what, sizeof(what), "%zu records of others",
		    count);
		tell_reading(&bench, what);
		tell_writing(&bench, 1);
		tell_writing(&bench, WRITERS);
	}
	if (usher_notes_new(bench.usher, &notes, NULL) != 0 ||
	    usher_notes_known(notes, bench.policy, "", "bob@vendor.example",
		tuesday, NULL) != 0 ||
	    usher_notes_commit(notes, -1, NULL) != 0)
		die("no commit");
	usher_notes_free(notes);
	tell_reading(&bench, "who comes is known");
	usher_facts_free(bench.facts);
	usher_policy_release(bench.policy);
	usher_conf_release(bench.site);
	usher_close(bench.usher);
	return nftw(bench.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0
	    ? 0
	    : 1;
}
