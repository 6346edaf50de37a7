/*
 * test_mremap_kernel.c - every mremap within six pages, of areas in different states, on the
 * running kernel and in the library: the same answers, the same areas, the same counters.
 *
 * A scene is six letters, a run of the same letter is one mapping:
 *	.	nothing			u	private, never written
 *	w	private, written	x	the same, MAP_NORESERVE: unlike w
 *	r	read-only		s	shared
 *	f	private, of a file	F	the same, written
 *	m	private, written two pages below, and moved here before anything else was mapped
 *
 * After the call what maps does not show is made visible: a page is written above the pool, holes
 * are filled up to it, and all that is there is made read-only in one go.  Who merges then tells
 * offsets and anon_vmas.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "seen.h"

#define POOL UINT64_C(0x200000000000)
#define PAGES 6
#define WINDOW 16			/* pages that an area of the pool may come to */
#define WINDOW_END (POOL + WINDOW * PAGE)

struct call {
	uint64_t from, old, new, flags, to;
};

struct picture {
	struct seen seen;
	uint64_t total, data;		/* pages, against the time when the pool was empty */
};

struct twins {
	struct lab lab;
	int fd;				/* of the kernel's file */
	uint64_t total, data;		/* of this process with the pool empty */
	bool counters_differ;		/* of the kernel's and the library's, in this case */
	const char *scene;
	struct call call;
	unsigned long cases;
};

/* ---- what there is ------------------------------------------------------------------------- */

static void read_counters(uint64_t *total, uint64_t *data)
{
	unsigned long long t, d;
	const char *statm = unit_read_file("/proc/self/statm");

	assert_int_equal(sscanf(statm, "%llu %*u %*u %*u %*u %llu", &t, &d), 2);
	*total = t;
	*data = d;
}

static bool in_window(uint64_t start)
{
	return start >= POOL && start < WINDOW_END;
}

static void see_kernel(const struct twins *t, struct picture *picture)
{
	seen_in_text(&picture->seen, unit_read_file("/proc/self/maps"), POOL, WINDOW_END);
	read_counters(&picture->total, &picture->data);
	picture->total -= t->total;
	picture->data -= t->data;
}

static void see_library(const struct twins *t, struct picture *picture)
{
	struct umm_mm_stats stats;

	seen_in_library(&picture->seen, t->lab.mm, POOL, WINDOW_END, SEEN_PERMS);
	umm_mm_stats(t->lab.mm, &stats);
	picture->total = stats.total_vm;
	picture->data = stats.data_vm + stats.stack_vm;
}

static void print_picture(const char *whose, const struct picture *picture)
{
	fprintf(stderr, "# %s: %llu pages, %llu of data\n", whose,
		(unsigned long long)picture->total, (unsigned long long)picture->data);
	seen_print(&picture->seen, POOL);
}

static void print_case(const struct twins *t, const char *when)
{
	fprintf(stderr, "# \"%s\", mremap of %llu pages at %llu to %llu pages, flags %llu, at %llu,"
			" %s\n", t->scene, (unsigned long long)t->call.old,
		(unsigned long long)t->call.from, (unsigned long long)t->call.new,
		(unsigned long long)t->call.flags, (unsigned long long)t->call.to, when);
}

static void compare(struct twins *t, const char *when)
{
	struct picture kernel, library;
	bool areas_differ;

	see_kernel(t, &kernel);
	see_library(t, &library);
	if (!memcmp(&kernel, &library, sizeof(kernel)))
		return;
	areas_differ = memcmp(&kernel, &library, offsetof(struct picture, total));
	t->counters_differ = true;
	if (areas_differ || getenv("UMM_SCENE")) {
		print_case(t, when);
		print_picture("kernel ", &kernel);
		print_picture("library", &library);
	}
	if (areas_differ)
		fail();
}

/* The pool is empty.  The process may have got memory of its own meanwhile: then nobody knows. */
static void settle_counters(struct twins *t)
{
	uint64_t total = t->total, data = t->data;

	read_counters(&t->total, &t->data);
	if (t->counters_differ && total == t->total && data == t->data) {
		print_case(t, "the counters");
		fail();
	}
	t->counters_differ = false;
}

/* ---- what is done, on both ------------------------------------------------------------------ */

static uint64_t page_at(uint64_t page)
{
	return POOL + page * PAGE;
}

