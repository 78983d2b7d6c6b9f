/*
 * Records of the store are bytes from outside: whatever stands in one, the
 * milter goes on, and what it writes it can read. The same of Received.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "outbox_letter.h"
#include "received.h"
#include "split.h"

enum { NAMES = 24, TRIES = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool good)
{
	if (!good)
		abort();
}

/* Lines of the input stand for recipients, their letters for what happens. */
static size_t
names_of(char *text, struct split_name names[NAMES])
{
	static const char *const answers[] = { NULL, "550 a", "550 b",
		"450 c" };
	size_t count = 0;
	char *line;

	while (count < NAMES && (line = strsep(&text, "\n")) != NULL) {
		size_t length = strlen(line);

		if (length == 0)
			continue;
		names[count++] = (struct split_name){ .who = line,
			.answer = answers[line[length - 1] & 3],
			.later = (line[length - 1] & 12) == 12 };
	}
	return count;
}

static void
write_and_read(const struct split *split)
{
	struct split *again = NULL;
	size_t length = 0, other_length = 0;
	char *bytes = NULL, *other = NULL;

	require(split_write(split, &bytes, &length) == 0);
	if (bytes == NULL)
		return;
	require(split_read(bytes, length, &again) == 0 &&
	    split_write(again, &other, &other_length) == 0);
	require(length == other_length && memcmp(bytes, other, length) == 0);
	free(bytes);
	free(other);
	split_free(again);
}

static void
take_turns(struct split *split, const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct split_name names[NAMES];
	struct split_try try = { .mail = size,
		.names = names,
		.ended = size % 2 == 0 };
	enum split_way way;

	require(text != NULL);
	try.count = names_of(text, names);
	for (size_t i = 0; i < TRIES && try.count > 0; i++) {
		if ((i + size) % 3 == 0)
			split_end(split, &try);
		else
			require(split_begin(split, &try, SPLIT_MOST_LATER,
				    (int64_t)(i * size), &way) == 0);
		struct split_choice choice = { .made = false };

		for (size_t k = 0; k < try.count; k++) {
			(void)split_together(split, names[k].who);
			names[k].later = split_later(split, &choice,
			    names[k].who);
		}
		write_and_read(split);
		/* Fewer come again. */
		try.count -= i % 2;
	}
	(void)split_until(split);
	free(text);
}

static void
read_letter(const uint8_t *data, size_t size)
{
	struct outbox_read letter;

	if (outbox_read(&letter, data, size) == 0)
		free(outbox_read_again(&letter, true, 1, letter.tries));
	outbox_read_end(&letter);
}

static void
read_field(const uint8_t *data, size_t size)
{
	char *value = strndup((const char *)data, size);
	struct received received;

	require(value != NULL);
	if (received_read(value, &received))
		require(strlen(received.name) < RECEIVED_NAME &&
		    strlen(received.helo) < RECEIVED_NAME &&
		    received.client.ss_family != AF_UNSPEC);
	free(value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct split *split = NULL;

	if (split_read(data, size, &split) != 0)
		split = split_new();
	require(split != NULL);
	take_turns(split, data, size);
	split_free(split);
	read_letter(data, size);
	read_field(data, size);
	return 0;
}
