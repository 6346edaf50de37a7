/*
 * run.c - random programs, and one operation of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

/* ---- programs ---- */

/* Each run favours some kinds and leaves others out: what is rare in all would meet nowhere. */
static void draw_weights(struct sim_random *r, unsigned int *weight)
{
	unsigned int total = 0;

	for (unsigned int i = 0; i < sim_nr_kinds(); i++) {
		uint64_t dice = sim_below(r, 10);

		weight[i] = sim_kind(i)->weight * (dice < 5 ? 0 : dice < 8 ? 1 : 6);
		total += weight[i];
	}
	if (!total)
		weight[0] = 1;
}

static uint16_t draw_kind(struct sim_random *r, const unsigned int *weight)
{
	uint64_t total = 0, at;
	uint16_t i = 0;

	for (unsigned int k = 0; k < sim_nr_kinds(); k++)
		total += weight[k];
	at = sim_below(r, total);
	while (at >= weight[i])
		at -= weight[i++];
	return i;
}

static uint16_t kind_named(const char *name)
{
	uint16_t i = 0;

	while (strcmp(sim_kind(i)->name, name) != 0)
		i++;
	return i;
}

static struct sim_op *add_op(struct sim_program *program, struct sim_random *r, uint16_t kind)
{
	struct sim_op *op = &program->op[program->nr_ops++];

	op->kind = kind;
	op->slot = (uint8_t)sim_below(r, SIM_SLOTS);
	op->other = (uint8_t)sim_below(r, SIM_SLOTS);
	sim_kind(kind)->draw(r, op);
	return op;
}

/* A family: written memory, and address spaces that descend from one another. */
static void draw_before(struct sim_program *program, struct sim_random *r)
{
	static const char *const names[] = { "fork", "fork", "fork", "fault", "put", "mmap_anon" };
	struct sim_op *op;

	op = add_op(program, r, kind_named("mmap_anon"));
	op->slot = 0;
	op->arg[0] = AT;
	op->arg[1] = 8 * PAGE;
	op->arg[2] = UMM_PROT_READ | UMM_PROT_WRITE;
	op->arg[3] = UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS | UMM_MAP_FIXED;
	op = add_op(program, r, kind_named("fault"));
	op->slot = 0;
	op->arg[0] = AT;
	for (int i = 0; i < 6; i++)
		add_op(program, r, kind_named(names[sim_below(r, 6)]));
	program->nr_before = program->nr_ops;
}

void sim_program_draw(struct sim_program *program, uint64_t seed, unsigned int ops_per_thread)
{
	struct sim_random r = { seed * UINT64_C(0x2545f4914f6cdd1d),
				machine_pages(seed) != UMM_PAGES_NONE };
	unsigned int weight[256];
	unsigned int slots = 1 + (unsigned int)sim_below(&r, SIM_SLOTS);

	memset(program, 0, sizeof(*program));
	program->seed = seed;
	program->nr_threads = 2 + (unsigned int)sim_below(&r, SIM_THREADS - 1);
	if (sim_chance(&r, 40))
		draw_before(program, &r);
	draw_weights(&r, weight);
	for (unsigned int t = 0; t < program->nr_threads; t++) {
		for (unsigned int i = 0; i < ops_per_thread && program->nr_ops < SIM_OPS; i++) {
			struct sim_op *op = add_op(program, &r, draw_kind(&r, weight));

			op->thread = (uint8_t)t;
			op->slot %= slots;
		}
	}
}

void sim_program_print(const struct sim_program *program)
{
	char line[160];

	for (int t = -1; t < (int)program->nr_threads; t++) {
		if (t < 0)
			printf("#   before\n");
		else
			printf("#   thread %d\n", t);
		for (unsigned int i = 0; i < program->nr_ops; i++) {
			if ((i < program->nr_before ? -1 : program->op[i].thread) != t)
				continue;
			sim_op_text(&program->op[i], line, sizeof(line));
			printf("#     %s\n", line);
		}
	}
}

/* ---- one operation ---- */

static struct sim_record *begin(struct sim_run *run, const struct sim_op *op, int mm, int other)
{
	struct sim_record *record;

	if (!run->recording)
		return NULL;
	if (run->nr_records == SIM_RECORDS)
		abort();
	record = &run->record[run->nr_records++];
	*record = (struct sim_record){ .op = *op, .mm = mm, .other = other, .made = -1,
				       .invoked = ++run->clock, .returned = UINT64_MAX };
	run->current[op->thread] = record;
	return record;
}

