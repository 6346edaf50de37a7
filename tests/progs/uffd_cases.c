/*
 * uffd_cases.c - what a userfaultfd does to areas: registered, unregistered, closed, forked, moved.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "uffd.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#define MISSING UFFDIO_REGISTER_MODE_MISSING
#define WP UFFDIO_REGISTER_MODE_WP

static int uffd;
static char *at;

/* Eight pages, of which the middle four are watched. */
static void middle(uint64_t features)
{
	uffd = uffd_new(features);
	at = pool(10);
	map_at(at + PAGE, 8, RW);
	expect_ok(uffd_register(uffd, at + 3 * PAGE, 4 * PAGE, MISSING), "register");
	expect_layout(at, "hole:1 rw-p:2 rw-p:4 rw-p:2 hole:1", "cut out");
}

static void split_and_mend(void)
{
	middle(0);
	expect_ok(uffd_unregister(uffd, at + 4 * PAGE, PAGE), "unregister one page");
	expect_layout(at + PAGE, "rw-p:2 rw-p:1 rw-p:1 rw-p:2 rw-p:2", "cut again");
	expect_ok(uffd_unregister(uffd, at + PAGE, 8 * PAGE), "unregister all");
	expect_layout(at, "hole:1 rw-p:8 hole:1", "one area");
}

static void halves_merge(void)
{
	middle(0);
	expect_ok(uffd_register(uffd, at + PAGE, 2 * PAGE, MISSING), "the pages below");
	expect_layout(at + PAGE, "rw-p:6 rw-p:2", "watched alike");
	expect_ok(uffd_register(uffd, at + PAGE, 2 * PAGE, WP), "for writes instead");
	expect_layout(at + PAGE, "rw-p:2 rw-p:4 rw-p:2", "watched otherwise");
	expect_ok(uffd_register(uffd, at + PAGE, 2 * PAGE, MISSING | WP), "for both");
	expect_ok(uffd_register(uffd, at + PAGE, 2 * PAGE, MISSING), "for less: it stays");
	expect_layout(at + PAGE, "rw-p:2 rw-p:4 rw-p:2", "no change");
}

/* The upper part of an area joins the one above, which is like it already. */
static void cut_joins_above(void)
{
	middle(0);
	expect_ok(uffd_unregister(uffd, at + 5 * PAGE, 2 * PAGE), "unregister the upper two");
	expect_layout(at + PAGE, "rw-p:2 rw-p:2 rw-p:4", "they join what is not watched");
	expect_ok(uffd_register(uffd, at + 2 * PAGE, PAGE, MISSING), "the page below");
	expect_layout(at + PAGE, "rw-p:1 rw-p:3 rw-p:4", "it joins what is watched");
}

/* The lower part joins the one below. */
static void cut_joins_below(void)
{
	middle(0);
	expect_ok(uffd_unregister(uffd, at + 3 * PAGE, 2 * PAGE), "unregister the lower two");
	expect_layout(at + PAGE, "rw-p:4 rw-p:2 rw-p:2", "they join what is not watched");
	expect_ok(uffd_register(uffd, at + 7 * PAGE, PAGE, MISSING), "the page above");
	expect_layout(at + PAGE, "rw-p:4 rw-p:3 rw-p:1", "it joins what is watched");
}

static void two_stay_apart(void)
{
	int other;

	middle(0);
	other = uffd_new(0);
	expect_ok(uffd_register(other, at + PAGE, 2 * PAGE, MISSING), "by another");
	expect_layout(at + PAGE, "rw-p:2 rw-p:4 rw-p:2", "flags alike, userfaultfd not");
	close(other);
	expect_layout(at + PAGE, "rw-p:2 rw-p:4 rw-p:2", "closed");
	expect_ok(uffd_register(uffd, at + PAGE, 2 * PAGE, MISSING), "by the first");
	expect_layout(at + PAGE, "rw-p:6 rw-p:2", "merged");
}

static void new_beside(void)
{
	middle(0);
	sys_munmap(at + 7 * PAGE, 2 * PAGE);
	map_at(at + 7 * PAGE, 2, RW);
	expect_layout(at + PAGE, "rw-p:2 rw-p:4 rw-p:2", "new memory is not watched");
	sys_mprotect(at + 3 * PAGE, 2 * PAGE, PROT_READ);
	sys_mprotect(at + 3 * PAGE, 2 * PAGE, RW);
	expect_layout(at + PAGE, "rw-p:2 rw-p:4 rw-p:2", "mprotect keeps the watch");
}

