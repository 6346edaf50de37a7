/*
 * calls.c - sequences of calls, in any state and on any kernel, also where the library's own memory
 * runs out: after each call every address space is what it must be, and in the end all memory comes
 * back.  The library is built with its most expensive assertions.
 */
#include <string.h>

#include "seq/encode.h"
#include "seq/model.h"
#include "target.h"

#define STEPS_MAX 96
#define MANY_MAX 40			/* looking at all areas after each step takes its time */

static void choose_machine(struct target_input *in, struct umm_settings *settings,
			   struct seq_start *start)
{
	static const uint32_t kernels[] = {
		UMM_KERNEL(6, 18), UMM_KERNEL(6, 18), UMM_KERNEL(6, 1), UMM_KERNEL(5, 10),
	};
	uint8_t which = target_byte(in), how = target_byte(in);

	umm_settings_init(settings, kernels[which & 3]);
	settings->anon_vma_name = true;
	settings->overcommit_memory = (how & 3) % 3;
	settings->thp_enabled = (how >> 2 & 3) % 3;
	settings->ksm_configured = how & 0x10;
	settings->max_map_count = how & 0x20 ? 12 : 65530;
	settings->huge[0].shift = 21;
	settings->huge[0].free_pages = how & 0x40 ? 8 : 0;
	seq_start_plain(start);
	start->caps = which & 4 ? 0x3f : 0;
	if (which & 8)
		start->memlock.soft = start->memlock.hard = 16 * SEQ_PAGE;
	if (which & 16)
		start->layout.bottom_up = true;
	if (which & 32)
		start->as.soft = 64 * SEQ_PAGE;
}

/* Reasons are texts too. */
static void read_reasons(const struct umm_why *why)
{
	struct umm_why_info info;
	char text[256];

	for (unsigned int i = 0; i < why->nr; i++) {
		must(!umm_why_info(why->entry[i].code, &info));
		umm_why_format(info.text, &why->entry[i], text, sizeof(text));
	}
}

static void run(struct seq_model *model, const struct seq *seq)
{
	char text[200];
	struct umm_why why;

	for (size_t i = 0; i < seq->nr; i++) {
		const struct seq_step *step = &seq->step[i];

		if (step->call == SEQ_MANY && (step->arg[1].base || step->arg[1].offset > MANY_MAX))
			continue;
		why.nr = why.lost = 0;
		(void)seq_model_step(model, step, &why);
		must(seq_model_is_valid(model));
		read_reasons(&why);
		if (seq_model_mm(model, step->process))
			umm_maps_text(seq_model_mm(model, step->process), text, sizeof(text));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct target_input in = { data, data + size };
	static struct seq_step steps[STEPS_MAX];
	struct seq seq = { steps, 0 };
	struct umm_settings settings;
	struct target_memory memory;
	struct seq_model *model;
	struct seq_start start;

	choose_machine(&in, &settings, &start);
	target_memory_init(&memory, target_byte(&in));
	seq_decode(in.at, (size_t)(in.end - in.at), &seq, STEPS_MAX);
	if (!seq_model_new(&settings, &start, &memory.platform, &model)) {
		run(model, &seq);
		seq_model_free(model);
	}
	must(memory.bytes == 0);
	return 0;
}
