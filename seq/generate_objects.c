/*
 * generate_objects.c - the arguments of calls on segments, seals and userfaultfds: as a rule
 * about one that an earlier step made, and that is still there.
 */
#include "seq/generate_inside.h"

#define PAGES(n) ((n) * SEQ_PAGE)

/* $n for a step with that call that succeeded, of the last few; false if there is none. */
static bool answer_of(struct generator *g, unsigned int call, struct seq_value *value)
{
	const struct seq_state *state = g->state;
	uint64_t skip = below(g, 4);
	bool found = false;

	for (size_t i = state->nr; i-- > 0;) {
		if (state->call[i] != call || state->answer[i] < 0)
			continue;
		if (call == SEQ_USERFAULTFD && !(state->open[i] & (1u << g->process)))
			continue;
		*value = (struct seq_value){ .base = SEQ_BASE_RESULT, .step = (uint16_t)i };
		found = true;
		if (!skip--)
			break;
	}
	return found;
}

static void make_shmget(struct generator *g, struct seq_step *step)
{
	static const struct weighted flags[] = {
		{ UMM_IPC_CREAT, 60 }, { UMM_IPC_CREAT | UMM_IPC_EXCL, 18 }, { 0, 18 },
		{ UMM_IPC_CREAT | UMM_SHM_NORESERVE, 8 }, { UMM_IPC_CREAT | UMM_SHM_HUGETLB, 2 },
	};

	set_flags(step, 0, chance(g, 40) ? 0 : 1 + below(g, 3));
	set(g, step, 1, any_length(g));
	if (chance(g, 6))
		step->arg[1] = number(chance(g, 60) ? 0 : UINT64_MAX >> below(g, 8));
	set_flags(step, 2, PICK(g, flags));
}

static bool segment_is_there(struct generator *g, size_t step)
{
	struct umm_shm shm = { .size = sizeof(shm) };

	return g->state->call[step] == SEQ_SHMGET && g->state->answer[step] >= 0 &&
	       !umm_shm_stat(seq_model_world(g->model), (int32_t)g->state->answer[step], &shm);
}

/* An id of ours, most often of a segment that was not removed; now and then none. */
static void put_segment(struct generator *g, struct seq_step *step)
{
	uint64_t skip = below(g, 4);

	step->arg[0] = number(UINT32_MAX - below(g, 2));
	if (chance(g, 5) || (chance(g, 5) && answer_of(g, SEQ_SHMGET, &step->arg[0])))
		return;
	for (size_t i = g->state->nr; i-- > 0;) {
		if (!segment_is_there(g, i))
			continue;
		step->arg[0] = (struct seq_value){ .base = SEQ_BASE_RESULT, .step = (uint16_t)i };
		if (!skip--)
			break;
	}
}

static void make_shmat(struct generator *g, struct seq_step *step)
{
	static const struct weighted flags[] = {
		{ 0, 40 }, { UMM_SHM_RDONLY, 12 }, { UMM_SHM_RND, 8 },
		{ UMM_SHM_REMAP, 40 }, { UMM_SHM_EXEC, 6 }, { UMM_SHM_REMAP | UMM_SHM_RND, 4 },
	};
	uint64_t address = any_page(g), how = PICK(g, flags);

	put_segment(g, step);
	if (chance(g, 10))
		address += 1 + below(g, 4095);
	step->arg[1] = place(g, address);
	if (how & UMM_SHM_REMAP ? chance(g, 5) : chance(g, 70))
		step->arg[1] = number(0);
	set_flags(step, 2, how);
}

static bool is_attached(struct generator *g, const struct umm_area *area)
{
	(void)g;
	return area->file && umm_file_shm(area->file) >= 0;
}

static void make_shmdt(struct generator *g, struct seq_step *step)
{
	struct umm_area area;

	if (chance(g, 92) && find_area_where(g, is_attached, &area))
		step->arg[0] = place(g, area.start - PAGES(area.pgoff));
	else if (!chance(g, 50) || !answer_of(g, SEQ_SHMAT, &step->arg[0]))
		step->arg[0] = place(g, range_of_area(g, UMM_VM_SHARED).start);
}

static void make_shmctl(struct generator *g, struct seq_step *step)
{
	static const struct weighted commands[] = {
		{ UMM_IPC_RMID, 16 }, { UMM_SHM_LOCK, 25 }, { UMM_SHM_UNLOCK, 25 }, { 100, 10 },
	};

	put_segment(g, step);
	set_flags(step, 1, PICK(g, commands));
}

/* Sealed for good is sealed for good: rarely, or nothing else would be seen. */
static void make_add_seals(struct generator *g, struct seq_step *step)
{
	static const struct weighted seals[] = {
		{ UMM_F_SEAL_SHRINK, 24 }, { UMM_F_SEAL_GROW, 24 }, { 0, 10 },
		{ UMM_F_SEAL_FUTURE_WRITE, 10 }, { UMM_F_SEAL_WRITE, 16 }, { UMM_F_SEAL_EXEC, 8 },
		{ UMM_F_SEAL_SEAL, 2 }, { 0x40, 6 }, { 0x6, 6 },
	};
	static const struct weighted files[] = {
		{ SEQ_FILE_MEMFD, 40 }, { SEQ_FILE_MEMFD2, 40 },
		{ SEQ_FILE_MEMFD_READ_ONLY, 5 },
	};

	set_flags(step, 0, chance(g, 85) ? PICK(g, files) : any_file(g));
	set_flags(step, 1, PICK(g, seals));
}

static void make_userfaultfd(struct generator *g, struct seq_step *step)
{
	set_flags(step, 0, chance(g, 50) ? 0 : UMM_UFFD_FEATURE_WP_ASYNC);
}

static void make_uffd_range(struct generator *g, struct seq_step *step)
{
	static const struct weighted modes[] = {
		{ UMM_UFFD_MODE_MISSING, 20 }, { UMM_UFFD_MODE_WP, 50 }, { UMM_UFFD_MODE_MINOR, 6 },
		{ UMM_UFFD_MODE_MISSING | UMM_UFFD_MODE_WP, 10 }, { 0, 4 }, { 8, 4 },
	};

	if (!answer_of(g, SEQ_USERFAULTFD, &step->arg[0]))
		step->arg[0] = number(0);	/* not allowed: another step is made */
	put_range(g, step, 1, range_of_area(g, 0));
	if (step->call == SEQ_UFFD_REGISTER)
		set_flags(step, 3, PICK(g, modes));
}

static void make_uffd_close(struct generator *g, struct seq_step *step)
{
	if (!answer_of(g, SEQ_USERFAULTFD, &step->arg[0]))
		step->arg[0] = number(0);
}

static void (*const makers[SEQ_CALLS])(struct generator *g, struct seq_step *step) = {
	[SEQ_SHMGET] = make_shmget,
	[SEQ_SHMAT] = make_shmat,
	[SEQ_SHMDT] = make_shmdt,
	[SEQ_SHMCTL] = make_shmctl,
	[SEQ_ADD_SEALS] = make_add_seals,
	[SEQ_USERFAULTFD] = make_userfaultfd,
	[SEQ_UFFD_REGISTER] = make_uffd_range,
	[SEQ_UFFD_UNREGISTER] = make_uffd_range,
	[SEQ_UFFD_CLOSE] = make_uffd_close,
};

void make_object_arguments(struct generator *g, struct seq_step *step)
{
	makers[step->call](g, step);
}
