/*
 * beside.c - a process on the running kernel beside the library: see beside.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "beside.h"
#include "seen.h"


struct request {
	long nr;			/* of a system call, or BESIDE_WRITE */
	uint64_t arg[6];
};

struct picture {
	struct seen seen;
	uint64_t locked, size, data;	/* KiB; the last two against the row's beginning */
};

/* ---- the process ---------------------------------------------------------------------------- */

static void __attribute__((noreturn)) obey(int sock)
{
	struct request r;

	while (read(sock, &r, sizeof(r)) == sizeof(r)) {
		int64_t answer;

		if (r.nr == BESIDE_WRITE) {
			*(volatile char *)r.arg[0] = 1;
			answer = 0;
		} else {
			answer = syscall(r.nr, r.arg[0], r.arg[1], r.arg[2], r.arg[3], r.arg[4],
					 r.arg[5]);
			if (answer == -1)
				answer = -errno;
		}
		if (write(sock, &answer, sizeof(answer)) != sizeof(answer))
			break;
	}
	_exit(0);
}

int64_t beside_syscall(struct beside *b, long nr, uint64_t a0, uint64_t a1, uint64_t a2,
		       uint64_t a3, uint64_t a4, uint64_t a5)
{
	struct request r = { nr, { a0, a1, a2, a3, a4, a5 } };
	int64_t answer;

	assert_int_equal(write(b->sock, &r, sizeof(r)), sizeof(r));
	assert_int_equal(read(b->sock, &answer, sizeof(answer)), sizeof(answer));
	return answer;
}

static const char *read_proc(const struct beside *b, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", b->pid, name);
	return unit_read_file(path);
}

uint64_t beside_status(const struct beside *b, const char *name, int base)
{
	const char *at = strstr(read_proc(b, "status"), name);

	assert_non_null(at);
	return strtoull(at + strlen(name), NULL, base);
}

/* The process has the pool to itself, and files at known descriptors. */
static void start_process(struct beside *b)
{
	int socks[2], fd = memfd_create("beside", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char path[64];

	assert_true(fd >= 0 && ftruncate(fd, FILE_PAGES * PAGE) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks), 0);
	b->shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(b->shared != MAP_FAILED);
	b->sock = socks[0];
	fflush(NULL);
	b->pid = fork();
	assert_true(b->pid >= 0);
	if (!b->pid) {
		close(socks[0]);
		dup2(fd, FIRST_FD + MEMFD);
		dup2(open(path, O_RDONLY), FIRST_FD + READONLY);
		obey(socks[1]);
	}
	close(socks[1]);
	close(fd);
}

static void end_process(struct beside *b)
{
	close(b->sock);
	assert_int_equal(waitpid(b->pid, NULL, 0), b->pid);
	munmap(b->shared, PAGE);
}

/* ---- the library's side ---------------------------------------------------------------------- */

static void copy_limits(struct beside *b)
{
	static const int resources[] = { RLIMIT_DATA, RLIMIT_STACK, RLIMIT_MEMLOCK, RLIMIT_AS };

	for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
		struct rlimit limit;

		assert_int_equal(getrlimit((__rlimit_resource_t)resources[i], &limit), 0);
		assert_int_equal(umm_mm_set_rlimit(b->lab.mm, resources[i], limit.rlim_cur,
						   limit.rlim_max), 0);
	}
}

static void copy_caps(struct beside *b)
{
	uint64_t have = beside_status(b, "CapEff:", 16);
	static const struct {
		unsigned int bit;
		uint32_t cap;
	} caps[] = {
		{ 14, UMM_CAP_IPC_LOCK }, { 15, UMM_CAP_IPC_OWNER }, { 17, UMM_CAP_SYS_RAWIO },
		{ 21, UMM_CAP_SYS_ADMIN }, { 23, UMM_CAP_SYS_NICE }, { 24, UMM_CAP_SYS_RESOURCE },
	};
	uint32_t set = 0;

	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
		if (have >> caps[i].bit & 1)
			set |= caps[i].cap;
	umm_mm_set_caps(b->lab.mm, set);
}

/* An advice for nothing tells whether the kernel has it. */
static bool has_advice(struct beside *b, int advice)
{
	return beside_syscall(b, SYS_madvise, 0, 0, (uint64_t)advice, 0, 0, 0) == 0;
}

/* Pages of 2 MiB that nobody has and nobody was promised. */
static uint64_t free_huge_pages(void)
{
	static const char *const names[] = { "free_hugepages", "resv_hugepages" };
	unsigned long long number[2] = { 0, 0 };

	for (int i = 0; i < 2; i++) {
		char path[96];
		FILE *f;

		snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-2048kB/%s",
			 names[i]);
		f = fopen(path, "r");
		if (f) {
			assert_int_equal(fscanf(f, "%llu", &number[i]), 1);
			fclose(f);
		}
	}
	return number[0] - number[1];
}

