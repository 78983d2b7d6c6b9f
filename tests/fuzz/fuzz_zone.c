/*
 * Zone files of arbitrary bytes.
 *
 * What must hold: what is read keeps the promises of struct zone_table, and
 * what is refused is explained.
 */
#include <stdint.h>
#include <stdlib.h>

#include "error.h"
#include "zone_file.h"

static void
require(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct usher_error error = { 0 };
	struct zone_table table;

	if (usher_zone_table_read(data, size, &table, &error) != 0) {
		require(error.code != 0 && error.text[0] != '\0');
		return 0;
	}
	require(table.count > 0 && table.changes[0].at == INT64_MIN);
	for (size_t i = 1; i < table.count; i++) {
		require(table.changes[i - 1].at < table.changes[i].at);
		require(table.changes[i - 1].offset != table.changes[i].offset);
	}
	for (size_t i = 0; i < table.count; i++)
		require(table.changes[i].offset > -26 * 3600 &&
		    table.changes[i].offset < 26 * 3600);
	if (table.cycle_until != INT64_MAX) {
		require(
		    table.cycle_until - table.cycle_from == USHER_ZONE_CYCLE);
		require(table.changes[table.count - 1].at > table.cycle_until);
	}
	usher_zone_table_free(&table);
	return 0;
}
