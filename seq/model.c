/*
 * model.c - the library executes a sequence: a world, its processes, their files.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "seq/model_inside.h"

static void *plain_alloc(void *ctx, size_t bytes)
{
	(void)ctx;
	return aligned_alloc(64, (bytes + 63) & ~(size_t)63);
}

static void plain_free(void *ctx, void *ptr, size_t bytes)
{
	(void)ctx;
	(void)bytes;
	free(ptr);
}

static const struct umm_platform plain_platform = {
	.size = sizeof(struct umm_platform),
	.alloc = plain_alloc,
	.free = plain_free,
};

static int new_file(struct seq_model *model, unsigned int nr)
{
	const struct seq_start_file *known = &model->known[nr];
	struct umm_file_desc desc;

	umm_file_desc_init(&desc, known->kind);
	desc.align = known->align;
	desc.flags = known->flags;
	desc.dev_major = known->dev_major;
	desc.dev_minor = known->dev_minor;
	desc.inode = known->inode;
	desc.huge_shift = known->huge_shift;
	desc.bytes = known->bytes;
	desc.path = known->path[0] ? known->path : NULL;
	desc.cookie = (void *)(uintptr_t)(nr < SEQ_FILES ? nr : 0);
	if (nr == SEQ_FILE_PATTERN)
		desc.read_page = model_pattern_page;
	return umm_file_new(model->world, &desc, &model->file[nr]);
}

/* Of files that are no descriptor's, those are there that have a size. */
static int new_files(struct seq_model *model)
{
	for (unsigned int i = SEQ_FILE_NONE + 1; i < SEQ_START_FILES; i++) {
		int err;

		if (i >= SEQ_FILES && !model->known[i].bytes)
			continue;
		err = new_file(model, i);
		if (err)
			return err;
	}
	return 0;
}

static int import_area(struct seq_model *model, const struct seq_start_area *known)
{
	struct umm_area area = {
		.size = sizeof(area),
		.start = known->start,
		.end = known->end,
		.vm_flags = known->vm_flags,
		.pgoff = (known->file ? known->offset : known->start) / SEQ_PAGE,
		.name = known->name,
		.anon = known->written ? UMM_ANON_OWN : UMM_ANON_NONE,
	};

	if (known->file >= SEQ_START_FILES)
		return -EINVAL;
	area.file = model->file[known->file];
	return umm_area_import(model->mm[0], &area);
}

static void set_limits(struct umm_mm *mm, const struct seq_start *start)
{
	umm_mm_set_rlimit(mm, UMM_RLIMIT_DATA, start->data.soft, start->data.hard);
	umm_mm_set_rlimit(mm, UMM_RLIMIT_STACK, start->stack.soft, start->stack.hard);
	umm_mm_set_rlimit(mm, UMM_RLIMIT_MEMLOCK, start->memlock.soft, start->memlock.hard);
	umm_mm_set_rlimit(mm, UMM_RLIMIT_AS, start->as.soft, start->as.hard);
}

/* The first process, as it stands before the first step. */
static int new_process(struct seq_model *model, const struct seq_start *start)
{
	int err = umm_mm_new(model->world, &model->mm[0]);

	if (err)
		return err;
	err = umm_mm_set_layout(model->mm[0], &start->layout);
	if (err)
		return err;
	err = umm_mm_set_ids(model->mm[0], start->uid, start->gid, start->groups,
			     start->nr_groups);
	if (err)
		return err;
	umm_mm_set_caps(model->mm[0], start->caps);
	umm_mm_set_personality(model->mm[0], start->personality);
	set_limits(model->mm[0], start);
	for (size_t i = 0; i < start->nr_areas && !err; i++)
		err = import_area(model, &start->area[i]);
	return err;
}

int seq_model_new(const struct umm_settings *settings, const struct seq_start *start,
		  const struct umm_platform *platform, struct seq_model **out)
{
	struct seq_model *model = malloc(sizeof(*model));
	struct seq_start plain;
	int err;

	if (!model)
		return -ENOMEM;
	if (!start) {
		seq_start_plain(&plain);
		start = &plain;
	}
	/* What the steps leave behind is not looked at before they were there. */
	memset(model, 0, offsetof(struct seq_model, features));
	if (settings) {
		model->settings = *settings;
	} else {
		umm_settings_init(&model->settings, UMM_KERNEL_NEWEST);
		model->settings.anon_vma_name = true;
	}
	memcpy(model->known, start->file, sizeof(model->known));
	model->shm_key = start->shm_key;
	model->counts_locked = !(start->caps & UMM_CAP_IPC_LOCK);
	model->pages_seen = start->pages_seen;
	model->zero_seen = start->zero_seen;
	model->no_userfaultfd = start->no_userfaultfd;
	model->fixed_32bit = start->personality & UMM_ADDR_NO_RANDOMIZE;
	seq_state_init(&model->state, start);
	err = umm_world_new(platform ? platform : &plain_platform, &model->settings,
			    &model->world);
	if (!err)
		err = new_files(model);
	if (!err)
		err = new_process(model, start);
	if (err) {
		seq_model_free(model);
		return err;
	}
	*out = model;
	return 0;
}

uint64_t seq_model_end(struct seq_model *model)
{
	uint64_t total = 0, left;

	for (unsigned int i = 0; i < SEQ_PROCESSES; i++) {
		if (model->mm[i])
			umm_mm_put(model->mm[i]);
		model->mm[i] = NULL;
	}
	for (unsigned int i = 0; i < SEQ_START_FILES; i++) {
		if (model->file[i])
			umm_file_put(model->file[i]);
		model->file[i] = NULL;
	}
	left = model->world ? umm_world_frames(model->world, &total) : 0;
	return total - left;
}

