/*
 * kinds_process.c - address spaces made, copied, put, set up, and looked at.
 */
#include "machine.h"

#define ARG(n) (call->op->arg[n])

static void draw_nothing(struct sim_random *r, struct sim_op *op)
{
	(void)r;
	(void)op;
}

static void run_fork(struct sim_call *call)
{
	call->result.ret = umm_fork(call->mm, &call->made, &call->why);
}

static void run_clone(struct sim_call *call)
{
	call->result.ret = umm_mm_clone(call->mm, &call->made);
}

static void run_exec(struct sim_call *call)
{
	call->result.ret = umm_exec(call->mm, &call->made);
}

static void run_new(struct sim_call *call)
{
	call->result.ret = umm_mm_new(call->m->world, &call->made);
}

static void run_put(struct sim_call *call)
{
	(void)call;			/* whoever keeps the slots does it */
}

static void run_same(struct sim_call *call)
{
	call->result.ret = umm_mm_same(call->mm, call->other);
}

/* ---- set up ---- */

static void draw_rlimit(struct sim_random *r, struct sim_op *op)
{
	static const uint64_t which[] = { UMM_RLIMIT_AS, UMM_RLIMIT_DATA, UMM_RLIMIT_MEMLOCK,
					  UMM_RLIMIT_STACK };

	op->arg[0] = which[sim_below(r, 4)];
	op->arg[1] = sim_chance(r, 40) ? UMM_RLIM_INFINITY : PAGE * sim_below(r, 48);
}

static void run_setrlimit(struct sim_call *call)
{
	call->result.ret = umm_setrlimit(call->mm, (uint32_t)ARG(0), ARG(1), UMM_RLIM_INFINITY,
					 &call->why);
}

static void draw_bits(struct sim_random *r, struct sim_op *op)
{
	op->arg[0] = sim_below(r, 64);
	op->arg[1] = sim_below(r, 3);
}

static void run_set_caps(struct sim_call *call)
{
	umm_mm_set_caps(call->mm, (uint32_t)ARG(0));
}

static void run_set_ids(struct sim_call *call)
{
	const uint32_t group = (uint32_t)ARG(0) & 3;

	call->result.ret = umm_mm_set_ids(call->mm, (uint32_t)ARG(1), (uint32_t)ARG(1), &group, 1);
}

static void run_personality(struct sim_call *call)
{
	call->result.ret = umm_personality(call->mm, ARG(0) & 1 ? UMM_ADDR_COMPAT_LAYOUT : 0,
					   &call->why);
}

static void run_thp_disable(struct sim_call *call)
{
	const uint64_t arg[4] = { ARG(0) & 1, 0, 0, 0 };

	call->result.ret = umm_set_thp_disable(call->mm, arg, &call->why);
}

static void run_memory_merge(struct sim_call *call)
{
	const uint64_t arg[4] = { ARG(0) & 1, 0, 0, 0 };

	call->result.ret = umm_set_memory_merge(call->mm, arg, &call->why);
}

static void run_set_mdwe(struct sim_call *call)
{
	if (ARG(0) < 48)		/* it cannot be taken back */
		call->result.ret = umm_prctl_get_mdwe(call->mm, 0, 0, 0, 0, &call->why);
	else
		call->result.ret = umm_prctl_set_mdwe(call->mm, 1, 0, 0, 0, &call->why);
}

/* ---- looked at ---- */

static void draw_addr(struct sim_random *r, struct sim_op *op)
{
	op->arg[0] = sim_draw_addr(r);
}

static void run_maps_line(struct sim_call *call)
{
	umm_addr_t next = 0;
	char line[256];

	call->result.ret = (int64_t)umm_maps_line(call->mm, ARG(0), line, sizeof(line), &next);
	if (call->result.ret && call->result.ret < (int64_t)sizeof(line))
		call->result.more = sim_hash(next, line, (size_t)call->result.ret);
}

