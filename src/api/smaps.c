/*
 * smaps.c - /proc/PID/smaps, smaps_rollup's sums and the Vm lines of /proc/PID/status.
 */
#include "api/handles.h"
#include "api/maps_text.h"
#include "fault/thp.h"
#include "rmap/smap.h"
#include "space/vma_tree.h"

/* "Rss:                  16 kB" */
static void field(struct text *text, const char *name, uint64_t kib)
{
	size_t begin = text->length;

	text_string(text, name);
	text_char(text, ':');
	text_pad_to(text, begin + 16);
	text_decimal_right(text, kib, 8);
}

static void field_kb(struct text *text, const char *name, uint64_t bytes)
{
	field(text, name, bytes >> 10);
	text_string(text, " kB\n");
}

static void field_pss(struct text *text, const char *name, uint64_t pss)
{
	field_kb(text, name, pss >> PSS_SHIFT);
}

/* Swap, and huge pages of objects, are not kept: what is always 0 is said as 0. */
static void text_smap_fields(struct text *text, const struct mem_size_stats *mss)
{
	field_kb(text, "Rss", mss->resident);
	field_pss(text, "Pss", mss->pss);
	field_pss(text, "Pss_Dirty", mss->pss_dirty);
	field_kb(text, "Shared_Clean", mss->shared_clean);
	field_kb(text, "Shared_Dirty", mss->shared_dirty);
	field_kb(text, "Private_Clean", mss->private_clean);
	field_kb(text, "Private_Dirty", mss->private_dirty);
	field_kb(text, "Referenced", mss->referenced);
	field_kb(text, "Anonymous", mss->anonymous);
	field_kb(text, "KSM", 0);
	field_kb(text, "LazyFree", mss->lazyfree);
	field_kb(text, "AnonHugePages", mss->anonymous_thp);
	field_kb(text, "ShmemPmdMapped", 0);
	field_kb(text, "FilePmdMapped", 0);
	field_kb(text, "Shared_Hugetlb", 0);
	field_kb(text, "Private_Hugetlb", 0);
	field_kb(text, "Swap", 0);
	field_kb(text, "SwapPss", 0);
	field_pss(text, "Locked", mss->pss_locked);
}

static void text_smaps(struct text *text, const struct mm_struct *mm,
		       const struct vm_area_struct *vma)
{
	const struct file *file = vma->vm_flags & VM_HUGETLB ? vma->vm_file : NULL;
	uint64_t page_size = file ? file_page_size(file) : PAGE_SIZE;
	struct mem_size_stats mss = { .resident = 0 };
	char flags[160];

	if (mm->pages)
		smap_gather_stats(mm, vma, &mss);
	text_maps_line(text, mm, vma);
	field_kb(text, "Size", vma_len(vma));
	field_kb(text, "KernelPageSize", page_size);
	field_kb(text, "MMUPageSize", page_size);
	text_smap_fields(text, &mss);
	field(text, "THPeligible", thp_vma_eligible(mm, vma));
	text_string(text, "\nVmFlags: ");
	(void)umm_vm_flags_text(vma->vm_flags & ALL_VM_FLAGS, flags, sizeof(flags));
	text_string(text, flags);
	text_char(text, '\n');
}

size_t umm_smaps_area(struct umm_mm *handle, umm_addr_t addr, char *buf, size_t size,
		      umm_addr_t *next)
{
	return text_of_area(handle, addr, text_smaps, buf, size, next);
}

static void status_line(struct text *text, const char *name, uint64_t pages)
{
	text_string(text, name);
	text_string(text, ":\t");
	text_decimal_right(text, pages << 2, 8);
	text_string(text, " kB\n");
}

static void text_status(struct text *text, const struct mm_struct *mm)
{
	static const struct mm_pages none;
	const struct mm_pages *pages = mm->pages ? mm->pages : &none;
	const struct umm_layout *l = &mm->layout;
	uint64_t code = (page_align(l->end_code) - (l->start_code & PAGE_MASK)) >> PAGE_SHIFT;
	uint64_t exec = min_u64(code, mm->exec_vm);

	status_line(text, "VmPeak", max_u64(pages->hiwater_vm, mm->total_vm));
	status_line(text, "VmSize", mm->total_vm);
	status_line(text, "VmLck", mm->locked_vm);
	status_line(text, "VmPin", 0);
	status_line(text, "VmHWM", get_mm_hiwater_rss(pages));
	status_line(text, "VmRSS", get_mm_rss(pages));
	status_line(text, "RssAnon", get_mm_counter(pages, MM_ANONPAGES));
	status_line(text, "RssFile", get_mm_counter(pages, MM_FILEPAGES));
	status_line(text, "RssShmem", get_mm_counter(pages, MM_SHMEMPAGES));
	status_line(text, "VmData", mm->data_vm);
	status_line(text, "VmStk", mm->stack_vm);
	status_line(text, "VmExe", exec);
	status_line(text, "VmLib", mm->exec_vm - exec);
	status_line(text, "VmPTE", atomic_load(&pages->pgt.nr_tables));
	status_line(text, "VmSwap", get_mm_counter(pages, MM_SWAPENTS));
}

size_t umm_status_text(struct umm_mm *handle, char *buf, size_t size)
{
	struct mm_struct *mm = to_mm(handle);
	struct text text = { buf, size, 0 };

	mmap_read_lock(mm);
	text_status(&text, mm);
	mmap_read_unlock(mm);
	return text_end(&text);
}
