/*
 * cli_link: `usher link`: the numbers that introductions have joined with
 * their senders, and the recipient's knife (design.md §6).
 */
#include "cli.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 5000 };

struct listing {
	const struct cli_recipient *recipient;
	bool json;
	size_t count;
};

static json_t *
instant_json(int64_t at)
{
	char text[USHER_INSTANT_TEXT];

	usher_instant_text(at, text);
	return json_string(text);
}

static int
put_json(const struct usher_link *link)
{
	json_t *json = json_pack("{s:s,s:s,s:s,s:o,s:o}", "number",
	    link->number, "party", link->party, "named_by", link->named_by,
	    "since", instant_json(link->given), "until",
	    instant_json(link->until));
	char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);

	json_decref(json);
	if (text == NULL)
		return ENOMEM;
	puts(text);
	free(text);
	return 0;
}

void
cli_print_link(const struct cli_recipient *recipient,
    const struct usher_link *link)
{
	char until[USHER_INSTANT_TEXT];

	usher_instant_local(recipient->policy, link->until, until);
	printf("%s is ", link->number);
	cli_put(link->party, stdout);
	printf(" until %s, named by ", until);
	cli_put(link->named_by, stdout);
	putchar('\n');
}

static int
print_one(void *arg, const struct usher_link *link)
{
	struct listing *listing = arg;

	listing->count++;
	if (listing->json)
		return put_json(link);
	cli_print_link(listing->recipient, link);
	return 0;
}

static int
list(const struct cli_arguments *arguments,
    const struct cli_recipient *recipient, int64_t at)
{
	struct listing listing = { recipient, arguments->json, 0 };
	struct usher_error error = { .text = "out of memory" };

	if (usher_link_each(recipient->usher, recipient->policy, recipient->who,
		at, print_one, &listing, &error) != 0)
		return cli_failed("%s", error.text);
	if (listing.count == 0 && !arguments->json)
		printf("no introduction to %s has named a number\n",
		    recipient->who);
	return 0;
}

static int
cut(const struct cli_recipient *recipient, const char *number, int64_t at)
{
	struct usher_error error = { .text = "out of memory" };
	struct usher_notes *notes;
	int code = usher_notes_new(recipient->usher, &notes, &error);

	if (code == 0)
		code = usher_notes_link_cut(notes, recipient->policy,
		    recipient->who, number, at, &error);
	if (code == 0)
		code = usher_notes_commit(notes, WAIT_MS, &error);
	usher_notes_free(notes);
	if (code == ENOENT) {
		printf("%s is joined with nobody\n", number);
		return CLI_NEGATIVE;
	}
	if (code != 0)
		return code == EINVAL ? cli_wrong("%s", error.text)
				      : cli_failed("%s", error.text);
	printf("%s: cut\n", number);
	return 0;
}

/* What does not go together; 0 or the exit code. */
static int
check_usage(const struct cli_arguments *arguments, bool cuts)
{
	size_t wanted = cuts ? 3 : 2;

	if (arguments->word_count < 2)
		return cli_usage("link", "whose? Name the recipient");
	if (arguments->word_count < wanted)
		return cli_usage("link", "which number? Name it");
	if (arguments->word_count > wanted)
		return cli_usage("link", "one %s at a time",
		    cuts ? "number" : "recipient");
	if (cuts && arguments->json)
		return cli_usage("link", "--json is for list");
	return 0;
}

int
cli_link(const struct cli_arguments *arguments)
{
	static const char *const verbs[] = { "list", "cut" };
	const char *verb = arguments->word_count == 0 ? "" : *arguments->words;
	bool cuts = strcmp(verb, "cut") == 0;
	struct cli_recipient recipient;
	char meant[CLI_MEANT];
	int64_t at = 0;
	int code;

	if (*verb == '\0')
		return cli_usage("link", "list, or cut?");
	if (!cuts && strcmp(verb, "list") != 0)
		return cli_usage("link",
		    "a link can be listed or cut, not "
		    "`%s`%s",
		    verb, cli_meant(verb, verbs, 2, meant));
	code = check_usage(arguments, cuts);
	if (code != 0)
		return code;
	code = cli_recipient_open(arguments, arguments->words[1], &recipient);
	if (code != 0)
		return code;
	code = cli_time(recipient.conf, recipient.policy, arguments->at, &at);
	if (code == 0 && recipient.policy == NULL) {
		printf("%s published nothing here, and is left alone as it"
		       " is\n",
		    recipient.who);
		code = CLI_NEGATIVE;
	} else if (code == 0) {
		code = cuts ? cut(&recipient, arguments->words[2], at)
			    : list(arguments, &recipient, at);
	}
	cli_recipient_close(&recipient);
	return code;
}
