/*
 * machine.c - settings as words, and back: one table for the numbers.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "seq/vectors/machine.h"
#include "seq/vectors/protocol.h"

/* Below the heap, which no vector touches. */
#define OWN_BYTES (UINT64_C(8) << 20)

#define NUMBER(name, member)								\
	{ name, offsetof(struct umm_settings, member),					\
	  sizeof(((struct umm_settings *)NULL)->member) }

static const struct {
	const char *name;
	size_t offset, size;
} numbers[] = {
	NUMBER("overcommit_memory", overcommit_memory),
	NUMBER("overcommit_ratio", overcommit_ratio),
	NUMBER("max_map_count", max_map_count),
	NUMBER("mmap_min_addr", mmap_min_addr),
	NUMBER("hint_min_addr", hint_min_addr),
	NUMBER("stack_guard_gap", stack_guard_gap),
	NUMBER("memory_pages", totalram_pages),
	NUMBER("swap_pages", total_swap_pages),
	NUMBER("legacy_va_layout", legacy_va_layout),
	NUMBER("thp_configured", thp_configured),
	NUMBER("ksm", ksm_configured),
	NUMBER("anon_vma_name", anon_vma_name),
	NUMBER("memory_failure", memory_failure_configured),
	NUMBER("max_nodes", max_nodes),
	NUMBER("memory_nodes", memory_nodes),
	NUMBER("online_nodes", online_nodes),
	NUMBER("shmmax", shmmax),
	NUMBER("shmall", shmall),
	NUMBER("shmmni", shmmni),
	NUMBER("hugetlb_shm_group", hugetlb_shm_group),
};

#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static const char *const thp_word[] = { "never", "madvise", "always" };

static const struct {
	const char *name;
	size_t offset;
} limits[] = {
	{ "rlimit_data", offsetof(struct seq_start, data) },
	{ "rlimit_stack", offsetof(struct seq_start, stack) },
	{ "rlimit_memlock", offsetof(struct seq_start, memlock) },
	{ "rlimit_as", offsetof(struct seq_start, as) },
};

#define LIMITS (sizeof(limits) / sizeof(limits[0]))

static const struct {
	const char *name;
	size_t offset;
} words[] = {
	{ "capabilities", offsetof(struct seq_start, caps) },
	{ "personality", offsetof(struct seq_start, personality) },
	{ "uid", offsetof(struct seq_start, uid) },
	{ "gid", offsetof(struct seq_start, gid) },
};

#define WORDS (sizeof(words) / sizeof(words[0]))

static void set_number(struct vector_machine *machine, const char *name, uint64_t number)
{
	char text[24];

	if (number < 10 || number == UINT64_MAX)
		snprintf(text, sizeof(text), "%" PRId64, (int64_t)number);
	else
		snprintf(text, sizeof(text), "0x%" PRIx64, number);
	vector_set(machine, name, text);
}

/* What a file is, where that is not as seq_start_plain() has it. */
static void describe_files(const struct seq_start *start, struct vector_machine *machine)
{
	struct seq_start plain;
	char name[32], text[64];

	seq_start_plain(&plain);
	for (unsigned int i = 0; i < SEQ_FILES; i++) {
		const struct seq_start_file *file = &start->file[i];

		if (file->kind == plain.file[i].kind && file->align == plain.file[i].align &&
		    file->flags == plain.file[i].flags && file->bytes == plain.file[i].bytes &&
		    file->executable == plain.file[i].executable)
			continue;
		snprintf(name, sizeof(name), "file.%s", seq_file_name(i));
		snprintf(text, sizeof(text), "%d:%d:0x%" PRIx32 ":0x%" PRIx64 ":%d",
			 (int)file->kind, (int)file->align, file->flags, file->bytes,
			 file->executable);
		vector_set(machine, name, text);
	}
}

void machine_describe(const struct umm_settings *settings, const struct seq_start *start,
		      struct vector_machine *machine)
{
	char text[64];

	memcpy(machine->base, start->base, sizeof(machine->base));
	vector_set(machine, "page_size", "4096");
	vector_set(machine, "thp", thp_word[settings->thp_enabled % 3]);
	for (size_t i = 0; i < NUMBERS; i++) {
		uint64_t number = 0;

		memcpy(&number, (const char *)settings + numbers[i].offset, numbers[i].size);
		set_number(machine, numbers[i].name, number);
	}
	for (size_t i = 0; i < LIMITS; i++) {
		const struct seq_start_limit *limit =
			(const void *)((const char *)start + limits[i].offset);

		snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64, (int64_t)limit->soft,
			 (int64_t)limit->hard);
		vector_set(machine, limits[i].name, text);
	}
	for (size_t i = 0; i < WORDS; i++) {
		uint32_t number;

		memcpy(&number, (const char *)start + words[i].offset, sizeof(number));
		set_number(machine, words[i].name, number);
	}
	set_number(machine, "task_size", start->layout.task_size);
	describe_files(start, machine);
}

uint32_t machine_kernel(const struct vector_machine *machine)
{
	unsigned int major, minor;

	if (sscanf(machine->kernel, "%u.%u", &major, &minor) != 2 || major > 255 || minor > 255)
		return 0;
	return UMM_KERNEL(major, minor);
}

