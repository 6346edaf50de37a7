/*
 * linear.c - an order of the calls in which one thread gets the same answers.
 *
 * Theory
 * ------
 * What concurrent calls answer must be what they answer one after the other, in an order that keeps
 * what can be seen from outside: a call that had returned before another was invoked stands before
 * it.  Candidates are tried in the order in which the calls took the lock that counts, which is
 * nearly always right at once; where it is not (address spaces meet in the world's counters, too)
 * the search goes back and tries the others that overlap.  To try is to run the prefix anew on a
 * fresh machine, with one thread, and compare the last result; in the end, all that can be seen of
 * the machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "sim_platform.h"

#define TRIES_MAX 3000
#define TEXT_MAX (64 * 1024)

struct search {
	const struct sim_run *run;
	const char *after;
	unsigned int nr;
	unsigned int sorted[SIM_RECORDS];	/* by key */
	unsigned int order[SIM_RECORDS];	/* the prefix, as indices of records */
	bool placed[SIM_RECORDS];
	unsigned int tries;
	int64_t lost;			/* by the last of them */
	unsigned int deepest;		/* the longest prefix that agreed */
	char differs[512];		/* what did not agree behind it */
	char text[TEXT_MAX];
};

static bool same_result(const struct sim_result *a, const struct sim_result *b)
{
	return a->ret == b->ret && a->more == b->more && a->refusal == b->refusal &&
	       a->reasons == b->reasons &&
	       memcmp(a->value, b->value, sizeof(a->value)) == 0;
}

static void redo(struct machine *m, const struct sim_record *record, struct sim_result *result)
{
	struct sim_call call = { .m = m, .op = &record->op };

	memset(result, 0, sizeof(*result));
	if (record->op.kind == SIM_EXIT) {
		umm_mm_put(m->mm[record->mm].handle);
		m->mm[record->mm].handle = NULL;
		return;
	}
	call.mm = m->mm[record->mm].handle;
	call.other = record->other >= 0 ? m->mm[record->other].handle : NULL;
	if (!call.mm || (record->other >= 0 && !call.other)) {
		result->ret = INT64_MIN;	/* it stands behind an exit */
		return;
	}
	sim_call(&call);
	*result = call.result;
	if (call.made && record->made >= 0)
		m->mm[record->made].handle = call.made;
	else if (call.made)
		umm_mm_put(call.made);
	if (record->made >= m->nr_mms)
		m->nr_mms = record->made + 1;
}

static const char *refusal_name(const struct sim_result *result)
{
	struct umm_why_info info;

	return result->refusal && !umm_why_info(result->refusal - 1, &info) ? info.name : "-";
}

static void tell_difference(struct search *s, const struct sim_record *record,
			    const struct sim_result *got)
{
	char line[160] = "exit";

	if (record->op.kind != SIM_EXIT)
		sim_op_text(&record->op, line, sizeof(line));
	snprintf(s->differs, sizeof(s->differs),
		 "thread %u, mm %d: %s\n  answered %lld (%s, %#llx; %#llx), alone it is %lld (%s, "
		 "%#llx; %#llx)%s",
		 record->op.thread, record->mm, line, (long long)record->result.ret,
		 refusal_name(&record->result), (unsigned long long)record->result.value[0],
		 (unsigned long long)record->result.more, (long long)got->ret, refusal_name(got),
		 (unsigned long long)got->value[0], (unsigned long long)got->more,
		 record->result.reasons != got->reasons ? "; other reasons" : "");
}

static void tell_text(struct search *s)
{
	const char *a = s->after, *b = s->text;
	size_t line = 0;

	for (size_t i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '\n')
			line = i + 1;
	snprintf(s->differs, sizeof(s->differs),
		 "all answers agree, and then the machine differs:\n"
		 "  it is    %.*s\n  alone is %.*s",
		 (int)strcspn(a + line, "\n"), a + line, (int)strcspn(b + line, "\n"), b + line);
}

