/*
 * set_vma.c - prctl(PR_SET_VMA): names for anonymous areas.
 *
 * A name is an attribute that areas must share to merge.  Naming walks over holes and says so in
 * the end; a file in the range stops it, with the areas below it named.  The kernel of the tests
 * is built without: all but that refusal is from reading.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/set_vma.h"
#include "space/file.h"
#include "space/mm.h"
#include "space/vma.h"
#include "space/vma_attrs.h"
#include "space/vma_tree.h"

static bool is_valid_name_char(char c)
{
	return c > 0x1f && c < 0x7f && c != '\\' && c != '`' && c != '$' && c != '[' && c != ']';
}

static long check_name(const struct umm_anon_name *name, struct umm_why *why)
{
	long err;

	if (!name->text)
		return 0;
	if (name->length < ANON_VMA_NAME_MAX_LEN) {
		err = check(why, !name->unreadable, WHY_ANON_NAME_MEMORY, 0, 0);
		if (err)
			return err;
	}
	err = check(why, name->length < ANON_VMA_NAME_MAX_LEN, WHY_ANON_NAME_LENGTH, name->length,
		    ANON_VMA_NAME_MAX_LEN);
	if (err)
		return err;
	for (uint64_t i = 0; i < name->length; i++) {
		if (!is_valid_name_char(name->text[i]))
			return refuse(why, WHY_ANON_NAME_CHARACTER, (uint8_t)name->text[i], i);
	}
	passed(why, WHY_ANON_NAME_CHARACTER, 0, 0);
	return 0;
}

/* Shared memory without a path: an object that nobody else can open. */
static bool vma_is_anon_shmem(const struct vm_area_struct *vma)
{
	const char *path = vma->vm_file->path, *end = " (deleted)";
	size_t length = 0, tail = 0;

	if (!vma->vm_file->f_op->is_shmem || !path)
		return false;
	while (path[length])
		length++;
	while (end[tail])
		tail++;
	return length >= tail && memcmp(path + length - tail, end, tail) == 0;
}

static bool can_be_named(const struct mm_struct *mm, const struct vm_area_struct *vma)
{
	return !vma->vm_file ||
	       (rule(mm->world, RULE_ANON_SHMEM_NAME) && vma_is_anon_shmem(vma));
}

static long name_reserve(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
			 struct umm_why *why)
{
	const struct vm_area_struct *vma = find_vma_intersection(&mm->tree, start, end);
	size_t links = 0, attrs = 1;
	long err;

	for (; vma && vma->vm_start < end; vma = vma_next(vma)) {
		links += vma_modify_links(vma);
		attrs += (vma->vm_flags & VM_ATTRS_MASK) != 0;
	}
	err = vma_attrs_reserve(mm, attrs, why);
	return err ? err : mm_reserve(mm, 2, links, why);
}

static void set_name(struct vma_attrs *attrs, const struct umm_anon_name *name)
{
	attrs->named = name->text != NULL;
	memset(attrs->name, 0, sizeof(attrs->name));
	if (name->text)
		memcpy(attrs->name, name->text, name->length);
}

/* Name [start, end) of *@vma; *@vma becomes the area that holds it. */
static long name_area(struct mm_struct *mm, struct vm_area_struct **vma, umm_addr_t start,
		      umm_addr_t end, const struct umm_anon_name *name, struct umm_why *why)
{
	struct vma_attrs attrs = *vma_attrs(mm, *vma);
	struct umm_why_entry *mark = why_mark(why);
	struct vm_area_struct *changed;
	vm_flags_t flags;

	if (!can_be_named(mm, *vma))
		return refuse4(why, WHY_ANON_NAME_FILE, 0, 0, (*vma)->vm_start, (*vma)->vm_end);
	set_name(&attrs, name);
	flags = vma_attrs_put(mm, (*vma)->vm_flags, &attrs);
	if (flags == (*vma)->vm_flags) {
		note(why, NOTE_ANON_NAME_SAME, start, end, 0, 0);
		return 0;
	}
	changed = vma_modify(mm, *vma, start, end, flags, why);
	if (IS_ERR(changed) && PTR_ERR(changed) == -UMM_ENOMEM) {
		why_retract(why, mark);		/* the same, said as EAGAIN */
		return refuse4(why, WHY_ANON_NAME_MAP_COUNT, mm->tree.map_count,
			       mm->world->settings.max_map_count, (*vma)->vm_start, (*vma)->vm_end);
	}
	if (IS_ERR(changed))
		return PTR_ERR(changed);
	*vma = changed;
	note(why, NOTE_ANON_NAMED, start, end, 0, 0);
	return 0;
}

static long name_walk(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
		      const struct umm_anon_name *name, struct umm_why *why)
{
	struct vm_area_struct *vma = find_vma_intersection(&mm->tree, start, end);
	umm_addr_t addr = start, hole = end;
	long err;

	for (; vma && vma->vm_start < end; vma = vma_next(vma)) {
		if (vma->vm_start > addr && hole == end)
			hole = addr;
		addr = min_u64(vma->vm_end, end);
		err = name_area(mm, &vma, max_u64(start, vma->vm_start), addr, name, why);
		if (err)
			return err;
	}
	if (addr < end && hole == end)
		hole = addr;
	mm_assert_expensive(mm_is_valid(mm));
	if (hole != end)
		return refuse4(why, WHY_ANON_NAME_HOLE, hole, 0, start, end);
	passed(why, WHY_ANON_NAME_HOLE, 0, 0);
	return 0;
}

long prctl_set_vma(struct mm_struct *mm, uint64_t attribute, umm_addr_t start, uint64_t len,
		   const struct umm_anon_name *name, struct umm_why *why)
{
	uint64_t bytes = page_align(len);
	long err;

	err = check(why, mm->world->settings.anon_vma_name, WHY_SET_VMA_CONFIG, 0, 0);
	if (err)
		return err;
	err = check(why, attribute == UMM_PR_SET_VMA_ANON_NAME, WHY_SET_VMA_OPTION, attribute,
		    UMM_PR_SET_VMA_ANON_NAME);
	if (err)
		return err;
	err = check_name(name, why);
	if (err)
		return err;
	err = check(why, page_aligned(start), WHY_ANON_NAME_UNALIGNED, start, PAGE_SIZE);
	if (err)
		return err;
	err = check(why, (bytes || !len) && start + bytes >= start, WHY_ANON_NAME_WRAP, start, len);
	if (err || !bytes)
		return err;
	err = name_reserve(mm, start, start + bytes, why);
	return err ? err : name_walk(mm, start, start + bytes, name, why);
}
