/*
 * Content-Type fields: those that are read without GMime say what it reads in
 * them, and what two readers might read differently is left to it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "message_part.h"

static const char *const plain[] = {
	"text/plain",
	"text/plain ",
	" text/html;charset=UTF-8",
	"Text/HTML; Charset=\"iso-8859-1\"",
	"text/plain; charset=us-ascii; format=flowed; delsp=yes",
	"multipart/alternative; boundary=\"=_1\"",
	"multipart/mixed;\tboundary=\"----=_Part_1.2 3\" ; type=x",
	"multipart/report; report-type=delivery-status; boundary=b.1_2-3",
	"application/pdf; name=\"a b (c).pdf\"",
	"application/vnd.ms-excel; name=x.xls",
	"image/svg+xml",
	"message/rfc822",
};

static const char *const others[] = {
	"",
	"text",
	"text/",
	"/plain",
	"text/plain;",
	"text/plain; charset",
	"text/plain; charset=",
	"text/plain; charset=\"\"",
	"text/plain; charset=\"utf-8",
	"text/plain; charset=utf-8 x",
	"text/plain; charset=utf-8; charset=latin1",
	"text/plain (really)",
	"text/plain; charset=utf-8 (comment)",
	"text/plain charset=utf-8",
	"multipart/mixed; boundary=----=_Part_1",
	"multipart/mixed; boundary=\"a\\\"b\"",
	"application/pdf; name=\"=?utf-8?Q?=C3=A4?=.pdf\"",
	"application/pdf; name*=utf-8''%C3%A4.pdf",
	"application/pdf; name*0=a; name*1=b.pdf",
	"application/pdf; name=\"\xc3\xa4.pdf\"",
	"text / plain",
};

static void
assert_same(const char *ours, const char *theirs)
{
	if (ours == NULL || theirs == NULL)
		assert_ptr_equal(ours, theirs);
	else
		assert_string_equal(ours, theirs);
}

static void
compare(struct arena *arena, const char *value)
{
	GMimeContentType *read = g_mime_content_type_parse(NULL, value);
	struct mime_type type;

	usher_type_read(arena, value, &type);
	assert_same(type.type, g_mime_content_type_get_media_type(read));
	assert_same(type.subtype, g_mime_content_type_get_media_subtype(read));
	assert_same(type.charset,
	    g_mime_content_type_get_parameter(read, "charset"));
	assert_same(type.boundary,
	    g_mime_content_type_get_parameter(read, "boundary"));
	assert_same(type.name, g_mime_content_type_get_parameter(read, "name"));
	g_object_unref(read);
}

static void
each(const char *const *values, size_t count, bool is_plain)
{
	struct arena arena;
	struct mime_type type;

	usher_gmime_begin();
	usher_arena_init(&arena);
	for (size_t i = 0; i < count; i++) {
		if (usher_type_plain(&arena, values[i], &type) != is_plain)
			fail_msg("\"%s\"", values[i]);
		compare(&arena, values[i]);
	}
	usher_arena_free(&arena);
}

static void
test_reads_plain_types_as_gmime_does(void **state)
{
	(void)state;
	each(plain, sizeof(plain) / sizeof(plain[0]), true);
}

static void
test_leaves_others_to_gmime(void **state)
{
	(void)state;
	each(others, sizeof(others) / sizeof(others[0]), false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_plain_types_as_gmime_does),
		cmocka_unit_test(test_leaves_others_to_gmime),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
