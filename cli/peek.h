/*
 * peek.h - look at what a pointer argument of a traced call points to.
 *
 * Layer: cli.
 */
#ifndef CLI_PEEK_H
#define CLI_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Copy [addr, addr + len) of thread @tid.  False if any of it is not mapped or not in memory: a
 * page that is not there could be one that the program itself serves (userfaultfd, FUSE), and we
 * would wait for a program that we hold; and making it present would change what we observe.
 */
bool peek(pid_t tid, uint64_t addr, void *buf, size_t len);

#endif
