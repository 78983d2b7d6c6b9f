/*
 * conf_sip: usher.conf's group `sip` into a struct usher_sip.
 *
 * Every key of design-calls.md "Configuration" with its default; what is wrong
 * is reported at its line, and reading goes on. Called by site.c once the rest
 * of the snapshot stands (allow and domains join the site's). A missing
 * next_hops is no error here: only the proxy cannot start without.
 */
#include "conf_sip.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "error.h"
#include "site.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const default_listen[] = { "udp:0.0.0.0:5060",
	"tcp:0.0.0.0:5060" };
static const char *const default_emergency[] = { "112", "911", "999", "000" };

/* One number of a table: its key, its place and its bounds. */
struct figure {
	const char *name;
	size_t offset;
	uint32_t least, most;
};

#define TIMER(name, least, most)                                            \
	{                                                                   \
#name, offsetof(struct usher_sip_timers, name), least, most \
	}
#define LIMIT(name, least, most)                                            \
	{                                                                   \
#name, offsetof(struct usher_sip_limits, name), least, most \
	}

enum { HOUR_MS = 3600000, DAY_MS = 86400000 };

static const struct figure timer_figures[] = {
	TIMER(t1, 10, 10000),
	TIMER(t2, 10, 60000),
	TIMER(t4, 10, 60000),
	TIMER(c, 1000, DAY_MS),
	TIMER(failover, 50, 60000),
	TIMER(probe, 100, HOUR_MS),
	TIMER(handshake, 100, HOUR_MS),
	TIMER(idle, 1000, DAY_MS),
	TIMER(drain, 0, HOUR_MS),
};

static const struct figure limit_figures[] = {
	LIMIT(message, 1024, 65535),
	LIMIT(head, 512, 65535),
	LIMIT(line, 256, 65535),
	LIMIT(headers, 16, 240),
	LIMIT(values, 4, 240),
	LIMIT(transactions, 1, 10000000),
	LIMIT(connections, 1, 1000000),
	LIMIT(per_source, 1, 1000000),
	LIMIT(rate, 1, 1000000),
	LIMIT(burst, 1, 1000000),
	LIMIT(bad, 1, 1000000),
	{ "ban", offsetof(struct usher_sip_limits, ban_s), 0, 31536000 },
};

static const struct usher_sip_timers default_timers = { .t1 = 500,
	.t2 = 4000,
	.t4 = 5000,
	.c = 185000,
	.failover = 4000,
	.probe = 15000,
	.handshake = 5000,
	.idle = 120000,
	.drain = 20000 };

static const struct usher_sip_limits default_limits = { .message = 65535,
	.head = 16384,
	.line = 8192,
	.headers = 128,
	.values = 64,
	.transactions = 100000,
	.connections = 4096,
	.per_source = 64,
	.rate = 20,
	.burst = 40,
	.bad = 20,
	.ban_s = 600 };

static const struct usher_sip_terms default_terms = { .asks = true,
	.refuse = 603,
	.outside_prefix = "",
	.defer_to = "",
	.announce = "",
	.card = "",
	.max_diversions = 3 };

static void
set_defaults(struct usher_sip *sip)
{
	sip->tls_certificate = sip->tls_key = sip->tls_ca = "";
	sip->tls_verify = USHER_SIP_VERIFY_GIVEN;
	sip->screen_others = true;
	sip->record_route = true;
	sip->terms = default_terms;
	sip->emergency_count = COUNT(default_emergency);
	sip->emergency_numbers = default_emergency;
	sip->emergency_callback_s = 7200;
	sip->timers = default_timers;
	sip->limits = default_limits;
}

