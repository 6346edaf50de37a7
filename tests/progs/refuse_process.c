/*
 * refuse_process.c - what prctl(PR_SET_MDWE), prctl(PR_SET_MM), io_setup and ARCH_MAP_VDSO_
 * refuse.
 */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"

#define RO PROT_READ
#define RW (PROT_READ | PROT_WRITE)

/* ---- PR_SET_MDWE --------------------------------------------------------------------------- */

static void mdwe_args(void)
{
	expect_error(set_mdwe(MDWE_REFUSE, 0, 1), EINVAL, "with an argument too many");
}

static void mdwe_bits(void)
{
	expect_error(set_mdwe(4, 0, 0), EINVAL, "a bit that is not known");
	expect_error(set_mdwe(MDWE_NO_INHERIT, 0, 0), EINVAL, "how far goes nothing?");
}

static void mdwe_is_set(void)
{
	expect(set_mdwe(0, 0, 0) == 0, "nothing is set");
	need_mdwe(MDWE_REFUSE);
	expect(set_mdwe(MDWE_REFUSE, 0, 0) == 0, "set again");
	expect_error(set_mdwe(MDWE_REFUSE | MDWE_NO_INHERIT, 0, 0), EPERM, "set to something else");
	expect_error(set_mdwe(0, 0, 0), EPERM, "taken back");
}

