/*
 * mail: reads a mail of a test into facts, as the daemons do. One at a time.
 */
#ifndef TEST_MAIL_H
#define TEST_MAIL_H

#include "conf.h"
#include "facts.h"
#include "message.h"

/* authserv-id mx.example.com; a test may change it and changes it back. */
extern struct usher_conf mail_conf;
extern struct usher_message *mail_message;
extern struct usher_facts *mail_facts;

/* First what the headers show, then all. mail_done() must follow. */
void mail_read_bytes(const char *mail, size_t length,
    const struct usher_envelope *envelope);
void mail_read(const char *mail);
void mail_done(void);

/* The shown text, its lines joined by `|`, without blanks at its end. */
char *mail_shown(void);

#endif
