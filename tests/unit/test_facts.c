/*
 * Facts by hand and by the daemons' functions: identities and their proof,
 * facts by name, folding, words of the enumerations, purpose of a call.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "conf.h"
#include "evidence.h"
#include "facts.h"

static const char *const stages[] = {
	"introduction",
	"evaluation",
	"customer",
	"support",
	"pilot",
};

/* One reference is the test's own, so releasing never frees it. */
static struct usher_conf conf = {
	.references = 1,
	.dialling = { "1", "011", "1" },
	.stage_count = 5,
	.stages = stages,
};

static struct usher_facts *
fresh(enum usher_channel channel)
{
	struct usher_facts *facts;

	assert_int_equal(usher_facts_new(&conf, channel, &facts), 0);
	return facts;
}

static void
set(struct usher_facts *facts, const char *name, const char *value)
{
	struct usher_error error = { 0 };

	if (usher_facts_set(facts, name, value, &error))
		fail_msg("%s=%s: %s", name, value, error.text);
}

static void
a_call_shows_all_and_a_mail_nothing(void **state)
{
	(void)state;
	struct usher_facts *facts = fresh(USHER_PHONE);

	assert_int_equal(facts->shown, USHER_ALL);
	usher_facts_channel(facts, USHER_MESSAGE);
	assert_int_equal(facts->shown, USHER_ALL);
	usher_facts_free(facts);
	facts = fresh(USHER_EMAIL);
	assert_int_equal(facts->shown, 0);
	usher_facts_shown(facts, USHER_HEADERS);
	assert_int_equal(facts->shown, USHER_HEADERS);
	usher_facts_free(facts);
}

static void
proven_is_claimed_as_well(void **state)
{
	(void)state;
	struct usher_facts *facts = fresh(USHER_EMAIL);

	assert_int_equal(usher_facts_claim(facts, "Ann@Example.COM", NULL), 0);
	assert_int_equal(facts->claim_count, 1);
	assert_int_equal(facts->proven_count, 0);
	assert_string_equal(facts->claims[0].text, "ann@example.com");
	assert_int_equal(usher_facts_prove(facts, "<ann@example.com>", NULL),
	    0);
	assert_int_equal(facts->claim_count, 1);
	assert_int_equal(facts->proven_count, 1);
	assert_int_equal(usher_facts_prove(facts, "bob@example.org", NULL), 0);
	assert_int_equal(facts->claim_count, 2);
	assert_int_equal(facts->proven_count, 2);
	usher_facts_free(facts);
}

static void
what_is_no_identity_changes_nothing(void **state)
{
	(void)state;
	struct usher_facts *facts = fresh(USHER_EMAIL);
	struct usher_error error = { 0 };

	assert_int_equal(usher_facts_claim(facts, "nobody", &error), EINVAL);
	assert_true(error.text[0]);
	assert_int_equal(usher_facts_prove(facts, "", NULL), EINVAL);
	assert_int_equal(facts->claim_count, 0);
	assert_int_equal(facts->proven_count, 0);
	usher_facts_free(facts);
}

static void
claims_are_bounded_and_proof_still_counts(void **state)
{
	(void)state;
	struct usher_facts *facts = fresh(USHER_EMAIL);
	char who[32];

	for (int i = 0; i < MOST_CLAIMS; i++) {
		snprintf(who, sizeof(who), "a%d@example.com", i);
		assert_int_equal(usher_facts_claim(facts, who, NULL), 0);
	}
	assert_int_equal(usher_facts_claim(facts, "z@example.com", NULL),
	    E2BIG);
	assert_int_equal(usher_facts_prove(facts, "a1@example.com", NULL), 0);
	assert_int_equal(facts->proven_count, 1);
	usher_facts_free(facts);
}

static void
trusting_claims_proves_earlier_and_later_ones(void **state)
{
	(void)state;
	struct usher_facts *facts = fresh(USHER_EMAIL);

	assert_int_equal(usher_facts_claim(facts, "a@example.com", NULL), 0);
	usher_facts_prove_claims(facts);
	assert_true(facts->claims_proven);
	assert_int_equal(facts->proven_count, 1);
	assert_int_equal(usher_facts_claim(facts, "b@example.com", NULL), 0);
	assert_int_equal(facts->proven_count, 2);
	usher_facts_free(facts);
}

