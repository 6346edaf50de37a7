/*
 * threads_asleep.c - a thread sleeps inside a memory call until another one has made its own.
 *
 * The pages of a range are brought by userfaultfd: whoever populates or locks it sleeps until the
 * main thread brings them, which it does only after it has mapped, protected and unmapped.  Who
 * lets in one call at a time must let these in all the same.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "prog.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define RW (PROT_READ | PROT_WRITE)
#define WATCHED 4			/* pages */

static char *at;
static int uffd;
static atomic_int sleeper;		/* its tid, once it is about to sleep */
static long (*sleep_in)(void);
static long slept;			/* what it answered */

static void watch(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		skip("no userfaultfd for faults in the kernel: %s", strerror(errno));
	range.range.start = (uintptr_t)at;
	range.range.len = WATCHED * PAGE;
	if (ioctl(uffd, UFFDIO_REGISTER, &range))
		die("UFFDIO_REGISTER");
}

static void bring_pages(void)
{
	struct uffdio_range range = { (uintptr_t)at, WATCHED * PAGE };

	for (int i = 0; i < WATCHED; i++) {	/* one by one: there may be several areas now */
		struct uffdio_zeropage zero = { .range = { (uintptr_t)at + i * PAGE, PAGE } };

		if (ioctl(uffd, UFFDIO_ZEROPAGE, &zero))
			die("UFFDIO_ZEROPAGE");
	}
	if (ioctl(uffd, UFFDIO_UNREGISTER, &range))
		die("UFFDIO_UNREGISTER");
}

static void *sleeper_thread(void *arg)
{
	(void)arg;
	atomic_store(&sleeper, (int)syscall(SYS_gettid));
	slept = sleep_in();
	return NULL;
}

static void nap(void)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	nanosleep(&ms, NULL);
}

/* Until the other thread sleeps for a page: there is a message of its fault. */
static void wait_for_sleeper(void)
{
	struct uffd_msg message;

	while (!atomic_load(&sleeper))
		nap();
	if (read(uffd, &message, sizeof(message)) != sizeof(message) ||
	    message.event != UFFD_EVENT_PAGEFAULT)
		die("no fault");
}

/* The pool: page 0 is another area, then the watched ones, and room. */
static void with_sleeper(long (*call)(void), void (*meanwhile)(void))
{
	pthread_t thread;

	at = pool(WATCHED + 8) + PAGE;
	map_at(at, WATCHED, RW);
	watch();
	sleep_in = call;
	if (pthread_create(&thread, NULL, sleeper_thread, NULL))
		die("pthread_create");
	wait_for_sleeper();
	meanwhile();
	bring_pages();
	pthread_join(thread, NULL);
	expect(slept == 0, "the sleeper's call answered %ld", slept);
}

static long populate(void)
{
	return madvise(at, WATCHED * PAGE, MADV_POPULATE_WRITE);
}

static long lock(void)
{
	return mlock(at, WATCHED * PAGE);
}

static long lock_half(void)
{
	return mlock(at, WATCHED / 2 * PAGE);
}

/* Elsewhere, where the kernel likes, and right beside what is being filled. */
static void map_and_unmap(void)
{
	for (int i = 0; i < 8; i++) {
		char *addr = expect_ok(sys_mmap(NULL, 3 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1,
						0), "mmap");

		touch(addr);
		if (sys_mprotect(addr, PAGE, PROT_READ) || sys_munmap(addr, 3 * PAGE))
			die("munmap");
	}
	touch(map_at(at + (WATCHED + 1) * PAGE, 1, RW));
	map_at(at + WATCHED * PAGE, 1, RW);
}

/* In the middle of it: the call that sleeps has changed the range already. */
static void protect_within(void)
{
	expect(sys_mprotect(at + PAGE, PAGE, PROT_READ) == 0, "mprotect within");
	expect(sys_mprotect(at + PAGE, PAGE, RW) == 0, "and back");
}

static void fork_meanwhile(void)
{
	expect(in_child(map_and_unmap) == 0, "a child");
}

static void populating(void) { with_sleeper(populate, map_and_unmap); }
static void locking(void) { with_sleeper(lock, map_and_unmap); }
static void locking_half(void) { with_sleeper(lock_half, protect_within); }
static void populating_protected(void) { with_sleeper(populate, protect_within); }
static void forking(void) { with_sleeper(lock, fork_meanwhile); }

static const struct prog_case cases[] = {
	{ "populating", populating },
	{ "locking", locking },
	{ "locking_half", locking_half },
	{ "populating_protected", populating_protected },
	{ "forking", forking },
};

PROG_MAIN(cases)
