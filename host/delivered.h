/*
 * delivered.h - the signals that a program gets.
 *
 * Layer: host.
 */
#ifndef HOST_DELIVERED_H
#define HOST_DELIVERED_H

#include "host/follower.h"

/* @task stopped because @signo is delivered to it: learn from it, and tell the sink. */
void signal_delivered(struct follower *f, struct task *task, int signo);

#endif
