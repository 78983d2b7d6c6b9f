/*
 * message_test.h: what the files message_test*.c share.
 *
 * Each adds the tests of its own part of a mail as bits of enum evidence_test;
 * message_test.c puts them together.
 */
#ifndef USHER_MESSAGE_TEST_H
#define USHER_MESSAGE_TEST_H

#include "message.h"

static inline uint64_t
usher_test_bit(enum evidence_test test, bool met)
{
	return (uint64_t)met << test;
}

/* message_test_fields.c: subject, sender, and what programs write. */
uint64_t usher_tests_of_subject(const char *subject);
uint64_t usher_tests_of_sender(struct usher_message *message,
    const struct message_head *head, const char *mail_from);
uint64_t usher_tests_of_programs(struct usher_message *message,
    const struct message_head *head);
/* "Re:", "AW: ", "Odp:" and their like, also "Re[2]:": behind it, or NULL. */
const char *usher_reply_prefix(const char *subject);

/* message_test_text.c: the text shown. */
uint64_t usher_tests_of_text(const struct message_content *content);
/* {{first_name}}, {!Contact.Name}, [[NAME]], %%FIRSTNAME%%, <%= name %> */
bool usher_has_merge_tag(const char *text, size_t length);

/* message_test_form.c: HTML, pictures and links. */
uint64_t usher_tests_of_form(struct usher_message *message,
    const struct message_head *head, const struct message_content *content);

#endif