void seq_model_free(struct seq_model *model)
{
	if (!model)
		return;
	(void)seq_model_end(model);
	if (model->world)
		umm_world_free(model->world);
	free(model);
}

void seq_model_set_translate(struct seq_model *model, seq_translate_fn translate)
{
	model->translate = translate;
}

struct umm_world *seq_model_world(struct seq_model *model)
{
	return model->world;
}

struct umm_mm *seq_model_mm(struct seq_model *model, unsigned int process)
{
	return process < SEQ_PROCESSES ? model->mm[process] : NULL;
}

const struct seq_bases *seq_model_bases(const struct seq_model *model)
{
	return &model->state.bases;
}

const struct seq_state *seq_model_state(const struct seq_model *model)
{
	return &model->state;
}

bool seq_model_is_valid(struct seq_model *model)
{
	for (unsigned int i = 0; i < SEQ_PROCESSES; i++) {
		if (model->mm[i] && !umm_mm_is_valid(model->mm[i]))
			return false;
	}
	return true;
}

/* ---- steps --------------------------------------------------------------------------------- */

static int64_t step_fork(struct seq_model *model, unsigned int process, struct umm_why *why)
{
	int child = seq_state_free_process(&model->state);
	int64_t ret = umm_fork(model->mm[process], &model->mm[child], why);

	if (ret) {
		model->mm[child] = NULL;
		return ret;
	}
	model->locks_future &= (uint8_t)~(1u << child);	/* locks are not inherited */
	return child;
}

/* What it had mapped goes before its descriptors do. */
static int64_t step_exit(struct seq_model *model, unsigned int process)
{
	struct seq_state *state = &model->state;

	umm_mm_put(model->mm[process]);
	model->mm[process] = NULL;
	for (size_t i = 0; i < state->nr; i++) {
		if (state->call[i] == SEQ_USERFAULTFD && state->open[i] == 1u << process)
			model_release_userfaultfd(model, i);
	}
	return 0;
}

static int64_t step_uffd_close(struct seq_model *model, const struct seq_step *step)
{
	size_t of = step->arg[0].step;

	if (model->state.open[of] == 1u << step->process)
		model_release_userfaultfd(model, of);
	return 0;
}

static int64_t execute(struct seq_model *model, const struct seq_step *step, const uint64_t *arg,
		       struct umm_why *why)
{
	switch (step->call) {
	case SEQ_FORK:
		return step_fork(model, step->process, why);
	case SEQ_EXIT:
		return step_exit(model, step->process);
	case SEQ_USERFAULTFD:
		model->features[model->state.nr] = (uint16_t)arg[0];
		return (int64_t)model->state.nr + 1;
	case SEQ_UFFD_CLOSE:
		return step_uffd_close(model, step);
	default:
		return model_call(model, step, arg, why);
	}
}

static bool allows(struct seq_model *model, const struct seq_step *step, uint64_t *arg,
		   uint64_t *fills)
{
	const struct seq_call_info *info;

	if (!seq_step_allowed(&model->state, step))
		return false;
	info = seq_call_info(step->call);
	for (unsigned int i = 0; info->kind[i] != SEQ_KIND_NONE; i++)
		arg[i] = seq_arg(&model->state, step, i);
	if (model_cannot_know(model, step, arg))
		return false;
	*fills = model_fills(model, step, arg);
	if (model->settings.pages == UMM_PAGES_CONTENTS && *fills != UINT64_MAX)
		*fills = 0;
	return *fills <= SEQ_MODEL_FILL - model->filled &&
	       !model_needs_page_tables(model, step, arg, *fills);
}

bool seq_model_allows(struct seq_model *model, const struct seq_step *step)
{
	uint64_t arg[SEQ_ARGS], fills;

	return allows(model, step, arg, &fills);
}

int64_t seq_model_step(struct seq_model *model, const struct seq_step *step, struct umm_why *why)
{
	uint64_t arg[SEQ_ARGS] = { 0 }, fills;
	int64_t answer = SEQ_SKIPPED;

	if (why)
		why->nr = why->lost = 0;
	if (allows(model, step, arg, &fills)) {
		model->filled += fills;
		answer = execute(model, step, arg, why);
		model_touches(model, step, arg, fills, answer);
		if (step->call == SEQ_MLOCKALL && (arg[0] & UMM_MCL_FUTURE))
			model->locks_future |= (uint8_t)(1u << step->process);
	}
	seq_step_done(&model->state, step, answer);
	return answer;
}

int seq_model_learn(struct seq_model *model, int64_t answer)
{
	struct seq_state *state = &model->state;
	size_t last = state->nr - 1;
	int err;

	if (!state->nr || state->call[last] != SEQ_SHMGET || state->answer[last] < 0)
		return -EINVAL;
	if (state->answer[last] == answer)
		return 0;
	err = umm_shm_set_id(model->world, (int32_t)state->answer[last], (int32_t)answer);
	/* The same segment can have been asked for by its key before. */
	for (size_t i = 0; i < last && !err; i++)
		if (state->call[i] == SEQ_SHMGET && state->answer[i] == state->answer[last])
			state->answer[i] = answer;
	if (!err)
		state->answer[last] = answer;
	return err;
}
