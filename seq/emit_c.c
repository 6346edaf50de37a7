/*
 * emit_c.c - a sequence as a program in C: see emit_c.h.
 *
 * What every such program has is emitted/runtime.c, as it stands; before it come the constants that
 * an old libc may not know, behind it the steps.  Where they look at memory there come the headers
 * that the other sides use, and emitted/looks.c.
 */
#include <inttypes.h>
#include <string.h>

#include "seq/emit_c.h"

extern const unsigned char seq_emitted_runtime[];
extern const size_t seq_emitted_runtime_bytes;
extern const unsigned char seq_emitted_looks[];
extern const size_t seq_emitted_looks_bytes;

static const char *const base_name[SEQ_BASES] = {
	[SEQ_BASE_POOL] = "pool", [SEQ_BASE_TOP] = "top", [SEQ_BASE_BRK] = "heap",
	[SEQ_BASE_SIZE] = "size", [SEQ_BASE_DATA] = "data",
};

static const char *const includes[] = {
	"errno.h", "fcntl.h", "sched.h", "setjmp.h", "signal.h", "stdio.h", "stdlib.h", "string.h",
	"sys/ioctl.h", "sys/mman.h", "sys/personality.h", "sys/prctl.h", "sys/resource.h",
	"sys/shm.h", "sys/socket.h", "sys/syscall.h", "sys/wait.h", "ucontext.h", "unistd.h",
	"linux/capability.h",
	"linux/userfaultfd.h",
};

static const struct {
	const char *name;
	uint64_t number;
} constants[] = {
#define SEQ_KIND(KIND, how)
#define SEQ_NAME(KIND, name, number) { #name, number },
#include "seq/kinds.def"
#undef SEQ_KIND
#undef SEQ_NAME
	{ "PR_SET_MM", 35 }, { "PR_SET_THP_DISABLE", 41 }, { "PR_SET_MDWE", 65 },
	{ "PR_SET_MEMORY_MERGE", 67 }, { "PR_SET_VMA", 0x53564d41 }, { "PR_SET_VMA_ANON_NAME", 0 },
	{ "SYS_pidfd_open", 434 }, { "SYS_process_madvise", 440 },
	{ "SYS_set_mempolicy_home_node", 450 }, { "SYS_mseal", 462 },
};

/* ---- the steps ----------------------------------------------------------------------------- */

struct emitter {
	FILE *out;
	const struct seq_bases *bases;
	char text[600];			/* of the step in hand, as seq.h writes it */
};

static void emit_offset(struct emitter *e, const char *base, uint64_t offset)
{
	if (!offset)
		fprintf(e->out, "%s", base);
	else if (offset >> 63)
		fprintf(e->out, "%s - 0x%" PRIx64, base, -offset);
	else
		fprintf(e->out, "%s + 0x%" PRIx64, base, offset);
}

/* Constants as the step's text has them, which is C; places as what the program knows. */
static void emit_value(struct emitter *e, const struct seq_value *value, unsigned int kind)
{
	char text[300];

	if (value->base == SEQ_BASE_RESULT) {
		snprintf(text, sizeof(text), "answer(%u)", value->step);
		emit_offset(e, text, value->offset);
	} else if (value->base != SEQ_BASE_NUMBER) {
		emit_offset(e, base_name[value->base], value->offset);
	} else {
		seq_value_text(value, kind, text, sizeof(text));
		fprintf(e->out, "%s%s", kind == SEQ_KIND_FILE ? "file_" : "", text);
	}
}

static void emit_arg(struct emitter *e, const struct seq_step *step, unsigned int arg)
{
	emit_value(e, &step->arg[arg], seq_call_info(step->call)->kind[arg]);
}

/* "name(first, …" with the arguments of the step from @from on; @pad more are 0. */
static void emit_call(struct emitter *e, const struct seq_step *step, const char *name,
		      unsigned int from, unsigned int pad)
{
	const uint8_t *kind = seq_call_info(step->call)->kind;
	const char *between = name[strlen(name) - 1] == '(' ? "" : ", ";
	unsigned int nr = from;

	fprintf(e->out, "%s", name);
	for (; kind[nr] != SEQ_KIND_NONE; nr++) {
		fprintf(e->out, "%s", between);
		emit_arg(e, step, nr);
		between = ", ";
	}
	for (; nr < pad; nr++, between = ", ")
		fprintf(e->out, "%s0", between);
	fprintf(e->out, ")");
}

