/*
 * gate.h - one datagram's bytes, framed and checked, in place.
 *
 * The gate (design-calls.md "Bytes") is the first reader of everything that
 * comes from the network, and for responses, ACK and in-dialog requests the
 * only one. It cuts the message into spans without copying, knows every header
 * with its compact form, and refuses what two readers could read differently:
 * bare CR or LF, NUL outside a quoted pair, doubled single headers, two
 * Content-Lengths, numbers out of range. It keeps RFC 3261 §7, §18.3, §20,
 * §25 and the traps of RFC 4475. Cost is linear in the bytes.
 *
 * The spans of a struct sip_msg point into the caller's buffer, which must
 * outlive it unchanged. Nothing here allocates.
 */
#ifndef USHER_SIP_GATE_H
#define USHER_SIP_GATE_H

#include <stdint.h>

#include "span.h"

/* Room of the header table. limits.headers may be at most SIP_HEADERS_CAP, so
 * that what we add on forwarding can still be read back. */
#define SIP_HEADERS_MAX 256
#define SIP_HEADERS_CAP 240

enum sip_method {
	SIP_METHOD_OTHER,
	SIP_METHOD_INVITE,
	SIP_METHOD_ACK,
	SIP_METHOD_BYE,
	SIP_METHOD_CANCEL,
	SIP_METHOD_OPTIONS,
	SIP_METHOD_REGISTER,
	SIP_METHOD_MESSAGE,
	SIP_METHOD_SUBSCRIBE,
	SIP_METHOD_NOTIFY,
	SIP_METHOD_REFER,
	SIP_METHOD_INFO,
	SIP_METHOD_UPDATE,
	SIP_METHOD_PRACK,
	SIP_METHOD_PUBLISH
};

/* SIP_HDR_OTHER is every header not listed. Names and compact forms stand in
 * gate_headers.c, in this order. */
enum sip_header {
	SIP_HDR_OTHER,
	SIP_HDR_VIA,
	SIP_HDR_FROM,
	SIP_HDR_TO,
	SIP_HDR_CALL_ID,
	SIP_HDR_CSEQ,
	SIP_HDR_MAX_FORWARDS,
	SIP_HDR_CONTENT_LENGTH,
	SIP_HDR_CONTENT_TYPE,
	SIP_HDR_CONTACT,
	SIP_HDR_ROUTE,
	SIP_HDR_RECORD_ROUTE,
	SIP_HDR_PATH,
	SIP_HDR_SERVICE_ROUTE,
	SIP_HDR_DATE,
	SIP_HDR_EXPIRES,
	SIP_HDR_REQUIRE,
	SIP_HDR_PROXY_REQUIRE,
	SIP_HDR_SUPPORTED,
	SIP_HDR_UNSUPPORTED,
	SIP_HDR_ALLOW,
	SIP_HDR_ALLOW_EVENTS,
	SIP_HDR_ACCEPT,
	SIP_HDR_ACCEPT_CONTACT,
	SIP_HDR_REJECT_CONTACT,
	SIP_HDR_REQUEST_DISPOSITION,
	SIP_HDR_CONTENT_ENCODING,
	SIP_HDR_P_ASSERTED_IDENTITY,
	SIP_HDR_P_PREFERRED_IDENTITY,
	SIP_HDR_P_CALLED_PARTY_ID,
	SIP_HDR_REMOTE_PARTY_ID,
	SIP_HDR_PRIVACY,
	SIP_HDR_IDENTITY,
	SIP_HDR_IDENTITY_INFO,
	SIP_HDR_DIVERSION,
	SIP_HDR_HISTORY_INFO,
	SIP_HDR_REFERRED_BY,
	SIP_HDR_REFER_TO,
	SIP_HDR_REPLACES,
	SIP_HDR_JOIN,
	SIP_HDR_CALL_INFO,
	SIP_HDR_ALERT_INFO,
	SIP_HDR_ERROR_INFO,
	SIP_HDR_PRIORITY,
	SIP_HDR_RESOURCE_PRIORITY,
	SIP_HDR_SUBJECT,
	SIP_HDR_ORGANIZATION,
	SIP_HDR_FEATURE_CAPS,
	SIP_HDR_REASON,
	SIP_HDR_RETRY_AFTER,
	SIP_HDR_WARNING,
	SIP_HDR_EVENT,
	SIP_HDR_SESSION_EXPIRES,
	SIP_HDR_AUTHORIZATION,
	SIP_HDR_PROXY_AUTHORIZATION,
	SIP_HDR_WWW_AUTHENTICATE,
	SIP_HDR_PROXY_AUTHENTICATE,
	SIP_HDR_TIMESTAMP,
	SIP_HDR_USER_AGENT,
	SIP_HDR_SERVER,
	SIP_HDR_COUNT
};

/* Why the gate refused; sip_gate_code() and sip_gate_words() say the rest. */
enum sip_gate {
	SIP_GATE_OK,
	SIP_GATE_KEEPALIVE, /* CRLFs or nothing: ignore */
	SIP_GATE_NOT_SIP,   /* neither request nor status line: drop */
	SIP_GATE_TOO_LONG,  /* over limits.message: 513 */
	SIP_GATE_HEAD_TOO_LONG,
	SIP_GATE_LINE_TOO_LONG,
	SIP_GATE_TOO_MANY_HEADERS,
	SIP_GATE_TOO_MANY_VALUES,
	SIP_GATE_NO_HEAD_END,
	SIP_GATE_BARE_CR_LF,
	SIP_GATE_NUL,
	SIP_GATE_START_LINE,
	SIP_GATE_URI,
	SIP_GATE_VERSION, /* 505 */
	SIP_GATE_STATUS,
	SIP_GATE_HEADER_NAME,
	SIP_GATE_DOUBLED,
	SIP_GATE_MISSING,
	SIP_GATE_VIA,
	SIP_GATE_FROM_TO,
	SIP_GATE_CALL_ID,
	SIP_GATE_CSEQ,
	SIP_GATE_CSEQ_METHOD,
	SIP_GATE_MAX_FORWARDS,
	SIP_GATE_CONTENT_LENGTH,
	SIP_GATE_CONTACT,
	SIP_GATE_DATE,
	SIP_GATE_ROUTE,
	SIP_GATE_COUNT
};

