/*
 * test_pages_kernel.c - the same operations in real processes and in the library.
 *
 * A random sequence of memory calls, reads, writes, forks and exits is done by a tree of processes,
 * each of which waits for orders on a socket, and by a tree of address spaces of the library.
 * After each operation the answers must be the same: error, value read, signal and si_code.  Every
 * so often so must be, for every page of the arena and every process, what /proc/PID/pagemap says
 * and what the page holds, and more seldom what smaps says of its areas; and the library's world
 * must be valid.
 *
 * UMM_SEED chooses the sequence, UMM_ITER its length; one that fails prints its seed and the last
 * operations.
 *
 * What is not compared: which of a file's pages are mapped before they are touched (the kernel maps
 * those around a fault as far as its page cache has them).
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "compare_smaps.h"
#include "subject.h"
#include "tlb.h"

static const char *const kind_name[NR_KINDS] = {
	"map", "map_shared", "map_file", "map_stack", "unmap", "protect", "move", "dontunmap",
	"advise", "write", "read", "fork", "exit", "scan",
	"smaps",
};

struct process {
	struct umm_mm *mm;		/* NULL: free */
	unsigned int depth;
};

struct twin {
	struct unit_memory memory;
	struct umm_world *world;
	struct unit_random random;
	struct process process[MAX_PROCESSES];
	struct umm_file *file;
	bool zero_visible;
	struct op history[64];
	uint64_t nr_ops;
};

static unsigned char file_byte(uint64_t pgoff, uint64_t byte)
{
	return (unsigned char)(pgoff * 7 + byte * 3 + byte / 256);
}

static int read_page(void *cookie, uint64_t pgoff, void *contents)
{
	unsigned char *byte = contents;

	(void)cookie;
	for (unsigned int i = 0; i < PAGE; i++)
		byte[i] = file_byte(pgoff, i);
	return 0;
}

static uint32_t signal_of(int fault)
{
	switch (fault) {
	case UMM_FAULT_OK:
		return 0;
	case UMM_SEGV_MAPERR:
	case UMM_SEGV_ACCERR:
		return (uint32_t)SIGSEGV << 8 | (uint32_t)fault;
	case UMM_BUS_ADRERR:
		return (uint32_t)SIGBUS << 8 | BUS_ADRERR;
	default:
		return UINT32_MAX;
	}
}

static void model_access(struct umm_mm *mm, const struct op *op, struct reply *reply)
{
	umm_addr_t addr = BASE + op->page * PAGE + byte_of(op);
	unsigned char byte = (unsigned char)op->arg;
	int fault;

	/* Through one of two TLBs: a flush that is missing, or too late, shows as wrong data. */
	unit_tlb_cpu((unsigned int)op->flags);
	if (op->kind == OP_WRITE)
		unit_tlb_write(mm, addr, byte, &fault);
	else
		reply->ret = unit_tlb_read(mm, addr, &fault);
	reply->fault = signal_of(fault);
}

static void model_do(struct twin *twin, struct umm_mm *mm, const struct op *op,
		     struct reply *reply)
{
	umm_addr_t addr = BASE + op->page * PAGE, to = BASE + op->to * PAGE;
	uint64_t len = op->pages * PAGE, flags = FIXED | op->flags;

	switch (op->kind) {
	case OP_MAP:
		reply->ret = umm_mmap(mm, addr, len, op->arg, flags | ANON, NULL, 0, NULL);
		break;
	case OP_MAP_SHARED:
		reply->ret = umm_mmap(mm, addr, len, op->arg, flags | SHARED |
				      UMM_MAP_ANONYMOUS, NULL, 0, NULL);
		break;
	case OP_MAP_FILE:
		reply->ret = umm_mmap(mm, addr, len, op->arg, flags | PRIVATE, twin->file,
				      op->to * PAGE, NULL);
		break;
	case OP_MAP_STACK:
		reply->ret = umm_mmap(mm, addr, len, op->arg, flags | ANON | UMM_MAP_GROWSDOWN,
				      NULL, 0, NULL);
		break;
	case OP_UNMAP:
		reply->ret = umm_munmap(mm, addr, len, NULL);
		break;
	case OP_PROTECT:
		reply->ret = umm_mprotect(mm, addr, len, op->arg, -1, NULL);
		break;
	case OP_MOVE:
	case OP_DONTUNMAP:
		reply->ret = umm_mremap(mm, addr, len, len, UMM_MREMAP_MAYMOVE |
					UMM_MREMAP_FIXED |
					(op->kind == OP_DONTUNMAP ? UMM_MREMAP_DONTUNMAP : 0),
					to, NULL);
		break;
	case OP_ADVISE:
		reply->ret = umm_madvise(mm, addr, len, (int)op->arg, NULL);
		break;
	default:
		model_access(mm, op, reply);
		break;
	}
}

