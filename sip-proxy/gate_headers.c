/*
 * gate_headers.c - names of headers and methods.
 *
 * The table of every header that usher-sip knows by number, with its compact
 * form (RFC 3261 §7.3.3, §20 and the extensions with a letter of their own:
 * a b d j o r u x y n). Called by the gate for each header line, so the
 * search goes by length first and compares one or two candidates.
 */
#include "gate.h"

struct name {
	const char *text;
	uint8_t len;
	char compact;
};

#define NAME(text, compact)                     \
	{                                       \
		text, sizeof(text) - 1, compact \
	}

static const struct name names[SIP_HDR_COUNT] = {
	[SIP_HDR_OTHER] = NAME("", 0),
	[SIP_HDR_VIA] = NAME("Via", 'v'),
	[SIP_HDR_FROM] = NAME("From", 'f'),
	[SIP_HDR_TO] = NAME("To", 't'),
	[SIP_HDR_CALL_ID] = NAME("Call-ID", 'i'),
	[SIP_HDR_CSEQ] = NAME("CSeq", 0),
	[SIP_HDR_MAX_FORWARDS] = NAME("Max-Forwards", 0),
	[SIP_HDR_CONTENT_LENGTH] = NAME("Content-Length", 'l'),
	[SIP_HDR_CONTENT_TYPE] = NAME("Content-Type", 'c'),
	[SIP_HDR_CONTACT] = NAME("Contact", 'm'),
	[SIP_HDR_ROUTE] = NAME("Route", 0),
	[SIP_HDR_RECORD_ROUTE] = NAME("Record-Route", 0),
	[SIP_HDR_PATH] = NAME("Path", 0),
	[SIP_HDR_SERVICE_ROUTE] = NAME("Service-Route", 0),
	[SIP_HDR_DATE] = NAME("Date", 0),
	[SIP_HDR_EXPIRES] = NAME("Expires", 0),
	[SIP_HDR_REQUIRE] = NAME("Require", 0),
	[SIP_HDR_PROXY_REQUIRE] = NAME("Proxy-Require", 0),
	[SIP_HDR_SUPPORTED] = NAME("Supported", 'k'),
	[SIP_HDR_UNSUPPORTED] = NAME("Unsupported", 0),
	[SIP_HDR_ALLOW] = NAME("Allow", 0),
	[SIP_HDR_ALLOW_EVENTS] = NAME("Allow-Events", 'u'),
	[SIP_HDR_ACCEPT] = NAME("Accept", 0),
	[SIP_HDR_ACCEPT_CONTACT] = NAME("Accept-Contact", 'a'),
	[SIP_HDR_REJECT_CONTACT] = NAME("Reject-Contact", 'j'),
	[SIP_HDR_REQUEST_DISPOSITION] = NAME("Request-Disposition", 'd'),
	[SIP_HDR_CONTENT_ENCODING] = NAME("Content-Encoding", 'e'),
	[SIP_HDR_P_ASSERTED_IDENTITY] = NAME("P-Asserted-Identity", 0),
	[SIP_HDR_P_PREFERRED_IDENTITY] = NAME("P-Preferred-Identity", 0),
	[SIP_HDR_P_CALLED_PARTY_ID] = NAME("P-Called-Party-ID", 0),
	[SIP_HDR_REMOTE_PARTY_ID] = NAME("Remote-Party-ID", 0),
	[SIP_HDR_PRIVACY] = NAME("Privacy", 0),
	[SIP_HDR_IDENTITY] = NAME("Identity", 'y'),
	[SIP_HDR_IDENTITY_INFO] = NAME("Identity-Info", 'n'),
	[SIP_HDR_DIVERSION] = NAME("Diversion", 0),
	[SIP_HDR_HISTORY_INFO] = NAME("History-Info", 0),
	[SIP_HDR_REFERRED_BY] = NAME("Referred-By", 'b'),
	[SIP_HDR_REFER_TO] = NAME("Refer-To", 'r'),
	[SIP_HDR_REPLACES] = NAME("Replaces", 0),
	[SIP_HDR_JOIN] = NAME("Join", 0),
	[SIP_HDR_CALL_INFO] = NAME("Call-Info", 0),
	[SIP_HDR_ALERT_INFO] = NAME("Alert-Info", 0),
	[SIP_HDR_ERROR_INFO] = NAME("Error-Info", 0),
	[SIP_HDR_PRIORITY] = NAME("Priority", 0),
	[SIP_HDR_RESOURCE_PRIORITY] = NAME("Resource-Priority", 0),
	[SIP_HDR_SUBJECT] = NAME("Subject", 's'),
	[SIP_HDR_ORGANIZATION] = NAME("Organization", 0),
	[SIP_HDR_FEATURE_CAPS] = NAME("Feature-Caps", 0),
	[SIP_HDR_REASON] = NAME("Reason", 0),
	[SIP_HDR_RETRY_AFTER] = NAME("Retry-After", 0),
	[SIP_HDR_WARNING] = NAME("Warning", 0),
	[SIP_HDR_EVENT] = NAME("Event", 'o'),
	[SIP_HDR_SESSION_EXPIRES] = NAME("Session-Expires", 'x'),
	[SIP_HDR_AUTHORIZATION] = NAME("Authorization", 0),
	[SIP_HDR_PROXY_AUTHORIZATION] = NAME("Proxy-Authorization", 0),
	[SIP_HDR_WWW_AUTHENTICATE] = NAME("WWW-Authenticate", 0),
	[SIP_HDR_PROXY_AUTHENTICATE] = NAME("Proxy-Authenticate", 0),
	[SIP_HDR_TIMESTAMP] = NAME("Timestamp", 0),
	[SIP_HDR_USER_AGENT] = NAME("User-Agent", 0),
	[SIP_HDR_SERVER] = NAME("Server", 0),
};

