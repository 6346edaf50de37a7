/*
 * state.c - which step may be executed next: see state.h.  Also part of the executor: no libc but
 * the four mem*.
 */
#include <string.h>

#include "seq/pages.h"
#include "seq/state.h"

#define LOWER_HALF (UINT64_C(1) << 47)
#define NOBODY UINT8_MAX

void seq_state_init(struct seq_state *state, const struct seq_start *start)
{
	memcpy(state->bases.base, start->base, sizeof(state->bases.base));
	state->bases.answer = state->answer;
	state->bases.nr_answers = 0;
	state->own_start = start->own_start;
	state->own_end = start->own_end;
	state->alive = 1;
	state->nr = 0;
}

uint64_t seq_arg(const struct seq_state *state, const struct seq_step *step, unsigned int arg)
{
	return seq_resolve(&state->bases, &step->arg[arg]);
}

int seq_state_free_process(const struct seq_state *state)
{
	for (int i = 0; i < SEQ_PROCESSES; i++) {
		if (!(state->alive & (1u << i)))
			return i;
	}
	return -1;
}

static bool is_alive(const struct seq_state *state, uint64_t process)
{
	return process < SEQ_PROCESSES && (state->alive & (1u << process));
}

/* ---- answers of other steps ---------------------------------------------------------------- */

/* The step that $n names succeeded, and was this call; SEQ_CALLS: any that answers a number. */
static bool names_answer_of(const struct seq_state *state, const struct seq_value *value,
			    unsigned int call)
{
	if (value->base != SEQ_BASE_RESULT || value->step >= state->nr ||
	    state->answer[value->step] < 0)
		return false;
	if (call != SEQ_CALLS)
		return state->call[value->step] == call && value->offset == 0;
	return seq_call_info(state->call[value->step])->answer != SEQ_ANSWER_NAME;
}

/* An id of a segment of ours, or one that nobody has. */
static bool names_segment(const struct seq_state *state, const struct seq_value *value)
{
	if (value->base == SEQ_BASE_NUMBER)
		return (int32_t)value->offset < 0;
	return names_answer_of(state, value, SEQ_SHMGET);
}

static bool names_userfaultfd(const struct seq_state *state, const struct seq_step *step)
{
	const struct seq_value *value = &step->arg[0];

	return names_answer_of(state, value, SEQ_USERFAULTFD) &&
	       (state->open[value->step] & (1u << step->process)) &&
	       state->owner[value->step] != NOBODY;
}

static bool value_allowed(const struct seq_state *state, const struct seq_step *step,
			  unsigned int arg, unsigned int kind)
{
	const struct seq_value *value = &step->arg[arg];

	if (kind == SEQ_KIND_FILE)
		return value->base == SEQ_BASE_NUMBER && value->offset < SEQ_FILES;
	if (kind == SEQ_KIND_PROCESS)
		return value->base == SEQ_BASE_NUMBER && is_alive(state, value->offset);
	if (arg == 0) {
		switch (step->call) {
		case SEQ_SHMAT:
		case SEQ_SHMCTL:
			return names_segment(state, value);
		case SEQ_UFFD_REGISTER:
		case SEQ_UFFD_UNREGISTER:
		case SEQ_UFFD_CLOSE:
			return names_userfaultfd(state, step);
		default:
			break;
		}
	}
	return value->base < SEQ_BASES &&
	       (value->base != SEQ_BASE_RESULT || names_answer_of(state, value, SEQ_CALLS));
}

/* ---- the executor itself ------------------------------------------------------------------- */

/* [addr, addr + len), to whole pages.  One that wraps around goes to the end. */
static bool reaches_own(const struct seq_state *state, uint64_t addr, uint64_t len)
{
	uint64_t start = addr & ~(SEQ_PAGE - 1), end = addr + len + (SEQ_PAGE - 1);

	if (end < addr || addr + len < addr)
		end = UINT64_MAX;
	return start < state->own_end && (end & ~(SEQ_PAGE - 1)) > state->own_start;
}

