/*
 * test_madvise_kernel.c - every advice and every lock within six pages, of areas in different
 * states, on the running kernel and in the library: the same answers, areas and flags.
 *
 * A scene is six letters, a run of the same letter is one mapping:
 *	.	nothing			u	private, never written
 *	w	private, written	r	read-only
 *	n	no access		s	shared, of a file of four pages
 *	f	private, of that file	F	the same, written
 *	d	droppable		l	locked
 *	L	locked on fault		g	written, with a guard at its first page
 *	k	one that neither fork nor a core dump gets, and that may be merged by content
 *
 * After the call what smaps does not show is made visible: each page is read in, which guard pages
 * and what lies beyond the file refuse; holes are filled, and all that is there is made read-only.
 * Who merges then tells anon_vmas.
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
#define FILE_PAGES 4
#define WINDOW (PAGES + 2)
#define WINDOW_END (POOL + WINDOW * PAGE)

/* What else there is than advice. */
enum { LOCK = 1000, LOCK_ONFAULT, UNLOCK };

struct twins {
	struct lab lab;
	int fd;				/* of the kernel's file */
	const char *scene;
	int call;			/* advice, or one of the above */
	uint64_t from, to;		/* pages */
	unsigned long cases;
};

/* ---- what there is ------------------------------------------------------------------------- */

static const char *read_smaps(void)
{
	static char buf[1 << 18];
	static int fd = -1;
	size_t have = 0;
	ssize_t got;

	if (fd < 0)
		fd = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	while ((got = pread(fd, buf + have, sizeof(buf) - 1 - have, (off_t)have)) > 0)
		have += (size_t)got;
	buf[have] = '\0';
	return buf;
}

static void print_case(const struct twins *t, const char *when)
{
	fprintf(stderr, "# \"%s\", call %d of pages %llu to %llu, %s\n", t->scene, t->call,
		(unsigned long long)t->from, (unsigned long long)t->to, when);
}

static void compare(const struct twins *t, const char *when)
{
	struct seen kernel, library;

	seen_in_text(&kernel, read_smaps(), POOL, WINDOW_END);
	seen_in_library(&library, t->lab.mm, POOL, WINDOW_END, UINT64_MAX);
	if (!memcmp(&kernel, &library, sizeof(kernel)))
		return;
	print_case(t, when);
	fprintf(stderr, "# kernel:\n");
	seen_print(&kernel, POOL);
	fprintf(stderr, "# library:\n");
	seen_print(&library, POOL);
	fail();
}

/* ---- what is done, on both ------------------------------------------------------------------ */

static uint64_t page_at(uint64_t page)
{
	return POOL + page * PAGE;
}

static void map(struct twins *t, uint64_t page, uint64_t pages, int prot, int flags, bool file)
{
	uint64_t at = page_at(page), offset = file ? page * PAGE : 0;
	long got = syscall(SYS_mmap, at, pages * PAGE, prot, flags | MAP_FIXED,
			   file ? t->fd : -1, offset);

	assert_int_equal(got, at);
	assert_int_equal(umm_mmap(t->lab.mm, at, pages * PAGE, (uint64_t)prot,
				  (uint64_t)flags | UMM_MAP_FIXED, file ? t->lab.file : NULL,
				  offset, NULL), at);
}

static int64_t on_kernel(int call, uint64_t start, uint64_t len)
{
	long result;

	switch (call) {
	case LOCK:
		result = syscall(SYS_mlock, start, len);
		break;
	case LOCK_ONFAULT:
		result = syscall(SYS_mlock2, start, len, 1);
		break;
	case UNLOCK:
		result = syscall(SYS_munlock, start, len);
		break;
	default:
		result = syscall(SYS_madvise, start, len, call);
		break;
	}
	return result < 0 ? -errno : result;
}

static int64_t in_library(struct umm_mm *mm, int call, uint64_t start, uint64_t len)
{
	switch (call) {
	case LOCK:
		return umm_mlock(mm, start, len, 0, NULL);
	case LOCK_ONFAULT:
		return umm_mlock(mm, start, len, UMM_MLOCK_ONFAULT, NULL);
	case UNLOCK:
		return umm_munlock(mm, start, len, NULL);
	default:
		return umm_madvise(mm, start, len, call, NULL);
	}
}

static int64_t both(struct twins *t, int call, uint64_t from, uint64_t to, const char *when)
{
	uint64_t start = page_at(from), len = (to - from) * PAGE;
	int64_t kernel = on_kernel(call, start, len);
	int64_t library = in_library(t->lab.mm, call, start, len);

	if (kernel != library) {
		print_case(t, when);
		fail_msg("call %d of page %llu: kernel %lld, library %lld", call,
			 (unsigned long long)from, (long long)kernel, (long long)library);
	}
	return kernel;
}

static void granted(struct twins *t, int call, uint64_t from, uint64_t to)
{
	assert_int_equal(both(t, call, from, to, "set the scene"), 0);
}

static void write_to(struct twins *t, uint64_t page)
{
	*(volatile char *)page_at(page) = 1;
	lab_write(&t->lab, page_at(page));
}

