/*
 * sides.c - see sides.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crash.h"
#include "host/platform_posix.h"
#include "khugepaged.h"
#include "sides.h"
#include "tests/unit/tlb.h"

#define MANY 3000			/* areas; beyond it, look after each MANY_EVERYth step */
#define MANY_EVERY 64
#define PAGES_FRAMES 131072
#define ZERO_PAGES 1			/* frames that a world keeps */
#define PAGES_EVERY 16			/* with pages: look at areas after so many steps */

const char *part_name(enum part part)
{
	static const char *const name[PARTS] = {
		[PART_NOTHING] = "nothing",
		[PART_ANSWER] = "the answer",
		[PART_MAPS] = "/proc/PID/maps",
		[PART_OTHER_MAPS] = "/proc/PID/maps of the other process",
		[PART_SMAPS] = "Size and VmFlags of /proc/PID/smaps",
		[PART_STATUS] = "the Vm lines of /proc/PID/status",
		[PART_VALID] = "what umm_world_is_valid() says",
		[PART_LEAK] = "frames that were not given back",
		[PART_SKIPPED] = "whether the step is executed",
		[PART_CRASH] = "the library, which crashed",
		[PART_DIED] = "the executor, which died",
		[PART_HANGS] = "the executor, which hangs",
	};

	return name[part];
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void fail(const char *what, int err)
{
	fprintf(stderr, "fuzz: %s: %s\n", what, strerror(-err));
	exit(2);
}

void trial_begin(struct trial *trial, const struct sides *sides)
{
	const char *error = "";
	int err;

	trial->sides = sides;
	trial->seq.step = trial->step;
	trial->seq.nr = 0;
	trial->part = PART_NOTHING;
	trial->at = 0;
	err = seq_native_begin(sides->native, &trial->start, &error);
	if (err)
		fail(error, err);
}

/* Two processors, which remember translations. */
enum { WRITER, READER };

static void *translate(struct umm_mm *mm, umm_addr_t addr, unsigned int access, int *fault)
{
	unit_tlb_cpu(access == UMM_ACCESS_WRITE ? WRITER : READER);
	return unit_tlb_translate(mm, addr, access, fault);
}

/* A library that has crashed gives nothing back: this would soon be too much. */
static struct umm_platform posix;
static void *frames;
static size_t frames_bytes;

static void *frames_alloc(void *ctx, size_t bytes)
{
	frames_bytes = bytes;
	frames = posix.frames_alloc(ctx, bytes);
	return frames;
}

static void frames_free(void *ctx, void *at, size_t bytes)
{
	posix.frames_free(ctx, at, bytes);
	frames = NULL;
}

static void trap(void *ctx, struct umm_mm *mm, uint64_t start, uint64_t end)
{
	(void)ctx;
	(void)mm;
	(void)start;
	(void)end;
	__builtin_trap();
}

static int new_pages_model(const struct trial *trial, struct seq_model **model)
{
	struct umm_settings settings = *seq_native_settings(trial->sides->native);
	struct umm_platform platform;
	int err;

	settings.pages = UMM_PAGES_CONTENTS;
	settings.frames = PAGES_FRAMES;
	umm_platform_posix(&posix);
	platform = posix;
	platform.frames_alloc = frames_alloc;
	platform.frames_free = frames_free;
	unit_tlb_init(&platform);
	if (trial->sides->lie == LIE_DEAF)
		unit_tlb_deafen(READER);
	if (trial->sides->lie == LIE_TRAP)
		platform.tlb_flush = trap;
	err = seq_model_new(&settings, &trial->start, &platform, model);
	if (!err)
		seq_model_set_translate(*model, translate);
	return err;
}

struct seq_model *trial_model(const struct trial *trial)
{
	const struct sides *sides = trial->sides;
	struct seq_model *model;
	int err = sides->pages ? new_pages_model(trial, &model) :
		  seq_model_new(seq_native_settings(sides->native), &trial->start, NULL, &model);

	if (!err)
		err = seq_native_set_rules(sides->native, seq_model_world(model));
	for (size_t i = 0; i < sides->nr_rules && !err; i++)
		err = umm_world_set_rule(seq_model_world(model), sides->rule[i].rule,
					 sides->rule[i].on);
	if (err)
		fail("a model of the executor", err);
	return model;
}

/*
 * Texts of tens of thousands of lines after each step would take minutes.  After the last step all
 * is looked at.
 */
static void choose_looks(struct trial *trial)
{
	struct seq_model *model;
	bool many = false;

	for (size_t i = 0; i < trial->seq.nr; i++)
		trial->blind[i] = trial->sides->pages && trial->sides->every != 1 &&
				  i % PAGES_EVERY && i + 1 < trial->seq.nr;
	for (size_t i = 0; i < trial->seq.nr; i++)
		many |= trial->step[i].call == SEQ_MANY && trial->step[i].arg[1].offset > MANY;
	if (!many)
		return;
	model = trial_model(trial);
	for (size_t i = 0; i < trial->seq.nr; i++) {
		struct umm_mm_stats stats = { 0 };
		struct umm_mm *mm;

		seq_model_step(model, &trial->step[i], NULL);
		mm = seq_model_mm(model, trial->step[i].process);
		if (mm)
			umm_mm_stats(mm, &stats);
		trial->blind[i] = stats.map_count > MANY && i % MANY_EVERY &&
				  i + 1 < trial->seq.nr;
	}
	seq_model_free(model);
}

static void crashed(struct trial *trial, int number)
{
	if (!number)
		return;
	trial->part = PART_CRASH;
	trial->signal = number;
	if (frames)
		frames_free(posix.ctx, frames, frames_bytes);
}

static void predict(void *ctx)
{
	struct trial *trial = ctx;
	struct seq_model *model = trial_model(trial);
	uint64_t begin = now_ns();

	for (trial->at = 0; trial->at < trial->seq.nr; trial->at++)
		trial->predicted[trial->at] = seq_model_step(model, &trial->step[trial->at], NULL);
	trial->model_ns = now_ns() - begin;
	seq_model_free(model);
	choose_looks(trial);
}

/* The kernel shall make no step that the library had no answer to. */
void trial_predict(struct trial *trial)
{
	for (size_t i = 0; i < trial->seq.nr; i++)
		trial->predicted[i] = SEQ_SKIPPED;
	crashed(trial, crash_caught(predict, trial));
	for (size_t i = 0; i < trial->seq.nr; i++)
		trial->skip[i] = trial->predicted[i] == SEQ_SKIPPED;
}

void trial_post(struct trial *trial)
{
	const struct seq_native_wishes wishes = {
		.maps = true,
		.blind = trial->blind,
		.every = trial->sides->every,
		.timeout_ms = trial->sides->timeout_ms,
	};
	int err;

	trial->doings = trial->sides->pages ? khugepaged_doings() : 0;
	err = seq_native_post(trial->sides->native, &trial->seq, trial->skip, &wishes);

	if (err)
		fail("a sequence for the executor", err);
}

void trial_wait(struct trial *trial)
{
	const struct seq_native *native = trial->sides->native;
	const char *error;
	int err = seq_native_wait(trial->sides->native, &error);
	size_t nr = seq_native_state(native)->nr;

	memcpy(trial->answer, seq_native_state(native)->answer, nr * sizeof(*trial->answer));
	trial->bases = seq_native_state(native)->bases;
	trial->bases.answer = trial->answer;
	if (err) {
		trial->part = err == -ETIMEDOUT ? PART_HANGS : PART_DIED;
		trial->at = nr;
		return;
	}
	for (size_t i = 0; i < nr; i++)
		trial->seen[i] = *seq_native_seen(native, i);
	trial->native_ns = seq_native_ns(native);
}

/* ---- what is compared ---- */

bool answers_agree(unsigned int call, int64_t a, int64_t b)
{
	if (seq_call_info(call)->answer == SEQ_ANSWER_NAME && a >= 0 && b >= 0)
		return true;
	return a == b;
}

int64_t trial_step(const struct trial *trial, struct seq_model *model, size_t nr,
		   struct umm_why *why)
{
	const struct seq_step *step = &trial->step[nr];
	int64_t answer = seq_model_step(model, step, why);

	/* The kernel's ids stand in maps, and whose they are is chance. */
	if (step->call == SEQ_SHMGET && answer >= 0 && trial->answer[nr] >= 0)
		seq_model_learn(model, trial->answer[nr]);
	return answer;
}

char *model_maps(struct seq_model *model, unsigned int process)
{
	struct umm_mm *mm = seq_model_mm(model, process);
	size_t size = mm ? umm_maps_text(mm, NULL, 0) : 0;
	char *text = malloc(size + 1);

	if (!text)
		fail("a text", -ENOMEM);
	text[0] = '\0';
	if (mm)
		umm_maps_text(mm, text, size + 1);
	return text;
}

/* As the executor hashes the kernel's text. */
static uint64_t maps_hash(const struct trial *trial, struct umm_mm *mm)
{
	static char *text;
	static size_t room;
	const char *gate = seq_native_gate(trial->sides->native);
	size_t size = umm_maps_text(mm, text, room);

	if (size + strlen(gate) + 1 > room) {
		room = 2 * (size + strlen(gate) + 1);
		free(text);
		text = malloc(room);
		if (!text)
			fail("a text", -ENOMEM);
		umm_maps_text(mm, text, room);
	}
	strcpy(text + size, gate);
	return seq_maps_hash(text, size + strlen(gate));
}

static enum part compare_smaps(const struct trial *trial, struct umm_mm *mm, size_t nr)
{
	const struct seq_seen *seen = &trial->seen[nr];
	uint64_t vm[SEQ_VMS];

	if (seen->smaps && seen->smaps != seq_smaps_hash(mm))
		return PART_SMAPS;
	if (!seen->smaps)
		return PART_NOTHING;
	seq_status_of(mm, vm);
	return memcmp(vm, seen->vm, sizeof(vm)) ? PART_STATUS : PART_NOTHING;
}

static enum part compare_step(struct trial *trial, struct seq_model *model, size_t nr)
{
	const struct seq_step *step = &trial->step[nr];
	const struct seq_seen *seen = &trial->seen[nr];
	int64_t answer = trial_step(trial, model, nr, NULL);
	struct umm_mm *mm = seq_model_mm(model, step->process), *other = NULL;
	struct umm_mm_stats stats;

	if (!answers_agree(step->call, answer, trial->predicted[nr]))
		fail("the model answers one thing and then another", -EILSEQ);
	if ((answer == SEQ_SKIPPED) != (trial->answer[nr] == SEQ_SKIPPED))
		return PART_SKIPPED;
	if (!answers_agree(step->call, answer, trial->answer[nr]))
		return PART_ANSWER;
	if (!mm || answer == SEQ_SKIPPED)
		return PART_NOTHING;
	umm_mm_stats(mm, &stats);
	if (stats.map_count > trial->max_areas)
		trial->max_areas = stats.map_count;
	if (seen->maps && seen->maps != maps_hash(trial, mm))
		return PART_MAPS;
	if (step->call == SEQ_FORK)
		other = seq_model_mm(model, (unsigned int)answer);
	else if (step->call == SEQ_PROCESS_MADVISE)
		other = seq_model_mm(model, (unsigned int)step->arg[0].offset);
	if (seen->other && other && seen->other != maps_hash(trial, other))
		return PART_OTHER_MAPS;
	if (trial->sides->pages && !trial->blind[nr] &&
	    !umm_world_is_valid(seq_model_world(model)))
		return PART_VALID;
	return compare_smaps(trial, mm, nr);
}

static void compare(void *ctx)
{
	struct trial *trial = ctx;
	struct seq_model *model = trial_model(trial);

	for (trial->at = 0; trial->at < trial->seq.nr; trial->at++) {
		trial->part = compare_step(trial, model, trial->at);
		if (trial->part != PART_NOTHING)
			break;
	}
	if (trial->sides->pages && trial->part == PART_NOTHING &&
	    seq_model_end(model) != ZERO_PAGES) {
		trial->part = PART_LEAK;
		trial->at = trial->seq.nr - 1;
	}
	seq_model_free(model);
}

void trial_compare(struct trial *trial)
{
	trial->max_areas = 0;
	if (trial->part == PART_NOTHING)
		crashed(trial, crash_caught(compare, trial));
	if (trial->part != PART_NOTHING && trial->part != PART_CRASH && trial->sides->pages &&
	    trial->doings != khugepaged_doings()) {
		fprintf(stderr, "fuzz: the kernel made or refused huge pages on its own: "
			"a sequence that parts in %s does not count\n", part_name(trial->part));
		trial->part = PART_NOTHING;
	}
}

void trial_run(struct trial *trial, const struct sides *sides, const struct seq *seq)
{
	trial_begin(trial, sides);
	memcpy(trial->step, seq->step, seq->nr * sizeof(*seq->step));
	trial->seq.nr = seq->nr;
	trial_predict(trial);
	trial_post(trial);
	trial_wait(trial);
	trial_compare(trial);
}
