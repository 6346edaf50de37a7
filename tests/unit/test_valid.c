/*
 * test_valid.c - mm_is_valid(), which every test relies on, notices each kind of damage.
 *
 * A row changes one thing inside an address space that is in order; the check must say so, and say
 * no more once the old value is back.
 */
#include "api/handles.h"
#include "space/anon_vma.h"
#include "space/i_mmap.h"
#include "space/mm.h"
#include "space/vma_lock.h"
#include "space/vma_tree.h"

#include "attrs.h"
#include "pages_lab.h"

/* What stood where the damage is. */
static struct {
	void *at;
	size_t size;
	unsigned char old[16];
} saved[4];
static unsigned int nr_saved;

static void save(void *at, size_t size)
{
	assert_true(nr_saved < sizeof(saved) / sizeof(saved[0]) && size <= 16);
	saved[nr_saved].at = at;
	saved[nr_saved].size = size;
	memcpy(saved[nr_saved++].old, at, size);
}

static void restore(void)
{
	while (nr_saved) {
		nr_saved--;
		memcpy(saved[nr_saved].at, saved[nr_saved].old, saved[nr_saved].size);
	}
}

#define HARM(what, value) do { save(&(what), sizeof(what)); (what) = (value); } while (0)

/*
 * AT		4 pages, written by the parent and by its child, which this is: a chain of two
 * AT + 8	2 pages, written here alone
 * AT + 16	2 pages of a file
 * AT + 24	2 pages, watched by a userfaultfd
 * AT + 32	8 pages, guards on the second and on the fifth
 * AT + 64	a stack
 */
static void build(struct lab *lab)
{
	lab_init(lab);
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	lab_map(lab, AT, 4 * PAGE, RW, ANON);
	lab_write(lab, AT);
	lab_become_child(lab);
	lab_write(lab, AT);
	lab_map(lab, AT + 8 * PAGE, 2 * PAGE, RW, ANON);
	lab_write(lab, AT + 8 * PAGE);
	lab_map(lab, AT + 16 * PAGE, 2 * PAGE, R | X, PRIVATE);
	lab_map(lab, AT + 24 * PAGE, 2 * PAGE, RW, ANON);
	assert_int_equal(watch(lab, 7, AT + 24 * PAGE, 2 * PAGE, MISSING), 0);
	lab_map(lab, AT + 32 * PAGE, 8 * PAGE, RW, ANON);
	assert_int_equal(umm_madvise(lab->mm, AT + 33 * PAGE, PAGE, UMM_MADV_GUARD_INSTALL, NULL),
			 0);
	assert_int_equal(umm_madvise(lab->mm, AT + 36 * PAGE, PAGE, UMM_MADV_GUARD_INSTALL, NULL),
			 0);
	lab_map(lab, AT + 64 * PAGE, 2 * PAGE, RW, ANON | UMM_MAP_GROWSDOWN);
}

static struct vm_area_struct *at_page(struct mm_struct *mm, uint64_t page)
{
	struct vm_area_struct *vma = find_vma(&mm->tree, AT + page * PAGE);

	assert_true(vma && vma->vm_start == AT + page * PAGE);
	return vma;
}

/* ---- the index ------------------------------------------------------------------------------- */

static struct vm_area_struct stranger;

static void count_is_wrong(struct mm_struct *mm)
{
	HARM(mm->tree.map_count, mm->tree.map_count + 1);
}

static void last_is_another(struct mm_struct *mm)
{
	HARM(mm->tree.last, mm->tree.first);
}

static void link_back_is_wrong(struct mm_struct *mm)
{
	HARM(mm->tree.first->node.prev, mm->tree.last);
}

static void area_is_empty(struct mm_struct *mm)
{
	HARM(mm->tree.last->vm_end, mm->tree.last->vm_start);
}

/* The gap above is made to fit: only the order is wrong. */
static void areas_overlap(struct mm_struct *mm)
{
	struct vm_area_struct *vma = at_page(mm, 32);
	struct vma_tree *tree = &mm->tree;
	uint64_t gap = vma->vm_start - (vma->vm_start + PAGE);

	HARM(vma->node.prev->vm_end, vma->vm_start + PAGE);
	HARM(tree->widest, vma);
	HARM(tree->widest_gap, gap);
	HARM(vma->node.gap, 0);
}

static void root_has_another_key(struct mm_struct *mm)
{
	HARM(mm->tree.root, ((struct rb_root){ &mm->tree.last->node.rb }));
}

static void found_last_is_gone(struct mm_struct *mm)
{
	HARM(mm->tree.recent, &stranger);
}

static void gap_is_wrong(struct mm_struct *mm)
{
	HARM(at_page(mm, 8)->node.gap, PAGE);
}

static void subtree_gap_is_wrong(struct mm_struct *mm)
{
	HARM(at_page(mm, 8)->node.subtree_gap, UINT64_MAX);
}

static void widest_is_gone(struct mm_struct *mm)
{
	HARM(mm->tree.widest, &stranger);
}

