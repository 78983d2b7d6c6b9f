/*
 * usher_check: what is legal in usher.conf and yet hardly meant.
 *
 * Errors are told when it is read; here stand warnings that need a look at
 * the machine: files, store, what enforcing will ask for. Called by the
 * command line.
 */
#include "usher_handle.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_socket.h"
#include "error.h"

static void __attribute__((format(printf, 3, 4)))
warn(const struct usher_conf *conf, struct usher_problems *problems,
    const char *format, ...)
{
	struct usher_error text;
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text.text, sizeof(text.text), format, arguments);
	va_end(arguments);
	usher_problems_add(problems, true, conf->site.file, 0, "%s", text.text);
}

static void
check_site(const struct usher_conf *conf, struct usher_problems *problems)
{
	if (conf->site.domain_count == 0)
		warn(conf, problems,
		    "site.domains is empty: no address is"
		    " yours, so `deliver_to` and `aside` can name none");
	if (*conf->dialling.country_code == '\0')
		warn(conf, problems,
		    "site.country_code is not given: only"
		    " numbers written with + are recognised");
	if (*conf->site.page_url != '\0' && *conf->site.page_directory == '\0')
		warn(conf, problems,
		    "page.url is told to senders, but"
		    " page.directory is not given: nothing is written there");
	if (*conf->site.page_url == '\0' && *conf->site.page_directory != '\0')
		warn(conf, problems,
		    "page.directory is given without"
		    " page.url: nobody is told of the pages");
}

/* What is read and checked already, and what a daemon still refuses. */
static void
check_mail(const struct usher_conf *conf, struct usher_problems *problems)
{
	if (conf->site.mode == USHER_ENFORCE &&
	    conf->mail.authserv_count == 0 && !conf->mail.trust_claimed)
		warn(conf, problems,
		    "mail.authserv_ids is empty and"
		    " mail.trust is \"verified\": nobody could ever prove who"
		    " they are, so usher-milter refuses to start in mode"
		    " \"enforce\"; name what your DKIM and DMARC filters"
		    " write, or set mail.trust = \"claimed\"");
	if ((conf->mail.redirect_reply || conf->mail.mixed_aside) &&
	    *conf->mail.aside == '\0')
		warn(conf, problems,
		    "mail.aside is not given, but"
		    " redirect = \"reply\" and mixed = \"aside\" put mail"
		    " there: every recipient needs an `aside` of their own");
	if (conf->mail.redirect_reply && conf->site.domain_count == 0)
		warn(conf, problems,
		    "redirect = \"reply\" without"
		    " site.domains: no reply can leave from here");
}

static void
check_tls_file(const struct usher_conf *conf, struct usher_problems *problems,
    const char *name, const char *path)
{
	if (*path != '\0' && access(path, R_OK) != 0)
		warn(conf, problems, "sip.tls.%s: %s cannot be read: %s", name,
		    path, strerror(errno));
}

/* Said here, since whoever only has mail starts no proxy that says it. */
static void
check_sip(const struct usher_conf *conf, struct usher_problems *problems)
{
	const struct usher_sip *sip = conf->sip;
	bool trusted;

	if (!sip->given)
		return;
	trusted = sip->trusted_count > 0;
	for (size_t i = 0; i < sip->peer_count && !trusted; i++)
		trusted = sip->peers[i].trusted;
	if (sip->hop_count == 0)
		warn(conf, problems,
		    "sip.next_hops is not set, and usher-sip does not start"
		    " without: name the PBX calls go to, as next_hops = ["
		    " \"sip:10.0.0.5:5060\" ];");
	if (!trusted)
		warn(conf, problems,
		    "no peer is trusted (sip.trusted, sip.peers): no rule on"
		    " identity can let a caller in");
	check_tls_file(conf, problems, "certificate", sip->tls_certificate);
	check_tls_file(conf, problems, "key", sip->tls_key);
	check_tls_file(conf, problems, "ca", sip->tls_ca);
}

static void
check_sources(const struct usher_conf *conf, struct usher_problems *problems)
{
	struct usher_error error;
	char **paths;
	size_t count;
	int code;

	if (*conf->site.file == '\0')
		return;
	code = usher_sources_list(conf, true, &paths, &count, &error);
	if (code != 0)
		warn(conf, problems, "%s", error.text);
	else if (count == 0)
		warn(conf, problems,
		    "`preferences` names no file that is"
		    " there: nobody is screened");
	if (code == 0)
		usher_sources_free(paths);
}

static void
check_store(struct usher *usher, const struct usher_conf *conf,
    struct usher_problems *problems)
{
	struct store *store = usher->store;
	struct store_summary summary;
	struct usher_error error;
	int code = 0;

	if (*conf->site.file == '\0')
		return;
	if (store == NULL)
		code = usher_store_open(&store, conf->store, NULL, &error);
	if (code == 0)
		code = store->engine->summary(store, &summary, &error);
	if (code != 0)
		warn(conf, problems, "%s", error.text);
	else if (summary.sources == 0)
		warn(conf, problems,
		    "nothing is published yet: run usher"
		    " publish");
	else if (!summary.scoped ||
	    memcmp(summary.scope, conf->scope_hash, sizeof(summary.scope)) != 0)
		warn(conf, problems,
		    "`site` has changed since the last"
		    " usher publish: run it, so that every source is checked"
		    " under it");
	if (store != usher->store)
		usher_store_close(store);
}

int
usher_conf_check(struct usher *usher, int64_t at,
    struct usher_problems *problems)
{
	struct usher_conf *conf = usher_conf_hold(usher);
	int code = 0;

	check_site(conf, problems);
	check_mail(conf, problems);
	check_sip(conf, problems);
	usher_check_socket(conf, problems);
	check_sources(conf, problems);
	check_store(usher, conf, problems);
	if (conf->fallback != NULL)
		code = usher_policy_check(usher, conf->fallback, at, problems);
	usher_conf_release(conf);
	return code;
}
