/*
 * mail: the part of test_message*.c that all of them need (mail.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "mail.h"

static const char *const ids[] = { "mx.example.com" };

struct usher_conf mail_conf = {
	.references = 1,
	.mail = { .authserv_count = 1, .authserv_ids = ids },
};

struct usher_message *mail_message;
struct usher_facts *mail_facts;

/* Where the body begins: behind the first empty line. */
static size_t
head_length(const char *mail, size_t length)
{
	for (size_t i = 0; i + 1 < length; i++)
		if (mail[i] == '\n' &&
		    (mail[i + 1] == '\n' ||
			(mail[i + 1] == '\r' && i + 2 < length &&
			    mail[i + 2] == '\n')))
			return i + (mail[i + 1] == '\n' ? 2 : 3);
	return length;
}

static void
same_strings(const struct string_list *one, const struct string_list *other)
{
	assert_int_equal(one->count, other->count);
	for (size_t i = 0; i < one->count; i++)
		assert_string_equal(one->strings[i], other->strings[i]);
}

/* Where the middle is left out, words and characters may be cut elsewhere. */
static void
same_text(const struct message_content *one,
    const struct message_content *other)
{
	if (other->words_left_out > 0) {
		assert_true(one->words_left_out > 0);
		assert_in_range(one->text.length, other->text.length - 8,
		    other->text.length + 8);
		return;
	}
	assert_int_equal(one->text.length, other->text.length);
	if (one->text.length > 0)
		assert_memory_equal(one->text.data, other->text.data,
		    other->text.length);
}

/* A body in pieces says what it says as a whole, wherever it is cut. */
static void
read_in_pieces(const char *mail, size_t length, size_t most)
{
	const struct message_content *whole = mail_message->content, *content;
	size_t at = head_length(mail, length), round = 0;
	struct usher_message *message;

	assert_int_equal(usher_message_new(&mail_conf, &message), 0);
	assert_int_equal(usher_message_read(message, mail, at), 0);
	while (at < length) {
		size_t piece = 1 + round++ * 7919 % most;

		if (piece > length - at)
			piece = length - at;
		assert_int_equal(usher_message_body(message,
				     (const unsigned char *)mail + at, piece),
		    0);
		at += piece;
	}
	assert_int_equal(usher_message_content(message, &content), 0);
	same_text(content, whole);
	assert_int_equal(content->quoted, whole->quoted);
	assert_int_equal(content->pixel, whole->pixel);
	assert_int_equal(content->attachment_count, whole->attachment_count);
	for (size_t i = 0; i < content->attachment_count; i++) {
		assert_string_equal(content->attachments[i].name,
		    whole->attachments[i].name);
		assert_string_equal(content->attachments[i].ending,
		    whole->attachments[i].ending);
	}
	if (whole->words_left_out == 0) {
		same_strings(&content->links, &whole->links);
		same_strings(&content->urls, &whole->urls);
	}
	usher_message_free(message);
}

void
mail_read_bytes(const char *mail, size_t length,
    const struct usher_envelope *envelope)
{
	assert_int_equal(usher_message_new(&mail_conf, &mail_message), 0);
	assert_int_equal(usher_facts_new(&mail_conf, USHER_EMAIL, &mail_facts),
	    0);
	assert_int_equal(usher_message_read(mail_message, mail, length), 0);
	assert_int_equal(usher_message_facts(mail_message, envelope,
			     USHER_HEADERS, mail_facts, NULL),
	    0);
	assert_int_equal(mail_facts->shown, USHER_HEADERS);
	assert_int_equal(usher_message_facts(mail_message, envelope, USHER_ALL,
			     mail_facts, NULL),
	    0);
	assert_int_equal(mail_facts->shown, USHER_ALL);
	read_in_pieces(mail, length, 1);
	read_in_pieces(mail, length, 97);
}

void
mail_read(const char *mail)
{
	mail_read_bytes(mail, strlen(mail), NULL);
}

void
mail_done(void)
{
	usher_facts_free(mail_facts);
	usher_message_free(mail_message);
}

/* The shown text with its lines joined by `|`, blanks at the ends cut. */
char *
mail_shown(void)
{
	static char out[4096];
	size_t used = 0;

	for (size_t i = 0; i < mail_facts->text_length && used < 4000; i++) {
		char c = mail_facts->text[i];

		if (c != '\n')
			out[used++] = c;
		else if (used > 0 && out[used - 1] != '|')
			out[used++] = '|';
	}
	while (used > 0 && (out[used - 1] == '|' || out[used - 1] == ' '))
		used--;
	out[used] = '\0';
	return out;
}
