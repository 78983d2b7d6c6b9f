/*
 * code: access codes as text: how they are found in what people write, and
 * hashed. See code.h.
 *
 * The letters are those of Crockford's base 32, which has no I, L, O and U:
 * what is read aloud or copied by hand with O for 0, or I or l for 1, is meant
 * all the same.
 */
#include "code.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

/* A recipient's name fits in a key, and is far shorter than this. */
enum { LONGEST_NAME = 500 };

/* The letter that is meant, or NUL. */
static char
letter(char c)
{
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'O')
		return '0';
	if (c == 'I' || c == 'L')
		return '1';
	if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z' && c != 'U'))
		return c;
	return '\0';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Of a word: letters of all scripts and digits. */
static bool
is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static bool
begins_here(const char *text, size_t at)
{
	if (at == 0)
		return true;
	/* "%2A" of a URI is no word. */
	if (at >= 3 && text[at - 3] == '%' && is_hex(text[at - 2]) &&
	    is_hex(text[at - 1]))
		return true;
	if (text[at - 1] == '-')
		return at < 2 || !is_word(text[at - 2]);
	return !is_word(text[at - 1]);
}

static bool
ends_here(const char *text, size_t length, size_t at)
{
	if (at == length)
		return true;
	if (text[at] == '-')
		return at + 1 == length || !is_word(text[at + 1]);
	return !is_word(text[at]);
}

/* Its letters, with the dashes in their places or none. */
static bool
read_letters(const char *text, size_t length, bool dashed,
    char code[CODE_NORMAL])
{
	size_t at = 0;

	if (length < (dashed ? CODE_GROUPED : CODE_LETTERS))
		return false;
	for (size_t i = 0; i < CODE_LETTERS; i++) {
		if (dashed && (i == 4 || i == 8) && text[at++] != '-')
			return false;
		code[i] = letter(text[at++]);
		if (code[i] == '\0')
			return false;
	}
	code[CODE_LETTERS] = '\0';
	return true;
}

static bool
is_dialled(const char *text)
{
	for (size_t i = 0; i < CODE_LETTERS; i++)
		if (!is_digit(text[i]))
			return false;
	return true;
}

static bool
read_at(const char *text, size_t length, size_t at, bool plain,
    struct code_token *token)
{
	size_t left = length - at;

	token->at = at;
	token->length = CODE_GROUPED;
	if (read_letters(text + at, left, true, token->code))
		return ends_here(text, length, at + token->length);
	token->length = CODE_LETTERS;
	return read_letters(text + at, left, false, token->code) &&
	    (plain || is_dialled(text + at)) &&
	    ends_here(text, length, at + token->length);
}

bool
usher_code_next(const char *text, size_t length, size_t from, bool plain,
    struct code_token *token)
{
	for (size_t at = from; at + CODE_LETTERS <= length; at++)
		if (letter(text[at]) != '\0' && begins_here(text, at) &&
		    read_at(text, length, at, plain, token))
			return true;
	return false;
}

bool
usher_code_normal(const char *text, char code[CODE_NORMAL])
{
	struct code_token token;
	size_t length = strlen(text);

	if (!usher_code_next(text, length, 0, true, &token) || token.at != 0 ||
	    token.length != length)
		return false;
	memcpy(code, token.code, CODE_NORMAL);
	return true;
}

static void
try_text(struct code_tried *tried, const char *text, bool plain)
{
	size_t length = text == NULL ? 0 : strlen(text), at = 0;
	struct code_token token;

	while (tried->count < CODE_MOST_TRIED &&
	    usher_code_next(text, length, at, plain, &token)) {
		bool seen = false;

		for (size_t i = 0; i < tried->count; i++)
			seen = seen || strcmp(tried->codes[i], token.code) == 0;
		if (!seen)
			memcpy(tried->codes[tried->count++], token.code,
			    CODE_NORMAL);
		at = token.at + token.length;
	}
}

void
usher_code_tried(const struct usher_facts *facts, struct code_tried *tried)
{
	tried->count = 0;
	try_text(tried, facts->tag, true);
	try_text(tried, facts->subject, false);
}

bool
usher_code_any_tried(const struct usher_facts *facts)
{
	struct code_tried tried;

	usher_code_tried(facts, &tried);
	return tried.count > 0;
}

/* ---- what is kept ---- */

void
usher_code_hash(const unsigned char key[CODE_KEY_BYTES], const char *recipient,
    const char *code, char hash[CODE_HASH_TEXT])
{
	unsigned char digest[32] = { 0 };
	gsize length = sizeof(digest);
	/* GLib's, since libcrypto is a megabyte and a half in every daemon. */
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, key, CODE_KEY_BYTES);

	g_hmac_update(hmac, (const guchar *)recipient,
	    (gssize)strnlen(recipient, LONGEST_NAME) + 1);
	g_hmac_update(hmac, (const guchar *)code, CODE_NORMAL);
	g_hmac_get_digest(hmac, digest, &length);
	g_hmac_unref(hmac);
	for (size_t i = 0; i < (CODE_HASH_TEXT - 1) / 2; i++)
		(void)snprintf(hash + 2 * i, 3, "%02x", digest[i]);
}

void
usher_code_key(struct record_key *key, const char *recipient, const char *hash)
{
	usher_record_key_begin(key, recipient);
	usher_record_key_add(key, hash);
}

/* ---- for everybody ---- */

bool
usher_code_is(const char *text)
{
	char code[CODE_NORMAL];

	return usher_code_normal(text, code);
}

int
usher_facts_tag(struct usher_facts *facts, const char *tag)
{
	facts->tag = NULL;
	if (tag == NULL || *tag == '\0')
		return 0;
	facts->tag = usher_arena_string(&facts->arena, tag);
	return facts->tag == NULL ? ENOMEM : 0;
}

bool
usher_policy_takes_codes(const struct usher_policy *policy)
{
	return policy != NULL && (policy->asks & ASKS_CODE) != 0;
}
