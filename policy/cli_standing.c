/*
 * cli_standing: `usher standing`: how well a party has kept to preferences.
 */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>

#include <jansson.h>

enum { DAY_S = 24 * 3600 };

static json_t *
rounded(double number, double parts)
{
	double whole = number < 0 ? number * parts - 0.5 : number * parts + 0.5;

	return json_real((double)(long)whole / parts);
}

static int
put_json(const char *given, const struct usher_standing_report *report)
{
	json_t *json = json_pack("{s:s,s:s,s:s,s:o,s:I,s:o,s:o,s:i}", "party",
	    given, "remembered_as", report->party, "standing",
	    usher_standing_word(report->standing), "figure",
	    rounded(report->figure, 1000), "recipients",
	    (json_int_t)report->recipients, "inside", rounded(report->kept, 10),
	    "outside", rounded(report->ignored, 10), "half_days",
	    (int)(report->half_s / DAY_S));
	char *text = json == NULL
	    ? NULL
	    : json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(6));

	json_decref(json);
	if (text == NULL)
		return cli_failed("out of memory");
	puts(text);
	free(text);
	return 0;
}

static void
put_text(const struct usher_standing_report *report)
{
	cli_put(report->party, stdout);
	printf(": %s\n", usher_standing_word(report->standing));
	if (report->recipients == 0) {
		puts("  nothing is remembered but first contacts at most");
		return;
	}
	printf("  figure %+.2f, from %zu recipient%s; good from +0.20, poor"
	       " from -0.20\n",
	    report->figure, report->recipients,
	    report->recipients == 1 ? "" : "s");
	printf("  attempts in an opening %.1f, outside %.1f; they count half"
	       " after %d days\n",
	    report->kept, report->ignored, (int)(report->half_s / DAY_S));
}

static int
tell(struct usher *usher, const struct cli_arguments *arguments)
{
	struct usher_conf *conf = usher_conf_hold(usher);
	struct usher_error error = { .text = "out of memory" };
	struct usher_standing_report report;
	int64_t at = 0;
	int failed, code = cli_time(conf, NULL, arguments->at, &at);

	if (code == 0) {
		failed = usher_standing_of(usher, conf, arguments->words[0], at,
		    &report, &error);
		if (failed != 0)
			code = failed == EINVAL ? cli_wrong("%s", error.text)
						: cli_failed("%s", error.text);
	}
	usher_conf_release(conf);
	if (code != 0)
		return code;
	if (arguments->json)
		return put_json(arguments->words[0], &report);
	put_text(&report);
	return 0;
}

int
cli_standing(const struct cli_arguments *arguments)
{
	const char *path = arguments->conf == NULL ? CLI_CONF : arguments->conf;
	struct usher *usher = NULL;
	int code;

	if (arguments->word_count != 1)
		return cli_usage("standing",
		    arguments->word_count == 0 ? "whose? Name the party"
					       : "one party at a time");
	code = cli_handle_open(path, USHER_STORE, &usher);
	if (code != 0)
		return code;
	code = tell(usher, arguments);
	usher_close(usher);
	return code;
}