static void holes(void)
{
	middle(0);
	sys_munmap(at + 4 * PAGE, PAGE);
	expect_ok(uffd_register(uffd, at, 10 * PAGE, MISSING), "over holes");
	expect_layout(at, "hole:1 rw-p:3 hole:1 rw-p:4 hole:1", "all of it");
}

static void other_kinds(void)
{
	int memfd = memfd_create("uffd_cases", MFD_CLOEXEC), async;
	char *hugetlb, *file;

	middle(0);
	if (memfd < 0 || ftruncate(memfd, 8 * PAGE))
		die("memfd");
	expect_ok(sys_mmap(at + PAGE, 4 * PAGE, RW, MAP_SHARED | MAP_FIXED, memfd, 0), "memfd");
	expect_ok(uffd_register(uffd, at + PAGE, PAGE, UFFD_MODE_MINOR), "minor, of a memfd");
	expect_ok(uffd_register(uffd, at + 2 * PAGE, PAGE, WP), "writes, of a memfd");
	expect_layout(at + PAGE, "rw-s:1 rw-s:1 rw-s:2 rw-p:2 rw-p:2", "all cut out");

	hugetlb = (char *)sys_mmap(NULL, 2 * HUGE, RW, ANON | MAP_HUGETLB | MAP_NORESERVE, -1, 0);
	if ((long)hugetlb > 0) {
		expect_ok(uffd_register(uffd, hugetlb, HUGE, MISSING), "huge pages");
		expect(uffd_unregister(uffd, hugetlb, PAGE) == -EINVAL, "not a part of one");
		expect_ok(uffd_unregister(uffd, hugetlb, HUGE), "unregister it");
	}
	async = uffd_new(UFFD_WP_ASYNC_FEATURE);
	file = (char *)sys_mmap(NULL, 4 * PAGE, RW, MAP_SHARED, scratch_file(4), 0);
	expect_ok(uffd_register(async, file + PAGE, PAGE, WP), "a file, asynchronously");
	expect_layout(file, "rw-s:1 rw-s:1 rw-s:2", "cut out");
	close(async);
	expect_layout(file, "rw-s:4", "and mended");
}

/* ---- its end ------------------------------------------------------------------------------- */

static void closed(void)
{
	int copy;

	middle(0);
	copy = dup(uffd);
	close(uffd);
	sys_mprotect(at + PAGE, PAGE, PROT_READ);
	expect_layout(at + PAGE, "r--p:1 rw-p:1 rw-p:4 rw-p:2", "a copy keeps it alive");
	close(copy);
	sys_mprotect(at + PAGE, PAGE, RW);
	expect_layout(at, "hole:1 rw-p:8 hole:1", "closed: one area again");
}

/* A child has it too; it ends with the child. */
static void child_has_it(void)
{
	int go[2];
	pid_t pid;
	char byte;

	middle(0);
	if (pipe(go))
		die("pipe");
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		expect(read(go[0], &byte, 1) == 0, "the parent closed it");
		_exit(0);
	}
	close(go[0]);
	close(uffd);
	sys_mprotect(at + PAGE, PAGE, PROT_READ);
	expect_layout(at + PAGE, "r--p:1 rw-p:1 rw-p:4 rw-p:2", "the child keeps it alive");
	close(go[1]);
	waitpid(pid, NULL, 0);
	sys_mprotect(at + PAGE, PAGE, RW);
	expect_layout(at, "hole:1 rw-p:8 hole:1", "the child ended: one area again");
}

/* Nobody has it while it is in a socket. */
static void in_a_socket(void)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int pair[2];

	middle(0);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		die("socketpair");
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &uffd, sizeof(int));
	if (sendmsg(pair[0], &msg, 0) != 1)
		die("sendmsg");
	close(uffd);
	sys_mprotect(at + PAGE, PAGE, PROT_READ);
	expect_layout(at + PAGE, "r--p:1 rw-p:1 rw-p:4 rw-p:2", "on its way, it lives");
	sys_mprotect(at + 2 * PAGE, PAGE, PROT_READ);
	close(pair[0]);
	close(pair[1]);
	sys_mprotect(at + PAGE, 2 * PAGE, RW);
	expect_layout(at, "hole:1 rw-p:8 hole:1", "nobody took it: one area again");
}