static void emit_policy(struct emitter *e, const struct seq_step *step)
{
	bool range = step->call == SEQ_MBIND;
	unsigned int mode = range ? 2 : 0, mask = mode + 1;

	fprintf(e->out, "sys(SYS_%s, ", seq_call_info(step->call)->name);
	for (unsigned int i = 0; i <= mode; i++) {
		emit_arg(e, step, i);
		fprintf(e->out, ", ");
	}
	fprintf(e->out, "nodes(");
	emit_arg(e, step, mask);
	fprintf(e->out, "), nodes_bits(");
	emit_arg(e, step, mask);
	fprintf(e->out, "), ");
	if (range)
		emit_arg(e, step, 4);
	fprintf(e->out, "%s)", range ? "" : "0, 0, 0");
}

static void emit_vma_name(struct emitter *e, const struct seq_step *step)
{
	uint64_t which = seq_resolve(e->bases, &step->arg[2]);
	char name[SEQ_VMA_NAME_SIZE];

	fprintf(e->out, "sys(SYS_prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, ");
	emit_arg(e, step, 0);
	fprintf(e->out, ", ");
	emit_arg(e, step, 1);
	if (seq_vma_name(which, name))
		fprintf(e->out, ", (long)\"%s\", 0)", name);
	else
		fprintf(e->out, ", %d, 0)", which == SEQ_NAME_UNREADABLE);
}

/* Calls that are others than their name says, or need more than their numbers. */
static const struct {
	const char *begin;		/* what stands before the arguments */
	uint8_t pad;			/* how many arguments there are in all */
} special[SEQ_CALLS] = {
	[SEQ_MANY] = { "many(", 2 },
	[SEQ_SETRLIMIT] = { "limit(", 3 },
	[SEQ_PROCESS_MADVISE] = { "advise_process(", 5 },
	[SEQ_SHMGET] = { "segment(", 3 },
	[SEQ_USERFAULTFD] = { "watcher(", 1 },
	[SEQ_UFFD_REGISTER] = { "watch(", 4 },
	[SEQ_UFFD_UNREGISTER] = { "unwatch(", 3 },
	[SEQ_UFFD_CLOSE] = { "sys(SYS_close", 6 },
	[SEQ_ADD_SEALS] = { NULL, 0 },
	[SEQ_SET_MDWE] = { "sys(SYS_prctl, PR_SET_MDWE", 5 },
	[SEQ_SET_THP_DISABLE] = { "sys(SYS_prctl, PR_SET_THP_DISABLE", 5 },
	[SEQ_SET_MEMORY_MERGE] = { "sys(SYS_prctl, PR_SET_MEMORY_MERGE", 5 },
	[SEQ_SET_MM] = { "sys(SYS_prctl, PR_SET_MM", 5 },
	[SEQ_STORE] = { "store(", 2 },
	[SEQ_PAGES] = { "pages(", 3 },
	[SEQ_SMAPS] = { "smaps(", 3 },
};

static void emit_expression(struct emitter *e, const struct seq_step *step, int64_t answer)
{
	char begin[64];

	switch (step->call) {
	case SEQ_MBIND:
	case SEQ_SET_MEMPOLICY:
		emit_policy(e, step);
		break;
	case SEQ_SET_VMA_NAME:
		emit_vma_name(e, step);
		break;
	case SEQ_ADD_SEALS:
		fprintf(e->out, "sys(SYS_fcntl, ");
		emit_arg(e, step, 0);
		emit_call(e, step, ", F_ADD_SEALS", 1, 5);
		break;
	case SEQ_READ:
	case SEQ_WRITE:
		fprintf(e->out, "touch(");
		emit_arg(e, step, 0);
		fprintf(e->out, ", %d)", step->call == SEQ_WRITE);
		break;
	case SEQ_FORK:
		fprintf(e->out, "fork_process(%d)", answer >= 0 ? (int)answer : 1);
		break;
	default:
		snprintf(begin, sizeof(begin), "sys(SYS_%s", seq_call_info(step->call)->name);
		if (special[step->call].begin)
			emit_call(e, step, special[step->call].begin, 0, special[step->call].pad);
		else
			emit_call(e, step, begin, 0, 6);
	}
}

static void emit_expected(struct emitter *e, const struct seq_step *step, int64_t answer)
{
	struct seq_value value = { .base = SEQ_BASE_NUMBER };

	if (step->call == SEQ_BRK) {
		value.base = SEQ_BASE_BRK;
		value.offset = (uint64_t)answer - e->bases->base[SEQ_BASE_BRK];
		emit_value(e, &value, SEQ_KIND_ADDR);
	} else if (answer >= 0 && seq_call_info(step->call)->answer == SEQ_ANSWER_ADDRESS) {
		value = seq_relate(e->bases, (uint64_t)answer);
		emit_value(e, &value, SEQ_KIND_ADDR);
	} else if (answer < 0) {
		seq_answer_text(e->bases, step->call, answer, e->text, sizeof(e->text));
		fprintf(e->out, "-%s", e->text);
	} else {
		fprintf(e->out, "0x%" PRIx64, (uint64_t)answer);
	}
}