/* Run the first @n of the order; how many of them agreed. */
static unsigned int agreeing(struct search *s, unsigned int n)
{
	static const struct sched_options options = { .classes = sim_classes };
	struct sched *sched = sched_new(&options);
	struct sim_platform platform;
	struct machine m;
	struct sim_result result;
	unsigned int i;

	s->tries++;
	sim_platform_init(&platform, sched, SIM_HONEST);
	machine_init(&m, &platform.platform, s->run->seed, sim_platform_world_made);
	for (i = 0; i < n; i++) {
		const struct sim_record *record = &s->run->record[s->order[i]];

		redo(&m, record, &result);
		if (same_result(&result, &record->result))
			continue;
		if (i >= s->deepest)
			tell_difference(s, record, &result);
		break;
	}
	if (i == s->nr) {
		machine_text(&m, s->text, sizeof(s->text));
		if (strcmp(s->text, s->after) != 0) {
			tell_text(s);
			i--;
		}
	}
	if (i > s->deepest)
		s->deepest = i;
	machine_destroy(&m, &s->lost);
	sim_platform_abandon(&platform);
	sched_free(sched);
	return i;
}

bool sim_is_loose(const struct sim_run *run)
{
	static const char *const before[] = { "SHM_NO_SEGMENT", "SHMAT_PERMISSION", "SHMAT_ADDR",
					      "SHMAT_REMAP" };

	for (unsigned int i = 0; i < run->nr_records; i++) {
		const struct sim_record *record = &run->record[i];
		bool is_exit = record->op.kind == SIM_EXIT;
		const char *name = is_exit ? "" : sim_kind(record->op.kind)->name;
		bool after = record->result.ret < 0 && !strcmp(name, "shmat");

		for (unsigned int b = 0; after && b < sizeof(before) / sizeof(before[0]); b++)
			after = strcmp(refusal_name(&record->result), before[b]) != 0;
		if (after || !strcmp(name, "copy"))
			return true;
	}
	return false;
}

static int by_key(const void *a, const void *b, void *arg)
{
	const struct sim_run *run = arg;
	uint64_t x = run->record[*(const unsigned int *)a].key;
	uint64_t y = run->record[*(const unsigned int *)b].key;

	return (x > y) - (x < y);
}

/* May it stand next, before all that are not placed? */
static bool may_be_next(const struct search *s, unsigned int which)
{
	const struct sim_record *record = s->run->record;

	if (s->placed[which])
		return false;
	for (unsigned int i = 0; i < s->nr; i++)
		if (!s->placed[i] && record[i].returned < record[which].invoked)
			return false;
	return true;
}

/* Continue a prefix of @depth records that agree. */
static bool place_rest(struct search *s, unsigned int depth)
{
	if (depth == s->nr)
		return true;
	for (unsigned int i = 0; i < s->nr; i++) {
		unsigned int which = s->sorted[i];

		if (!may_be_next(s, which))
			continue;
		s->order[depth] = which;
		s->placed[which] = true;
		if (agreeing(s, depth + 1) == depth + 1 && place_rest(s, depth + 1))
			return true;
		s->placed[which] = false;
		if (s->tries > TRIES_MAX)
			return false;
	}
	return false;
}

int sim_linearise(const struct sim_run *run, const char *after, char *buf, size_t size,
		  struct sim_order *order)
{
	struct search *s = calloc(1, sizeof(*s));
	bool found = true;

	if (!s)
		abort();
	s->run = run;
	s->after = after;
	s->nr = run->nr_records;
	for (unsigned int i = 0; i < s->nr; i++)
		s->sorted[i] = i;
	qsort_r(s->sorted, s->nr, sizeof(s->sorted[0]), by_key, (void *)(uintptr_t)run);
	memcpy(s->order, s->sorted, sizeof(s->order));
	/* A key lies between invocation and return: the order by key is one that may be. */
	if (agreeing(s, s->nr) < s->nr)
		found = place_rest(s, 0);
	if (!found)
		snprintf(buf, size, "no order of the calls explains the answers%s; at best, %u of "
			 "%u, and then\n%s", s->tries > TRIES_MAX ? " (not all were tried)" : "",
			 s->deepest, s->nr, s->differs);
	*order = (struct sim_order){ s->tries, s->lost };
	free(s);
	return found ? 0 : -1;
}
