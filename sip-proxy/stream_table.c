/*
 * stream_table.c - the streams that live, by number and by far end.
 *
 * Two hash tables of fixed size, chained; a stream is in both from its
 * beginning to its end. Called by transport_stream.c.
 */
#include "transport_int.h"

static size_t
bucket_of_id(uint64_t id)
{
	return (size_t)(id % STREAM_BUCKETS);
}

static size_t
bucket_of_address(const union sip_addr *a)
{
	const uint8_t *p = a->sa.sa_family == AF_INET6
	    ? (const uint8_t *)&a->in6.sin6_addr
	    : (const uint8_t *)&a->in.sin_addr;
	size_t length = a->sa.sa_family == AF_INET6 ? 16 : 4, hash = 5381;

	while (length-- > 0)
		hash = hash * 33 + *p++;
	return hash % STREAM_BUCKETS;
}

struct stream *
stream_by_id(const struct sip_transports *t, uint64_t id)
{
	struct stream *s = t->by_id[bucket_of_id(id)];

	while (s && s->peer.connection != id)
		s = s->next_id;
	return s;
}

bool
sip_transport_lives(const struct sip_transports *t, uint64_t connection)
{
	const struct stream *s = stream_by_id(t, connection);

	return s && !s->last;
}

struct stream *
stream_by_far_end(const struct sip_transports *t, const struct sip_peer *dst)
{
	struct stream *s = t->by_address[bucket_of_address(&dst->addr)];

	while (s &&
	    (s->last || s->peer.transport != dst->transport ||
		!sip_addr_same(&s->peer.addr, &dst->addr)))
		s = s->next_address;
	return s;
}

unsigned
streams_beside(const struct sip_transports *t, const union sip_addr *address)
{
	const struct stream *s = t->by_address[bucket_of_address(address)];
	unsigned count = 0;

	for (; s; s = s->next_address)
		count += sip_addr_same_host(&s->peer.addr, address);
	return count;
}

void
stream_link(struct stream *s)
{
	struct sip_transports *t = s->transports;
	struct stream **at = &t->by_id[bucket_of_id(s->peer.connection)];

	s->next_id = *at;
	*at = s;
	at = &t->by_address[bucket_of_address(&s->peer.addr)];
	s->next_address = *at;
	*at = s;
	t->stats.streams++;
}

void
stream_unlink(struct stream *s)
{
	struct sip_transports *t = s->transports;
	struct stream **at = &t->by_id[bucket_of_id(s->peer.connection)];

	while (*at != s)
		at = &(*at)->next_id;
	*at = s->next_id;
	at = &t->by_address[bucket_of_address(&s->peer.addr)];
	while (*at != s)
		at = &(*at)->next_address;
	*at = s->next_address;
	t->stats.streams--;
}
