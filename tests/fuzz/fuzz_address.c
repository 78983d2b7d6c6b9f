/*
 * Addresses, patterns, numbers, networks and text of arbitrary bytes.
 *
 * What must hold: a normal form is its own normal form; a pattern made of an
 * address matches it; folded text is valid UTF-8 and folds to itself; nothing
 * is read beyond its end.
 */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "arena.h"
#include "error.h"
#include "text.h"

static const struct dialling site = { "1", "011", "1" };

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
fuzz_pattern(struct arena *arena, const struct address *address)
{
	struct address again;
	struct pattern pattern;

	/* Labels in Unicode may grow beyond what is read again. */
	if (address->kind == ADDRESS_SIP || strlen(address->text) > 320)
		return;
	require(
	    usher_address_parse(arena, address->text, NULL, &again, NULL) == 0);
	require(again.kind == address->kind &&
	    strcmp(again.text, address->text) == 0);
	if (strchr(address->text, '*') != NULL)
		return; /* a star is a letter there, here a wildcard */
	require(usher_pattern_make(arena, address->text, false, NULL, &pattern,
		    NULL) == 0);
	require(usher_pattern_matches(&pattern, address));
}

static void
fuzz_address(struct arena *arena, const char *text)
{
	struct usher_error error;
	struct address address;
	struct pattern pattern;
	struct network network;
	const char *name;

	if (usher_address_parse(arena, text, &site, &address, &error) == 0)
		fuzz_pattern(arena, &address);
	else
		require(g_utf8_validate(error.text, -1, NULL));
	if (usher_pattern_make(arena, text, false, &site, &pattern, &error) ==
		0 &&
	    address.kind != ADDRESS_NONE)
		usher_pattern_matches(&pattern, &address);
	usher_pattern_make(arena, text, true, &site, &pattern, &error);
	usher_network_parse(text, &network, &error);
	usher_number_country(text);
	name = usher_domain_normal(arena, text);
	if (name != NULL)
		require(strcmp(usher_domain_normal(arena, name), name) == 0);
	usher_domain_organization(arena, text);
}

static void
fuzz_text(struct arena *arena, const char *data, size_t length)
{
	size_t folded_length, again_length, cut = length / 2;
	char *folded = usher_text_fold(arena, data, length, &folded_length);
	char *again = usher_text_fold(arena, folded, folded_length,
		 &again_length),
	     *words;
	char number[USHER_NUMBER_TEXT];
	struct phrase phrase;

	require(g_utf8_validate(folded, (gssize)folded_length, NULL));
	require(folded_length == again_length &&
	    memcmp(folded, again, folded_length) == 0);
	require(usher_text_words_length(data, length, 3) <= length);
	usher_number_normal(data, length, &site, false, number);
	words = usher_arena_bytes(arena, data, cut);
	if (usher_phrase_make(arena, words, &phrase) != 0)
		return;
	usher_phrase_occurs(&phrase, folded, folded_length);
	folded = usher_text_fold(arena, words, strlen(words), &folded_length);
	require(usher_phrase_occurs(&phrase, folded, folded_length));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	char *text = malloc(size + 1), *tight = malloc(size + (size == 0));

	memcpy(text, data, size);
	memcpy(tight, data, size);
	text[size] = '\0';
	usher_arena_init(&arena);
	fuzz_address(&arena, text);
	fuzz_text(&arena, tight, size);
	usher_arena_free(&arena);
	free(text);
	free(tight);
	return 0;
}