static void
facts_by_name_are_read(void **state)
{
	(void)state;
	struct usher_facts *facts = fresh(USHER_EMAIL);
	const struct sockaddr_in *four = (struct sockaddr_in *)&facts->client;

	set(facts, "attachment", "pdf");
	set(facts, "attachment", "Deck.PPTX");
	set(facts, "attachment", "pdf");
	assert_int_equal(facts->attachment_count, 2);
	assert_string_equal(facts->attachments[0].ending, "pdf");
	assert_string_equal(facts->attachments[0].name, "");
	assert_string_equal(facts->attachments[1].ending, "pptx");
	assert_string_equal(facts->attachments[1].name, "deck.pptx");
	set(facts, "link", "Slides.Example.NET");
	set(facts, "link", "https://u@slides.example.net:8443/x?y#z");
	set(facts, "link", "http://other.example/");
	assert_int_equal(facts->link_count, 2);
	assert_string_equal(facts->links[0], "slides.example.net");
	assert_string_equal(facts->links[1], "other.example");
	set(facts, "topic", "storage");
	set(facts, "topic", "search");
	assert_int_equal(facts->topic_count, 2);
	set(facts, "known", "true");
	set(facts, "introduced", "false");
	assert_int_equal(facts->remembered.known, 1);
	assert_int_equal(facts->remembered.introduced, 0);
	assert_int_equal(facts->remembered.stranger, -1);
	set(facts, "code", "preferred");
	assert_string_equal(facts->codes[0], "preferred");
	set(facts, "stage", "pilot");
	set(facts, "stage", "customer");
	assert_int_equal(facts->remembered.stage_count, 2);
	set(facts, "standing", "poor");
	assert_int_equal(facts->remembered.standing, USHER_POOR);
	set(facts, "tried", "3");
	assert_int_equal(facts->remembered.tried, 3);
	set(facts, "country", "us");
	assert_string_equal(facts->country, "US");
	set(facts, "network", "AS64500");
	assert_int_equal(facts->network, 64500);
	set(facts, "network", "192.0.2.0/24");
	assert_int_equal(four->sin_addr.s_addr, inet_addr("192.0.2.0"));
	set(facts, "client", "2001:db8::1");
	assert_int_equal(facts->client.ss_family, AF_INET6);
	set(facts, "purpose", "sales");
	assert_int_equal(usher_facts_get_purpose(facts), USHER_SALES);
	assert_true(facts->purpose_given);
	set(facts, "from", "x@example.net");
	set(facts, "organization", "Example.ORG");
	assert_int_equal(facts->claim_count, 2);
	assert_string_equal(facts->claims[1].organization, "example.org");
	set(facts, "verified", "true");
	assert_int_equal(facts->proven_count, 2);
	set(facts, "verified", "false");
	assert_int_equal(facts->proven_count, 0);
	set(facts, "anonymous", "true");
	assert_true(facts->anonymous);
	usher_facts_free(facts);
}

static void
wrong_facts_are_refused_with_a_sentence(void **state)
{
	(void)state;
	static const struct {
		const char *name, *value, *says;
	} table[] = {
		{ "atachment", "pdf", "did you mean \"attachment\"" },
		{ "zzzzzz", "1", "there are:" },
		{ "attachment", "", "name ending" },
		{ "attachment", "x.", "name ending" },
		{ "link", "", "host or a URL" },
		{ "link", "http:///x", "host or a URL" },
		{ "words", "-1", "number" },
		{ "words", "1x", "number" },
		{ "words", "", "number" },
		{ "words", "99999999999999999999", "number" },
		{ "known", "yes", "true or false" },
		{ "stage", "costumer", "did you mean \"customer\"" },
		{ "standing", "bad", "new, good or poor" },
		{ "country", "USA", "two letters" },
		{ "network", "AS0", "AS64500" },
		{ "network", "AS99999999999", "AS64500" },
		{ "network", "192.0.2.0/33", "AS64500" },
		{ "client", "host.example", "IPv4 or IPv6" },
		{ "client", "192.0.2.0/24", "IPv4 or IPv6" },
		{ "purpose", "sale", "sales, bulk" },
		{ "organization", "", "domain" },
		{ "topic", "", "topics" },
		{ "code", "", "parties" },
	};
	struct usher_facts *facts = fresh(USHER_EMAIL);

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct usher_error error = { 0 };

		if (usher_facts_set(facts, table[i].name, table[i].value,
			&error) != EINVAL)
			fail_msg("%s=%s was taken", table[i].name,
			    table[i].value);
		if (!strstr(error.text, table[i].says))
			fail_msg("%s=%s: \"%s\" does not say \"%s\"",
			    table[i].name, table[i].value, error.text,
			    table[i].says);
	}
	assert_int_equal(facts->attachment_count + facts->link_count +
		facts->claim_count + facts->topic_count,
	    0);
	assert_int_equal(facts->remembered.known, -1);
	usher_facts_free(facts);
}

static void
words_by_hand_win_over_text(void **state)
{
	(void)state;
	struct usher_facts *facts = fresh(USHER_EMAIL);

	set(facts, "text", "one two three");
	assert_int_equal(facts->words, 3);
	set(facts, "words", "12");
	set(facts, "text", "four");
	assert_int_equal(facts->words, 12);
	assert_string_equal(facts->text, "one two three\nfour");
	usher_facts_free(facts);
}