static void map(struct twins *t, uint64_t page, uint64_t pages, int prot, int flags, bool file)
{
	uint64_t at = page_at(page);
	uint64_t offset = file ? page * PAGE : 0;
	long got = syscall(SYS_mmap, at, pages * PAGE, prot, flags | MAP_FIXED,
			   file ? t->fd : -1, offset);

	assert_int_equal(got, at);
	assert_int_equal(umm_mmap(t->lab.mm, at, pages * PAGE, (uint64_t)prot,
				  (uint64_t)flags | UMM_MAP_FIXED, file ? t->lab.file : NULL,
				  offset, NULL), at);
}

static void write_to(struct twins *t, uint64_t page)
{
	*(volatile char *)page_at(page) = 1;
	lab_write(&t->lab, page_at(page));
}

static void unmap(struct twins *t, uint64_t page, uint64_t pages)
{
	assert_int_equal(syscall(SYS_munmap, page_at(page), pages * PAGE), 0);
	assert_int_equal(umm_munmap(t->lab.mm, page_at(page), pages * PAGE, NULL), 0);
}

static void map_moved(struct twins *t, uint64_t page, uint64_t pages)
{
	uint64_t from = page_at(page - 2), to = page_at(page), len = pages * PAGE;

	map(t, page - 2, pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, false);
	write_to(t, page - 2);
	assert_int_equal(syscall(SYS_mremap, from, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to),
			 to);
	assert_int_equal(umm_mremap(t->lab.mm, from, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to,
				    NULL), to);
}

static void map_run(struct twins *t, char letter, uint64_t page, uint64_t pages)
{
	const int rw = PROT_READ | PROT_WRITE, anon = MAP_PRIVATE | MAP_ANONYMOUS;

	switch (letter) {
	case 'u': case 'w':
		map(t, page, pages, rw, anon, false);
		break;
	case 'x':
		map(t, page, pages, rw, anon | MAP_NORESERVE, false);
		break;
	case 'r':
		map(t, page, pages, PROT_READ, anon, false);
		break;
	case 's':
		map(t, page, pages, rw, MAP_SHARED | MAP_ANONYMOUS, false);
		break;
	case 'f': case 'F':
		map(t, page, pages, rw, MAP_PRIVATE, true);
		break;
	default:
		return;
	}
	if (letter == 'w' || letter == 'x' || letter == 'F')
		write_to(t, page);
}

static void play(struct twins *t)
{
	const char *moved = strchr(t->scene, 'm');
	uint64_t from = 0;

	if (moved)
		map_moved(t, (uint64_t)(moved - t->scene), strspn(moved, "m"));
	for (uint64_t to = 1; to <= PAGES; to++) {
		if (to < PAGES && t->scene[to] == t->scene[from])
			continue;
		map_run(t, t->scene[from], from, to - from);
		from = to;
	}
}

/* Somewhere else: the two have different ideas of where there is room. */
static void remove_moved(struct twins *t, int64_t kernel, int64_t library)
{
	uint64_t len = t->call.new * PAGE;

	if (in_window((uint64_t)kernel) != in_window((uint64_t)library)) {
		print_case(t, "only one moved away");
		fail();
	}
	if (in_window((uint64_t)kernel)) {
		assert_int_equal(kernel, library);
		return;
	}
	assert_int_equal(syscall(SYS_munmap, kernel, len), 0);
	assert_int_equal(umm_munmap(t->lab.mm, (umm_addr_t)library, len, NULL), 0);
}

static void remap(struct twins *t)
{
	const struct call *c = &t->call;
	int64_t kernel = syscall(SYS_mremap, page_at(c->from), c->old * PAGE, c->new * PAGE,
				 c->flags, page_at(c->to));
	int64_t library;

	if (kernel < 0)
		kernel = -errno;
	library = umm_mremap(t->lab.mm, page_at(c->from), c->old * PAGE, c->new * PAGE, c->flags,
			     page_at(c->to), NULL);
	if (kernel < 0 && kernel == library)
		return;
	if (kernel < 0 || library < 0) {
		print_case(t, "the answers");
		fail_msg("kernel %lld, library %lld", (long long)kernel, (long long)library);
	}
	remove_moved(t, kernel, library);
}

