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
