/*
 * shapes.c - see shapes.h.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/shapes.h"
#include "seq/model.h"
#include "seq/vectors/areas.h"

#define CODES_MAX UMM_WHY_MAX

static uint64_t mix(uint64_t hash, uint64_t number)
{
	hash = (hash ^ number) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

bool shape_set_add(struct shape_set *set, uint64_t shape)
{
	for (size_t i = 0; i < set->nr; i++) {
		if (set->shape[i] == shape)
			return false;
	}
	set->shape = vectors_alloc(set->shape, set->nr + 1, sizeof(*set->shape));
	set->shape[set->nr++] = shape;
	return true;
}

void shape_set_free(struct shape_set *set)
{
	free(set->shape);
	*set = (struct shape_set){ 0 };
}

/* ---- reasons -------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
	const unsigned int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The codes of decisions and of the refusal, each once, ascending. */
static size_t codes_of(const struct umm_why *why, unsigned int *codes)
{
	size_t nr = 0, kept = 0;

	for (unsigned int i = 0; i < why->nr; i++) {
		if (why->entry[i].kind != UMM_WHY_PASSED)
			codes[nr++] = why->entry[i].code;
	}
	qsort(codes, nr, sizeof(*codes), by_number);
	for (size_t i = 0; i < nr; i++) {
		if (!kept || codes[kept - 1] != codes[i])
			codes[kept++] = codes[i];
	}
	return kept;
}

static const char *code_name(unsigned int code)
{
	struct umm_why_info info;

	return umm_why_info(code, &info) ? "" : info.name;
}

/* What hangs on how much memory a machine has, or happens to have free. */
static bool is_chance(const unsigned int *codes, size_t nr)
{
	static const char *const chance[] = {
		"OVERCOMMIT", "OVERCOMMIT_NEVER", "FORK_OVERCOMMIT", "STACK_OVERCOMMIT",
		"SHMGET_OVERCOMMIT", "HUGETLB_POOL", "POPULATE_POOL", "MLOCK_POOL", "SHMGET_COUNT",
		"SHMGET_TOTAL", "COLLAPSE_DEPENDS", "NO_METADATA", "MAP_COUNT", "SPLIT_MAP_COUNT",
		"MREMAP_MAP_COUNT", "MADVISE_MAP_COUNT", "FAULT_GUARD",
	};

	for (size_t i = 0; i < nr; i++) {
		for (size_t j = 0; j < sizeof(chance) / sizeof(chance[0]); j++) {
			if (!strcmp(code_name(codes[i]), chance[j]))
				return true;
		}
	}
	return false;
}

/*
 * What the step is done to, where the reasons say little of it: the flags of all areas from the
 * address on, of one page or the whole range.
 */
static uint64_t context_of(struct seq_model *model, const struct seq_step *step)
{
	const struct seq_bases *bases = seq_model_bases(model);
	struct umm_mm *mm = seq_model_mm(model, step->process);
	struct umm_area area = { .size = sizeof(area) };
	uint64_t flags = 0, start = 0, end = UINT64_MAX;

	switch (step->call) {
	case SEQ_MUNMAP: case SEQ_MSEAL: case SEQ_MSYNC: case SEQ_MINCORE: case SEQ_MUNLOCK:
		start = seq_resolve(bases, &step->arg[0]);
		end = start + seq_resolve(bases, &step->arg[1]);
		break;
	case SEQ_UFFD_REGISTER: case SEQ_UFFD_UNREGISTER:
		start = seq_resolve(bases, &step->arg[1]);
		end = start + seq_resolve(bases, &step->arg[2]);
		break;
	case SEQ_READ: case SEQ_WRITE:
		start = seq_resolve(bases, &step->arg[0]);
		end = start + 1;
		break;
	case SEQ_BRK:
		start = bases->base[SEQ_BASE_BRK];
		end = start + (UINT64_C(1) << 28);
		break;
	case SEQ_FORK: case SEQ_MUNLOCKALL:
		break;
	case SEQ_ADD_SEALS:
		return mix(step->arg[0].offset, step->arg[1].offset);
	default:
		return 0;
	}
	while (mm && umm_find_area(mm, start, &area) && area.start < end) {
		flags |= area.vm_flags | UINT64_C(1) << 63;
		start = area.end;
	}
	return flags;
}

