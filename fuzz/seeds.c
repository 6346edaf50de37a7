/*
 * seeds.c - what the targets begin with: one folder for each.
 *
 *	seeds DIR [N]
 *
 * Sequences come from the generator, an ELF program and vectors are made here, maps and smaps are
 * this program's own.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "seq/encode.h"
#include "seq/generate.h"
#include "seq/vectors/vector.h"
#include "target.h"

#define STEPS 40

static const char *directory;

static void put_seed(const char *target, unsigned int nr, const void *bytes, size_t size)
{
	char path[4096];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", directory, target);
	if (mkdir(path, 0777) != 0)
		must(errno == EEXIST);
	snprintf(path, sizeof(path), "%s/%s/seed-%u", directory, target, nr);
	out = fopen(path, "we");
	must(out && fwrite(bytes, 1, size, out) == size && !fclose(out));
}

static void put_text(const char *target, unsigned int nr, unsigned int which, const char *text)
{
	char bytes[1024];

	must(strlen(text) + 1 < sizeof(bytes));
	bytes[0] = (char)which;
	strcpy(bytes + 1, text);
	put_seed(target, nr, bytes, strlen(text) + 1);
}

/* The first bytes choose the machine: see calls.c. */
static void sequences(unsigned int nr)
{
	static uint8_t bytes[3 + STEPS * SEQ_STEP_BYTES];
	struct seq_step steps[STEPS];
	struct seq seq = { steps, 0 };
	char text[600];

	for (unsigned int i = 0; i < nr; i++) {
		must(!seq_generate(i, NULL, NULL, STEPS, &seq));
		bytes[0] = (uint8_t)(i % 64);
		bytes[1] = (uint8_t)(i % 5 ? 0x10 : i);
		bytes[2] = (uint8_t)(i % 3 ? 0 : i * 7);
		put_seed("calls", i, bytes, 3 + seq_encode(&seq, bytes + 3, sizeof(bytes) - 3));
		seq_step_text(&steps[i % seq.nr], text, sizeof(text));
		put_text("text", i, 0, text);
	}
	put_text("text", nr, 2, "rd wr mr mw me ac gd lo dc de ht um sl");
	put_text("text", nr + 1, 3, "#!/bin/sh -e x\n");
	put_text("text", nr + 2, 1 | SEQ_KIND_MAP << 2, "MAP_SHARED|0x8000000");
}

/* A header, a program with an interpreter's name, code, data, bss and a stack. */
static void program(void)
{
	struct {
		uint8_t head[8];
		Elf64_Ehdr elf;
		Elf64_Phdr segment[5];
		char interpreter[16];
	} file;

	memset(&file, 0, sizeof(file));
	file.head[2] = sizeof(file) / 16;
	memcpy(file.elf.e_ident, ELFMAG, SELFMAG);
	file.elf.e_ident[EI_CLASS] = ELFCLASS64;
	file.elf.e_ident[EI_DATA] = ELFDATA2LSB;
	file.elf.e_type = ET_EXEC;
	file.elf.e_machine = EM_X86_64;
	file.elf.e_version = EV_CURRENT;
	file.elf.e_entry = 0x401000;
	file.elf.e_phoff = sizeof(file.elf);
	file.elf.e_ehsize = sizeof(file.elf);
	file.elf.e_phentsize = sizeof(file.segment[0]);
	file.elf.e_phnum = 5;
	file.segment[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X,
		.p_vaddr = 0x400000, .p_filesz = 0x180, .p_memsz = 0x180, .p_align = 0x1000 };
	file.segment[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_W,
		.p_vaddr = 0x402000, .p_filesz = 0x20, .p_memsz = 0x5000, .p_align = 0x1000 };
	file.segment[2] = (Elf64_Phdr){ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W };
	file.segment[3] = (Elf64_Phdr){ .p_type = PT_INTERP, .p_filesz = 14,
		.p_offset = sizeof(file) - sizeof(file.head) - 16 };
	memcpy(file.interpreter, "/lib/ld-x.so.1", 14);
	put_seed("elf", 0, &file, sizeof(file));
	file.segment[3].p_type = PT_NULL;
	put_seed("elf", 1, &file, sizeof(file));
	file.elf.e_type = ET_DYN;
	put_seed("elf", 2, &file, sizeof(file));
}

static void maps(void)
{
	static const char *const names[] = { "/proc/self/maps", "/proc/self/smaps" };
	static char text[1 << 16];

	for (unsigned int i = 0; i < 2; i++) {
		FILE *in = fopen(names[i], "re");
		size_t n = in ? fread(text, 1, 4000, in) : 0;

		put_seed("maps", i, text, n);
		if (in)
			fclose(in);
	}
}

/* Answers need not be right to be read. */
static void add_steps(struct vector *vector, const struct seq *seq)
{
	for (size_t i = 0; i < seq->nr; i++) {
		struct vector_step *step = vector_add_step(vector, &seq->step[i]);

		must(step);
		strcpy(step->answer, i & 1 ? "EINVAL" : "pool+0x3000");
	}
}

static void vectors(void)
{
	struct vector_file file = { .theme = "seeds", .machine = { .kernel = "6.18.0" } };
	struct seq_step steps[6];
	struct seq seq = { steps, 0 };
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	vector_set(&file.machine, "thp", "never");
	for (uint64_t seed = 0; seed < 2; seed++) {
		struct vector *vector = vector_file_add(&file);

		must(vector && !seq_generate(seed, NULL, NULL, 6, &seq));
		vector->name = strdup(seed ? "second" : "first");
		vector->theme = strdup("seeds");
		vector->shows = strdup("nothing");
		add_steps(vector, &seq);
	}
	must(out && !vector_file_write(&file, out) && !fclose(out));
	put_seed("vectors", 0, text, size);
	vector_file_free(&file);
	free(text);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: seeds DIR [N]\n");
		return 2;
	}
	directory = argv[1];
	sequences(argc > 2 ? (unsigned int)atoi(argv[2]) : 100);
	program();
	maps();
	vectors();
	return 0;
}
