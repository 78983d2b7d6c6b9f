/*
 * cli_release: what lets a held message go, on each MTA.
 */
#ifndef CLI_RELEASE_H
#define CLI_RELEASE_H

#include "cli.h"

enum cli_release {
	CLI_RELEASED,
	CLI_GONE,	 /* the MTA has no such message any more */
	CLI_NOT_HELD,	 /* it is held no longer: somebody let it go */
	CLI_ANOTHER,	 /* its id belongs to another message by now */
	CLI_NOT_RELEASED /* the MTA's programs failed; all being said */
};

/* What is asked of the MTA once for all messages. */
struct cli_mta {
	int64_t at;		   /* now, or --at where that is later */
	const char *sendmail_conf; /* -C of sendmail, or NULL */
	bool asked;		   /* Postfix was */
	struct cli_queued *queued; /* its queue */
	size_t count, room;
	int64_t lifetime_s; /* after which it gives up */
};

/* cli_postfix.c */
enum cli_release cli_postfix_release(struct cli_mta *mta,
    const struct usher_held *held);
void cli_postfix_end(struct cli_mta *mta);
/* cli_sendmail.c */
enum cli_release cli_sendmail_release(struct cli_mta *mta,
    const struct usher_held *held);

/*
 * cli_run.c: runs a program, from PATH or /usr/sbin, without a shell. What it
 * prints goes to *output (to be freed) unless NULL. Its exit code, or -1: it
 * could not be run or did not end by itself; said in both cases when not 0.
 */
int cli_run(const char *const *words, char **output);

#endif
