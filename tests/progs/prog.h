/*
 * prog.h - what the programs of this folder share.
 *
 * Each program provokes something on the running kernel and checks the kernel's answer itself, so
 * that it says by its own exit status whether the kernel behaves as the program expects:
 *
 *	0	every expectation held
 *	1	one did not: the kernel (or whoever runs the program) behaves otherwise
 *	77	this machine cannot provide the case; the reason is printed
 *
 * `program CASE` runs one case, `program --list` names them.  The helpers ask for no memory after
 * main() has begun, so that the calls that a follower sees are those of the case.
 */
#ifndef TESTS_PROGS_PROG_H
#define TESTS_PROGS_PROG_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#define PAGE 4096UL
#define HUGE (2UL << 20)
#define TASK_END 0x7ffffffff000UL	/* first address past a program's, 4-level paging */

/* Newer than the C library's headers. */
#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

struct prog_case {
	const char *name;
	void (*run)(void);
};

int prog_main(int argc, char **argv, const struct prog_case *cases, size_t nr_cases);
#define PROG_MAIN(cases)								\
int main(int argc, char **argv)								\
{											\
	return prog_main(argc, argv, cases, sizeof(cases) / sizeof((cases)[0]));	\
}

/* Print what was expected, and remember if it did not hold. */
void expect(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* @result is of one of the calls below: it must be -@error. */
void expect_error(long result, int error, const char *what);

/* @result must be a success; it is returned as an address. */
char *expect_ok(long result, const char *what);

/* How many expectations failed: for a child, which reports by its exit status. */
int prog_failures(void);

/* The machine cannot provide the case: exit 77.  Something else went wrong: exit 1. */
_Noreturn void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void die(const char *what);

/* Run @body in a child of fork(); returns its wait status. */
int in_child(void (*body)(void));

/* The bare calls: negative errno, the C library does not look at the arguments. */
long sys_mmap(const void *addr, size_t len, int prot, int flags, int fd, uint64_t offset);
long sys_munmap(const void *addr, size_t len);
long sys_mprotect(const void *addr, size_t len, int prot);
char *sys_brk(const void *addr);
long sys_mremap(const void *old, size_t old_len, size_t new_len, int flags, const void *new_addr);

/* Private anonymous memory at @addr, which must be free or may be lost. */
char *map_at(char *addr, size_t pages, int prot);

/* A hole of @pages pages, with a page on each side that nothing here merges with. */
char *pool(size_t pages);

/* Write to, read from, the page at @addr. */
void touch(char *addr);
void look(const char *addr);

struct prog_area {
	unsigned long start, end;
	unsigned long offset;
	char perms[5];
	char name[64];
};

/* Call @each for every area of /proc/self/maps but [vsyscall], until it says false. */
void for_each_area(bool (*each)(void *ctx, const struct prog_area *area), void *ctx);

/* The area that contains @addr. */
bool area_at(const void *addr, struct prog_area *area);

/* How many areas there are in [start, end); all of the process, without [vsyscall]. */
size_t count_areas(const void *start, const void *end);
size_t count_all_areas(void);

/*
 * Check that [start, ...) is laid out as the text says, one word for each area or hole:
 * "rw-p:3 hole:1 r--p:2" are three pages, a hole of one page, and two pages.
 */
void expect_layout(const char *start, const char *layout, const char *what);

/* The first number in that file, or -1. */
long long read_number(const char *path);
long long meminfo_kb(const char *key);

/* vm.max_map_count; and leave the process with @limit areas.  It skips where that is too much. */
size_t max_map_count(void);
void use_up_areas(size_t limit);

/* What may be promised at once, in bytes; skips where overcommitting is not heuristic. */
size_t ram_and_swap(void);

/* Take one capability out of the effective and permitted sets; ones not held stay so. */
void drop_capability(int capability);

/* An empty file that has no name any more, open for reading and writing, @pages long. */
int scratch_file(size_t pages);

/* The name of a new scratch directory, removed (with the files directly in it) at exit. */
const char *scratch_dir(void);

void set_limit(int resource, uint64_t soft);

#endif
