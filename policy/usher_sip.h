/*
 * usher_sip: the group `sip` of usher.conf (design-calls.md), as plain data.
 *
 * A part of usher.h, which includes it; nobody else does. Times are in
 * milliseconds but where a name ends in `_s`. Read by conf_sip*.c.
 */
#ifndef USHER_SIP_H
#define USHER_SIP_H

enum usher_sip_transport { USHER_SIP_UDP, USHER_SIP_TCP, USHER_SIP_TLS };
enum usher_sip_place { USHER_SIP_BEFORE_PBX, USHER_SIP_BEFORE_PHONES };
enum usher_sip_identity {
	USHER_SIP_ASSERTED,
	USHER_SIP_FROM,
	USHER_SIP_VERSTAT
};
enum usher_sip_register {
	USHER_SIP_REGISTER_AUTO,
	USHER_SIP_REGISTER_PATH,
	USHER_SIP_REGISTER_OFF
};
enum usher_sip_verify {
	USHER_SIP_VERIFY_NONE,
	USHER_SIP_VERIFY_GIVEN,
	USHER_SIP_VERIFY_REQUIRED
};

struct usher_sip_listen {
	enum usher_sip_transport transport;
	struct sockaddr_storage address; /* with its port */
	const char *public_host; /* as in a URI; "": the bound address */
	uint16_t public_port;	 /* 0: the bound port */
};

/* Where requests may come from: "ADDR[/LEN][:PORT]" or "tls:NAME". */
struct usher_sip_from {
	const char *tls_name; /* or NULL: the address counts */
	struct sockaddr_storage address;
	unsigned length; /* bits of its prefix */
	uint16_t port;	 /* 0: any */
};

/* One of `next_hops` or `trunks`. */
struct usher_sip_hop {
	const char *uri;  /* as written */
	const char *host; /* name or address, IPv6 in [] */
	uint16_t port;	  /* 0: none given */
	enum usher_sip_transport transport;
	bool any_transport; /* sip: without one: that is the usual one */
	unsigned priority, weight;
};

/* The facts and answers that a peer may have of its own. */
struct usher_sip_terms {
	enum usher_sip_identity identity;
	bool e164; /* numbers = "e164" */
	size_t extension_count;
	const char *const *extensions; /* patterns with * */
	const char *outside_prefix;
	bool asks;
	bool follows_302;
	unsigned refuse;			/* 480, 486, 603, 608 */
	const char *defer_to, *announce, *card; /* "": none */
	unsigned max_diversions;
};

struct usher_sip_peer {
	const char *name;
	size_t from_count;
	const struct usher_sip_from *from;
	bool inside, trusted;
	struct usher_sip_terms terms; /* whole: what is not set is the site's */
};

struct usher_sip_timers {
	uint32_t t1, t2, t4, c, failover, probe, handshake, idle, drain;
};

struct usher_sip_limits {
	uint32_t message, head, line, headers, values;
	uint32_t transactions, connections, per_source, rate, burst, bad;
	uint32_t ban_s;
};

struct usher_sip {
	bool given;	     /* usher.conf has the group */
	bool listen_default; /* nobody asked for these listeners */
	size_t listen_count;
	const struct usher_sip_listen *listen;
	size_t domain_count; /* `domains` and site.domains */
	const char *const *domains;
	const char *tls_certificate, *tls_key, *tls_ca; /* "": none */
	enum usher_sip_verify tls_verify;
	enum usher_sip_place place;
	size_t hop_count; /* 0: the proxy cannot start */
	const struct usher_sip_hop *hops;
	size_t trunk_count;
	const struct usher_sip_hop *trunks;
	size_t trusted_count;
	const struct usher_sip_from *trusted;
	bool screen_others;
	size_t peer_count;
	const struct usher_sip_peer *peers;
	size_t allow_count; /* host patterns, with site.allow */
	const char *const *allow;
	enum usher_sip_register registers;
	bool record_route;
	struct usher_sip_terms terms; /* of whoever has no peers entry */
	size_t emergency_count;
	const char *const *emergency_numbers;
	uint32_t emergency_callback_s;
	struct usher_sip_timers timers;
	struct usher_sip_limits limits;
};
USHER_API const struct usher_sip *usher_conf_sip(const struct usher_conf *conf);
/* Where what must survive a restart is kept: the directory of the store, in
 * `path`. ENOENT: the store has none; ENAMETOOLONG. */
USHER_API int usher_conf_sip_directory(const struct usher_conf *conf,
    char *path, size_t size);
/*
 * The E.164 number that the user part of a SIP or tel URI means under these
 * terms ("Numbers"); `context` is a phone-context or NULL. Users are bytes
 * without escapes. false: no number, an extension.
 */
enum { USHER_SIP_NUMBER = 17 };
USHER_API bool usher_sip_number(const struct usher_conf *conf,
    const struct usher_sip_terms *terms, const char *user, size_t length,
    const char *context, char number[USHER_SIP_NUMBER]);
/* Whether a user part, as written, is one of the inside numbers. */
USHER_API bool usher_sip_is_extension(const struct usher_sip_terms *terms,
    const char *user, size_t length);
/* Whether `allow` lets a target be at this host. */
USHER_API bool usher_sip_allows(const struct usher_sip *sip, const char *host);

#endif
