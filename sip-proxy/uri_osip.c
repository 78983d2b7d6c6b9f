/*
 * uri_osip.c - libosip2 as the second reader of a value.
 *
 * Nobody else in sip-proxy/ includes its headers. It is given a terminated
 * copy, unfolded, of values that the gate and our own splitter have accepted,
 * bounded in bytes and parameters (it is quadratic in them), and must find the
 * same scheme, user and host, save where a value is so plain that it has one
 * reading only. Called for screened requests only; 0.2 us each.
 */
#include <errno.h>
#include <osipparser2/osip_parser.h>
#include <stdarg.h>
#include <stdlib.h>

#include "chars.h"
#include "uri.h"

static void
no_trace(const char *file, int line, osip_trace_level_t level,
    const char *format, va_list ap)
{
	(void)file;
	(void)line;
	(void)level;
	(void)format;
	(void)ap;
}

int
sip_uri_init(void)
{
	/* Its default writes a line to stdout for every bad packet. */
	osip_trace_initialize_func(TRACE_LEVEL0, no_trace);
	return parser_init() == 0 ? 0 : ENOMEM;
}

static bool
too_many_params(struct span s)
{
	unsigned n = 0;

	for (size_t i = 0; i < s.l; i++)
		if (s.p[i] == ';' || s.p[i] == '&')
			n++;
	return n > SIP_PARAMS_MAX;
}

/*
 * A terminated copy with folding as spaces. NUL is legal as a quoted pair of
 * the display name only, where '?' stands in for it: no fact comes from there.
 */
static int
copy_value(char out[SIP_VALUE_MAX], struct span s, size_t display)
{
	if (s.l >= SIP_VALUE_MAX || too_many_params(s))
		return EBADMSG;
	for (size_t i = 0; i < s.l; i++) {
		char c = s.p[i];

		if (c == '\0' && i >= display)
			return EBADMSG;
		out[i] = c == '\r' || c == '\n' ? ' ' : c ? c : '?';
	}
	out[s.l] = '\0';
	return 0;
}

static bool
same_text(struct span ours, const char *theirs)
{
	return theirs ? span_eq(ours, span_of(theirs)) : ours.l == 0;
}

static bool
same_host(struct span ours, const char *theirs)
{
	if (ours.l > 2 && ours.p[0] == '[' && theirs && theirs[0] != '[') {
		ours.p++;
		ours.l -= 2;
	}
	return theirs && span_caseeq(ours, span_of(theirs));
}

/* What follows the scheme of a URI that is not sip or sips. */
static struct span
after_scheme(const struct sip_uri *uri)
{
	size_t n = uri->scheme_text.l + 1;

	return (struct span){ uri->all.p + n, uri->all.l - n };
}

static bool
agree(const struct sip_value *ours, const osip_uri_t *theirs)
{
	const struct sip_uri *uri = &ours->uri;
	struct span user = { ours->user, ours->user_len };

	if (!theirs || !theirs->scheme ||
	    !span_is(uri->scheme_text, theirs->scheme))
		return false;
	if (uri->scheme == SIP_SCHEME_SIP || uri->scheme == SIP_SCHEME_SIPS)
		return same_text(user, theirs->username) &&
		    same_host(uri->host, theirs->host);
	return same_text(after_scheme(uri), theirs->string);
}

static int
ask_uri(const struct sip_value *ours)
{
	char text[SIP_VALUE_MAX];
	osip_uri_t *theirs;
	int err = copy_value(text, ours->uri.all, 0);

	if (err)
		return err;
	if (osip_uri_init(&theirs))
		return ENOMEM;
	if (osip_uri_parse(theirs, text) || !agree(ours, theirs))
		err = EBADMSG;
	osip_uri_free(theirs);
	return err;
}

static bool
same_tag(const struct sip_value *ours, const osip_from_t *theirs)
{
	osip_uri_param_t *tag = NULL;

	if (osip_from_get_tag((osip_from_t *)theirs, &tag) || !tag)
		return ours->tag.p == NULL;
	return ours->tag.p && same_text(ours->tag, tag->gvalue);
}

/*
 * Bytes of the value that libosip2 should not see: an unquoted display name
 * that is more than tokens. The grammar forbids it, people's phones send it
 * (UTF-8 above all), and the URI behind it is in brackets anyway. With a colon
 * in it others could take it for the URI itself: that one is shown.
 */
static size_t
skip_display(const struct sip_value *ours, struct span value)
{
	struct span d = ours->display;

	if (!d.p || d.p[0] == '"' || span_find(d, ':'))
		return 0;
	for (size_t i = 0; i < d.l; i++)
		if (!is_char(d.p[i], CHAR_TOKEN | CHAR_LWS))
			return (size_t)(span_end(d) - value.p);
	return 0;
}

