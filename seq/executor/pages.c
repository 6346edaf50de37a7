/*
 * pages.c - the executor looks at its own memory: see pages.h and smaps.h.
 */
#include <linux/fcntl.h>

#include "seq/executor/executor.h"
#include "seq/executor/sys.h"
#include "seq/pages.h"
#include "seq/smaps.h"

/* Of /proc/PID/pagemap: proc(5).  The number of the frame is for those who may know it. */
#define PM_PRESENT (UINT64_C(1) << 63)
#define PM_FILE (UINT64_C(1) << 61)
#define PM_EXCLUSIVE (UINT64_C(1) << 56)
#define PM_PFN ((UINT64_C(1) << 55) - 1)

#define ENTRIES (CONTROL_TEXT_BYTES / sizeof(uint64_t))

static int64_t read_entries(uint64_t addr, uint64_t nr, uint64_t *entry)
{
	uint64_t bytes = nr * sizeof(*entry);
	int64_t got = sys6(__NR_pread64, FD_PAGEMAP, at(entry), bytes, addr / SEQ_PAGE * 8, 0, 0);

	return got == (int64_t)bytes ? 0 : got < 0 ? got : -UMM_EIO;
}

/* What may be said of the entry. */
static uint64_t facts(uint64_t addr, uint64_t entry)
{
	uint64_t pfn = entry & PM_PFN, facts = SEQ_PAGE_PRESENT;
	unsigned char in_core = 0;

	if (!(entry & PM_PRESENT) || (entry & PM_FILE))
		return 0;
	if (pfn && pfn == shared->zero_pfn)
		facts |= SEQ_PAGE_ZERO;
	if (entry & PM_EXCLUSIVE)
		facts |= SEQ_PAGE_EXCLUSIVE;
	if (sys3(__NR_mincore, addr, SEQ_PAGE, at(&in_core)) == 0 && (in_core & 1))
		facts |= SEQ_PAGE_IN_CORE;
	return facts;
}

static uint64_t word_of(uint64_t addr, uint64_t entry, uint64_t look)
{
	uint64_t word = facts(addr, entry);
	int64_t code;

	if (!word && look != SEQ_PAGES_ALL)
		return 0;
	code = access_byte(addr, 0);
	if (code)
		return word | (uint64_t)code << SEQ_PAGE_CODE_SHIFT;
	return word | seq_page_hash((const volatile uint64_t *)(uintptr_t)addr);
}

/* All entries of a piece are read before the first page is: reading it changes what is there. */
int64_t pages_look(uint64_t addr, uint64_t len, uint64_t look)
{
	uint64_t *entry = (uint64_t *)(void *)shared->text, nr = len / SEQ_PAGE, sum = 0;

	for (uint64_t from = 0; from < nr; from += ENTRIES) {
		uint64_t piece = nr - from < ENTRIES ? nr - from : ENTRIES;
		int64_t err = read_entries(addr + from * SEQ_PAGE, piece, entry);

		if (err)
			return err;
		for (uint64_t i = 0; i < piece; i++)
			sum = seq_pages_add(sum, nr, from + i,
					    word_of(addr + (from + i) * SEQ_PAGE, entry[i], look));
	}
	return seq_pages_answer(sum);
}

static void smaps_line(void *ctx, const char *line, size_t size)
{
	seq_smaps_line(ctx, line, size);
}

int64_t pages_smaps(uint64_t addr, uint64_t len, uint64_t field)
{
	struct seq_smaps smaps = { .start = addr, .end = addr + len, .field = field };

	look_lines(FD_SMAPS, smaps_line, &smaps);
	return seq_smaps_answer(&smaps);
}

/* The frame that reads of untouched memory find. */
uint64_t pages_zero_pfn(void)
{
	int64_t addr = sys6(__NR_mmap, 0, SEQ_PAGE, UMM_PROT_READ, UMM_MAP_PRIVATE |
			    UMM_MAP_ANONYMOUS, (uint64_t)-1, 0);
	uint64_t entry = 0;

	if (addr < 0 && addr > -4096)
		return 0;
	(void)access_byte((uint64_t)addr, 0);
	(void)read_entries((uint64_t)addr, 1, &entry);
	sys3(__NR_munmap, (uint64_t)addr, SEQ_PAGE, 0);
	return entry & PM_PFN;
}
