/*
 * random_policy.c - userfaultfd and memory policy at random among other calls, in a small pool of
 * addresses.
 *
 *	random_policy SEED CALLS
 *
 * Registers ranges with a few userfaultfds, closes and makes them anew, binds ranges to policies,
 * maps, protects, moves, unmaps, touches and forks.  A child that registers with an inherited
 * userfaultfd changes the areas of its parent.  Who touches what a userfaultfd watches gets a
 * SIGBUS (UFFD_FEATURE_SIGBUS), as nobody is there to fill the page.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "prog.h"
#include "random.h"

#ifndef __NR_set_mempolicy_home_node
#define __NR_set_mempolicy_home_node 450
#endif

#define POOL_PAGES 64
#define LONGEST 9
#define NR_UFFDS 3
#define CALLS_OF_A_CHILD 40
#define MPOL_STATIC (1 << 15)

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

struct state {
	uint64_t seed;
	char *at;
	int memfd;
	int uffd[NR_UFFDS];
	unsigned long calls, refused, forks, sigbus;
};

static sigjmp_buf after_touch;

static void on_sigbus(int signo)
{
	(void)signo;
	siglongjmp(after_touch, 1);
}

/* xorshift */
static uint64_t random_below(struct state *state, uint64_t bound)
{
	return random_number(&state->seed, bound);
}

struct range {
	char *start;
	size_t page, len;
};

static struct range random_range(struct state *state)
{
	size_t page = random_below(state, POOL_PAGES), pages = 1 + random_below(state, LONGEST);

	if (page + pages > POOL_PAGES)
		pages = POOL_PAGES - page;
	return (struct range){ state->at + page * PAGE, page, pages * PAGE };
}

static void count(struct state *state, long result)
{
	state->calls++;
	state->refused += result < 0;
}

/* ---- userfaultfd --------------------------------------------------------------------------- */

static void make_uffd(struct state *state, size_t i)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_SIGBUS };

	state->uffd[i] = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (state->uffd[i] < 0)
		skip("userfaultfd: %s", strerrorname_np(errno));
	if (ioctl(state->uffd[i], UFFDIO_API, &api) != 0)
		die("UFFDIO_API");
}

static void watch(struct state *state)
{
	struct range range = random_range(state);
	struct uffdio_register reg = {
		.range = { (uintptr_t)range.start, range.len },
		.mode = random_below(state, 4) + (random_below(state, 8) == 0 ? 4 : 0),
	};

	count(state, ioctl(state->uffd[random_below(state, NR_UFFDS)], UFFDIO_REGISTER, &reg));
}

static void unwatch(struct state *state)
{
	struct range range = random_range(state);
	struct uffdio_range old = { (uintptr_t)range.start, range.len };

	count(state, ioctl(state->uffd[random_below(state, NR_UFFDS)], UFFDIO_UNREGISTER, &old));
}

static void close_uffd(struct state *state)
{
	size_t i = random_below(state, NR_UFFDS);

	close(state->uffd[i]);
	make_uffd(state, i);
}

/* ---- memory policy ------------------------------------------------------------------------- */

static void bind_range(struct state *state)
{
	static const struct { int mode; unsigned long nodes; } policies[] = {
		{ 0, 0 }, { 0, 0 }, { 2, 1 }, { 2, 1 }, { 2, 3 }, { 3, 1 }, { 4, 0 }, { 1, 0 },
		{ 1, 1 }, { 2 | MPOL_STATIC, 1 }, { 2 | MPOL_STATIC, 3 }, { 5, 1 }, { 2, 2 },
		{ 2, 0 }, { 9, 1 },
	};
	size_t i = random_below(state, sizeof(policies) / sizeof(policies[0]));
	struct range range = random_range(state);
	/* MPOL_MF_STRICT and MPOL_MF_MOVE, now and then */
	int flags = random_below(state, 4) ? 0 : (int)random_below(state, 3);

	count(state, syscall(SYS_mbind, range.start, range.len, policies[i].mode,
			     &policies[i].nodes, 65, flags));
}

static void set_home(struct state *state)
{
	struct range range = random_range(state);

	count(state, syscall(__NR_set_mempolicy_home_node, range.start, range.len, 0UL, 0UL));
}

/* ---- the rest ------------------------------------------------------------------------------ */

static void map(struct state *state)
{
	struct range range = random_range(state);
	int prot = random_below(state, 4) ? RW : PROT_READ;

	if (random_below(state, 4))
		count(state, sys_mmap(range.start, range.len, prot, ANON | MAP_FIXED, -1, 0));
	else
		count(state, sys_mmap(range.start, range.len, prot,
				      (random_below(state, 2) ? MAP_SHARED : MAP_PRIVATE) |
				      MAP_FIXED, state->memfd, range.page * PAGE));
}

static void protect(struct state *state)
{
	struct range range = random_range(state);

	count(state, sys_mprotect(range.start, range.len, random_below(state, 3) ? RW : PROT_READ));
}

static void unmap(struct state *state)
{
	struct range range = random_range(state);

	count(state, sys_munmap(range.start, range.len));
}

static void move(struct state *state)
{
	struct range from = random_range(state), to = random_range(state);
	size_t len = from.len < to.len ? from.len : to.len;
	long result = syscall(SYS_mremap, from.start, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
			      to.start);

	count(state, result == -1 ? -1 : 0);
}

static void access_page(struct state *state)
{
	char *addr = state->at + random_below(state, POOL_PAGES) * PAGE;
	struct prog_area area;

	if (!area_at(addr, &area))
		return;
	if (sigsetjmp(after_touch, 1)) {
		state->sigbus++;
		return;
	}
	if (area.perms[1] == 'w')
		touch(addr);
	else if (area.perms[0] == 'r')
		look(addr);
}

static void some_call(struct state *state)
{
	uint64_t choice = random_below(state, 100);

	if (choice < 25)
		watch(state);
	else if (choice < 32)
		unwatch(state);
	else if (choice < 34)
		close_uffd(state);
	else if (choice < 54)
		bind_range(state);
	else if (choice < 58)
		set_home(state);
	else if (choice < 72)
		map(state);
	else if (choice < 82)
		protect(state);
	else if (choice < 88)
		move(state);
	else if (choice < 92)
		unmap(state);
	for (uint64_t n = random_below(state, 3); n > 0; n--)
		access_page(state);
}

static void child(void *arg)
{
	struct state *state = arg;

	for (state->calls = 0; state->calls < CALLS_OF_A_CHILD;)
		some_call(state);
}

static void fork_one(struct state *state)
{
	random_child(&state->seed, child, state);
	state->calls++;
	state->forks++;
}

int main(int argc, char **argv)
{
	static struct state state;
	unsigned long wanted;

	random_arguments(argc, argv, &state.seed, &wanted);
	signal(SIGBUS, on_sigbus);
	state.memfd = memfd_create("random_policy", MFD_CLOEXEC);
	if (state.memfd < 0 || ftruncate(state.memfd, POOL_PAGES * PAGE))
		die("memfd");
	for (size_t i = 0; i < NR_UFFDS; i++)
		make_uffd(&state, i);
	state.at = pool(POOL_PAGES);
	while (state.calls < wanted) {
		if (random_below(&state, 200) == 0)
			fork_one(&state);
		else
			some_call(&state);
	}
	printf("calls %lu refused %lu forks %lu sigbus %lu\n", state.calls, state.refused,
	       state.forks, state.sigbus);
	return 0;
}