static void start_library(struct beside *b)
{
	struct lab *lab = &b->lab;
	int64_t personality;

	lab_init(lab);
	lab->settings.ksm_configured = has_advice(b, UMM_MADV_MERGEABLE);
	lab->settings.thp_configured = has_advice(b, UMM_MADV_HUGEPAGE);
	lab->settings.memory_failure_configured = has_advice(b, UMM_MADV_HWPOISON);
	lab->settings.huge[0].free_pages = free_huge_pages();
	lab_settings_changed(lab);
	copy_limits(b);
	copy_caps(b);
	personality = beside_syscall(b, SYS_personality, UMM_PERSONALITY_QUERY, 0, 0, 0, 0, 0);
	umm_mm_set_personality(lab->mm, (uint32_t)personality);
	for (int i = 0; i < NR_FILES; i++) {
		struct umm_file_desc desc;

		umm_file_desc_init(&desc, UMM_FILE_SHMEM);
		desc.flags = UMM_FMODE_READ | (i == READONLY ? 0 : UMM_FMODE_WRITE);
		desc.bytes = FILE_PAGES * PAGE;
		desc.dev_minor = 1;
		desc.inode = 5;
		assert_int_equal(umm_file_new(lab->world, &desc, &b->file[i]), 0);
	}
}

static void end_library(struct beside *b)
{
	struct umm_mm_stats stats;

	/* A row may shrink memory on its way to another place: Linux forgets that charge. */
	umm_mm_stats(b->lab.mm, &stats);
	b->lab.charge_lost = umm_world_committed(b->lab.world) - stats.charged;
	for (int i = 0; i < NR_FILES; i++)
		umm_file_put(b->file[i]);
	lab_destroy(&b->lab);
}

/* ---- comparing ------------------------------------------------------------------------------- */

static void see_kernel(const struct beside *b, struct picture *picture)
{
	picture->locked = b->locks_all ? 0 : beside_status(b, "VmLck:", 10);
	picture->size = beside_status(b, "VmSize:", 10) - b->size_before;
	picture->data = beside_status(b, "VmData:", 10) - b->data_before;
	seen_in_text(&picture->seen, read_proc(b, "smaps"), POOL, P(POOL_PAGES));
}

static void see_library(const struct beside *b, struct picture *picture)
{
	struct umm_mm_stats stats;

	umm_mm_stats(b->lab.mm, &stats);
	picture->locked = b->locks_all ? 0 : stats.locked_vm * PAGE / 1024;
	picture->size = stats.total_vm * PAGE / 1024;
	picture->data = stats.data_vm * PAGE / 1024;
	seen_in_library(&picture->seen, b->lab.mm, POOL, P(POOL_PAGES), UINT64_MAX);
}

static void print_picture(const char *whose, const struct picture *picture)
{
	fprintf(stderr, "# %s: %llu KiB, data %llu, locked %llu\n", whose,
		(unsigned long long)picture->size, (unsigned long long)picture->data,
		(unsigned long long)picture->locked);
	seen_print(&picture->seen, POOL);
}

static void compare(const struct beside *b)
{
	struct picture kernel, library;

	see_kernel(b, &kernel);
	see_library(b, &library);
	if (!memcmp(&kernel, &library, sizeof(kernel)))
		return;
	print_picture("kernel ", &kernel);
	print_picture("library", &library);
	fail_msg("row \"%s\", step %u: not the same", b->row, b->step);
}

static void do_step(struct beside *b, const struct step *step)
{
	int64_t kernel = step->call->kernel(b, step->arg);
	int64_t library = step->call->library(b, step->arg);

	if (kernel != library)
		fail_msg("row \"%s\", step %u, %s: kernel %lld, library %lld", b->row, b->step,
			 step->call->name, (long long)kernel, (long long)library);
	b->last = kernel;
	compare(b);
}

static void do_row(const struct row *row)
{
	struct beside b = { .row = row->name };

	start_process(&b);
	start_library(&b);
	b.size_before = beside_status(&b, "VmSize:", 10);
	b.data_before = beside_status(&b, "VmData:", 10);
	for (b.step = 0; b.step < MOST_STEPS && row->step[b.step].call; b.step++)
		do_step(&b, &row->step[b.step]);
	end_library(&b);
	end_process(&b);
}

void beside_rows(const struct row *rows)
{
	const char *only = getenv("UMM_ROW");
	unsigned int nr = 0;

	for (; rows->name; rows++) {
		if (only && strcmp(only, rows->name))
			continue;
		do_row(rows);
		nr++;
	}
	printf("# %u rows compared\n", nr);
}
