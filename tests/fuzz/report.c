/*
 * report.c - see report.h.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/explain.h"
#include "report.h"
#include "seq/emit_c.h"
#include "seq/pages.h"
#include "seq/shrink.h"

#define TEXT 512
#define SHRINK_TRIES 3000
#define SLOW_TRIES 20			/* each of which waits until it is too long */

struct shrinking {
	const struct sides *sides;
	struct trial *trial;
	enum part part;			/* what they parted in at first: it stays that */
};

static bool still_parts(const struct seq *seq, void *ctx)
{
	struct shrinking *s = ctx;

	trial_run(s->trial, s->sides, seq);
	return s->trial->part == s->part;
}

/* ---- what is said ---- */

/* The words of one page that differ, for people: see pages.h. */
static void print_page(const char *who, const struct seq_step *step, int64_t answer, FILE *out)
{
	static const char *const codes[] = { [1] = "MAPERR", [2] = "ACCERR", [12] = "BUS_ADRERR" };
	uint64_t word = (uint64_t)answer, code = word >> SEQ_PAGE_CODE_SHIFT;

	if (step->call != SEQ_PAGES || step->arg[1].offset != SEQ_PAGE || answer < 0)
		return;
	fprintf(out, "    %s: %s%s%s%s", who, word & SEQ_PAGE_PRESENT ? "there" : "not told",
		word & SEQ_PAGE_ZERO ? ", the zero page" : "",
		word & SEQ_PAGE_EXCLUSIVE ? ", nobody else's" : "",
		word & SEQ_PAGE_IN_CORE ? ", in core" : "");
	if (code)
		fprintf(out, ", %s\n", code < sizeof(codes) / sizeof(codes[0]) && codes[code] ?
			codes[code] : "a signal");
	else
		fprintf(out, ", contents #%08x\n", (unsigned int)word);
}

static void print_steps(const struct trial *trial, FILE *out)
{
	struct seq_model *model = trial_model(trial);

	for (size_t i = 0; i < trial->seq.nr; i++) {
		char step[TEXT], ours[TEXT], kernels[TEXT];
		const struct seq_bases *bases = seq_model_bases(model);
		int64_t answer;

		seq_step_text(&trial->step[i], step, sizeof(step));
		if (trial->part == PART_CRASH && i == trial->at) {
			fprintf(out, "  $%zu  %s: the library gets %s\n", i, step,
				strsignal(trial->signal));
			return;
		}
		answer = trial_step(trial, model, i, NULL);
		seq_answer_text(bases, trial->step[i].call, answer, ours, sizeof(ours));
		seq_answer_text(bases, trial->step[i].call, trial->answer[i], kernels,
				sizeof(kernels));
		if (answer == SEQ_SKIPPED)
			fprintf(out, "  $%zu  %s  (skipped)\n", i, step);
		else if (answers_agree(trial->step[i].call, answer, trial->answer[i]))
			fprintf(out, "  $%zu  %s = %s\n", i, step, kernels);
		else
			fprintf(out, "  $%zu  %s = kernel %s, model %s\n", i, step, kernels, ours);
		if (answer == trial->answer[i])
			continue;
		print_page("kernel", &trial->step[i], trial->answer[i], out);
		print_page("model", &trial->step[i], answer, out);
	}
	if (trial->part == PART_CRASH)
		fprintf(out, "  and when all processes end the library gets %s\n",
			strsignal(trial->signal));
	else
		seq_model_free(model);
}

/* What `usermm vectors record --from` makes a vector of. */
static void print_vector(const struct trial *trial, FILE *out)
{
	fprintf(out, "\nas a vector, to be recorded by usermm vectors record:\n\n"
		"vector found\nshows  the kernel and the library parted in %s\n",
		part_name(trial->part));
	for (size_t i = 0; i < trial->seq.nr; i++) {
		char step[TEXT];

		seq_step_text(&trial->step[i], step, sizeof(step));
		fprintf(out, "%s\n", step);
	}
}

/* In the order of addresses; 0 for lines that mean the same. */
static int compare_lines(const char *a, const char *b)
{
	if (seq_maps_hash(a, strlen(a)) == seq_maps_hash(b, strlen(b)))
		return 0;
	return strcmp(a, b);
}

/* Lines that only one of the two texts has, in the order of addresses. */
static void print_lines(char *kernel, char *model, FILE *out)
{
	char *k_save, *m_save, *k = strtok_r(kernel, "\n", &k_save);
	char *m = strtok_r(model, "\n", &m_save);

	while (k || m) {
		int order = !k ? 1 : !m ? -1 : compare_lines(k, m);

		if (order < 0)
			fprintf(out, "  kernel  %s\n", k);
		if (order > 0)
			fprintf(out, "  model   %s\n", m);
		if (order <= 0)
			k = strtok_r(NULL, "\n", &k_save);
		if (order >= 0)
			m = strtok_r(NULL, "\n", &m_save);
	}
}

static void print_maps(const struct trial *trial, struct seq_model *model, unsigned int process,
		       FILE *out)
{
	char *kernel = seq_native_maps(trial->sides->native, process);
	char *ours = model_maps(model, process);

	if (kernel)
		print_lines(kernel, ours, out);
	free(kernel);
	free(ours);
}

