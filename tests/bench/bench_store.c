/*
 * bench_store RECIPIENTS...: what a decision and a publication cost with so
 * many published recipients (design.md §12).
 *
 * Most recipients are put into the store by its own interface, without files:
 * a million files measure the file system. A few are real files, changed and
 * published as a person would. All figures are wall clock of one thread; the
 * median where single runs are timed.
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store.h"
#include "usher.h"

enum {
	BATCH = 50000,
	COLD = 4000,
	WARM = 200000,
	PUBLICATIONS = 21,
	NAME = 48
};

/* 2026-11-24T15:00:00Z, a Tuesday. */
static const int64_t tuesday = 1795532400;

/* Ten rules; a cold call meets the last, a friend the eighth. */
static const char rules[] =
    "timezone = \"America/New_York\";\n"
    "topics = { storage = [ \"document storage\", \"records management\" ];"
    " };\n"
    "parties = { friends = { organizations = [ \"friend.example\" ]; phones ="
    " [ \"+1415777*\" ]; }; vendors = { organizations = [ \"one.example\","
    " \"two.example\" ]; }; };\n"
    "days = { holidays = [ \"07-04\", \"12-24..01-01\" ]; };\n"
    "rules = (\n"
    " { if = { channel = \"fax\"; }; then = \"refuse\"; },\n"
    " { if = { channel = \"message\"; stranger = true; }; then ="
    " \"redirect\"; to = [ \"email\" ]; },\n"
    " { if = { channel = \"video\"; }; then = \"defer\"; during ="
    " \"00:00-15:00\"; },\n"
    " { if = { from = [ \"*@spam.example\", \"+1900*\" ]; }; then ="
    " \"refuse\"; },\n"
    " { if = { country = [ \"CA\", \"MX\" ]; anonymous = true; }; then ="
    " \"refuse\"; },\n"
    " { if = { channel = \"email\"; purpose = \"sales\"; }; then ="
    " \"accept\"; during = \"11:00-13:00\"; requires = { words = \"<=300\";"
    " }; },\n"
    " { if = { channel = \"phone\"; party = \"vendors\"; }; then ="
    " \"accept\"; during = \"Fri 09:00-12:00\"; },\n"
    " { if = { party = \"friends\"; }; then = \"accept\"; },\n"
    " { if = { channel = \"phone\"; topic = \"storage\"; }; then ="
    " \"accept\"; during = \"Tue,Thu 16:00-17:00\"; },\n"
    " { name = \"cold calls\"; if = { channel = \"phone\"; }; then ="
    " \"accept\"; during = \"weekdays not holidays 16:00-17:00\"; } );\n";

struct bench {
	char folder[256];
	char conf[300], one[300];
	size_t recipients;
	struct usher *usher;
	struct usher_conf *site;
	struct usher_facts *friend, *stranger;
	struct usher_decision *decision;
};

static void
die(const char *what, const char *why)
{
	(void)fprintf(stderr, "bench_store: %s: %s\n", what, why);
	exit(1);
}

static double
now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int
compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double
median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

static void
write_file(const char *path, const char *text, const char *more)
{
	FILE *file = fopen(path, "w");

	if (file == NULL || fputs(text, file) < 0 || fputs(more, file) < 0 ||
	    fclose(file) != 0)
		die(path, strerror(errno));
}

static void
set_up(struct bench *bench)
{
	const char *base = getenv("TMPDIR");
	char path[300];

	(void)snprintf(bench->folder, sizeof(bench->folder),
	    "%.200s/usher-bench.XXXXXX", base == NULL ? "/tmp" : base);
	if (mkdtemp(bench->folder) == NULL)
		die(bench->folder, strerror(errno));
	(void)snprintf(path, sizeof(path), "%s/preferences", bench->folder);
	(void)mkdir(path, 0700);
	(void)snprintf(bench->conf, sizeof(bench->conf), "%s/usher.conf",
	    bench->folder);
	(void)snprintf(bench->one, sizeof(bench->one),
	    "%s/preferences/one.conf", bench->folder);
	write_file(bench->conf, "store = \"lmdb:store\";\n", "");
}

static void
name_of(size_t number, char name[NAME])
{
	(void)snprintf(name, NAME, "r%07zu@example.com", number);
}

