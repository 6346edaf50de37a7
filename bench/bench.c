/*
 * bench.c - the library's calls beside the kernel's, in one run.
 *
 * Layer: bench.
 *
 * A row is a workload: how the address space is prepared, and one operation that leaves it as it
 * was.  Rounds of both sides alternate, so that a slow moment of the machine hits both; the figure
 * of a side is the median of its rounds.  Pages are never touched where time is measured: what is
 * compared is the work on areas.
 *
 * Prints one JSON object per row, for tools/run-bench:
 *	{"name": …, "ours_ns": …, "kernel_ns": …, "ratio": kernel_ns / ours_ns, "note": …}
 * In the rows bytes_*, the figures are bytes per area instead of nanoseconds.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/measure.h"
#include "bench/side.h"

#define PAGE UINT64_C(4096)
#define RW (UMM_PROT_READ | UMM_PROT_WRITE)
#define ANON (UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS)
#define MANY UINT64_C(100000)
#define ROUNDS 5

static unsigned long divisor = 1;	/* --smoke divides the operations of a round by this */

/* What a workload keeps between its phases, per side. */
struct state {
	const struct side *side;
	uint64_t areas;			/* how many others it asked for */
	uint64_t base, len;		/* the region that they lie in */
	uint64_t addr;			/* where the operation happens */
	uint64_t random;
};

struct workload {
	const char *name;
	uint64_t areas;
	unsigned long operations[2];	/* per round: ours, the kernel's */
	void (*prepare)(struct state *state);
	void (*operate)(struct state *state, unsigned long operations);
	void (*floor)(struct state *state, unsigned long operations);	/* taken off, or NULL */
	const char *note;
};

/* A call that should have worked did not: there is nothing to measure. */
static int64_t must(const struct state *state, const char *what, int64_t ret)
{
	if (ret < 0) {
		fprintf(stderr, "bench: %s: %s: %s\n", state->side->name, what,
			strerror((int)-ret));
		exit(1);
	}
	return ret;
}

/* ---- address spaces ------------------------------------------------------------------------ */

static void prepare_nothing(struct state *state)
{
	(void)state;
}

/* Areas side by side that cannot merge: every second page has another protection. */
static void prepare_striped(struct state *state)
{
	const struct side *side = state->side;

	state->len = state->areas * PAGE;
	state->base = (uint64_t)must(state, "mmap", side->mmap(0, state->len, UMM_PROT_NONE, ANON));
	for (uint64_t i = 1; i < state->areas; i += 2)
		must(state, "mprotect",
		     side->mprotect(state->base + i * PAGE, PAGE, UMM_PROT_READ));
}

/* One-page areas with one-page holes between them. */
static void prepare_holes(struct state *state)
{
	const struct side *side = state->side;

	state->len = 2 * state->areas * PAGE;
	state->base = (uint64_t)must(state, "mmap", side->mmap(0, state->len, RW,
							       ANON | UMM_MAP_NORESERVE));
	for (uint64_t i = 1; i < 2 * state->areas; i += 2)
		must(state, "munmap", side->munmap(state->base + i * PAGE, PAGE));
}

static void prepare_middle(struct state *state)
{
	state->len = 3 * PAGE;
	/* Between guard pages, so that no neighbour takes part. */
	state->base = (uint64_t)must(state, "mmap", state->side->mmap(0, 5 * PAGE, UMM_PROT_NONE,
								      ANON));
	must(state, "mprotect", state->side->mprotect(state->base + PAGE, state->len, RW));
	state->addr = state->base + 2 * PAGE;
	state->len = 5 * PAGE;
}

/* Two pages with room above them, and no neighbour in reach. */
static void prepare_room(struct state *state)
{
	const struct side *side = state->side;

	state->len = 64 * PAGE;
	state->base = (uint64_t)must(state, "mmap", side->mmap(0, state->len, UMM_PROT_NONE, ANON));
	must(state, "munmap", side->munmap(state->base + 8 * PAGE, 48 * PAGE));
	state->addr = state->base + 16 * PAGE;
	must(state, "mmap", side->mmap(state->addr, 2 * PAGE, RW, ANON | UMM_MAP_FIXED));
}

static void prepare_brk(struct state *state)
{
	state->addr = state->side->brk(0);
}

static void prepare_lookup(struct state *state)
{
	prepare_striped(state);
	state->random = 88172645463325252u;
}

