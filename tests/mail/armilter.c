/*
 * armilter SOCKET ID DOMAIN...: a filter that authenticates, for tests.
 *
 * Writes what OpenDMARC with AuthservIDWithJobID would: on top of each mail
 * "Authentication-Results: ID/QUEUEID; dmarc=pass header.from=D" when the
 * envelope sender's domain D is among the named ones, else "dmarc=fail". The
 * sanitised copies of other filters are not its business.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <libmilter/mfapi.h>

static const char *id;
static char **domains;

static sfsistat
on_mail(SMFICTX *ctx, char **argv)
{
	free(smfi_getpriv(ctx));
	(void)smfi_setpriv(ctx, strdup(argv[0]));
	return SMFIS_CONTINUE;
}

static sfsistat
on_end(SMFICTX *ctx)
{
	static char name[] = "Authentication-Results", macro[] = "i";
	const char *sender = smfi_getpriv(ctx);
	const char *queue_id = smfi_getsymval(ctx, macro);
	const char *at = sender == NULL ? NULL : strrchr(sender, '@');
	char domain[256] = "", value[1024];
	const char *result = "fail";
	char **known;

	if (at != NULL)
		(void)snprintf(domain, sizeof domain, "%.*s",
		    (int)strcspn(at + 1, ">"), at + 1);
	for (known = domains; *known != NULL; known++)
		if (strcasecmp(domain, *known) == 0)
			result = "pass";
	(void)snprintf(value, sizeof value, "%s/%s; dmarc=%s header.from=%s",
	    id, queue_id == NULL ? "none" : queue_id, result, domain);
	if (*domain != '\0')
		(void)smfi_insheader(ctx, 0, name, value);
	return SMFIS_CONTINUE;
}

static sfsistat
on_close(SMFICTX *ctx)
{
	free(smfi_getpriv(ctx));
	(void)smfi_setpriv(ctx, NULL);
	return SMFIS_CONTINUE;
}

int
main(int argc, char **argv)
{
	static char name[] = "armilter";
	struct smfiDesc desc = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS,
		.xxfi_envfrom = on_mail,
		.xxfi_eom = on_end,
		.xxfi_close = on_close,
	};

	if (argc < 3)
		return 2;
	id = argv[2];
	domains = argv + 3;
	(void)umask(0);
	if (smfi_register(desc) != MI_SUCCESS ||
	    smfi_setconn(argv[1]) != MI_SUCCESS ||
	    smfi_opensocket(1) != MI_SUCCESS)
		return 3;
	puts("ready");
	(void)fflush(stdout);
	return smfi_main() == MI_SUCCESS ? 0 : 3;
}
