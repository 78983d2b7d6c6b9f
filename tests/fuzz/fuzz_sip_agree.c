/*
 * Our reading of a message beside libosip2's, whole messages and single values.
 *
 * What must hold: where both accept a message, they find the same method,
 * Call-ID, CSeq and topmost branch; where we give a value to the policy, both
 * find the same scheme, user, host and tag in it, also where it is so plain
 * that uri_osip.c asks nobody. Behind a digit the input is one value of a
 * message that is otherwise as it should be, else a datagram.
 */
#include <osipparser2/osip_parser.h>
#include <sanitizer/lsan_interface.h>
#include <stdio.h>
#include <stdlib.h>

#include "sip_agree.h"

static const char *const shapes[] = {
	"INVITE %.*s SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
	"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\n"
	"CSeq: 1 INVITE\r\n\r\n",
	"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
	"From: %.*s\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n",
	"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
	"From: <sip:a@b>;tag=1\r\nt: %.*s\r\nCall-ID: 1\r\n"
	"CSeq: 1 INVITE\r\n\r\n",
	"INVITE sip:a@b SIP/2.0\r\nVia: %.*s\r\n"
	"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\n"
	"CSeq: 1 INVITE\r\n\r\n",
	"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
	"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\ni: %.*s\r\n"
	"CSeq: 1 INVITE\r\n\r\n",
	"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
	"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\n"
	"CSeq: %.*s\r\n\r\n",
	"%.*s sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
	"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\n"
	"CSeq: 1 INVITE\r\n\r\n",
};

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]), ROOM = 1 << 16 };

static void
look(const char *bytes, size_t length)
{
	static struct sip_msg msg;
	const char *differs;

	if (sip_gate_read(&msg, bytes, length, NULL) != SIP_GATE_OK)
		return;
	/* Its messages leak where a header is doubled; the product has none. */
	__lsan_disable();
	differs = sip_agree(&msg);
	__lsan_enable();
	if (differs == NULL)
		return;
	fprintf(stderr, "the readers differ in %s\n", differs);
	abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return sip_uri_init();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[ROOM + 1024];
	const char *bytes = (const char *)data;
	int length;

	if (size == 0 || size > ROOM)
		return 0;
	if (*data < '0' || *data >= '0' + SHAPES) {
		look(bytes, size);
		return 0;
	}
	/* It ends at a NUL, which is another target's. */
	length = snprintf(text, sizeof(text), shapes[*data - '0'],
	    (int)size - 1, bytes + 1);
	if (length > 0)
		look(text, (size_t)length);
	return 0;
}