static void restore(struct state *state)
{
	if (state->len)
		must(state, "munmap", state->side->munmap(state->base, state->len));
}

/* ---- operations ---------------------------------------------------------------------------- */

static void map_unmap(struct state *state, unsigned long operations)
{
	const struct side *side = state->side;

	for (unsigned long i = 0; i < operations; i++) {
		int64_t addr = must(state, "mmap", side->mmap(0, PAGE, RW, ANON));

		must(state, "munmap", side->munmap((uint64_t)addr, PAGE));
	}
}

static void map_unmap_two_pages(struct state *state, unsigned long operations)
{
	const struct side *side = state->side;

	for (unsigned long i = 0; i < operations; i++) {
		int64_t addr = must(state, "mmap", side->mmap(0, 2 * PAGE, RW, ANON));

		must(state, "munmap", side->munmap((uint64_t)addr, 2 * PAGE));
	}
}

static void protect_back(struct state *state, unsigned long operations)
{
	const struct side *side = state->side;

	for (unsigned long i = 0; i < operations; i++) {
		must(state, "mprotect", side->mprotect(state->addr, PAGE, UMM_PROT_READ));
		must(state, "mprotect", side->mprotect(state->addr, PAGE, RW));
	}
}

static void grow_back(struct state *state, unsigned long operations)
{
	const struct side *side = state->side;

	for (unsigned long i = 0; i < operations; i++) {
		must(state, "mremap", side->mremap(state->addr, 2 * PAGE, 4 * PAGE, 0, 0));
		must(state, "mremap", side->mremap(state->addr, 4 * PAGE, 2 * PAGE, 0, 0));
	}
}

static void move_back(struct state *state, unsigned long operations)
{
	const uint64_t move = UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED, len = 2 * PAGE;
	const struct side *side = state->side;
	uint64_t there = state->addr + 16 * PAGE;

	for (unsigned long i = 0; i < operations; i++) {
		must(state, "mremap", side->mremap(state->addr, len, len, move, there));
		must(state, "mremap", side->mremap(there, len, len, move, state->addr));
	}
}

static void brk_back(struct state *state, unsigned long operations)
{
	const struct side *side = state->side;

	for (unsigned long i = 0; i < operations; i++) {
		if (side->brk(state->addr + PAGE) != state->addr + PAGE ||
		    side->brk(state->addr) != state->addr)
			must(state, "brk", -ENOMEM);
	}
}

/* xorshift: the same addresses on both sides, and no cache line guessed. */
static uint64_t next_random(struct state *state)
{
	uint64_t x = state->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return state->random = x;
}

static void look_up(struct state *state, unsigned long operations)
{
	for (unsigned long i = 0; i < operations; i++)
		must(state, "lookup",
		     state->side->lookup(state->base + next_random(state) % state->len));
}

static void look_up_nothing(struct state *state, unsigned long operations)
{
	if (!state->side->lookup_floor)
		return;
	for (unsigned long i = 0; i < operations; i++)
		state->side->lookup_floor(state->base + next_random(state) % state->len);
}

static const struct workload workloads[] = {
	{ "mmap_munmap", 0, { 100000, 10000 }, prepare_nothing, map_unmap, NULL, NULL },
	{ "mmap_munmap_100k", MANY, { 100000, 10000 }, prepare_striped, map_unmap, NULL, NULL },
	{ "mprotect_split_merge", 0, { 100000, 10000 }, prepare_middle, protect_back, NULL, NULL },
	{ "mremap_grow_shrink", 0, { 100000, 10000 }, prepare_room, grow_back, NULL, NULL },
	{ "mremap_move", 0, { 100000, 10000 }, prepare_room, move_back, NULL, NULL },
	{ "brk", 0, { 100000, 10000 }, prepare_brk, brk_back, NULL, NULL },
	{ "find_vma_100k", MANY, { 200000, 50000 }, prepare_lookup, look_up, look_up_nothing,
	  "kernel: PROCMAP_QUERY less an ioctl that does nothing" },
	{ "gap_search_100k", MANY, { 100000, 10000 }, prepare_holes, map_unmap_two_pages, NULL,
	  "mmap past all holes and munmap" },
};

/* ---- measuring ----------------------------------------------------------------------------- */

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare_doubles);
	return values[ROUNDS / 2];
}

