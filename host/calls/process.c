/*
 * process.c - what a process says of its own address space: prctl(PR_SET_MDWE), prctl(PR_SET_MM),
 * personality, arch_prctl(ARCH_MAP_VDSO_…).
 */
#include <errno.h>
#include <string.h>

#include "host/adopt.h"
#include "host/calls/calls.h"
#include "host/calls/observe.h"
#include "host/limits.h"
#include "host/ptrace.h"
#include "host/settings.h"

/* ---- PR_SET_MDWE ---- */

static void mdwe_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;

	(void)f;
	call->pub.predicted = umm_prctl_set_mdwe(task->space->mm, arg[1], arg[2], arg[3], arg[4],
						 task->why);
}

const struct call_ops call_set_mdwe = { .predict = mdwe_predict };

/* ---- PR_SET_MM ---- */

/* struct prctl_mm_map: eleven addresses, a pointer, a size, a descriptor. */
#define MAP_WORDS (UMM_SET_MM_MAP_BYTES / sizeof(uint64_t))
#define NO_EXE UINT32_C(0xffffffff)

/* True if the first and the last of @bytes at @addr can be read: the vector spans two pages. */
static bool readable(const struct task *task, uint64_t addr, uint64_t bytes)
{
	uint64_t word;

	return bytes && ptrace_peek(task->tid, addr, &word) == 0 &&
	       (bytes < 8 || ptrace_peek(task->tid, addr + bytes - 8, &word) == 0);
}

/* What the program handed over; false if it cannot be read. */
static bool read_map(const struct task *task, struct umm_set_mm_map *map, uint32_t *exe_fd)
{
	uint64_t word[MAP_WORDS], at = task->call.pub.arg[2];

	for (size_t i = 0; i < MAP_WORDS; i++)
		if (ptrace_peek(task->tid, at + i * sizeof(word[0]), &word[i]) != 0)
			return false;
	*map = (struct umm_set_mm_map){
		.size = sizeof(*map),
		.start_code = word[0], .end_code = word[1],
		.start_data = word[2], .end_data = word[3],
		.start_brk = word[4], .brk = word[5], .start_stack = word[6],
		.arg_start = word[7], .arg_end = word[8],
		.env_start = word[9], .env_end = word[10],
		.auxv = word[11], .auxv_size = (uint32_t)word[12],
	};
	*exe_fd = (uint32_t)(word[12] >> 32);
	map->auxv_readable = readable(task, map->auxv, map->auxv_size);
	return true;
}

/* The model's answer in @mm; *exe: the call names a file too, which nobody here judges. */
static int64_t set_mm(struct task *task, struct umm_mm *mm, bool *exe)
{
	const uint64_t *arg = task->call.pub.arg;
	struct umm_set_mm_map map = { .size = sizeof(map) }, *handed = NULL;
	uint32_t exe_fd = NO_EXE;

	if (arg[1] == UMM_SET_MM_MAP && arg[3] == UMM_SET_MM_MAP_BYTES) {
		handed = read_map(task, &map, &exe_fd) ? &map : NULL;
	} else if (arg[1] == UMM_SET_MM_AUXV) {
		map.auxv_readable = readable(task, arg[2], arg[3]);
		handed = &map;
	}
	*exe = exe_fd != NO_EXE || arg[1] == UMM_SET_MM_EXE_FILE;
	return umm_prctl_set_mm(mm, arg[1], arg[2], arg[3], arg[4], handed, task->why);
}

/* Does the call name a new file for /proc/PID/exe?  Its other effects hang on that file then. */
static bool names_a_file(struct task *task)
{
	const uint64_t *arg = task->call.pub.arg;
	struct umm_set_mm_map map;
	uint32_t exe_fd;

	if (arg[1] != UMM_SET_MM_MAP || arg[3] != UMM_SET_MM_MAP_BYTES)
		return arg[1] == UMM_SET_MM_EXE_FILE;
	return read_map(task, &map, &exe_fd) && exe_fd != NO_EXE;
}

