/*
 * conf: a snapshot of usher.conf as others see it: its settings, its count.
 *
 * site.c builds it; the daemons, policies and facts hold it.
 */
#include "conf.h"

#include <stdlib.h>

#include "evidence.h"
#include "words.h"

void
usher_conf_release(struct usher_conf *conf)
{
	if (conf == NULL || atomic_fetch_sub(&conf->references, 1) != 1)
		return;
	usher_policy_release(conf->fallback);
	usher_evidence_free(conf->evidence);
	usher_evidence_free(atomic_load(&conf->built_in));
	usher_words_free(conf->words);
	usher_geo_close(conf->geo);
	usher_arena_free(&conf->arena);
	free(conf);
}

const struct usher_site *
usher_conf_site(const struct usher_conf *conf)
{
	return &conf->site;
}

const struct usher_mail *
usher_conf_mail(const struct usher_conf *conf)
{
	return &conf->mail;
}

const struct usher_sip *
usher_conf_sip(const struct usher_conf *conf)
{
	return conf->sip;
}

static bool
one_holds(const struct network *networks, size_t count,
    const struct sockaddr *client)
{
	for (size_t i = 0; i < count; i++)
		if (usher_network_holds(&networks[i], client))
			return true;
	return false;
}

bool
usher_conf_internal(const struct usher_conf *conf,
    const struct sockaddr *client)
{
	return client != NULL &&
	    one_holds(conf->internal, conf->internal_count, client);
}

bool
usher_conf_relay(const struct usher_conf *conf, const struct sockaddr *client)
{
	return client != NULL &&
	    one_holds(conf->relays, conf->relay_count, client);
}
