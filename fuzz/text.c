/*
 * text.c - readers of text: the first byte says which.  What one of them accepts, and has a writer,
 * is written and read as the same again.
 */
#include <string.h>

#include <usermm/usermm.h>

#include "seq/seq.h"
#include "target.h"

static void step(const char *text)
{
	struct seq_step read, again;
	const char *error;
	char written[700], rewritten[700];

	if (seq_step_parse(text, &read, &error)) {
		must(error);
		return;
	}
	must(seq_step_text(&read, written, sizeof(written)) < sizeof(written));
	must(!seq_step_parse(written, &again, &error));
	seq_step_text(&again, rewritten, sizeof(rewritten));
	must(!strcmp(written, rewritten));
}

static void value(const char *text, unsigned int kind)
{
	struct seq_value read;
	const char *error;

	must(!seq_value_parse(text, kind, &read, &error) || error);
}

static void vm_flags(const char *text)
{
	unsigned int unknown, none;
	uint64_t flags = umm_vm_flags_parse(text, &unknown);
	char written[200];

	must(umm_vm_flags_text(flags, written, sizeof(written)) < sizeof(written));
	must(umm_vm_flags_parse(written, &none) == flags && none == 0);
}

/* The text may be longer or shorter than what decides. */
static void script(const uint8_t *data, size_t size)
{
	struct umm_exec_args args = { .argc = 1, .filename = 9, .argv = 9, .argv0 = 9 };
	struct umm_exec_script found;
	struct umm_why why;
	char *head = malloc(size ? size : 1);
	int64_t ret;

	must(head);
	if (size)
		memcpy(head, data, size);
	args.depth = size & 7;
	ret = umm_exec_script(head, size, 9, &args, &found, &why);
	if (ret == 1) {
		must(found.interpreter + found.interpreter_bytes <= size);
		must(found.argument + found.argument_bytes <= size);
	}
	free(head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct target_input in = { data, data + size };
	uint8_t which = target_byte(&in);
	char *text = target_string(&in);

	switch (which & 3) {
	case 0:
		step(text);
		break;
	case 1:
		value(text, (which >> 2) % SEQ_KINDS);
		break;
	case 2:
		vm_flags(text);
		break;
	default:
		script(in.at, (size_t)(in.end - in.at));
	}
	free(text);
	return 0;
}
