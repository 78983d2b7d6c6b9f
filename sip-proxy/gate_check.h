/*
 * gate_check.h - between gate.c (framing) and gate_check.c (values). Private.
 */
#ifndef USHER_SIP_GATE_CHECK_H
#define USHER_SIP_GATE_CHECK_H

#include "gate.h"

struct gate {
	struct sip_msg *msg;
	const struct sip_limits *lim;
	enum sip_gate why; /* the first reason to refuse */
	bool cut;	   /* the head may go on beyond limits.head */
	bool has_nul;
};

/* line: the start line without its CRLF. Fills method and URI, or code. */
enum sip_gate gate_start_line(struct sip_msg *msg, struct span line);
/* Reads and checks every value that the gate answers for; sets g->why when it
 * is not set, and msg->answerable. */
void gate_values(struct gate *g);

#endif
