/*
 * cli_report: what `usher report` adds up and prints.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "cli.h"

enum report_dimension {
	BY_CHANNEL,
	BY_HOUR,
	BY_VERDICT,
	BY_PARTY,
	REPORT_DIMENSIONS
};
extern const char *const cli_report_dimensions[REPORT_DIMENSIONS];

struct report_row {
	const char *recipient, *party; /* party "": nobody, or the others */
	bool proven;
	enum usher_channel channel;
	enum usher_answer answer;
	int64_t hour; /* its first instant */
	unsigned long count;
};

struct cli_report {
	struct cli_recipient recipient; /* who NULL: the whole site */
	unsigned by;			/* bits of enum report_dimension */
	bool json;
	size_t count, room;
	struct report_row *rows; /* added and in order */
	unsigned long total;
	size_t text_count, text_room;
	char **texts; /* that rows name */
};

/* cli_report_put.c: as a table or JSON; 0 or the exit code. */
int cli_report_put(const struct cli_report *report);

#endif