static void model_scan(const struct twin *twin, struct umm_mm *mm, struct page_state *state,
		       const struct page_state *real, bool all)
{
	for (unsigned int page = 0; page < PAGES; page++) {
		umm_addr_t addr = BASE + page * PAGE;
		struct page_state *s = &state[page];
		struct umm_page_info info;
		const void *contents;
		int fault;

		(void)umm_page_info(mm, addr, &info);
		s->present = info.present;
		s->zero = info.zero && twin->zero_visible;
		s->file = info.present && !info.anonymous && !info.zero;
		s->exclusive = info.present && !info.zero && info.mapcount == 1;
		if (!s->present && !real[page].present && !all)
			continue;
		unit_tlb_cpu(page + (unsigned int)twin->nr_ops / 32);
		contents = unit_tlb_page(mm, addr, &fault);
		if (contents)
			s->hash = hash_page(contents);
		s->fault = signal_of(fault);
	}
}

/* ---- comparing ------------------------------------------------------------------------------ */

static void print_op(const struct op *op)
{
	print_error("\tprocess %u: %s page %d pages %d to %d arg %#x flags %#x\n", op->process,
		    kind_name[op->kind], (int)op->page, (int)op->pages, (int)op->to,
		    (unsigned int)op->arg, (unsigned int)op->flags);
}

static void print_history(const struct twin *twin)
{
	uint64_t first = twin->nr_ops > 64 ? twin->nr_ops - 64 : 0;

	const char *seed = getenv("UMM_SEED");

	print_error("operation %llu of seed %s; the last ones:\n",
		    (unsigned long long)twin->nr_ops, seed ? seed : "1");
	for (uint64_t i = first; i < twin->nr_ops; i++)
		print_op(&twin->history[i % 64]);
}

static void exchange(struct twin *twin, const struct op *op, void *reply, size_t size)
{
	if (subject_do(op, reply, size))
		return;
	print_history(twin);
	fail_msg("a process has gone");
}

/* The kernel maps a file's pages that lie around one that is wanted. */
static bool same_page(const struct page_state *real, const struct page_state *model)
{
	if (real->hash != model->hash || real->fault != model->fault)
		return false;
	if (real->file || model->file)
		return true;
	return real->present == model->present && real->zero == model->zero &&
	       real->exclusive == model->exclusive;
}

static void compare_pages(struct twin *twin, unsigned int process, bool all)
{
	static struct page_state real[PAGES], model[PAGES];
	struct op op = { .kind = OP_SCAN, .process = process, .arg = all };

	memset(model, 0, sizeof(model));
	exchange(twin, &op, real, sizeof(real));
	model_scan(twin, twin->process[process].mm, model, real, all);
	for (unsigned int page = 0; page < PAGES; page++) {
		if (same_page(&real[page], &model[page]))
			continue;
		print_history(twin);
		print_error("process %u page %u: kernel present %d zero %d file %d exclusive %d "
			    "fault %#x hash %llx\n", process, page, real[page].present,
			    real[page].zero, real[page].file, real[page].exclusive,
			    real[page].fault, (unsigned long long)real[page].hash);
		print_error("\tmodel present %d zero %d file %d exclusive %d fault %#x hash %llx\n",
			    model[page].present, model[page].zero, model[page].file,
			    model[page].exclusive, model[page].fault,
			    (unsigned long long)model[page].hash);
		fail_msg("pages differ");
	}
}

static void compare_smaps(struct twin *twin, unsigned int process)
{
	struct op op = { .kind = OP_SMAPS, .process = process };
	static char text[SMAPS_BYTES];

	exchange(twin, &op, text, sizeof(text));
	if (same_smaps(text, twin->process[process].mm, BASE, BASE + PAGES * PAGE))
		return;
	print_history(twin);
	fail_msg("smaps of process %u differ", process);
}

