/*
 * random_elf.c - programs with headers at random, each executed by a child.
 *
 *	random_elf SEED PROGRAMS [still]
 *
 * Segments lie anywhere in a small range, over each other too, with parts of the file, bss, flags
 * and alignments as they come; now and then one is nonsense.  Some programs have an interpreter, of
 * the same kind; some are found by way of a script.  Limits, personality and arguments are random
 * too; with `still`, no base is random.  Most run and exit; some are refused, some killed by the
 * loader.  At the end it prints how many of which.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "elf_file.h"
#include "prog.h"
#include "random.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif

struct random_state {
	uint64_t seed;
	bool still;
	unsigned long ran, refused, killed;
};

static uint64_t below(struct random_state *state, uint64_t bound)
{
	return random_number(&state->seed, bound);
}

static bool one_in(struct random_state *state, uint64_t n)
{
	return below(state, n) == 0;
}

static uint64_t some_size(struct random_state *state)
{
	switch (below(state, 4)) {
	case 0:
		return 0;
	case 1:
		return (1 + below(state, 3)) * PAGE;
	default:
		return 1 + below(state, 3 * PAGE);
	}
}

static uint64_t some_alignment(struct random_state *state)
{
	static const uint64_t align[] = {
		0, 1, 16, PAGE, PAGE, PAGE, PAGE, 2 * PAGE, 3 * PAGE, 16 * PAGE, HUGE,
	};

	return align[below(state, sizeof(align) / sizeof(align[0]))];
}

/*
 * A value at which something wraps or ends.  None where the stack is: what lay there could not be
 * read afterwards.
 */
static uint64_t nonsense(struct random_state *state)
{
	static const uint64_t value[] = {
		TASK_END, UINT64_MAX, UINT64_MAX - PAGE + 1, 1, 0x1000, (uint64_t)1 << 63,
	};

	return value[below(state, sizeof(value) / sizeof(value[0]))];
}

static void add_segment(struct random_state *state, struct elf_file *elf, uint64_t base)
{
	unsigned int flags = (unsigned int)below(state, 8);
	uint64_t in_page = one_in(state, 2) ? 0 : below(state, PAGE);
	uint64_t page = below(state, ELF_FILE_PAGES), filesz = some_size(state);
	uint64_t vaddr = base + below(state, 24) * PAGE + in_page;
	Elf64_Phdr *phdr;

	if (one_in(state, 40))		/* far away: a wide hole */
		vaddr += below(state, 3) * HUGE;
	phdr = elf_file_segment(elf, PT_LOAD, flags, page * PAGE + in_page, vaddr, filesz,
				filesz + (one_in(state, 2) ? 0 : some_size(state)));
	phdr->p_align = some_alignment(state);
	if (one_in(state, 60))
		phdr->p_offset++;
	if (one_in(state, 60))
		phdr->p_vaddr = nonsense(state);
	if (one_in(state, 60))
		phdr->p_memsz = nonsense(state);
	if (one_in(state, 60))
		phdr->p_filesz = nonsense(state);
}

/* The entry is where the first segment that can be executed has code, if there is one. */
static void set_entry(struct elf_file *elf)
{
	for (unsigned int i = 0; i < elf->header.e_phnum; i++) {
		const Elf64_Phdr *p = &elf->phdr[i];
		uint64_t at = (p->p_offset & ~(PAGE - 1)) + ELF_CODE_AT;

		if (at < p->p_offset)
			at += PAGE;
		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X) ||
		    at + 128 > p->p_offset + p->p_filesz)
			continue;
		elf->header.e_entry = p->p_vaddr + (at - p->p_offset);
		return;
	}
}

static void make_image(struct random_state *state, struct elf_file *elf, const char *interpreter)
{
	bool fixed = one_in(state, 2);
	uint64_t base = fixed ? 0x400000 : one_in(state, 4) ? 0x10000 : 0;
	uint64_t nr = 1 + below(state, 5);

	elf_file_init(elf, fixed ? ET_EXEC : ET_DYN, nonsense(state));
	if (!one_in(state, 40))
		elf->header.e_entry = base;
	if (interpreter)
		elf_file_interpreter(elf, interpreter);
	if (!one_in(state, 4))
		elf_file_segment(elf, PT_GNU_STACK, (unsigned int)below(state, 8), 0, 0, 0, 0);
	elf_file_segment(elf, PT_LOAD, PF_R | PF_X, 0, base, PAGE, PAGE);
	while (nr--)
		add_segment(state, elf, base);
	set_entry(elf);
	if (one_in(state, 30))
		elf->size = (1 + below(state, ELF_FILE_PAGES)) * PAGE;
	if (one_in(state, 40))
		elf->header.e_type = (Elf64_Half)below(state, 5);
	if (one_in(state, 60))
		elf->header.e_phnum = (Elf64_Half)below(state, 80);
}

