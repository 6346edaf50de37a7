#include <stdio.h>
#include <stdlib.h>

#include "cli/trouble.h"

static int exit_status = EXIT_TROUBLE;

void trouble_exits_with(int status)
{
	exit_status = status;
}

static void say(const char *format, va_list args)
{
	char line[1024];

	vsnprintf(line, sizeof(line), format, args);
	fprintf(stderr, "usermm: %s\n", line);	/* one write: stderr is shared with the program */
}

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	exit(exit_status);
}
