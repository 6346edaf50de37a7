/*
 * vma_attrs.c - what few areas have, behind an index in their flags.
 *
 * Theory
 * ------
 * An area is two cache lines, and full.  What next to none has stands in a table of its address
 * space, and VM_ATTRS_MASK of the area's vm_flags is the index: 0 for the areas that have nothing.
 *
 *	vm_flags	 63 62      55 … 40        35 … 0
 *			|unknown|   index   |    VM_READ …  |
 *				      │
 *	mm->attrs	 [0] none  [1] bind:0  [2] uffd 7  [3] uffd 7, bind:0  …
 *
 * Records do not change, and no two in use are equal.  So two areas have the same attributes if
 * they have the same index, a comparison of flags compares them, and whoever copies an area's
 * flags (a cut, mprotect, mremap) has copied them.  Nobody counts references: when the table is
 * full, the records that no area refers to are free again.
 *
 * Invariants
 *	1. every index in an area's flags is below nr, and its record is live;
 *	2. no two live records are equal, none is all zero;
 *	3. nr_free counts the records that are not live, those never used included.
 */
#include "base/assert.h"
#include "space/vma_attrs.h"
#include "space/vma_tree.h"

#define FIRST_ROOM 15
#define MOST_ROOM ((uint32_t)(VM_ATTRS_MASK >> VM_ATTRS_SHIFT))

/* A record of the table; the table has them from index 1 on. */
struct vma_attrs_record {
	struct vma_attrs attrs;
	uint32_t hash;
	bool live;
};

static const struct vma_attrs no_attrs;

static uint32_t index_of(vm_flags_t flags)
{
	return (uint32_t)((flags & VM_ATTRS_MASK) >> VM_ATTRS_SHIFT);
}

static const struct vma_attrs *attrs_of(const struct mm_struct *mm, vm_flags_t flags)
{
	uint32_t index = index_of(flags);

	return index ? &mm->attrs.record[index - 1].attrs : &no_attrs;
}

const struct vma_attrs *vma_attrs(const struct mm_struct *mm, const struct vm_area_struct *vma)
{
	return attrs_of(mm, vma->vm_flags);
}

static uint32_t hash_of(const struct vma_attrs *attrs)
{
	const unsigned char *byte = (const unsigned char *)attrs;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < sizeof(*attrs); i++)
		hash = (hash ^ byte[i]) * 16777619u;
	return hash;
}

static size_t table_bytes(uint32_t room)
{
	return (room * sizeof(struct vma_attrs_record) + 63) & ~(size_t)63;
}

/* What no area refers to is free. */
static void collect(struct mm_struct *mm)
{
	struct vma_attrs_table *table = &mm->attrs;
	const struct vm_area_struct *vma;

	for (uint32_t i = 0; i < table->room; i++)
		table->record[i].live = false;
	for (vma = mm->tree.first; vma; vma = vma_next(vma)) {
		if (index_of(vma->vm_flags))
			table->record[index_of(vma->vm_flags) - 1].live = true;
	}
	table->nr_free = 0;
	for (uint32_t i = 0; i < table->room; i++)
		table->nr_free += !table->record[i].live;
}

static bool grow(struct mm_struct *mm, size_t wanted)
{
	const struct umm_platform *platform = &mm->world->platform;
	struct vma_attrs_table *table = &mm->attrs;
	uint64_t room = table->room ? 2 * (uint64_t)table->room + 1 : FIRST_ROOM;
	struct vma_attrs_record *record;

	while (room - table->room + table->nr_free < wanted && room < MOST_ROOM)
		room = 2 * room + 1;
	if (room > MOST_ROOM)
		room = MOST_ROOM;
	if (room - table->room + table->nr_free < wanted)
		return false;
	record = platform->alloc(platform->ctx, table_bytes((uint32_t)room));
	if (!record)
		return false;
	memset(record, 0, table_bytes((uint32_t)room));
	if (table->room) {
		memcpy(record, table->record, table->room * sizeof(*record));
		platform->free(platform->ctx, table->record, table_bytes(table->room));
	}
	table->record = record;
	table->nr_free += (uint32_t)room - table->room;
	table->room = (uint32_t)room;
	return true;
}

