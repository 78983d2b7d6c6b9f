/*
 * One good INVITE, and the same with one place changed, so that a refusal can
 * only come from that place. Whole in this header: only the gate's tests are
 * linked with the gate.
 */
#ifndef USHER_TEST_SIP_GATE_CASE_H
#define USHER_TEST_SIP_GATE_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "gate.h"

#define CASE static __attribute__((unused))
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct sip_limits limits = {
	.message = 65535,
	.head = 16384,
	.line = 8192,
	.headers = 128,
	.values = 64,
};

static const char good[] =
    "INVITE sip:bob@biloxi.example.com SIP/2.0\r\n"
    "Via: SIP/2.0/UDP pc33.example.com:5062;branch=z9hG4bKnashds8;rport\r\n"
    "Via: SIP/2.0/TCP 10.0.0.9;branch=z9hG4bKsecond\r\n"
    "Max-Forwards: 70\r\n"
    "From: \"Alice, Ng\" <sip:alice@example.com>;tag=1928301774\r\n"
    "To: Bob <sip:bob@biloxi.example.com>\r\n"
    "Call-ID: a84b4c76e66710@pc33.example.com\r\n"
    "CSeq: 314159 INVITE\r\n"
    "Contact: <sip:alice@pc33.example.com>\r\n"
    "Content-Type: text/plain\r\n"
    "Content-Length: 5\r\n"
    "\r\n"
    "hello";

static struct sip_msg msg;
static char bytes[1 << 17];
static size_t len;

/* The good one with the first "old" replaced; new may hold NUL. */
CASE void
change(const char *old, const char *new, size_t new_len)
{
	const char *at = strstr(good, old);
	size_t before, after;

	if (!at)
		fail_msg("no %s in the good message", old);
	before = (size_t)(at - good);
	after = strlen(at + strlen(old));
	memcpy(bytes, good, before);
	memcpy(bytes + before, new, new_len);
	memcpy(bytes + before + new_len, at + strlen(old), after);
	len = before + new_len + after;
}

CASE enum sip_gate
read_changed(const char *old, const char *new)
{
	change(old, new, strlen(new));
	return sip_gate_read(&msg, bytes, len, &limits);
}

CASE enum sip_gate
read_text(const char *text)
{
	len = strlen(text);
	memcpy(bytes, text, len);
	return sip_gate_read(&msg, bytes, len, &limits);
}

CASE void
assert_span(struct span got, const char *wanted)
{
	if (!got.p || got.l != strlen(wanted) ||
	    memcmp(got.p, wanted, got.l) != 0)
		fail_msg("%.*s, not %s", SPAN_ARG(got), wanted);
}

#endif
