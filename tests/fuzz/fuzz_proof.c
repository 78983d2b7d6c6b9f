/*
 * Any bytes as Authentication-Results: read without harm, and they never prove
 * an address whose domain, or one of its organization, they do not name.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proof.h"

static const char *const ids[] = { "mx.example.com" };

static bool
proves(struct arena *arena, const char *text)
{
	struct proof_source source = { .id_count = 1,
		.ids = ids,
		.queue_id = "Q1" };
	char *with_id = usher_arena_printf(arena, "mx.example.com/Q1; %s",
	    text);
	struct evidence_field fields[] = {
		{ "Authentication-Results", text },
		{ "Authentication-Results", with_id },
	};

	return usher_proof_holds(arena, &source, fields, 2,
	    "ann@sender.example");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct auth_results results;
	struct arena arena;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	usher_arena_init(&arena);
	(void)usher_auth_results_parse(&arena, text, &results);
	if (proves(&arena, text)) {
		/* A quoted pair may stand within the name. */
		if (!strcasestr(text, "pass") && !strchr(text, '\\'))
			abort();
		if (!strcasestr(text, "sender.example") &&
		    !strchr(text, '\\') && !strchr(text, '"'))
			abort();
	}
	usher_arena_free(&arena);
	free(text);
	return 0;
}
