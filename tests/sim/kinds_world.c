/*
 * kinds_world.c - what the address spaces of a world share: segments, files, settings.
 */
#include "machine.h"

#define ARG(n) (call->op->arg[n])

/* The ids that a fresh world gives first; a few that it never gave. */
static uint64_t draw_id(struct sim_random *r)
{
	return sim_below(r, 6);
}

static void draw_shmget(struct sim_random *r, struct sim_op *op)
{
	static const uint64_t more[] = { 0, UMM_IPC_CREAT, UMM_IPC_CREAT,
					 UMM_IPC_CREAT | UMM_IPC_EXCL };

	op->arg[0] = sim_below(r, 3);	/* the key; IPC_PRIVATE among them */
	op->arg[1] = sim_draw_len(r);
	op->arg[2] = more[sim_below(r, 4)] | (sim_chance(r, 80) ? 0666 : 0600) |
		     (sim_chance(r, 5) ? UMM_SHM_HUGETLB : 0) |
		     (sim_chance(r, 10) ? UMM_SHM_NORESERVE : 0);
}

static void run_shmget(struct sim_call *call)
{
	call->result.ret = umm_shmget(call->mm, (int32_t)ARG(0), ARG(1), ARG(2), &call->why);
}

static void draw_shmat(struct sim_random *r, struct sim_op *op)
{
	static const uint64_t some[] = { 0, 0, UMM_SHM_RDONLY, UMM_SHM_REMAP, UMM_SHM_RND };

	op->arg[0] = draw_id(r);
	op->arg[1] = sim_chance(r, 30) ? 0 : sim_draw_addr(r);
	op->arg[2] = some[sim_below(r, 5)];
}

static void run_shmat(struct sim_call *call)
{
	call->result.ret = umm_shmat(call->mm, (int32_t)ARG(0), ARG(1), ARG(2), &call->why);
}

static void draw_addr(struct sim_random *r, struct sim_op *op)
{
	op->arg[0] = sim_draw_addr(r);
}

static void run_shmdt(struct sim_call *call)
{
	call->result.ret = umm_shmdt(call->mm, ARG(0), &call->why);
}

static void draw_shmctl(struct sim_random *r, struct sim_op *op)
{
	static const uint64_t commands[] = { UMM_IPC_RMID, UMM_IPC_RMID, UMM_IPC_SET, UMM_SHM_LOCK,
					     UMM_SHM_UNLOCK };

	op->arg[0] = draw_id(r);
	op->arg[1] = commands[sim_below(r, 5)];
	op->arg[2] = sim_below(r, 3);
}

static void run_shmctl(struct sim_call *call)
{
	struct umm_shm set = { .size = sizeof(set), .uid = (uint32_t)ARG(2), .mode = 0640 };

	call->result.ret = umm_shmctl(call->mm, (int32_t)ARG(0), (int)ARG(1), &set, &call->why);
}

static void draw_shm_id(struct sim_random *r, struct sim_op *op)
{
	op->arg[0] = draw_id(r);
}

/* Not nattch: a call that attaches counts while it is under way, in Linux too. */
static void run_shm_stat(struct sim_call *call)
{
	struct umm_shm shm = { .size = sizeof(shm) };

	call->result.ret = umm_shm_stat(call->m->world, (int32_t)ARG(0), &shm);
	shm.nattch = 0;
	if (!call->result.ret)
		call->result.more = sim_hash(0, &shm, sizeof(shm));
}

static void run_shm_next(struct sim_call *call)
{
	call->result.ret = umm_shm_next(call->m->world, (int32_t)ARG(0) - 1);
}

/* ---- what the embedder promises to do alone ---- */

static void draw_settings(struct sim_random *r, struct sim_op *op)
{
	op->arg[0] = sim_below(r, 3);
	op->arg[1] = 8 + sim_below(r, 100);
}

static void run_world_set(struct sim_call *call)
{
	struct umm_settings *settings = &call->m->settings;

	/* Where memory is short it stays strict or not: machine_is_strict(). */
	if (settings->totalram_pages > UINT32_MAX || ARG(2))
		settings->overcommit_memory = (uint32_t)ARG(0);
	settings->max_map_count = ARG(1);
	if (ARG(2))			/* of scenes alone */
		settings->totalram_pages = ARG(2);
	call->result.ret = umm_world_set(call->m->world, settings);
}

static void draw_file(struct sim_random *r, struct sim_op *op)
{
	op->arg[0] = sim_below(r, SIM_FILES);
	op->arg[1] = sim_below(r, 16) * PAGE;
}

static void run_add_seals(struct sim_call *call)
{
	static const uint32_t seals[] = { UMM_F_SEAL_GROW, UMM_F_SEAL_FUTURE_WRITE,
					  UMM_F_SEAL_WRITE, UMM_F_SEAL_SEAL };
	struct umm_file *file = call->m->file[1];
	uint64_t mapped = 0;

	for (int i = 0; i < call->m->nr_mms; i++)
		if (call->m->mm[i].handle)
			mapped += umm_mm_writable_mappings(call->m->mm[i].handle, file);
	call->result.more = mapped;
	call->result.ret = umm_file_add_seals(file, seals[ARG(1) / PAGE % 4], false, mapped,
					      &call->why);
}

static void run_set_size(struct sim_call *call)
{
	umm_file_set_size(call->m->file[ARG(0)], ARG(1));
}

static void run_set_path(struct sim_call *call)
{
	call->result.ret = umm_file_set_path(call->m->file[ARG(0)],
					     ARG(1) & PAGE ? "/renamed" : "/a/file (deleted)");
}

static void run_writable_mappings(struct sim_call *call)
{
	call->result.ret = (int64_t)umm_mm_writable_mappings(call->mm, call->m->file[ARG(0)]);
}

static const struct sim_kind kinds[] = {
	{ "shmget", 0, 5, draw_shmget, run_shmget },
	{ "shmat", 0, 5, draw_shmat, run_shmat },
	{ "shmdt", 0, 3, draw_addr, run_shmdt },
	{ "shmctl", 0, 4, draw_shmctl, run_shmctl },
	{ "shm_stat", 0, 2, draw_shm_id, run_shm_stat },
	{ "shm_next", 0, 1, draw_shm_id, run_shm_next },
	{ "world_set", SIM_EXCLUSIVE, 1, draw_settings, run_world_set },
	{ "add_seals", SIM_EXCLUSIVE, 1, draw_file, run_add_seals },
	{ "set_size", SIM_EXCLUSIVE, 1, draw_file, run_set_size },
	{ "set_path", SIM_EXCLUSIVE, 1, draw_file, run_set_path },
	{ "writable_mappings", 0, 1, draw_file, run_writable_mappings },
};

const struct sim_kinds sim_kinds_world = { kinds, sizeof(kinds) / sizeof(kinds[0]) };
