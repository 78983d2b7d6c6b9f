/*
 * Where a message of a stream ends, whatever way its bytes come in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

enum { HEAD = 256, MESSAGE = 1024 };

#define START "OPTIONS sip:a@b SIP/2.0\r\n"

static const struct {
	const char *bytes;
	enum sip_frame frame;
	size_t length;
} cases[] = {
	{ "", SIP_FRAME_MORE, 0 },
	{ START, SIP_FRAME_MORE, 0 },
	{ START "\r\n", SIP_FRAME_MESSAGE, sizeof(START "\r\n") - 1 },
	{ START "Content-Length: 2\r\n\r\nab", SIP_FRAME_MESSAGE,
	    sizeof(START "Content-Length: 2\r\n\r\nab") - 1 },
	{ START "Content-Length: 2\r\n\r\nabINVITE", SIP_FRAME_MESSAGE,
	    sizeof(START "Content-Length: 2\r\n\r\nab") - 1 },
	{ START "content-length \t:\t2 \r\n\r\nab", SIP_FRAME_MESSAGE,
	    sizeof(START "content-length \t:\t2 \r\n\r\nab") - 1 },
	{ START "L: 2\r\n\r\nab", SIP_FRAME_MESSAGE,
	    sizeof(START "L: 2\r\n\r\nab") - 1 },
	{ START "l:\r\n 2\r\n\r\nab", SIP_FRAME_MESSAGE,
	    sizeof(START "l:\r\n 2\r\n\r\nab") - 1 },
	{ START "Subject: x\r\n l: 9\r\nl: 0\r\n\r\n", SIP_FRAME_MESSAGE,
	    sizeof(START "Subject: x\r\n l: 9\r\nl: 0\r\n\r\n") - 1 },
	{ START "Content-Length: 3\r\n\r\nab", SIP_FRAME_MORE, 0 },
	{ START "Content-Length: -1\r\n\r\n", SIP_FRAME_BROKEN, 0 },
	{ START "Content-Length: 1 1\r\n\r\n", SIP_FRAME_BROKEN, 0 },
	{ START "Content-Length:\r\n\r\n", SIP_FRAME_BROKEN, 0 },
	{ START "Content-Length: 9999999999\r\n\r\n", SIP_FRAME_BROKEN, 0 },
	{ START "Content-Length: 2000\r\n\r\n", SIP_FRAME_BROKEN, 0 },
	{ START "l: 1\r\nContent-Length: 1\r\n\r\nab", SIP_FRAME_BROKEN, 0 },
	{ "\r\n\r\n" START, SIP_FRAME_PING, 4 },
	{ "\r\n\r\n", SIP_FRAME_PING, 4 },
	{ "\r", SIP_FRAME_MORE, 0 },
	{ "\r\n", SIP_FRAME_MORE, 0 },
	{ "\r\n\r", SIP_FRAME_MORE, 0 },
	{ "\r\n" START, SIP_FRAME_SKIP, 2 },
	{ "\r\n\rX", SIP_FRAME_SKIP, 2 },
	{ "\rX", SIP_FRAME_SKIP, 1 },
	{ "\n" START, SIP_FRAME_SKIP, 1 },
	/* Half a line end may hide a length from one of two readers. */
	{ START "Subject: x\nl: 2\r\n\r\nab", SIP_FRAME_BROKEN, 0 },
	{ START "Subject: x\rl: 2\r\n\r\nab", SIP_FRAME_BROKEN, 0 },
	{ START "Subject: x\r\r\nl: 2\r\n\r\nab", SIP_FRAME_BROKEN, 0 },
	{ START "l: 2\r\n\r\n\n\r", SIP_FRAME_MESSAGE,
	    sizeof(START "l: 2\r\n\r\n\n\r") - 1 },
	/* What begins no message is a line by itself: nobody waits for it. */
	{ "v=0\r\n" START "l: 0\r\n\r\n", SIP_FRAME_MESSAGE, 5 },
	{ "v=0\r\n", SIP_FRAME_MESSAGE, 5 },
	{ "v=0\r", SIP_FRAME_MORE, 0 },
	{ "SIP/2.0 200 OK\r\nl: 0\r\n\r\n", SIP_FRAME_MESSAGE, 24 },
	{ "sip/2.0 200 OK\r\n", SIP_FRAME_MORE, 0 },
};

static enum sip_frame
find(const char *bytes, size_t available, size_t *length)
{
	/* Its own memory: a byte too far is seen. */
	char *copy = malloc(available == 0 ? 1 : available);
	enum sip_frame frame;

	assert_non_null(copy);
	memcpy(copy, bytes, available);
	*length = 0;
	frame = sip_frame_find(copy, available, HEAD, MESSAGE, length);
	free(copy);
	return frame;
}

static void
ends_where_content_length_says(void **state)
{
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum sip_frame frame = find(cases[i].bytes,
		    strlen(cases[i].bytes), &length);

		if (frame != cases[i].frame || length != cases[i].length)
			fail_msg("case %zu: %d, %zu", i, (int)frame, length);
	}
}

static void
waits_while_the_message_is_cut(void **state)
{
	static const char whole[] = START "l: 4\r\n\r\nabcd";
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof(whole) - 1; i++)
		assert_int_equal(find(whole, i, &length), SIP_FRAME_MORE);
	assert_int_equal(find(whole, sizeof(whole) - 1, &length),
	    SIP_FRAME_MESSAGE);
}

static void
a_head_has_its_limit(void **state)
{
	char bytes[2 * HEAD];
	size_t length;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(find(bytes, HEAD - 1, &length), SIP_FRAME_MORE);
	assert_int_equal(find(bytes, HEAD, &length), SIP_FRAME_BROKEN);
	assert_int_equal(find(bytes, sizeof(bytes), &length), SIP_FRAME_BROKEN);
	memcpy(bytes, START, sizeof(START) - 1);
	assert_int_equal(find(bytes, sizeof(bytes), &length), SIP_FRAME_BROKEN);
	memcpy(bytes + HEAD - 4, "\r\n\r\n", 4);
	assert_int_equal(find(bytes, sizeof(bytes), &length),
	    SIP_FRAME_MESSAGE);
	assert_int_equal(length, HEAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_where_content_length_says),
		cmocka_unit_test(waits_while_the_message_is_cut),
		cmocka_unit_test(a_head_has_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
