/*
 * trouble.h - messages about ourselves, and the exit status that goes with them.
 *
 * Layer: cli.
 */
#ifndef CLI_TROUBLE_H
#define CLI_TROUBLE_H

#include <stdarg.h>

/* Statuses of a verb that compares or shows, and of one that runs a program as itself. */
enum {
	EXIT_AGREE = 0,
	EXIT_DIFFERS = 1,
	EXIT_TROUBLE = 2,

	EXIT_FAILED = 125,
	EXIT_CANNOT_EXECUTE = 126,
	EXIT_NOT_FOUND = 127,
};

/* What die() exits with; EXIT_TROUBLE until a verb says otherwise. */
void trouble_exits_with(int status);

/* "usermm: TEXT" on stderr. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, then exit. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