static void end(struct sim_run *run, struct sim_record *record, const struct sim_result *result)
{
	if (!record)
		return;
	record->returned = ++run->clock;
	if (!record->key)
		record->key = record->returned;
	record->result = *result;
	run->current[record->op.thread] = NULL;
}

void sim_run_locked(struct sim_run *run, int thread, enum sim_lock_kind kind,
		    const struct umm_mm *mm)
{
	struct sim_record *record = run->current[thread];

	if (!record)
		return;
	run->clock++;
	if (mm && mm != run->machine.mm[record->mm].handle)
		return;			/* of another address space: its own counts */
	/* What a call decides, it decides after it took its last lock; of segments, the first. */
	if (!record->key || kind > record->key_kind ||
	    (kind == record->key_kind && kind != SIM_OF_SHM)) {
		record->key = run->clock;
		record->key_kind = kind;
	}
}

/* => a reference: the last one is the address space's exit. */
static void unref(struct sim_run *run, int n, unsigned int thread)
{
	static const struct sim_result nothing;
	const struct sim_op op = { .kind = SIM_EXIT, .thread = (uint8_t)thread };
	struct umm_mm *handle;
	struct sim_record *record = NULL;
	bool last;

	run->gate(run, false, true);
	run->numbers(run, true);
	handle = run->machine.mm[n].handle;
	last = --run->machine.mm[n].refs == 0;
	if (last)
		run->machine.mm[n].handle = NULL;
	run->numbers(run, false);
	if (last)
		record = begin(run, &op, n, -1);
	umm_mm_put(handle);
	end(run, record, &nothing);
	run->gate(run, false, false);
}

/* What stands in the slot, with a reference; -1 for nothing.  => the numbers are ours. */
static int ref(struct sim_run *run, int slot)
{
	int n = run->machine.slot[slot];

	if (n >= 0) {
		run->machine.mm[n].refs++;
		umm_mm_get(run->machine.mm[n].handle);
	}
	return n;
}

/* Put @handle (which may be NULL) into the slot; what was there, for unref(), or -1. */
static int fill_slot(struct sim_run *run, int slot, struct umm_mm *handle, int *made)
{
	struct machine *m = &run->machine;
	int old;

	run->numbers(run, true);
	old = m->slot[slot];
	m->slot[slot] = -1;
	if (handle) {
		*made = m->nr_mms < SIM_MMS ? m->nr_mms++ : -1;
		for (int i = 0; *made < 0; i++)	/* only without records: numbers are used again */
			if (!m->mm[i].refs)
				*made = i;
		m->mm[*made] = (struct sim_mm){ handle, 1 };
		m->slot[slot] = *made;
	}
	run->numbers(run, false);
	return old;
}

static void do_call(struct sim_run *run, const struct sim_op *op, int mm, int other)
{
	const struct sim_kind *kind = sim_kind(op->kind);
	bool exclusive = kind->flags & SIM_EXCLUSIVE;
	struct sim_call call = { .m = &run->machine, .op = op };
	struct sim_record *record;
	int made = -1, old;

	call.mm = run->machine.mm[mm].handle;
	call.other = other >= 0 ? run->machine.mm[other].handle : NULL;
	run->gate(run, exclusive, true);
	record = begin(run, op, mm, other);
	sim_call(&call);
	end(run, record, &call.result);
	if (call.made) {
		old = fill_slot(run, op->other, call.made, &made);
		if (record)
			record->made = made;
	} else {
		old = -1;
	}
	run->gate(run, exclusive, false);
	if (old >= 0)
		unref(run, old, op->thread);
}

void sim_run_op(struct sim_run *run, const struct sim_op *op)
{
	const struct sim_kind *kind = sim_kind(op->kind);
	int mm, other = -1, old;

	if (kind->flags & SIM_PUTS) {
		old = fill_slot(run, op->slot, NULL, NULL);
		if (old >= 0)
			unref(run, old, op->thread);
		return;
	}
	run->numbers(run, true);
	mm = ref(run, op->slot);
	if (kind->flags & SIM_OTHER)
		other = ref(run, op->other);
	run->numbers(run, false);
	if (mm >= 0 && (other >= 0 || !(kind->flags & SIM_OTHER)))
		do_call(run, op, mm, other);
	if (mm >= 0)
		unref(run, mm, op->thread);
	if (other >= 0)
		unref(run, other, op->thread);
}
