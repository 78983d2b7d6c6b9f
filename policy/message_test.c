/*
 * message_test: the shape of a mail, as evidence of its purpose.
 *
 * Each test is what no pattern of evidence.conf can say, because it needs
 * several fields or the MIME structure. What a test weighs is written there.
 * The tests and their doubts come from filters' rules that are public.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "message.h"

static unsigned long
bit(enum evidence_test test)
{
	return 1ul << test;
}

static bool
field(const struct usher_message *message, const char *name)
{
	return usher_message_field(message, name) != NULL;
}

/* "Re:", "AW: ", "Odp:" and their like, also "Re[2]:". */
static bool
is_reply_subject(const char *subject)
{
	static const char *const words[] = {
		"re",
		"fw",
		"fwd",
		"aw",
		"wg",
		"odp",
		"rv",
		"tr",
		"sv",
		"vs",
		"antw",
		"ynt",
		"res",
		"enc",
	};

	while (isspace((unsigned char)*subject))
		subject++;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *at = subject + strlen(words[i]);

		if (strncasecmp(subject, words[i], strlen(words[i])) != 0)
			continue;
		if (*at == '[')
			at += strcspn(at, "]") + (strchr(at, ']') != NULL);
		while (*at == ' ')
			at++;
		if (*at == ':')
			return true;
	}
	return false;
}

/* {{first_name}}, {!Contact.Name}, [[NAME]], %FIRSTNAME%, <%= name %> */
static bool
has_merge_tag(const char *text, size_t length)
{
	static const struct {
		const char *open, *close;
	} tags[] = {
		{ "{{", "}}" },
		{ "{!", "}" },
		{ "[[", "]]" },
		{ "<%=", "%>" },
		{ "*|", "|*" },
		{ "%%", "%%" },
	};

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		const char *at = text, *end = text + length;
		size_t open = strlen(tags[i].open);
		int tries = 0;

		while (tries++ < 100 &&
		    (at = memmem(at, (size_t)(end - at), tags[i].open, open))) {
			size_t run = 0;

			at += open;
			while (at + run < end && run < 40 &&
			    (isalpha((unsigned char)at[run]) ||
				at[run] == '_' || at[run] == '.' ||
				at[run] == ' ' || at[run] == '|'))
				run++;
			if (run > 2 &&
			    (size_t)(end - at) >= run + strlen(tags[i].close) &&
			    memcmp(at + run, tags[i].close,
				strlen(tags[i].close)) == 0)
				return true;
		}
	}
	return false;
}

/* The recipient stands in the return path: user=domain, user-domain. */
static bool
is_verp(struct arena *arena, const char *mail_from, const char *recipient)
{
	const char *at = recipient ? strchr(recipient, '@') : NULL;
	char *joined;

	if (!mail_from || !at || at == recipient)
		return false;
	joined = usher_arena_printf(arena, "%.*s=%s", (int)(at - recipient),
	    recipient, at + 1);
	return joined && strcasestr(mail_from, joined) &&
	    strncasecmp(mail_from, "SRS", 3) != 0;
}

static bool
is_free_mail(const char *address)
{
	static const char *const domains[] = {
		"gmail.com",
		"googlemail.com",
		"outlook.com",
		"hotmail.com",
		"yahoo.com",
		"live.com",
		"aol.com",
		"icloud.com",
		"gmx.de",
		"gmx.net",
		"web.de",
		"163.com",
		"126.com",
		"qq.com",
		"mail.ru",
		"yandex.ru",
		"wp.pl",
		"o2.pl",
		"proton.me",
		"protonmail.com",
		"orange.fr",
		"free.fr",
	};
	const char *at = address ? strrchr(address, '@') : NULL;

	for (size_t i = 0; at && i < sizeof(domains) / sizeof(domains[0]);
	     i++) {
		if (strcasecmp(at + 1, domains[i]) == 0)
			return true;
	}
	return false;
}

