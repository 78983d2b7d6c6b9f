/*
 * cli_code: `usher code`: access codes of a recipient made, listed, revoked
 * (design.md §6).
 *
 * A code is told once, alone on its line, by `new`; afterwards it has a name
 * that gives nothing away.
 */
#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

enum {
	WAIT_MS = 5000,
	DAY_S = 24 * 3600,
	LIFE_DAYS = 365,
	DIALLED_DAYS = 90, /* twelve digits can be guessed sooner */
	DIALLED_USES = 5,
	MOST_USES = 1000000
};

static int
answer(int code, const struct usher_error *error)
{
	if (code == 0)
		return CLI_DONE;
	if (code == EINVAL || code == ENOTUNIQ)
		return cli_wrong("%s", error->text);
	if (code == ENOENT) {
		(void)cli_wrong("%s", error->text);
		return CLI_NEGATIVE;
	}
	return cli_failed("%s",
	    error->text[0] == '\0' ? strerror(code) : error->text);
}

/* ---- new ---- */

static int
read_uses(const struct cli_arguments *arguments, int64_t *uses)
{
	char *end = NULL;
	long count;

	*uses = arguments->dialled ? DIALLED_USES : 0;
	if (arguments->uses == NULL)
		return 0;
	errno = 0;
	count = strtol(arguments->uses, &end, 10);
	if (errno != 0 || *end != '\0' || count < 1 || count > MOST_USES)
		return cli_wrong("--uses: `%s` should be a number from 1 to %d",
		    arguments->uses, MOST_USES);
	*uses = count;
	return 0;
}

static int
read_until(const struct cli_arguments *arguments,
    const struct cli_recipient *recipient, struct usher_code *order)
{
	int code;

	order->until = order->made +
	    (int64_t)(arguments->dialled ? DIALLED_DAYS : LIFE_DAYS) * DAY_S;
	if (arguments->until == NULL)
		return 0;
	code = cli_until(arguments, recipient, order->made, &order->until);
	if (code == 0 && order->until == 0)
		return cli_wrong("--until: a code that ends now is no use; "
				 "`usher code revoke` ends one");
	return code;
}

static int
make(const struct cli_arguments *arguments,
    const struct cli_recipient *recipient, int64_t now)
{
	struct usher_error error = { .text = "" };
	struct usher_code order = { .party = arguments->party,
		.label = arguments->label,
		.made = now,
		.shared = arguments->shared,
		.dialled = arguments->dialled };
	char text[USHER_CODE_TEXT];
	int code = read_uses(arguments, &order.uses);

	if (code == 0)
		code = read_until(arguments, recipient, &order);
	if (code != 0)
		return code;
	code = answer(usher_code_make(recipient->usher, recipient->policy,
			  recipient->who, &order, WAIT_MS, text, &error),
	    &error);
	if (code == 0)
		puts(text);
	return code;
}

/* ---- list ---- */

struct listing {
	const struct cli_recipient *recipient;
	bool json, failed;
	size_t count;
};

static void
put_text(const struct listing *listing, const struct usher_code *code)
{
	char until[USHER_INSTANT_TEXT];

	usher_instant_local(listing->recipient->policy, code->until, until);
	printf("%s  ", code->id);
	cli_put(code->party, stdout);
	printf("  until %s  used %" PRId64, until, code->used);
	if (code->uses > 0)
		printf(" of %" PRId64, code->uses);
	if (code->dialled)
		fputs("  dialled", stdout);
	if (code->shared)
		fputs("  shared", stdout);
	if (*code->owner != '\0') {
		fputs("  of ", stdout);
		cli_put(code->owner, stdout);
	}
	if (*code->label != '\0') {
		fputs("  \"", stdout);
		cli_put(code->label, stdout);
		putchar('"');
	}
	putchar('\n');
}

static bool
put_json(const struct usher_code *code)
{
	int64_t left = code->uses - code->used;
	char made[USHER_INSTANT_TEXT], until[USHER_INSTANT_TEXT];
	json_t *limit = code->uses == 0 ? json_null()
					: json_integer(code->uses);
	json_t *rest = code->uses == 0 ? json_null()
				       : json_integer(left > 0 ? left : 0);
	json_t *json;
	char *text;

	usher_instant_text(code->made, made);
	usher_instant_text(code->until, until);
	json = json_pack("{s:s,s:s,s:s?,s:s,s:s,s:o,s:I,s:o,s:b,s:b,s:s?}",
	    "id", code->id, "party", code->party, "label",
	    *code->label == '\0' ? NULL : code->label, "made", made, "until",
	    until, "uses", limit, "used", (json_int_t)code->used, "left", rest,
	    "shared", (int)code->shared, "dialled", (int)code->dialled, "owner",
	    *code->owner == '\0' ? NULL : code->owner);
	text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (text == NULL)
		return false;
	puts(text);
	free(text);
	return true;
}

