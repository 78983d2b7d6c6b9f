/*
 * setup.c - see setup.h.
 */
#include "setup.h"

#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>

/* A host among ours, once. Growth is by one: there are few, and rarely. */
static int
add_host(struct setup *setup, struct span host)
{
	char(*hosts)[HOST_TEXT];

	if (host.l == 0 || host.l >= HOST_TEXT || setup_is_ours(setup, host))
		return 0;
	hosts = realloc(setup->hosts,
	    (setup->host_count + 1) * sizeof(*setup->hosts));
	if (hosts == NULL)
		return ENOMEM;
	setup->hosts = hosts;
	memcpy(hosts[setup->host_count], host.p, host.l);
	hosts[setup->host_count][host.l] = '\0';
	setup->host_count++;
	return 0;
}

static int
add_address(struct setup *setup, const union sip_addr *address)
{
	union sip_addr plain = *address;
	char text[SIP_ADDR_TEXT];

	sip_addr_set_port(&plain, 0);
	return add_host(setup, span_of(sip_addr_text(&plain, text)));
}

/* A listener at any address answers at each of the machine's. */
static int
add_interfaces(struct setup *setup, int family)
{
	struct ifaddrs *all, *one;
	union sip_addr address;
	int result = 0;

	if (getifaddrs(&all) != 0)
		return errno;
	for (one = all; result == 0 && one != NULL; one = one->ifa_next) {
		if (one->ifa_addr == NULL ||
		    one->ifa_addr->sa_family != family ||
		    sip_addr_set(&address, one->ifa_addr) != 0)
			continue;
		result = add_address(setup, &address);
	}
	freeifaddrs(all);
	return result;
}

static int
add_listeners(struct setup *setup, struct sip_transports *transports)
{
	int result = 0;

	for (unsigned i = 0; result == 0 && i < sip_transport_count(transports);
	     i++) {
		const struct sip_listener *l = sip_transport_at(transports, i);

		if (self_is_any(l))
			result = add_interfaces(setup, l->addr.sa.sa_family);
		else
			result = add_host(setup, span_of(l->host));
		if (result == 0)
			result = add_address(setup, &l->addr);
	}
	return result;
}

static int
add_hosts(struct setup *setup, struct sip_transports *transports)
{
	int result = add_listeners(setup, transports);

	for (size_t i = 0; result == 0 && i < setup->sip->domain_count; i++)
		result = add_host(setup, span_of(setup->sip->domains[i]));
	setup->self_count = setup->host_count;
	for (size_t i = 0; result == 0 && i < setup->sip->hop_count; i++)
		result = add_host(setup, span_of(setup->sip->hops[i].host));
	for (unsigned i = 0; result == 0 && i < setup->hops.count; i++)
		result = add_address(setup, &setup->hops.list[i].peer.addr);
	return result;
}

static int
no_hops(struct usher_error *error, const struct usher_sip *sip)
{
	error->code = EINVAL;
	snprintf(error->text, sizeof(error->text), "%s",
	    sip->hop_count == 0
		? "sip.next_hops is not set: name the PBX calls go to, as "
		  "sip = { next_hops = [ \"sip:10.0.0.5:5060\" ]; };"
		: "no next hop of sip.next_hops can be used: see the lines "
		  "above");
	return EINVAL;
}

/* Everything but conf, which is there. */
static int
fill(struct setup *setup, const struct setup *old, const struct log *log,
    struct usher_error *error)
{
	const struct usher_sip *sip = usher_conf_sip(setup->conf);
	const struct hops_way way = { .transports = setup->transports,
		.resolver = setup->resolver,
		.log = log };
	unsigned usable;

	setup->references = 1;
	setup->sip = sip;
	(void)usher_policy_nobody(setup->conf, &setup->nobody);
	usable = hops_resolve(&setup->hops, sip->hops, sip->hop_count, &way);
	hops_resolve(&setup->trunks, sip->trunks, sip->trunk_count, &way);
	if (old != NULL) {
		hops_inherit(&setup->hops, &old->hops);
		hops_inherit(&setup->trunks, &old->trunks);
	}
	return usable == 0 ? no_hops(error, sip)
			   : add_hosts(setup, setup->transports);
}

