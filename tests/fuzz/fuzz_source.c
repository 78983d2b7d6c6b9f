/*
 * fuzz_source: any bytes as a source.  Beyond crashes it asks that what the
 * scan lets pass is a text whose @include nothing follows.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
walk(const struct source *source, const config_setting_t *setting)
{
	int count = config_setting_is_aggregate(setting)
	    ? config_setting_length(setting)
	    : 0;

	usher_source_warn(source, setting, "seen");
	for (int i = 0; i < count; i++)
		walk(source, config_setting_get_elem(setting, (unsigned)i));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct usher_problems *problems = usher_problems_new();
	struct source source;
	struct arena arena;
	int code;

	usher_arena_init(&arena);
	code = usher_source_read(&source, "fuzz", (const char *)data, size,
	    USHER_SOURCE_LIMIT, &arena, problems);
	if (code == 0) {
		walk(&source, config_root_setting(&source.config));
	} else if (usher_problems_errors(problems) == 0 ||
	    strncmp(usher_problems_get(problems, 0)->text,
		"cannot open include", 19) == 0) {
		abort();
	}
	usher_source_end(&source);
	usher_arena_free(&arena);
	usher_problems_free(problems);
	return 0;
}
