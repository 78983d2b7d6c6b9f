/*
 * bench_remembered [ATTEMPTS]: how much a million remembered attempts slow a
 * decision, for who comes first and for who came before. With --fill FOLDER
 * ATTEMPTS it fills the memory of FOLDER/usher.conf, for bench_sip.py.
 *
 * Three memories side by side, each with its handle: an empty one, one of two
 * thousand attempts and as many acquaintances, and one of a million of each. A
 * decision is the memory read and the policy decided, under a cap. Callers take
 * turns, so that no two decisions in a row look at the same records; rounds of
 * the three take turns too, so that a busy machine slows all alike. Told is CPU
 * time of one thread, the best round of each.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "usher.h"

enum {
	BATCH = 2000,
	CALLERS = 256,
	ROUNDS = 60,
	ROUND = 64 * CALLERS,
	WARM_S = 5, /* a process knows its memory after a while */
	MILLION = 1000000
};

static const int64_t tuesday = 1795532400;
static const char alice[] = "alice@example.com";
static const char capped[] =
    "addresses = [ \"alice@example.com\" ]; rules = ( { name = \"one\";"
    " then = \"accept\"; at_most = \"3 per 30d\"; } );";

struct memory {
	const char *what;
	size_t attempts; /* of others, beside the callers' */
	bool callers;
	char folder[64], conf[96];
	struct usher *usher;
	struct usher_conf *site;
	struct usher_policy *policy;
	struct usher_facts *first[CALLERS], *before[CALLERS];
	double first_us, before_us;
};

static void
die(const char *what)
{
	(void)fprintf(stderr, "bench_remembered: %s\n", what);
	exit(1);
}

