/*
 * conf_sip: the parts of usher.conf's group `sip`, between the files that read
 * it.
 */
#ifndef USHER_CONF_SIP_H
#define USHER_CONF_SIP_H

#include "conf.h"
#include "source.h"

/* What every reader of the group is handed. */
struct sip_reading {
	struct source *source;
	struct arena *arena;
	const config_setting_t *group;
};

/* "udp:0.0.0.0:5060/sip.example.com"; EINVAL with a sentence. */
int usher_sip_listen_parse(struct arena *arena, const char *text,
    struct usher_sip_listen *listen, struct usher_error *error);
/* "192.0.2.0/24:5060", "[2001:db8::1]", "tls:sbc.example.net". */
int usher_sip_from_parse(struct arena *arena, const char *text,
    struct usher_sip_from *from, struct usher_error *error);
/* "sip:10.0.0.5:5060;transport=tcp". */
int usher_sip_hop_parse(struct arena *arena, const char *uri,
    struct usher_sip_hop *hop, struct usher_error *error);

/* A member that names sources or hops; absent leaves none. */
void usher_sip_read_from(const struct sip_reading *reading,
    const config_setting_t *group, const char *name,
    const struct usher_sip_from **from, size_t *count);
void usher_sip_read_hops(const struct sip_reading *reading, const char *name,
    const struct usher_sip_hop **hops, size_t *count);

/* Facts and answers of `group` over what `terms` holds already. */
void usher_sip_read_terms(const struct sip_reading *reading,
    const config_setting_t *group, struct usher_sip_terms *terms);
/* The keys they have, for lists of what is known. */
enum { SIP_TERMS_KEYS = 11 };
extern const char *const usher_sip_terms_keys[SIP_TERMS_KEYS];
void usher_sip_read_peers(const struct sip_reading *reading,
    struct usher_sip *sip);

#endif
