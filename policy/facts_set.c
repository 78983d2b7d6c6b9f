/*
 * facts_set: any fact by its name, as `usher explain --fact NAME=VALUE` and
 * tests give it.
 *
 * One table of names; each has a small function that reads its value. What
 * cannot be read is EINVAL with a sentence that says what it should look
 * like, and leaves the facts as they were. Keeps design.md §10.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "error.h"
#include "facts.h"

static int
wrong(struct usher_error *error, const char *name, const char *value,
    const char *expected)
{
	return usher_error_set(error, EINVAL, "%s = \"%s\": %s", name, value,
	    expected);
}

static int
truth(const char *name, const char *value, int *out, struct usher_error *error)
{
	if (strcmp(value, "true") == 0)
		*out = 1;
	else if (strcmp(value, "false") == 0)
		*out = 0;
	else
		return wrong(error, name, value, "should be true or false");
	return 0;
}

static int
number(const char *name, const char *value, long most, long *out,
    struct usher_error *error)
{
	char *end;
	long parsed;

	errno = 0;
	parsed = strtol(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end || errno || parsed > most)
		return wrong(error, name, value,
		    "should be a number that is not negative");
	*out = parsed;
	return 0;
}

static int
set_attachment(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	const char *dot = strrchr(value, '.');
	const char *ending = dot ? dot + 1 : value;

	if (!*ending || strchr(ending, ' ') || strchr(ending, '/'))
		return wrong(error, "attachment", value,
		    "should be a name ending such as pdf, or a file name");
	return usher_facts_attachment(facts, dot && dot > value ? value : "",
	    ending);
}

static int
set_link(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	const char *host = strstr(value, "://");
	const char *at;
	const char *normal = NULL;
	char *copy;

	host = host ? host + 3 : value;
	copy = usher_arena_bytes(&facts->arena, host, strcspn(host, "/?#"));
	if (!copy)
		return ENOMEM;
	at = strrchr(copy, '@');
	host = at ? at + 1 : copy;
	copy[(size_t)(host - copy) + strcspn(host, ":")] = '\0';
	if (*host)
		normal = usher_domain_normal(&facts->arena, host);
	if (!normal)
		return wrong(error, "link", value, "should be a host or a URL");
	return usher_facts_link(facts, normal);
}

static int
set_words(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	long words;
	int code = number("words", value, 10000000, &words, error);

	if (code == 0) {
		facts->words = (size_t)words;
		facts->words_given = true;
	}
	return code;
}

static int
set_text(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	char *text = facts->text
	    ? usher_arena_printf(&facts->arena, "%.*s\n%s",
		  (int)facts->text_length, facts->text, value)
	    : usher_arena_string(&facts->arena, value);

	(void)error;
	return text ? usher_facts_text(facts, text, strlen(text)) : ENOMEM;
}

static int
set_subject(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	(void)error;
	return usher_facts_subject(facts, value, strlen(value));
}

static int
set_reason(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	(void)error;
	return usher_facts_reason(facts, value, strlen(value));
}

static int
set_topic(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	if (!*value)
		return wrong(error, "topic", value,
		    "should be a name from `topics`");
	return usher_facts_append(facts, &facts->topics, &facts->topic_count,
	    value);
}

static int
set_code(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	if (!*value)
		return wrong(error, "code", value,
		    "should be a name from `parties`");
	return usher_facts_append(facts, &facts->codes, &facts->code_count,
	    value);
}

static int
set_known(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	return truth("known", value, &facts->remembered.known, error);
}

static int
set_introduced(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	return truth("introduced", value, &facts->remembered.introduced, error);
}

static int
set_stranger(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	return truth("stranger", value, &facts->remembered.stranger, error);
}

static int
set_anonymous(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	int held = 0;
	int code = truth("anonymous", value, &held, error);

	if (code == 0)
		facts->anonymous = held;
	return code;
}

static int
set_verified(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	int held;
	int code = truth("verified", value, &held, error);

	if (code)
		return code;
	if (held) {
		usher_facts_prove_claims(facts);
	} else {
		facts->claims_proven = false;
		facts->proven_count = 0;
	}
	return 0;
}

static int
set_stage(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	struct remembered_facts *remembered = &facts->remembered;
	const struct usher_conf *conf = facts->conf;
	const char *meant;

	for (size_t i = 0; conf && i < conf->stage_count; i++) {
		if (strcmp(conf->stages[i], value) == 0)
			return usher_facts_append(facts, &remembered->stages,
			    &remembered->stage_count, value);
	}
	if (!conf || conf->stage_count == 0)
		return usher_facts_append(facts, &remembered->stages,
		    &remembered->stage_count, value);
	meant = usher_text_suggest(value, conf->stages, conf->stage_count);
	return usher_error_set(error, EINVAL,
	    "stage = \"%s\": no stage of "
	    "this site%s%s%s",
	    value, meant ? "; did you mean \"" : "", meant ? meant : "",
	    meant ? "\"?" : "");
}

static int
set_standing(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	static const char *const standings[] = { "new", "good", "poor" };

	for (int i = 0; i < 3; i++) {
		if (strcmp(standings[i], value) == 0) {
			facts->remembered.standing = i;
			return 0;
		}
	}
	return wrong(error, "standing", value, "should be new, good or poor");
}

static int
set_tried(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	return number("tried", value, 1000000000, &facts->remembered.tried,
	    error);
}

static int
set_country(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	if (strlen(value) != 2 || !isalpha((unsigned char)value[0]) ||
	    !isalpha((unsigned char)value[1]))
		return wrong(error, "country", value,
		    "should be an ISO code of two letters such as US");
	facts->country[0] = (char)toupper((unsigned char)value[0]);
	facts->country[1] = (char)toupper((unsigned char)value[1]);
	facts->country[2] = '\0';
	return 0;
}

/* An address, or the first address of a network in CIDR. */
static bool
read_client(const char *value, struct sockaddr_storage *client)
{
	struct sockaddr_in *four = (struct sockaddr_in *)client;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)client;
	char host[INET6_ADDRSTRLEN];
	size_t length;

	if (strncasecmp(value, "IPv6:", 5) == 0)
		value += 5;
	length = strcspn(value, "/");
	if (length >= sizeof(host))
		return false;
	memcpy(host, value, length);
	host[length] = '\0';
	memset(client, 0, sizeof(*client));
	if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		return true;
	}
	six->sin6_family = AF_INET6;
	return inet_pton(AF_INET6, host, &six->sin6_addr) == 1;
}