static double
now_us(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* ---- filling ---- */

static void
open_handle(struct memory *memory)
{
	if (usher_open(&memory->usher, memory->conf, USHER_STORE, NULL, NULL) !=
	    0)
		die("no handle");
}

static struct usher_facts *
facts_of(const struct memory *memory, const char *word, size_t number)
{
	struct usher_facts *facts;
	char party[64];

	(void)snprintf(party, sizeof(party), "p@%s%zu.example", word, number);
	if (usher_facts_new(memory->site, USHER_EMAIL, &facts) != 0 ||
	    usher_facts_prove(facts, party, NULL) != 0)
		die("no facts");
	usher_facts_shown(facts, USHER_ALL);
	return facts;
}

static void
make_site(struct memory *memory)
{
	FILE *file;

	(void)strcpy(memory->folder, "/tmp/bench_remembered.XXXXXX");
	if (mkdtemp(memory->folder) == NULL)
		die("no folder");
	(void)snprintf(memory->conf, sizeof(memory->conf), "%s/usher.conf",
	    memory->folder);
	file = fopen(memory->conf, "w");
	if (file == NULL || fputs("store = \"lmdb:store\";\n", file) < 0 ||
	    fclose(file) != 0)
		die("no usher.conf");
}

static void
set_up(struct memory *memory)
{
	open_handle(memory);
	memory->site = usher_conf_hold(memory->usher);
	if (usher_policy_compile(memory->site, "a", capped, strlen(capped),
		&memory->policy, NULL) != 0)
		die("no policy");
	for (size_t i = 0; i < CALLERS; i++) {
		memory->first[i] = facts_of(memory, "new", i);
		memory->before[i] = facts_of(memory, "firm", i * 3001);
	}
}

static void
decide(struct memory *memory, const struct usher_facts *facts,
    const struct usher_memory *remembered, struct usher_decision **decision)
{
	const struct usher_question question = { .policy = memory->policy,
		.facts = facts,
		.memory = remembered,
		.at = tuesday };

	if (usher_decide(memory->usher, &question, decision, NULL) != 0 ||
	    usher_decision_verdict(*decision)->answer != USHER_ACCEPT)
		die("no decision");
}

/* An attempt on Alice, and an acquaintance of somebody else. */
static void
note_one(struct memory *memory, struct usher_notes *notes,
    const struct usher_decision *decision, const struct usher_facts *facts,
    size_t number)
{
	char who[64], party[64];

	(void)snprintf(who, sizeof(who), "r%zu@example.com", number / 10);
	(void)snprintf(party, sizeof(party), "p@firm%zu.example", number);
	if (usher_notes_attempt(notes, memory->policy, alice, facts, decision,
		USHER_TAKEN, NULL) != 0 ||
	    usher_notes_known(notes, NULL, who, party, tuesday, NULL) != 0)
		die("no note");
}

static void
commit(struct usher_notes *notes)
{
	if (usher_notes_commit(notes, -1, NULL) != 0)
		die("no commit");
	usher_notes_free(notes);
}

static void
fill(struct memory *memory)
{
	struct usher_decision *decision = NULL;
	struct usher_notes *notes;

	decide(memory, memory->first[0], NULL, &decision);
	for (size_t i = 0; i < memory->attempts; i += BATCH) {
		if (usher_notes_new(memory->usher, &notes, NULL) != 0)
			die("no notes");
		for (size_t k = i; k < i + BATCH; k++) {
			struct usher_facts *facts = facts_of(memory, "firm", k);

			note_one(memory, notes, decision, facts, k);
			usher_facts_free(facts);
		}
		commit(notes);
	}
	if (memory->callers &&
	    usher_notes_new(memory->usher, &notes, NULL) != 0)
		die("no notes");
	for (size_t i = 0; memory->callers && i < CALLERS; i++)
		if (usher_notes_attempt(notes, memory->policy, alice,
			memory->before[i], decision, USHER_TAKEN, NULL) != 0)
			die("no attempt");
	if (memory->callers)
		commit(notes);
	usher_decision_free(decision);
}

/* ---- measuring ---- */

/* So many decisions of callers in turn, in us each. */
static double
round_us(struct memory *memory, struct usher_facts *const *callers)
{
	struct usher_decision *decision = NULL;
	struct usher_memory *remembered = NULL;
	double begun = now_us(CLOCK_THREAD_CPUTIME_ID);

	for (int i = 0; i < ROUND; i++) {
		const struct usher_facts *facts = callers[i % CALLERS];

		if (usher_memory_read(memory->usher, memory->policy, alice,
			facts, tuesday, &remembered, NULL) != 0)
			die("no memory");
		decide(memory, facts, remembered, &decision);
	}
	usher_memory_free(remembered);
	usher_decision_free(decision);
	return (now_us(CLOCK_THREAD_CPUTIME_ID) - begun) / ROUND;
}

static void
keep_best(double *best, double each)
{
	if (*best == 0 || each < *best)
		*best = each;
}

static void
measure(struct memory *memories, size_t count)
{
	double begun = now_us(CLOCK_MONOTONIC);

	while (now_us(CLOCK_MONOTONIC) < begun + WARM_S * 1e6)
		for (size_t i = 0; i < count; i++)
			(void)round_us(&memories[i], memories[i].first);
	for (size_t i = 0; i < ROUNDS * count; i++) {
		struct memory *memory = &memories[i % count];

		keep_best(&memory->first_us, round_us(memory, memory->first));
		if (memory->callers)
			keep_best(&memory->before_us,
			    round_us(memory, memory->before));
	}
}

static void
tell(const struct memory *memory)
{
	printf("%-48s %6.2f us of who comes first", memory->what,
	    memory->first_us);
	if (memory->callers)
		printf(", %.2f us of who came before", memory->before_us);
	printf("\n");
}

static void
tell_ratio(const char *what, double more_us, double less_us)
{
	printf("  slowed, %-40s %6.2f   bar 1.1\n", what, more_us / less_us);
}

static int
remove_one(const char *path, const struct stat *stat, int kind,
    struct FTW *walk)
{
	(void)stat, (void)kind, (void)walk;
	return remove(path);
}

static void
let_go(struct memory *memory)
{
	for (size_t i = 0; i < CALLERS; i++) {
		usher_facts_free(memory->first[i]);
		usher_facts_free(memory->before[i]);
	}
	usher_policy_release(memory->policy);
	usher_conf_release(memory->site);
	usher_close(memory->usher);
}

static void
tear_down(struct memory *memory)
{
	let_go(memory);
	if (nftw(memory->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		die("the folder cannot be removed");
}

static int
fill_site(const char *folder, const char *attempts)
{
	struct memory memory = { .attempts = strtoul(attempts, NULL, 10) };

	(void)snprintf(memory.conf, sizeof(memory.conf), "%s/usher.conf",
	    folder);
	set_up(&memory);
	fill(&memory);
	let_go(&memory);
	return 0;
}

int
main(int argc, char **argv)
{
	struct memory memories[] = { { .what = "no attempts" },
		{ .what = "2,000 attempts and acquaintances",
		    .attempts = BATCH,
		    .callers = true },
		{ .what = "a million attempts and acquaintances",
		    .attempts = argc > 1 ? strtoul(argv[1], NULL, 10) : MILLION,
		    .callers = true } };
	const struct memory *empty = &memories[0], *few = &memories[1],
			    *all = &memories[2];

	if (argc == 4 && strcmp(argv[1], "--fill") == 0)
		return fill_site(argv[2], argv[3]);
	for (size_t i = 0; i < 3; i++) {
		make_site(&memories[i]);
		set_up(&memories[i]);
		fill(&memories[i]);
		usher_close(memories[i].usher);
		open_handle(&memories[i]);
	}
	measure(memories, 3);
	for (size_t i = 0; i < 3; i++)
		tell(&memories[i]);
	tell_ratio("who comes first, beside an empty memory", all->first_us,
	    empty->first_us);
	tell_ratio("who comes first, beside 2,000 attempts", all->first_us,
	    few->first_us);
	tell_ratio("who came before, beside 2,000 attempts", all->before_us,
	    few->before_us);
	for (size_t i = 0; i < 3; i++)
		tear_down(&memories[i]);
	return 0;
}
