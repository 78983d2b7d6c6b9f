/*
 * learn_log: whom a mail went to, by the log of Postfix or Sendmail.
 *
 * A queue id ties "from=<...>" to the "to=<...>" that follow it; those with
 * status=sent (Postfix) or stat=Sent (Sendmail) arrived somewhere. Anybody may
 * write as anybody to the site's own people, so these are not learned from.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "learn.h"

enum { LONGEST_ID = 40, LONGEST_ADDRESS = 400, MOST_IDS = 1000000 };

/* Behind "postfix/smtp[12]: " or "sm-mta[12]: ", or NULL. */
static const char *
behind_program(const char *line)
{
	const char *end = strstr(line, "]: ");

	if (end == NULL || end == line || !isdigit((unsigned char)end[-1]))
		return NULL;
	return end + 3;
}

/* Reads "ID: "; what follows, or NULL. */
static const char *
read_id(const char *text, char id[LONGEST_ID])
{
	size_t length = strspn(text,
	    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

	if (length < 5 || length >= LONGEST_ID ||
	    strncmp(text + length, ": ", 2) != 0)
		return NULL;
	memcpy(id, text, length);
	id[length] = '\0';
	return text + length + 2;
}

/* "<a@b>" or "a@b" at the start of a value; what follows, or NULL. */
static const char *
read_address(const char *text, char address[LONGEST_ADDRESS])
{
	bool bracket = *text == '<';
	size_t length;

	text += bracket;
	length = strcspn(text, bracket ? ">" : ", ");
	if (length >= LONGEST_ADDRESS)
		return NULL;
	memcpy(address, text, length);
	address[length] = '\0';
	text += length;
	return text + (bracket && *text == '>');
}

static void
note_sender(struct usher_learner *learner, const char *id, const char *value)
{
	char address[LONGEST_ADDRESS];

	/* Ids are used again: the last sender is the one. */
	if (read_address(value, address) == NULL ||
	    !usher_learner_owns(learner, address))
		g_hash_table_remove(learner->queue, id);
	else if (g_hash_table_size(learner->queue) < MOST_IDS)
		g_hash_table_add(learner->queue, g_strdup(id));
}

static bool
is_own_domain(const struct usher_learner *learner, const char *address)
{
	const char *at = strrchr(address, '@');

	for (size_t i = 0; at != NULL && i < learner->conf->site.domain_count;
	     i++)
		if (strcasecmp(at + 1, learner->conf->site.domains[i]) == 0)
			return true;
	return at == NULL;
}

/* Sendmail names several: "to=<a@x>,<b@y>, delay=...". */
static int
take_recipients(struct usher_learner *learner, const char *value)
{
	char address[LONGEST_ADDRESS];
	int code = 0;

	while (code == 0 && value != NULL && *value != '\0' && *value != ' ') {
		value = read_address(value, address);
		if (value == NULL)
			break;
		if (*address != '\0' && !is_own_domain(learner, address))
			code = usher_learner_take(learner, address);
		if (*value == ',')
			value++;
	}
	return code;
}

int
usher_learner_log(struct usher_learner *learner, const char *line)
{
	const char *text = behind_program(line);
	char id[LONGEST_ID];

	if (text != NULL)
		text = read_id(text, id);
	if (text == NULL)
		return 0;
	if (strncmp(text, "from=", 5) == 0)
		note_sender(learner, id, text + 5);
	else if (strncmp(text, "removed", 7) == 0)
		g_hash_table_remove(learner->queue, id);
	else if (strncmp(text, "to=", 3) == 0 &&
	    (strstr(text, ", status=sent") != NULL ||
		strstr(text, ", stat=Sent") != NULL) &&
	    g_hash_table_contains(learner->queue, id))
		return take_recipients(learner, text + 3);
	return 0;
}
