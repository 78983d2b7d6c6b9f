/*
 * check_socket: a warning where the MTA looks for the milter elsewhere.
 */
#ifndef USHER_CHECK_SOCKET_H
#define USHER_CHECK_SOCKET_H

#include "conf.h"

void usher_check_socket(const struct usher_conf *conf,
    struct usher_problems *problems);

#endif
