/*
 * tlb.c - a processor that remembers translations until it is told to forget them.
 */
#undef NDEBUG				/* who builds a test wants to know */
#include <assert.h>
#include <string.h>

#include "tlb.h"

#define PAGE_MASK_ (~UINT64_C(4095))
#define ENTRIES 4096u
#define FLUSHES 64u

static struct {
	struct umm_mm *mm;
	umm_addr_t page;
	unsigned int access;		/* 0: nothing remembered */
	unsigned char *contents;
} tlb[UNIT_CPUS][ENTRIES], *entry = tlb[0];

static struct tlb_flush flushes[FLUSHES];
static size_t nr_flushes;
static unsigned int deaf;

static size_t place_of(const struct umm_mm *mm, umm_addr_t page)
{
	return (size_t)(((page >> 12) ^ ((uintptr_t)mm >> 6) * 31) % ENTRIES);
}

static void flush(void *ctx, struct umm_mm *mm, uint64_t start, uint64_t end)
{
	(void)ctx;
	assert(start < end && start % 4096 == 0 && end % 4096 == 0);
	if (nr_flushes < FLUSHES)
		flushes[nr_flushes] = (struct tlb_flush){ mm, start, end };
	nr_flushes++;
	for (unsigned int cpu = 0; cpu < UNIT_CPUS; cpu++)
		for (size_t i = 0; i < ENTRIES; i++)
			if (cpu != deaf && tlb[cpu][i].mm == mm && start <= tlb[cpu][i].page &&
			    tlb[cpu][i].page < end)
				tlb[cpu][i].access = 0;
}

void unit_tlb_forget(void)
{
	memset(tlb, 0, sizeof(tlb));
	nr_flushes = 0;
	deaf = UNIT_CPUS;
}

void unit_tlb_deafen(unsigned int cpu)
{
	deaf = cpu;
}

void unit_tlb_cpu(unsigned int cpu)
{
	entry = tlb[cpu % UNIT_CPUS];
}

void unit_tlb_init(struct umm_platform *platform)
{
	unit_tlb_forget();
	platform->tlb_flush = flush;
}

size_t unit_tlb_flushes(struct tlb_flush *flush_, size_t room)
{
	for (size_t i = 0; i < room && i < nr_flushes && i < FLUSHES; i++)
		flush_[i] = flushes[i];
	return nr_flushes;
}

bool unit_tlb_holds(struct umm_mm *mm, umm_addr_t addr, unsigned int access)
{
	size_t i = place_of(mm, addr & PAGE_MASK_);

	return entry[i].mm == mm && entry[i].page == (addr & PAGE_MASK_) &&
	       (entry[i].access & access);
}

unsigned char *unit_tlb_translate(struct umm_mm *mm, umm_addr_t addr, unsigned int access,
				int *fault)
{
	size_t i = place_of(mm, addr & PAGE_MASK_);
	unsigned char *contents;
	uint64_t len;

	*fault = UMM_FAULT_OK;
	if (unit_tlb_holds(mm, addr, access))
		return entry[i].contents + (addr & 4095);
	contents = umm_translate(mm, addr, access, &len, fault);
	if (!contents)
		return NULL;
	assert(len == 4096 - (addr & 4095));
	contents -= addr & 4095;
	if (entry[i].mm != mm || entry[i].page != (addr & PAGE_MASK_) ||
	    entry[i].contents != contents)
		entry[i].access = 0;
	entry[i].mm = mm;
	entry[i].page = addr & PAGE_MASK_;
	entry[i].access |= access;
	entry[i].contents = contents;
	return contents + (addr & 4095);
}

unsigned char unit_tlb_read(struct umm_mm *mm, umm_addr_t addr, int *fault)
{
	const unsigned char *byte = unit_tlb_translate(mm, addr, UMM_ACCESS_READ, fault);

	return byte ? *byte : 0;
}

const void *unit_tlb_page(struct umm_mm *mm, umm_addr_t addr, int *fault)
{
	return unit_tlb_translate(mm, addr & PAGE_MASK_, UMM_ACCESS_READ, fault);
}

void unit_tlb_write(struct umm_mm *mm, umm_addr_t addr, unsigned char value, int *fault)
{
	unsigned char *byte = unit_tlb_translate(mm, addr, UMM_ACCESS_WRITE, fault);

	if (byte)
		*byte = value;
}
