/*
 * Reading evidence.conf and weighing with it: errors with their lines, how
 * items add up, and what the evidence we carry says of mails of our own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evidence.h"
#include "mail.h"

#define ITEM "source = \"s\"; date = \"2026-11\"; "
#define OUTCOMES                                                          \
	"outcomes = ( { purpose = \"sales\"; least = 1.5; groups = 2; }," \
	" { purpose = \"bulk\"; least = 1; } );\n"

#define PHRASE "phrases = [ \"x\" ]; "
#define FOR_SALES "for = \"sales\"; weight = 1; "
/* A source of one item, on its second line. */
#define WITH(rest) "items = (\n{ name = \"a\"; " rest ITEM "} );\n" OUTCOMES

static struct evidence *
parse(const char *text)
{
	struct usher_problems *problems = usher_problems_new();
	struct evidence *evidence = NULL;

	if (usher_evidence_parse(&evidence, "evidence.conf", text, strlen(text),
		problems))
		fail_msg("%s", usher_problems_get(problems, 0)->text);
	usher_problems_free(problems);
	return evidence;
}

static void
wrong_sources_are_told_with_their_line(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned line;
		const char *says;
	} table[] = {
		{ "items = ();\n", 0, "outcomes" },
		{ WITH("where = \"txt\"; " PHRASE FOR_SALES), 2,
		    "did you mean \"text\"" },
		{ WITH("where = \"text\"; phrases = [ \"--\" ]; " FOR_SALES), 2,
		    "has no word" },
		{ WITH("where = \"text\"; phrases = \"we ...\"; " FOR_SALES), 2,
		    "beside |" },
		{ WITH("where = \"text\"; phrases = \"a | ...\"; " FOR_SALES),
		    2, "beside |" },
		{ WITH("where = \"text\"; " FOR_SALES), 2, "want `phrases`" },
		{ WITH("where = \"structure\"; "
		       "test = \"fake-replay\"; " FOR_SALES),
		    2, "fake-reply" },
		{ WITH("where = \"header\"; " FOR_SALES), 2,
		    "the field's name" },
		{ WITH("where = \"link\"; " FOR_SALES), 2, "want `pattern`" },
		{ WITH("where = \"text\"; " PHRASE
		       "for = \"sales\"; weight = \"1\"; "),
		    2, "number" },
		{ WITH("where = \"text\"; " PHRASE
		       "for = \"sails\"; weight = 1; "),
		    2, "sales" },
		{ "items = (\n{ name = \"a\"; where = \"text\"; " PHRASE
			FOR_SALES "} );\n" OUTCOMES,
		    2, "source and date" },
		{ WITH("where = \"text\"; " PHRASE
		       "for = \"sales\"; wieght = 1; "),
		    2, "weight" },
		{ "items = ( );\noutcomes = (\n"
		  "{ purpose = \"sales\"; least = 1; } );\n",
		    3, "no single item" },
		{ "items = ( 1 );\n" OUTCOMES, 1, "group" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct usher_problems *problems = usher_problems_new();
		struct evidence *evidence = NULL;
		bool told = false;

		assert_int_equal(usher_evidence_parse(&evidence, "e.conf",
				     table[i].text, strlen(table[i].text),
				     problems),
		    EINVAL);
		for (size_t k = 0; k < usher_problems_count(problems); k++) {
			const struct usher_problem *one =
			    usher_problems_get(problems, k);

			told |= strstr(one->text, table[i].says) &&
			    (table[i].line == 0 || one->line == table[i].line);
		}
		if (!told)
			fail_msg("%zu: not told: %s (first: %s)", i,
			    table[i].says,
			    usher_problems_count(problems)
				? usher_problems_get(problems, 0)->text
				: "nothing");
		usher_problems_free(problems);
	}
}

static struct arena arena;

static enum usher_purpose
weigh(const struct evidence *evidence, const struct evidence_view *view,
    size_t *items)
{
	struct evidence_finding finding;

	usher_arena_reset(&arena);
	assert_int_equal(usher_evidence_weigh(evidence, &arena, view, &finding),
	    0);
	*items = finding.count;
	return finding.purpose;
}

