/*
 * learn_mail: whom a mail of a Sent folder went to.
 *
 * To, Cc and Bcc (RFC 5322 §3.6.3) of a mail whose one From is the recipient's
 * own address. What was sent by a program, a receipt (RFC 8098), a post to a
 * list and an unsubscription are no acquaintance.
 */
#include <errno.h>
#include <gmime/gmime.h>
#include <string.h>
#include <strings.h>

#include "learn.h"
#include "message.h"

enum { DEEPEST = 20, MOST_PARTS = 20 };

static int
take_list(struct usher_learner *learner, InternetAddressList *list, int depth)
{
	int count = list == NULL ? 0 : internet_address_list_length(list);
	int code = 0;

	for (int i = 0; code == 0 && i < count; i++) {
		InternetAddress *one = internet_address_list_get_address(list,
		    i);
		const char *address;

		if (INTERNET_ADDRESS_IS_GROUP(one)) {
			if (depth < DEEPEST)
				code = take_list(learner,
				    internet_address_group_get_members(
					INTERNET_ADDRESS_GROUP(one)),
				    depth + 1);
			continue;
		}
		address = internet_address_mailbox_get_idn_addr(
		    INTERNET_ADDRESS_MAILBOX(one));
		if (address != NULL)
			code = usher_learner_take(learner, address);
	}
	return code;
}

/* GMime recurses into comments and groups: neither comes deep from people. */
static bool
is_readable(const char *value)
{
	size_t deep = 0;

	for (const char *at = value; *at != '\0'; at++)
		deep += *at == '(' || *at == ':';
	return deep <= MOST_PARTS && strlen(value) <= MOST_ADDRESS_FIELD;
}

static int
take_field(struct usher_learner *learner, const char *value)
{
	InternetAddressList *list;
	int code;

	if (!is_readable(value))
		return 0;
	list = internet_address_list_parse(NULL, value);
	code = take_list(learner, list, 0);
	if (list != NULL)
		g_object_unref(list);
	return code;
}

static bool
is_recipients(const char *name)
{
	return strcasecmp(name, "To") == 0 || strcasecmp(name, "Cc") == 0 ||
	    strcasecmp(name, "Bcc") == 0;
}

static bool
is_unsubscription(struct usher_message *message)
{
	const char *subject = usher_message_field(message, "Subject");

	return subject != NULL &&
	    (strcasestr(subject, "unsubscribe") != NULL ||
		strcasestr(subject, "remove me") != NULL);
}

/* Whether it was written by hand, by whom we learn for. */
static bool
is_theirs(struct usher_learner *learner)
{
	struct usher_traits traits = usher_message_traits(learner->message);
	const char *from = usher_message_from(learner->message);

	return from != NULL && usher_learner_owns(learner, from) &&
	    !traits.report && !traits.automatic && !traits.list &&
	    !is_unsubscription(learner->message);
}

int
usher_learner_mail(struct usher_learner *learner, const char *data,
    size_t length)
{
	struct usher_message *message = learner->message;
	int code;

	usher_message_reset(message);
	code = usher_message_read(message, data, length);
	if (code != 0 || !is_theirs(learner))
		return code == ENOMEM ? ENOMEM : 0;
	for (size_t i = 0; code == 0 && i < message->field_count; i++)
		if (is_recipients(message->fields[i].name))
			code = take_field(learner, message->fields[i].value);
	return code;
}