static uint64_t shape_number(const struct seq_step *step, int64_t answer,
			     const struct umm_why *why, uint64_t context)
{
	const struct seq_call_info *info = seq_call_info(step->call);
	unsigned int codes[CODES_MAX];
	size_t nr = codes_of(why, codes);
	uint64_t hash = mix(mix(1, step->call), context);

	if (answer == INT64_MIN || is_chance(codes, nr) || (!nr && answer >= 0))
		return 0;
	hash = mix(hash, answer < 0 && answer > -4096 ? (uint64_t)answer : 1);
	for (size_t i = 0; i < nr; i++)
		hash = mix(hash, codes[i]);
	/* Which call it is in madvise, and of what kind of memory in mmap. */
	for (unsigned int i = 0; info->kind[i] != SEQ_KIND_NONE; i++) {
		if (info->kind[i] == SEQ_KIND_ADVICE)
			hash = mix(hash, step->arg[i].offset);
		if (info->kind[i] == SEQ_KIND_MAP)
			hash = mix(hash, step->arg[i].offset & 0x13);
		if (info->kind[i] == SEQ_KIND_FILE && step->call == SEQ_MMAP)
			hash = mix(hash, step->arg[i].offset == SEQ_FILE_NONE);
	}
	return hash | 1;
}

/* ---- for people ----------------------------------------------------------------------------- */

/* One placeholder "{1x}" at @text, filled; addresses by their bases.  Its length. */
static size_t add_placeholder(const struct seq_bases *bases, const char *text,
			      const struct umm_why_entry *entry, char *out, size_t size)
{
	size_t len = strcspn(text, "}") + 1;
	char one[16];

	if (len >= sizeof(one))
		return len;
	memcpy(one, text, len);
	one[len] = '\0';
	if (one[2] == 'x' && one[1] >= '0' && one[1] < '0' + UMM_WHY_VALUES) {
		struct seq_value value = seq_relate(bases, entry->value[one[1] - '0']);

		seq_value_text(&value, SEQ_KIND_ADDR, out, size);
	} else {
		umm_why_format(one, entry, out, size);
	}
	return len;
}

static void add_reason(const struct seq_bases *bases, const struct umm_why_entry *entry, char *text)
{
	struct umm_why_info info;
	size_t len = strlen(text);

	if (umm_why_info(entry->code, &info))
		return;
	if (len)
		len += (size_t)snprintf(text + len, SHAPE_TEXT - len, "; ");
	for (const char *at = info.text; *at && len + 80 < SHAPE_TEXT; ) {
		if (*at == '{') {
			at += add_placeholder(bases, at, entry, text + len, SHAPE_TEXT - len);
			len += strlen(text + len);
			/* "[pool-top-0x1000)" would be hard to read. */
			if (at[0] == '-' && at[1] == '{') {
				len += (size_t)snprintf(text + len, SHAPE_TEXT - len, "..");
				at++;
			}
		} else {
			text[len++] = *at++;
			text[len] = '\0';
		}
	}
}

/* The refusal is what it is about; else the decisions, of which each kind is told once. */
static void tell(const struct seq_bases *bases, const struct umm_why *why, struct shape *shape)
{
	const struct umm_why_entry *refusal = umm_why_refusal(why);
	unsigned int told = 0;

	shape->text[0] = '\0';
	shape->code = UINT16_MAX;
	if (refusal) {
		shape->code = refusal->code;
		add_reason(bases, refusal, shape->text);
		return;
	}
	for (unsigned int i = 0; i < why->nr && told < 3; i++) {
		const struct umm_why_entry *entry = &why->entry[i];
		bool again = false;

		for (unsigned int j = 0; j < i; j++)
			again |= why->entry[j].code == entry->code;
		if (again || entry->kind != UMM_WHY_NOTE)
			continue;
		add_reason(bases, entry, shape->text);
		if (!told++ || !strncmp(code_name(entry->code), "MERGED", 6) ||
		    !strncmp(code_name(entry->code), "APART", 5))
			shape->code = entry->code;
	}
}

