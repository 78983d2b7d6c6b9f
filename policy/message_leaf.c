/*
 * message_leaf: what stands in one part of a mail, as its bytes come by.
 *
 * Text is decoded, brought to UTF-8 and reduced to what is shown at once; of
 * shown text the beginning and the end are kept, and between them words are
 * counted and links noted. Of a file only what tells its kind is looked at.
 * Called by message_stream.c. Keeps RFC 2045 §6, RFC 2046 §4.1.2.
 */
#include <errno.h>
#include <string.h>

#include "message_part.h"
#include "text_mask.h"

/* ---- the bound on text ---- */

/*
 * Takes out of the middle of a text what is over its bound, once that is
 * worth it; its words are counted and its links noted.
 */
static void
bound(struct message_content *shown, bool last)
{
	struct buffer *text = &shown->text;
	size_t most = KEEP_TEXT + KEEP_TAIL, over, from = KEEP_TEXT;

	if (text->failed || text->length <= most + (last ? 0 : KEEP_TAIL))
		return;
	over = text->length - most;
	while (from > 0 && (text->data[from] & 0xc0) == 0x80)
		from--;
	while (from + over < text->length &&
	    (text->data[from + over] & 0xc0) == 0x80)
		over++;
	shown->words_left_out += usher_text_words(text->data + from, over);
	usher_links_of_text(text->data + from, over, shown);
	memmove(text->data + from, text->data + from + over,
	    text->length - from - over);
	text->length -= over;
	text->data[text->length] = '\0';
}

/* ---- text: UTF-8, then what is shown ---- */

static void
show(struct leaf *leaf, const char *text, size_t length, bool last)
{
	struct message_content *shown = leaf->part->shown;

	if (leaf->page) {
		usher_page_feed(leaf->page, text, length, last);
		text = leaf->seen.data;
		length = leaf->seen.length;
	}
	leaf->text.beside = &shown->beside;
	usher_shown_feed(&leaf->text, text, length, last, &shown->text);
	leaf->seen.length = 0;
	shown->quoted |= leaf->text.quoted;
	bound(shown, last);
}

/* Windows-1252 where it is no Latin-1; the rest are not used. */
static void
show_byte(struct leaf *leaf, unsigned char byte)
{
	static const uint16_t high[32] = { 0x20ac, 0xfffd, 0x201a, 0x0192,
		0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039,
		0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c,
		0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a,
		0x0153, 0xfffd, 0x017e, 0x0178 };
	gunichar character = byte;
	char text[6];

	if (byte >= 0x80)
		leaf->part->shown->raw_bytes++;
	if (byte == '\0')
		character = ' ';
	else if (leaf->says_utf8)
		character = 0xfffd;
	else if (byte >= 0x80 && byte < 0xa0)
		character = high[byte - 0x80];
	show(leaf, text, (size_t)g_unichar_to_utf8(character, text), false);
}

/* Bytes at `at` that may be the beginning of a character. */
static bool
is_begun(const char *at, size_t left)
{
	unsigned char first = (unsigned char)*at;
	size_t wanted = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;

	if (first < 0xc2 || first > 0xf4 || left >= wanted)
		return false;
	for (size_t i = 1; i < left; i++)
		if ((at[i] & 0xc0) != 0x80)
			return false;
	return true;
}

/* How many bytes are ASCII without NUL: most of most texts. */
static size_t
ascii_length(const char *data, size_t length)
{
	const uint64_t high = 0x8080808080808080, low = 0x0101010101010101;
	size_t i = 0;

	while (length - i >= TEXT_MASK_BYTES && !usher_mask_any_odd(data + i))
		i += TEXT_MASK_BYTES;
	for (uint64_t word; i + sizeof(word) <= length; i += sizeof(word)) {
		memcpy(&word, data + i, sizeof(word));
		if (((word | (word - low)) & high) != 0)
			break;
	}
	return i;
}

