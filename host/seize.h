/*
 * seize.h - get hold of every thread of a process that runs already, or say why not.
 *
 * Layer: host.
 */
#ifndef HOST_SEIZE_H
#define HOST_SEIZE_H

#include "host/follower.h"

/*
 * Seize all threads of process @pid and ask them to stop; each gets a task.  Threads that it makes
 * meanwhile are seized with their parents.  0 or a negative error, with a message for people.
 */
int seize_process(struct follower *f, pid_t pid, char *error, size_t error_size);

/* Those that a thread made before it was seized itself: how many more there were. */
int seize_more(struct follower *f, pid_t pid);

#endif
