/*
 * refuse_exec.c - programs that the loader refuses, or is killed by.
 */
#include <signal.h>
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

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

static struct elf_file elf, interpreter;
static char program_path[300], interpreter_path[300];

/* A program that would run: code, data with bss, at fixed addresses. */
static void good(struct elf_file *file)
{
	elf_file_init(file, ET_EXEC, 0x401800);
	elf_file_segment(file, PT_LOAD, PF_R | PF_X, 0x1000, 0x401000, 0x1000, 0x1000);
	elf_file_segment(file, PT_LOAD, PF_R | PF_W, 0x2000, 0x402000, 0x500, 0x2000);
	elf_file_segment(file, PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0);
}

/* The same with an interpreter, which would run too. */
static void good_pair(void)
{
	elf_file_init(&interpreter, ET_DYN, 0x800);
	elf_file_segment(&interpreter, PT_LOAD, PF_R | PF_X, 0, 0, 0x1000, 0x1000);
	elf_file_init(&elf, ET_EXEC, 0x401800);
	elf_file_interpreter(&elf, interpreter_path);
	elf_file_segment(&elf, PT_LOAD, PF_R | PF_X, 0x1000, 0x401000, 0x1000, 0x1000);
}

/* Execute @path in a child: its wait status, or -errno of the exec. */
static int execute(const char *path)
{
	char *argv[] = { (char *)"x", NULL };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execve(path, argv, argv + 1);
		_exit(errno);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork");
	return WIFEXITED(status) ? -WEXITSTATUS(status) : status;
}

static void expect_refused(int error)
{
	int result;

	elf_file_write(&elf, program_path);
	if (interpreter.size)
		elf_file_write(&interpreter, interpreter_path);
	result = execute(program_path);
	expect(result == -error, "exec: error %d, got %d", error, -result);
}

static void expect_killed(void)
{
	int result;

	elf_file_write(&elf, program_path);
	if (interpreter.size)
		elf_file_write(&interpreter, interpreter_path);
	result = execute(program_path);
	expect(result > 0 && WTERMSIG(result) == SIGSEGV, "exec: killed, got %d", result);
}

static void runs(void)
{
	good(&elf);
	expect_refused(0);
	good_pair();
	expect_refused(0);
}

/* 74 program headers do not fit a page. */
static void runs_headers(void)
{
	good(&elf);
	elf.header.e_phnum = 74;
	expect_refused(0);
}

/* Nothing behind its file part can be zeroed, and need not be. */
static void runs_readonly(void)
{
	good_pair();
	interpreter.phdr[0].p_filesz = interpreter.phdr[0].p_memsz = 0xc00;
	expect_refused(0);
}

static void magic(void)
{
	good(&elf);
	elf.header.e_ident[0] = 0;
	expect_refused(ENOEXEC);
}

static void type(void)
{
	good(&elf);
	elf.header.e_type = ET_REL;
	expect_refused(ENOEXEC);
}

static void machine(void)
{
	good(&elf);
	elf.header.e_machine = EM_AARCH64;
	expect_refused(ENOEXEC);
}

static void not_mappable(void)
{
	int result = execute("/proc/version");

	expect(result == -EACCES || result == -ENOEXEC, "exec in /proc, got %d", -result);
}

static void phentsize(void)
{
	good(&elf);
	elf.header.e_phentsize = 57;
	expect_refused(ENOEXEC);
}

static void phnum(void)
{
	good(&elf);
	elf.header.e_phnum = 1171;
	expect_refused(ENOEXEC);
}

static void phdrs_cut(void)
{
	good(&elf);
	elf.header.e_phoff = ELF_FILE_SIZE - 100;
	expect_refused(ENOEXEC);
}

static void interp_len(void)
{
	good_pair();
	elf.phdr[0].p_filesz = 1;
	expect_refused(ENOEXEC);
}

static void interp_path_cut(void)
{
	good_pair();
	elf.phdr[0].p_offset = ELF_FILE_SIZE - 1;
	expect_refused(EIO);
}

static void interp_nul(void)
{
	good_pair();
	elf.phdr[0].p_filesz--;
	expect_refused(ENOEXEC);
}

static void no_interp(void)
{
	good_pair();
	interpreter.size = 0;
	unlink(interpreter_path);
	expect_refused(ENOENT);
}

static void interp_cut(void)
{
	good_pair();
	interpreter.size = 63;
	expect_refused(EIO);
}

static void interp_bad(void)
{
	good_pair();
	interpreter.header.e_machine = EM_386;
	expect_refused(ELIBBAD);
}

