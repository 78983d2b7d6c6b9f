/*
 * Mails that would make a careless reader slow, deep or large. With
 * USHER_DATA naming a folder of mails, all of them are read as well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "brief.h"
#include "mail.h"

/* ---- mails made to hurt: each must be read in well under a second ---- */

struct torture {
	const char *head, *piece;
	size_t times;
};

static const struct torture tortures[] = {
	{ "Content-Type: message/rfc822\n\n",
	    "Content-Type: message/rfc822\n\n", 30000 },
	{ "Content-Type: multipart/mixed; boundary=a\n\n", "--a\n\nx\n",
	    90000 },
	{ "Content-Type: multipart/mixed; boundary=a\n\n",
	    "--a\nContent-Type: multipart/mixed; boundary=a\n\n", 20000 },
	{ "Content-Type: text/html\n\n", "<div>", 200000 },
	{ "Content-Type: text/html\n\n", "<", 900000 },
	{ "Content-Type: text/html\n\n", "<a x=\"", 150000 },
	{ "Content-Type: text/html\n\n", "<!--", 200000 },
	{ "Content-Type: text/html\n\n", "<script>", 100000 },
	{ "Content-Type: text/html\n\n", "&", 900000 },
	{ "Content-Type: text/html\n\n", "<p><td><li>", 80000 },
	{ "Content-Type: text/html\n\n<style>", ".a", 400000 },
	{ "Content-Type: text/html\n\n<style>", "@a{/*", 200000 },
	{ "Content-Type: text/html\n\n", "<style>a{display:none}</style>",
	    30000 },
	{ "Content-Type: text/html\n\n<style>.a{display:none}</style>",
	    "<i class='a b c d e f g h i j k l m n o p q r s t'>", 20000 },
	{ "Content-Type: text/html\n\n", "</x>", 200000 },
	{ "\n", "On x\n", 180000 },
	{ "\n", "From:\n", 150000 },
	{ "\n", "--\n", 300000 },
	{ "\n", "http://", 130000 },
	{ "\n", "{{a ", 200000 },
	{ "\n", ">", 900000 },
	{ "\n", "\xff", 900000 },
	{ "\n", "e\xcc\x81", 300000 },
	{ "Content-Type: text/plain; charset=utf-7\n\n", "+AGE", 200000 },
	{ "Content-Transfer-Encoding: base64\n\n", "A", 900001 },
	{ "Content-Transfer-Encoding: quoted-printable\n\n", "=", 900000 },
	{ "From: ", "(", 60000 },
	{ "From: ", "a:", 30000 },
	{ "From: ", "<", 60000 },
	{ "From: ", "\"", 60000 },
	{ "From: ", "a@b.c,", 10000 },
	{ "Subject: ", "=?utf-8?q?a?= ", 4500 },
	{ "Subject: ", "=?", 30000 },
	{ "", "X: y\n", 100000 },
	{ "Content-Type: text/plain", "; a=b", 12000 },
	{ "Content-Disposition: attachment", "; filename*1*=%41", 3500 },
	{ "Authentication-Results: mx.example.com;", " dkim=pass", 6000 },
	{ "Authentication-Results: mx.example.com;", "(", 60000 },
	{ "Received: ", "by ", 20000 },
};

/* Processor time to read one of them. */
static clock_t
time_of(const struct torture *torture)
{
	struct buffer mail = { 0 };
	clock_t begun;

	usher_buffer_puts(&mail, torture->head);
	for (size_t k = 0; k < torture->times / (size_t)brief(); k++)
		usher_buffer_puts(&mail, torture->piece);
	usher_buffer_puts(&mail, "\n\n");
	begun = clock();
	mail_read_bytes(mail.data, mail.length, NULL);
	begun = clock() - begun;
	mail_done();
	usher_buffer_free(&mail);
	return begun;
}

/*
 * Sanitizers and valgrind multiply times, so the bound is that of a letter of
 * the same size: what grows with the square of it takes hundreds of times that.
 */
static void
mails_made_to_hurt_are_read_in_time(void **state)
{
	static const struct torture letter = { "Content-Type: text/html\n\n",
		"<p>some words</p> ", 50000 };
	clock_t most = 15 * time_of(&letter), taken;

	(void)state;
	for (size_t i = 0; i < sizeof(tortures) / sizeof(tortures[0]); i++) {
		taken = time_of(&tortures[i]);
		if (taken > most)
			fail_msg("%s%s ... took %ld ms of %ld",
			    tortures[i].head, tortures[i].piece,
			    (long)(taken / (CLOCKS_PER_SEC / 1000)),
			    (long)(most / (CLOCKS_PER_SEC / 1000)));
	}
}

/* So many parts, or mails in mails, are read up to a place, which is said. */
static void
too_many_parts_are_cut_and_the_first_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *head, *piece;
		size_t times;
		bool cut;
	} table[] = {
		{ "Content-Type: multipart/mixed; boundary=a\n\n", "--a\n\nx\n",
		    MOST_BOUNDARIES, false },
		{ "Content-Type: multipart/mixed; boundary=a\n\n", "--a\n\nx\n",
		    MOST_BOUNDARIES + 1, true },
		{ "Content-Type: multipart/mixed; boundary=a\n\n--a\n\nx\n",
		    "--a\nContent-Type: message/rfc822\n\n\n",
		    MOST_NESTED_MAILS, false },
		{ "Content-Type: multipart/mixed; boundary=a\n\n--a\n\nx\n",
		    "--a\nContent-Type: Message/RFC822\n\n\n",
		    MOST_NESTED_MAILS + 1, true },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct buffer mail = { 0 };

		usher_buffer_puts(&mail, table[i].head);
		for (size_t k = 0; k < table[i].times; k++)
			usher_buffer_puts(&mail, table[i].piece);
		mail_read_bytes(mail.data, mail.length, NULL);
		assert_int_equal(mail_message->content->cut, table[i].cut);
		assert_true(mail_facts->words > 0);
		mail_done();
		usher_buffer_free(&mail);
	}
}

static int
read_one(const char *path, const struct stat *status, int kind,
    struct FTW *walk)
{
	FILE *file;
	char *bytes;
	size_t length;

	(void)walk;
	if (kind != FTW_F || status->st_size > 8 << 20)
		return 0;
	file = fopen(path, "rb");
	bytes = malloc((size_t)status->st_size + 1);
	assert_true(file && bytes);
	length = fread(bytes, 1, (size_t)status->st_size, file);
	fclose(file);
	mail_read_bytes(bytes, length, NULL);
	mail_done();
	free(bytes);
	return 0;
}

static void
mails_of_the_world_are_read(void **state)
{
	(void)state;
	const char *folder = getenv("USHER_DATA");

	if (!folder) {
		print_message("USHER_DATA names no folder of mails: "
			      "none are read\n");
		skip();
	}
	assert_int_equal(nftw(folder, read_one, 16, FTW_PHYS), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mails_made_to_hurt_are_read_in_time),
		cmocka_unit_test(too_many_parts_are_cut_and_the_first_are_read),
		cmocka_unit_test(mails_of_the_world_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
