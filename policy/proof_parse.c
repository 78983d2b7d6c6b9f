/*
 * proof_parse: one Authentication-Results field.
 *
 * RFC 8601 §2.2, strictly: a field with an unclosed comment or quote, with
 * an unknown version, or with anything else unread proves nothing at all,
 * since who forges hides behind lenient readers. Unknown methods, results
 * and properties are legal and ignored (§2.7.6, §4.1). Comments nest
 * (RFC 5322 §3.2.2).
 */
#include <ctype.h>
#include <string.h>

#include "proof.h"

struct reading {
	struct arena *arena;
	const char *at;
};

/* False at an unclosed comment. */
static bool
skip_comments(struct reading *in)
{
	size_t depth = 0;

	for (; *in->at; in->at++) {
		if (*in->at == '(')
			depth++;
		else if (depth > 0 && *in->at == ')')
			depth--;
		else if (depth > 0 && *in->at == '\\' && in->at[1])
			in->at++;
		else if (depth == 0 && *in->at != ' ' && *in->at != '\t')
			break;
	}
	return depth == 0;
}

static const char *
quoted(struct reading *in)
{
	const char *begin = ++in->at;
	char *copy = usher_arena_alloc(in->arena, strlen(begin) + 1);
	size_t used = 0;

	for (; copy && *in->at && *in->at != '"'; in->at++) {
		if (*in->at == '\\' && in->at[1])
			in->at++;
		copy[used++] = *in->at;
	}
	if (!copy || *in->at != '"')
		return NULL;
	in->at++;
	return copy;
}

/* A run of bytes that none of `stops` ends, or a quoted string. */
static const char *
word(struct reading *in, const char *stops)
{
	size_t length;

	if (*in->at == '"')
		return quoted(in);
	length = strcspn(in->at, stops);
	if (length == 0)
		return NULL;
	in->at += length;
	return usher_arena_bytes(in->arena, in->at - length, length);
}

static bool
take(struct reading *in, char c)
{
	if (!skip_comments(in) || *in->at != c)
		return false;
	in->at++;
	return skip_comments(in);
}

static enum auth_method
method_of(const char *name)
{
	if (strcasecmp(name, "dmarc") == 0)
		return AUTH_DMARC;
	if (strcasecmp(name, "dkim") == 0)
		return AUTH_DKIM;
	return strcasecmp(name, "spf") == 0 ? AUTH_SPF : AUTH_OTHER;
}

static void
keep(struct auth_result *result, const char *type, const char *property,
    const char *value)
{
	const char **place = NULL;

	if (strcasecmp(type, "header") == 0) {
		if (strcasecmp(property, "from") == 0)
			place = &result->header_from;
		else if (strcasecmp(property, "d") == 0)
			place = &result->header_d;
		else if (strcasecmp(property, "i") == 0)
			place = &result->header_i;
	} else if (strcasecmp(type, "smtp") == 0 &&
	    strcasecmp(property, "mailfrom") == 0) {
		place = &result->smtp_mailfrom;
	}
	/* Said twice, it is not known which was checked. */
	if (place)
		*place = *place ? "" : value;
}

/* `local part@domain`, either side alone, the local part maybe quoted. */
static const char *
property_value(struct reading *in)
{
	const char *first = word(in, " \t;()\""), *rest;

	if (!first || (*in->at != '@' && *in->at != '"'))
		return first;
	rest = *in->at == '@' ? word(in, " \t;()\"") : NULL;
	return rest ? usher_arena_printf(in->arena, "%s%s", first, rest) : NULL;
}

/* reason = value, or type . property = value */
static bool
read_property(struct reading *in, struct auth_result *result)
{
	const char *type = word(in, " \t;()=.\""), *property, *value;

	if (!type || !skip_comments(in))
		return false;
	if (*in->at == '=') {
		if (strcasecmp(type, "reason") != 0 || !take(in, '='))
			return false;
		return word(in, " \t;()\"") != NULL;
	}
	if (!take(in, '.'))
		return false;
	property = word(in, " \t;()=\"");
	if (!property || !take(in, '='))
		return false;
	value = property_value(in);
	if (!value)
		return false;
	keep(result, type, property, value);
	return true;
}

/* method [/ version] = result *property, or none */
static bool
read_result(struct reading *in, struct auth_result *result)
{
	const char *name = word(in, " \t;()=/\""), *said;

	if (!name || !skip_comments(in))
		return false;
	if (!*in->at && strcasecmp(name, "none") == 0)
		return true;
	if (*in->at == '/') {
		const char *version;

		if (!take(in, '/'))
			return false;
		version = word(in, " \t;()=\"");
		if (!version || !skip_comments(in))
			return false;
		if (strcmp(version, "1") != 0)
			name = "unknown";
	}
	if (!take(in, '='))
		return false;
	said = word(in, " \t;()\"");
	if (!said)
		return false;
	result->method = method_of(name);
	result->pass = strcasecmp(said, "pass") == 0;
	result->fail = strcasecmp(said, "fail") == 0;
	while (skip_comments(in)) {
		if (!*in->at || *in->at == ';')
			return true;
		if (!read_property(in, result))
			return false;
	}
	return false;
}

static bool
read_results(struct reading *in, struct auth_results *out)
{
	while (*in->at == ';') {
		struct auth_result *result;

		in->at++;
		if (!skip_comments(in))
			return false;
		if (!*in->at)
			return true; /* a last `;`: many filters write it */
		if (out->count == MOST_AUTH_RESULTS)
			return false;
		result = &out->results[out->count];
		memset(result, 0, sizeof(*result));
		if (!read_result(in, result))
			return false;
		if (result->method != AUTH_OTHER)
			out->count++;
	}
	return *in->at == '\0';
}

bool
usher_auth_results_parse(struct arena *arena, const char *value,
    struct auth_results *out)
{
	struct reading in = { arena, value };
	const char *version;

	memset(out, 0, sizeof(*out));
	if (!skip_comments(&in))
		return false;
	/* `/` is no character of a token, yet filters write "id/queue-id". */
	out->id = word(&in, " \t;()\"");
	if (!out->id)
		return false;
	out->results = usher_arena_array(arena, MOST_AUTH_RESULTS,
	    sizeof(*out->results));
	if (!out->results || !skip_comments(&in))
		return true;
	if (*in.at && *in.at != ';') {
		version = word(&in, " \t;()\"");
		if (!version || strcmp(version, "1") != 0 ||
		    !skip_comments(&in))
			return true;
	}
	out->readable = read_results(&in, out);
	if (!out->readable)
		out->count = 0;
	return true;
}
