/*
 * idle_filter SOCKET ACTIONS STEPS [STAGE:NAMES...]: a filter that does
 * nothing, for measuring.
 *
 * What a libmilter filter costs before it does anything: it asks for the
 * actions, steps (hexadecimal) and macros that it is given, as another filter
 * negotiated them and mta_load printed them, answers all with "continue" and
 * keeps nothing. Started by bench_mail.py, which compares the milter with it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

static unsigned long actions, steps;
static char **macros; /* "STAGE:NAMES", NULL past the last */

/* A step that was agreed to need no answer gets none. */
static sfsistat
answer(unsigned long unanswered)
{
	return (steps & unanswered) != 0 ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long offered, unsigned long offered_steps,
    unsigned long unused_2, unsigned long unused_3, unsigned long *want,
    unsigned long *want_steps, unsigned long *want_2, unsigned long *want_3)
{
	(void)unused_2, (void)unused_3;
	*want = offered & actions;
	*want_steps = offered_steps & steps;
	*want_2 = *want_3 = 0;
	for (char **one = macros; *one != NULL; one++)
		if (strchr(*one, ':') != NULL)
			(void)smfi_setsymlist(ctx, atoi(*one),
			    strchr(*one, ':') + 1);
	return SMFIS_CONTINUE;
}

static sfsistat
on_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *client)
{
	(void)ctx, (void)name, (void)client;
	return answer(SMFIP_NR_CONN);
}

static sfsistat
on_helo(SMFICTX *ctx, char *name)
{
	(void)ctx, (void)name;
	return answer(SMFIP_NR_HELO);
}

static sfsistat
on_mail(SMFICTX *ctx, char **argv)
{
	(void)ctx, (void)argv;
	return answer(SMFIP_NR_MAIL);
}

static sfsistat
on_recipient(SMFICTX *ctx, char **argv)
{
	(void)ctx, (void)argv;
	return answer(SMFIP_NR_RCPT);
}

static sfsistat
on_data(SMFICTX *ctx)
{
	(void)ctx;
	return answer(SMFIP_NR_DATA);
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	(void)ctx, (void)name, (void)value;
	return answer(SMFIP_NR_HDR);
}

static sfsistat
on_headers_end(SMFICTX *ctx)
{
	(void)ctx;
	return answer(SMFIP_NR_EOH);
}

static sfsistat
on_body(SMFICTX *ctx, unsigned char *data, size_t length)
{
	(void)ctx, (void)data, (void)length;
	return answer(SMFIP_NR_BODY);
}

static sfsistat
on_rest(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_CONTINUE;
}

int
main(int argc, char **argv)
{
	static char name[] = "idle";
	struct smfiDesc desc = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = 0x1ff,
		.xxfi_negotiate = on_negotiate,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_recipient,
		.xxfi_data = on_data,
		.xxfi_header = on_header,
		.xxfi_eoh = on_headers_end,
		.xxfi_body = on_body,
		.xxfi_eom = on_rest,
		.xxfi_abort = on_rest,
		.xxfi_close = on_rest,
	};

	if (argc < 4) {
		fprintf(stderr,
		    "usage: idle_filter SOCKET ACTIONS STEPS "
		    "[STAGE:NAMES...]\n");
		return 2;
	}
	macros = argv + 4;
	for (int i = 4; i < argc; i++)
		for (char *c = argv[i]; *c != '\0'; c++)
			*c = *c == '+' ? ' ' : *c;
	actions = strtoul(argv[2], NULL, 16);
	steps = strtoul(argv[3], NULL, 16);
	(void)umask(0);
	if (smfi_setconn(argv[1]) != MI_SUCCESS ||
	    smfi_register(desc) != MI_SUCCESS ||
	    smfi_opensocket(1) != MI_SUCCESS)
		return 1;
	return smfi_main() == MI_SUCCESS ? 0 : 1;
}
