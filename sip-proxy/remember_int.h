/*
 * remember_int.h - inside of remember.c, which reads, and remember_write.c.
 */
#ifndef USHER_SIP_REMEMBER_INT_H
#define USHER_SIP_REMEMBER_INT_H

#include "proxy.h"
#include "remember.h"

struct recall {
	struct store_job job;
	struct asking *asking; /* NULL: nobody waits any more */
	struct usher *usher;
	struct setup *setup;
	struct usher_policy *policy;
	struct usher_facts *facts;
	struct usher_memory *memory;
	struct usher_error error;
	int64_t at;
	int code;
	bool targets;
	char who[ID_TEXT];
};

struct writing {
	struct store_job job;
	struct asking *asking; /* as above */
	struct proxy *proxy;
	struct store_thread *store; /* outlives the proxy's hold on it */
	const char *what;
	void *owned; /* that the notes look at */
	struct usher_error error;
	int code;
};

struct asking {
	struct proxy *proxy;
	struct decision *decision;
	struct recall *recall; /* asked for, or brought */
	struct writing *writing;
	struct patience patience;
	struct sip_timer timer; /* while it is held */
	bool reading;
	bool used;	  /* the use of a code was noted, or could not be */
	unsigned held_ms; /* until what rang is written; 0: it is not held */
};

/* What a decision asks of the store; NULL: no memory. */
struct asking *remember_asking(struct proxy *proxy, struct decision *decision);

#endif