static double one_round(const struct workload *work, struct state *state, unsigned long operations)
{
	double begin, net;

	begin = now_ns();
	work->operate(state, operations);
	net = now_ns() - begin;
	if (work->floor) {
		begin = now_ns();
		work->floor(state, operations);
		if (state->side->lookup_floor)
			net -= now_ns() - begin;
	}
	return net / (double)operations;
}

static uint64_t areas_on(const struct side *side, uint64_t wanted)
{
	return wanted < side->max_areas ? wanted : side->max_areas;
}

static void print_row(const char *name, double ours_figure, double kernel_figure, const char *note,
		      uint64_t kernel_areas, uint64_t wanted)
{
	printf("{\"name\": \"%s\", \"ours_ns\": %.1f, ", name, ours_figure);
	if (kernel_figure > 0)
		printf("\"kernel_ns\": %.1f, \"ratio\": %.2f", kernel_figure,
		       kernel_figure / ours_figure);
	else
		printf("\"kernel_ns\": null, \"ratio\": null");
	printf(", \"note\": \"%s", note ? note : "");
	if (kernel_areas < wanted)
		printf("%skernel with %llu areas only (vm.max_map_count)", note ? "; " : "",
		       (unsigned long long)kernel_areas);
	printf("\"}\n");
	fflush(stdout);
}

static void run_workload(const struct workload *work)
{
	const struct side *sides[2] = { &ours, &kernel };
	struct state state[2];
	double rounds[2][ROUNDS];
	bool can[2] = { true, work->operate != look_up || kernel.lookup };
	uint64_t wanted = work->areas / divisor;

	ours_reset();
	for (int s = 0; s < 2; s++) {
		state[s] = (struct state){ .side = sides[s],
					   .areas = areas_on(sides[s], wanted) };
		work->prepare(&state[s]);
		if (can[s])	/* once before, for caches and for memory of our own */
			one_round(work, &state[s], work->operations[s] / divisor / 10 + 1);
	}
	for (int r = 0; r < ROUNDS; r++)
		for (int s = 0; s < 2; s++)
			rounds[s][r] = !can[s] ? 0 :
				one_round(work, &state[s], work->operations[s] / divisor + 1);
	for (int s = 0; s < 2; s++)
		restore(&state[s]);
	print_row(work->name, median(rounds[0]), median(rounds[1]), work->note, state[1].areas,
		  wanted);
}

/*
 * Bytes that the allocator holds for @areas areas more.  The kernel's figure is machine-wide and
 * needs root; it is there to compare, and left out where it cannot be read.
 */
static double bytes_per_area(const struct side *side, uint64_t areas, bool anon)
{
	struct state state = { .side = side, .areas = areas };
	uint64_t before = side->bytes(), after;

	(anon ? prepare_holes : prepare_striped)(&state);
	if (anon)
		for (uint64_t i = 0; i < areas; i++)
			side->write_fault(state.base + 2 * i * PAGE);
	after = side->bytes();
	restore(&state);
	return after > before ? (double)(after - before) / (double)areas : 0;
}

static void run_bytes(const char *name, bool anon)
{
	/* The kernel really fills a page per area with an anon_vma: 20,000 of them will do. */
	uint64_t wanted = (anon ? 20000 : MANY) / divisor;
	uint64_t kernel_areas = areas_on(&kernel, wanted);
	double figure[2];

	ours_reset();
	figure[0] = bytes_per_area(&ours, MANY / divisor, anon);
	figure[1] = divisor == 1 ? bytes_per_area(&kernel, kernel_areas, anon) : 0;
	print_row(name, figure[0], figure[1],
		  anon ? "bytes, each area with an anon_vma; kernel: its slabs after 20000 areas"
		       : "bytes; kernel: its slabs",
		  kernel_areas, wanted);
}

static void usage(void)
{
	fprintf(stderr, "usage: bench [--smoke]\n"
			"Prints one JSON object per row; `make bench` makes a table of them.\n");
	exit(2);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--smoke"))
		divisor = 100;
	else if (argc != 1)
		usage();
	side_init();
	for (size_t i = 0; i < sizeof(workloads) / sizeof(workloads[0]); i++)
		run_workload(&workloads[i]);
	run_bytes("bytes_per_area", false);
	run_bytes("bytes_per_area_anon", true);
	return 0;
}