static void root_is_red(struct mm_struct *mm)
{
	HARM(mm->tree.root.node->parent_color, 0);
}

static void child_is_twice_there(struct mm_struct *mm)
{
	HARM(mm->tree.root.node->right, mm->tree.root.node->left);
}

static void all_are_black(struct mm_struct *mm)
{
	struct rb_node *leaf = mm->tree.root.node;

	while (leaf->left || leaf->right)
		leaf = leaf->right ? leaf->right : leaf->left;
	HARM(leaf->parent_color, leaf->parent_color ^ 1);
}

/* ---- areas ----------------------------------------------------------------------------------- */

static void end_is_odd(struct mm_struct *mm)
{
	HARM(mm->tree.last->vm_end, mm->tree.last->vm_end + 1);
}

static void area_is_above_user_space(struct mm_struct *mm)
{
	HARM(mm->layout.task_size, mm->tree.last->vm_end - PAGE);
}

static void anon_vma_without_chain(struct mm_struct *mm)
{
	HARM(at_page(mm, 8)->chain, NULL);
}

static void chain_without_own(struct mm_struct *mm)
{
	HARM(at_page(mm, 8)->anon_vma, at_page(mm, 0)->anon_vma);
}

static void anon_vma_was_freed(struct mm_struct *mm)
{
	HARM(at_page(mm, 8)->anon_vma->refcount, 0);
}

static void anon_vma_has_no_areas(struct mm_struct *mm)
{
	HARM(at_page(mm, 8)->anon_vma->num_active_vmas, 0);
}

static void chain_of_two_families(struct mm_struct *mm)
{
	struct vm_area_struct *vma = at_page(mm, 0);

	assert_non_null(vma->chain->next);
	HARM(vma->chain->next->anon_vma->root, at_page(mm, 8)->anon_vma);
}

static void unknown_but_there(struct mm_struct *mm)
{
	HARM(at_page(mm, 8)->vm_flags, at_page(mm, 8)->vm_flags | VM_ANON_UNKNOWN);
}

static void attributes_beyond_the_table(struct mm_struct *mm)
{
	HARM(at_page(mm, 24)->vm_flags, at_page(mm, 24)->vm_flags | VM_ATTRS_MASK);
}

static void attributes_of_nobody(struct mm_struct *mm)
{
	vm_flags_t other = UINT64_C(2) << VM_ATTRS_SHIFT;

	HARM(at_page(mm, 24)->vm_flags, (at_page(mm, 24)->vm_flags & ~VM_ATTRS_MASK) | other);
}

static void watched_by_nobody(struct mm_struct *mm)
{
	HARM(at_page(mm, 8)->vm_flags, at_page(mm, 8)->vm_flags | UMM_VM_UFFD_MISSING);
}

/* ---- counters and guards --------------------------------------------------------------------- */

static void size_is_wrong(struct mm_struct *mm)
{
	HARM(mm->total_vm, mm->total_vm + 1);
}

static void data_is_wrong(struct mm_struct *mm)
{
	HARM(mm->data_vm, mm->data_vm + 1);
}

static void code_is_wrong(struct mm_struct *mm)
{
	HARM(mm->exec_vm, mm->exec_vm - 1);
}

static void stack_is_wrong(struct mm_struct *mm)
{
	HARM(mm->stack_vm, mm->stack_vm + 1);
}

static void charge_is_wrong(struct mm_struct *mm)
{
	HARM(mm->charged.pages, commit_held(&mm->charged) + 1);
}

static void guard_is_empty(struct mm_struct *mm)
{
	HARM(mm->guards.range[0].end, mm->guards.range[0].start);
}

static void guard_begins_odd(struct mm_struct *mm)
{
	HARM(mm->guards.range[0].start, mm->guards.range[0].start + 1);
}

static void guard_ends_odd(struct mm_struct *mm)
{
	HARM(mm->guards.range[0].end, mm->guards.range[0].end - 1);
}

static void guards_touch(struct mm_struct *mm)
{
	HARM(mm->guards.range[0].end, mm->guards.range[1].start);
}

static void guards_beyond_the_room(struct mm_struct *mm)
{
	HARM(mm->guards.room, 1);
}

#define ROW(name) { #name, name }

static const struct damage {
	const char *name;
	void (*harm)(struct mm_struct *mm);
} damages[] = {
	ROW(count_is_wrong), ROW(last_is_another), ROW(link_back_is_wrong), ROW(area_is_empty),
	ROW(areas_overlap), ROW(root_has_another_key), ROW(found_last_is_gone), ROW(gap_is_wrong),
	ROW(subtree_gap_is_wrong), ROW(widest_is_gone), ROW(root_is_red),
	ROW(child_is_twice_there), ROW(all_are_black), ROW(end_is_odd),
	ROW(area_is_above_user_space), ROW(anon_vma_without_chain), ROW(chain_without_own),
	ROW(anon_vma_was_freed), ROW(anon_vma_has_no_areas), ROW(chain_of_two_families),
	ROW(unknown_but_there), ROW(attributes_beyond_the_table), ROW(attributes_of_nobody),
	ROW(watched_by_nobody), ROW(size_is_wrong), ROW(data_is_wrong), ROW(code_is_wrong),
	ROW(stack_is_wrong), ROW(charge_is_wrong), ROW(guard_is_empty), ROW(guard_begins_odd),
	ROW(guard_ends_odd), ROW(guards_touch), ROW(guards_beyond_the_room),
};