#define LETTER(c, id) [(c) - 'a'] = (id)

static const uint8_t letters[26] = {
	LETTER('a', SIP_HDR_ACCEPT_CONTACT),
	LETTER('b', SIP_HDR_REFERRED_BY),
	LETTER('c', SIP_HDR_CONTENT_TYPE),
	LETTER('d', SIP_HDR_REQUEST_DISPOSITION),
	LETTER('e', SIP_HDR_CONTENT_ENCODING),
	LETTER('f', SIP_HDR_FROM),
	LETTER('i', SIP_HDR_CALL_ID),
	LETTER('j', SIP_HDR_REJECT_CONTACT),
	LETTER('k', SIP_HDR_SUPPORTED),
	LETTER('l', SIP_HDR_CONTENT_LENGTH),
	LETTER('m', SIP_HDR_CONTACT),
	LETTER('n', SIP_HDR_IDENTITY_INFO),
	LETTER('o', SIP_HDR_EVENT),
	LETTER('r', SIP_HDR_REFER_TO),
	LETTER('s', SIP_HDR_SUBJECT),
	LETTER('t', SIP_HDR_TO),
	LETTER('u', SIP_HDR_ALLOW_EVENTS),
	LETTER('v', SIP_HDR_VIA),
	LETTER('x', SIP_HDR_SESSION_EXPIRES),
	LETTER('y', SIP_HDR_IDENTITY),
};

/* Ids by the length of their name; 0 ends a row. The unit test proves that
 * every id stands in the row of its length. */
#define ROW 12
static const uint8_t by_length[21][ROW] = {
	[2] = { SIP_HDR_TO },
	[3] = { SIP_HDR_VIA },
	[4] = { SIP_HDR_FROM, SIP_HDR_CSEQ, SIP_HDR_PATH, SIP_HDR_DATE,
	    SIP_HDR_JOIN },
	[5] = { SIP_HDR_ALLOW, SIP_HDR_ROUTE, SIP_HDR_EVENT },
	[6] = { SIP_HDR_ACCEPT, SIP_HDR_REASON, SIP_HDR_SERVER },
	[7] = { SIP_HDR_CALL_ID, SIP_HDR_CONTACT, SIP_HDR_SUBJECT,
	    SIP_HDR_REQUIRE, SIP_HDR_EXPIRES, SIP_HDR_PRIVACY,
	    SIP_HDR_WARNING },
	[8] = { SIP_HDR_IDENTITY, SIP_HDR_PRIORITY, SIP_HDR_REPLACES,
	    SIP_HDR_REFER_TO },
	[9] = { SIP_HDR_SUPPORTED, SIP_HDR_DIVERSION, SIP_HDR_CALL_INFO,
	    SIP_HDR_TIMESTAMP },
	[10] = { SIP_HDR_USER_AGENT, SIP_HDR_ALERT_INFO, SIP_HDR_ERROR_INFO },
	[11] = { SIP_HDR_RETRY_AFTER, SIP_HDR_REFERRED_BY,
	    SIP_HDR_UNSUPPORTED },
	[12] = { SIP_HDR_MAX_FORWARDS, SIP_HDR_CONTENT_TYPE,
	    SIP_HDR_RECORD_ROUTE, SIP_HDR_ALLOW_EVENTS, SIP_HDR_HISTORY_INFO,
	    SIP_HDR_ORGANIZATION, SIP_HDR_FEATURE_CAPS },
	[13] = { SIP_HDR_SERVICE_ROUTE, SIP_HDR_PROXY_REQUIRE,
	    SIP_HDR_IDENTITY_INFO, SIP_HDR_AUTHORIZATION },
	[14] = { SIP_HDR_CONTENT_LENGTH, SIP_HDR_ACCEPT_CONTACT,
	    SIP_HDR_REJECT_CONTACT },
	[15] = { SIP_HDR_REMOTE_PARTY_ID, SIP_HDR_SESSION_EXPIRES },
	[16] = { SIP_HDR_CONTENT_ENCODING, SIP_HDR_WWW_AUTHENTICATE },
	[17] = { SIP_HDR_P_CALLED_PARTY_ID, SIP_HDR_RESOURCE_PRIORITY },
	[18] = { SIP_HDR_PROXY_AUTHENTICATE },
	[19] = { SIP_HDR_P_ASSERTED_IDENTITY, SIP_HDR_REQUEST_DISPOSITION,
	    SIP_HDR_PROXY_AUTHORIZATION },
	[20] = { SIP_HDR_P_PREFERRED_IDENTITY },
};

