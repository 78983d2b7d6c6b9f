/*
 * dns_srv.c - SRV records out of an answer's bytes.
 *
 * c-ares reads SRV without the time to live, which we keep to; so the records
 * are walked here, and every name is expanded by c-ares, which knows how to
 * follow compression without going in circles. Bytes are an attacker's until
 * read: nothing beyond `length` is touched. RFC 1035 §4.1, RFC 2782. Called by
 * dns.c.
 */
#include <ares.h>
#include <errno.h>
#include <stdio.h>

#include "dns.h"

enum {
	HEAD = 12,
	QUESTION_TAIL = 4,
	RECORD_HEAD = 10,
	SRV_HEAD = 6,
	CLASS_IN = 1,
	TYPE_CNAME = 5,
	TYPE_SRV = 33
};

struct walk {
	const uint8_t *bytes, *at;
	size_t length;
};

static size_t
left(const struct walk *walk)
{
	return walk->length - (size_t)(walk->at - walk->bytes);
}

static unsigned
two(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* Into text where that is not NULL. */
static bool
take_name(struct walk *walk, char *text, size_t size)
{
	char *name = NULL;
	long used = 0;
	bool ok;

	if (walk->length > INT32_MAX || left(walk) == 0 ||
	    ares_expand_name(walk->at, walk->bytes, (int)walk->length, &name,
		&used) != ARES_SUCCESS)
		return false;
	walk->at += used;
	ok = text == NULL || snprintf(text, size, "%s", name) < (int)size;
	ares_free_string(name);
	return ok;
}

static bool
read_srv(const struct walk *record, size_t length, struct dns_srv *srv)
{
	struct walk walk = *record;

	if (length < SRV_HEAD + 1)
		return false;
	srv->priority = (uint16_t)two(walk.at);
	srv->weight = (uint16_t)two(walk.at + 2);
	srv->port = (uint16_t)two(walk.at + 4);
	walk.at += SRV_HEAD;
	return take_name(&walk, srv->host, sizeof(srv->host));
}

/* A record; false: it cannot be read. */
static bool
take_record(struct walk *walk, struct dns_srvs *srvs, bool *some)
{
	struct dns_srv *srv = &srvs->list[srvs->count];
	unsigned type, class;
	uint32_t ttl_s;
	size_t length;

	if (!take_name(walk, NULL, 0) || left(walk) < RECORD_HEAD)
		return false;
	type = two(walk->at);
	class = two(walk->at + 2);
	ttl_s = two(walk->at + 4) << 16 | two(walk->at + 6);
	length = two(walk->at + 8);
	walk->at += RECORD_HEAD;
	if (left(walk) < length)
		return false;
	if (class == CLASS_IN && (type == TYPE_SRV || type == TYPE_CNAME) &&
	    ttl_s < srvs->ttl_s)
		srvs->ttl_s = ttl_s;
	if (class == CLASS_IN && type == TYPE_SRV && srvs->count < DNS_MOST) {
		if (!read_srv(walk, length, srv))
			return false;
		*some = true;
		srvs->count += srv->host[0] != '\0';
	}
	walk->at += length;
	return true;
}

int
dns_srv_read(struct dns_srvs *srvs, const uint8_t *bytes, size_t length)
{
	struct walk walk = { .bytes = bytes, .at = bytes, .length = length };
	unsigned questions, records;
	bool some = false;

	srvs->count = 0;
	srvs->ttl_s = UINT32_MAX;
	if (length < HEAD)
		return EBADMSG;
	questions = two(bytes + 4);
	records = two(bytes + 6);
	walk.at += HEAD;
	for (unsigned i = 0; i < questions; i++) {
		if (!take_name(&walk, NULL, 0) || left(&walk) < QUESTION_TAIL)
			return EBADMSG;
		walk.at += QUESTION_TAIL;
	}
	for (unsigned i = 0; i < records; i++) {
		if (!take_record(&walk, srvs, &some))
			return EBADMSG;
	}
	return some ? 0 : ENOENT;
}
