/*
 * usher_check: what `usher check` asks of the library, before anything is
 * live (design.md §5); included by usher.h.
 */
#ifndef USHER_CHECK_PUBLIC_H
#define USHER_CHECK_PUBLIC_H

#ifndef USHER_H
#error "include usher.h"
#endif

/* The analysis of design.md §5, as warnings at the policy's own lines. */
USHER_API int usher_policy_check(struct usher *usher,
    const struct usher_policy *policy, int64_t at,
    struct usher_problems *problems);
/* usher.conf as a whole, with the groups `mail` and `sip`. */
USHER_API int usher_conf_check(struct usher *usher, int64_t at,
    struct usher_problems *problems);

/* In which source of a site each address and number stands. */
struct usher_owners;
USHER_API struct usher_owners *usher_owners_new(void);
USHER_API void usher_owners_free(struct usher_owners *owners);
/*
 * Adds those of a policy read from `path`; one that another file has is an
 * error, as it is for usher_publish(). ENOMEM.
 */
USHER_API int usher_owners_add(struct usher_owners *owners,
    const struct usher_policy *policy, const char *path,
    struct usher_problems *problems);

#endif