long vma_attrs_reserve(struct mm_struct *mm, size_t n, struct umm_why *why)
{
	if (likely(mm->attrs.nr_free >= n))
		return 0;
	collect(mm);
	/* Half of it free, or collecting again would come too soon. */
	if (mm->attrs.nr_free >= n && mm->attrs.nr_free >= mm->attrs.room / 2)
		return 0;
	if (!grow(mm, n) && mm->attrs.nr_free < n)
		return refuse(why, WHY_NO_METADATA, n, 0);
	return 0;
}

vm_flags_t vma_attrs_put(struct mm_struct *mm, vm_flags_t flags, const struct vma_attrs *attrs)
{
	struct vma_attrs_table *table = &mm->attrs;
	uint32_t hash, i, slot = table->room;

	flags &= ~VM_ATTRS_MASK;
	if (memcmp(attrs, &no_attrs, sizeof(no_attrs)) == 0)
		return flags;
	hash = hash_of(attrs);
	for (i = 0; i < table->room; i++) {
		const struct vma_attrs_record *record = &table->record[i];

		if (!record->live)
			slot = slot == table->room ? i : slot;
		else if (record->hash == hash &&
			 memcmp(&record->attrs, attrs, sizeof(*attrs)) == 0)
			break;
	}
	if (i == table->room) {
		mm_assert(slot < table->room);	/* reserved */
		i = slot;
		table->record[i] = (struct vma_attrs_record){ .hash = hash, .live = true };
		/* The bytes, padding and all. */
		memcpy(&table->record[i].attrs, attrs, sizeof(*attrs));
		table->nr_free--;
	}
	return flags | (vm_flags_t)(i + 1) << VM_ATTRS_SHIFT;
}

enum why_code vma_attrs_apart(const struct mm_struct *mm, vm_flags_t a, vm_flags_t b)
{
	const struct vma_attrs *one = attrs_of(mm, a), *other = attrs_of(mm, b);

	if (memcmp(&one->policy, &other->policy, sizeof(one->policy)))
		return NOTE_APART_POLICY;
	return one->uffd.id != other->uffd.id ? NOTE_APART_UFFD : NOTE_APART_NAME;
}

bool vma_policy_equal(const struct mm_struct *mm, const struct vm_area_struct *a,
		      const struct vm_area_struct *b)
{
	if (!((a->vm_flags ^ b->vm_flags) & VM_ATTRS_MASK))
		return true;
	return memcmp(&vma_attrs(mm, a)->policy, &vma_attrs(mm, b)->policy,
		      sizeof(struct mempolicy)) == 0;
}

bool vma_attrs_is_valid(const struct mm_struct *mm, vm_flags_t flags)
{
	uint32_t index = index_of(flags);

	if (index > mm->attrs.room || (index && !mm->attrs.record[index - 1].live))
		return false;
	return !!attrs_of(mm, flags)->uffd.id == !!(flags & VM_UFFD_FLAGS);
}

int vma_attrs_clone(struct mm_struct *clone, const struct mm_struct *mm)
{
	const struct umm_platform *platform = &mm->world->platform;
	size_t bytes = table_bytes(mm->attrs.room);

	if (!mm->attrs.room)
		return 0;
	clone->attrs.record = platform->alloc(platform->ctx, bytes);
	if (!clone->attrs.record)
		return -UMM_ENOMEM;	/* no reason: not a call */
	memcpy(clone->attrs.record, mm->attrs.record, bytes);
	clone->attrs.room = mm->attrs.room;
	clone->attrs.nr_free = mm->attrs.nr_free;
	return 0;
}

bool vma_flags_same(const struct mm_struct *x, vm_flags_t a, const struct mm_struct *y,
		    vm_flags_t b)
{
	return !((a ^ b) & ~VM_ATTRS_MASK) &&
	       memcmp(attrs_of(x, a), attrs_of(y, b), sizeof(struct vma_attrs)) == 0;
}

void vma_attrs_destroy(struct mm_struct *mm)
{
	const struct umm_platform *platform = &mm->world->platform;

	if (mm->attrs.record)
		platform->free(platform->ctx, mm->attrs.record, table_bytes(mm->attrs.room));
	mm->attrs = (struct vma_attrs_table){ 0 };
}
