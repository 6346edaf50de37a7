/*
 * kinds_pages.c - memory that is read and written, and pages looked at, in a world that has some.
 *
 * In a world without, the calls say so.
 */
#include "machine.h"

#define ARG(n) (call->op->arg[n])

/* Of one page: what lies in several is not done in one step, and nobody promised that. */
static void draw_bytes(struct sim_random *r, struct sim_op *op)
{
	op->arg[0] = sim_draw_addr(r) + sim_below(r, 2) * (PAGE / 2 - 20);
	op->arg[1] = 1 + sim_below(r, 200);
	op->arg[2] = sim_below(r, 256);
	op->arg[3] = sim_draw_addr(r);
}

static void run_write(struct sim_call *call)
{
	unsigned char bytes[200];
	int fault;

	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(ARG(2) + i);
	call->result.ret = (int64_t)umm_write(call->mm, ARG(0), bytes, ARG(1), &fault);
	call->result.more = (uint64_t)fault;
}

static void run_read(struct sim_call *call)
{
	unsigned char bytes[200] = { 0 };
	int fault;

	call->result.ret = (int64_t)umm_read(call->mm, ARG(0), bytes, ARG(1), &fault);
	call->result.more = sim_hash((uint64_t)fault, bytes, (size_t)call->result.ret);
}

static void run_zero(struct sim_call *call)
{
	int fault;

	call->result.ret = (int64_t)umm_zero(call->mm, ARG(0), ARG(1), &fault);
	call->result.more = (uint64_t)fault;
}

/* Not in one step either: see sim_is_loose(). */
static void run_copy(struct sim_call *call)
{
	int fault;

	call->result.ret = (int64_t)umm_copy(call->other, ARG(3), call->mm,
					     ARG(0) & ~(PAGE - 1), 64, &fault, NULL);
}

static void run_populate(struct sim_call *call)
{
	int fault;

	call->result.ret = (int64_t)umm_populate(call->mm, ARG(0) & ~(PAGE - 1), PAGE,
						 ARG(2) & 1 ? UMM_ACCESS_WRITE : UMM_ACCESS_READ,
						 &fault);
	call->result.more = (uint64_t)fault;
}

/* Where it is nobody asks; that there is a place is. */
static void run_translate(struct sim_call *call)
{
	uint64_t len;
	int fault;

	call->result.ret = umm_translate(call->mm, ARG(0), ARG(2) & 1 ? UMM_ACCESS_WRITE
								      : UMM_ACCESS_READ,
					 &len, &fault) != NULL;
	call->result.more = (uint64_t)fault;
}

/* What others do to the frame meanwhile is in its counts: they are for machine_text(). */
static void run_page_info(struct sim_call *call)
{
	struct umm_page_info info;

	call->result.ret = umm_page_info(call->mm, ARG(0), &info);
	if (call->result.ret)
		call->result.more = info.present * 1u + info.zero * 2u + info.anonymous * 4u +
				    info.accessed * 8u + info.dirty * 16u + info.shmem * 32u;
}

/* A page that is copied at this moment may be counted twice or not at all, as in Linux. */
static void run_rss(struct sim_call *call)
{
	struct umm_mm_rss rss;

	umm_mm_rss(call->mm, &rss);
}

static const struct sim_kind kinds[] = {
	{ "write", 0, 8, draw_bytes, run_write },
	{ "read", 0, 5, draw_bytes, run_read },
	{ "zero", 0, 1, draw_bytes, run_zero },
	{ "copy", SIM_OTHER, 2, draw_bytes, run_copy },
	{ "populate", 0, 2, draw_bytes, run_populate },
	{ "translate", 0, 3, draw_bytes, run_translate },
	{ "page_info", 0, 2, draw_bytes, run_page_info },
	{ "rss", 0, 2, draw_bytes, run_rss },
};

const struct sim_kinds sim_kinds_pages = { kinds, sizeof(kinds) / sizeof(kinds[0]) };
