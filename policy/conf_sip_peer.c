/*
 * conf_sip_peer: who is where, and what is believed of whom.
 *
 * Reads `next_hops`, `trunks`, `trusted`, `peers` and the keys that the site
 * and every peer may have ("facts" and "answers"): a peer starts from the
 * site's. Called by conf_sip.c; design-calls.md "Configuration".
 */
#include "conf_sip.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "error.h"

const char *const usher_sip_terms_keys[SIP_TERMS_KEYS] = { "identity",
	"numbers", "extensions", "outside_prefix", "asks", "follows_302",
	"refuse", "defer_to", "announce", "card", "max_diversions" };

void
usher_sip_read_from(const struct sip_reading *reading,
    const config_setting_t *group, const char *name,
    const struct usher_sip_from **from, size_t *count)
{
	const config_setting_t *setting = config_setting_get_member(group,
	    name);
	const char *const *texts;
	struct usher_sip_from *list;
	struct usher_error error;
	size_t texts_count, used = 0;

	if (!usher_source_strings(reading->source, group, name, &texts,
		&texts_count))
		return;
	list = usher_arena_array(reading->arena, texts_count + 1,
	    sizeof(*list));
	for (size_t i = 0; list != NULL && i < texts_count; i++) {
		if (usher_sip_from_parse(reading->arena, texts[i], &list[used],
			&error) == 0)
			used++;
		else
			usher_source_wrong(reading->source, setting, "%s",
			    error.text);
	}
	*from = list;
	*count = list != NULL ? used : 0;
}

static void
read_hop_text(const struct sip_reading *reading,
    const config_setting_t *setting, const char *text,
    struct usher_sip_hop *list, size_t *used)
{
	struct usher_error error;

	if (usher_sip_hop_parse(reading->arena, text, &list[*used], &error) ==
	    0)
		(*used)++;
	else
		usher_source_wrong(reading->source, setting, "%s", error.text);
}

static void
read_hop_group(const struct sip_reading *reading,
    const config_setting_t *setting, struct usher_sip_hop *list, size_t *used)
{
	static const char *const keys[] = { "uri", "priority", "weight" };
	struct usher_sip_hop *hop = &list[*used];
	const char *uri = NULL;
	long long priority = 1, weight = 1;
	size_t before = *used;

	usher_source_keys(reading->source, setting, keys, 3);
	usher_source_int(reading->source, setting, "priority", 0, 65535,
	    &priority);
	usher_source_int(reading->source, setting, "weight", 0, 65535, &weight);
	if (!usher_source_string(reading->source, setting, "uri", &uri)) {
		if (config_setting_get_member(setting, "uri") == NULL)
			usher_source_wrong(reading->source, setting,
			    "a next hop needs its uri, as "
			    "{ uri = \"sip:10.0.0.5:5060\"; }");
		return;
	}
	read_hop_text(reading, setting, uri, list, used);
	if (*used == before)
		return;
	hop->priority = (unsigned)priority;
	hop->weight = (unsigned)weight;
}

void
usher_sip_read_hops(const struct sip_reading *reading, const char *name,
    const struct usher_sip_hop **hops, size_t *count)
{
	const config_setting_t *setting =
	    config_setting_get_member(reading->group, name);
	struct usher_sip_hop *list;
	const char *text;
	size_t length, used = 0;

	if (setting == NULL)
		return;
	text = config_setting_get_string(setting);
	length = text != NULL ? 1 : (size_t)config_setting_length(setting);
	if (text == NULL && !config_setting_is_aggregate(setting)) {
		usher_source_wrong(reading->source, setting,
		    "%s is a list of SIP URIs, as [ \"sip:10.0.0.5:5060\" ]",
		    name);
		return;
	}
	list = usher_arena_array(reading->arena, length + 1, sizeof(*list));
	if (list == NULL)
		return;
	for (size_t i = 0; i < length; i++) {
		const config_setting_t *one = text != NULL
		    ? setting
		    : config_setting_get_elem(setting, (unsigned)i);
		const char *uri = config_setting_get_string(one);

		if (uri != NULL)
			read_hop_text(reading, one, uri, list, &used);
		else if (config_setting_is_group(one))
			read_hop_group(reading, one, list, &used);
		else
			usher_source_wrong(reading->source, one,
			    "%s holds SIP URIs and groups { uri; priority; "
			    "weight; }",
			    name);
	}
	*hops = list;
	*count = used;
}

static void
read_refuse(const struct sip_reading *reading, const config_setting_t *group,
    struct usher_sip_terms *terms)
{
	long long code;