/* ---- fork and mremap ----------------------------------------------------------------------- */

static void fork_drops_in_child(void)
{
	sys_mprotect(at + PAGE, PAGE, PROT_READ);
	sys_mprotect(at + PAGE, PAGE, RW);
	expect_layout(at + PAGE, "rw-p:2 rw-p:4 rw-p:2", "fork merges nothing");
	sys_mprotect(at + 3 * PAGE, PAGE, PROT_READ);
	sys_mprotect(at + 3 * PAGE, PAGE, RW);
	expect_layout(at + PAGE, "rw-p:6 rw-p:2", "nothing is watched in the child");
}

static void fork_drops(void)
{
	middle(0);
	expect(in_child(fork_drops_in_child) == 0, "the child");
}

/* An inherited userfaultfd watches the parent's memory. */
static void register_for_parent(void)
{
	expect_ok(uffd_register(uffd, at + PAGE, 2 * PAGE, MISSING), "register, in the child");
	expect_layout(at + PAGE, "rw-p:2 rw-p:4 rw-p:2", "not the child's areas");
}

static void child_registers(void)
{
	middle(0);
	expect(in_child(register_for_parent) == 0, "the child");
	sys_mprotect(at + 8 * PAGE, PAGE, PROT_READ);
	expect_layout(at + PAGE, "rw-p:6 rw-p:1 r--p:1", "but the parent's");
}

/* Reads events until the other end of the pipe is closed. */
static int stop_reading[2];

static void *read_events(void *arg)
{
	struct pollfd fds[2] = {
		{ .fd = uffd, .events = POLLIN }, { .fd = stop_reading[0], .events = POLLIN },
	};
	struct uffd_msg msg;

	(void)arg;
	while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
		if (read(uffd, &msg, sizeof(msg)) != sizeof(msg))
			continue;
		if (msg.event == UFFD_EVENT_PAGEFAULT) {
			uintptr_t addr = msg.arg.pagefault.address;

			uffd_fill(uffd, (void *)(addr & ~(PAGE - 1)));
		}
	}
	return NULL;
}

static pthread_t begin_reading(void)
{
	pthread_t thread;

	if (pipe(stop_reading) || pthread_create(&thread, NULL, read_events, NULL))
		die("thread");
	return thread;
}

static void end_reading(pthread_t thread)
{
	close(stop_reading[1]);
	pthread_join(thread, NULL);
}

static void watched_in_child(void)
{
	sys_mprotect(at + 3 * PAGE, PAGE, PROT_READ);
	sys_mprotect(at + 3 * PAGE, PAGE, RW);
	expect_layout(at + PAGE, "rw-p:2 rw-p:4 rw-p:2", "watched in the child too");
}

static void fork_event(void)
{
	pthread_t thread;

	middle(UFFD_FEATURE_EVENT_FORK);
	thread = begin_reading();
	expect(in_child(watched_in_child) == 0, "the child");
	end_reading(thread);
}

static void move(char *from, size_t pages, char *to)
{
	expect_ok(syscall(SYS_mremap, from, pages * PAGE, pages * PAGE,
			  MREMAP_MAYMOVE | MREMAP_FIXED, to), "mremap");
}

static void move_drops(void)
{
	char *to;

	middle(0);
	to = pool(4);
	move(at + 3 * PAGE, 2, to + PAGE);
	map_at(to + 3 * PAGE, 1, RW);
	expect_layout(to, "hole:1 rw-p:3", "what moved is not watched");
	expect_layout(at, "hole:1 rw-p:2 hole:2 rw-p:2 rw-p:2", "what stayed is");
}

/* Linux clears the area that the moved pages became a part of. */
static void move_drops_neighbour(void)
{
	char *to;

	middle(0);
	to = pool(4);
	map_at(to, 4, RW);
	expect_ok(uffd_register(uffd, to, 2 * PAGE, MISSING), "register at the new place");
	move(at + 3 * PAGE, 2, to + 2 * PAGE);
	expect_layout(to, "rw-p:4", "merged");
	map_at(to + 3 * PAGE, 1, RW);
	expect_layout(to, "rw-p:4", "and not watched at all");
}

