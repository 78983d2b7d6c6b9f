/*
 * Framing of streams: whatever comes, what is taken lies inside what came, and
 * the same bytes in two pieces make the same messages.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "frame.h"

enum { HEAD = 512, MESSAGE = 2048 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
		at += length;
		left -= length;
	}
	return 0;
}
