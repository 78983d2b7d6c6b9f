/*
 * conf_mail: usher.conf's group `mail` (design-mail.md) with its defaults.
 *
 * Called by site.c; read by the milter and by message.c.
 */
#include "site_parts.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	DEFAULT_HEADERS = 64 * 1024,
	DEFAULT_BODY = 1024 * 1024,
	LEAST_KEPT = 256,
	MOST_KEPT = 64 * 1024 * 1024,
	DEFAULT_PATIENCE_S = 22 * 3600,
	DEFAULT_HOLD_DAYS = 5,
	MOST_HOLD_DAYS = 30
};

static const char *const keys[] = { "socket", "socket_mode", "socket_group",
	"authserv_ids", "authserv", "trust", "defer", "redirect", "mixed",
	"aside", "patience", "hold_days", "relays", "submit", "from", "keep" };

static bool
is_port(const char *text, size_t length)
{
	long port;

	if (length < 1 || length > 5 || strspn(text, "0123456789") < length)
		return false;
	port = strtol(text, NULL, 10);
	return port >= 1 && port <= 65535;
}

/* inet:PORT@HOST as libmilter wants it, from that or from inet:HOST:PORT. */
static const char *
inet_socket(struct arena *arena, const char *text)
{
	const char *rest = strchr(text, ':') + 1;
	const char *at = strchr(rest, '@'), *colon = strrchr(rest, ':');
	int family = (int)(rest - text);

	if (at != NULL)
		return is_port(rest, (size_t)(at - rest)) && at[1] != '\0'
		    ? text
		    : NULL;
	if (colon == NULL || colon == rest ||
	    !is_port(colon + 1, strlen(colon + 1)))
		return NULL;
	if (*rest == '[' && colon[-1] == ']')
		return usher_arena_printf(arena, "%.*s%s@%.*s", family, text,
		    colon + 1, (int)(colon - rest - 2), rest + 1);
	return usher_arena_printf(arena, "%.*s%s@%.*s", family, text, colon + 1,
	    (int)(colon - rest), rest);
}

static void
read_socket(struct usher_conf *conf, struct source *source,
    const config_setting_t *group)
{
	const char *text, *socket = NULL;

	if (!usher_source_string(source, group, "socket", &text))
		return;
	if (strncmp(text, "unix:/", 6) == 0 && text[6] != '\0')
		socket = text;
	else if (strncmp(text, "inet:", 5) == 0 ||
	    strncmp(text, "inet6:", 6) == 0)
		socket = inet_socket(&conf->arena, text);
	if (socket != NULL)
		conf->mail.socket = socket;
	else
		usher_source_wrong(source,
		    config_setting_get_member(group, "socket"),
		    "\"%.80s\" is no socket; write"
		    " \"unix:/path/to/socket\", \"inet:PORT@HOST\" or"
		    " \"inet:HOST:PORT\"",
		    text);
}

static void
read_mode(struct usher_conf *conf, struct source *source,
    const config_setting_t *group)
{
	const config_setting_t *setting = config_setting_get_member(group,
	    "socket_mode");
	const char *text;
	size_t length;

	if (setting == NULL)
		return;
	if (config_setting_is_number(setting)) {
		usher_source_wrong(source, setting,
		    "is a number: write it"
		    " in quotes, as in \"0660\"");
		return;
	}
	if (!usher_source_string(source, group, "socket_mode", &text))
		return;
	length = strlen(text);
	if (length < 3 || length > 4 || strspn(text, "01234567") != length ||
	    (length == 4 && text[0] != '0'))
		usher_source_wrong(source, setting,
		    "\"%.40s\" is no file"
		    " mode; write it as in \"0660\"",
		    text);
	else
		conf->mail.socket_mode = (unsigned)strtoul(text, NULL, 8);
}

static const char *
read_address(struct usher_conf *conf, struct source *source,
    const config_setting_t *group, const char *name, bool at_home)
{
	const config_setting_t *setting = config_setting_get_member(group,
	    name);
	struct address address;
	struct usher_error error;
	const char *text = "";

	if (!usher_source_string(source, group, name, &text) || *text == '\0')
		return "";
	if (usher_address_parse(&conf->arena, text, NULL, &address, &error) !=
	    0) {
		usher_source_wrong(source, setting, "%s", error.text);
		return "";
	}
	if (address.kind != ADDRESS_MAIL) {
		usher_source_wrong(source, setting,
		    "\"%.80s\" is no mail address", text);
		return "";
	}
	for (size_t i = 0; i < conf->site.domain_count; i++)
		if (strcmp(address.domain, conf->site.domains[i]) == 0)
			return address.text;
	if (at_home)
		usher_source_wrong(source, setting,
		    "%s is not at a domain of"
		    " site.domains",
		    address.text);
	return address.text;
}