static uint64_t at_least_one(uint64_t len)
{
	return len ? len : 1;
}

static bool mremap_reaches_own(const struct seq_state *state, const uint64_t *arg)
{
	if (reaches_own(state, arg[0], at_least_one(arg[1])))
		return true;
	return (arg[3] & 0x2) && reaches_own(state, arg[4], arg[2]);
}

/* The first argument that is an address, with the length behind it. */
static bool range_reaches_own(const struct seq_state *state, const struct seq_step *step,
			      const uint64_t *arg)
{
	const uint8_t *kind = seq_call_info(step->call)->kind;

	for (unsigned int i = 0; kind[i] != SEQ_KIND_NONE; i++) {
		if (kind[i] == SEQ_KIND_ADDR)
			return reaches_own(state, arg[i],
					   kind[i + 1] == SEQ_KIND_LEN ? arg[i + 1] : 1);
	}
	return false;
}

static bool step_reaches_own(const struct seq_state *state, const struct seq_step *step,
			     const uint64_t *arg)
{
	const uint64_t fixed = 0x10 | 0x100000;

	switch (step->call) {
	case SEQ_MMAP:
		return (arg[3] & fixed) && reaches_own(state, arg[0], arg[1]);
	case SEQ_MREMAP:
		return mremap_reaches_own(state, arg);
	case SEQ_MINCORE:
		return range_reaches_own(state, step, arg) ||
		       reaches_own(state, arg[2], (arg[1] >> 12) + 1);
	case SEQ_MANY:
		return reaches_own(state, arg[0], arg[1] * SEQ_PAGE);
	case SEQ_SHMAT:			/* SHM_REMAP: as long as the segment is */
		return (arg[2] & 040000) && arg[1] < state->own_end;
	case SEQ_SHMDT:			/* there is no segment */
		return false;
	case SEQ_BRK:
		return arg[0] && arg[0] < state->own_end;
	case SEQ_SET_MM:		/* where the heap begins and ends: brk shrinks it */
		return (arg[0] == 6 || arg[0] == 7) && arg[1] < state->own_end;
	default:
		return range_reaches_own(state, step, arg);
	}
}

/* ---- values with consequences -------------------------------------------------------------- */

static bool advice_allowed(uint64_t advice)
{
	return (uint32_t)advice != 100 && (uint32_t)advice != 101;
}

static bool resource_allowed(uint64_t resource)
{
	return resource == 2 || resource == 3 || resource == 8 || resource == 9 || resource >= 16;
}

static bool personality_allowed(uint64_t personality)
{
	return !(personality & ~UINT64_C(0x0740000)) || personality == UINT32_MAX;
}

/* Whole pages of the lower half, at least one. */
static bool look_allowed(const uint64_t *arg)
{
	return (arg[0] | arg[1]) % SEQ_PAGE == 0 && arg[1] && arg[0] < LOWER_HALF &&
	       arg[1] <= LOWER_HALF - arg[0];
}

static bool numbers_allowed(const struct seq_state *state, const struct seq_step *step,
			    const uint64_t *arg)
{
	switch (step->call) {
	case SEQ_MADVISE:
		return advice_allowed(arg[2]);
	case SEQ_PROCESS_MADVISE:
		return advice_allowed(arg[3]);
	case SEQ_SHMGET:
		return arg[0] < 16;
	case SEQ_SHMCTL:
		return arg[1] == 0 || arg[1] == 11 || arg[1] == 12 || (uint32_t)arg[1] >= 100;
	case SEQ_USERFAULTFD:
		return !(arg[0] & ~UINT64_C(0x8000));
	case SEQ_SETRLIMIT:
		return resource_allowed((uint32_t)arg[0]);
	case SEQ_PERSONALITY:
		return personality_allowed(arg[0]);
	case SEQ_READ:
	case SEQ_WRITE:
	case SEQ_STORE:
		return arg[0] < LOWER_HALF;
	case SEQ_PAGES:
		return look_allowed(arg) && arg[1] / SEQ_PAGE <= SEQ_PAGES_MOST &&
		       arg[2] <= SEQ_PAGES_ALL;
	case SEQ_SMAPS:
		return look_allowed(arg);
	case SEQ_FORK:
		return seq_state_free_process(state) >= 0;
	case SEQ_EXIT:
		return step->process != 0;
	case SEQ_MANY:
		return arg[1] <= SEQ_MANY_MAX;
	default:
		return true;
	}
}

