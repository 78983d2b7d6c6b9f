/*
 * proof: whether the sender of a mail is proven.
 *
 * Reads the Authentication-Results that our own filters wrote, as
 * design-mail.md "Proof of a mail" says. A milter is not shown the Received
 * field of its own MTA, so all fields above the first Received were written
 * here or forged by the client; a forgery is told from ours by this message's
 * queue id behind the authserv-id, which nobody outside can know ("queue-id"),
 * or the administrator has forged copies removed ("stripped"). Per method the
 * topmost field of ours counts; in "queue-id" reading ends at the first field
 * with our id that lacks this queue id, since all below it came with the mail.
 * OpenDMARC alone is borne with: it writes the id into its DMARC result, and
 * none into the SPF result that it puts directly below, above OpenDKIM's.
 *
 * A stored mail (`usher explain < message.eml`, `usher replay`) has our own
 * Received fields above or among our filters' fields, and its queue id stands
 * in one of them. There the fields count that stand above the first Received
 * which is not ours: ours are those in the first run of trace fields whose
 * "by" host is an authserv-id or lies in site.domains; "queue-id" wants the id
 * of one of them. Who can write our host name into that run can deceive a
 * rehearsal, which answers nobody; the milter never reads a mail this way.
 *
 * Keeps RFC 8601 §4.1 and §5, RFC 7489 §3.1 (relaxed alignment).
 */
#include "proof.h"

#include <string.h>

#include "address.h"

enum { MOST_HOPS = 8 };

struct region {
	size_t end; /* fields before it count */
	size_t id_count;
	const char *ids[MOST_HOPS]; /* any of them is this message's */
};

static bool
is_ours(const struct proof_source *source, const char *host, size_t length)
{
	for (size_t i = 0; i < source->id_count; i++) {
		if (strlen(source->ids[i]) == length &&
		    strncasecmp(source->ids[i], host, length) == 0)
			return true;
	}
	return false;
}

static bool
is_our_host(struct arena *arena, const struct proof_source *source,
    const char *host)
{
	const char *normal = usher_domain_normal(arena, host);

	if (is_ours(source, host, strlen(host)))
		return true;
	for (size_t i = 0; normal && i < source->domain_count; i++) {
		if (usher_domain_within(normal, source->domains[i]))
			return true;
	}
	return false;
}

/* The word behind `key` in a Received field, outside its comments. */
static const char *
received_word(struct arena *arena, const char *value, const char *key)
{
	size_t length = strlen(key);
	int depth = 0;
	bool fresh = true;

	for (const char *at = value; *at && *at != ';'; at++) {
		if (depth == 0 && fresh && strncasecmp(at, key, length) == 0 &&
		    (at[length] == ' ' || at[length] == '\t')) {
			at += length;
			at += strspn(at, " \t");
			return usher_arena_bytes(arena, at,
			    strcspn(at, " \t;()"));
		}
		depth += *at == '(' ? 1 : *at == ')' && depth > 0 ? -1 : 0;
		fresh = *at == ' ' || *at == '\t' || *at == ')';
	}
	return NULL;
}