static void
sums_and_independent_groups_decide(void **state)
{
	(void)state;
	struct evidence *evidence = parse(
	    "items = (\n"
	    "{ name = \"a\"; where = \"text\"; phrases = [ \"we offer\","
	    " \"we sell\" ];"
	    "  for = \"sales\"; weight = 1; times = 2; group = \"g\"; " ITEM
	    "},\n"
	    "{ name = \"b\"; where = [ \"subject\", \"text\" ];"
	    " phrases = [ \"Caf\xc3\xa9\" ];"
	    "  for = \"sales\"; weight = 0.5; group = \"h\"; " ITEM "},\n"
	    "{ name = \"c\"; where = \"header\"; header = \"X-Camp*\";"
	    " pattern = \"M*\";"
	    "  for = \"bulk\"; weight = 1; " ITEM "},\n"
	    "{ name = \"d\"; where = \"structure\"; test = \"reply\";"
	    "  for = \"personal\"; against = [ \"sales\" ]; weight = 1; " ITEM
	    "},\n"
	    "{ name = \"e\"; where = \"link\"; pattern = \"t.tool.example/*\";"
	    "  for = \"sales\"; weight = 1; group = \"h\"; " ITEM
	    "} );\n" OUTCOMES);
	const struct evidence_field campaign = { "x-campaign", "m-1" };
	const char *url = "t.tool.example/o";
	struct evidence_view view = { .text = "", .subject = "" };
	size_t items;

	usher_arena_init(&arena);
#define TEXT(words) (view.text = (words), view.text_length = strlen(words))
	TEXT("We offer. We sell. We offer!");
	assert_int_equal(weigh(evidence, &view, &items),
	    USHER_PURPOSE_UNKNOWN); /* 2.0, of one group */
	assert_int_equal(items, 1);
	TEXT("We -- OFFER cafe");
	assert_int_equal(weigh(evidence, &view, &items), USHER_SALES);
	assert_int_equal(items, 2);
	TEXT("We offered cafes");
	assert_int_equal(weigh(evidence, &view, &items), USHER_PURPOSE_UNKNOWN);
	assert_int_equal(items, 0);
	TEXT("we offer");
	view.subject = "CAF\xc3\x89";
	view.subject_length = 5;
	assert_int_equal(weigh(evidence, &view, &items), USHER_SALES);
	view.tests = 1ul << TEST_REPLY;
	assert_int_equal(weigh(evidence, &view, &items), USHER_PURPOSE_UNKNOWN);
	assert_int_equal(items, 3);
	view.field_count = 1;
	view.fields = &campaign;
	assert_int_equal(weigh(evidence, &view, &items), USHER_BULK);
	view.tests = 0;
	assert_int_equal(weigh(evidence, &view, &items), USHER_SALES);
	view.subject = NULL;
	view.url_count = 1;
	view.urls = &url;
	assert_int_equal(weigh(evidence, &view, &items), USHER_SALES);
	assert_int_equal(items, 3);
	/* A call has no links and no fields. */
	view.call = true;
	assert_int_equal(weigh(evidence, &view, &items), USHER_PURPOSE_UNKNOWN);
	assert_int_equal(items, 1);
#undef TEXT
	usher_arena_free(&arena);
	usher_evidence_free(evidence);
}