static int
put_batch(struct store *store, const struct bench *bench, size_t from,
    struct usher_error *error)
{
	struct store_summary summary;
	int code = store->engine->begin(store, &summary, error);

	for (size_t i = from;
	     code == 0 && i < from + BATCH && i < bench->recipients; i++) {
		char name[NAME], path[320], text[4096];
		const char *names[] = { name };
		struct store_source source = { .path = path,
			.text = text,
			.stamp = { .inode = i + 1 },
			.needs = USHER_ALL,
			.name_count = 1,
			.names = names };

		name_of(i, name);
		(void)snprintf(path, sizeof(path), "%s/preferences/%07zu.conf",
		    bench->folder, i);
		source.length = (size_t)snprintf(text, sizeof(text),
		    "addresses = [ \"%s\" ];\n%s", name, rules);
		code = store->engine->put(store, &source, error);
	}
	if (code == 0)
		code = store->engine->commit(store, error);
	return code;
}

static void
fill(struct bench *bench)
{
	struct store_options options = { .write = true };
	struct usher_error error;
	struct store *store;
	char url[300];
	double begin = now_us();
	int code;

	(void)snprintf(url, sizeof(url), "lmdb:%s/store", bench->folder);
	if (usher_store_open(&store, url, &options, &error) != 0)
		die("store", error.text);
	for (size_t from = 0; from < bench->recipients; from += BATCH) {
		do
			code = put_batch(store, bench, from, &error);
		while (code == EAGAIN);
		if (code != 0)
			die("store", error.text);
	}
	usher_store_close(store);
	(void)printf("  %-52s %10.1f s\n",
	    "filling the store (no files, no"
	    " checks)",
	    (now_us() - begin) / 1e6);
}

static struct usher_facts *
caller(const struct bench *bench, const char *number)
{
	struct usher_facts *facts;

	if (usher_facts_new(bench->site, USHER_PHONE, &facts) != 0 ||
	    usher_facts_claim(facts, number, NULL) != 0 ||
	    usher_facts_prove(facts, number, NULL) != 0)
		die("facts", number);
	return facts;
}

static void
open_all(struct bench *bench)
{
	struct usher_error error;

	if (usher_open(&bench->usher, bench->conf, USHER_STORE, NULL, &error) !=
	    0)
		die("usher", error.text);
	bench->site = usher_conf_hold(bench->usher);
	bench->friend = caller(bench, "+14157770100");
	bench->stranger = caller(bench, "+12125550100");
}

static void
close_all(struct bench *bench)
{
	usher_decision_free(bench->decision);
	usher_facts_free(bench->friend);
	usher_facts_free(bench->stranger);
	usher_conf_release(bench->site);
	usher_close(bench->usher);
	bench->decision = NULL;
}

static void
decide(struct bench *bench, const char *who, const struct usher_facts *facts,
    enum usher_answer wanted)
{
	struct usher_question question = { .facts = facts, .at = tuesday };
	const struct usher_verdict *verdict;
	struct usher_policy *policy;
	struct usher_error error;

	if (usher_policy_find(bench->usher, bench->site, who, &policy,
		&error) != 0 ||
	    policy == NULL)
		die(who, policy == NULL ? "is not found" : error.text);
	question.policy = policy;
	if (usher_decide(bench->usher, &question, &bench->decision, &error) !=
	    0)
		die(who, error.text);
	verdict = usher_decision_verdict(bench->decision);
	if (verdict->answer != wanted ||
	    (wanted == USHER_DEFER && !verdict->opening.exists))
		die(who, usher_answer_word(verdict->answer));
	usher_policy_release(policy);
}

static void
show(const char *what, double us)
{
	(void)printf("  %-52s %10.3f us\n", what, us);
}

static void
measure_warm(struct bench *bench)
{
	char name[NAME];
	double begin;

	name_of(bench->recipients / 2, name);
	decide(bench, name, bench->friend, USHER_ACCEPT);
	begin = now_us();
	for (int i = 0; i < WARM; i++) {
		struct usher_policy *policy;

		if (usher_policy_find(bench->usher, bench->site, name, &policy,
			NULL) != 0)
			die(name, "is not found");
		usher_policy_release(policy);
	}
	show("look-up, warm", (now_us() - begin) / WARM);
	begin = now_us();
	for (int i = 0; i < WARM; i++)
		decide(bench, name, bench->friend, USHER_ACCEPT);
	show("look-up and decision, warm: accepted by rule 8",
	    (now_us() - begin) / WARM);
	begin = now_us();
	for (int i = 0; i < WARM / 10; i++)
		decide(bench, name, bench->stranger, USHER_DEFER);
	show("the same: deferred by rule 10, with its opening",
	    (now_us() - begin) / (WARM / 10.));
}