/* ---- of sequences --------------------------------------------------------------------------- */

static void describe(const struct seq_model *model, const struct seq_step *step, int64_t answer,
		     const struct umm_why *why, struct shape *shape)
{
	const struct seq_call_info *info = seq_call_info(step->call);

	*shape = (struct shape){ .call = step->call, .answer = answer };
	if (step->call == SEQ_MMAP) {
		shape->flags = step->arg[3].offset;
		shape->hint = step->arg[0].base || step->arg[0].offset;
		shape->file = (unsigned int)step->arg[4].offset;
	}
	tell(seq_model_bases(model), why, shape);
	if (!*shape->text)
		snprintf(shape->text, sizeof(shape->text), "%s: an answer without a reason",
			 info->name);
}

uint64_t shape_of_last(const struct umm_settings *settings, const struct seq_start *start,
		       const struct seq *seq, struct shape *shape)
{
	struct seq_model *model;
	struct umm_why why;
	uint64_t number = 0, context = 0;
	int64_t answer = 0;

	if (!seq->nr || seq_model_new(settings, start, NULL, &model))
		return 0;
	for (size_t i = 0; i < seq->nr; i++) {
		memset(&why, 0, sizeof(why));
		context = context_of(model, &seq->step[i]);
		answer = seq_model_step(model, &seq->step[i], &why);
		/* What is not executed cannot be recorded. */
		if (answer == INT64_MIN)
			break;
	}
	if (answer != INT64_MIN) {
		const struct seq_step *last = &seq->step[seq->nr - 1];

		number = shape_number(last, answer, &why, context);
		if (shape)
			describe(model, last, answer, &why, shape);
	}
	seq_model_free(model);
	return number;
}

void shapes_of_all(const struct umm_settings *settings, const struct seq_start *start,
		   const struct seq *seq, uint64_t *out)
{
	struct seq_model *model;
	struct umm_why why;

	memset(out, 0, seq->nr * sizeof(*out));
	if (seq_model_new(settings, start, NULL, &model))
		return;
	for (size_t i = 0; i < seq->nr; i++) {
		uint64_t context = context_of(model, &seq->step[i]);
		int64_t answer;

		memset(&why, 0, sizeof(why));
		answer = seq_model_step(model, &seq->step[i], &why);
		out[i] = shape_number(&seq->step[i], answer, &why, context);
	}
	seq_model_free(model);
}

uint64_t shape_of_steps(const struct seq *seq)
{
	uint64_t hash = 1;

	for (size_t i = 0; i < seq->nr; i++) {
		const struct seq_step *step = &seq->step[i];
		const struct seq_call_info *info = seq_call_info(step->call);

		hash = mix(mix(hash, step->call), step->process);
		for (unsigned int arg = 0; info->kind[arg] != SEQ_KIND_NONE; arg++) {
			unsigned int kind = info->kind[arg];

			if (kind != SEQ_KIND_ADDR && kind != SEQ_KIND_LEN &&
			    kind != SEQ_KIND_OFFSET && kind != SEQ_KIND_NUMBER)
				hash = mix(hash, step->arg[arg].offset);
		}
	}
	return hash;
}

/* ---- names ---------------------------------------------------------------------------------- */

