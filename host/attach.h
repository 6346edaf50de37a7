/*
 * attach.h - processes that ran before us: take them over, let them go.
 *
 * Layer: host.
 */
#ifndef HOST_ATTACH_H
#define HOST_ATTACH_H

#include "host/follower.h"

/*
 * Seize the @nr processes @pid, wait until they stand, import what they have, open the rings of
 * their faults with @open_faults, let them go on.  0 or a negative error with a message for people;
 * then everybody runs on untraced.
 */
int attach_begin(struct follower *f, const pid_t pid[], size_t nr,
		 void (*open_faults)(struct follower *f, const pid_t *tid, size_t nr),
		 char *error, size_t error_size);

/* Let everybody go, wherever they are, after a last look at the areas. */
void attach_end(struct follower *f);

/* @task, which was inside a call when its space was imported, has come to a stop. */
void attach_late(struct follower *f, struct task *task);

/*
 * A child of a call whose beginning we did not see: is it a thread of @parent's process, does it
 * share its address space?  If neither, @follow imports what it has.
 */
void attach_unseen_child(struct follower *f, struct task *parent, struct task *child, bool follow);

/* Detach @task, which stands at a stop, and forget it. */
void attach_let_go(struct follower *f, struct task *task, int signo);

#endif
