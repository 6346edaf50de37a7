/*
 * test_small_kernel.c - a sample of the sequences of a small world on the running kernel and in the
 * library: the same answers, the same areas with the same flags, the same counters after each call.
 *
 * UMM_ITER sequences of four calls, chosen by UMM_SEED: the first maps something, the others are of
 * any theme.  Here the world has more room than six pages: what the search finds lies elsewhere,
 * and is unmapped at once.  To go on as the child is to fork, and the parent waits.
 *
 * UMM_RULE switches a rule of the library off: what test_canary does, and nobody else.
 *
 * What maps and smaps do not show is made visible in the end: a page is written above the pool,
 * holes are filled up to it, and all is made read-only.  Who merges then tells offsets and
 * anon_vmas.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "seen.h"
#include "small.h"

#define POOL UINT64_C(0x200000000000)
#define SHIFT (POOL - SMALL_BASE * PAGE)	/* from the small world's addresses */
#define PAGES 6
#define WINDOW 16			/* pages that an area of the pool may come to */
#define WINDOW_END (POOL + WINDOW * PAGE)
#define LENGTH 4
#define NR_THEMES 11

struct picture {
	struct seen seen;
	uint64_t total, data, locked;	/* pages; the first two against an empty pool */
};

struct twins {
	struct lab lab;
	struct small_calls theme[NR_THEMES];
	int fd, zero;			/* the file, and where a written byte comes from */
	uint64_t total, data;		/* of this process with the pool empty */
	bool counters_differ;
	const struct twin_op *path[LENGTH];
	size_t nr;
};

/* ---- what there is -------------------------------------------------------------------------- */

static uint64_t status_kb(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	assert_non_null(line);
	return strtoull(line + strlen(name), NULL, 10);
}

static void read_counters(uint64_t *total, uint64_t *data, uint64_t *locked)
{
	const char *status = unit_read_file("/proc/self/status");

	*total = status_kb(status, "VmSize:") / 4;
	*data = status_kb(status, "VmData:") / 4;
	*locked = status_kb(status, "VmLck:") / 4;
}

static bool in_window(uint64_t start)
{
	return start >= POOL && start < WINDOW_END;
}

static void see_kernel(const struct twins *t, struct picture *picture)
{
	seen_in_text(&picture->seen, unit_read_file("/proc/self/smaps"), POOL, WINDOW_END);
	read_counters(&picture->total, &picture->data, &picture->locked);
	picture->total -= t->total;
	picture->data -= t->data;
}

static void see_library(const struct twins *t, struct picture *picture)
{
	struct umm_mm_stats stats;

	seen_in_library(&picture->seen, t->lab.mm, POOL, WINDOW_END, UINT64_MAX);
	umm_mm_stats(t->lab.mm, &stats);
	picture->total = stats.total_vm;
	picture->data = stats.data_vm;
	picture->locked = stats.locked_vm;
}

/* ---- telling -------------------------------------------------------------------------------- */

static void print_picture(const char *whose, const struct picture *picture)
{
	fprintf(stderr, "# %s: %llu pages, %llu of data, %llu locked\n", whose,
		(unsigned long long)picture->total, (unsigned long long)picture->data,
		(unsigned long long)picture->locked);
	seen_print(&picture->seen, POOL);
}