/* Recipients nobody asked for yet, far from each other. */
static void
measure_cold(struct bench *bench)
{
	static double times[COLD];
	size_t count = bench->recipients < COLD ? bench->recipients : COLD;
	size_t stride = bench->recipients / count;

	for (size_t i = 0; i < count; i++) {
		char name[NAME];
		double begin;

		name_of(i * stride + (i * 7) % stride, name);
		begin = now_us();
		decide(bench, name, bench->friend, USHER_ACCEPT);
		times[i] = now_us() - begin;
	}
	show("first decision for a recipient (cold), median",
	    median(times, count));
	show("the same, 99 of 100 within", times[count * 99 / 100]);
}

static void
publish_one(struct usher *usher, const char *path, int round)
{
	const char *const paths[] = { path, NULL };
	struct usher_publication publication;
	struct usher_error error;
	char head[128];

	(void)snprintf(head, sizeof(head),
	    "name = \"round %d\";\n"
	    "addresses = [ \"one@example.com\" ];\n",
	    round);
	write_file(path, head, rules);
	if (usher_publish(usher, paths, &publication, NULL, NULL, NULL,
		&error) != 0)
		die("publish", error.text);
	if (publication.changed + publication.added != 1)
		die("publish", "nothing has changed");
}

/* As `usher publish FILE` does it, all but starting the program. */
static void
publish_as_command(const struct bench *bench, int round)
{
	struct usher_error error;
	struct usher *usher;

	if (usher_open(&usher, bench->conf, 0, NULL, &error) != 0)
		die("usher", error.text);
	publish_one(usher, bench->one, round);
	usher_close(usher);
}

static void
measure_publish(struct bench *bench)
{
	double times[PUBLICATIONS], seen[PUBLICATIONS], begin;

	for (int i = 0; i < PUBLICATIONS; i++) {
		begin = now_us();
		publish_as_command(bench, i);
		times[i] = now_us() - begin;
	}
	show("one recipient's publish, configuration read anew",
	    median(times, PUBLICATIONS));
	open_all(bench);
	for (int i = 0; i < PUBLICATIONS; i++) {
		decide(bench, "one@example.com", bench->friend, USHER_ACCEPT);
		begin = now_us();
		publish_one(bench->usher, bench->one, PUBLICATIONS + i);
		times[i] = now_us() - begin;
		begin = now_us();
		decide(bench, "one@example.com", bench->friend, USHER_ACCEPT);
		seen[i] = now_us() - begin;
	}
	show("the same in a program that is open", median(times, PUBLICATIONS));
	show("the decision after it, by the new policy",
	    median(seen, PUBLICATIONS));
	close_all(bench);
}

static int
remove_one(const char *path, const struct stat *stat, int kind,
    struct FTW *walk)
{
	(void)stat, (void)kind, (void)walk;
	return remove(path);
}

static void
run(size_t recipients)
{
	struct bench bench = { .recipients = recipients };

	(void)printf("%zu published recipients, 10 rules each\n", recipients);
	set_up(&bench);
	fill(&bench);
	measure_publish(&bench);
	open_all(&bench);
	measure_cold(&bench);
	measure_warm(&bench);
	close_all(&bench);
	(void)nftw(bench.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int
main(int argc, char **argv)
{
	static char *const usual[] = { "1000", "1000000" };
	int count = argc > 1 ? argc - 1 : 2;

	for (int i = 0; i < count; i++) {
		const char *text = argc > 1 ? argv[i + 1] : usual[i];
		char *end;
		unsigned long recipients = strtoul(text, &end, 10);

		if (recipients < 10 || recipients > 9999999 || *end != '\0')
			die(text, "is no number of recipients (10 to 9999999)");
		run(recipients);
		(void)fflush(stdout);
	}
	return 0;
}
