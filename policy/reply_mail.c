/*
 * reply_mail: the automatic reply of `redirect = "reply"` as a mail.
 *
 * Called by the milter once usher_reply_allowed() let it. Keeps RFC 3834 §3
 * (To the envelope's sender alone, From the recipient, Auto-Submitted, thread
 * fields, "Auto: " subject, short plain text, nothing quoted) and design.md §7:
 * it says what the answer in the session would have said, and no more.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gmime/gmime.h>

#include "code.h"
#include "decide.h"
#include "error.h"
#include "message.h"
#include "words.h"

enum {
	MOST_SUBJECT = 200, /* characters taken over */
	LONGEST_ID = 250,
	MOST_REFERENCES = 20,
	TEXT_WIDTH = 72
};

struct composing {
	const struct usher_reply *reply;
	struct arena arena;
	const struct words_set *set;
	const char *from; /* address */
	GMimeMessage *mail;
};

/* ---- the text ---- */

/* A paragraph, its lines broken at blanks; links stay whole. */
static void
add_paragraph(struct buffer *text, const char *paragraph)
{
	size_t column = 0;

	if (text->length > 0)
		usher_buffer_puts(text, "\n");
	while (*paragraph != '\0') {
		size_t length = strcspn(paragraph, " ");
		size_t width = (size_t)g_utf8_strlen(paragraph, (gssize)length);

		if (column > 0 && column + 1 + width > TEXT_WIDTH) {
			usher_buffer_puts(text, "\n");
			column = 0;
		} else if (column > 0) {
			usher_buffer_puts(text, " ");
			column++;
		}
		usher_buffer_add(text, paragraph, length);
		column += width;
		paragraph += length;
		paragraph += strspn(paragraph, " ");
	}
	usher_buffer_puts(text, "\n");
}

static int
make_text(struct composing *composing, struct buffer *text)
{
	const struct usher_reply *reply = composing->reply;
	const char *const *templates = composing->set->templates;
	const char *lines[USHER_WORDS_LINES];
	size_t count = usher_words_lines(reply->decision, reply->reference,
	    false, lines);
	const char *name = reply->policy->name;
	const char *automatic = usher_words_fill(&composing->arena,
	    templates[WORD_REPLY_AUTOMATIC],
	    &(struct filling){ "name", name != NULL ? name : composing->from },
	    1);

	if (count == 0)
		return EINVAL;
	if (automatic == NULL)
		return ENOMEM;
	add_paragraph(text, templates[WORD_REPLY_HELLO]);
	add_paragraph(text, automatic);
	for (size_t i = 0; i < count; i++)
		add_paragraph(text, lines[i]);
	add_paragraph(text, templates[WORD_REPLY_ONCE]);
	return text->failed ? ENOMEM : 0;
}

/* g_mime_text_part_set_text() would choose a charset of its own. */
static void
set_content(GMimeTextPart *part, const struct buffer *text)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(text->data,
	    text->length);
	GMimeDataWrapper *content = g_mime_data_wrapper_new_with_stream(stream,
	    GMIME_CONTENT_ENCODING_DEFAULT);

	g_mime_part_set_content(GMIME_PART(part), content);
	g_object_unref(content);
	g_object_unref(stream);
	g_mime_text_part_set_charset(part, "utf-8");
	g_mime_part_set_content_encoding(GMIME_PART(part),
	    GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
}

static int
add_text(struct composing *composing)
{
	struct buffer text = { 0 };
	int code = make_text(composing, &text);
	GMimeTextPart *part;

	if (code == 0) {
		part = g_mime_text_part_new_with_subtype("plain");
		set_content(part, &text);
		g_mime_message_set_mime_part(composing->mail,
		    GMIME_OBJECT(part));
		g_object_unref(part);
	}
	usher_buffer_free(&text);
	return code;
}

/* ---- the header ---- */