/* Page numbers of the pool, so that it can be read. */
static void print_path(const struct twins *t, const char *when)
{
	static const char *const names[] = {
		[TWIN_MMAP] = "mmap", [TWIN_MUNMAP] = "munmap", [TWIN_MPROTECT] = "mprotect",
		[TWIN_FAULT] = "write", [TWIN_MREMAP] = "mremap", [TWIN_MADVISE] = "madvise",
		[TWIN_MLOCK] = "mlock", [TWIN_MUNLOCK] = "munlock", [TWIN_BECOME_CHILD] = "fork",
	};

	fprintf(stderr, "# %s, after:\n", when);
	for (size_t i = 0; i < t->nr; i++) {
		const struct twin_op *op = t->path[i];

		fprintf(stderr, "#   %s page %lld, %llu pages, prot/advice %llu, flags %#llx",
			names[op->what], (long long)(op->addr / PAGE) - SMALL_BASE,
			(unsigned long long)(op->len / PAGE), (unsigned long long)op->prot,
			(unsigned long long)op->flags);
		if (op->what == TWIN_MREMAP)
			fprintf(stderr, ", to %llu pages at page %lld",
				(unsigned long long)(op->new_len / PAGE),
				(long long)(op->new_addr / PAGE) - SMALL_BASE);
		fprintf(stderr, "\n");
	}
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
	if (!areas_differ && kernel.locked == library.locked && !getenv("UMM_COUNTERS")) {
		t->counters_differ = true;
		return;
	}
	print_path(t, when);
	print_picture("kernel ", &kernel);
	print_picture("library", &library);
	fail();
}

/* The pool is empty.  The process may have got memory of its own meanwhile: then nobody knows. */
static void settle_counters(struct twins *t)
{
	uint64_t total = t->total, data = t->data, locked;

	read_counters(&t->total, &t->data, &locked);
	if (t->counters_differ && total == t->total && data == t->data) {
		print_path(t, "UMM_COUNTERS=1 tells more; the counters differ");
		fail();
	}
	t->counters_differ = false;
}

/* ---- what is done, on both ------------------------------------------------------------------ */

static int64_t in_kernel(const struct twins *t, const struct twin_op *op, uint64_t addr,
			 uint64_t to)
{
	long got = -1;

	switch (op->what) {
	case TWIN_MMAP:
		got = syscall(SYS_mmap, addr, op->len, op->prot, op->flags,
			      op->file >= 0 ? t->fd : -1, op->offset);
		break;
	case TWIN_MUNMAP:
		got = syscall(SYS_munmap, addr, op->len);
		break;
	case TWIN_MPROTECT:
		got = syscall(SYS_mprotect, addr, op->len, op->prot);
		break;
	case TWIN_MREMAP:
		got = syscall(SYS_mremap, addr, op->len, op->new_len, op->flags, to);
		break;
	case TWIN_MADVISE:
		got = syscall(SYS_madvise, addr, op->len, op->prot);
		break;
	case TWIN_MLOCK:
		got = syscall(SYS_mlock, addr, op->len);
		break;
	case TWIN_MUNLOCK:
		got = syscall(SYS_munlock, addr, op->len);
		break;
	default:
		fail();
	}
	return got == -1 ? -errno : got;
}

static int64_t in_library(struct twins *t, const struct twin_op *op, uint64_t addr, uint64_t to)
{
	struct umm_mm *mm = t->lab.mm;

	switch (op->what) {
	case TWIN_MMAP:
		return umm_mmap(mm, addr, op->len, op->prot, op->flags,
				op->file >= 0 ? t->lab.file : NULL, op->offset, NULL);
	case TWIN_MUNMAP:
		return umm_munmap(mm, addr, op->len, NULL);
	case TWIN_MPROTECT:
		return umm_mprotect(mm, addr, op->len, op->prot, -1, NULL);
	case TWIN_MREMAP:
		return umm_mremap(mm, addr, op->len, op->new_len, op->flags, to, NULL);
	case TWIN_MADVISE:
		return umm_madvise(mm, addr, op->len, (int)op->prot, NULL);
	case TWIN_MLOCK:
		return umm_mlock(mm, addr, op->len, 0, NULL);
	default:
		return umm_munlock(mm, addr, op->len, NULL);
	}
}

/*
 * The kernel's own write to the page says whether it may be written; of shared memory, which may
 * end before its area, only what the areas look like then is compared.
 */