static void mdwe_mmap(void)
{
	need_mdwe(MDWE_REFUSE | MDWE_NO_INHERIT);
	expect_error(sys_mmap(NULL, PAGE, RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		     EACCES, "writable and executable");
}

static void mdwe_mprotect(void)
{
	char *at = pool(4);

	map_at(at, 1, RW);
	map_at(at + 2 * PAGE, 1, RO | PROT_EXEC);
	need_mdwe(MDWE_REFUSE);
	expect(sys_mprotect(at + 2 * PAGE, PAGE, RO | PROT_EXEC) == 0, "executable as before");
	expect(sys_mprotect(at + 2 * PAGE, PAGE, RO) == 0, "no more");
	expect_error(sys_mprotect(at + 2 * PAGE, PAGE, RO | PROT_EXEC), EACCES, "and again");
	expect_error(sys_mprotect(at, PAGE, RO | PROT_EXEC), EACCES, "executable at last");
}

/* ---- PR_SET_MM ----------------------------------------------------------------------------- */

static void set_mm_args(void)
{
	expect_error(set_mm(SET_MM_BRK, (unsigned long)sys_brk(NULL), 1, 0), EINVAL,
		     "with an argument too many");
}

static void set_mm_permission(void)
{
	drop_capability(CAP_SYS_RESOURCE);
	expect_error(set_mm(SET_MM_BRK, (unsigned long)sys_brk(NULL), 0, 0), EPERM,
		     "without CAP_SYS_RESOURCE");
	expect_error(set_mm(99, 0, 0, 0), EPERM, "whatever the option");
}

/* Most machines for tests are containers without it. */
static void need_permission(void)
{
	if (set_mm(SET_MM_BRK, (unsigned long)sys_brk(NULL), 0, 0) == -EPERM)
		skip("no CAP_SYS_RESOURCE");
}

static void set_mm_addr(void)
{
	need_permission();
	expect_error(set_mm(SET_MM_BRK, 0x100, 0, 0), EINVAL, "the break at 0x100");
}

static void set_mm_option(void)
{
	need_permission();
	expect_error(set_mm(99, (unsigned long)sys_brk(NULL), 0, 0), EINVAL, "an unknown option");
}

static void set_mm_no_area(void)
{
	need_permission();
	expect_error(set_mm(SET_MM_ARG_END, 0x7fffffffe000, 0, 0), EFAULT, "above all areas");
}

static void set_mm_field(void)
{
	struct mm_map map = present_map();

	map.arg_start = 4096;
	expect_error(set_map(&map), EINVAL, "arguments at 4096");
	map.arg_start = 65536;
	expect(set_map(&map) == 0, "arguments where anybody may map");
	map.env_end = 0xffff800000000000;
	expect_error(set_map(&map), EINVAL, "environment to the kernel");
}

static void set_mm_order(void)
{
	struct mm_map map = present_map(), wrong = map;

	wrong.start_code = wrong.end_code;
	expect_error(set_map(&wrong), EINVAL, "no code");
	wrong = map;
	wrong.start_data = wrong.end_data;
	expect(set_map(&wrong) == 0, "no data");
	wrong.brk = wrong.start_brk - 1;
	expect_error(set_map(&wrong), EINVAL, "a break below the heap");
}

static void set_mm_data_limit(void)
{
	struct mm_map map = present_map();

	set_limit(RLIMIT_DATA, 1UL << 20);
	map.start_brk = map.brk;
	expect(set_map(&map) == 0, "an empty heap");
	map.brk += 4UL << 20;
	expect_error(set_map(&map), EINVAL, "a heap of 4 MiB");
}

static void set_mm_map_size(void)
{
	struct mm_map map = present_map();

	expect_error(set_mm(SET_MM_MAP, (unsigned long)&map, sizeof(map) - 8, 0), EINVAL,
		     "a shorter struct");
}

static void set_mm_map_fault(void)
{
	char *at = map_at(pool(2), 1, RO);

	expect_error(set_mm(SET_MM_MAP, (unsigned long)at + PAGE - 8, sizeof(struct mm_map), 0),
		     EFAULT, "a struct that ends in a hole");
	expect_error(set_mm(SET_MM_MAP_SIZE, (unsigned long)at, 0, 0), EFAULT,
		     "a size that cannot be written");
}

static void set_mm_auxv(void)
{
	struct mm_map map = present_map();

	map.auxv_size = 8;
	expect_error(set_map(&map), EINVAL, "a vector at 0");
	map.auxv = &map;
	map.auxv_size = PAGE;
	expect_error(set_map(&map), EINVAL, "a vector of a page");
}

static void set_mm_auxv_fault(void)
{
	struct mm_map map = present_map();

	map.auxv = pool(1);
	map.auxv_size = 16;
	expect_error(set_map(&map), EFAULT, "a vector in a hole");
}

/* ---- io_setup, io_destroy ------------------------------------------------------------------ */

static void aio_fault(void)
{
	char *at = map_at(pool(2), 1, RO);
	size_t areas = count_all_areas();

	expect_error(io_setup(1, at + PAGE), EFAULT, "a context in a hole");
	expect_error(io_setup(1, at), EFAULT, "a context that cannot be written");
	expect(count_all_areas() == areas, "no ring is left");
}

static void aio_args(void)
{
	unsigned long ctx = 0;

	expect_error(io_setup(0, &ctx), EINVAL, "no events");
	ctx = 5;
	expect_error(io_setup(1, &ctx), EINVAL, "a context that is one already");
}

static void aio_too_many(void)
{
	unsigned long ctx = 0;

	expect_error(io_setup(0x400001, &ctx), EINVAL, "more events than a ring has");
}

/* mmap would say EAGAIN. */
static void aio_ring(void)
{
	unsigned long ctx = 0;

	drop_capability(CAP_IPC_LOCK);
	set_limit(RLIMIT_MEMLOCK, 4 * PAGE);
	if (mlockall(MCL_FUTURE))
		skip("mlockall");
	expect_error(io_setup(1000, &ctx), ENOMEM, "a ring that would have to be locked");
}

static void aio_as(void)
{
	unsigned long ctx = 0;

	set_limit(RLIMIT_AS, 1UL << 20);
	expect_error(io_setup(1000, &ctx), ENOMEM, "a ring beyond RLIMIT_AS");
}

static unsigned long child_ctx;

static void destroy_in_child(void)
{
	struct prog_area area;

	expect(area_at((char *)child_ctx, &area), "the child has the memory");
	expect_error(io_destroy(child_ctx), EINVAL, "but not the context");
}

static void aio_no_context(void)
{
	unsigned long ctx = new_ring(1);

	expect_error(io_destroy(ctx + 1), EINVAL, "beside it");
	child_ctx = ctx;
	expect(in_child(destroy_in_child) == 0, "a child");
	expect(sys_mprotect((char *)ctx, PAGE, PROT_NONE) == 0, "a ring that cannot be read");
	expect_error(io_destroy(ctx), EINVAL, "is none");
	expect(sys_mprotect((char *)ctx, PAGE, RO) == 0, "one that can");
	expect(io_destroy(ctx) == 0, "is one");
	expect_error(io_destroy(ctx), EINVAL, "but once");
}

/* ---- shadow stacks ------------------------------------------------------------------------- */

static void shstk_absent(void)
{
	long err = map_shadow_stack(0);

	if (err != -ENOSYS)
		skip("this kernel knows shadow stacks");
	expect_error(map_shadow_stack(77), ENOSYS, "whatever the flags");
}

static void shstk_no_cpu(void)
{
	long err = map_shadow_stack(0);

	if (err != -EOPNOTSUPP)
		skip("this kernel was built without shadow stacks, or the machine has some");
	expect_error(map_shadow_stack(77), EOPNOTSUPP, "whatever the flags");
	expect_error(shstk_prctl(0x5001, 1), EOPNOTSUPP, "nor can they be switched on");
}

static void shstk_option(void)
{
	if (map_shadow_stack(0) != -ENOSYS)
		skip("this kernel knows shadow stacks");
	expect_error(shstk_prctl(0x5001, 1), EINVAL, "ARCH_SHSTK_ENABLE");
	expect_error(shstk_prctl(0x5002, 1), EINVAL, "ARCH_SHSTK_DISABLE");
}

static void shstk_features(void)
{
	if (map_shadow_stack(0) != -EOPNOTSUPP)
		skip("this kernel was built without shadow stacks, or the machine has some");
	expect_error(shstk_prctl(0x5001, 3), EINVAL, "two features at once");
}

/* ---- ARCH_MAP_VDSO_ ------------------------------------------------------------------------ */

static void vdso_exists(void)
{
	long err = map_vdso(MAP_VDSO_64, 0);

	if (err > 0)
		skip("the kernel gives no vdso to programs");
	expect_error(err, EEXIST, "a second vdso");
}

static void vdso_option(void)
{
	if (map_vdso(MAP_VDSO_X32, 0) == -EEXIST)
		skip("this kernel has x32");
	expect_error(map_vdso(MAP_VDSO_X32, 0), EINVAL, "the vdso of x32");
}

static const struct prog_case cases[] = {
	{ "mdwe_args", mdwe_args }, { "mdwe_bits", mdwe_bits }, { "mdwe_is_set", mdwe_is_set },
	{ "mdwe_mmap", mdwe_mmap }, { "mdwe_mprotect", mdwe_mprotect },
	{ "set_mm_args", set_mm_args }, { "set_mm_permission", set_mm_permission },
	{ "set_mm_addr", set_mm_addr }, { "set_mm_option", set_mm_option },
	{ "set_mm_no_area", set_mm_no_area },
	{ "set_mm_field", set_mm_field }, { "set_mm_order", set_mm_order },
	{ "set_mm_data_limit", set_mm_data_limit }, { "set_mm_map_size", set_mm_map_size },
	{ "set_mm_map_fault", set_mm_map_fault }, { "set_mm_auxv", set_mm_auxv },
	{ "set_mm_auxv_fault", set_mm_auxv_fault },
	{ "aio_fault", aio_fault }, { "aio_args", aio_args }, { "aio_too_many", aio_too_many },
	{ "aio_ring", aio_ring }, { "aio_as", aio_as }, { "aio_no_context", aio_no_context },
	{ "shstk_absent", shstk_absent }, { "shstk_no_cpu", shstk_no_cpu },
	{ "shstk_option", shstk_option }, { "shstk_features", shstk_features },
	{ "vdso_exists", vdso_exists }, { "vdso_option", vdso_option },
};
PROG_MAIN(cases)