/* Bytes that were taken: the rest is the beginning of a character. */
static size_t
show_utf8(struct leaf *leaf, const char *data, size_t length, bool last)
{
	const char *at = data, *end = data + length, *bad;

	while (at < end) {
		bad = at + ascii_length(at, (size_t)(end - at));
		if (bad < end)
			(void)g_utf8_validate_len(bad, (size_t)(end - bad),
			    &bad);
		if (bad > at)
			show(leaf, at, (size_t)(bad - at), false);
		at = bad;
		if (at == end)
			break;
		if (!last && is_begun(at, (size_t)(end - at)))
			break;
		show_byte(leaf, (unsigned char)*at++);
	}
	return (size_t)(at - data);
}

static size_t
show_converted(struct leaf *leaf, char *data, size_t length)
{
	char text[4096], *in = data;
	size_t left = length;

	while (left > 0) {
		char *out = text;
		size_t room = sizeof(text);
		size_t done = iconv(leaf->converter, &in, &left, &out, &room);
		int code = errno;

		for (char *c = text; c < out; c++)
			if (*c == '\0')
				*c = ' ';
		if (out > text)
			show(leaf, text, (size_t)(out - text), false);
		if (done != (size_t)-1)
			break;
		if (code == EINVAL)
			break;
		if (code != E2BIG) {
			show(leaf, "?", 1, false);
			in++;
			left--;
		}
	}
	return length - left;
}

/* A character that is not whole stays at the front of the stage. */
static void
empty_stage(struct leaf *leaf, bool last)
{
	char *data = (char *)leaf->stage;
	size_t taken = leaf->staged;

	if (leaf->use == LEAF_FILE)
		usher_sniff_feed(&leaf->sniff, leaf->stage, leaf->staged);
	else if (leaf->converter != (iconv_t)-1)
		taken = show_converted(leaf, data, leaf->staged);
	else
		taken = show_utf8(leaf, data, leaf->staged, last);
	leaf->staged -= taken;
	/* No charset has characters of this size: what is left is none. */
	if (leaf->staged > 64)
		leaf->staged = 0;
	if (leaf->staged > 0)
		memmove(data, data + taken, leaf->staged);
}

/* ---- the encoding ---- */

/* Past the line "begin MODE NAME"; bytes taken. Its beginning is enough. */
static size_t
await_uu(struct leaf *leaf, const char *data, size_t length)
{
	static const char begin[] = "begin ";
	const char *newline = memchr(data, '\n', length);
	size_t taken = newline ? (size_t)(newline + 1 - data) : length;

	for (size_t i = 0; i < taken && leaf->staged < sizeof(begin); i++)
		leaf->stage[leaf->staged++] = (unsigned char)data[i];
	if (!newline)
		return taken;
	if (leaf->staged >= sizeof(begin) - 1 &&
	    memcmp(leaf->stage, begin, sizeof(begin) - 1) == 0) {
		leaf->uu_awaited = false;
		leaf->encoding.state = GMIME_UUDECODE_STATE_BEGIN;
	}
	leaf->staged = 0;
	return taken;
}

static void
decode(struct leaf *leaf, const char *data, size_t length)
{
	while (length > 0) {
		size_t room = sizeof(leaf->stage) - leaf->staged;
		/* No decoder writes more than it reads, but for a few bytes. */
		size_t take = length < room - 32 ? length : room - 32;

		leaf->staged += g_mime_encoding_step(&leaf->encoding, data,
		    take, (char *)leaf->stage + leaf->staged);
		data += take;
		length -= take;
		if (leaf->staged > sizeof(leaf->stage) - 512)
			empty_stage(leaf, false);
	}
}

void
usher_leaf_feed(struct message_stream *stream, const char *data, size_t length)
{
	struct leaf *leaf = &stream->leaf;
	size_t taken;

	if (leaf->use == LEAF_SKIPPED ||
	    (leaf->use == LEAF_FILE && leaf->sniff.enough))
		return;
	while (leaf->uu_awaited && length > 0) {
		taken = await_uu(leaf, data, length);
		data += taken;
		length -= taken;
	}
	decode(leaf, data, length);
	if (leaf->part->shown && leaf->part->shown->text.failed)
		stream->failed = true;
}

/* ---- begin and end ---- */