static void write_both(struct twins *t, uint64_t addr)
{
	bool kernel = read(t->zero, (void *)(uintptr_t)addr, 1) == 1;
	bool library = umm_fault(t->lab.mm, addr, UMM_ACCESS_WRITE, NULL) == UMM_FAULT_OK;
	struct umm_area area;

	if (lab_area(&t->lab, addr, &area) && (area.vm_flags & UMM_VM_SHARED))
		return;
	if (kernel != library) {
		print_path(t, kernel ? "the kernel lets it" : "the kernel does not let it");
		fail();
	}
}

static void call_both(struct twins *t, const struct twin_op *op)
{
	bool placed = op->flags & (UMM_MREMAP_FIXED | UMM_MREMAP_DONTUNMAP);
	uint64_t addr = op->addr ? op->addr + SHIFT : 0, to = placed ? op->new_addr + SHIFT : 0;
	uint64_t len = op->what == TWIN_MREMAP ? op->new_len : op->len;
	int64_t kernel = in_kernel(t, op, addr, to), library = in_library(t, op, addr, to);

	if (kernel == library && (kernel <= 0 || in_window((uint64_t)kernel)))
		return;
	if (kernel <= 0 || library <= 0 || in_window((uint64_t)kernel) ||
	    in_window((uint64_t)library)) {
		print_path(t, "the answers");
		fail_msg("kernel %#llx, library %#llx", (long long)kernel, (long long)library);
	}
	/* Somewhere else: the two have different ideas of where there is room. */
	assert_int_equal(syscall(SYS_munmap, kernel, len), 0);
	assert_int_equal(umm_munmap(t->lab.mm, (umm_addr_t)library, len, NULL), 0);
}

/* Go on as the child.  The parent waits, and is told whether all went well. */
static bool become_child(struct twins *t)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		lab_become_child(&t->lab);
		return true;
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status) {
		print_path(t, "a child failed");
		fail();
	}
	return false;
}

static void reveal(struct twins *t)
{
	const uint64_t len = (PAGES + 2) * PAGE;
	const struct twin_op page = {
		.what = TWIN_MMAP, .len = PAGE, .prot = RW, .flags = ANON | FIXED, .file = -1,
	};
	struct umm_area area;

	for (uint64_t n = PAGES + 2; n-- > 0;) {
		uint64_t addr = POOL + n * PAGE;

		if (lab_area(&t->lab, addr, &area))
			continue;
		assert_int_equal(in_kernel(t, &page, addr, 0), addr);
		assert_int_equal(in_library(t, &page, addr, 0), addr);
		if (n > PAGES)
			write_both(t, addr);
	}
	compare(t, "holes filled");
	assert_int_equal(syscall(SYS_mprotect, POOL, len, PROT_READ),
			 umm_mprotect(t->lab.mm, POOL, len, UMM_PROT_READ, -1, NULL));
	compare(t, "all made read-only");
}

static void clean(struct twins *t)
{
	assert_int_equal(syscall(SYS_munmap, POOL, WINDOW * PAGE), 0);
	assert_int_equal(umm_munmap(t->lab.mm, POOL, WINDOW * PAGE, NULL), 0);
	settle_counters(t);
}

/*
 * A kernel that charges what a move cuts off never gives it back: the machine would have less to
 * promise after each run.  Such moves are tried where nothing is charged.
 */
static bool loses_charge(struct twins *t, const struct twin_op *op)
{
	struct umm_area area = { .size = sizeof(area) };
	uint64_t at = op->addr + SHIFT, end = at + op->len;

	if (op->what != TWIN_MREMAP || !(op->flags & UMM_MREMAP_FIXED) || op->new_len >= op->len)
		return false;
	for (; umm_find_area(t->lab.mm, at, &area) && area.start < end; at = area.end) {
		if (area.vm_flags & UMM_VM_ACCOUNT)
			return true;
	}
	return false;
}

