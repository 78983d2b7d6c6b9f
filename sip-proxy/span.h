/*
 * span.h - a run of bytes inside somebody else's memory.
 *
 * Everything that the wire half of usher-sip reads is a span into the datagram
 * it came in: no copy, no terminating NUL, and NUL may occur inside. A span
 * with p == NULL says "not there", which differs from an empty one. Used by
 * every file of sip-proxy/; owns nothing.
 */
#ifndef USHER_SIP_SPAN_H
#define USHER_SIP_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct span {
	const char *p;
	size_t l;
};

/* For printf: printf("%.*s", SPAN_ARG(s)). Only for spans without NUL. */
#define SPAN_ARG(s) (int)(s).l, ((s).p ? (s).p : "")
#define SPAN_LIT(text) ((struct span){ (text), sizeof(text) - 1 })

static inline struct span
span_of(const char *text)
{
	return (struct span){ text, text ? strlen(text) : 0 };
}

static inline struct span
span_between(const char *from, const char *to)
{
	return (struct span){ from, (size_t)(to - from) };
}

/* Behind its last byte. What is not there ends where it begins: an offset of a
 * null pointer is undefined, be it 0. */
static inline const char *
span_end(struct span s)
{
	return s.l == 0 ? s.p : s.p + s.l;
}

/* Its first c, or NULL; also of what is not there. */
static inline const char *
span_find(struct span s, char c)
{
	return s.l == 0 ? NULL : memchr(s.p, c, s.l);
}

/* Its bytes at `to`, where there is room for them; the end of them. */
static inline char *
span_copy(char *to, struct span s)
{
	return s.l == 0 ? to : mempcpy(to, s.p, s.l);
}

static inline bool
span_eq(struct span a, struct span b)
{
	return a.l == b.l && (a.l == 0 || memcmp(a.p, b.p, a.l) == 0);
}

/* ASCII case folded, whatever the locale; NUL is a byte as any other. */
static inline bool
span_caseeq(struct span a, struct span b)
{
	if (a.l != b.l)
		return false;
	for (size_t i = 0; i < a.l; i++) {
		unsigned char x = (unsigned char)a.p[i];
		unsigned char y = (unsigned char)b.p[i];

		if (x == y)
			continue;
		if ((x ^ y) != 0x20 || (x | 0x20) < 'a' || (x | 0x20) > 'z')
			return false;
	}
	return true;
}

static inline bool
span_is(struct span a, const char *text)
{
	return span_caseeq(a, span_of(text));
}

#endif
