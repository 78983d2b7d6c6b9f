/*
 * cli_mail: the facts of one stored message, as explain and replay see it.
 *
 * All of it is shown. The envelope's sender is what final delivery wrote into
 * Return-Path (RFC 5321 §4.4); client and queue id are not known, and proof.c
 * reads Authentication-Results of a stored mail accordingly.
 */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The value of the first field of that name in a header; NULL: none. */
static const char *
find_field(const char *data, size_t length, const char *name, size_t *size)
{
	const char *at = data, *end = data + length, *stop;
	size_t name_length = strlen(name);

	for (; at < end && *at != '\n' && *at != '\r'; at = stop) {
		stop = memchr(at, '\n', (size_t)(end - at));
		stop = stop == NULL ? end : stop + 1;
		if ((size_t)(stop - at) > name_length &&
		    at[name_length] == ':' &&
		    strncasecmp(at, name, name_length) == 0) {
			at += name_length + 1;
			*size = (size_t)(stop - at);
			return at;
		}
	}
	return NULL;
}

/* What stands between < and >; a null sender is "". NULL: not known. */
static char *
return_path(const char *data, size_t length)
{
	const char *value, *open, *close;
	size_t size = 0;

	value = find_field(data, length, "Return-Path", &size);
	if (value == NULL)
		return NULL;
	open = memchr(value, '<', size);
	if (open == NULL)
		return NULL;
	open++;
	close = memchr(open, '>', (size_t)(value + size - open));
	return close == NULL ? NULL : strndup(open, (size_t)(close - open));
}

/* design-mail.md "Always accepted": a stored mail has one recipient. */
static bool
is_report(const struct cli_mail *mail)
{
	struct usher_traits traits = usher_message_traits(mail->message);

	return mail->mail_from != NULL && *mail->mail_from == '\0' &&
	    (traits.report || traits.automatic);
}

int
cli_mail_read(struct usher_conf *conf, const char *data, size_t length,
    const enum usher_purpose *purpose, struct cli_mail *mail,
    struct usher_error *error)
{
	struct usher_envelope envelope = { NULL, NULL, NULL, NULL, NULL };
	int code;

	*mail = (struct cli_mail){ .from = "" };
	code = usher_message_new(conf, &mail->message);
	if (code == 0)
		code = usher_message_read(mail->message, data, length);
	if (code == 0)
		code = usher_facts_new(conf, USHER_EMAIL, &mail->facts);
	if (code != 0) {
		error->code = code;
		(void)snprintf(error->text, sizeof(error->text),
		    "cannot read a mail: %s", strerror(code));
		return code;
	}
	mail->mail_from = return_path(data, length);
	envelope.mail_from = mail->mail_from;
	if (purpose != NULL)
		usher_facts_purpose(mail->facts, *purpose);
	code = usher_message_facts(mail->message, &envelope, USHER_ALL,
	    mail->facts, error);
	if (code != 0)
		return code;
	mail->safety = is_report(mail);
	mail->from = usher_message_from(mail->message);
	if (mail->from == NULL)
		mail->from = mail->mail_from == NULL ? "" : mail->mail_from;
	return 0;
}

void
cli_mail_free(struct cli_mail *mail)
{
	usher_facts_free(mail->facts);
	usher_message_free(mail->message);
	free(mail->mail_from);
	*mail = (struct cli_mail){ .from = "" };
}