static bool
elsewhere(struct arena *arena, const struct message_head *head)
{
	const char *one = head->from_count > 0 ? strrchr(head->from[0], '@')
					       : NULL;
	const char *other = head->reply_to ? strrchr(head->reply_to, '@')
					   : NULL;

	if (!one || !other)
		return false;
	one = usher_domain_organization(arena, one + 1);
	other = usher_domain_organization(arena, other + 1);
	return one && other && strcmp(one, other) != 0;
}

/* Lines that machines wrote or read: patches, logs, source. */
static bool
has_code(const char *text, size_t length)
{
	const char *at = text, *end = text + length;
	size_t lines = 0;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t size = (size_t)((newline ? newline : end) - at);
		char last = size > 0 ? at[size - 1] : '\0';

		if (last == ';' || last == '{' || last == '}')
			lines++;
		else if (size > 4 &&
		    (memcmp(at, "+++ ", 4) == 0 || memcmp(at, "@@ ", 3) == 0 ||
			memcmp(at, "$ ", 2) == 0))
			lines += 2;
		else if (size > 10 && *at == '[' &&
		    isdigit((unsigned char)at[size > 6 ? 5 : 1]))
			lines++;
		at = newline ? newline + 1 : end;
	}
	return lines >= 4;
}

static unsigned long
tests_of_fields(struct usher_message *message, const struct message_head *head)
{
	bool unsubscribe = field(message, "List-Unsubscribe");
	bool id = field(message, "List-Id");
	bool reply = field(message, "In-Reply-To") ||
	    field(message, "References");
	unsigned long tests = 0;

	if (reply)
		tests |= bit(TEST_REPLY);
	else if (head->subject && is_reply_subject(head->subject) &&
	    !field(message, "Thread-Index"))
		tests |= bit(TEST_FAKE_REPLY);
	if (unsubscribe)
		tests |= bit(TEST_UNSUBSCRIBE);
	if (unsubscribe && !id && head->recipients == 1)
		tests |= bit(TEST_LONE_UNSUBSCRIBE);
	if (id && field(message, "List-Post"))
		tests |= bit(TEST_DISCUSSION);
	if (head->traits.automatic)
		tests |= bit(TEST_AUTOMATIC);
	if (head->traits.report)
		tests |= bit(TEST_REPORT);
	if (head->recipients == 0)
		tests |= bit(TEST_NO_RECIPIENT);
	if (head->recipients >= 5)
		tests |= bit(TEST_MANY_RECIPIENTS);
	return tests;
}

unsigned long
usher_message_tests(struct usher_message *message,
    const struct message_head *head, const struct message_content *content,
    const char *mail_from)
{
	unsigned long tests = tests_of_fields(message, head);
	struct arena *arena = &message->arena;

	if (mail_from && !*mail_from)
		tests |= bit(TEST_NULL_SENDER);
	if (is_verp(arena, mail_from, head->first_recipient))
		tests |= bit(TEST_VERP);
	if (head->from_count > 0 && is_free_mail(head->from[0]))
		tests |= bit(TEST_FREE_MAIL);
	if (elsewhere(arena, head))
		tests |= bit(TEST_REPLY_ELSEWHERE);
	if (head->subject &&
	    has_merge_tag(head->subject, strlen(head->subject)))
		tests |= bit(TEST_MERGE_TAG);
	if (!content || !content->text.data)
		return tests;
	if (content->quoted && (tests & bit(TEST_REPLY)))
		tests |= bit(TEST_REPLY_WITH_QUOTE);
	if (content->calendar)
		tests |= bit(TEST_CALENDAR);
	if (content->pixel)
		tests |= bit(TEST_PIXEL);
	if (has_code(content->text.data, content->text.length))
		tests |= bit(TEST_CODE);
	else if (has_merge_tag(content->text.data, content->text.length))
		tests |= bit(TEST_MERGE_TAG);
	return tests;
}
