/*
 * cli_sendmail: lets a message go that Sendmail quarantined (design-mail.md
 * "Hold").
 *
 * Its queue ids carry the time and repeat after decades, so the id alone names
 * the message. `-Q` without a reason ends the quarantine; then that message
 * is delivered. A private instance is named by --sendmail-conf.
 */
#include "cli_release.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_WORDS = 8 };

static int
run(const struct cli_mta *mta, const char *first, const char *second,
    const char *third, char **output)
{
	const char *words[MOST_WORDS] = { "sendmail" };
	const char *const rest[] = { first, second, third };
	size_t count = 1;

	if (mta->sendmail_conf != NULL) {
		words[count++] = "-C";
		words[count++] = mta->sendmail_conf;
	}
	for (size_t i = 0; i < 3; i++)
		if (rest[i] != NULL)
			words[count++] = rest[i];
	return cli_run(words, output);
}

enum cli_release
cli_sendmail_release(struct cli_mta *mta, const struct usher_held *held)
{
	char only[64], *listed = NULL;
	bool there;

	for (const char *at = held->queue_id; *at != '\0'; at++)
		if (!isalnum((unsigned char)*at))
			return CLI_GONE;
	/* It takes a part of an id for all of it. */
	if (strlen(held->queue_id) < 8 || strlen(held->queue_id) > 40)
		return CLI_GONE;
	(void)snprintf(only, sizeof(only), "-qI%s", held->queue_id);
	if (run(mta, "-bp", "-qQ", only, &listed) != 0)
		return CLI_NOT_RELEASED;
	there = strstr(listed, held->queue_id) != NULL;
	free(listed);
	if (!there)
		return CLI_GONE;
	if (run(mta, "-Q", "-qQ", only, NULL) != 0)
		return CLI_NOT_RELEASED;
	/* It is in the queue again; that it goes at once is a kindness. */
	(void)run(mta, only, NULL, NULL, NULL);
	return CLI_RELEASED;
}
