/*
 * What an automatic reply looks like (RFC 3834 §3).
 */
#include "replying.h"

static char *
compose(struct answering *answering)
{
	size_t length = 0;
	char *bytes = NULL;

	(void)deciding_verdict(answering->fixture, NULL, tuesday + 9 * HOUR);
	answering->reply.decision = answering->fixture->decision;
	assert_int_equal(usher_reply_compose(&answering->reply, &bytes, &length,
			     NULL),
	    0);
	assert_int_equal(strlen(bytes), length);
	return bytes;
}

/* The one header field of that name, folded lines joined; else fails. */
static const char *
field(const char *mail, const char *name)
{
	static char value[8000];
	const char *end = strstr(mail, "\r\n\r\n"), *found = NULL;
	size_t used = 0, length = strlen(name);

	assert_non_null(end);
	for (const char *at = mail; at < end + 2; at = strstr(at, "\r\n") + 2)
		if (strncasecmp(at, name, length) == 0 && at[length] == ':') {
			assert_null(found);
			found = at + length + 1;
		}
	if (found == NULL)
		fail_msg("no %s in\n%s", name, mail);
	for (found += strspn(found, " \t\r\n"); *found != '\0'; found++) {
		if (strncmp(found, "\r\n", 2) == 0) {
			if (found[2] != ' ' && found[2] != '\t')
				break;
			found++;
			continue;
		}
		value[used++] = *found == '\t' ? ' ' : *found;
	}
	value[used] = '\0';
	return value;
}

/* Lines end in CRLF and are short, header and all is ASCII. */
static void
assert_wire(const char *mail)
{
	size_t column = 0;

	for (const char *at = mail; *at != '\0'; at++) {
		if (*at == '\n')
			assert_true(at > mail && at[-1] == '\r');
		assert_true((unsigned char)*at < 0x80);
		column = *at == '\n' ? 0 : column + 1;
		assert_true(column <= 200);
	}
	assert_string_equal(mail + strlen(mail) - 2, "\r\n");
}

static void
test_the_reply_keeps_the_rules_of_automatic_answers(void **state)
{
	struct answering answering;
	char *mail;

	take(&answering, *state,
	    FROM TO "Subject: Storage\r\nMessage-ID: <1@sender.example>\r\n"
		    "References: <0@sender.example>\r\n <00@x.example>\r\n"
		    "Reply-To: sales@sender.example\r\n"
		    "Content-Language: en\r\n",
	    "Secret text\r\n", BOB, BOB);
	mail = compose(&answering);
	assert_wire(mail);
	assert_string_equal(field(mail, "To"), BOB);
	assert_string_equal(field(mail, "From"),
	    "Alice Ng <alice@example.com>");
	assert_string_equal(field(mail, "Subject"), "Auto: Storage");
	assert_string_equal(field(mail, "Auto-Submitted"), "auto-replied");
	assert_string_equal(field(mail, "In-Reply-To"), "<1@sender.example>");
	assert_string_equal(field(mail, "References"),
	    "<0@sender.example> <00@x.example> <1@sender.example>");
	assert_string_equal(field(mail, "Date"),
	    "Tue, 24 Nov 2026 00:00:00 +0000");
	assert_non_null(strstr(field(mail, "Message-ID"), "@example.com>"));
	assert_string_equal(field(mail, "Content-Type"),
	    "text/plain; charset=utf-8");
	assert_string_equal(field(mail, "MIME-Version"), "1.0");
	assert_string_equal(field(mail, "Content-Language"), "en");
	assert_null(strstr(mail, "Reply-To: sales"));
	assert_null(strstr(mail, "Secret"));
	assert_null(strstr(mail, "Bcc"));
	free(mail);
	leave(&answering);
}

