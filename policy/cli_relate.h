/*
 * cli_relate: what cli_relate.c and cli_relate_import.c share.
 */
#ifndef CLI_RELATE_H
#define CLI_RELATE_H

#include "cli.h"

/* 0 or the exit code, all being said. */
int cli_relate_commit(struct usher_notes *notes);
/*
 * Marks all that a table of `path` ("-": standard input) names.
 * What was not understood is listed, and the rest done; then CLI_NEGATIVE.
 */
int cli_relate_import(const struct cli_recipient *recipient, const char *path,
    bool dry_run);

#endif