static const struct name methods[] = {
	[SIP_METHOD_OTHER] = NAME("", 0),
	[SIP_METHOD_INVITE] = NAME("INVITE", 0),
	[SIP_METHOD_ACK] = NAME("ACK", 0),
	[SIP_METHOD_BYE] = NAME("BYE", 0),
	[SIP_METHOD_CANCEL] = NAME("CANCEL", 0),
	[SIP_METHOD_OPTIONS] = NAME("OPTIONS", 0),
	[SIP_METHOD_REGISTER] = NAME("REGISTER", 0),
	[SIP_METHOD_MESSAGE] = NAME("MESSAGE", 0),
	[SIP_METHOD_SUBSCRIBE] = NAME("SUBSCRIBE", 0),
	[SIP_METHOD_NOTIFY] = NAME("NOTIFY", 0),
	[SIP_METHOD_REFER] = NAME("REFER", 0),
	[SIP_METHOD_INFO] = NAME("INFO", 0),
	[SIP_METHOD_UPDATE] = NAME("UPDATE", 0),
	[SIP_METHOD_PRACK] = NAME("PRACK", 0),
	[SIP_METHOD_PUBLISH] = NAME("PUBLISH", 0),
};

/* By two words that may overlap: memcmp costs more to call than to run. */
static bool
same_bytes(const char *a, const char *b, size_t length)
{
	uint64_t x[2], y[2];
	uint32_t s[2], t[2];

	if (length >= sizeof(x[0])) {
		const size_t end = length - sizeof(x[0]);

		memcpy(x, a, 8);
		memcpy(x + 1, a + end, 8);
		memcpy(y, b, 8);
		memcpy(y + 1, b + end, 8);
		return x[0] == y[0] && x[1] == y[1] &&
		    (length <= 16 || memcmp(a, b, length) == 0);
	}
	if (length < sizeof(s[0]))
		return memcmp(a, b, length) == 0;
	memcpy(s, a, 4);
	memcpy(s + 1, a + length - 4, 4);
	memcpy(t, b, 4);
	memcpy(t + 1, b + length - 4, 4);
	return s[0] == t[0] && s[1] == t[1];
}

enum sip_header
sip_header_id(struct span name)
{
	const uint8_t *row;

	if (name.l == 1) {
		unsigned c = ((unsigned char)name.p[0] | 0x20u) - 'a';

		return c < 26 ? (enum sip_header)letters[c] : SIP_HDR_OTHER;
	}
	if (name.l >= sizeof(by_length) / sizeof(by_length[0]))
		return SIP_HDR_OTHER;
	for (row = by_length[name.l]; *row; row++) {
		struct span known = { names[*row].text, names[*row].len };

		if (((known.p[0] ^ name.p[0]) & ~0x20) == 0 &&
		    (same_bytes(known.p, name.p, name.l) ||
			span_caseeq(known, name)))
			return (enum sip_header) * row;
	}
	return SIP_HDR_OTHER;
}

const char *
sip_header_name(enum sip_header id)
{
	return id < SIP_HDR_COUNT ? names[id].text : "";
}

enum sip_method
sip_method_id(struct span text)
{
	/* Methods are case-sensitive (RFC 3261 §7.1). */
	for (size_t i = 1; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (methods[i].len == text.l &&
		    memcmp(methods[i].text, text.p, text.l) == 0)
			return (enum sip_method)i;
	return SIP_METHOD_OTHER;
}

const char *
sip_method_name(enum sip_method method)
{
	return methods[method].text;
}