static void compare_all(struct twin *twin, bool all)
{
	for (unsigned int i = 0; i < MAX_PROCESSES; i++)
		if (twin->process[i].mm)
			compare_pages(twin, i, all);
	for (unsigned int i = 0; all && i < MAX_PROCESSES; i++)
		if (twin->process[i].mm)
			compare_smaps(twin, i);
	if (!umm_world_is_valid(twin->world)) {
		print_history(twin);
		fail_msg("the world is not valid");
	}
}

static void do_fork(struct twin *twin, struct op *op)
{
	struct process *parent = &twin->process[op->process], *child;
	struct reply reply;

	for (op->arg = 0; op->arg < MAX_PROCESSES && twin->process[op->arg].mm; op->arg++)
		;
	if (op->arg == MAX_PROCESSES || parent->depth == MAX_DEPTH)
		return;
	child = &twin->process[op->arg];
	child->depth = parent->depth + 1;
	exchange(twin, op, &reply, sizeof(reply));
	assert_true(reply.ret > 0);
	assert_int_equal(umm_fork(parent->mm, &child->mm, NULL), 0);
}

static void do_exit(struct twin *twin, const struct op *op)
{
	struct process *process = &twin->process[op->process];

	if (op->process == 0)
		return;
	subject_exit(op);
	umm_mm_put(process->mm);
	process->mm = NULL;
}

static void do_op(struct twin *twin, struct op *op)
{
	struct reply real = { 0 }, model = { 0 };

	twin->history[twin->nr_ops++ % 64] = *op;
	if (op->kind == OP_FORK) {
		do_fork(twin, op);
		return;
	}
	if (op->kind == OP_EXIT) {
		do_exit(twin, op);
		return;
	}
	exchange(twin, op, &real, sizeof(real));
	model_do(twin, twin->process[op->process].mm, op, &model);
	if (real.ret == model.ret && real.fault == model.fault)
		return;
	print_history(twin);
	print_error("kernel: %lld fault %#x, model: %lld fault %#x\n", (long long)real.ret,
		    real.fault, (long long)model.ret, model.fault);
	fail_msg("answers differ");
}

/* ---- sequences ------------------------------------------------------------------------------ */

static uint64_t below(struct twin *twin, uint64_t limit)
{
	return unit_random_below(&twin->random, limit);
}

/* Mostly a few pages around the end of a table, at times whole tables or nearly. */
static void choose_range(struct twin *twin, struct op *op)
{
	if (below(twin, 12)) {
		op->page = BELOW - 20 + below(twin, 40);
		op->pages = 1 + below(twin, below(twin, 4) ? 4 : 12);
		op->to = BELOW - 20 + below(twin, 40) + (below(twin, 4) ? 0 : TABLE);
		return;
	}
	op->page = BELOW + TABLE * below(twin, 3) - (below(twin, 3) ? 0 : below(twin, 8));
	op->pages = TABLE * (1 + below(twin, 2)) - (below(twin, 3) ? 0 : below(twin, 8));
	op->to = BELOW + TABLE * below(twin, 3) - (below(twin, 3) ? 0 : below(twin, 8));
	if (op->page + op->pages > PAGES)
		op->pages = TABLE;
	if (op->to + op->pages > PAGES)
		op->pages = 8;
}

static uint64_t choose_prot(struct twin *twin)
{
	static const uint64_t prot[] = { RW, RW, RW, RW, R, R, W, R | X, RW | X, 0 };

	return prot[below(twin, sizeof(prot) / sizeof(prot[0]))];
}

static uint64_t choose_advice(struct twin *twin)
{
	static const uint64_t advice[] = {
		UMM_MADV_DONTNEED, UMM_MADV_DONTNEED, UMM_MADV_DONTNEED, UMM_MADV_FREE,
		UMM_MADV_WIPEONFORK, UMM_MADV_KEEPONFORK, UMM_MADV_DONTFORK, UMM_MADV_DOFORK,
		UMM_MADV_POPULATE_READ, UMM_MADV_POPULATE_WRITE, UMM_MADV_GUARD_INSTALL,
		UMM_MADV_GUARD_REMOVE, UMM_MADV_GUARD_REMOVE, UMM_MADV_DONTNEED_LOCKED,
		UMM_MADV_REMOVE, UMM_MADV_COLD,
	};

	return advice[below(twin, sizeof(advice) / sizeof(advice[0]))];
}