static void map_run(struct twins *t, char letter, uint64_t page, uint64_t pages)
{
	const int rw = PROT_READ | PROT_WRITE, anon = MAP_PRIVATE | MAP_ANONYMOUS;

	switch (letter) {
	case '.':
		return;
	case 'r':
		map(t, page, pages, PROT_READ, anon, false);
		break;
	case 'n':
		map(t, page, pages, PROT_NONE, anon, false);
		break;
	case 's':
		map(t, page, pages, rw, MAP_SHARED, true);
		break;
	case 'f': case 'F':
		map(t, page, pages, rw, MAP_PRIVATE, true);
		break;
	case 'd':
		map(t, page, pages, rw, MAP_ANONYMOUS | UMM_MAP_DROPPABLE, false);
		break;
	default:
		map(t, page, pages, rw, anon, false);
		break;
	}
	if (strchr("wFgk", letter))
		write_to(t, page);
	if (letter == 'l')
		granted(t, LOCK, page, page + pages);
	if (letter == 'L')
		granted(t, LOCK_ONFAULT, page, page + pages);
	if (letter == 'g')
		granted(t, UMM_MADV_GUARD_INSTALL, page, page + 1);
	if (letter != 'k')
		return;
	granted(t, UMM_MADV_DONTFORK, page, page + pages);
	granted(t, UMM_MADV_DONTDUMP, page, page + pages);
	if (t->lab.settings.ksm_configured)
		granted(t, UMM_MADV_MERGEABLE, page, page + pages);
}

static void play(struct twins *t)
{
	uint64_t from = 0;

	for (uint64_t to = 1; to <= PAGES; to++) {
		if (to < PAGES && t->scene[to] == t->scene[from])
			continue;
		map_run(t, t->scene[from], from, to - from);
		from = to;
	}
}

/* Show guard pages by filling, anon_vmas by what merges. */
static void reveal(struct twins *t)
{
	const int rw = PROT_READ | PROT_WRITE;
	struct umm_area area;
	int64_t library;
	long kernel;

	for (uint64_t page = 0; page < PAGES; page++)
		(void)both(t, UMM_MADV_POPULATE_READ, page, page + 1, "read in");
	map(t, PAGES + 1, 1, rw, MAP_PRIVATE | MAP_ANONYMOUS, false);
	write_to(t, PAGES + 1);
	for (uint64_t page = 0; page <= PAGES; page++)
		if (!lab_area(&t->lab, page_at(page), &area))
			map(t, page, 1, rw, MAP_PRIVATE | MAP_ANONYMOUS, false);
	compare(t, "holes filled");
	kernel = syscall(SYS_mprotect, POOL, WINDOW * PAGE, PROT_READ);
	library = umm_mprotect(t->lab.mm, POOL, WINDOW * PAGE, UMM_PROT_READ, -1, NULL);
	assert_int_equal(kernel, library);
	compare(t, "all made read-only");
}

static void try_call(struct twins *t)
{
	play(t);
	(void)both(t, t->call, t->from, t->to, "the answers");
	compare(t, "afterwards");
	reveal(t);
	assert_int_equal(syscall(SYS_munmap, POOL, WINDOW * PAGE), 0);
	assert_int_equal(umm_munmap(t->lab.mm, POOL, WINDOW * PAGE, NULL), 0);
	t->cases++;
}

/* ---- all of them ---------------------------------------------------------------------------- */

/* MADV_HWPOISON and MADV_SOFT_OFFLINE would be done. */
static const int calls[] = {
	UMM_MADV_NORMAL, UMM_MADV_RANDOM, UMM_MADV_SEQUENTIAL, UMM_MADV_WILLNEED,
	UMM_MADV_DONTNEED, UMM_MADV_FREE, UMM_MADV_REMOVE, UMM_MADV_DONTFORK, UMM_MADV_DOFORK,
	UMM_MADV_MERGEABLE, UMM_MADV_UNMERGEABLE, UMM_MADV_HUGEPAGE, UMM_MADV_NOHUGEPAGE,
	UMM_MADV_DONTDUMP, UMM_MADV_DODUMP, UMM_MADV_WIPEONFORK, UMM_MADV_KEEPONFORK,
	UMM_MADV_COLD, UMM_MADV_PAGEOUT, UMM_MADV_POPULATE_READ, UMM_MADV_POPULATE_WRITE,
	UMM_MADV_DONTNEED_LOCKED, UMM_MADV_COLLAPSE, UMM_MADV_GUARD_INSTALL,
	UMM_MADV_GUARD_REMOVE, 7, LOCK, LOCK_ONFAULT, UNLOCK,
};

static void try_scene(struct twins *t, const char *scene)
{
	t->scene = scene;
	for (t->from = 0; t->from < PAGES; t->from++)
		for (t->to = t->from + 1; t->to <= PAGES; t->to++)
			for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
				t->call = calls[i];
				try_call(t);
			}
}

static void test_all(void **state)
{
	static const char *const scenes[] = {
		"uuwwww", "wwwuuu", "wuw.uw", "ullLLu", "kkuukw", "gggwww", "uug.nn", "ssFFfu",
		"rrnddw", "lldd.k",
	};
	const char *wanted = getenv("UMM_SCENE");	/* one more, for looking closer */
	static struct twins t;

	(void)state;
	unit_need_kernel(6, 18);
	lab_init(&t.lab);
	t.lab.settings.ksm_configured = on_kernel(UMM_MADV_MERGEABLE, 0, 0) == 0;
	t.lab.settings.thp_configured = on_kernel(UMM_MADV_HUGEPAGE, 0, 0) == 0;
	lab_settings_changed(&t.lab);
	lab_file(&t.lab, UMM_FILE_SHMEM, UMM_FMODE_READ | UMM_FMODE_WRITE);
	umm_file_set_size(t.lab.file, FILE_PAGES * PAGE);
	t.fd = memfd_create("madvise", MFD_CLOEXEC);
	assert_true(t.fd >= 0 && ftruncate(t.fd, FILE_PAGES * PAGE) == 0);
	assert_int_equal(syscall(SYS_mmap, POOL, WINDOW * PAGE, 0,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), POOL);
	assert_int_equal(syscall(SYS_munmap, POOL, WINDOW * PAGE), 0);

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

	return cmocka_run_group_tests_name("madvise_kernel", tests, NULL, NULL);
}
