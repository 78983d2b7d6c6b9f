/*
 * message_head: what the header fields of a mail say, without its body.
 *
 * Addresses of From, To, Cc and Reply-To, the decoded subject, the traits
 * that safety rests on, the time. Uses GMime's decoders on single values, so
 * nothing is parsed as MIME here. Keeps RFC 5322 §3.4 and §3.6, RFC 2047,
 * RFC 3834 §5 (Auto-Submitted), RFC 3462 and RFC 8098 (reports), RFC 2919
 * and RFC 2369 (lists), tolerantly.
 */
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <gmime/gmime.h>

#include "message.h"

enum { LONGEST_PLAIN = 128 };

static pthread_once_t gmime_once = PTHREAD_ONCE_INIT;

void
usher_gmime_begin(void)
{
	pthread_once(&gmime_once, g_mime_init);
}

static void
take_addresses(InternetAddressList *list, int depth,
    void (*take)(const char *, void *), void *arg)
{
	int count = list ? internet_address_list_length(list) : 0;

	for (int i = 0; i < count; i++) {
		InternetAddress *one = internet_address_list_get_address(list,
		    i);

		if (INTERNET_ADDRESS_IS_GROUP(one) && depth < 4)
			take_addresses(internet_address_group_get_members(
					   INTERNET_ADDRESS_GROUP(one)),
			    depth + 1, take, arg);
		else if (INTERNET_ADDRESS_IS_MAILBOX(one))
			take(internet_address_mailbox_get_addr(
				 INTERNET_ADDRESS_MAILBOX(one)),
			    arg);
	}
}

/* GMime recurses into comments and groups: neither comes deep from people. */
static bool
too_deep(const char *value)
{
	size_t open = 0;

	for (; *value; value++)
		open += *value == '(' || *value == ':';
	return open > 200;
}

/*
 * The address of `Words <local@domain>`, written so that no two readers could
 * differ; NULL: it takes a parser, which costs more than all other fields.
 */
static const char *
plain_address(const char *value, char *out, size_t room)
{
	const char *at = value, *begin, *part;
	int ats = 0;

	while (*at == ' ' || isalnum((unsigned char)*at))
		at++;
	if (*at != '<')
		return NULL;
	begin = part = at + 1;
	for (at = begin; *at != '>' || ats != 1; at++) {
		if (isalnum((unsigned char)*at) || *at == '-' || *at == '_')
			continue;
		if (at == part || (*at != '.' && (*at != '@' || ats++ > 0)))
			return NULL;
		part = at + 1;
	}
	if (at == part || at[1] != '\0' || (size_t)(at - begin) >= room)
		return NULL;
	memcpy(out, begin, (size_t)(at - begin));
	out[at - begin] = '\0';
	/* Which a parser decodes. */
	return strcasestr(out, "xn--") ? NULL : out;
}

static void
each_address(const char *value, void (*take)(const char *, void *), void *arg)
{
	char room[LONGEST_PLAIN];
	const char *plain = plain_address(value, room, sizeof(room));
	InternetAddressList *list;

	if (plain) {
		take(plain, arg);
		return;
	}
	if (strlen(value) > MOST_ADDRESS_FIELD || too_deep(value))
		return;
	list = internet_address_list_parse(NULL, value);
	if (!list)
		return;
	take_addresses(list, 0, take, arg);
	g_object_unref(list);
}

struct taking {
	struct arena *arena;
	struct message_head *head;
};

static void
take_from(const char *address, void *arg)
{
	struct taking *taking = arg;
	struct message_head *head = taking->head;

	if (address && head->from_count < MOST_FROM)
		head->from[head->from_count++] =
		    usher_arena_string(taking->arena, address);
}

static void
take_recipient(const char *address, void *arg)
{
	struct taking *taking = arg;
	struct message_head *head = taking->head;

	if (!address || head->recipients >= 100)
		return;
	if (head->recipients++ == 0)
		head->first_recipient = usher_arena_string(taking->arena,
		    address);
}

static void
take_reply_to(const char *address, void *arg)
{
	struct taking *taking = arg;

	if (address && !taking->head->reply_to)
		taking->head->reply_to = usher_arena_string(taking->arena,
		    address);
}