/* Of smaps, the range of each area and its two lines in one. */
static void print_smaps(const struct trial *trial, struct seq_model *model, unsigned int process,
			FILE *out)
{
	struct umm_area area = { .size = sizeof(area) };
	struct umm_mm *mm = seq_model_mm(model, process);
	size_t k_size, m_size;
	char *kernel = NULL, *ours = NULL, path[64], line[TEXT], range[TEXT] = "";
	FILE *k = open_memstream(&kernel, &k_size), *m = open_memstream(&ours, &m_size), *smaps;

	snprintf(path, sizeof(path), "/proc/%d/smaps",
		 (int)seq_native_pid(trial->sides->native, process));
	smaps = fopen(path, "re");
	while (smaps && k && fgets(line, sizeof(line), smaps)) {
		if ((*line >= '0' && *line <= '9') || (*line >= 'a' && *line <= 'f'))
			snprintf(range, sizeof(range), "%.*s", (int)strcspn(line, " "), line);
		if (strncmp(line, "VmFlags:", 8) == 0 && strncmp(range, "ffffffffff600000", 16))
			fprintf(k, "%s %s", range, line);
	}
	for (umm_addr_t at = 0; m && mm && umm_find_area(mm, at, &area); at = area.end) {
		umm_vm_flags_text(area.vm_flags, line, sizeof(line));
		fprintf(m, "%08" PRIx64 "-%08" PRIx64 " VmFlags: %s\n", area.start, area.end,
			line);
	}
	if (smaps)
		fclose(smaps);
	if (k)
		fclose(k);
	if (m)
		fclose(m);
	if (kernel && ours)
		print_lines(kernel, ours, out);
	free(kernel);
	free(ours);
}

static void print_status(const struct trial *trial, struct umm_mm *mm, FILE *out)
{
	static const char *const name[SEQ_VMS] = { "VmSize", "VmLck", "VmData", "VmStk",
						   "VmExe+VmLib" };
	uint64_t vm[SEQ_VMS];

	if (!mm)
		return;
	seq_status_of(mm, vm);
	for (int i = 0; i < SEQ_VMS; i++)
		if (vm[i] != trial->seen[trial->at].vm[i])
			fprintf(out, "  %s: kernel %" PRIu64 " kB, model %" PRIu64 " kB\n",
				name[i], trial->seen[trial->at].vm[i], vm[i]);
}

static void print_reasons(const struct umm_why *why, FILE *out)
{
	struct text text = { 0 };
	struct out plain = { .glyph = "->" };

	explain_why(&text, &plain, why, EXPLAIN_ALL);
	if (text.len)
		fprintf(out, "why the model answers so:\n%s", text.buf);
	text_free(&text);
}

/* Both sides as they are after the last step, which is where they part. */
static void print_sides(const struct trial *trial, FILE *out)
{
	const struct seq_step *step = &trial->step[trial->at];
	unsigned int process = step->process;
	struct seq_model *model;
	static struct umm_why why;

	if (trial->part == PART_CRASH)
		return;
	model = trial_model(trial);
	for (size_t i = 0; i <= trial->at; i++)
		trial_step(trial, model, i, &why);
	if (trial->part == PART_OTHER_MAPS)
		process = step->call == SEQ_FORK ? (unsigned int)trial->predicted[trial->at] :
						   (unsigned int)step->arg[0].offset;
	switch (trial->part) {
	case PART_SMAPS:
		print_smaps(trial, model, process, out);
		break;
	case PART_STATUS:
		print_status(trial, seq_model_mm(model, process), out);
		break;
	case PART_DIED:
	case PART_HANGS:
		break;
	default:
		print_maps(trial, model, process, out);
	}
	print_reasons(&why, out);
	seq_model_free(model);
}

void report_divergence(const struct trial *trial, FILE *out)
{
	static struct trial again;
	struct sides sides = *trial->sides;
	struct shrinking s = { .sides = &sides, .trial = &again, .part = trial->part };
	struct seq small = { .step = malloc(sizeof(trial->step)) };
	struct seq_bases bases;

	if (!small.step)
		return;
	small.nr = trial->at + 1 < trial->seq.nr ? trial->at + 1 : trial->seq.nr;
	memcpy(small.step, trial->step, small.nr * sizeof(*small.step));
	fprintf(out, "\nDIVERGENCE in %s, at step %zu of %zu\n", part_name(trial->part), trial->at,
		trial->seq.nr);
	/* What can be seen after each step is, so that the cause is near. */
	sides.every = 1;
	trial_run(&again, &sides, &small);
	s.part = again.part;
	if (again.part == PART_NOTHING) {
		fprintf(out, "it does not come again with the same steps; they were:\n");
		print_steps(trial, out);
		free(small.step);
		return;
	}
	small.nr = again.at + 1 < small.nr ? again.at + 1 : small.nr;
	bases = again.bases;
	seq_shrink(&small, &bases, still_parts, &s,
		   again.part == PART_HANGS ? SLOW_TRIES : SHRINK_TRIES);
	trial_run(&again, &sides, &small);
	fprintf(out, "minimal sequence, which parts in %s:\n", part_name(again.part));
	print_steps(&again, out);
	print_sides(&again, out);
	if (!again.start.caps)
		fprintf(out, "(by a process without capabilities)\n");
	fprintf(out, "\nas a program in C, which tells a kernel's answers beside these:\n\n");
	seq_emit_c(out, &again.seq, &again.bases, again.answer, &again.start);
	print_vector(&again, out);
	free(small.step);
}