static void
test_the_reply_says_what_the_answer_would_have_said(void **state)
{
	static const char *const told[] = { "Hello,", "to Alice Ng.",
		"+14155550100", "2026-11-24T16:00:00Z",
		"https://reach.example.com/alice", "abcdefghjkmn",
		"a subject or reason", "at most once in 7 days" };
	struct answering answering;
	char *mail, *body;

	take(&answering, *state, FROM TO "Content-Language: en\r\n", "Hi\r\n",
	    BOB, BOB);
	mail = compose(&answering);
	/* Soft breaks of quoted-printable would hide words. */
	body = strstr(mail, "\r\n\r\n") + 4;
	for (char *at = body; (at = strstr(at, "=\r\n")) != NULL;)
		memmove(at, at + 3, strlen(at + 3) + 1);
	for (char *at = body; (at = strstr(at, "\r\n")) != NULL;)
		memmove(at, at + 1, strlen(at + 1) + 1), *at = ' ';
	for (size_t i = 0; i < COUNT(told); i++)
		if (strstr(body, told[i]) == NULL)
			fail_msg("no %s in\n%s", told[i], body);
	/* Neither her own number nor a name of a rule is told. */
	assert_null(strstr(mail, "5550177"));
	assert_null(strstr(mail, "calls at four"));
	assert_null(strstr(mail, "call me"));
	assert_string_equal(field(mail, "Subject"), "Auto: your message");
	free(mail);
	leave(&answering);
}

static void
test_a_subject_is_never_cut_inside_an_encoded_word(void **state)
{
	struct answering answering;
	struct usher_message *back;
	const char *subject;
	char header[3000], *mail, *decoded;
	size_t used;

	used = (size_t)snprintf(header, sizeof(header), FROM TO "Subject:");
	for (int i = 0; i < 60; i++)
		used += (size_t)snprintf(header + used, sizeof(header) - used,
		    " =?utf-8?q?=C3=BCber_=E2=82=ACuro=F0=9F=93=A6?=\r\n");
	take(&answering, *state, header, "Hi\r\n", BOB, BOB);
	mail = compose(&answering);
	assert_wire(mail);
	assert_int_equal(usher_message_new(answering.fixture->conf, &back), 0);
	assert_int_equal(usher_message_read(back, mail, strlen(mail)), 0);
	{
		const struct message_head *head;

		assert_int_equal(usher_message_head(back, &head), 0);
		subject = head->subject;
	}
	assert_true(strncmp(subject, "Auto: über €uro", 15) == 0);
	decoded = g_utf8_make_valid(subject, -1);
	assert_string_equal(decoded, subject);
	g_free(decoded);
	assert_null(strstr(subject, "\xef\xbf\xbd"));
	usher_message_free(back);
	free(mail);
	leave(&answering);
}

static void
test_the_sender_writes_no_field_of_the_reply(void **state)
{
	struct answering answering;
	char *mail;

	take(&answering, *state,
	    FROM TO "Subject: =?utf-8?q?x=0D=0ABcc:_evil@sender.example?=\r\n"
		    "Message-ID: <a\x01"
		    "b@x> <good@sender.example>\r\n",
	    "Hi\r\n", BOB, BOB);
	mail = compose(&answering);
	assert_null(strstr(mail, "\nBcc:"));
	assert_string_equal(field(mail, "In-Reply-To"),
	    "<good@sender.example>");
	free(mail);
	leave(&answering);
}

static void
test_the_reply_speaks_the_senders_language(void **state)
{
	static const struct {
		const char *header, *body, *language, *word;
	} cases[] = {
		{ "Content-Language: de-AT\r\n", "Hi\r\n", "de", "Guten Tag" },
		{ "",
		    "Sehr geehrte Frau Ng, wir sind ein Anbieter und w\xc3"
		    "\xbcrden Ihnen das gern in einem Gespr\xc3\xa4"
		    "ch "
		    "zeigen, wie Sie mit uns sparen.\r\n",
		    "de", "automatische Antwort" },
		{ "",
		    "Bonjour, nous sommes une agence et je vous propose un "
		    "rendez-vous pour parler de votre site.\r\n",
		    "fr", "Bonjour," },
		{ "",
		    "Hola, le escribo para ofrecer nuestros servicios; "
		    "con una llamada podemos hablar de su proyecto.\r\n",
		    "es", "Hola:" },
		{ "",
		    "Hello, we are happy to show you what our product can "
		    "do for your team.\r\n",
		    "en", "Hello," },
		/* unknown, and a language without words: the recipient's */
		{ "", "12345\r\n", "en", "Hello," },
		{ "Content-Language: pl\r\n", "Hi\r\n", "en", "Hello," },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct answering answering;
		char header[300], *mail;

		(void)snprintf(header, sizeof(header),
		    FROM TO "MIME-Version: 1.0\r\n"
			    "Content-Type: text/plain; charset=utf-8\r\n%s",
		    cases[i].header);
		take(&answering, *state, header, cases[i].body, BOB, BOB);
		mail = compose(&answering);
		if (strcmp(field(mail, "Content-Language"),
			cases[i].language) != 0 ||
		    strstr(mail, cases[i].word) == NULL)
			fail_msg("case %zu\n%s", i, mail);
		if (strcmp(cases[i].language, "de") == 0)
			assert_non_null(strstr(mail, " h=C3=B6chstens einmal"));
		assert_null(answering.fixture->decision->language);
		free(mail);
		leave(&answering);
	}
}

