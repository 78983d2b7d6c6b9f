/*
 * words: see words.h.
 */
#include "words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "embed.h"
#include "error.h"
#include "source.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { MOST_LANGUAGES = 32, WORDS_LIMIT = 64 * 1024 };

struct words {
	struct arena arena;
	size_t count;
	struct words_set sets[MOST_LANGUAGES];
};

/* In the order of enum word; then the groups. */
static const char *const keys[] = { "defer", "redirect", "refuse", "nobody",
	"opens_until", "opens", "open_now", "no_opening", "target",
	"target_bare", "target_link", "introduced", "bring", "bring_attachment",
	"bring_or_link", "bring_link", "bring_at_most", "bring_at_least",
	"bring_fewer", "bring_more", "bring_exactly", "bring_reason", "or",
	"more", "reference", "instant", "first", "reply_subject",
	"reply_your_message", "reply_hello", "reply_automatic", "reply_once",
	"channels", "days", "months" };
static const char *const channel_keys[] = { "email", "phone", "video", "fax",
	"message", "post", "page" };

static void
take_list(struct source *source, const config_setting_t *root, const char *name,
    const char **list, size_t count)
{
	const char *const *values;
	size_t given = 0;

	if (!usher_source_strings(source, root, name, &values, &given) ||
	    given != count) {
		usher_source_wrong(source, root, "`%s` needs %zu names", name,
		    count);
		return;
	}
	for (size_t i = 0; i < count; i++)
		list[i] = values[i];
}

static void
take_set(struct source *source, struct words_set *set)
{
	const config_setting_t *root = config_root_setting(&source->config);
	const config_setting_t *channels;

	usher_source_keys(source, root, keys, COUNT(keys));
	for (size_t i = 0; i < WORD_COUNT; i++)
		if (!usher_source_string(source, root, keys[i],
			&set->templates[i]))
			usher_source_wrong(source, root, "`%s` is missing",
			    keys[i]);
	channels = config_setting_get_member(root, "channels");
	for (size_t i = 0; i < COUNT(channel_keys); i++)
		if (channels == NULL || !config_setting_is_group(channels) ||
		    !usher_source_string(source, channels, channel_keys[i],
			&set->channels[i]))
			usher_source_wrong(source, root,
			    "channels.%s is missing", channel_keys[i]);
	take_list(source, root, "days", set->days, COUNT(set->days));
	take_list(source, root, "months", set->months, COUNT(set->months));
}

static int
add_set(struct words *words, const char *file, const char *text, size_t length,
    const char *language, struct usher_problems *problems)
{
	struct usher_problems *own = problems == NULL ? usher_problems_new()
						      : problems;
	size_t errors = usher_problems_errors(own);
	struct source source;
	int code;

	if (own == NULL)
		return ENOMEM;
	code = usher_source_read(&source, file, text, length, WORDS_LIMIT,
	    &words->arena, own);
	if (code == 0) {
		words->sets[words->count].language = language;
		take_set(&source, &words->sets[words->count]);
		if (usher_problems_errors(own) > errors)
			code = EINVAL;
		else
			words->count++;
	}
	usher_source_end(&source);
	if (problems == NULL)
		usher_problems_free(own);
	return code;
}

/* A file of the administrator's, or ENOENT. */
static int
add_own(struct words *words, const char *directory, const char *name,
    const char *language, struct usher_problems *problems)
{
	char *text = NULL;
	size_t length = 0;
	const char *path;
	int code;

	if (directory == NULL)
		return ENOENT;
	path = usher_arena_printf(&words->arena, "%s/%s", directory, name);
	if (path == NULL)
		return ENOMEM;
	code = usher_file_read(path, WORDS_LIMIT, &text, &length, NULL);
	if (code == 0)
		code = add_set(words, path, text, length, language, problems);
	free(text);
	return code;
}

static int
add_language(struct words *words, const char *directory,
    const struct usher_embedded *file, struct usher_problems *problems)
{
	const char *base = file->name + strlen("words/");
	const char *language = usher_arena_bytes(&words->arena, base,
	    strcspn(base, "."));
	int code;

	if (language == NULL)
		return ENOMEM;
	if (words->count == MOST_LANGUAGES)
		return E2BIG;
	code = add_own(words, directory, file->name, language, problems);
	if (code == ENOENT)
		code = add_set(words, file->name, file->data, file->length,
		    language, problems);
	return code;
}

int
usher_words_read(struct words **result, const char *directory,
    struct usher_problems *problems)
{
	struct words *words = calloc(1, sizeof(*words));
	int code = 0;

	*result = NULL;
	if (words == NULL)
		return ENOMEM;
	for (size_t i = 0; code == 0 && usher_embedded_files[i].name != NULL;
	     i++)
		if (strncmp(usher_embedded_files[i].name, "words/", 6) == 0)
			code = add_language(words, directory,
			    &usher_embedded_files[i], problems);
	if (code == 0 && usher_words_find(words, "en") == NULL)
		code = ENOENT;
	if (code == 0)
		*result = words;
	else
		usher_words_free(words);
	return code;
}

void
usher_words_free(struct words *words)
{
	if (words == NULL)
		return;
	usher_arena_free(&words->arena);
	free(words);
}

static const struct words_set *
find_set(const struct words *words, const char *language)
{
	size_t length = strcspn(language, "-_,");

	for (size_t i = 0; length > 0 && i < words->count; i++)
		if (strlen(words->sets[i].language) == length &&
		    strncasecmp(words->sets[i].language, language, length) == 0)
			return &words->sets[i];
	return NULL;
}

const struct words_set *
usher_words_find(const struct words *words, const char *languages)
{
	const struct words_set *set = NULL;

	while (set == NULL && languages != NULL && *languages != '\0') {
		set = find_set(words, languages);
		languages += strcspn(languages, ",");
		languages += *languages == ',';
	}
	return set;
}

static const char *
value_of(const char *name, size_t length, const struct filling *fillings,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(fillings[i].name) == length &&
		    memcmp(fillings[i].name, name, length) == 0)
			return fillings[i].value;
	return NULL;
}

/* The next piece: plain bytes of the template, then a value or nothing. */
static const char *
next_piece(const char *at, size_t *plain, const char **value,
    const struct filling *fillings, size_t count)
{
	const char *open = strchrnul(at, '{'), *close;

	*plain = (size_t)(open - at);
	*value = NULL;
	if (*open == '\0')
		return open;
	close = strchrnul(open, '}');
	if (*close != '\0')
		*value = value_of(open + 1, (size_t)(close - open) - 1,
		    fillings, count);
	if (*value != NULL)
		return close + 1;
	++*plain; /* a lone brace stays */
	return open + 1;
}

const char *
usher_words_fill(struct arena *arena, const char *template_text,
    const struct filling *fillings, size_t count)
{
	const char *at = template_text, *value;
	size_t length = 0, plain, more;
	char *text, *out;

	while (*at != '\0') {
		at = next_piece(at, &plain, &value, fillings, count);
		length += plain + (value == NULL ? 0 : strlen(value));
	}
	out = text = usher_arena_alloc(arena, length + 1);
	if (text == NULL)
		return NULL;
	for (at = template_text; *at != '\0';) {
		const char *from = at;

		at = next_piece(at, &plain, &value, fillings, count);
		out = mempcpy(out, from, plain);
		more = value == NULL ? 0 : strlen(value);
		if (more > 0)
			out = mempcpy(out, value, more);
	}
	return text;
}