/* Play one sequence, chosen by @random.  A child does not return. */
static void play(struct twins *t, struct unit_random *random)
{
	bool child = false;

	for (t->nr = 0; t->nr < LENGTH;) {
		size_t theme = unit_random_below(random, t->nr ? NR_THEMES : 4);
		const struct small_calls *calls = &t->theme[theme];
		const struct twin_op *op = &calls->op[unit_random_below(random, calls->nr)];

		if ((!t->nr && op->what != TWIN_MMAP) || loses_charge(t, op))
			continue;
		t->path[t->nr++] = op;
		if (op->what == TWIN_FAULT) {
			write_both(t, op->addr + SHIFT);
		} else if (op->what != TWIN_BECOME_CHILD) {
			call_both(t, op);
		} else if (become_child(t)) {
			child = true;
		} else {
			/* The child did the rest; what is left here is no other than before. */
			break;
		}
		compare(t, "then");
	}
	reveal(t);
	clean(t);
	if (child)
		_exit(0);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static void need_locks(void)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &limit), 0);
	if (limit.rlim_cur < (rlim_t)(64 * WINDOW * PAGE)) {
		printf("# skipped: RLIMIT_MEMLOCK is too low to lock a few pages\n");
		skip();
	}
}

static void init(struct twins *t)
{
	uint64_t locked;

	lab_init(&t->lab);
	t->lab.settings.overcommit_memory = 1;
	lab_settings_changed(&t->lab);
	lab_limit(&t->lab, UMM_RLIMIT_MEMLOCK, UMM_RLIM_INFINITY);
	lab_file(&t->lab, UMM_FILE_SHMEM, UMM_FMODE_READ | UMM_FMODE_WRITE);
	for (size_t i = 0; i < NR_THEMES; i++)
		small_calls_list(&t->theme[i], PAGES, 1u << i);
	t->fd = memfd_create("small", MFD_CLOEXEC);
	t->zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	assert_true(t->fd >= 0 && t->zero >= 0);
	assert_int_equal(ftruncate(t->fd, (SMALL_BASE + 2 * WINDOW) * PAGE), 0);
	assert_int_equal(syscall(SYS_mmap, POOL, WINDOW * PAGE, 0,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), POOL);
	assert_int_equal(syscall(SYS_munmap, POOL, WINDOW * PAGE), 0);
	read_counters(&t->total, &t->data, &locked);	/* the buffer is there from now on */
	read_counters(&t->total, &t->data, &locked);
}

static void test_sample(void **state)
{
	struct unit_random random = unit_random_init();
	uint64_t sequences = unit_iterations(400);
	static struct twins t;

	(void)state;
	unit_need_kernel(6, 17);
	need_locks();
	init(&t);
	if (getenv("UMM_RULE"))
		lab_set_rule(&t.lab, getenv("UMM_RULE"), false);
	for (uint64_t i = 0; i < sequences; i++) {
		/* A child's choices are its own: the next sequence begins where this one did. */
		struct unit_random own = { unit_random(&random) };

		play(&t, &own);
	}
	printf("# %llu sequences of %d calls compared\n", (unsigned long long)sequences, LENGTH);
	close(t.fd);
	close(t.zero);
	for (size_t i = 0; i < NR_THEMES; i++)
		small_calls_free(&t.theme[i]);
	lab_destroy(&t.lab);
}

/* A library that behaves like another kernel is found out: the sample again, in a process. */
static void test_canary(void **state)
{
	static const char *const rules[] = { "mprotect_drops_account", "mremap_multi" };

	(void)state;
	unit_need_kernel(6, 17);
	need_locks();
	if (getenv("UMM_RULE"))
		return;				/* this is that process */
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		int status, null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			dup2(null, STDOUT_FILENO);
			dup2(null, STDERR_FILENO);
			setenv("UMM_RULE", rules[i], 1);
			execl("/proc/self/exe", "test_small_kernel", (char *)NULL);
			_exit(0);
		}
		close(null);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_canary),
	};

	return cmocka_run_group_tests_name("small_kernel", tests, NULL, NULL);
}
