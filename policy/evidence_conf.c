/*
 * evidence_conf: which evidence.conf a configuration weighs by: see
 * evidence.h.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "embed.h"
#include "error.h"
#include "evidence.h"
#include "source.h"

int
usher_evidence_built_in(struct evidence **out, struct usher_problems *problems)
{
	const struct usher_embedded *file = usher_embedded_files;

	for (; file->name; file++) {
		if (strcmp(file->name, "evidence.conf") == 0)
			return usher_evidence_parse(out, "evidence.conf",
			    file->data, file->length, problems);
	}
	usher_problems_add(problems, false, "evidence.conf", 0,
	    "this build carries no evidence.conf: build it anew");
	return EINVAL;
}

int
usher_evidence_read(struct evidence **out, const char *directory,
    struct usher_problems *problems)
{
	char path[PATH_MAX];
	char *text = NULL;
	size_t length = 0;
	int code;

	*out = NULL;
	if (!directory || !*directory)
		return 0;
	if (snprintf(path, sizeof(path), "%s/evidence.conf", directory) >=
	    (int)sizeof(path))
		return ENAMETOOLONG;
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return 0;
	code = usher_file_read(path, USHER_CONF_LIMIT, &text, &length,
	    problems);
	if (code == 0)
		code = usher_evidence_parse(out, path, text, length, problems);
	free(text);
	return code;
}

int
usher_evidence_of(struct usher_conf *conf, const struct evidence **evidence)
{
	struct evidence *read, *other = NULL;
	int code;

	*evidence = conf->evidence;
	if (conf->evidence || !conf->has_built_in)
		return 0;
	*evidence = read = atomic_load(&conf->built_in);
	if (read)
		return 0;
	code = usher_evidence_built_in(&read, NULL);
	if (code)
		return code;
	if (!atomic_compare_exchange_strong(&conf->built_in, &other, read)) {
		usher_evidence_free(read);
		read = other;
	}
	*evidence = read;
	return 0;
}