/* A group of plain numbers, keys and bounds by the table. */
static void
read_figures(const struct sip_reading *reading, const char *name,
    const struct figure *figures, size_t count, void *into)
{
	const config_setting_t *group =
	    config_setting_get_member(reading->group, name);
	const char *keys[COUNT(limit_figures)];
	long long value;

	if (group == NULL)
		return;
	if (!config_setting_is_group(group)) {
		usher_source_wrong(reading->source, group,
		    "%s is a group: { %s = ...; }", name, figures[0].name);
		return;
	}
	for (size_t i = 0; i < count; i++)
		keys[i] = figures[i].name;
	usher_source_keys(reading->source, group, keys, count);
	for (size_t i = 0; i < count; i++) {
		uint32_t *figure = (uint32_t *)((char *)into +
		    figures[i].offset);

		if (usher_source_int(reading->source, group, figures[i].name,
			figures[i].least, figures[i].most, &value))
			*figure = (uint32_t)value;
	}
}

static void
read_listen(const struct sip_reading *reading, struct usher_sip *sip)
{
	const config_setting_t *setting = reading->group == NULL
	    ? NULL
	    : config_setting_get_member(reading->group, "listen");
	const char *const *texts = default_listen;
	size_t count = COUNT(default_listen);
	struct usher_sip_listen *list;
	struct usher_error error;

	sip->listen_default = setting == NULL;
	if (setting != NULL &&
	    !usher_source_strings(reading->source, reading->group, "listen",
		&texts, &count))
		return;
	list = usher_arena_array(reading->arena, count + 1, sizeof(*list));
	for (size_t i = 0; list != NULL && i < count; i++) {
		if (usher_sip_listen_parse(reading->arena, texts[i],
			&list[sip->listen_count], &error) == 0)
			sip->listen_count++;
		else
			usher_source_wrong(reading->source, setting, "%s",
			    error.text);
	}
	sip->listen = list;
	if (setting != NULL && count == 0)
		usher_source_wrong(reading->source, setting,
		    "listen needs an entry, as \"udp:0.0.0.0:5060\"");
}

static void
read_tls(const struct sip_reading *reading, struct usher_sip *sip)
{
	static const char *const keys[] = { "certificate", "key", "ca",
		"verify" };
	static const char *const words[] = { "none", "given", "required" };
	const config_setting_t *group =
	    config_setting_get_member(reading->group, "tls");
	size_t index;

	if (group != NULL && !config_setting_is_group(group)) {
		usher_source_wrong(reading->source, group,
		    "tls is a group: { certificate = ...; key = ...; }");
		return;
	}
	if (group != NULL) {
		usher_source_keys(reading->source, group, keys, COUNT(keys));
		usher_source_string(reading->source, group, "certificate",
		    &sip->tls_certificate);
		usher_source_string(reading->source, group, "key",
		    &sip->tls_key);
		usher_source_string(reading->source, group, "ca", &sip->tls_ca);
		if (usher_source_word(reading->source, group, "verify", words,
			3, &index))
			sip->tls_verify = (enum usher_sip_verify)index;
	}
	for (size_t i = 0; i < sip->listen_count; i++) {
		if (sip->listen[i].transport != USHER_SIP_TLS ||
		    (sip->tls_certificate[0] != '\0' &&
			sip->tls_key[0] != '\0'))
			continue;
		usher_source_wrong(reading->source,
		    group != NULL ? group : reading->group,
		    "a tls listener needs tls = { certificate = \"...\"; "
		    "key = \"...\"; }");
		break;
	}
}

static void
read_emergency(const struct sip_reading *reading, struct usher_sip *sip)
{
	static const char *const keys[] = { "numbers", "callback" };
	const config_setting_t *group =
	    config_setting_get_member(reading->group, "emergency");
	long long seconds;

	if (group == NULL)
		return;
	if (!config_setting_is_group(group)) {
		usher_source_wrong(reading->source, group,
		    "emergency is a "
		    "group: { numbers = [ \"112\" ]; callback = 7200; }");
		return;
	}
	usher_source_keys(reading->source, group, keys, COUNT(keys));
	usher_source_strings(reading->source, group, "numbers",
	    &sip->emergency_numbers, &sip->emergency_count);
	if (usher_source_int(reading->source, group, "callback", 0, 604800,
		&seconds))
		sip->emergency_callback_s = (uint32_t)seconds;
}