static int apply_number(const struct vector_setting *setting, struct umm_settings *settings)
{
	int64_t number;

	for (size_t i = 0; i < NUMBERS; i++) {
		if (strcmp(setting->name, numbers[i].name))
			continue;
		if (protocol_number_parse(setting->value, &number))
			return -1;
		/* Any number is true. */
		if (numbers[i].size == sizeof(bool))
			number = number != 0;
		memcpy((char *)settings + numbers[i].offset, &number, numbers[i].size);
	}
	return 0;
}

static int apply_limit(const struct vector_setting *setting, struct seq_start *start)
{
	int64_t soft, hard;

	for (size_t i = 0; i < LIMITS; i++) {
		struct seq_start_limit *limit = (void *)((char *)start + limits[i].offset);

		if (strcmp(setting->name, limits[i].name))
			continue;
		if (sscanf(setting->value, "%" SCNd64 ":%" SCNd64, &soft, &hard) != 2)
			return -1;
		limit->soft = (uint64_t)soft;
		limit->hard = (uint64_t)hard;
	}
	return 0;
}

static int apply_file(const struct vector_setting *setting, struct seq_start *start)
{
	int file = strncmp(setting->name, "file.", 5) ? -1 : seq_file_find(setting->name + 5);
	unsigned int kind, align, executable;
	uint32_t flags;
	uint64_t bytes;

	if (file < 0)
		return 0;
	if (sscanf(setting->value, "%u:%u:%" SCNx32 ":%" SCNx64 ":%u", &kind, &align, &flags,
		   &bytes, &executable) != 5 ||
	    kind > UMM_FILE_SOCKET || align > UMM_ALIGN_HUGETLB)
		return -1;
	start->file[file].kind = (enum umm_file_kind)kind;
	start->file[file].align = (enum umm_file_align)align;
	start->file[file].flags = flags;
	start->file[file].bytes = bytes;
	start->file[file].executable = executable;
	return 0;
}

static int apply_thp(const struct vector_setting *setting, struct umm_settings *settings)
{
	if (strcmp(setting->name, "thp"))
		return 0;
	for (unsigned int i = 0; i < 3; i++) {
		if (!strcmp(setting->value, thp_word[i])) {
			settings->thp_enabled = i;
			return 0;
		}
	}
	return -1;
}

/* With five levels of page tables, more than four have is only for who asks for it. */
static int apply_task_size(const struct vector_setting *setting, struct seq_start *start)
{
	const uint64_t window = UINT64_C(0x7ffffffff000);
	int64_t number;

	if (strcmp(setting->name, "task_size"))
		return 0;
	if (protocol_number_parse(setting->value, &number) || number % (int64_t)SEQ_PAGE)
		return -1;
	start->layout.task_size = (uint64_t)number;
	start->layout.map_window = (uint64_t)number > window ? window : 0;
	return 0;
}

static int apply_word(const struct vector_setting *setting, struct seq_start *start)
{
	int64_t number;
	uint32_t word;

	for (size_t i = 0; i < WORDS; i++) {
		if (strcmp(setting->name, words[i].name))
			continue;
		if (protocol_number_parse(setting->value, &number))
			return -1;
		word = (uint32_t)number;
		memcpy((char *)start + words[i].offset, &word, sizeof(word));
	}
	return 0;
}

static void apply_bases(const struct vector_machine *machine, struct seq_start *start)
{
	if (!machine->base[SEQ_BASE_POOL])
		return;				/* nobody wishes for anything */
	memcpy(start->base, machine->base, sizeof(start->base));
	/* Nothing is mapped here, but whoever executes vectors may have something below brk. */
	start->own_start = machine->base[SEQ_BASE_BRK] - OWN_BYTES;
	start->own_end = machine->base[SEQ_BASE_BRK];
	start->base[SEQ_BASE_SIZE] = 0;
	start->base[SEQ_BASE_DATA] = 0;
	start->layout.mmap_base = machine->base[SEQ_BASE_TOP];
	start->layout.start_brk = start->layout.brk = machine->base[SEQ_BASE_BRK];
	start->layout.end_data = start->layout.start_data = machine->base[SEQ_BASE_BRK];
}

int machine_apply(const struct vector_machine *machine, uint32_t kernel,
		  struct umm_settings *settings, struct seq_start *start)
{
	if (!kernel)
		kernel = machine_kernel(machine);
	umm_settings_init(settings, kernel ? kernel : UMM_KERNEL_NEWEST);
	seq_start_plain(start);
	apply_bases(machine, start);
	for (size_t i = 0; i < machine->nr; i++) {
		const struct vector_setting *setting = &machine->setting[i];

		if (apply_number(setting, settings) || apply_limit(setting, start) ||
		    apply_file(setting, start) || apply_thp(setting, settings) ||
		    apply_word(setting, start) || apply_task_size(setting, start))
			return -1;
	}
	return 0;
}

const char *machine_differs(const struct vector_machine *a, const struct vector_machine *b)
{
	for (size_t i = 0; i < a->nr; i++) {
		const char *name = a->setting[i].name;
		const char *other = vector_setting(b, name);

		if (!strcmp(name, "memory_pages") || !strcmp(name, "swap_pages"))
			continue;
		if (!other || strcmp(other, a->setting[i].value))
			return name;
	}
	return NULL;
}