static void move_event(void)
{
	pthread_t thread;
	char *to;

	middle(UFFD_FEATURE_EVENT_REMAP);
	thread = begin_reading();
	to = pool(4);
	move(at + 3 * PAGE, 2, to + PAGE);
	map_at(to + 3 * PAGE, 1, RW);
	expect_layout(to, "hole:1 rw-p:2 rw-p:1", "watched where it moved");
	end_reading(thread);
}

static void grow_keeps(void)
{
	middle(0);
	sys_munmap(at + 7 * PAGE, 2 * PAGE);
	expect_ok(syscall(SYS_mremap, at + 3 * PAGE, 4 * PAGE, 6 * PAGE, 0), "grow in place");
	expect_layout(at, "hole:1 rw-p:2 rw-p:6 hole:1", "all of it is watched");
	map_at(at + 9 * PAGE, 1, RW);
	expect_layout(at + PAGE, "rw-p:2 rw-p:6 rw-p:1", "new memory is not");
}

/* ---- threads that wait --------------------------------------------------------------------- */

static void *write_there(void *arg)
{
	touch(arg);
	return NULL;
}

/* The fault of one thread waits until this one has made memory calls. */
static void sleeper(void)
{
	struct pollfd fds = { .events = POLLIN };
	struct uffd_msg msg;
	pthread_t thread;

	middle(0);
	fds.fd = uffd;
	if (pthread_create(&thread, NULL, write_there, at + 4 * PAGE))
		die("thread");
	expect(poll(&fds, 1, 10000) == 1 && read(uffd, &msg, sizeof(msg)) == sizeof(msg),
	       "a fault is waited for");
	sys_mprotect(at + PAGE, PAGE, PROT_READ);
	sys_munmap(at + 8 * PAGE, PAGE);
	expect_ok(uffd_fill(uffd, at + 4 * PAGE), "fill the page");
	pthread_join(thread, NULL);
	expect_ok(uffd_unregister(uffd, at + 3 * PAGE, 4 * PAGE), "unregister");
	expect_layout(at, "hole:1 r--p:1 rw-p:6 hole:2", "one area");
}

static void *lock_there(void *arg)
{
	mlock(arg, PAGE);
	return NULL;
}

/* A call of one thread sleeps until this one, which makes calls too, fills the page. */
static void sleeping_call(void)
{
	struct pollfd fds = { .events = POLLIN };
	struct uffd_msg msg;
	pthread_t thread;

	middle(0);
	fds.fd = uffd;
	if (pthread_create(&thread, NULL, lock_there, at + 4 * PAGE))
		die("thread");
	expect(poll(&fds, 1, 10000) == 1 && read(uffd, &msg, sizeof(msg)) == sizeof(msg),
	       "mlock waits for a page");
	sys_mprotect(at + PAGE, PAGE, PROT_READ);
	expect_ok(uffd_fill(uffd, at + 4 * PAGE), "fill the page");
	pthread_join(thread, NULL);
	munlock(at + 4 * PAGE, PAGE);
	expect_layout(at + PAGE, "r--p:1 rw-p:1 rw-p:4 rw-p:2", "as before");
}

static const struct prog_case cases[] = {
	{ "split_and_mend", split_and_mend },
	{ "halves_merge", halves_merge },
	{ "cut_joins_above", cut_joins_above },
	{ "cut_joins_below", cut_joins_below },
	{ "two_stay_apart", two_stay_apart },
	{ "new_beside", new_beside },
	{ "holes", holes },
	{ "other_kinds", other_kinds },
	{ "closed", closed },
	{ "child_has_it", child_has_it },
	{ "in_a_socket", in_a_socket },
	{ "fork_drops", fork_drops },
	{ "child_registers", child_registers },
	{ "fork_event", fork_event },
	{ "move_drops", move_drops },
	{ "move_drops_neighbour", move_drops_neighbour },
	{ "move_event", move_event },
	{ "grow_keeps", grow_keeps },
	{ "sleeper", sleeper },
	{ "sleeping_call", sleeping_call },
};

PROG_MAIN(cases)
