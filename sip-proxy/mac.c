/*
 * mac.c - SipHash-2-4 (Aumasson, Bernstein 2012) over lists of spans.
 *
 * See mac.h. The state takes bytes as they come; a span's length follows it.
 */
#include "mac.h"

#include "siphash.h"

static inline void
add_word(struct mac *mac, uint64_t word)
{
	mac->v[3] ^= word;
	sip_round(mac->v);
	sip_round(mac->v);
	mac->v[0] ^= word;
}

void
mac_begin(struct mac *mac, const uint8_t key[MAC_KEY])
{
	uint64_t k0 = sip_word(key), k1 = sip_word(key + 8);

	mac->v[0] = k0 ^ 0x736f6d6570736575ULL;
	mac->v[1] = k1 ^ 0x646f72616e646f6dULL;
	mac->v[2] = k0 ^ 0x6c7967656e657261ULL;
	mac->v[3] = k1 ^ 0x7465646279746573ULL;
	mac->word = mac->total = 0;
}

/* Of up to 8 bytes, the first lowest. */
static inline void
add_some(struct mac *mac, uint64_t some, unsigned count)
{
	unsigned have = mac->total & 7;

	mac->word |= some << (8 * have);
	mac->total += count;
	if (have + count < 8)
		return;
	add_word(mac, mac->word);
	mac->word = have == 0 ? 0 : some >> (8 * (8 - have));
}

void
mac_add(struct mac *mac, struct span bytes)
{
	const uint8_t *p = (const uint8_t *)bytes.p;
	struct mac now = *mac; /* in registers meanwhile */
	size_t i = 0;

	for (; i + 8 <= bytes.l; i += 8)
		add_some(&now, sip_word(p + i), 8);
	if (i < bytes.l)
		add_some(&now, sip_rest(p, bytes.l), (unsigned)(bytes.l - i));
	add_some(&now, bytes.l, 8);
	*mac = now;
}

void
mac_add_number(struct mac *mac, uint64_t number)
{
	add_some(mac, number, 8);
}

uint64_t
mac_end(struct mac *mac)
{
	add_word(mac, mac->word | (mac->total & 0xff) << 56);
	mac->v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(mac->v);
	return mac->v[0] ^ mac->v[1] ^ mac->v[2] ^ mac->v[3];
}

uint64_t
mac_of(const uint8_t key[MAC_KEY], const struct span *spans, size_t count)
{
	struct mac mac;

	mac_begin(&mac, key);
	for (size_t i = 0; i < count; i++)
		mac_add(&mac, spans[i]);
	return mac_end(&mac);
}

const char *
mac_text(uint64_t value, char text[MAC_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 16; i++)
		text[i] = digits[value >> (60 - 4 * i) & 15];
	text[16] = '\0';
	return text;
}

bool
mac_is(struct span text, uint64_t value)
{
	char right[MAC_TEXT];
	unsigned differ = 0;

	if (text.p == NULL || text.l != MAC_TEXT - 1)
		return false;
	mac_text(value, right);
	for (size_t i = 0; i < text.l; i++)
		differ |= (unsigned)(text.p[i] ^ right[i]);
	return differ == 0;
}