bool seq_step_allowed(const struct seq_state *state, const struct seq_step *step)
{
	const struct seq_call_info *info;
	uint64_t arg[SEQ_ARGS];

	if (state->nr >= SEQ_STEPS_MAX || step->call >= SEQ_CALLS ||
	    !is_alive(state, step->process))
		return false;
	info = seq_call_info(step->call);
	for (unsigned int i = 0; info->kind[i] != SEQ_KIND_NONE; i++) {
		if (!value_allowed(state, step, i, info->kind[i]))
			return false;
		arg[i] = seq_arg(state, step, i);
	}
	return numbers_allowed(state, step, arg) && !step_reaches_own(state, step, arg);
}

/* ---- what came of it ----------------------------------------------------------------------- */

/* The child has open what its parent has. */
static void process_born(struct seq_state *state, unsigned int parent, unsigned int child)
{
	state->alive |= (uint8_t)(1u << child);
	for (size_t i = 0; i < state->nr; i++) {
		if (state->call[i] == SEQ_USERFAULTFD && (state->open[i] & (1u << parent)))
			state->open[i] |= (uint8_t)(1u << child);
	}
}

static void process_gone(struct seq_state *state, unsigned int process)
{
	state->alive &= (uint8_t)~(1u << process);
	for (size_t i = 0; i < state->nr; i++) {
		if (state->call[i] != SEQ_USERFAULTFD)
			continue;
		state->open[i] &= (uint8_t)~(1u << process);
		if (state->owner[i] == process)
			state->owner[i] = NOBODY;
	}
}

void seq_step_done(struct seq_state *state, const struct seq_step *step, int64_t answer)
{
	size_t nr = state->nr;
	size_t of = step->arg[0].step;

	if (nr >= SEQ_STEPS_MAX)
		return;
	state->answer[nr] = answer;
	state->call[nr] = step->call;
	state->open[nr] = 0;
	state->owner[nr] = NOBODY;
	if (answer >= 0) {
		switch (step->call) {
		case SEQ_USERFAULTFD:
			state->open[nr] = (uint8_t)(1u << step->process);
			state->owner[nr] = step->process;
			break;
		case SEQ_UFFD_CLOSE:
			state->open[of] &= (uint8_t)~(1u << step->process);
			break;
		case SEQ_FORK:
			if (answer < SEQ_PROCESSES)
				process_born(state, step->process, (unsigned int)answer);
			break;
		case SEQ_EXIT:
			process_gone(state, step->process);
			break;
		default:
			break;
		}
	}
	state->bases.nr_answers = ++state->nr;
}

/* "name" and the number in decimal; without a libc, since the executor has none. */
static void number_name(uint64_t number, char *name)
{
	char digits[20];
	size_t nr = 0, at = 4;

	memcpy(name, "name", 4);
	for (; number; number /= 10)
		digits[nr++] = (char)('0' + number % 10);
	while (nr)
		name[at++] = digits[--nr];
	name[at] = '\0';
}

bool seq_vma_name(uint64_t number, char *name)
{
	if (!number || number == SEQ_NAME_UNREADABLE)
		return false;
	if (number == SEQ_NAME_BAD) {
		memcpy(name, "a[b", 4);
	} else if (number == SEQ_NAME_LONG) {
		memset(name, '0', SEQ_VMA_NAME_SIZE - 6);
		name[SEQ_VMA_NAME_SIZE - 6] = '\0';
	} else {
		number_name(number, name);
	}
	return true;
}