static void
begin_text(struct message_stream *stream, struct leaf *leaf,
    const char *charset)
{
	struct part *part = leaf->part;

	part->shown = usher_content_new(stream->arena);
	leaf->converter = (iconv_t)-1;
	leaf->says_utf8 = charset && strcasecmp(charset, "utf-8") == 0;
	if (charset && !leaf->says_utf8 && strcasecmp(charset, "us-ascii") != 0)
		leaf->converter = g_mime_iconv_open("utf-8", charset);
	if (part->shown && part->type == TYPE_HTML)
		leaf->page = usher_page_new(&leaf->seen, part->shown);
	if (!part->shown || (part->type == TYPE_HTML && !leaf->page))
		stream->ended = stream->failed = true;
	else
		leaf->use = LEAF_TEXT;
}

/* The same text decides in message_mime.c: what has a name is a file. */
static bool
is_shown(const struct part *part)
{
	return (part->type == TYPE_PLAIN || part->type == TYPE_HTML ||
		   part->type == TYPE_ENRICHED) &&
	    part->place != PLACE_ATTACHMENT && !part->name;
}

void
usher_leaf_begin(struct message_stream *stream, struct part *part,
    const char *encoding, const char *charset)
{
	struct leaf *leaf = &stream->leaf;
	GMimeContentEncoding how = encoding
	    ? g_mime_content_encoding_from_string(encoding)
	    : GMIME_CONTENT_ENCODING_DEFAULT;

	memset(leaf, 0, offsetof(struct leaf, stage));
	leaf->part = part;
	leaf->page = NULL;
	leaf->seen = (struct buffer){ 0 };
	leaf->text = (struct shown_text){ .over = false };
	leaf->converter = (iconv_t)-1;
	g_mime_encoding_init_decode(&leaf->encoding, how);
	leaf->uu_awaited = how == GMIME_CONTENT_ENCODING_UUENCODE;
	if (is_shown(part)) {
		begin_text(stream, leaf, charset);
	} else if (part->name) {
		usher_sniff_begin(&leaf->sniff, part->name);
		leaf->use = LEAF_FILE;
	}
}

static void
end_text(struct leaf *leaf)
{
	struct message_content *shown = leaf->part->shown;

	show(leaf, "", 0, true);
	usher_links_of_text(shown->text.data, shown->text.length, shown);
}

/*
 * Nearly every mail has a plain form beside the one that is shown. It is short
 * enough to be kept as it is, unless its beginning was looked at.
 */
static bool
may_wait(const struct leaf *leaf)
{
	const struct part *part = leaf->part;

	return part->parent && part->parent->alternative && !leaf->page &&
	    part->shown->text.length == 0 && !leaf->text.over &&
	    !leaf->text.quoted && !leaf->text.signing &&
	    !leaf->text.pending.failed;
}

void
usher_leaf_show(struct part *part)
{
	struct leaf leaf = { .part = part, .text = part->waiting };

	if (!part->waits)
		return;
	part->waits = false;
	part->waiting = (struct shown_text){ .over = false };
	end_text(&leaf);
	usher_buffer_free(&leaf.text.pending);
}

void
usher_leaf_end(struct message_stream *stream, bool cut)
{
	struct leaf *leaf = &stream->leaf;

	if (leaf->uu_awaited)
		leaf->staged = 0;
	if (leaf->use == LEAF_FILE) {
		empty_stage(leaf, true);
		usher_sniff_end(&leaf->sniff, cut, leaf->part->ending);
	} else if (leaf->use == LEAF_TEXT) {
		empty_stage(leaf, true);
		if (may_wait(leaf)) {
			leaf->part->waits = true;
			leaf->part->waiting = leaf->text;
			leaf->text = (struct shown_text){ .over = false };
		} else {
			end_text(leaf);
		}
		stream->failed |= leaf->part->shown->text.failed;
	}
	usher_leaf_free(leaf);
}

void
usher_leaf_free(struct leaf *leaf)
{
	if (leaf->use == LEAF_TEXT) {
		if (leaf->converter != (iconv_t)-1)
			(void)g_mime_iconv_close(leaf->converter);
		usher_page_free(leaf->page);
		usher_buffer_free(&leaf->seen);
		usher_buffer_free(&leaf->text.pending);
	}
	leaf->use = LEAF_SKIPPED;
}
