/*
 * What a client writes behind MAIL and RCPT, and in words of ours.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "path.h"
#include "reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	char *address = text == NULL ? NULL : path_address(text);
	char *cut = address == NULL ? NULL : path_undelimited(address);
	char line[REPLY_LINE + 1];
	struct log_line logged;

	if (cut != NULL) {
		if (strlen(cut) > strlen(text))
			abort();
		(void)path_role(cut);
		reply_line(line, text);
		log_begin(&logged, "decision");
		log_field(&logged, "to", text);
		/* No byte of theirs ends a line or hides another field. */
		if (strlen(line) > REPLY_LINE ||
		    strpbrk(logged.text, "\r\n") != NULL)
			abort();
	}
	free(text);
	free(address);
	free(cut);
	return 0;
}
