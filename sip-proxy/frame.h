/*
 * frame.h - where one message of a stream ends (RFC 3261 §18.3).
 */
#ifndef USHER_SIP_FRAME_H
#define USHER_SIP_FRAME_H

#include <stddef.h>

enum sip_frame {
	SIP_FRAME_MORE,	   /* the rest has not come yet */
	SIP_FRAME_MESSAGE, /* the first *length bytes are one */
	SIP_FRAME_PING,	   /* double CRLF: one CRLF is the answer */
	SIP_FRAME_SKIP,	   /* line ends between messages */
	SIP_FRAME_BROKEN   /* nobody knows where the next one begins */
};

/*
 * Looks at the beginning of what has come. `head` and `message`: most bytes of
 * a head and of a whole message. *length is set but for MORE and BROKEN.
 */
enum sip_frame sip_frame_find(const char *bytes, size_t available, size_t head,
    size_t message, size_t *length);

#endif
