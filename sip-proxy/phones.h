/*
 * phones.h - phones that registered through us, and the way back to each.
 *
 * A REGISTER leaves with a Path of ours whose user part is a token: the flow it
 * came by, signed. The registrar's 2xx makes bindings of it. A call for a phone
 * comes back with the token in Route, or with the phone's Contact as R-URI, and
 * leaves by the flow (design-calls.md "Phones"; RFC 3327, RFC 5626 §5).
 */
#ifndef USHER_SIP_PHONES_H
#define USHER_SIP_PHONES_H

#include "screen.h"

struct bindings;
struct call;
struct request;

enum { FLOW_TOKEN = 100, PATH_TEXT = HOST_TEXT + 260 };

/* The way to a phone. */
struct flow {
	struct sip_peer peer;
	int64_t until_s;   /* since 1970; 0: as long as it lives */
	char aor[ID_TEXT]; /* as its REGISTER named it in To, or "" */
};

struct binding {
	struct binding *next_aor, *next_contact, *next_flow;
	struct bindings *table;
	struct flow flow;
	struct sip_timer end;
	bool dead;     /* its flow is gone, its registration is not */
	char *contact; /* URI as registered */
};

/* --- flow.c: tokens --- */

/* The user part for a flow. */
void flow_token(const struct proxy *proxy, const struct flow *flow,
    char text[FLOW_TOKEN]);
/* "<sip:TOKEN@HOST;transport=tcp;lr;a=AOR>", the AOR left out where it does not
 * fit. EMSGSIZE. */
int flow_path(const struct proxy *proxy, const struct flow *flow,
    const char *host, enum sip_transport transport, bool outbound, char *text,
    size_t size);
/* A URI of ours with a token that we signed. */
bool flow_read(const struct proxy *proxy, const struct setup *setup,
    const struct sip_uri *uri, struct flow *flow);
/* Whether the phone can still be reached by it. */
bool flow_lives(const struct proxy *proxy, const struct flow *flow);

/* --- bindings.c: who is registered --- */

struct bindings *bindings_new(struct sip_timers *timers);
void bindings_free(struct bindings *table);
unsigned bindings_count(const struct bindings *table);
/* From now on, for `seconds`; replaces that of the same AOR and Contact. */
int bindings_put(struct bindings *table, const struct flow *flow,
    struct span contact, uint32_t seconds);
void bindings_remove(struct bindings *table, const char *aor,
    struct span contact);
/* That of this AOR and Contact; NULL: none. */
const struct binding *bindings_at(const struct bindings *table, const char *aor,
    struct span contact);
/* NULL: none. The dead are found as well. */
struct binding *bindings_by_flow(const struct bindings *table,
    const struct sip_peer *src);
struct binding *bindings_by_contact(const struct bindings *table,
    const struct sip_uri *uri);
struct binding *bindings_by_aor(const struct bindings *table, const char *aor);
/* Each of those whose AOR has this user part, at whatever host: the first after
 * `b`, or of all when it is NULL. */
const struct binding *bindings_of_user(const struct bindings *table,
    const struct binding *b, struct span user);
/* The host of an AOR. */
struct span bindings_aor_host(const char *aor);
/* True once for an AOR: its registrar's answer had no Path. */
bool bindings_note_pathless(struct bindings *table, const char *aor);
/* Something came by this flow: an ICMP error before it is forgotten. */
void bindings_alive(struct bindings *table, const struct sip_peer *src);
/* A stream is over, or ICMP says that nobody is there. */
void bindings_lost(struct bindings *table, uint64_t connection);
void bindings_unreachable(struct bindings *table, const struct sip_peer *dst);
/* Whether a phone is bound by this stream. */
bool bindings_holds(const struct bindings *table, uint64_t connection);

/* --- register.c --- */

/* Whether a REGISTER gets our Path here. */
bool register_is_ours(const struct request *request);
void register_forward(struct request *request);
/* The registrar's 2xx is about to leave. */
void register_confirm(struct call *call, const struct sip_msg *response);

/* --- phones.c --- */

/* A request of the PBX that means a phone: false: it means none. */
bool phones_take(struct request *request);
/* A request of a phone, outside dialogs. */
void phones_from(struct request *request);

#endif
