/*
 * exec_cases.c - programs that are replaced: what the new one finds.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

#include "prog.h"

extern char **environ;

/* The second run of this program, under that name, is told so by an argument. */
static void run_again(const char *name)
{
	char *argv[] = { (char *)"exec_cases", (char *)name, NULL };

	execve("/proc/self/exe", argv, environ);
	die("execve");
}

/* ---- MMAP_PAGE_ZERO ---- */

static void page_zero(void)
{
	if (personality(MMAP_PAGE_ZERO) < 0)
		die("personality");
	run_again("page_zero_now");
}

static void page_zero_now(void)
{
	struct prog_area area;

	if (!area_at(NULL, &area))
		skip("page 0 cannot be mapped here");
	expect(strcmp(area.perms, "r-xp") == 0, "page 0 is %s", area.perms);
	expect_error(sys_munmap(NULL, PAGE), EPERM, "munmap of page 0");
}

static const struct prog_case cases[] = {
	{ "page_zero", page_zero },
	{ "page_zero_now", page_zero_now },
};

PROG_MAIN(cases)
