/*
 * refuse_mremap.c - mremap refused: for its arguments, for what the old area is, for a limit.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "prog.h"

#define SYS_MSEAL 462			/* 6.10 */

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#define MIB (1UL << 20)
#define MAYMOVE MREMAP_MAYMOVE
#define MOVE (MREMAP_MAYMOVE | MREMAP_FIXED)
#define KEEP (MREMAP_MAYMOVE | MREMAP_DONTUNMAP)

/* ---- the arguments ------------------------------------------------------------------------- */

static void flags(void)
{
	char *at = map_at(pool(1), 1, RW);

	expect_error(sys_mremap(at, PAGE, PAGE, 8, NULL), EINVAL, "an unknown flag");
}

static void unaligned(void)
{
	char *at = map_at(pool(1), 1, RW);

	expect_error(sys_mremap(at + 1, PAGE, PAGE, 0, NULL), EINVAL, "an odd old address");
}

static void zero(void)
{
	char *at = map_at(pool(1), 1, RW);

	expect_error(sys_mremap(at, PAGE, 0, 0, NULL), EINVAL, "a new length of 0");
}

static void length(void)
{
	char *at = map_at(pool(1), 1, RW);

	expect_error(sys_mremap(at, PAGE, TASK_END + PAGE, MAYMOVE, NULL), EINVAL,
		     "more than an address space");
}

static void new_too_high(void)
{
	char *at = map_at(pool(1), 1, RW);

	expect_error(sys_mremap(at, PAGE, PAGE, MOVE, (void *)TASK_END), EINVAL,
		     "past the end of the address space");
}

static void new_unaligned(void)
{
	char *at = map_at(pool(4), 1, RW);

	expect_error(sys_mremap(at, PAGE, PAGE, MOVE, at + 2 * PAGE + 1), EINVAL,
		     "an odd new address");
	expect_error(sys_mremap(at, PAGE, PAGE, KEEP, at + 2 * PAGE + 1), EINVAL, "an odd hint");
}

static void need_maymove(void)
{
	char *at = map_at(pool(4), 1, RW);

	expect_error(sys_mremap(at, PAGE, PAGE, MREMAP_FIXED, at + 2 * PAGE), EINVAL,
		     "MREMAP_FIXED alone");
	expect_error(sys_mremap(at, PAGE, PAGE, MREMAP_DONTUNMAP, NULL), EINVAL,
		     "MREMAP_DONTUNMAP alone");
}

static void resize(void)
{
	char *at = map_at(pool(4), 1, RW);

	expect_error(sys_mremap(at, PAGE, 2 * PAGE, KEEP, NULL), EINVAL,
		     "MREMAP_DONTUNMAP and another length");
}

static void overlap(void)
{
	char *at = map_at(pool(4), 4, RW);

	expect_error(sys_mremap(at, 2 * PAGE, 2 * PAGE, MOVE, at + PAGE), EINVAL,
		     "a target that overlaps");
	expect_error(sys_mremap(at, PAGE, PAGE, MOVE, at), EINVAL, "to itself");
}

/* ---- the old area -------------------------------------------------------------------------- */

static void unmapped(void)
{
	char *at = pool(4);

	map_at(at + PAGE, 1, RW);
	expect_error(sys_mremap(at, PAGE, 2 * PAGE, MAYMOVE, NULL), EFAULT, "a hole");
	expect_error(sys_mremap(at, PAGE, PAGE, 0, NULL), EFAULT, "a hole, even to stay as it is");
}

/* Of several areas the first must begin where the range does. */
static void unmapped_several(void)
{
	char *at = pool(16);

	map_at(at + PAGE, 2, RW);
	expect_error(sys_mremap(at, 4 * PAGE, 4 * PAGE, MOVE, at + 8 * PAGE), EFAULT,
		     "a hole before the first area");
	expect_layout(at, "hole:1 rw-p:2 hole:8", "nothing moved");
}

/* What stands at the new place is still there: the old area is looked at first. */
static void unmapped_first(void)
{
	char *at = pool(16);

	map_at(at + 8 * PAGE, 4, RW);
	map_at(at, 1, RW);
	expect_error(sys_mremap(at, 2 * PAGE, 3 * PAGE, MOVE, at + 8 * PAGE), EFAULT,
		     "more than there is");
	expect_layout(at, "rw-p:1 hole:7 rw-p:4", "the target is as it was");
}

/* The areas before it are moved already. */
static void alone(void)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	char *at = pool(16);

	if (fd < 0)
		die("/dev/zero");
	map_at(at, 2, RW);
	expect_ok(sys_mmap(at + 2 * PAGE, PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0), "/dev/zero");
	expect_error(sys_mremap(at, 3 * PAGE, 3 * PAGE, MOVE, at + 8 * PAGE), EFAULT,
		     "an area that moves alone, the second of two");
	expect_layout(at, "hole:2 rw-p:1 hole:5 rw-p:2 hole:1", "the first one moved");
}

