/*
 * Framing of streams: whatever comes, what is taken lies inside what came, and
 * the same bytes in two pieces make the same messages.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "frame.h"
#include "gate.h"

enum { HEAD = 512, MESSAGE = 2048 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the gate accepts ends where the framing says: nothing is left over that
 * another reader could take for the next message. */
static void
agrees_with_gate(const char *bytes, size_t length)
{
	static struct sip_msg msg;

	if (sip_gate_read(&msg, bytes, length, NULL) == SIP_GATE_OK &&
	    msg.all.p + msg.all.l != bytes + length)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data;
	size_t left = size, length = 0, shorter = 0;

	while (left > 0) {
		enum sip_frame frame = sip_frame_find(at, left, HEAD, MESSAGE,
		    &length);

		if (frame == SIP_FRAME_MORE || frame == SIP_FRAME_BROKEN)
			break;
		if (length == 0 || length > left || length > MESSAGE)
			abort();
		/* What comes behind a message does not change it. */
		if (frame == SIP_FRAME_MESSAGE &&
		    (sip_frame_find(at, length, HEAD, MESSAGE, &shorter) !=
			    frame ||
			shorter != length))
			abort();
		if (frame == SIP_FRAME_MESSAGE)
			agrees_with_gate(at, length);
		at += length;
		left -= length;
	}
	return 0;
}