static void
a_file_in_the_directory_is_read_before_our_own(void **state)
{
	(void)state;
	char directory[] = "/tmp/usher-evidence-XXXXXX", path[64];
	static const char text[] =
	    "items = ( { name = \"mine\"; where = \"text\";"
	    " phrases = [ \"zork\" ]; for = \"bulk\"; weight = 9; " ITEM
	    "} );\n" OUTCOMES;
	struct evidence_view view = { .text = "zork", .text_length = 4 };
	struct evidence *evidence;
	size_t items;
	FILE *file;

	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/evidence.conf", directory);
	usher_arena_init(&arena);
	assert_int_equal(usher_evidence_read(&evidence, directory, NULL), 0);
	assert_null(evidence);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(usher_evidence_read(&evidence, directory, NULL), 0);
	assert_int_equal(weigh(evidence, &view, &items), USHER_BULK);
	usher_evidence_free(evidence);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs("items = (", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(usher_evidence_read(&evidence, directory, NULL),
	    EINVAL);
	unlink(path);
	rmdir(directory);
	usher_arena_free(&arena);
}

/* What each new key of an item does, one mail or call after the other. */
static void
what_is_said_of_other_purposes_counts_for_mails(void **state)
{
	(void)state;
	struct evidence *evidence = parse(
	    "items = (\n"
	    "{ name = \"a\"; where = \"text\"; phrases = [ \"we offer\" ];"
	    "  for = \"sales\"; weight = 1; group = \"g\";"
	    "  also = { bulk = 1.5; }; " ITEM "},\n"
	    "{ name = \"b\"; where = \"text\"; phrases = [ \"offer\" ];"
	    "  for = \"sales\"; weight = 1; group = \"h\"; " ITEM "},\n"
	    "{ name = \"c\"; where = \"header\";"
	    "  header = [ \"X-One\", \"*-Two\" ]; for = \"personal\";"
	    "  weight = 1; also = { sales = -9; bulk = -9; }; " ITEM "},\n"
	    "{ name = \"d\"; where = \"text\"; phrases = [ \"供应 \","
	    "  \"报价\" ]; times = 2; for = \"bulk\"; weight = 0.5; " ITEM
	    "}\n);\n"
	    "outcomes = ("
	    " { purpose = \"sales\"; least = 2; groups = 2; calls = true; },"
	    " { purpose = \"bulk\"; least = 1; } );\n");
	const struct evidence_field two = { "X-Q-Two", "x" };
	struct evidence_view view = { .text = "we offer", .text_length = 8 };
	size_t items;

	usher_arena_init(&arena);
	assert_int_equal(weigh(evidence, &view, &items), USHER_BULK);
	assert_int_equal(items, 2);
	view.field_count = 1;
	view.fields = &two;
	assert_int_equal(weigh(evidence, &view, &items), USHER_PURPOSE_UNKNOWN);
	assert_int_equal(items, 3);
	view.call = true;
	assert_int_equal(weigh(evidence, &view, &items), USHER_SALES);
	view = (struct evidence_view){ .text = "我们供应各种产品请报价。",
		.text_length = strlen("我们供应各种产品请报价。") };
	assert_int_equal(weigh(evidence, &view, &items), USHER_BULK);
	view.text_length -= strlen("报价。");
	assert_int_equal(weigh(evidence, &view, &items), USHER_PURPOSE_UNKNOWN);
	usher_arena_free(&arena);
	usher_evidence_free(evidence);
}

static void
gaps_and_choices_of_words_are_found(void **state)
{
	(void)state;
	struct evidence *evidence = parse(
	    "items = (\n"
	    "{ name = \"a\"; where = \"text\"; times = 9; phrases = ["
	    "  \"we|i help|assist ... firms|companies\","
	    "  \"this|here ... from ... in\" ];"
	    "  for = \"bulk\"; weight = 1; " ITEM "} );\n" OUTCOMES);
	static const struct {
		const char *text;
		size_t items;
	} table[] = {
		{ "We help firms", 1 },
		{ "I assist your many fine companies", 1 },
		{ "I assist one or two more companies", 0 },
		{ "we firms help", 0 },
		{ "we help", 0 },
		{ "companies we assist firms", 1 },
		{ "here: Sam from a town in", 1 },
		{ "this from in", 1 },
		{ "this is from not here or there in", 0 },
	};

	usher_arena_init(&arena);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct evidence_view view = { .text = table[i].text,
			.text_length = strlen(table[i].text) };
		size_t items;

		weigh(evidence, &view, &items);
		if (items != table[i].items)
			fail_msg("%s: %zu", table[i].text, items);
	}
	usher_arena_free(&arena);
	usher_evidence_free(evidence);
}

