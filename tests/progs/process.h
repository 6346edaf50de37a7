/*
 * process.h - what programs say of their own address space: prctl, io_setup, arch_prctl.
 */
#ifndef TESTS_PROGS_PROCESS_H
#define TESTS_PROGS_PROCESS_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "prog.h"

#define MDWE_REFUSE 1UL
#define MDWE_NO_INHERIT 2UL

#define SET_MM_BRK 7
#define SET_MM_ARG_END 9
#define SET_MM_MAP 14
#define SET_MM_MAP_SIZE 15

#define MAP_VDSO_X32 0x2001
#define MAP_VDSO_64 0x2003

static inline long bare(long result)
{
	return result == -1 ? -errno : result;
}

static inline long set_mdwe(unsigned long bits, unsigned long arg3, unsigned long arg5)
{
	return bare(syscall(SYS_prctl, 65 /* PR_SET_MDWE */, bits, arg3, 0UL, arg5));
}

static inline void need_mdwe(unsigned long bits)
{
	long err = set_mdwe(bits, 0, 0);

	if (err == -EINVAL)
		skip("this kernel does not have these bits of PR_SET_MDWE");
	expect(err == 0, "PR_SET_MDWE");
}

static inline long set_mm(long option, unsigned long addr, unsigned long arg4, unsigned long arg5)
{
	return bare(syscall(SYS_prctl, 35 /* PR_SET_MM */, option, addr, arg4, arg5));
}

/* struct prctl_mm_map */
struct mm_map {
	unsigned long start_code, end_code, start_data, end_data, start_brk, brk, start_stack;
	unsigned long arg_start, arg_end, env_start, env_end;
	void *auxv;
	unsigned int auxv_size, exe_fd;
};

static inline long set_map(const struct mm_map *map)
{
	return set_mm(SET_MM_MAP, (unsigned long)map, sizeof(*map), 0);
}

/* What /proc/self/stat says of us, by the numbers of proc(5). */
static inline struct mm_map present_map(void)
{
	unsigned long field[53] = { 0 };
	char text[2048], *at;
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')') + 3;
	for (int i = 4; i <= 52 && *at; i++)
		field[i] = strtoul(at, &at, 10);
	return (struct mm_map){
		field[26], field[27], field[45], field[46], field[47],
		(unsigned long)sys_brk(NULL), field[28], field[48], field[49], field[50],
		field[51], NULL, 0, ~0U,
	};
}

static inline long io_setup(unsigned int events, void *ctxp)
{
	return bare(syscall(SYS_io_setup, events, ctxp));
}

static inline long io_destroy(unsigned long ctx)
{
	return bare(syscall(SYS_io_destroy, ctx));
}

static inline unsigned long new_ring(unsigned int events)
{
	unsigned long ctx = 0;
	long err = io_setup(events, &ctx);

	if (err)
		skip("io_setup: %s", strerrorname_np((int)-err));
	return ctx;
}

static inline long map_shadow_stack(unsigned long flags)
{
	return bare(syscall(453 /* map_shadow_stack */, 0UL, PAGE, flags));
}

/* ARCH_SHSTK_ENABLE of a machine that has some would be for good: the process would end. */
static inline long shstk_prctl(long option, unsigned long features)
{
	if (map_shadow_stack(0) >= 0)
		skip("this machine has shadow stacks");
	return bare(syscall(SYS_arch_prctl, option, features));
}

static inline long map_vdso(long option, unsigned long addr)
{
	return bare(syscall(SYS_arch_prctl, option, addr));
}

#endif