static void
read_submit(struct usher_conf *conf, struct source *source,
    const config_setting_t *group)
{
	const char *text, *colon;

	if (!usher_source_string(source, group, "submit", &text))
		return;
	colon = strrchr(text, ':');
	if (colon == NULL || colon == text ||
	    !is_port(colon + 1, strlen(colon + 1)) ||
	    strpbrk(text, " \t\n") != NULL)
		usher_source_wrong(source,
		    config_setting_get_member(group, "submit"),
		    "\"%.80s\" should be HOST:PORT, as in"
		    " \"127.0.0.1:25\"",
		    text);
	else
		conf->mail.submit = text;
}

static void
read_authserv(struct usher_conf *conf, struct source *source,
    const config_setting_t *group)
{
	struct usher_mail *mail = &conf->mail;

	(void)usher_source_strings(source, group, "authserv_ids",
	    &mail->authserv_ids, &mail->authserv_count);
	for (size_t i = 0; i < mail->authserv_count; i++) {
		const char *id = mail->authserv_ids[i];

		if (*id == '\0' || strpbrk(id, " \t\n/;\"") != NULL)
			usher_source_wrong(source,
			    config_setting_get_member(group, "authserv_ids"),
			    "\"%.80s\" is no"
			    " authserv-id; write the name that your filters"
			    " put first in Authentication-Results",
			    id);
	}
}

static void
read_times(struct usher_conf *conf, struct source *source,
    const config_setting_t *group)
{
	struct usher_error error;
	const char *patience;
	long long days;

	if (usher_source_string(source, group, "patience", &patience) &&
	    usher_duration_parse(patience, &conf->mail.patience_s, &error) != 0)
		usher_source_wrong(source,
		    config_setting_get_member(group, "patience"), "%s",
		    error.text);
	if (usher_source_int(source, group, "hold_days", 1, MOST_HOLD_DAYS,
		&days))
		conf->mail.hold_days = (int)days;
}

static void
read_keep(struct usher_conf *conf, struct source *source,
    const config_setting_t *mail)
{
	static const char *const keep_keys[] = { "headers", "body" };
	const config_setting_t *group = config_setting_get_member(mail, "keep");
	long long size;

	if (group == NULL)
		return;
	if (!config_setting_is_group(group)) {
		usher_source_wrong(source, group,
		    "should be a group:"
		    " keep = { headers = 65536; body = 1048576; };");
		return;
	}
	usher_source_keys(source, group, keep_keys, COUNT(keep_keys));
	if (usher_source_int(source, group, "headers", LEAST_KEPT, MOST_KEPT,
		&size))
		conf->mail.keep_headers = (size_t)size;
	if (usher_source_int(source, group, "body", LEAST_KEPT, MOST_KEPT,
		&size))
		conf->mail.keep_body = (size_t)size;
}

/* The word is one of two; whether it is the second. */
static bool
second(struct source *source, const config_setting_t *group, const char *name,
    const char *first_word, const char *second_word)
{
	const char *const words[] = { first_word, second_word };

	return usher_site_word(source, group, name, words, 2, 0) == 1;
}

static void
set_defaults(struct usher_mail *mail)
{
	*mail = (struct usher_mail){
		.socket = "unix:/var/spool/postfix/usher/milter.sock",
		.socket_mode = 0660,
		.socket_group = "postfix",
		.aside = "",
		.patience_s = DEFAULT_PATIENCE_S,
		.hold_days = DEFAULT_HOLD_DAYS,
		.submit = "127.0.0.1:25",
		.from = "",
		.keep_headers = DEFAULT_HEADERS,
		.keep_body = DEFAULT_BODY,
	};
}

void
usher_conf_read_mail(struct usher_conf *conf, struct source *source,
    const config_setting_t *group)
{
	struct usher_mail *mail = &conf->mail;

	set_defaults(mail);
	if (group == NULL)
		return;
	usher_source_keys(source, group, keys, COUNT(keys));
	read_socket(conf, source, group);
	read_mode(conf, source, group);
	(void)usher_source_string(source, group, "socket_group",
	    &mail->socket_group);
	read_authserv(conf, source, group);
	mail->authserv_stripped = second(source, group, "authserv", "queue-id",
	    "stripped");
	mail->trust_claimed = second(source, group, "trust", "verified",
	    "claimed");
	mail->defer_hold = second(source, group, "defer", "retry", "hold");
	mail->redirect_reply = second(source, group, "redirect", "reject",
	    "reply");
	mail->mixed_aside = second(source, group, "mixed", "split", "aside");
	mail->aside = read_address(conf, source, group, "aside", true);
	mail->from = read_address(conf, source, group, "from", false);
	read_submit(conf, source, group);
	read_times(conf, source, group);
	usher_site_networks(conf, source, group, "relays", &conf->relays,
	    &conf->relay_count);
	read_keep(conf, source, group);
}