static void run_maps_text(struct sim_call *call)
{
	char text[8192];

	call->result.ret = (int64_t)umm_maps_text(call->mm, text, sizeof(text));
	if (call->result.ret < (int64_t)sizeof(text))
		call->result.more = sim_hash(0, text, (size_t)call->result.ret);
}

/* Not metadata_bytes: what is kept in reserve hangs on what came before. */
static void run_stats(struct sim_call *call)
{
	struct umm_mm_stats stats;

	umm_mm_stats(call->mm, &stats);
	stats.metadata_bytes = 0;
	call->result.more = sim_hash(0, &stats, sizeof(stats));
	call->result.ret = (int64_t)stats.map_count;
}

static void run_find_area(struct sim_call *call)
{
	struct umm_area area = { .size = sizeof(area) };
	const uint64_t *words[] = { &area.start, &area.end, &area.vm_flags, &area.pgoff };

	call->result.ret = umm_find_area(call->mm, ARG(0), &area);
	for (unsigned int i = 0; call->result.ret && i < 4; i++)
		call->result.more = sim_hash(call->result.more, words[i], sizeof(*words[i]));
	call->result.more += (uint64_t)area.anon;
}

static void run_get_unmapped_area(struct sim_call *call)
{
	call->result.ret = umm_get_unmapped_area(call->mm, ARG(0), 4 * PAGE, UMM_PROT_READ,
						 UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS, NULL, 0);
}

static void run_find_guard(struct sim_call *call)
{
	call->result.ret = (int64_t)umm_find_guard(call->mm, AT, AT + MIB);
}

/* A fork charges area by area, and whoever asks meanwhile is told what it has so far. */
static void run_committed(struct sim_call *call)
{
	call->result.ret = umm_world_committed(call->m->world) < 0;
}

static void run_layout(struct sim_call *call)
{
	struct umm_layout layout;

	umm_mm_get_layout(call->mm, &layout);
	call->result.ret = (int64_t)layout.brk;
}

static void run_get_thp(struct sim_call *call)
{
	call->result.ret = umm_thp_disable(call->mm);
}

static void run_get_merge(struct sim_call *call)
{
	call->result.ret = umm_memory_merge(call->mm);
}

static const struct sim_kind kinds[] = {
	{ "fork", SIM_MAKES, 6, draw_nothing, run_fork },
	{ "clone", SIM_MAKES, 3, draw_nothing, run_clone },
	{ "exec", SIM_MAKES, 1, draw_nothing, run_exec },
	{ "new", SIM_MAKES, 1, draw_nothing, run_new },
	{ "put", SIM_PUTS, 2, draw_nothing, run_put },
	{ "same", SIM_OTHER, 2, draw_nothing, run_same },
	{ "setrlimit", 0, 3, draw_rlimit, run_setrlimit },
	{ "set_caps", 0, 2, draw_bits, run_set_caps },
	{ "set_ids", 0, 2, draw_bits, run_set_ids },
	{ "personality", 0, 1, draw_bits, run_personality },
	{ "thp_disable", 0, 1, draw_bits, run_thp_disable },
	{ "memory_merge", 0, 1, draw_bits, run_memory_merge },
	{ "mdwe", 0, 1, draw_bits, run_set_mdwe },
	{ "maps_line", 0, 3, draw_addr, run_maps_line },
	{ "maps_text", 0, 3, draw_nothing, run_maps_text },
	{ "stats", 0, 3, draw_nothing, run_stats },
	{ "find_area", 0, 2, draw_addr, run_find_area },
	{ "get_unmapped_area", 0, 2, draw_addr, run_get_unmapped_area },
	{ "find_guard", 0, 1, draw_nothing, run_find_guard },
	{ "committed", 0, 2, draw_nothing, run_committed },
	{ "layout", 0, 1, draw_nothing, run_layout },
	{ "get_thp_disable", 0, 1, draw_nothing, run_get_thp },
	{ "get_memory_merge", 0, 1, draw_nothing, run_get_merge },
};

const struct sim_kinds sim_kinds_process = { kinds, sizeof(kinds) / sizeof(kinds[0]) };