static int
put(void *arg, const struct usher_code *code)
{
	struct listing *listing = arg;

	listing->count++;
	if (!listing->json)
		put_text(listing, code);
	else if (!put_json(code))
		listing->failed = true;
	return 0;
}

static int
list(const struct cli_arguments *arguments,
    const struct cli_recipient *recipient, int64_t now)
{
	struct listing listing = { .recipient = recipient,
		.json = arguments->json };
	struct usher_error error = { .text = "" };
	int code = answer(usher_code_each(recipient->usher, recipient->policy,
			      recipient->who, now, put, &listing, &error),
	    &error);

	if (code == 0 && listing.failed)
		code = cli_failed("out of memory");
	if (code == 0 && listing.count == 0 && !listing.json) {
		cli_put(recipient->who, stdout);
		puts(" has given out no codes");
	}
	return code;
}

/* ---- revoke ---- */

static int
revoke(const struct cli_arguments *arguments,
    const struct cli_recipient *recipient, int64_t now)
{
	const char *name = arguments->words[2];
	struct usher_error error = { .text = "" };
	int failed = usher_code_revoke(recipient->usher, recipient->policy,
	    recipient->who, name, now, WAIT_MS, &error);
	int code;

	if (failed == ENOENT)
		(void)snprintf(error.text, sizeof(error.text),
		    "%s has no such code; `usher code list` names them",
		    recipient->who);
	code = answer(failed, &error);
	if (code != 0)
		return code;
	/* A code is not shown again, not even to who has it. */
	printf("%s: revoked\n", usher_code_is(name) ? "the code" : name);
	return CLI_DONE;
}

/* ---- which ---- */

static int
run(const struct cli_arguments *arguments,
    const struct cli_recipient *recipient)
{
	char what = arguments->words[0][0];
	int64_t now;
	int code = cli_time(recipient->conf, recipient->policy, arguments->at,
	    &now);

	if (code != 0)
		return code;
	if (recipient->policy == NULL) {
		printf("%s published nothing here, and is left alone as it"
		       " is\n",
		    recipient->who);
		return CLI_NEGATIVE;
	}
	if (what == 'n')
		return make(arguments, recipient, now);
	return what == 'l' ? list(arguments, recipient, now)
			   : revoke(arguments, recipient, now);
}

static int
check_new(const struct cli_arguments *arguments)
{
	if (arguments->party == NULL)
		return cli_usage("code",
		    "for which party? Give --party PARTY, which is one with "
		    "`code = true`");
	if (arguments->word_count > 2)
		return cli_usage("code", "`%s` is one word too many",
		    arguments->words[2]);
	return 0;
}

/* What does not go together; 0 or the exit code. */
static int
check_usage(const struct cli_arguments *arguments)
{
	static const char *const words[] = { "new", "list", "revoke" };
	const char *word = arguments->word_count == 0 ? NULL
						      : arguments->words[0];
	char meant[CLI_MEANT];
	size_t which = 0;

	if (word == NULL)
		return cli_usage("code", "what? `new`, `list` or `revoke`");
	while (which < 3 && strcmp(word, words[which]) != 0)
		which++;
	if (which == 3)
		return cli_usage("code",
		    "`%s` is neither `new` nor `list` nor `revoke`%s", word,
		    cli_meant(word, words, 3, meant));
	if (arguments->word_count == 1)
		return cli_usage("code", "whose? Name the recipient");
	if (which == 0)
		return check_new(arguments);
	if (arguments->party != NULL || arguments->uses != NULL ||
	    arguments->label != NULL || arguments->until != NULL ||
	    arguments->shared || arguments->dialled)
		return cli_usage("code", "these options are for `new`");
	if (which == 2 && arguments->word_count < 3)
		return cli_usage("code",
		    "which? Name it by the ID that `usher code list` shows");
	if (arguments->word_count > which + 1)
		return cli_usage("code", "`%s` is one word too many",
		    arguments->words[which + 1]);
	return 0;
}

int
cli_code(const struct cli_arguments *arguments)
{
	struct cli_recipient recipient;
	int code = check_usage(arguments);

	if (code != 0)
		return code;
	code = cli_recipient_open(arguments, arguments->words[1], &recipient);
	if (code != 0)
		return code;
	code = run(arguments, &recipient);
	cli_recipient_close(&recipient);
	return code;
}
