/*
 * What Authentication-Results prove, and what forgers try. Each case is a
 * header as the milter saw it, topmost field first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proof.h"

#define OF_DKIM "dkim=pass header.d=sender.example header.s=s"
#define OF_SPF "spf=pass smtp.mailfrom=bounce@mail.sender.example"
#define OF_DMARC "dmarc=pass (p=none dis=none) header.from=sender.example"

enum { QUEUE_ID, STRIPPED, STORED, STORED_STRIPPED, NULL_SENDER, NO_QUEUE_ID };

struct proof_case {
	const char *name;
	int how;
	bool proven;
	const char *from;      /* NULL: ann@sender.example */
	const char *fields[6]; /* "R ..." is Received, "X" another */
};

static const struct proof_case cases[] = {
	/* ---- what our filters write ---- */
	{ "dmarc passes", QUEUE_ID, true, NULL,
	    { "mx.example.com/4Fq1; " OF_DMARC } },
	{ "dkim passes, aligned", QUEUE_ID, true, NULL,
	    { "mx.example.com/4Fq1; " OF_DKIM } },
	{ "dkim of a host below the organization", QUEUE_ID, true, NULL,
	    { "mx.example.com/4Fq1; dkim=pass header.d=m.sender.example" } },
	{ "dkim by header.i alone", QUEUE_ID, true, NULL,
	    { "mx.example.com/4Fq1; dkim=pass header.i=@sender.example" } },
	{ "spf passes, aligned", QUEUE_ID, true, NULL,
	    { "mx.example.com/4Fq1; " OF_SPF } },
	{ "spf with a bare domain", QUEUE_ID, true, NULL,
	    { "mx.example.com/4Fq1; spf=pass smtp.mailfrom=sender.example" } },
	{ "two signatures in one field", QUEUE_ID, true, NULL,
	    { "mx.example.com/4Fq1; dkim=pass header.d=esp.example;"
	      " dkim=pass header.d=sender.example" } },
	{ "a field a filter", QUEUE_ID, true, NULL,
	    { "mx.example.com/4Fq1; dmarc=none header.from=sender.example",
		"mx.example.com/4Fq1; " OF_DKIM } },
	{ "id in other case", QUEUE_ID, true, NULL,
	    { "MX.Example.COM/4Fq1; " OF_DKIM } },
	{ "version, comments, folding, quotes", QUEUE_ID, true, NULL,
	    { "(c(c)) \"mx.example.com/4Fq1\" (x) 1 ; (y) dkim (z) / 1 = pass"
	      "\t(2048-bit \\) key) reason=\"good; \\\"x\\\"\" header . d = "
	      "sender.example ;" } },
	{ "unknown methods are ignored", QUEUE_ID, true, NULL,
	    { "mx.example.com/4Fq1; x-foo=bar x.y=z; " OF_DKIM } },
	{ "fields of others between ours", QUEUE_ID, true, NULL,
	    { "other.example; dkim=fail", "mx.example.com/4Fq1; " OF_DKIM } },
	{ "OpenDMARC's own SPF result, without id", QUEUE_ID, true, NULL,
	    { "mx.example.com/4Fq1; dmarc=none header.from=sender.example",
		"mx.example.com; spf=fail smtp.mailfrom=esp.example",
		"mx.example.com/4Fq1; " OF_DKIM } },
	/* ---- what proves nothing ---- */
	{ "OpenDMARC's own SPF result is not believed", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; dmarc=none header.from=sender.example",
		"mx.example.com; " OF_SPF } },
	{ "an SPF result without id elsewhere ends it", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; dmarc=none header.from=sender.example",
		"other.example; dkim=fail", "mx.example.com; " OF_SPF,
		"mx.example.com/4Fq1; " OF_DKIM } },
	{ "two of them end it", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; dmarc=none header.from=sender.example",
		"mx.example.com; " OF_SPF, "mx.example.com; " OF_SPF,
		"mx.example.com/4Fq1; " OF_DKIM } },
	{ "one with another method ends it", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; dmarc=none header.from=sender.example",
		"mx.example.com; " OF_SPF "; " OF_DKIM,
		"mx.example.com/4Fq1; " OF_DKIM } },
	{ "one of another queue id ends it", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; dmarc=none header.from=sender.example",
		"mx.example.com/4Fq2; " OF_SPF,
		"mx.example.com/4Fq1; " OF_DKIM } },
	{ "none", QUEUE_ID, false, NULL, { "mx.example.com/4Fq1; none" } },
	{ "no field", QUEUE_ID, false, NULL, { "X y" } },
	{ "dkim fails", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; dkim=fail header.d=sender.example" } },
	{ "dkim of another", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; dkim=pass header.d=esp.example" } },
	{ "dkim without a domain", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; dkim=pass" } },
	{ "dkim of a public suffix", QUEUE_ID, false, "ann@shop.co.uk",
	    { "mx.example.com/4Fq1; dkim=pass header.d=co.uk" } },
	{ "spf of helo", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; spf=pass smtp.helo=sender.example" } },
	{ "spf of another", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; spf=pass smtp.mailfrom=a@esp.example" } },
	{ "spf with the domain in the local part", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; spf=pass "
	      "smtp.mailfrom=sender.example@esp.example" } },
	{ "dmarc of another domain", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; dmarc=pass header.from=esp.example" } },
	{ "dmarc fails, dkim passes", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; dmarc=fail header.from=sender.example",
		"mx.example.com/4Fq1; " OF_DKIM } },
	{ "dkim passes, dmarc fails in the same field", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; " OF_DKIM
	      "; dmarc=fail header.from=sender.example" } },
	{ "null sender: spf proves nothing", NULL_SENDER, false, NULL,
	    { "mx.example.com/4Fq1; " OF_SPF } },
	{ "null sender: dkim is of the From", NULL_SENDER, true, NULL,
	    { "mx.example.com/4Fq1; " OF_DKIM } },
	{ "a look-alike From", QUEUE_ID, false,
	    "ann@sender.example.evil.example",
	    { "mx.example.com/4Fq1; " OF_DKIM } },
	/* ---- forgeries ---- */
	{ "forged first, no queue id", QUEUE_ID, false, NULL,
	    { "mx.example.com; " OF_DKIM } },
	{ "a field of another name", QUEUE_ID, false, NULL,
	    { "X mx.example.com/4Fq1; " OF_DKIM } },
	{ "forged with a guessed queue id", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq2; " OF_DKIM } },
	{ "queue ids keep their case", QUEUE_ID, false, NULL,
	    { "mx.example.com/4FQ1; " OF_DKIM } },
	{ "forged below ours of another method", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; spf=none smtp.mailfrom=x.example",
		"mx.example.com; " OF_DKIM } },
	{ "reading ends at ours without the id", QUEUE_ID, false, NULL,
	    { "mx.example.com; none", "mx.example.com/4Fq1; " OF_DKIM } },
	{ "below Received", QUEUE_ID, false, NULL,
	    { "X y", "R from a by b; now", "mx.example.com/4Fq1; " OF_DKIM } },
	{ "below a Received that names us", QUEUE_ID, false, NULL,
	    { "R from a by mx.example.com id 4Fq1; now",
		"mx.example.com/4Fq1; " OF_DKIM } },
	{ "a lower field cannot better an upper one", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; dkim=fail header.d=sender.example",
		"mx.example.com/4Fq1; " OF_DKIM } },
	{ "id of a host below ours", QUEUE_ID, false, NULL,
	    { "x.mx.example.com/4Fq1; " OF_DKIM } },
	{ "id within a comment", QUEUE_ID, false, NULL,
	    { "(mx.example.com/4Fq1;) evil.example; " OF_DKIM } },
	{ "result within a comment", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; dkim=fail (; " OF_DKIM " )" } },
	{ "result within a quoted reason", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; dkim=fail reason=\"; " OF_DKIM "\"" } },
	{ "unclosed comment", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; " OF_DKIM " (oops" } },
	{ "unclosed quote", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; " OF_DKIM " reason=\"oops" } },
	{ "unknown version", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1 2; " OF_DKIM } },
	{ "unknown version of the method", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; dkim/2=pass header.d=sender.example" } },
	{ "the domain said twice", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; dkim=pass header.d=sender.example "
	      "header.d=esp.example" } },
	{ "a comment that splits the result", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; dkim=pa(x)ss header.d=sender.example" } },
	{ "a signer who writes the sender's domain", QUEUE_ID, false, NULL,
	    { "mx.example.com/4Fq1; dkim=pass header.d=esp.example "
	      "header.i=x@sender.example" } },
	{ "no queue id is known", NO_QUEUE_ID, false, NULL,
	    { "mx.example.com/; " OF_DKIM } },
	/* ---- stripped ---- */
	{ "stripped: the id alone", STRIPPED, true, NULL,
	    { "mx.example.com; " OF_DKIM } },
	{ "stripped: with any queue id", STRIPPED, true, NULL,
	    { "mx.example.com/zzz; " OF_DKIM } },
	{ "stripped: below Received", STRIPPED, false, NULL,
	    { "R from a by b; now", "mx.example.com; " OF_DKIM } },
	{ "stripped: of another", STRIPPED, false, NULL,
	    { "other.example; " OF_DKIM } },
	/* ---- stored mails ---- */
	{ "stored: below our Received", STORED, true, NULL,
	    { "R from a by mx.example.com (Postfix) with ESMTP id 4Fq1; now",
		"mx.example.com/4Fq1; " OF_DKIM, "R from b by c id d; then" } },
	{ "stored: two hops of ours", STORED, true, NULL,
	    { "R from mx by store.example.com with LMTP id Ab; now",
		"R from a by mx.example.com id 4Fq1; now",
		"mx.example.com/4Fq1; " OF_DKIM } },
	{ "stored: id of another Received", STORED, false, NULL,
	    { "R from a by mx.example.com id 5Gq1; now",
		"mx.example.com/4Fq1; " OF_DKIM } },
	{ "stored: below a foreign Received", STORED, false, NULL,
	    { "R from a by mx.example.com id 4Fq1; now",
		"R from a by b.example id 1; now",
		"mx.example.com/4Fq1; " OF_DKIM } },
	{ "stored: our host forged below our fields", STORED, false, NULL,
	    { "R from a by mx.example.com id 4Fq1; now", "X y",
		"R from a by mx.example.com id 6Hq1; now",
		"mx.example.com/6Hq1; " OF_DKIM } },
	{ "stored: by in a comment", STORED, false, NULL,
	    { "R from a (x by mx.example.com id 4Fq1 ) by b.example; now",
		"mx.example.com/4Fq1; " OF_DKIM } },
	{ "stored: without any Received", STORED, false, NULL,
	    { "mx.example.com/4Fq1; " OF_DKIM } },
	{ "stored and stripped", STORED_STRIPPED, true, NULL,
	    { "R from a by mx.example.com id 4Fq1; now",
		"mx.example.com; " OF_DKIM } },
};

static bool
holds(const struct proof_case *one)
{
	static const char *const ids[] = { "mx.example.com" };
	static const char *const domains[] = { "example.com" };
	struct evidence_field fields[6];
	struct proof_source source = {
		.id_count = 1,
		.ids = ids,
		.queue_id = "4Fq1",
		.domain_count = 1,
		.domains = domains,
		.stripped = one->how == STRIPPED || one->how == STORED_STRIPPED,
		.stored = one->how == STORED || one->how == STORED_STRIPPED,
		.null_sender = one->how == NULL_SENDER,
	};
	struct arena arena;
	size_t count = 0;
	bool proven;

	if (source.stored)
		source.queue_id = NULL;
	else if (one->how == NO_QUEUE_ID)
		source.queue_id = "";
	for (; count < 6 && one->fields[count]; count++) {
		const char *text = one->fields[count];

		fields[count].name = "Authentication-Results";
		fields[count].value = text;
		if (text[1] == ' ' && (*text == 'R' || *text == 'X')) {
			fields[count].name = *text == 'R' ? "Received"
							  : "X-Other";
			fields[count].value = text + 2;
		}
	}
	usher_arena_init(&arena);
	proven = usher_proof_holds(&arena, &source, fields, count,
	    one->from ? one->from : "ann@sender.example");
	usher_arena_free(&arena);
	return proven;
}

static void
each_header_proves_what_it_should(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (holds(&cases[i]) != cases[i].proven)
			fail_msg("%s: %s", cases[i].name,
			    cases[i].proven ? "is not proven" : "is proven");
	}
}

static void
without_ids_nothing_is_proven(void **state)
{
	(void)state;
	struct evidence_field field = { "Authentication-Results",
		"mx.example.com; " OF_DKIM };
	struct proof_source source = { .stripped = true };
	struct arena arena;

	usher_arena_init(&arena);
	assert_false(usher_proof_holds(&arena, &source, &field, 1,
	    "ann@sender.example"));
	usher_arena_free(&arena);
}

/* Every cut of a good field is read without harm and never proves more. */
static void
cut_fields_do_no_harm(void **state)
{
	(void)state;
	static const char whole[] =
	    "mx.example.com/4Fq1 (a) 1; dkim=pass "
	    "(b (c)) reason=\"d\" header.d=esp.example; spf=pass "
	    "smtp.mailfrom=\"x y\"@sender.example; dmarc=none";
	char cut[sizeof(whole)];

	for (size_t i = 0; i < sizeof(whole); i++) {
		struct auth_results results;
		struct arena arena;

		memcpy(cut, whole, i);
		cut[i] = '\0';
		usher_arena_init(&arena);
		if (usher_auth_results_parse(&arena, cut, &results))
			assert_true(results.count <= 3);
		usher_arena_free(&arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_header_proves_what_it_should),
		cmocka_unit_test(without_ids_nothing_is_proven),
		cmocka_unit_test(cut_fields_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
