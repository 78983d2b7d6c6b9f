/*
 * message_test: the shape of a mail, as evidence of its purpose.
 *
 * Each test is what no pattern of evidence.conf can say, because it needs
 * several fields, counts or the MIME structure. What a test weighs is written
 * there. The tests and their doubts come from filters' rules that are public;
 * all are linear in the mail. Here are those of the thread and the recipients.
 * Called by message_facts.c. Keeps design-mail.md "Purpose".
 */
#include <string.h>

#include "message_test.h"

static bool
field(const struct usher_message *message, const char *name)
{
	return usher_message_field(message, name) != NULL;
}

static uint64_t
tests_of_thread(struct usher_message *message, const struct message_head *head)
{
	bool reply = field(message, "In-Reply-To") ||
	    field(message, "References");
	bool says_reply = head->subject && usher_reply_prefix(head->subject);
	uint64_t tests = usher_test_bit(TEST_REPLY, reply);

	tests |= usher_test_bit(TEST_REPLY_SUBJECT, says_reply);
	tests |= usher_test_bit(TEST_FAKE_REPLY,
	    says_reply && !reply && !field(message, "Thread-Index"));
	tests |= usher_test_bit(TEST_AUTOMATIC, head->traits.automatic);
	tests |= usher_test_bit(TEST_REPORT, head->traits.report);
	return tests;
}

static uint64_t
tests_of_list(struct usher_message *message, const struct message_head *head)
{
	bool unsubscribe = field(message, "List-Unsubscribe");
	bool id = field(message, "List-Id");
	bool post = field(message, "List-Post") ||
	    field(message, "Mailing-List");
	uint64_t tests = usher_test_bit(TEST_UNSUBSCRIBE, unsubscribe && !post);

	tests |= usher_test_bit(TEST_LONE_UNSUBSCRIBE,
	    unsubscribe && !id && head->recipients == 1);
	tests |= usher_test_bit(TEST_DISCUSSION, id && post);
	return tests;
}

static uint64_t
tests_of_recipients(const struct message_head *head)
{
	bool one = head->recipients == 1 && head->first_recipient;
	uint64_t tests = usher_test_bit(TEST_NO_RECIPIENT,
	    head->recipients == 0);

	tests |= usher_test_bit(TEST_ONE_RECIPIENT, one);
	tests |= usher_test_bit(TEST_MANY_RECIPIENTS, head->recipients >= 5);
	tests |= usher_test_bit(TEST_TO_SELF,
	    one && head->from_count > 0 && head->from[0] &&
		strcasecmp(head->from[0], head->first_recipient) == 0);
	return tests;
}

uint64_t
usher_message_tests(struct usher_message *message,
    const struct message_head *head, const struct message_content *content,
    const char *mail_from)
{
	uint64_t tests = tests_of_thread(message, head) |
	    tests_of_list(message, head) | tests_of_recipients(head) |
	    usher_tests_of_sender(message, head, mail_from) |
	    usher_tests_of_programs(message, head);

	if (head->subject)
		tests |= usher_tests_of_subject(head->subject);
	if (!content)
		return tests;
	tests |= usher_tests_of_text(content);
	tests |= usher_tests_of_form(message, head, content);
	tests |= usher_test_bit(TEST_QUOTED, content->quoted);
	tests |= usher_test_bit(TEST_REPLY_WITH_QUOTE,
	    content->quoted && (tests >> TEST_REPLY & 1));
	tests |= usher_test_bit(TEST_CALENDAR, content->calendar);
	tests |= usher_test_bit(TEST_ATTACHMENT, content->attachment_count > 0);
	return tests;
}