static void choose_op(struct twin *twin, struct op *op)
{
	static const struct {
		uint32_t kind;
		unsigned int weight;
	} weights[] = {
		{ OP_WRITE, 34 }, { OP_READ, 16 }, { OP_MAP, 11 }, { OP_PROTECT, 8 },
		{ OP_ADVISE, 9 }, { OP_MOVE, 6 }, { OP_DONTUNMAP, 2 }, { OP_UNMAP, 4 },
		{ OP_MAP_FILE, 4 }, { OP_MAP_SHARED, 2 }, { OP_MAP_STACK, 2 }, { OP_FORK, 1 },
		{ OP_EXIT, 1 },
	};
	uint64_t draw = below(twin, 100);
	unsigned int i;

	memset(op, 0, sizeof(*op));
	for (i = 0; draw >= weights[i].weight; i++)
		draw -= weights[i].weight;
	op->kind = weights[i].kind;
	do
		op->process = (uint32_t)below(twin, MAX_PROCESSES);
	while (!twin->process[op->process].mm);
	choose_range(twin, op);
	op->arg = choose_prot(twin);
	if (op->kind == OP_WRITE || op->kind == OP_READ)
		op->arg = 1 + below(twin, 255);
	else if (op->kind == OP_ADVISE)
		op->arg = choose_advice(twin);
	else if (op->kind == OP_MAP_FILE)
		op->to = below(twin, FILE_PAGES + 4);
	if (op->kind <= OP_MAP_STACK && below(twin, 6) == 0)
		op->flags = UMM_MAP_POPULATE;
	if (op->kind == OP_WRITE || op->kind == OP_READ)
		op->flags = below(twin, UNIT_CPUS);
}

static int make_file(void)
{
	static unsigned char page[PAGE];
	char path[] = "/tmp/usermm-pages-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	for (uint64_t i = 0; i < FILE_PAGES; i++) {
		read_page(NULL, i, page);
		assert_int_equal(write(fd, page, sizeof(page)), sizeof(page));
	}
	assert_int_equal(ftruncate(fd, FILE_BYTES), 0);
	return fd;
}

static void twin_init(struct twin *twin)
{
	struct umm_settings settings;
	struct umm_file_desc desc;

	memset(twin, 0, sizeof(*twin));
	twin->random = unit_random_init();
	unit_memory_init(&twin->memory);
	unit_tlb_init(&twin->memory.platform);
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	settings.pages = UMM_PAGES_CONTENTS;
	settings.frames = 32768;
	assert_int_equal(umm_world_new(&twin->memory.platform, &settings, &twin->world), 0);
	assert_int_equal(umm_mm_new(twin->world, &twin->process[0].mm), 0);
	umm_file_desc_init(&desc, UMM_FILE_REGULAR);
	desc.bytes = FILE_BYTES;
	desc.read_page = read_page;
	assert_int_equal(umm_file_new(twin->world, &desc, &twin->file), 0);
}

static void twin_destroy(struct twin *twin)
{
	uint64_t total;

	for (unsigned int i = 0; i < MAX_PROCESSES; i++)
		umm_mm_put(twin->process[i].mm);
	umm_file_put(twin->file);
	assert_int_equal(umm_world_frames(twin->world, &total), 32768 - 1);
	umm_world_free(twin->world);
	assert_int_equal(twin->memory.bytes, 0);
	assert_int_equal(twin->memory.locks, 0);
}

static void test_random_sequence(void **state)
{
	static struct twin twin;
	struct op op;
	int file;

	(void)state;
	twin_init(&twin);
	file = make_file();
	subjects_start(file, &twin.zero_visible);
	for (uint64_t left = unit_iterations(20000); left > 0; left--) {
		choose_op(&twin, &op);
		do_op(&twin, &op);
		if (left % 32 == 0)
			compare_all(&twin, left % 512 == 0);
	}
	compare_all(&twin, true);
	subjects_end();
	close(file);
	twin_destroy(&twin);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_sequence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