static void sealed(void)
{
	char *at = map_at(pool(8), 2, RW);

	if (syscall(SYS_MSEAL, at, PAGE, 0UL))
		skip("this kernel has no mseal");
	expect_error(sys_mremap(at, PAGE, PAGE, 0, NULL), EPERM, "a sealed area, to stay as it is");
	expect_error(sys_mremap(at + PAGE, PAGE, PAGE, MOVE, at), EPERM, "onto a sealed area");
}

static char *huge_pages(void)
{
	long result = sys_mmap(NULL, 2 * HUGE, RW,
			       ANON | MAP_HUGETLB | MAP_NORESERVE | (21 << 26), -1, 0);

	if (result < 0)
		skip("no huge pages of 2 MiB here");
	return (char *)result;
}

static void hugetlb_align(void)
{
	char *at = huge_pages();

	expect_error(sys_mremap(at, HUGE, HUGE, 0, (void *)PAGE), EINVAL,
		     "an odd new address that nothing asks for");
	expect_error(sys_mremap(at + PAGE, HUGE, HUGE, 0, NULL), EINVAL, "inside a huge page");
}

static void hugetlb_grow(void)
{
	char *at = huge_pages();

	expect_error(sys_mremap(at, 2 * HUGE, 3 * HUGE, MAYMOVE, NULL), EINVAL,
		     "growing huge pages");
}

static void dup_private(void)
{
	char *at = map_at(pool(4), 2, RW);

	expect_error(sys_mremap(at, 0, PAGE, MAYMOVE, NULL), EINVAL,
		     "private memory mapped once more");
}

static void dup_no_place(void)
{
	char *at = pool(4);

	expect_ok(sys_mmap(at, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0), "shared");
	expect_error(sys_mremap(at, 0, PAGE, 0, NULL), ENOMEM,
		     "shared memory mapped once more without MREMAP_MAYMOVE");
}

static bool find_vdso(void *ctx, const struct prog_area *area)
{
	if (strcmp(area->name, "[vdso]") == 0)
		*(struct prog_area *)ctx = *area;
	return true;
}

static struct prog_area vdso(void)
{
	struct prog_area area = { .start = 0 };

	for_each_area(find_vdso, &area);
	if (!area.start)
		skip("no vdso");
	return area;
}

static void dontunmap_kind(void)
{
	struct prog_area area = vdso();

	expect_error(sys_mremap((void *)area.start, area.end - area.start, area.end - area.start,
				KEEP, NULL), EINVAL, "the vdso cannot stay behind");
}

static void dontexpand(void)
{
	struct prog_area area = vdso();
	size_t len = area.end - area.start;

	expect_error(sys_mremap((void *)area.start, len, len + PAGE, MAYMOVE, NULL), EFAULT,
		     "the vdso cannot grow");
}

static void special_split(void)
{
	struct prog_area area = vdso();

	expect_error(sys_mremap((void *)area.start, PAGE, PAGE, MOVE, pool(4)), EINVAL,
		     "a part of the vdso");
}

static void beyond(void)
{
	char *at = map_at(pool(8), 2, RW);

	expect_error(sys_mremap(at, 3 * PAGE, 4 * PAGE, MAYMOVE, NULL), EFAULT,
		     "more than the area");
	expect_error(sys_mremap(at, 3 * PAGE, 3 * PAGE, KEEP, NULL), EFAULT,
		     "more than the area, kept");
}

/* The ring of a packet socket is one of few mappings that may grow, but never merge. */
static void no_merge(void)
{
	struct tpacket_req ring = { .tp_block_size = 4 * PAGE, .tp_block_nr = 1,
				    .tp_frame_size = 2048, .tp_frame_nr = 8 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	char *at = pool(8);

	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)))
		skip("no packet socket with a ring");
	expect_ok(sys_mmap(at, 4 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0), "the ring");
	expect_error(sys_mremap(at, 4 * PAGE, 5 * PAGE, 0, NULL), ENOMEM, "the ring grows");
}

static void no_room(void)
{
	char *at = map_at(pool(8), 2, RW);

	map_at(at + 3 * PAGE, 1, PROT_READ);
	expect_error(sys_mremap(at, 2 * PAGE, 4 * PAGE, 0, NULL), ENOMEM,
		     "an area in the way, and no leave to move");
	expect_error(sys_mremap(at, PAGE, 2 * PAGE, 0, NULL), ENOMEM,
		     "the range ends inside its area, and no leave to move");
}

static void range_wraps(void)
{
	char *at = map_at(pool(8), 2, RW);

	expect_error(sys_mremap(at, -4 * PAGE, PAGE, 0, NULL), EINVAL,
		     "an old length beyond the address space");
}

static void min_addr(void)
{
	char *at = map_at(pool(1), 1, RW);

	if (read_number("/proc/sys/vm/mmap_min_addr") <= 0)
		skip("vm.mmap_min_addr is 0: nothing lies below it");
	drop_capability(CAP_SYS_RAWIO);
	expect_error(sys_mremap(at, PAGE, PAGE, MOVE, NULL), EPERM,
		     "to address 0 without CAP_SYS_RAWIO");
	expect_layout(at, "rw-p:1", "it stays");
}

/* ---- limits -------------------------------------------------------------------------------- */

