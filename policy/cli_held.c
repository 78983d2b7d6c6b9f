/*
 * cli_held: `usher held`: the messages that wait in the MTA's quarantine.
 */
#include "cli.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include <jansson.h>

struct listing {
	bool json, failed;
	size_t count;
};

static json_t *
instant_json(int64_t at)
{
	char text[USHER_INSTANT_TEXT];

	if (at == INT64_MAX)
		return json_null();
	usher_instant_text(at, text);
	return json_string(text);
}

static bool
put_json(const struct usher_held *held, bool due)
{
	json_t *recipients = json_array();
	json_t *json;
	char *text;

	for (size_t i = 0; i < held->recipient_count; i++)
		(void)json_array_append_new(recipients,
		    json_string(held->recipients[i]));
	json = json_pack("{s:s,s:s,s:o,s:{s:o,s:o},s:o,s:I,s:s,s:b}", "id",
	    held->queue_id, "sender", held->sender, "recipients", recipients,
	    "opening", "from", instant_json(held->opening.from), "until",
	    instant_json(held->opening.until), "arrival",
	    instant_json(held->arrival), "bytes", (json_int_t)held->bytes,
	    "mta", held->mta, "due", (int)due);
	text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (text == NULL)
		return false;
	puts(text);
	free(text);
	return true;
}

static void
put_text(const struct usher_held *held, bool due)
{
	char opening[USHER_INSTANT_TEXT], arrival[USHER_INSTANT_TEXT];

	usher_instant_text(held->opening.from, opening);
	usher_instant_text(held->arrival, arrival);
	cli_put(held->queue_id, stdout);
	printf("  opens %s%s  came %s  %" PRIu64 " bytes  from <", opening,
	    due ? " (due)" : "", arrival, held->bytes);
	cli_put(held->sender, stdout);
	fputs("> to", stdout);
	for (size_t i = 0; i < held->recipient_count; i++) {
		fputs(i == 0 ? " <" : ", <", stdout);
		cli_put(held->recipients[i], stdout);
		putchar('>');
	}
	putchar('\n');
}

static int
put(void *arg, const struct usher_held *held, bool due)
{
	struct listing *listing = arg;

	listing->count++;
	if (!listing->json)
		put_text(held, due);
	else if (!put_json(held, due))
		listing->failed = true;
	return 0;
}

int
cli_held(const struct cli_arguments *arguments)
{
	const char *path = arguments->conf == NULL ? CLI_CONF : arguments->conf;
	struct listing listing = { .json = arguments->json };
	struct usher_error error = { .text = "" };
	struct usher_conf *conf;
	struct usher *usher = NULL;
	int64_t at = 0;
	int code;

	if (arguments->word_count > 0)
		return cli_usage("held", "`%s` is one word too many",
		    arguments->words[0]);
	code = cli_handle_open(path, USHER_STORE, &usher);
	if (code != 0)
		return code;
	conf = usher_conf_hold(usher);
	code = cli_time(conf, NULL, arguments->at, &at);
	usher_conf_release(conf);
	if (code == 0 && usher_held_each(usher, at, put, &listing, &error) != 0)
		code = cli_failed("%s", error.text);
	if (code == 0 && listing.failed)
		code = cli_failed("out of memory");
	if (code == 0 && listing.count == 0 && !listing.json)
		puts("Nothing is held.");
	usher_close(usher);
	return code;
}