static void interp_type(void)
{
	good_pair();
	interpreter.header.e_type = ET_REL;
	expect_killed();
}

/* Where the stack is, nothing that can be written. */
static void tables(void)
{
	if (personality(ADDR_NO_RANDOMIZE) < 0)
		die("personality");
	elf_file_init(&elf, ET_EXEC, 0x401800);
	elf_file_segment(&elf, PT_LOAD, PF_R | PF_X, 0x1000, 0x401000, 0x1000, 0x1000);
	for (uint64_t at = TASK_END - 64 * PAGE; at < TASK_END; at += 4 * PAGE)
		elf_file_segment(&elf, PT_LOAD, PF_R, 0, at, 4 * PAGE, 4 * PAGE);
	expect_killed();
}

static void no_load(void)
{
	elf_file_init(&elf, ET_DYN, 0);
	elf_file_segment(&elf, PT_LOAD, PF_R, 0, 0, 0, 0);
	expect_killed();
}

static void segment_offset(void)
{
	good(&elf);
	elf.phdr[1].p_offset += 16;
	expect_killed();
}

static void segment_size(void)
{
	good(&elf);
	elf.phdr[1].p_memsz = elf.phdr[1].p_filesz - 1;
	expect_killed();
}

static void clear(void)
{
	good(&elf);
	elf.size = 0x2000;
	expect_killed();
}

static void entry(void)
{
	good(&elf);
	elf.header.e_entry = TASK_END;
	expect_killed();
}

/* What refuses mmap kills here. */
static void address_limit(void)
{
	good(&elf);
	elf.phdr[1].p_memsz = 64 << 20;
	set_limit(RLIMIT_AS, 48 << 20);
	expect_killed();
}

/* The child of it inherits what forbids a segment that is writable and executable. */
static void mdwe(void)
{
	good(&elf);
	elf.phdr[1].p_flags |= PF_X;
	if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0))
		skip("no PR_SET_MDWE: %s", strerror(errno));
	expect_killed();
}

static void high_address(void)
{
	good(&elf);
	elf.phdr[1].p_vaddr = TASK_END - PAGE;
	elf.phdr[1].p_filesz = elf.phdr[1].p_memsz = 2 * PAGE;
	expect_killed();
}

static void script_line(void)
{
	int result;

	write_program(program_path, "#! \t\necho\n", 10);
	result = execute(program_path);
	expect(result == -ENOEXEC, "a script without an interpreter, got %d", -result);
}

/* Each script is the interpreter of the one before; the last one's is a program. */
static void script_depth(void)
{
	char path[300], line[400], last[300];
	int result, n;

	good(&elf);
	elf_file_write(&elf, program_path);
	snprintf(last, sizeof(last), "%s", program_path);
	for (int i = 1; i <= 6; i++) {
		snprintf(path, sizeof(path), "%s/s%d", scratch_dir(), i);
		n = snprintf(line, sizeof(line), "#!%s\n", last);
		write_program(path, line, (size_t)n);
		result = execute(path);
		expect(result == (i < 6 ? 0 : -ELOOP), "%d scripts, got %d", i, -result);
		strcpy(last, path);
	}
}

static const struct prog_case cases[] = {
	{ "runs", runs },
	{ "runs_headers", runs_headers },
	{ "runs_readonly", runs_readonly },
	{ "magic", magic },
	{ "type", type },
	{ "machine", machine },
	{ "not_mappable", not_mappable },
	{ "phentsize", phentsize },
	{ "phnum", phnum },
	{ "phdrs_cut", phdrs_cut },
	{ "interp_len", interp_len },
	{ "interp_path_cut", interp_path_cut },
	{ "interp_nul", interp_nul },
	{ "no_interp", no_interp },
	{ "interp_cut", interp_cut },
	{ "interp_bad", interp_bad },
	{ "interp_type", interp_type },
	{ "tables", tables },
	{ "no_load", no_load },
	{ "segment_offset", segment_offset },
	{ "segment_size", segment_size },
	{ "clear", clear },
	{ "entry", entry },
	{ "address_limit", address_limit },
	{ "mdwe", mdwe },
	{ "high_address", high_address },
	{ "script_line", script_line },
	{ "script_depth", script_depth },
};

int main(int argc, char **argv)
{
	snprintf(program_path, sizeof(program_path), "%s/program", scratch_dir());
	snprintf(interpreter_path, sizeof(interpreter_path), "%s/interpreter", scratch_dir());
	return prog_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