static void map_count_grow(void)
{
	char *at = map_at(pool(4), 3, RW);

	use_up_areas(max_map_count() - 3);
	expect_error(sys_mremap(at, PAGE, 2 * PAGE, MAYMOVE, NULL), ENOMEM,
		     "a move with three areas left");
}

/* A fixed place wants two more in hand, and so even what would merge is refused. */
static void map_count_fixed(void)
{
	char *at = map_at(pool(8), 3, RW);

	use_up_areas(max_map_count() - 5);
	expect_error(sys_mremap(at, PAGE, PAGE, MOVE, at + 4 * PAGE), ENOMEM,
		     "a fixed move with five areas left");
	expect(sys_mremap(at, PAGE, 2 * PAGE, MAYMOVE, NULL) > 0, "a move with five areas left");
}

static void mlock_limit(void)
{
	char *at;

	drop_capability(CAP_IPC_LOCK);
	set_limit(RLIMIT_MEMLOCK, 8 * PAGE);
	at = pool(16);
	expect_ok(sys_mmap(at, 6 * PAGE, RW, ANON | MAP_LOCKED | MAP_FIXED, -1, 0), "locked");
	expect(sys_mremap(at, 6 * PAGE, 8 * PAGE, 0, NULL) == (long)at, "up to the limit");
	expect_error(sys_mremap(at, 8 * PAGE, 9 * PAGE, 0, NULL), EAGAIN, "a page more");
}

static void as(void)
{
	char *at = map_at(pool(8), 2, RW);

	set_limit(RLIMIT_AS, 64 * MIB);
	expect_error(sys_mremap(at, 2 * PAGE, 80 * MIB, MAYMOVE, NULL), ENOMEM,
		     "growth beyond RLIMIT_AS");
}

/* For a moment both are there, although only addresses are new. */
static void as_dontunmap(void)
{
	char *at = expect_ok(sys_mmap(NULL, 40 * MIB, PROT_READ, ANON, -1, 0), "40 MiB");

	set_limit(RLIMIT_AS, 64 * MIB);
	expect_error(sys_mremap(at, 40 * MIB, 40 * MIB, KEEP, NULL), ENOMEM,
		     "the old range kept beyond RLIMIT_AS");
}

static void data(void)
{
	char *at;

	set_limit(RLIMIT_DATA, 64 * MIB);
	at = expect_ok(sys_mmap(NULL, 2 * PAGE, RW, ANON, -1, 0), "some memory");
	expect_error(sys_mremap(at, 2 * PAGE, 80 * MIB, MAYMOVE, NULL), ENOMEM,
		     "growth beyond RLIMIT_DATA");
}

static void overcommit(void)
{
	size_t most = ram_and_swap();
	char *at = map_at(pool(8), 2, RW);

	expect_error(sys_mremap(at, 2 * PAGE, most + 3 * PAGE, MAYMOVE, NULL), ENOMEM,
		     "growth by a page more than memory and swap");
}

/*
 * What is cut off in a move is charged, and that may be refused: of an area that grew in steps to
 * more than may be promised at once.  By then the tail is gone.
 */
static void overcommit_shrink(void)
{
	size_t half = (ram_and_swap() / 2 + 64 * MIB) & ~(PAGE - 1);
	char *to = pool(4), *at = pool(2 * half / PAGE);

	map_at(at, half / PAGE, RW);
	expect(sys_mremap(at, half, 2 * half, 0, NULL) == (long)at, "grown in place");
	expect_error(sys_mremap(at, 2 * half, PAGE, MOVE, to), ENOMEM,
		     "moved, and smaller by more than memory and swap");
	expect_layout(at, "rw-p:1 hole:8", "the tail is gone, the rest stays");
}

static const struct prog_case cases[] = {
	{ "flags", flags },
	{ "unaligned", unaligned },
	{ "zero", zero },
	{ "length", length },
	{ "new_too_high", new_too_high },
	{ "new_unaligned", new_unaligned },
	{ "need_maymove", need_maymove },
	{ "resize", resize },
	{ "overlap", overlap },
	{ "unmapped", unmapped },
	{ "unmapped_several", unmapped_several },
	{ "unmapped_first", unmapped_first },
	{ "alone", alone },
	{ "sealed", sealed },
	{ "hugetlb_align", hugetlb_align },
	{ "hugetlb_grow", hugetlb_grow },
	{ "dup_private", dup_private },
	{ "dup_no_place", dup_no_place },
	{ "dontunmap_kind", dontunmap_kind },
	{ "dontexpand", dontexpand },
	{ "special_split", special_split },
	{ "beyond", beyond },
	{ "no_merge", no_merge },
	{ "no_room", no_room },
	{ "range_wraps", range_wraps },
	{ "min_addr", min_addr },
	{ "map_count_grow", map_count_grow },
	{ "map_count_fixed", map_count_fixed },
	{ "mlock_limit", mlock_limit },
	{ "as", as },
	{ "as_dontunmap", as_dontunmap },
	{ "data", data },
	{ "overcommit", overcommit },
	{ "overcommit_shrink", overcommit_shrink },
};

PROG_MAIN(cases)