static int
ask_value(const struct sip_value *ours, struct span value)
{
	char text[SIP_VALUE_MAX];
	size_t skip = skip_display(ours, value), display = 0;
	osip_from_t *theirs;
	int err;

	if (ours->display.p && !skip)
		display = (size_t)(span_end(ours->display) - value.p);
	err = copy_value(text, (struct span){ value.p + skip, value.l - skip },
	    display);
	if (err)
		return err;
	if (osip_from_init(&theirs))
		return ENOMEM;
	if (osip_from_parse(theirs, text) || !agree(ours, theirs->url) ||
	    !same_tag(ours, theirs))
		err = EBADMSG;
	osip_from_free(theirs);
	return err;
}

/*
 * What cannot be read in two ways is not read twice: letters, digits and
 * ".-_+" where each grammar has one part, and nearly every call's values are
 * that plain. libosip2 would take a quarter of a refusal's time for them.
 */
static bool
is_plain(struct span s)
{
	for (size_t i = 0; i < s.l; i++)
		if (!is_char(s.p[i], CHAR_PLAIN))
			return false;
	return s.l > 0 && s.l <= SIP_PLAIN_MAX;
}

/* Quoted words, or none. */
static bool
is_plain_display(struct span d)
{
	if (d.p == NULL)
		return true;
	if (d.l < 2 || d.l > SIP_PLAIN_MAX || d.p[0] != '"' ||
	    d.p[d.l - 1] != '"')
		return false;
	for (size_t i = 1; i < d.l - 1; i++)
		if (d.p[i] != ' ' && !is_char(d.p[i], CHAR_ALPHA | CHAR_DIGIT))
			return false;
	return true;
}

/* "words" <uri>;tag=token, in brackets, with nothing else around the URI. */
static bool
is_plain_value(const struct sip_value *ours, struct span value)
{
	struct span all = ours->uri.all;

	return is_plain_display(ours->display) && all.p > value.p &&
	    all.p[-1] == '<' && span_end(all) < span_end(value) &&
	    all.p[all.l] == '>' &&
	    (ours->params.l == 0 ||
		(ours->params.l == ours->tag.l + 5 &&
		    memcmp(ours->params.p, ";tag=", 5) == 0 &&
		    is_plain(ours->tag)));
}

/* Nothing but a host; libosip2 finds "sip:h" too short to be in a From. */
static bool
is_plain_host(const struct sip_uri *uri)
{
	return (uri->scheme == SIP_SCHEME_SIP ||
		   uri->scheme == SIP_SCHEME_SIPS) &&
	    uri->user.p == NULL && uri->headers.p == NULL &&
	    uri->params.l == 0 && uri->port == 0 && is_plain(uri->host);
}

/* uri: its bytes are. */
static int
read_ours(struct sip_value *out, struct span uri, bool *plain)
{
	*plain = sip_uri_split_plain(&out->uri, uri);
	if (!*plain && sip_uri_split_checked(&out->uri, uri))
		return EBADMSG;
	*plain = *plain || is_plain_host(&out->uri);
	return sip_uri_user(&out->uri, out->user, sizeof(out->user),
		   &out->user_len)
	    ? EBADMSG
	    : 0;
}

int
sip_uri_read(struct sip_value *out, struct span uri)
{
	bool plain = false;
	int err;

	out->display = out->params = out->tag = (struct span){ 0 };
	err = sip_uri_bytes_ok(uri) ? read_ours(out, uri, &plain) : EBADMSG;
	return err || plain ? err : ask_uri(out);
}

/* value: as it was split, with nothing around it. */
static int
read_split(struct sip_value *out, struct span value,
    const struct sip_addr_value *split)
{
	bool plain;
	int err;

	out->display = split->display;
	out->params = split->params;
	err = read_ours(out, split->uri, &plain);
	if (err || (plain && is_plain_value(out, value)))
		return err;
	return ask_value(out, value);
}

int
sip_value_read(struct sip_value *out, struct span value)
{
	struct sip_addr_value split;

	value = sip_span_trim(value);
	if (!sip_addr_split(value, &split) ||
	    !sip_tag_read(split.params, &out->tag))
		return EBADMSG;
	return read_split(out, value, &split);
}

int
sip_party_read(struct sip_value *out, const struct sip_msg *msg,
    enum sip_header id)
{
	bool to = id == SIP_HDR_TO;
	const struct sip_addr_value *split = to ? &msg->to : &msg->from;

	if (!split->uri.p)
		return EBADMSG;
	out->tag = to ? msg->to_tag : msg->from_tag;
	return read_split(out, sip_msg_value(msg, id), split);
}
