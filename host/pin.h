/*
 * pin.h - one CPU for the follower and a program that calls fast.
 *
 * Layer: host.  Three quarters of a stop's cost is waking the other side's CPU.  While stops come
 * fast both live on one CPU; the pin is dropped when the program computes.  What the program
 * believes of its own affinity stays true.
 */
#ifndef HOST_PIN_H
#define HOST_PIN_H

#include "host/follower.h"

#define PIN_TICK_NS 5000000

/* @on: false never pins. */
int pin_open(struct follower *f, bool on);
void pin_close(struct follower *f);

/* A stop of @task, before it is resumed. */
void pin_stop(struct follower *f, struct task *task);

/* Every PIN_TICK_NS while anything is pinned. */
void pin_tick(struct follower *f);

/* @task has just begun, as a copy of @parent. */
void pin_inherit(struct follower *f, struct task *task, const struct task *parent);

/* Somebody is about to ask for affinities or to set them: nothing is pinned until he is through. */
void pin_block(struct follower *f);
void pin_unblock(struct follower *f);

bool pin_is_active(const struct follower *f);

#endif