/* What stands in one line of a header: no controls, no bytes but UTF-8. */
static char *
one_line(struct arena *arena, const char *text, glong most)
{
	char *valid = g_utf8_make_valid(text, -1), *copy;

	if (g_utf8_strlen(valid, -1) > most)
		*g_utf8_offset_to_pointer(valid, most) = '\0';
	copy = usher_arena_string(arena, valid);
	g_free(valid);
	for (char *at = copy; copy != NULL && *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = ' ';
	return copy;
}

/* Cut as text and encoded anew, so no encoded word is cut. */
static void
add_subject(struct composing *composing)
{
	const char *const *templates = composing->set->templates;
	const char *subject = composing->reply->message->head->subject;
	bool codes = usher_policy_takes_codes(composing->reply->policy);
	const char *text = NULL;

	/* It waits in the store, where no code may stand. */
	if (subject != NULL)
		subject = usher_code_unsaid(&composing->arena, subject, codes);
	if (subject != NULL)
		subject = one_line(&composing->arena, subject, MOST_SUBJECT);
	if (subject == NULL || subject[strspn(subject, " ")] == '\0')
		subject = templates[WORD_REPLY_YOUR_MESSAGE];
	text = usher_words_fill(&composing->arena,
	    templates[WORD_REPLY_SUBJECT],
	    &(struct filling){ "subject", subject }, 1);
	if (text != NULL)
		g_mime_message_set_subject(composing->mail, text, "utf-8");
}

static void
set_header(struct composing *composing, const char *name, const char *value)
{
	g_mime_object_set_header(GMIME_OBJECT(composing->mail), name, value,
	    "utf-8");
}

/* The next message-id of a field: RFC 5322 §3.6.4, as people write it. */
static const char *
next_id(struct arena *arena, const char **at)
{
	while ((*at = strchr(*at, '<')) != NULL) {
		const char *id = *at;
		size_t length = 1;

		while ((unsigned char)id[length] > ' ' &&
		    (unsigned char)id[length] < 0x7f && id[length] != '<' &&
		    id[length] != '>')
			length++;
		*at += length;
		if (id[length] == '>' && length > 1 && length < LONGEST_ID)
			return usher_arena_bytes(arena, id, length + 1);
	}
	return NULL;
}

/* The thread so far, its last part, each id on a line of its own. */
static const char *
references_of(struct composing *composing, const char *own)
{
	const struct usher_message *message = composing->reply->message;
	const char *at = usher_message_field(message, "References");
	const char *ids[MOST_REFERENCES] = { NULL }, *id, *text = "";
	size_t count = 0;

	if (at == NULL)
		at = usher_message_field(message, "In-Reply-To");
	while (at != NULL && (id = next_id(&composing->arena, &at)) != NULL)
		ids[count++ % MOST_REFERENCES] = id;
	for (size_t i = count > MOST_REFERENCES ? count - MOST_REFERENCES : 0;
	     i < count && text != NULL; i++)
		text = usher_arena_printf(&composing->arena, "%s%s ", text,
		    ids[i % MOST_REFERENCES]);
	return text == NULL
	    ? own
	    : usher_arena_printf(&composing->arena, "%s%s", text, own);
}

static void
add_thread(struct composing *composing)
{
	const char *at = usher_message_field(composing->reply->message,
	    "Message-ID");
	const char *own = at == NULL ? NULL : next_id(&composing->arena, &at);
	const char *references;

	if (own == NULL)
		return;
	set_header(composing, "In-Reply-To", own);
	references = references_of(composing, own);
	if (references != NULL)
		set_header(composing, "References", references);
}

static void
add_date_and_id(struct composing *composing)
{
	const char *at = strrchr(composing->from, '@');
	char unique[USHER_REFERENCE_TEXT];
	const char *id;
	GDateTime *date = g_date_time_new_from_unix_utc(
	    composing->reply->sent_at);

	if (date != NULL) {
		g_mime_message_set_date(composing->mail, date);
		g_date_time_unref(date);
	}
	usher_reference_make(unique);
	id = usher_arena_printf(&composing->arena, "%lld.%s.usher%s",
	    (long long)composing->reply->sent_at, unique, at);
	if (id != NULL)
		g_mime_message_set_message_id(composing->mail, id);
}

static void
add_header(struct composing *composing)
{
	const struct usher_reply *reply = composing->reply;
	const char *name = reply->policy->name;

	g_mime_message_add_mailbox(composing->mail, GMIME_ADDRESS_TYPE_FROM,
	    name == NULL ? NULL : one_line(&composing->arena, name, 100),
	    composing->from);
	g_mime_message_add_mailbox(composing->mail, GMIME_ADDRESS_TYPE_TO, NULL,
	    reply->mail_from);
	add_subject(composing);
	add_date_and_id(composing);
	add_thread(composing);
	set_header(composing, "Auto-Submitted", "auto-replied");
	set_header(composing, "Content-Language", composing->set->language);
}

/* ---- all of it ---- */

static int
write_bytes(struct composing *composing, char **bytes, size_t *length)
{
	GMimeFormatOptions *options = g_mime_format_options_new();
	char *text;

	g_mime_format_options_set_newline_format(options,
	    GMIME_NEWLINE_FORMAT_DOS);
	text = g_mime_object_to_string(GMIME_OBJECT(composing->mail), options);
	g_mime_format_options_free(options);
	if (text == NULL)
		return ENOMEM;
	*bytes = strdup(text);
	*length = strlen(text);
	g_free(text);
	return *bytes == NULL ? ENOMEM : 0;
}

static int
compose(struct composing *composing, char **bytes, size_t *length)
{
	const struct message_head *head;
	int code = usher_message_head(composing->reply->message, &head);

	if (code != 0)
		return code;
	composing->set = usher_words_of(composing->reply->decision);
	composing->mail = g_mime_message_new(FALSE);
	add_header(composing);
	code = add_text(composing);
	if (code == 0 && composing->arena.failed)
		code = ENOMEM;
	if (code == 0)
		code = write_bytes(composing, bytes, length);
	g_object_unref(composing->mail);
	return code;
}

int
usher_reply_compose(const struct usher_reply *reply, char **bytes,
    size_t *length, struct usher_error *error)
{
	const char *from = reply->conf->mail.from;
	struct composing composing = { .reply = reply,
		.from = *from == '\0' ? reply->recipient : from };
	const char *before = reply->decision->language, *language;
	int code = EINVAL;

	*bytes = NULL;
	usher_arena_init(&composing.arena);
	language = usher_message_language(reply->message);
	if (language != NULL)
		usher_decision_language(reply->decision, language);
	if (reply->decision->policy != NULL &&
	    strrchr(composing.from, '@') != NULL && reply->mail_from != NULL)
		code = compose(&composing, bytes, length);
	if (language != NULL)
		usher_decision_language(reply->decision, before);
	usher_arena_free(&composing.arena);
	if (code == 0)
		return 0;
	return usher_error_set(error, code, "no reply could be made for %s",
	    reply->recipient);
}