static void set_mm_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	struct umm_mm *mm = task->space->mm;
	bool exe;

	limits_ensure(task);
	if (!names_a_file(task)) {
		call->pub.predicted = set_mm(task, mm, &exe);
		return;
	}
	/* What is checked before the file can be said; done is it when the kernel took the file. */
	if (umm_mm_clone(mm, &mm) != 0) {
		f->no_memory = true;
		call->pub.modelled = false;
		return;
	}
	call->pub.predicted = set_mm(task, mm, &exe);
	umm_mm_put(mm);
}

static bool set_mm_agrees(struct follower *f, struct task *task)
{
	struct follow_call *pub = &task->call.pub;

	if (pub->got == pub->predicted)
		return true;
	if (pub->got >= 0 || pub->predicted < 0 || !names_a_file(task))
		return false;
	pub->adopted = true;
	adopt_count(f, task, pub, ADOPT_EXE_FILE, NULL);
	return true;
}

static void set_mm_after(struct follower *f, struct task *task, int64_t got)
{
	bool exe;

	(void)f;
	if (got == 0 && names_a_file(task))
		(void)set_mm(task, task->space->mm, &exe);
}

const struct call_ops call_set_mm = {
	.predict = set_mm_predict,
	.agrees = set_mm_agrees,
	.after = set_mm_after,
};

/* ---- personality ---- */

static void personality_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	uint32_t wanted = (uint32_t)call->pub.arg[0];

	(void)f;
	call->pub.predicted = umm_personality(task->space->mm, wanted, task->why);
	if (wanted != UMM_PERSONALITY_QUERY)
		task->personality = task->space->personality = wanted;
}

static void personality_diverged(struct follower *f, struct task *task, int64_t got)
{
	(void)f;
	(void)got;
	limits_read_personality(task);
}

const struct call_ops call_personality = {
	.predict = personality_predict,
	.diverged = personality_diverged,
};

/* ---- the vdso ---- */

#define ARCH_MAP_VDSO_X32 0x2001
#define ARCH_MAP_VDSO_64 0x2003

static void vdso_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	uint32_t option = (uint32_t)call->pub.arg[0];
	struct umm_vdso_image image = f->settings->vdso;
	struct umm_area area = { .size = sizeof(area) };

	limits_ensure(task);
	image.missing = f->settings->no_vdso_option[option - ARCH_MAP_VDSO_X32];
	if (!image.vdso_pages)
		image.vdso_pages = 1;
	/* Only of its own kind does the tool know the size; which refuses does not hang on it. */
	call->pub.predicted = umm_map_vdso(task->space->mm, call->pub.arg[1], &image, task->why);
	if (call->pub.predicted < 0)
		return;
	if (option != ARCH_MAP_VDSO_64 || !f->settings->vdso.vdso_pages) {
		call->adopt_reason = "vdso of another architecture";
		return;
	}
	for (uint64_t at = 0; umm_find_area(task->space->mm, at, &area); at = area.end) {
		if (area.name == UMM_NAME_VVAR)
			call->start = area.start;
		if (area.name == UMM_NAME_VDSO)
			call->end = area.end;
	}
}

const struct call_ops call_map_vdso = { .predict = vdso_predict };

/* ---- shadow stacks ---- */

#define ARCH_SHSTK_ENABLE 0x5001

/* Where there are some, what is done with them is the kernel's to say. */
static bool shadow_stacks_adopted(struct follower *f, struct task *task)
{
	struct call *call = &task->call;

	if (!f->settings->shadow_stacks)
		return false;
	adopt_answer(call, ADOPT_SHADOW_STACKS);
	return true;
}

static void map_shadow_stack_predict(struct follower *f, struct task *task)
{
	const uint64_t *arg = task->call.pub.arg;

	if (!shadow_stacks_adopted(f, task))
		task->call.pub.predicted = umm_map_shadow_stack(task->space->mm, arg[0], arg[1],
								arg[2], task->why);
}

static void shstk_predict(struct follower *f, struct task *task)
{
	const uint64_t *arg = task->call.pub.arg;

	if (!shadow_stacks_adopted(f, task))
		task->call.pub.predicted = umm_shstk_prctl(task->space->mm,
							   (uint32_t)arg[0] == ARCH_SHSTK_ENABLE,
							   arg[1], task->why);
}

const struct call_ops call_map_shadow_stack = { .predict = map_shadow_stack_predict };
const struct call_ops call_shstk = { .predict = shstk_predict };
