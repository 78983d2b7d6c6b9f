/*
 * sip_agree.h - whether libosip2 reads a message as we do.
 *
 * For the fuzzer of that name and for the unit test over the torture messages;
 * both have the gate's and libosip2's symbols. Owns nothing.
 */
#ifndef USHER_SIP_AGREE_H
#define USHER_SIP_AGREE_H

#include <osipparser2/osip_parser.h>
#include <stdlib.h>
#include <string.h>

#include "uri.h"

static bool
agree_text(struct span ours, const char *theirs)
{
	return span_eq(ours, theirs ? span_of(theirs) : (struct span){ 0 });
}

static bool
agree_uri(const struct sip_value *ours, const osip_uri_t *theirs)
{
	struct span host = ours->uri.host, rest = ours->uri.all;

	if (!theirs || !theirs->scheme ||
	    !span_is(ours->uri.scheme_text, theirs->scheme))
		return false;
	if (ours->uri.scheme != SIP_SCHEME_SIP &&
	    ours->uri.scheme != SIP_SCHEME_SIPS) {
		rest.p += ours->uri.scheme_text.l + 1;
		rest.l -= ours->uri.scheme_text.l + 1;
		return agree_text(rest, theirs->string);
	}
	if (host.l > 2 && host.p[0] == '[') {
		host.p++;
		host.l -= 2;
	}
	return agree_text((struct span){ ours->user, ours->user_len },
		   theirs->username) &&
	    theirs->host && span_is(host, theirs->host);
}

static bool
agree_party(const struct sip_msg *mine, enum sip_header id,
    const osip_from_t *theirs)
{
	static struct sip_value ours;
	osip_uri_param_t *tag = NULL;

	if (sip_value_read(&ours, sip_msg_value(mine, id)) != 0)
		return true; /* nobody is given it */
	if (theirs == NULL || !agree_uri(&ours, theirs->url))
		return false;
	(void)osip_from_get_tag((osip_from_t *)(uintptr_t)theirs, &tag);
	return agree_text(ours.tag, tag != NULL ? tag->gvalue : NULL);
}

static bool
agree_request_uri(const struct sip_msg *mine, const osip_uri_t *theirs)
{
	static struct sip_value ours;

	return sip_uri_read(&ours, mine->uri) != 0 || agree_uri(&ours, theirs);
}

static bool
agree_call_id(const struct sip_msg *mine, const osip_message_t *theirs)
{
	char *text = NULL;
	bool same;

	if (theirs->call_id == NULL ||
	    osip_call_id_to_str(theirs->call_id, &text) != 0)
		return false;
	same = agree_text(mine->call_id, text);
	osip_free(text);
	return same;
}

static bool
agree_cseq(const struct sip_msg *mine, const osip_message_t *theirs)
{
	const osip_cseq_t *cseq = theirs->cseq;

	return cseq != NULL && agree_text(mine->cseq_method, cseq->method) &&
	    cseq->number != NULL &&
	    strtoull(cseq->number, NULL, 10) == mine->cseq;
}

static bool
agree_branch(const struct sip_msg *mine, osip_message_t *theirs)
{
	osip_generic_param_t *branch = NULL;
	osip_via_t *via = NULL;

	if (osip_message_get_via(theirs, 0, &via) < 0 || via == NULL)
		return false;
	(void)osip_via_param_get_byname(via, (char *)(uintptr_t) "branch",
	    &branch);
	return agree_text(mine->via.branch,
	    branch != NULL ? branch->gvalue : NULL);
}

static const char *
agree_message(const struct sip_msg *mine, osip_message_t *theirs)
{
	if (mine->request != (bool)MSG_IS_REQUEST(theirs))
		return "what it is";
	if (mine->request && !agree_text(mine->method_text, theirs->sip_method))
		return "the method";
	if (mine->request && !agree_request_uri(mine, theirs->req_uri))
		return "the Request-URI";
	if (!mine->request && (int)mine->code != theirs->status_code)
		return "the code";
	if (!agree_party(mine, SIP_HDR_FROM, theirs->from))
		return "From";
	if (!agree_party(mine, SIP_HDR_TO, theirs->to))
		return "To";
	if (!agree_call_id(mine, theirs))
		return "Call-ID";
	if (!agree_cseq(mine, theirs))
		return "CSeq";
	return agree_branch(mine, theirs) ? NULL : "the branch";
}

/* NULL: it does, or does not read it at all; else where they differ. The gate
 * has passed the message. */
static const char *
sip_agree(const struct sip_msg *mine)
{
	osip_message_t *theirs;
	const char *differs = NULL;

	/* It takes a NUL for the end. */
	if (memchr(mine->all.p, 0, mine->all.l) != NULL ||
	    osip_message_init(&theirs) != 0)
		return NULL;
	if (osip_message_parse(theirs, mine->all.p, mine->all.l) == 0)
		differs = agree_message(mine, theirs);
	osip_message_free(theirs);
	return differs;
}

#endif