static void emit_step(struct emitter *e, const struct seq_step *step, size_t nr, int64_t answer)
{
	bool name = seq_call_info(step->call)->answer == SEQ_ANSWER_NAME;

	if (answer == SEQ_SKIPPED) {
		fprintf(e->out, "\tSKIPPED(%zu);\n", nr);
		return;
	}
	seq_step_text(step, e->text, sizeof(e->text));
	if (step->call == SEQ_EXIT) {
		fprintf(e->out, "\tEXIT(%zu, %u, \"%s\");\n", nr, step->process, e->text);
		return;
	}
	fprintf(e->out, "\tSTEP(%zu, %u, \"%s\",\n\t     %s, ", nr, step->process, e->text,
		name ? "NAME" : "NUMBER");
	emit_expression(e, step, answer);
	fprintf(e->out, ",\n\t     ");
	emit_expected(e, step, answer);
	fprintf(e->out, ");\n");
}

/* ---- what is around them ------------------------------------------------------------------- */

/* But for what it includes of ours: that stands before it. */
static void emit_looks(FILE *out)
{
	static const char include[] = "#include \"";
	const char *line = (const char *)seq_emitted_looks, *end = line + seq_emitted_looks_bytes;

	fprintf(out, "\n#define SEQ_PAGE UINT64_C(4096)\n"
		     "#define SEQ_PATTERN_BYTES (10 * SEQ_PAGE - 1000)\n");
	while (line < end) {
		const char *next = memchr(line, '\n', (size_t)(end - line));

		next = next ? next + 1 : end;
		if (strncmp(line, include, sizeof(include) - 1) != 0)
			fwrite(line, 1, (size_t)(next - line), out);
		line = next;
	}
}

static bool looks(const struct seq *seq)
{
	for (size_t i = 0; i < seq->nr; i++)
		if (seq->step[i].call == SEQ_PAGES || seq->step[i].call == SEQ_SMAPS)
			return true;
	return false;
}

static void emit_head(FILE *out, size_t steps, const struct seq_start *start)
{
	fprintf(out, "/*\n * Memory calls and the answers that are expected.  Written by usermm.\n"
		     " *\n *\tcc -static -Wl,-Ttext-segment=0x10000000 -o sequence THIS-FILE\n"
		     " *\t./sequence\n *\n"
		     " * Prints each answer; exit status 1 if one is not the expected one.%s\n"
		     " */\n#define _GNU_SOURCE\n",
		start && start->caps ? "  Run it as root." : "");
	for (size_t i = 0; i < sizeof(includes) / sizeof(includes[0]); i++)
		fprintf(out, "#include <%s>\n", includes[i]);
	fprintf(out, "\n#define STEPS %zu\n#define CAPABILITIES 0x%x\n\n", steps,
		start ? start->caps : UINT32_MAX);
	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
		fprintf(out, "#ifndef %s\n#define %s 0x%" PRIx64 "\n#endif\n", constants[i].name,
			constants[i].name, constants[i].number);
	fprintf(out, "\n");
	fwrite(seq_emitted_runtime, 1, seq_emitted_runtime_bytes, out);
}

static void emit_limit(FILE *out, const char *name, const struct seq_start_limit *limit)
{
	fprintf(out, "\tlimit(%s, 0x%" PRIx64 ", 0x%" PRIx64 ");\n", name, limit->soft,
		limit->hard);
}

void seq_emit_c(FILE *out, const struct seq *seq, const struct seq_bases *bases,
		const int64_t *answer, const struct seq_start *start)
{
	struct emitter e = { .out = out, .bases = bases };

	emit_head(out, seq->nr, start);
	if (looks(seq))
		emit_looks(out);
	fprintf(out, "\nstatic void sequence(void)\n{\n");
	if (start) {
		emit_limit(out, "RLIMIT_DATA", &start->data);
		emit_limit(out, "RLIMIT_STACK", &start->stack);
		emit_limit(out, "RLIMIT_MEMLOCK", &start->memlock);
		emit_limit(out, "RLIMIT_AS", &start->as);
	}
	if (looks(seq))
		fprintf(out, "\tfind_zero_page();\n");
	fprintf(out, "\tfind_bases();\n\n");
	for (size_t i = 0; i < seq->nr; i++)
		emit_step(&e, &seq->step[i], i, answer[i]);
	fprintf(out, "\n");
	for (size_t i = 0; i < seq->nr; i++) {
		if (seq->step[i].call == SEQ_SHMGET && answer[i] != SEQ_SKIPPED)
			fprintf(out, "\tif (me == 0)\n\t\tremove_segment(answer(%zu));\n", i);
	}
	fprintf(out, "}\n");
}