/* RFC 6532: such an address stands in the header as it is. */
static void
test_an_internationalized_address_is_answered(void **state)
{
	static const char header[] = "From: <j\xc3\xb6rg@sender.example>\r\n" TO
				     "Message-ID: <1@sender.example>\r\n";
	static const char joerg[] = "j\xc3\xb6rg@sender.example";
	struct answering answering;
	char *mail;

	take(&answering, *state, header, "Hi\r\n", joerg, joerg);
	assert_int_equal(usher_reply_allowed(&answering.reply, NULL),
	    USHER_REPLY_SEND);
	mail = compose(&answering);
	assert_string_equal(field(mail, "To"), joerg);
	free(mail);
	leave(&answering);
}

/* Of her own wishes none takes codes: digits are the sender's business. */
static void
test_a_code_in_the_subject_is_not_repeated(void **state)
{
	static const struct {
		const char *header, *subject;
	} cases[] = {
		{ "Subject: Storage [WXK6-SJAF-TV3X]\r\n", "Auto: Storage" },
		{ "Subject: wxk6-sjaf-tv3x, 1234-5678-9012\r\n",
		    "Auto: , 1234-5678-9012" },
		{ "Subject: =?utf-8?b?V1hLNi1TSkFGLVRWM1ggT2s=?=\r\n",
		    "Auto: Ok" },
		{ "Subject: (WXK6-SJAF-TV3X)\r\n", "Auto: your message" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct answering answering;
		char header[300], *mail;

		(void)snprintf(header, sizeof(header), "%s%s%s", FROM TO,
		    cases[i].header, "Message-ID: <1@sender.example>\r\n");
		take(&answering, *state, header, "Hi\r\n", BOB, BOB);
		mail = compose(&answering);
		assert_string_equal(field(mail, "Subject"), cases[i].subject);
		free(mail);
		leave(&answering);
	}
}

static void
test_an_accepted_mail_has_no_reply(void **state)
{
	struct answering answering;
	size_t length;
	char *bytes;

	take(&answering, *state, FROM TO, "Hi\r\n", BOB, BOB);
	deciding_approach(answering.fixture, USHER_PHONE, "+442071234567", true,
	    USHER_ALL);
	assert_int_equal(usher_facts_set(answering.fixture->facts, "reason",
			     "x", NULL),
	    0);
	(void)deciding_verdict(answering.fixture, NULL, tuesday + 16 * HOUR);
	answering.reply.decision = answering.fixture->decision;
	assert_int_equal(usher_reply_compose(&answering.reply, &bytes, &length,
			     NULL),
	    EINVAL);
	assert_null(bytes);
	leave(&answering);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(
		    test_the_reply_keeps_the_rules_of_automatic_answers),
		WITH_FIXTURE(
		    test_the_reply_says_what_the_answer_would_have_said),
		WITH_FIXTURE(
		    test_a_subject_is_never_cut_inside_an_encoded_word),
		WITH_FIXTURE(test_the_sender_writes_no_field_of_the_reply),
		WITH_FIXTURE(test_the_reply_speaks_the_senders_language),
		WITH_FIXTURE(test_an_internationalized_address_is_answered),
		WITH_FIXTURE(test_a_code_in_the_subject_is_not_repeated),
		WITH_FIXTURE(test_an_accepted_mail_has_no_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
