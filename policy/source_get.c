/*
 * source_get: the readers of source.h: one member of a group each, with what
 * is wrong said at its line.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "error.h"
#include "source.h"
#include "text.h"

enum { SHOWN_NAMES = 24 };

static const char *
kind(const config_setting_t *setting)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_GROUP: return "a group { }";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
	case CONFIG_TYPE_FLOAT: return "a number";
	case CONFIG_TYPE_STRING: return "a text";
	case CONFIG_TYPE_BOOL: return "true or false";
	case CONFIG_TYPE_ARRAY: return "a list [ ]";
	case CONFIG_TYPE_LIST: return "a list ( )";
	default: return "nothing";
	}
}

/* "a, b or c" of the first names. */
static void
list_names(char *out, size_t size, const char *const *names, size_t count)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count && i < SHOWN_NAMES; i++) {
		int length = snprintf(out + used, size - used, "%s%s",
		    i == 0		 ? ""
			: i + 1 == count ? " or "
					 : ", ",
		    names[i]);

		if (length < 0 || (size_t)length >= size - used)
			break;
		used += (size_t)length;
	}
}

/* A text that every answer can carry: UTF-8 without control characters. */
static bool
fit_text(const struct source *source, const config_setting_t *setting,
    const char *text)
{
	if (!g_utf8_validate(text, -1, NULL)) {
		usher_source_wrong(source, setting, "is not UTF-8");
		return false;
	}
	for (; *text != '\0'; text++)
		if (((unsigned char)*text < 0x20 && *text != '\n' &&
			*text != '\t') ||
		    *text == 0x7f) {
			usher_source_wrong(source, setting,
			    "holds a control character (byte 0x%02x)",
			    (unsigned char)*text);
			return false;
		}
	return true;
}

static bool
text_of(const struct source *source, const config_setting_t *setting,
    const char **value)
{
	const char *text, *copy;

	if (config_setting_type(setting) != CONFIG_TYPE_STRING) {
		usher_source_wrong(source, setting,
		    "is %s, should be a text in \"quotes\"", kind(setting));
		return false;
	}
	text = config_setting_get_string(setting);
	if (text == NULL)
		text = "";
	if (!fit_text(source, setting, text))
		return false;
	copy = usher_arena_string(source->arena, text);
	if (copy == NULL)
		return false;
	*value = copy;
	return true;
}

void
usher_source_keys(const struct source *source, const config_setting_t *group,
    const char *const *names, size_t count)
{
	int length = config_setting_is_group(group)
	    ? config_setting_length(group)
	    : 0;

	for (int i = 0; i < length; i++) {
		const config_setting_t *member = config_setting_get_elem(group,
		    (unsigned)i);
		const char *name = config_setting_name(member);
		const char *likely;
		char all[400];
		size_t at = 0;

		while (at < count && strcmp(names[at], name) != 0)
			at++;
		if (at < count)
			continue;
		likely = usher_text_suggest(name, names, count);
		list_names(all, sizeof(all), names, count);
		if (likely != NULL)
			usher_source_wrong(source, member,
			    "unknown key; did you mean `%s`?", likely);
		else
			usher_source_wrong(source, member,
			    "unknown key; here may stand %s", all);
	}
}

bool
usher_source_string(const struct source *source, const config_setting_t *group,
    const char *name, const char **value)
{
	const config_setting_t *member = config_setting_get_member(group, name);

	return member != NULL && text_of(source, member, value);
}

bool
usher_source_bool(const struct source *source, const config_setting_t *group,
    const char *name, bool *value)
{
	const config_setting_t *member = config_setting_get_member(group, name);

	if (member == NULL)
		return false;
	if (config_setting_type(member) != CONFIG_TYPE_BOOL) {
		usher_source_wrong(source, member,
		    "is %s, should be true or false (without quotes)",
		    kind(member));
		return false;
	}
	*value = config_setting_get_bool(member) != 0;
	return true;
}