struct sip_limits {
	size_t message;	  /* bytes of a datagram */
	size_t head;	  /* bytes up to and with the empty line */
	size_t line;	  /* bytes of one header with its folding */
	unsigned headers; /* lines; at most SIP_HEADERS_CAP */
	unsigned values;  /* of Via, Route, Record-Route, Path, each */
};

struct sip_hdr {
	struct span name;  /* as written */
	struct span value; /* without white space around it */
	struct span line;  /* name to the last CRLF, folding included */
	uint8_t id;	   /* enum sip_header */
	uint8_t next;	   /* the next of this id, 0 at the end */
};

struct sip_via {
	struct span value; /* this value, without its comma */
	struct span transport;
	struct span host;      /* an IPv6 reference with its brackets */
	struct span port_text; /* as written */
	struct span branch;    /* p NULL: none */
	struct span received;
	struct span rport; /* the value; empty without one; p NULL: none */
	struct span maddr;
	/* Whole parameters with their ';', for editing; p NULL: none. */
	struct span received_param;
	struct span rport_param;
	uint16_t port; /* 0: none given */
	bool whole;    /* read to its end: it is a Via */
};

/* A name-addr or addr-spec. */
struct sip_addr_value {
	struct span display; /* as written, with its quotes; p NULL: none */
	struct span uri;
	struct span
	    params; /* of the header, from the first ';'; may be empty */
	bool bracketed;
};

struct sip_msg {
	struct span all; /* start line to body end, as framed */
	bool request;
	bool answerable;	/* no ACK, no response, and has a Via */
	enum sip_method method; /* of a response: the CSeq's */
	struct span method_text;
	struct span uri; /* request: R-URI */
	unsigned code;	 /* response */
	struct span reason;
	struct span start_line; /* with its CRLF */
	struct span head_end;	/* the empty line (its CRLF) */
	struct span body;

	struct sip_via via; /* the topmost */
	struct span call_id;
	struct sip_addr_value from, to;
	struct span from_tag; /* p NULL: none */
	struct span to_tag;
	uint32_t cseq;
	struct span cseq_method;
	int max_forwards;	/* -1: none */
	int64_t content_length; /* -1: none */
	unsigned via_count;	/* values, not lines */
	unsigned route_count;
	unsigned record_route_count;
	unsigned path_count;

	/* headers[0] is not used, so that 0 means none in first and next. */
	unsigned count; /* headers[1] to headers[count] */
	uint8_t first[SIP_HDR_COUNT];
	uint8_t last[SIP_HDR_COUNT];
	struct sip_hdr headers[SIP_HEADERS_MAX];
};

/*
 * Reads a datagram. Leading CRLFs are skipped. On a refusal the spans found up
 * to there and after are still filled where they parse, and msg->answerable
 * says whether a response can be built (of what there is); lines with forbidden
 * bytes are never among them. A topmost Via that is malformed stands in via as
 * far as it could be read. lim NULL: the widest (for our own bytes).
 */
enum sip_gate sip_gate_read(struct sip_msg *msg, const char *bytes, size_t len,
    const struct sip_limits *lim);

/* The response code for a refusal: 400, 505, 513; 0: drop it. */
unsigned sip_gate_code(enum sip_gate why, const struct sip_msg *msg);

/* A short sentence for logs and Warning, never NULL. */
const char *sip_gate_words(enum sip_gate why);

/* The first header of this id, or NULL; and the one of the same id after it. */
const struct sip_hdr *sip_msg_first(const struct sip_msg *msg,
    enum sip_header id);
const struct sip_hdr *sip_msg_next(const struct sip_msg *msg,
    const struct sip_hdr *hdr);
/* The first header named so, any case, no compact forms (known ones by id). */
const struct sip_hdr *sip_msg_named(const struct sip_msg *msg,
    const char *name);
/* Value of the first of this id; p NULL when there is none. */
struct span sip_msg_value(const struct sip_msg *msg, enum sip_header id);

/* gate_headers.c: names */
enum sip_header sip_header_id(struct span name);
const char *sip_header_name(enum sip_header id);
enum sip_method sip_method_id(struct span text);
const char *sip_method_name(enum sip_method method);

/* gate_value.c: inside a header's value */

/* Takes the next of comma-joined values off *rest, white space around it
 * trimmed; commas in quotes and <> do not part. False at the end. */
bool sip_value_next(struct span *rest, struct span *value);
/* One Via value; false when it is not one. */
bool sip_via_read(struct span value, struct sip_via *via);
/* Parameter of `;a=b;c="d"`, name without case; value is empty without '='. */
bool sip_param_get(struct span params, const char *name, struct span *value);
/* Splits a name-addr or addr-spec. */
bool sip_addr_split(struct span value, struct sip_addr_value *out);
struct span sip_span_trim(struct span s);
/* 1 to 10 digits and nothing else, at most max. */
bool sip_number_read(struct span s, uint32_t max, uint32_t *out);

#endif