/* The same, for a field whose list is too strange to be read: not nobody. */
static void
read_addresses(struct usher_message *message, struct message_head *head)
{
	struct taking taking = { &message->arena, head };

	for (size_t i = 0; i < message->field_count; i++) {
		const struct evidence_field *field = &message->fields[i];

		if (usher_field_is(field, "From")) {
			head->from_fields++;
			each_address(field->value, take_from, &taking);
		} else if (usher_field_is(field, "To") ||
		    usher_field_is(field, "Cc")) {
			each_address(field->value, take_recipient, &taking);
			if (strlen(field->value) > MOST_ADDRESS_FIELD)
				head->recipients = 100;
		} else if (usher_field_is(field, "Reply-To")) {
			each_address(field->value, take_reply_to, &taking);
		}
	}
}

static void
read_subject(struct usher_message *message, struct message_head *head)
{
	const char *value = usher_message_field(message, "Subject");
	char *decoded, *valid;

	if (!value)
		return;
	decoded = g_mime_utils_header_decode_text(NULL, value);
	if (!decoded)
		return;
	valid = g_utf8_make_valid(decoded, -1);
	head->subject = usher_arena_string(&message->arena, valid);
	g_free(valid);
	g_free(decoded);
}

/* The field's first word (up to blank or `;`) is `word`. */
static bool
first_word(const char *value, const char *word)
{
	size_t length = strcspn(value, " \t;(");

	return length == strlen(word) && strncasecmp(value, word, length) == 0;
}

static bool
is_report(const struct usher_message *message)
{
	const char *type = usher_message_field(message, "Content-Type");

	return type &&
	    (first_word(type, "multipart/report") ||
		first_word(type, "message/delivery-status") ||
		first_word(type, "message/disposition-notification"));
}

static bool
is_list(const struct usher_message *message)
{
	const char *precedence = usher_message_field(message, "Precedence");

	for (size_t i = 0; i < message->field_count; i++) {
		const char *name = message->fields[i].name;

		if ((*name | 0x20) == 'l' && strncasecmp(name, "List-", 5) == 0)
			return true;
	}
	return precedence && first_word(precedence, "list");
}

static void
read_traits(const struct usher_message *message, struct message_head *head)
{
	const char *automatic = usher_message_field(message, "Auto-Submitted");

	head->traits.report = is_report(message);
	head->traits.automatic = automatic && !first_word(automatic, "no");
	head->traits.list = is_list(message);
}

int
usher_message_head(struct usher_message *message,
    const struct message_head **out)
{
	struct message_head *head = message->head;

	usher_gmime_begin();
	if (!head) {
		head = usher_arena_alloc(&message->arena, sizeof(*head));
		if (!head)
			return ENOMEM;
		read_addresses(message, head);
		read_subject(message, head);
		read_traits(message, head);
		if (message->arena.failed)
			return ENOMEM;
		message->head = head;
	}
	*out = head;
	return 0;
}

struct usher_traits
usher_message_traits(struct usher_message *message)
{
	const struct message_head *head;
	const struct usher_traits none = { false, false, false };

	return usher_message_head(message, &head) == 0 ? head->traits : none;
}

const char *
usher_message_from(struct usher_message *message)
{
	const struct message_head *head;

	if (usher_message_head(message, &head) || head->from_fields != 1 ||
	    head->from_count != 1)
		return NULL;
	return head->from[0];
}

static bool
read_date(const char *text, int64_t *at)
{
	GDateTime *date = text ? g_mime_utils_header_decode_date(text) : NULL;

	if (!date)
		return false;
	*at = g_date_time_to_unix(date);
	g_date_time_unref(date);
	return true;
}

/* RFC 5321 §4.4: the date stands behind the last `;` of Received. */
bool
usher_message_time(struct usher_message *message, int64_t *at)
{
	const char *received = usher_message_field(message, "Received");
	const char *behind = received ? strrchr(received, ';') : NULL;

	usher_gmime_begin();
	if (behind && read_date(behind + 1, at))
		return true;
	return read_date(usher_message_field(message, "Date"), at);
}