	if (!usher_source_int(reading->source, group, "refuse", 300, 699,
		&code))
		return;
	if (code == 480 || code == 486 || code == 603 || code == 608)
		terms->refuse = (unsigned)code;
	else
		usher_source_wrong(reading->source,
		    config_setting_get_member(group, "refuse"),
		    "refuse is 480, 486, 603 or 608, not %lld", code);
}

/* A URI that must begin with one of at most two schemes. */
static void
read_uri(const struct sip_reading *reading, const config_setting_t *group,
    const char *name, const char *scheme, const char *other, const char **uri)
{
	const char *text;

	if (!usher_source_string(reading->source, group, name, &text))
		return;
	if (text[0] != '\0' &&
	    ((strncasecmp(text, scheme, strlen(scheme)) != 0 &&
		 strncasecmp(text, other, strlen(other)) != 0) ||
		strpbrk(text, " \t\r\n<>\"") != NULL)) {
		usher_source_wrong(reading->source,
		    config_setting_get_member(group, name),
		    "%s is a URI that begins with %s", name, scheme);
		return;
	}
	*uri = text;
}

void
usher_sip_read_terms(const struct sip_reading *reading,
    const config_setting_t *group, struct usher_sip_terms *terms)
{
	static const char *const identities[] = { "pai", "from", "verstat" };
	static const char *const numbers[] = { "national", "e164" };
	struct source *source = reading->source;
	long long diversions;
	size_t index;

	if (usher_source_word(source, group, "identity", identities, 3, &index))
		terms->identity = (enum usher_sip_identity)index;
	if (usher_source_word(source, group, "numbers", numbers, 2, &index))
		terms->e164 = index == 1;
	usher_source_strings(source, group, "extensions", &terms->extensions,
	    &terms->extension_count);
	usher_source_string(source, group, "outside_prefix",
	    &terms->outside_prefix);
	usher_source_bool(source, group, "asks", &terms->asks);
	usher_source_bool(source, group, "follows_302", &terms->follows_302);
	read_refuse(reading, group, terms);
	read_uri(reading, group, "defer_to", "sip:", "sips:", &terms->defer_to);
	read_uri(reading, group, "announce", "sip:", "sips:", &terms->announce);
	read_uri(reading, group, "card", "https:", "https:", &terms->card);
	if (usher_source_int(source, group, "max_diversions", 0, 69,
		&diversions))
		terms->max_diversions = (unsigned)diversions;
	if (terms->refuse == 608 && terms->card[0] == '\0')
		usher_source_warn(source, group,
		    "refuse = 608 needs a card, "
		    "the https URI of its signed card: 603 is answered");
}

static void
read_peer(const struct sip_reading *reading, const config_setting_t *group,
    const struct usher_sip *sip, struct usher_sip_peer *peer)
{
	static const char *const sides[] = { "outside", "inside" };
	const char *keys[SIP_TERMS_KEYS + 4] = { "name", "from", "side",
		"trusted" };
	size_t side = 0;

	memcpy(keys + 4, usher_sip_terms_keys, sizeof(usher_sip_terms_keys));
	usher_source_keys(reading->source, group, keys, SIP_TERMS_KEYS + 4);
	peer->name = "";
	peer->terms = sip->terms;
	usher_source_string(reading->source, group, "name", &peer->name);
	usher_sip_read_from(reading, group, "from", &peer->from,
	    &peer->from_count);
	usher_source_word(reading->source, group, "side", sides, 2, &side);
	peer->inside = side == 1;
	usher_source_bool(reading->source, group, "trusted", &peer->trusted);
	usher_sip_read_terms(reading, group, &peer->terms);
	if (config_setting_get_member(group, "from") == NULL)
		usher_source_wrong(reading->source, group,
		    "a peer needs "
		    "`from`, the addresses it sends from");
}

void
usher_sip_read_peers(const struct sip_reading *reading, struct usher_sip *sip)
{
	const config_setting_t *setting =
	    config_setting_get_member(reading->group, "peers");
	struct usher_sip_peer *list;
	size_t length;

	if (setting == NULL)
		return;
	if (!config_setting_is_list(setting)) {
		usher_source_wrong(reading->source, setting,
		    "peers is a list of groups, as "
		    "( { name = \"carrier\"; from = [ \"192.0.2.1\" ]; } )");
		return;
	}
	length = (size_t)config_setting_length(setting);
	list = usher_arena_array(reading->arena, length + 1, sizeof(*list));
	for (size_t i = 0; list != NULL && i < length; i++) {
		const config_setting_t *one = config_setting_get_elem(setting,
		    (unsigned)i);

		if (config_setting_is_group(one))
			read_peer(reading, one, sip, &list[sip->peer_count++]);
		else
			usher_source_wrong(reading->source, one,
			    "an entry of peers is a group { ... }");
	}
	sip->peers = list;
}