const char *shape_name(const struct shape *shape, struct shape_set *set)
{
	const char *call = seq_call_info(shape->call)->name;
	const char *code = shape->code == UINT16_MAX ? "plain" : code_name(shape->code);
	size_t slot = 0, prefix = strlen(call), len;

	/* "mremap-mremap-grew" says it twice. */
	for (size_t i = 0; i < prefix && code[i]; i++) {
		if (tolower((unsigned char)code[i]) != call[i])
			prefix = 0;
	}
	if (prefix && code[prefix] == '_')
		code += prefix + 1;
	snprintf(set->name, sizeof(set->name), "%.30s-%.30s", call, code);
	for (len = 0; set->name[len]; len++) {
		char *c = &set->name[len];

		*c = *c == '_' ? '-' : (char)tolower((unsigned char)*c);
		slot = 31 * slot + (unsigned char)*c;
	}
	/* By name: two reasons can have the same. */
	slot %= sizeof(set->names) / sizeof(set->names[0]);
	snprintf(set->name + len, sizeof(set->name) - len, "-%u", ++set->names[slot]);
	return set->name;
}

static bool begins(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

static const char *theme_of_mmap(const struct shape *shape)
{
	if (shape->flags & (0x10 | 0x100000))
		return "fixed";
	if (shape->file != SEQ_FILE_NONE)
		return "files";
	return shape->hint ? "hints" : "search";
}

const char *shape_theme(const struct shape *shape)
{
	static const struct {
		unsigned int call;
		const char *theme;
	} themes[] = {
		{ SEQ_MUNMAP, "munmap" }, { SEQ_MPROTECT, "mprotect" },
		{ SEQ_PKEY_MPROTECT, "mprotect" }, { SEQ_MREMAP, "mremap" }, { SEQ_BRK, "brk" },
		{ SEQ_REMAP_FILE_PAGES, "files" }, { SEQ_MADVISE, "madvise" },
		{ SEQ_PROCESS_MADVISE, "madvise" }, { SEQ_MLOCK, "mlock" }, { SEQ_MLOCK2, "mlock" },
		{ SEQ_MUNLOCK, "mlock" }, { SEQ_MLOCKALL, "mlock" }, { SEQ_MUNLOCKALL, "mlock" },
		{ SEQ_MSYNC, "msync" }, { SEQ_MINCORE, "msync" }, { SEQ_MSEAL, "mseal" },
		{ SEQ_MBIND, "mempolicy" }, { SEQ_SET_MEMPOLICY, "mempolicy" },
		{ SEQ_HOME_NODE, "mempolicy" }, { SEQ_SHMGET, "shm" }, { SEQ_SHMAT, "shm" },
		{ SEQ_SHMDT, "shm" }, { SEQ_SHMCTL, "shm" }, { SEQ_ADD_SEALS, "seals" },
		{ SEQ_USERFAULTFD, "uffd" }, { SEQ_UFFD_REGISTER, "uffd" },
		{ SEQ_UFFD_UNREGISTER, "uffd" }, { SEQ_UFFD_CLOSE, "uffd" },
		{ SEQ_SETRLIMIT, "limits" }, { SEQ_READ, "faults" }, { SEQ_WRITE, "faults" },
		{ SEQ_FORK, "fork" },
	};
	const char *name = shape->code == UINT16_MAX ? "" : code_name(shape->code);

	if (begins(name, "RLIMIT") || begins(name, "STACK_LIMIT") || strstr(name, "MEMLOCK") ||
	    strstr(name, "DATA_LIMIT") || begins(name, "MLOCK_LIMIT") || begins(name, "STACK_AS"))
		return "limits";
	if (begins(name, "SEALED_WRITE"))
		return "seals";
	if (begins(name, "MERGED") || begins(name, "APART"))
		return "merge";
	if (begins(name, "SPLIT") && shape->call != SEQ_MREMAP)
		return "split";
	if (strstr(name, "GUARD"))
		return "guard";
	if (shape->call == SEQ_MMAP)
		return theme_of_mmap(shape);
	for (size_t i = 0; i < sizeof(themes) / sizeof(themes[0]); i++) {
		if (themes[i].call == shape->call)
			return themes[i].theme;
	}
	return "process";
}