int
setup_new(struct setup **result, struct usher_conf *conf,
    struct sip_transports *transports, struct resolver *resolver,
    const struct setup *old, const struct log *log, struct usher_error *error)
{
	struct setup *setup = calloc(1, sizeof(*setup));
	int failed;

	if (setup == NULL) {
		usher_conf_release(conf);
		return ENOMEM;
	}
	setup->conf = conf;
	setup->transports = transports;
	setup->resolver = resolver;
	failed = fill(setup, old, log, error);
	if (failed != 0) {
		setup_release(setup);
		return failed;
	}
	*result = setup;
	return 0;
}

int
setup_again(struct setup **result, struct setup *old, const struct log *log)
{
	struct setup *setup = calloc(1, sizeof(*setup));
	struct usher_error error;
	int failed;

	if (setup == NULL)
		return ENOMEM;
	setup->of = setup_hold(old->of != NULL ? old->of : old);
	setup->conf = old->conf;
	setup->transports = old->transports;
	setup->resolver = old->resolver;
	setup->bindings = old->bindings;
	failed = fill(setup, old, log, &error);
	if (failed != 0) {
		setup_release(setup);
		return failed;
	}
	*result = setup;
	return 0;
}

void
setup_keep(const struct setup *setup)
{
	const struct usher_sip *sip = setup->sip;

	resolver_unkeep(setup->resolver);
	hops_keep(sip->hops, sip->hop_count, setup->resolver);
	hops_keep(sip->trunks, sip->trunk_count, setup->resolver);
}

struct setup *
setup_hold(struct setup *setup)
{
	setup->references++;
	return setup;
}

void
setup_release(struct setup *setup)
{
	if (setup == NULL || --setup->references > 0)
		return;
	usher_policy_release(setup->nobody);
	if (setup->of != NULL)
		setup_release(setup->of);
	else
		usher_conf_release(setup->conf);
	free(setup->hosts);
	free(setup);
}

bool
setup_is_ours(const struct setup *setup, struct span host)
{
	for (size_t i = 0; i < setup->host_count; i++) {
		if (sip_host_eq(host, span_of(setup->hosts[i])))
			return true;
	}
	return false;
}

static bool
is_hop_host(const struct hops *hops, struct span host, uint16_t port)
{
	for (unsigned i = 0; i < hops->count; i++) {
		const struct hop *hop = &hops->list[i];
		char text[SIP_ADDR_TEXT];
		union sip_addr plain = hop->peer.addr;

		if (sip_addr_port(&plain) != port)
			continue;
		sip_addr_set_port(&plain, 0);
		if (sip_host_eq(host, span_of(hop->conf->host)) ||
		    sip_host_eq(host, span_of(sip_addr_text(&plain, text))))
			return true;
	}
	return false;
}

bool
setup_is_named(const struct setup *setup, struct span host, uint16_t port)
{
	for (size_t i = 0; i < setup->sip->domain_count; i++) {
		if (sip_host_eq(host, span_of(setup->sip->domains[i])))
			return !is_hop_host(&setup->hops, host,
			    port != 0 ? port : 5060);
	}
	return false;
}

bool
setup_is_self(const struct setup *setup, struct span host, uint16_t port)
{
	bool named = false, heard = false;

	if (port == 0)
		port = 5060;
	for (unsigned i = 0; i < sip_transport_count(setup->transports); i++) {
		const struct sip_listener *l =
		    sip_transport_at(setup->transports, i);

		heard |= port == l->port || port == sip_addr_port(&l->addr);
	}
	for (size_t i = 0; heard && !named && i < setup->self_count; i++)
		named = sip_host_eq(host, span_of(setup->hosts[i]));
	/* `domains` may name the PBX's address as well as ours. */
	return named && !is_hop_host(&setup->hops, host, port);
}