static void
topics_look_into_subject_reason_and_500_words(void **state)
{
	(void)state;
	struct usher_facts *facts = fresh(USHER_EMAIL);
	struct phrase phrase;
	char text[8 * 600] = "";

	for (int i = 0; i < 499; i++)
		strcat(text, "word ");
	strcat(text, "First too late");
	set(facts, "subject",
	    "D\xc3\xb6"
	    "cument Storage");
	set(facts, "reason", "an OFFER");
	set(facts, "text", text);
	assert_int_equal(usher_phrase_make(&facts->arena, "document storage",
			     &phrase),
	    0);
	assert_true(
	    usher_phrase_occurs(&phrase, facts->folded, facts->folded_length));
	assert_int_equal(usher_phrase_make(&facts->arena, "offer", &phrase), 0);
	assert_true(
	    usher_phrase_occurs(&phrase, facts->folded, facts->folded_length));
	assert_int_equal(usher_phrase_make(&facts->arena, "first", &phrase), 0);
	assert_true(
	    usher_phrase_occurs(&phrase, facts->folded, facts->folded_length));
	assert_int_equal(usher_phrase_make(&facts->arena, "late", &phrase), 0);
	assert_false(
	    usher_phrase_occurs(&phrase, facts->folded, facts->folded_length));
	usher_facts_free(facts);
}

static void
purpose_of_a_call_takes_two_witnesses(void **state)
{
	(void)state;
	static const struct {
		const char *subject, *reason, *name, *organization;
		enum usher_purpose purpose;
	} table[] = {
		{ "Special offer", "presentation of our products", NULL, NULL,
		    USHER_SALES },
		{ "Special offer", NULL, "Ann", NULL, USHER_PURPOSE_UNKNOWN },
		{ NULL, "introduce our services", "Sales Department", "Acme",
		    USHER_SALES },
		{ "About your appointment", NULL, NULL, NULL,
		    USHER_TRANSACTIONAL },
		{ NULL, NULL, NULL, NULL, USHER_PURPOSE_UNKNOWN },
		{ "Lunch?", NULL, "Ann", "Example", USHER_PURPOSE_UNKNOWN },
	};

	assert_int_equal(usher_evidence_built_in(&conf.evidence, NULL), 0);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct usher_facts *facts = fresh(USHER_PHONE);

		if (table[i].subject)
			set(facts, "subject", table[i].subject);
		if (table[i].reason)
			set(facts, "reason", table[i].reason);
		assert_int_equal(usher_facts_purpose_of_call(facts,
				     table[i].name, table[i].organization),
		    0);
		if (facts->purpose != table[i].purpose)
			fail_msg("call %zu is %s", i,
			    usher_purpose_word(facts->purpose));
		usher_facts_free(facts);
	}
	usher_evidence_free(conf.evidence);
	conf.evidence = NULL;
}

static void
words_of_enumerations_are_read_back(void **state)
{
	(void)state;
	enum usher_channel channel = USHER_FAX;
	enum usher_purpose purpose = USHER_LIST;

	for (int i = USHER_EMAIL; i < USHER_URI; i++) {
		assert_true(usher_channel_read(usher_channel_word(
						   (enum usher_channel)i),
		    &channel));
		assert_int_equal(channel, i);
	}
	for (int i = 0; i <= USHER_PERSONAL; i++) {
		assert_true(usher_purpose_read(usher_purpose_word(
						   (enum usher_purpose)i),
		    &purpose));
		assert_int_equal(purpose, i);
	}
	purpose = USHER_LIST;
	assert_false(usher_channel_read("uri", &channel));
	assert_false(usher_purpose_read("Sales", &purpose));
	assert_false(usher_purpose_read(NULL, &purpose));
	assert_int_equal(purpose, USHER_LIST);
	assert_string_equal(usher_answer_word(USHER_REDIRECT), "redirect");
	assert_string_equal(usher_reason_word(USHER_OUTSIDE_HOURS),
	    "outside its hours");
	assert_string_equal(usher_mode_word(USHER_OBSERVE), "observe");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_shows_all_and_a_mail_nothing),
		cmocka_unit_test(proven_is_claimed_as_well),
		cmocka_unit_test(what_is_no_identity_changes_nothing),
		cmocka_unit_test(claims_are_bounded_and_proof_still_counts),
		cmocka_unit_test(trusting_claims_proves_earlier_and_later_ones),
		cmocka_unit_test(facts_by_name_are_read),
		cmocka_unit_test(wrong_facts_are_refused_with_a_sentence),
		cmocka_unit_test(words_by_hand_win_over_text),
		cmocka_unit_test(topics_look_into_subject_reason_and_500_words),
		cmocka_unit_test(purpose_of_a_call_takes_two_witnesses),
		cmocka_unit_test(words_of_enumerations_are_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