static void set_random_limit(struct random_state *state)
{
	static const uint64_t stack[] = {
		256 << 10, 1 << 20, 8 << 20, 1 << 30, RLIM_INFINITY, 300 << 20, 200 << 10,
	};

	set_limit(RLIMIT_STACK, stack[below(state, sizeof(stack) / sizeof(stack[0]))]);
	if (one_in(state, 20))
		set_limit(RLIMIT_AS, below(state, 100) * 64 * 1024 + (512 << 10));
	if (one_in(state, 20))
		set_limit(RLIMIT_DATA, below(state, 20) * PAGE);
}

static void set_random_personality(struct random_state *state, bool own)
{
	unsigned long bits = 0;

	if (one_in(state, 2) || state->still)
		bits |= ADDR_NO_RANDOMIZE;
	if (one_in(state, 5))
		bits |= ADDR_COMPAT_LAYOUT;
	if (one_in(state, 8))
		bits |= MMAP_PAGE_ZERO;
	if (one_in(state, 8))
		bits |= READ_IMPLIES_EXEC;
	if (personality(bits) < 0)
		die("personality");
	if (own && one_in(state, 10))		/* of the address space: not of a parent's */
		prctl(PR_SET_MDWE, 1, 0, 0, 0);
}

#define ARGS_MAX 3000

static void run(struct random_state *state, const char *path, bool own)
{
	static char text[20000], *argv[ARGS_MAX + 1], *envp[ARGS_MAX + 1];
	uint64_t argc = one_in(state, 5) ? below(state, ARGS_MAX) : below(state, 4);
	uint64_t envc = one_in(state, 5) ? below(state, ARGS_MAX) : below(state, 4);

	memset(text, 'x', sizeof(text) - 1);
	for (uint64_t i = 0; i < argc; i++)
		argv[i] = text + sizeof(text) - 1 - below(state, 30);
	if (argc && one_in(state, 2))
		argv[0] = text + below(state, sizeof(text));
	for (uint64_t i = 0; i < envc; i++)
		envp[i] = text + sizeof(text) - 1 - below(state, 30);
	set_random_personality(state, own);
	set_random_limit(state);
	execve(path, argv, envp);
	_exit(99);
}

/* The program itself, or a script or two that name it. */
static void write_script(struct random_state *state, const char *path, const char *interpreter)
{
	char line[512];
	int n = snprintf(line, sizeof(line), "#!%s%s%s\n", interpreter,
			 one_in(state, 2) ? " " : "", one_in(state, 3) ? "-a b" : "");

	write_program(path, line, (size_t)n);
}

static void one_program(struct random_state *state, struct elf_file *elf)
{
	char program[300], interpreter[300], script[300], second[300];
	const char *dir = scratch_dir(), *path = program;
	bool has_interpreter = one_in(state, 3), own;
	int status;
	pid_t pid;

	snprintf(program, sizeof(program), "%s/program", dir);
	snprintf(interpreter, sizeof(interpreter), "%s/interpreter", dir);
	snprintf(script, sizeof(script), "%s/script", dir);
	snprintf(second, sizeof(second), "%s/second", dir);
	if (has_interpreter) {
		make_image(state, elf, NULL);
		elf_file_write(elf, interpreter);
	}
	make_image(state, elf, has_interpreter ? interpreter : NULL);
	elf_file_write(elf, program);
	if (one_in(state, 4)) {
		write_script(state, path = script, program);
		if (one_in(state, 3))
			write_script(state, path = second, script);
	}
	own = one_in(state, 2);
	pid = own ? fork() : vfork();
	if (pid == 0)
		run(state, path, own);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork");
	if (WIFSIGNALED(status))
		state->killed++;
	else if (WEXITSTATUS(status) == 99)
		state->refused++;
	else
		state->ran++;
	unlink(program);
	unlink(interpreter);
	unlink(script);
	unlink(second);
}

int main(int argc, char **argv)
{
	static struct elf_file elf;
	struct random_state state = { .seed = 88172645463325252u };

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: random_elf SEED PROGRAMS [still]\n");
		return 2;
	}
	state.still = argc == 4;
	state.seed ^= strtoull(argv[1], NULL, 0) * 0x9e3779b97f4a7c15u;
	for (unsigned long n = strtoul(argv[2], NULL, 0); n; n--)
		one_program(&state, &elf);
	printf("ran %lu, refused %lu, killed %lu\n", state.ran, state.refused, state.killed);
	return 0;
}