/* Show offsets and anon_vmas: by what merges. */
static void reveal(struct twins *t)
{
	int64_t library;
	long kernel;

	struct umm_area area;

	if (!lab_area(&t->lab, page_at(PAGES + 1), &area)) {
		map(t, PAGES + 1, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, false);
		write_to(t, PAGES + 1);
	}
	for (uint64_t page = 0; page < PAGES + 2; page++) {
		if (!lab_area(&t->lab, page_at(page), &area))
			map(t, page, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, false);
	}
	compare(t, "holes filled");
	kernel = syscall(SYS_mprotect, POOL, (PAGES + 2) * PAGE, PROT_READ);
	library = umm_mprotect(t->lab.mm, POOL, (PAGES + 2) * PAGE, UMM_PROT_READ, -1, NULL);
	assert_int_equal(kernel, library);
	compare(t, "all made read-only");
}

static void try_call(struct twins *t, struct call call)
{
	t->call = call;
	play(t);
	remap(t);
	compare(t, "afterwards");
	reveal(t);
	unmap(t, 0, WINDOW);
	settle_counters(t);
	t->cases++;
}

/* ---- all of them ---------------------------------------------------------------------------- */

/*
 * A kernel that charges what a move cuts off never gives it back: the machine would have less to
 * promise after each run.  Such moves are tried where nothing is charged.
 */
static bool loses_charge(const struct twins *t, uint64_t old, uint64_t new)
{
	return new < old && strpbrk(t->scene, "uwfFm");
}

/* Whether it stays or goes where there is room; to a place; to a place, and kept; to a hint. */
static void try_lengths(struct twins *t, uint64_t from, uint64_t old)
{
	const uint64_t move = MREMAP_MAYMOVE | MREMAP_FIXED;
	const uint64_t keep = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;

	for (uint64_t new = 1; new <= PAGES; new++) {
		try_call(t, (struct call){ from, old, new, 0, 0 });
		if (new > old)
			try_call(t, (struct call){ from, old, new, MREMAP_MAYMOVE, 0 });
		for (uint64_t to = 0; to + new <= PAGES && !loses_charge(t, old, new); to++)
			try_call(t, (struct call){ from, old, new, move, to });
	}
	for (uint64_t to = 0; old && to + old <= PAGES; to++) {
		try_call(t, (struct call){ from, old, old, keep | MREMAP_FIXED, to });
		try_call(t, (struct call){ from, old, old, keep, to });
	}
}

static void try_scene(struct twins *t, const char *scene)
{
	t->scene = scene;
	for (uint64_t from = 0; from < PAGES; from++) {
		for (uint64_t old = 0; from + old <= PAGES; old++)
			try_lengths(t, from, old);
	}
}

static void test_all(void **state)
{
	static const char *const scenes[] = {
		"uu.uu.", "ww.uu.", "uu.ww.", "ww.ww.", "w.u.w.", ".uwx..", "xw.u.x", "ur.wr.",
		"uuuu..", "wwww..", ".ss.u.", "ff.F.u", "FF.ff.", "xx.xx.", "rr.xx.", ".rrss.",
		"uu..mm", "u..mu.", "w..mm.",
	};
	const char *wanted = getenv("UMM_SCENE");	/* one more, for looking closer */
	static struct twins t;

	(void)state;
	unit_need_kernel(6, 17);
	lab_init(&t.lab);
	lab_file(&t.lab, UMM_FILE_SHMEM, UMM_FMODE_READ | UMM_FMODE_WRITE);
	t.fd = memfd_create("mremap", MFD_CLOEXEC);
	assert_true(t.fd >= 0 && ftruncate(t.fd, WINDOW * PAGE) == 0);
	assert_int_equal(syscall(SYS_mmap, POOL, WINDOW * PAGE, 0,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), POOL);
	assert_int_equal(syscall(SYS_munmap, POOL, WINDOW * PAGE), 0);
	unit_read_file("/proc/self/maps");		/* the buffer is there from now on */
	read_counters(&t.total, &t.data);

	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		try_scene(&t, scenes[i]);
	if (wanted && strlen(wanted) == PAGES)
		try_scene(&t, wanted);
	printf("# %lu calls compared\n", t.cases);
	close(t.fd);
	lab_destroy(&t.lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests_name("mremap_kernel", tests, NULL, NULL);
}