static void
links_and_senders_are_compared_whole(void **state)
{
	(void)state;
	struct evidence *evidence = parse(
	    "items = (\n"
	    "{ name = \"a\"; where = \"link\"; pattern = [ \"click.*\","
	    "  \"*/t/*x\" ]; for = \"bulk\"; weight = 1; " ITEM "},\n"
	    "{ name = \"b\"; where = \"from\"; pattern = [ \"*@*.top\" ];"
	    "  for = \"bulk\"; weight = 2; " ITEM "},\n"
	    "{ name = \"c\"; where = \"from\"; pattern = \"*\";"
	    "  for = \"sales\"; weight = 2; " ITEM "} );\n" OUTCOMES);
	static const struct {
		const char *urls[2], *from;
		size_t items;
	} table[] = {
		{ { "a.example/click.gif", "b.example/" }, NULL, 0 },
		{ { "b.example/", "click.a.example/" }, NULL, 1 },
		{ { "b.example/t/", "a.example/x" }, NULL, 0 },
		{ { "b.example/t/xy", "a.example/t/yx" }, NULL, 1 },
		{ { "", "" }, "sam@a.top", 2 },
		{ { "", "" }, "sam@a.top.example", 1 },
		{ { "", "" }, "", 1 },
	};

	usher_arena_init(&arena);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct evidence_view view = { .url_count = 2,
			.urls = table[i].urls,
			.from = table[i].from };
		size_t items;

		(void)weigh(evidence, &view, &items);
		if (items != table[i].items)
			fail_msg("%zu: %zu items", i, items);
	}
	usher_arena_free(&arena);
	usher_evidence_free(evidence);
}

struct mail_case {
	const char *name;
	enum usher_purpose purpose;
	const char *mail_from, *mail;
};

#define TO "To: alice@corp.example\n"

static const struct mail_case mails[] = {
	{ "a pitch", USHER_SALES, "sam@seller.example",
	    "From: Sam <sam@seller.example>\n" TO
	    "Subject: Partnership with your team\n\n"
	    "Hope you are doing well. We help companies cut the cost of\n"
	    "archives. Would you be interested in a short call?\n" },
	{ "a pitch made to look like a reply", USHER_SALES,
	    "sam@seller.example",
	    "From: Sam <sam@seller.example>\n" TO
	    "Subject: Re: our talk\n\nJust following up on my previous email."
	    " Are you interested in\nour services? We offer a free demo.\n" },
	{ "a pitch in German", USHER_SALES, "sam@seller.example",
	    "From: Sam <sam@seller.example>\n" TO "Subject: Zusammenarbeit\n"
	    "Content-Type: text/plain; charset=utf-8\n\n"
	    "Mein Name ist Sam. Wir unterst\xc3\xbctzen Unternehmen bei der "
	    "Ablage.\nBei Interesse melden Sie sich, unverbindlich.\n" },
	{ "a pitch in Polish", USHER_SALES, "sam@seller.example",
	    "From: Sam <sam@seller.example>\n" TO
	    "Subject: Oferta\nContent-Type: text/plain; charset=utf-8\n\n"
	    "Dzie\xc5\x84 dobry, oferujemy archiwa. "
	    "Czy s\xc4\x85 Pa\xc5\x84stwo "
	    "zainteresowani?\n" },
	{ "a pitch in French", USHER_SALES, "sam@seller.example",
	    "From: Sam <sam@seller.example>\n" TO
	    "Subject: Partenariat\nContent-Type: text/plain; charset=utf-8\n\n"
	    "Je me permets de vous contacter : notre entreprise range tout.\n"
	    "Seriez-vous int\xc3\xa9ress\xc3\xa9 ?\n" },
	{ "a pitch in Spanish", USHER_SALES, "sam@seller.example",
	    "From: Sam <sam@seller.example>\n" TO
	    "Subject: Propuesta\nContent-Type: text/plain; charset=utf-8\n\n"
	    "Le escribo porque ofrecemos archivos. \xc2\xbf"
	    "Estar\xc3\xad"
	    "a "
	    "interesado?\n" },
	{ "a pitch that calls itself one", USHER_SALES, "sam@seller.example",
	    "From: Sam <sam@seller.example>\n" TO "Solicitation: "
	    "example.com:adv\nSubject: Hello\n\nOur company sells shelves.\n" },
	{ "the field alone is no second witness", USHER_PURPOSE_UNKNOWN,
	    "sam@seller.example",
	    "From: Sam <sam@seller.example>\n" TO
	    "Solicitation: example.com:adv\nSubject: Hello\n\nShelves.\n" },
	{ "one phrase is no pitch", USHER_PURPOSE_UNKNOWN, "bob@corp.example",
	    "From: Bob <bob@friend.example>\n" TO "Subject: Dinner\n\n"
	    "Are you interested in joining us on Friday?\n" },
	{ "an answer with a quote", USHER_PERSONAL, "bob@friend.example",
	    "From: Bob <bob@friend.example>\n" TO "Subject: Re: Friday\n"
	    "In-Reply-To: <1@corp.example>\n\nYes, let us talk about pricing.\n"
	    "On Mon, Alice wrote:\n> Shall we?\n" },
	{ "a newsletter", USHER_BULK, "bounce-1@news.shop.example",
	    "From: Shop <news@shop.example>\n" TO "Subject: News of March\n"
	    "List-Unsubscribe: <https://shop.example/u>\n"
	    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n"
	    "List-Id: <n.shop.example>\n"
	    "Content-Type: text/html\n\n<p>Read our stories. "
	    "View in browser or unsubscribe.</p>" },
	{ "a discussion", USHER_LIST, "list-bounces@lists.example",
	    "From: Bob <bob@friend.example>\nTo: list@lists.example\n"
	    "Subject: [list] Shelves\nList-Id: <list.lists.example>\n"
	    "List-Post: <mailto:list@lists.example>\n"
	    "List-Unsubscribe: <mailto:leave@lists.example>\n\n"
	    "Which shelves do you use?\n" },
	{ "a bounce", USHER_TRANSACTIONAL, "",
	    "From: MAILER-DAEMON@mx.example\n" TO
	    "Subject: Undelivered Mail Returned to Sender\n"
	    "Auto-Submitted: auto-replied\nContent-Type: multipart/report; "
	    "report-type=delivery-status; boundary=b\n\n--b\n\nCould not be "
	    "delivered to <x@y.example>\n--b--\n" },
	{ "a code", USHER_TRANSACTIONAL, "noreply@bank.example",
	    "From: noreply@bank.example\n" TO
	    "Subject: Your verification code\n"
	    "\n123456\n" },
	{ "a parcel", USHER_TRANSACTIONAL, "noreply@parcel.example",
	    "From: noreply@parcel.example\n" TO
	    "Subject: Your package has shipped"
	    "\n\nTracking number 1234. Estimated delivery Monday.\n" },
	{ "a pitch that borrows a list's fields", USHER_SALES,
	    "sam@seller.example",
	    "From: Sam <sam@seller.example>\n" TO "X-BeenThere: x\n"
	    "Subject: Partnership and lead generation\n\n"
	    "Hope you are doing well. We provide leads. Our clients like:\n"
	    "verified contacts, decision makers, b2b. Are you interested in a\n"
	    "quick call? Let me know your interest.\n" },
	{ "nothing to say", USHER_PURPOSE_UNKNOWN, "x@y.example",
	    "From: x@y.example\n" TO "\n" },
};

