/*
 * source: libconfig sources, read with suspicion.
 *
 * A source is checked for what libconfig would do on its own (@include reads
 * another file; deep nesting; NUL) before libconfig sees it. Every reader
 * below reports what is wrong at the setting's line and goes on.
 */
#ifndef USHER_SOURCE_H
#define USHER_SOURCE_H

#include <libconfig.h>

#include "arena.h"
#include "usher.h"

enum { USHER_SOURCE_LIMIT = 64 * 1024, USHER_CONF_LIMIT = 1024 * 1024 };

struct source {
	config_t config;
	const char *file; /* for problems */
	struct usher_problems *problems;
	struct arena *arena; /* where strings that are kept live */
};

/*
 * Parses `text`; ENOMEM, or EINVAL with problems added. usher_source_end()
 * must follow in both cases.
 */
int usher_source_read(struct source *source, const char *file, const char *text,
    size_t length, size_t limit, struct arena *arena,
    struct usher_problems *problems);
void usher_source_end(struct source *source);

/* A whole file; ENOENT etc. are told in `problems` too. Free *text. */
int usher_file_read(const char *path, size_t limit, char **text, size_t *length,
    struct usher_problems *problems);

/* Adds an error (or warning) at a setting's line. */
void usher_source_wrong(const struct source *source,
    const config_setting_t *setting, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void usher_source_warn(const struct source *source,
    const config_setting_t *setting, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Every member of a group must be one of `names`; suggests the likely one. */
void usher_source_keys(const struct source *source,
    const config_setting_t *group, const char *const *names, size_t count);

/*
 * Readers of one member: absent leaves *value and answers false; a wrong type
 * is reported and answers false. Strings are copied to the arena.
 */
bool usher_source_string(const struct source *source,
    const config_setting_t *group, const char *name, const char **value);
bool usher_source_bool(const struct source *source,
    const config_setting_t *group, const char *name, bool *value);
bool usher_source_int(const struct source *source,
    const config_setting_t *group, const char *name, long long least,
    long long most, long long *value);
/* One string, or an array or list of strings. */
bool usher_source_strings(const struct source *source,
    const config_setting_t *group, const char *name, const char *const **values,
    size_t *count);
/* The same of a setting itself. */
bool usher_source_setting_strings(const struct source *source,
    const config_setting_t *setting, const char *const **values, size_t *count);
/* One of the words; suggests. *index is the word's place in `words`. */
bool usher_source_word(const struct source *source,
    const config_setting_t *group, const char *name, const char *const *words,
    size_t count, size_t *index);
/* Behind an error: "; did you mean ...?", else what may stand there, or "". */
const char *usher_source_meant(const struct source *source, const char *word,
    const char *const *names, size_t count);
/* "22h", "30d", "15m", "2w": seconds. EINVAL with a sentence. */
int usher_duration_parse(const char *text, int64_t *seconds,
    struct usher_error *error);

#endif