static void
read_words(const struct sip_reading *reading, struct usher_sip *sip)
{
	static const char *const places[] = { "pbx", "phones" };
	static const char *const others[] = { "screen", "refuse" };
	static const char *const registers[] = { "auto", "path", "off" };
	size_t index;

	if (usher_source_word(reading->source, reading->group, "place", places,
		2, &index))
		sip->place = (enum usher_sip_place)index;
	if (usher_source_word(reading->source, reading->group, "others", others,
		2, &index))
		sip->screen_others = index == 0;
	if (usher_source_word(reading->source, reading->group, "register",
		registers, 3, &index))
		sip->registers = (enum usher_sip_register)index;
	usher_source_bool(reading->source, reading->group, "record_route",
	    &sip->record_route);
	/* We speak for one branch there: a 6xx would end a ring group. */
	if (sip->place == USHER_SIP_BEFORE_PHONES)
		sip->terms.refuse = 480;
}

static void
read_group(const struct sip_reading *reading, struct usher_sip *sip,
    const char *const **domains, size_t *domain_count,
    const char *const **allow, size_t *allow_count)
{
	static const char *const keys[] = { "listen", "domains", "tls", "place",
		"next_hops", "trunks", "trusted", "others", "peers", "allow",
		"register", "record_route", "emergency", "timers", "limits" };
	const char *all[COUNT(keys) + SIP_TERMS_KEYS];

	memcpy(all, keys, sizeof(keys));
	memcpy(all + COUNT(keys), usher_sip_terms_keys,
	    sizeof(usher_sip_terms_keys));
	usher_source_keys(reading->source, reading->group, all, COUNT(all));
	read_tls(reading, sip);
	read_words(reading, sip);
	usher_sip_read_hops(reading, "next_hops", &sip->hops, &sip->hop_count);
	usher_sip_read_hops(reading, "trunks", &sip->trunks, &sip->trunk_count);
	usher_sip_read_from(reading, reading->group, "trusted", &sip->trusted,
	    &sip->trusted_count);
	usher_sip_read_terms(reading, reading->group, &sip->terms);
	usher_sip_read_peers(reading, sip);
	usher_source_strings(reading->source, reading->group, "domains",
	    domains, domain_count);
	usher_source_strings(reading->source, reading->group, "allow", allow,
	    allow_count);
	read_emergency(reading, sip);
	read_figures(reading, "timers", timer_figures, COUNT(timer_figures),
	    &sip->timers);
	read_figures(reading, "limits", limit_figures, COUNT(limit_figures),
	    &sip->limits);
}

/* The site's strings behind the group's own. */
static const char *const *
join(struct arena *arena, const char *const *own, size_t own_count,
    const char *const *site, size_t site_count, size_t *count)
{
	const char **all = usher_arena_array(arena, own_count + site_count + 1,
	    sizeof(*all));

	*count = 0;
	if (all == NULL)
		return NULL;
	for (size_t i = 0; i < own_count; i++)
		all[(*count)++] = own[i];
	for (size_t i = 0; i < site_count; i++)
		all[(*count)++] = site[i];
	return all;
}

void
usher_conf_read_sip(struct usher_conf *conf, struct source *source,
    const config_setting_t *group)
{
	struct sip_reading reading = { source, &conf->arena, group };
	struct usher_sip *sip = usher_arena_alloc(&conf->arena, sizeof(*sip));
	const char *const *domains = NULL, *const *allow = NULL;
	size_t domain_count = 0, allow_count = 0;

	if (sip == NULL)
		return; /* the arena tells the reader of the snapshot */
	conf->sip = sip;
	set_defaults(sip);
	if (group != NULL && !config_setting_is_group(group)) {
		usher_source_wrong(source, group, "sip is a group: { ... }");
		return;
	}
	read_listen(&reading, sip);
	sip->given = group != NULL;
	if (group != NULL)
		read_group(&reading, sip, &domains, &domain_count, &allow,
		    &allow_count);
	sip->domains = join(&conf->arena, domains, domain_count,
	    conf->site.domains, conf->site.domain_count, &sip->domain_count);
	sip->allow = join(&conf->arena, allow, allow_count, conf->site.allow,
	    conf->site.allow_count, &sip->allow_count);
}
