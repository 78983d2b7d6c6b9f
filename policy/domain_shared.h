/*
 * domain_shared: registrable domains that are no firm's own.
 *
 * At a free-mail domain anybody has an address, and from an ESP's domain the
 * mail of thousands of firms bounces: what one sender there did says nothing
 * of the next (design.md §1 "known", design-mail.md "Promises by mail").
 */
#ifndef USHER_DOMAIN_SHARED_H
#define USHER_DOMAIN_SHARED_H

#include <stdbool.h>

/* `domain` is registrable and in normal form. */
bool usher_domain_is_free_mail(const char *domain);
/* Free mail, or a domain that a provider sends for many from. */
bool usher_domain_is_shared(const char *domain);

#endif