static void
our_evidence_tells_mails_apart(void **state)
{
	(void)state;
	struct usher_problems *problems = usher_problems_new();

	if (usher_evidence_built_in(&mail_conf.evidence, problems))
		fail_msg("evidence.conf:%u: %s",
		    usher_problems_get(problems, 0)->line,
		    usher_problems_get(problems, 0)->text);
	assert_int_equal(usher_problems_count(problems), 0);
	usher_problems_free(problems);
	for (size_t i = 0; i < sizeof(mails) / sizeof(mails[0]); i++) {
		struct usher_envelope envelope = {
			.mail_from = mails[i].mail_from
		};
		char items[1024] = "";

		mail_read_bytes(mails[i].mail, strlen(mails[i].mail),
		    &envelope);
		for (size_t k = 0; k < mail_facts->evidence_count; k++) {
			strcat(items, mail_facts->evidence[k].name);
			strcat(items, "; ");
			assert_true(mail_facts->evidence[k].where[0]);
		}
		if (mail_facts->purpose != mails[i].purpose)
			fail_msg("%s is %s: %s", mails[i].name,
			    usher_purpose_word(mail_facts->purpose), items);
		mail_done();
	}
	usher_evidence_free(mail_conf.evidence);
	mail_conf.evidence = NULL;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_sources_are_told_with_their_line),
		cmocka_unit_test(
		    what_is_said_of_other_purposes_counts_for_mails),
		cmocka_unit_test(gaps_and_choices_of_words_are_found),
		cmocka_unit_test(links_and_senders_are_compared_whole),
		cmocka_unit_test(sums_and_independent_groups_decide),
		cmocka_unit_test(
		    a_file_in_the_directory_is_read_before_our_own),
		cmocka_unit_test(our_evidence_tells_mails_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