static void do_damage(struct lab *lab, const struct damage *rows, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		bool noticed;

		assert_true(umm_mm_is_valid(lab->mm));
		rows[i].harm(to_mm(lab->mm));
		noticed = !umm_mm_is_valid(lab->mm);
		restore();
		if (!noticed)
			fail_msg("%s: not noticed", rows[i].name);
	}
}

static void test_damage(void **state)
{
	struct lab lab;

	(void)state;
	build(&lab);
	do_damage(&lab, damages, sizeof(damages) / sizeof(damages[0]));
	lab_destroy(&lab);
}

/* ---- what areas have in a world with pages -------------------------------------------------- */

/* AT: 4 pages, written; AT + 16: 2 pages of a file. */
static struct vm_area_struct *written_area(struct mm_struct *mm)
{
	return find_vma(&mm->tree, AT);
}

static struct vm_area_struct *file_area(struct mm_struct *mm)
{
	return find_vma(&mm->tree, AT + 16 * PAGE);
}

/* As a change that nobody announced by vma_start_write(). */
static void published_was_changed(struct mm_struct *mm)
{
	HARM(written_area(mm)->vm_flags, written_area(mm)->vm_flags | VM_MAYSHARE);
}

static void published_is_no_area(struct mm_struct *mm)
{
	static struct vm_area_struct gone;

	for (unsigned int i = 0; i < VMA_PUBLISHED; i++)
		if (atomic_load(&mm->pages->locks.published[i].vma))
			HARM(mm->pages->locks.published[i].vma, &gone);
}

static void file_does_not_name_the_area(struct mm_struct *mm)
{
	HARM(to_mapped_area(file_area(mm))->linked, false);
}

static void file_names_another_first_page(struct mm_struct *mm)
{
	HARM(to_mapped_area(file_area(mm))->shared.start, 1);
}

static void file_names_another_last_page(struct mm_struct *mm)
{
	HARM(to_mapped_area(file_area(mm))->shared.last, 7);
}

static void area_is_of_another_space(struct mm_struct *mm)
{
	HARM(to_mapped_area(file_area(mm))->mm, NULL);
}

static void anon_vma_names_another_range(struct mm_struct *mm)
{
	HARM(written_area(mm)->chain->rb.last, 0);
}

static void anon_vma_names_another_area(struct mm_struct *mm)
{
	HARM(written_area(mm)->chain->vma, file_area(mm));
}

static const struct damage page_damages[] = {
	ROW(published_was_changed), ROW(published_is_no_area), ROW(file_does_not_name_the_area),
	ROW(file_names_another_first_page), ROW(file_names_another_last_page),
	ROW(area_is_of_another_space), ROW(anon_vma_names_another_range),
	ROW(anon_vma_names_another_area),
};

static void begin_with_pages(struct lab *lab)
{
	begin_simple(lab);
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	lab_map(lab, AT, 4 * PAGE, RW, ANON);
	lab_map(lab, AT + 16 * PAGE, 2 * PAGE, R, PRIVATE);
	/* Where no mmap_lock is needed any more the area is published. */
	for (unsigned int i = 0; i < 4; i++)
		put_byte(lab->mm, AT + i * PAGE, 1);
}

static void test_damage_of_pages(void **state)
{
	struct lab lab;

	(void)state;
	begin_with_pages(&lab);
	do_damage(&lab, page_damages, sizeof(page_damages) / sizeof(page_damages[0]));
	lab_destroy(&lab);
}

/* So many hold areas that nobody else can: who comes then takes mmap_lock, and is served. */
static void test_no_reader_is_free(void **state)
{
	struct vm_area_struct *const somebody = (struct vm_area_struct *)16;
	struct vma_reader *reader;
	struct mm_struct *mm;
	struct lab lab;

	(void)state;
	begin_with_pages(&lab);
	mm = to_mm(lab.mm);
	assert_ptr_equal(vma_start_read(mm, AT, &reader), written_area(mm));
	vma_end_read(reader);
	for (unsigned int i = 0; i < VMA_READERS; i++)
		atomic_store(&mm->pages->locks.reader[i].vma, somebody);
	assert_null(vma_start_read(mm, AT, &reader));
	put_byte(lab.mm, AT, 2);
	assert_int_equal(get_byte(lab.mm, AT), 2);
	for (unsigned int i = 0; i < VMA_READERS; i++)
		vma_end_read(&mm->pages->locks.reader[i]);
	lab_destroy(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_damage_of_pages),
		cmocka_unit_test(test_no_reader_is_free),
	};

	return cmocka_run_group_tests_name("valid", tests, NULL, NULL);
}