static int
set_client(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	struct sockaddr_storage client;

	if (strchr(value, '/') || !read_client(value, &client))
		return wrong(error, "client", value,
		    "should be an IPv4 or IPv6 address");
	return usher_facts_client(facts, (struct sockaddr *)&client);
}

static int
set_network(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	const char *digits = value;
	struct sockaddr_storage client;
	struct network network;
	char *end;
	unsigned long as;

	if (strncasecmp(value, "AS", 2) == 0)
		digits += 2;
	errno = 0;
	as = strtoul(digits, &end, 10);
	if (isdigit((unsigned char)*digits) && !*end && !errno && as > 0 &&
	    as <= UINT32_MAX) {
		facts->network = (uint32_t)as;
		return 0;
	}
	if (digits != value || usher_network_parse(value, &network, NULL) ||
	    !read_client(value, &client))
		return wrong(error, "network", value,
		    "should be AS64500, or an address or network in CIDR");
	return usher_facts_client(facts, (struct sockaddr *)&client);
}

static int
set_purpose(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	enum usher_purpose purpose;

	if (!usher_purpose_read(value, &purpose))
		return wrong(error, "purpose", value,
		    "should be sales, bulk, "
		    "list, transactional, personal or unknown");
	usher_facts_purpose(facts, purpose);
	return 0;
}

/* An organization claims as an address of nobody in particular there does. */
static int
set_organization(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	const char *domain = usher_domain_normal(&facts->arena, value);
	char *who;

	if (!domain)
		return wrong(error, "organization", value,
		    "should be a domain such as example.com");
	who = usher_arena_printf(&facts->arena, "unknown@%s", domain);
	return who ? usher_facts_claim(facts, who, error) : ENOMEM;
}

static int
set_from(struct usher_facts *facts, const char *value,
    struct usher_error *error)
{
	return usher_facts_claim(facts, value, error);
}

static const struct {
	const char *name;
	int (*set)(struct usher_facts *, const char *, struct usher_error *);
} setters[] = {
	{ "anonymous", set_anonymous },
	{ "attachment", set_attachment },
	{ "client", set_client },
	{ "code", set_code },
	{ "country", set_country },
	{ "from", set_from },
	{ "introduced", set_introduced },
	{ "known", set_known },
	{ "link", set_link },
	{ "network", set_network },
	{ "organization", set_organization },
	{ "purpose", set_purpose },
	{ "reason", set_reason },
	{ "stage", set_stage },
	{ "standing", set_standing },
	{ "stranger", set_stranger },
	{ "subject", set_subject },
	{ "text", set_text },
	{ "topic", set_topic },
	{ "tried", set_tried },
	{ "verified", set_verified },
	{ "words", set_words },
};

enum { SETTERS = sizeof(setters) / sizeof(setters[0]) };

int
usher_facts_set(struct usher_facts *facts, const char *name, const char *value,
    struct usher_error *error)
{
	const char *names[SETTERS];
	const char *meant;
	int code;

	for (size_t i = 0; i < SETTERS; i++) {
		names[i] = setters[i].name;
		if (strcmp(names[i], name) != 0)
			continue;
		code = setters[i].set(facts, value, error);
		/* What found no memory may look like what has no meaning. */
		return code && facts->arena.failed ? ENOMEM : code;
	}
	meant = usher_text_suggest(name, names, SETTERS);
	if (meant)
		return usher_error_set(error, EINVAL,
		    "no fact is named \"%s\"; did you mean \"%s\"?", name,
		    meant);
	return usher_error_set(error, EINVAL,
	    "no fact is named \"%s\"; "
	    "there are: attachment, link, words, text, topic, known, "
	    "introduced, stranger, anonymous, verified, code, stage, "
	    "standing, tried, country, network, client, purpose, subject, "
	    "reason, organization, from",
	    name);
}