bool
usher_source_int(const struct source *source, const config_setting_t *group,
    const char *name, long long least, long long most, long long *value)
{
	const config_setting_t *member = config_setting_get_member(group, name);
	long long number;
	int type;

	if (member == NULL)
		return false;
	type = config_setting_type(member);
	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
		usher_source_wrong(source, member,
		    "is %s, should be a whole number (without quotes)",
		    type == CONFIG_TYPE_FLOAT ? "a number with a fraction"
					      : kind(member));
		return false;
	}
	number = type == CONFIG_TYPE_INT ? config_setting_get_int(member)
					 : config_setting_get_int64(member);
	if (number < least || number > most) {
		usher_source_wrong(source, member,
		    "is %lld, should be from %lld to %lld", number, least,
		    most);
		return false;
	}
	*value = number;
	return true;
}

bool
usher_source_setting_strings(const struct source *source,
    const config_setting_t *setting, const char *const **values, size_t *count)
{
	bool list = config_setting_is_array(setting) ||
	    config_setting_is_list(setting);
	size_t length = list ? (size_t)config_setting_length(setting) : 1;
	const char **texts;
	size_t used = 0;

	if (!list && config_setting_type(setting) != CONFIG_TYPE_STRING) {
		usher_source_wrong(source, setting,
		    "is %s, should be a text or a list of texts",
		    kind(setting));
		return false;
	}
	texts = usher_arena_array(source->arena, length + 1, sizeof(*texts));
	if (texts == NULL)
		return false;
	for (size_t i = 0; i < length; i++)
		if (text_of(source,
			list ? config_setting_get_elem(setting, (unsigned)i)
			     : setting,
			&texts[used]))
			used++;
	*values = texts;
	*count = used;
	return used == length;
}

bool
usher_source_strings(const struct source *source, const config_setting_t *group,
    const char *name, const char *const **values, size_t *count)
{
	const config_setting_t *member = config_setting_get_member(group, name);

	return member != NULL &&
	    usher_source_setting_strings(source, member, values, count);
}

bool
usher_source_word(const struct source *source, const config_setting_t *group,
    const char *name, const char *const *words, size_t count, size_t *index)
{
	const config_setting_t *member = config_setting_get_member(group, name);
	const char *word, *likely;
	char all[400];

	if (member == NULL || !text_of(source, member, &word))
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], word) == 0) {
			*index = i;
			return true;
		}
	likely = usher_text_suggest(word, words, count);
	list_names(all, sizeof(all), words, count);
	if (likely != NULL)
		usher_source_wrong(source, member,
		    "\"%.60s\" is none of %s; did you mean \"%s\"?", word, all,
		    likely);
	else
		usher_source_wrong(source, member, "\"%.60s\" is none of %s",
		    word, all);
	return false;
}

const char *
usher_source_meant(const struct source *source, const char *word,
    const char *const *names, size_t count)
{
	const char *likely = usher_text_suggest(word, names, count);
	const char *text = "";
	char all[400];

	if (likely != NULL)
		text = usher_arena_printf(source->arena,
		    "; did you mean \"%s\"?", likely);
	else if (count > 0) {
		list_names(all, sizeof(all), names, count);
		text = usher_arena_printf(source->arena, "; here may stand %s",
		    all);
	}
	return text == NULL ? "" : text;
}

int
usher_duration_parse(const char *text, int64_t *seconds,
    struct usher_error *error)
{
	static const struct {
		char sign;
		int64_t seconds;
	} units[] = {
		{ 'm', 60 },
		{ 'h', 3600 },
		{ 'd', 86400 },
		{ 'w', 604800 },
	};
	const int64_t most = (int64_t)3660 * 86400;
	size_t digits = strspn(text, "0123456789");

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		int64_t number;

		if (digits < 1 || digits > 8 || text[digits] != units[i].sign ||
		    text[digits + 1] != '\0')
			continue;
		number = strtoll(text, NULL, 10);
		if (number == 0)
			return usher_error_set(error, EINVAL,
			    "\"%s\" is no time at all", text);
		if (number * units[i].seconds > most)
			return usher_error_set(error, EINVAL,
			    "\"%s\" is longer than ten years", text);
		*seconds = number * units[i].seconds;
		return 0;
	}
	return usher_error_set(error, EINVAL,
	    "\"%.40s\" is no length of"
	    " time; write a number and m, h, d or w, as in \"15m\", \"22h\""
	    " or \"30d\"",
	    text);
}