static bool
is_trace(const char *name)
{
	static const char *const names[] = {
		"Received",
		"Return-Path",
		"Delivered-To",
		"X-Original-To",
		"Envelope-To",
		"Delivery-Date",
		"X-Envelope-From",
		"X-Envelope-To",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/* False when this Received is a foreign one, and the region ends. */
static bool
passes_hop(struct arena *arena, const struct proof_source *source,
    const char *value, struct region *region)
{
	const char *host = received_word(arena, value, "by");
	const char *id = received_word(arena, value, "id");

	if (!host || !is_our_host(arena, source, host) ||
	    region->id_count == MOST_HOPS)
		return false;
	region->ids[region->id_count++] = id ? id : "";
	return true;
}

static struct region
find_region(struct arena *arena, const struct proof_source *source,
    const struct evidence_field *fields, size_t count)
{
	struct region region = { .end = 0 };
	bool run_over = false;

	if (!source->stored)
		region.ids[region.id_count++] = source->queue_id
		    ? source->queue_id
		    : "";
	for (; region.end < count; region.end++) {
		const struct evidence_field *field = &fields[region.end];

		if (strcasecmp(field->name, "Received") != 0) {
			run_over |= source->stored && region.id_count > 0 &&
			    !is_trace(field->name);
			continue;
		}
		if (!source->stored || run_over ||
		    !passes_hop(arena, source, field->value, &region))
			break;
	}
	return region;
}

/*
 * What strips forgeries is a pattern of the administrator's, which sees a plain
 * id only: in quotes or behind a comment, where no filter writes it, it has
 * come past that.
 */
static bool
is_plain(const char *value, const char *id)
{
	return strncmp(value + strspn(value, " \t"), id, strlen(id)) == 0;
}

enum whose { FOREIGN, OURS, OURS_OF_ANOTHER };

static enum whose
whose_field(const struct proof_source *source, const struct region *region,
    const char *value, const char *id)
{
	const char *slash = strchr(id, '/');
	size_t length = slash ? (size_t)(slash - id) : strlen(id);

	if (!is_ours(source, id, length))
		return FOREIGN;
	if (source->stripped)
		return is_plain(value, id) ? OURS : FOREIGN;
	for (size_t i = 0; slash && i < region->id_count; i++) {
		if (*region->ids[i] && strcmp(slash + 1, region->ids[i]) == 0)
			return OURS;
	}
	return OURS_OF_ANOTHER;
}

struct sender {
	struct arena *arena;
	const char *domain, *organization; /* of From */
	bool null_sender;
};

static bool
is_sender(const struct sender *sender, const char *value)
{
	const char *at = value ? strrchr(value, '@') : NULL;
	const char *domain = value
	    ? usher_domain_normal(sender->arena, at ? at + 1 : value)
	    : NULL;

	return domain && strcmp(domain, sender->domain) == 0;
}

/* Aligned: the same registrable domain. Nobody is aligned with a suffix. */
static bool
is_aligned(const struct sender *sender, const char *value)
{
	const char *at = value ? strrchr(value, '@') : NULL;
	const char *organization;

	if (!value || !*value)
		return false;
	if (is_sender(sender, value))
		return true;
	organization = usher_domain_organization(sender->arena,
	    at ? at + 1 : value);
	return organization && sender->organization &&
	    strcmp(organization, sender->organization) == 0;
}

struct proof {
	bool seen[AUTH_SPF + 1]; /* in a field above */
	bool dmarc_pass, dmarc_fail, aligned;
};

static void
weigh_result(const struct sender *sender, const struct auth_result *result,
    struct proof *proof)
{
	switch (result->method) {
	case AUTH_DMARC:
		proof->dmarc_fail |= result->fail;
		/* DMARC was asked about one domain: it must be From's. */
		proof->dmarc_pass |= result->pass &&
		    is_sender(sender, result->header_from);
		break;
	case AUTH_DKIM:
		proof->aligned |= result->pass &&
		    is_aligned(sender,
			result->header_d ? result->header_d : result->header_i);
		break;
	case AUTH_SPF:
		proof->aligned |= result->pass && !sender->null_sender &&
		    is_aligned(sender, result->smtp_mailfrom);
		break;
	case AUTH_OTHER: break;
	}
}

static bool
speaks_of(const struct auth_results *field, enum auth_method method)
{
	for (size_t i = 0; i < field->count; i++) {
		if (field->results[i].method == method)
			return true;
	}
	return false;
}

/* Not believed, but no end: what is below it must have the id once more. */
static bool
is_spf_of_opendmarc(const struct auth_results *field, bool below_dmarc)
{
	return below_dmarc && field->count == 1 &&
	    field->results[0].method == AUTH_SPF &&
	    strchr(field->id, '/') == NULL;
}

/* A method that an upper field spoke of is settled for the lower ones. */
static void
weigh_field(const struct sender *sender, const struct auth_results *field,
    struct proof *proof)
{
	bool here[AUTH_SPF + 1] = { false };

	for (size_t i = 0; i < field->count; i++) {
		enum auth_method method = field->results[i].method;

		here[method] = true;
		if (!proof->seen[method])
			weigh_result(sender, &field->results[i], proof);
	}
	for (int method = 0; method <= AUTH_SPF; method++)
		proof->seen[method] |= here[method];
}

bool
usher_proof_holds(struct arena *arena, const struct proof_source *source,
    const struct evidence_field *fields, size_t count, const char *from)
{
	const char *at = from ? strrchr(from, '@') : NULL;
	struct sender sender = { .arena = arena,
		.null_sender = source->null_sender };
	struct proof proof = { .aligned = false };
	struct region region;
	bool below_dmarc = false;

	if (!at || source->id_count == 0)
		return false;
	sender.domain = usher_domain_normal(arena, at + 1);
	if (!sender.domain)
		return false;
	sender.organization = usher_domain_organization(arena, sender.domain);
	region = find_region(arena, source, fields, count);
	for (size_t i = 0; i < region.end; i++) {
		struct auth_results field;
		enum whose whose;

		if (strcasecmp(fields[i].name, "Authentication-Results") != 0 ||
		    !usher_auth_results_parse(arena, fields[i].value, &field))
			continue;
		whose = whose_field(source, &region, fields[i].value, field.id);
		if (whose == OURS_OF_ANOTHER &&
		    !is_spf_of_opendmarc(&field, below_dmarc))
			break;
		if (whose == OURS)
			weigh_field(&sender, &field, &proof);
		below_dmarc = whose == OURS && speaks_of(&field, AUTH_DMARC);
	}
	return !proof.dmarc_fail && (proof.dmarc_pass || proof.aligned);
}
