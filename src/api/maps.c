/*
 * maps.c - areas as /proc/PID/maps shows them, and as the follower asks for them.
 */
#include "api/handles.h"
#include "api/maps_text.h"
#include "api/text.h"
#include "api/vm_flags_text.h"
#include "base/assert.h"
#include "space/anon_vma.h"
#include "space/vma_attrs.h"
#include "space/vma_tree.h"

/* The column of names: what stands before it is padded. */
#define NAME_COLUMN 73

static bool is_heap(const struct mm_struct *mm, const struct vm_area_struct *vma)
{
	umm_addr_t start_brk = mm->layout.start_brk, brk = mm->layout.brk;

	if (rule(mm->world, RULE_HEAP_NAME_STRICT))
		return vma->vm_start < brk && vma->vm_end > start_brk;
	return vma->vm_start <= brk && vma->vm_end >= start_brk;
}

static bool is_stack(const struct mm_struct *mm, const struct vm_area_struct *vma)
{
	return vma->vm_start <= mm->layout.start_stack && vma->vm_end >= mm->layout.start_stack;
}

static const struct { enum umm_area_name name; const char *text; } special_names[] = {
	{ UMM_NAME_HEAP, "[heap]" },
	{ UMM_NAME_STACK, "[stack]" },
	{ UMM_NAME_VDSO, "[vdso]" },
	{ UMM_NAME_VVAR, "[vvar]" },
	{ UMM_NAME_VVAR_VCLOCK, "[vvar_vclock]" },
};

static bool same_text(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static enum umm_area_name area_name(const struct mm_struct *mm, const struct vm_area_struct *vma)
{
	if (vma->vm_file)
		return UMM_NAME_FILE;
	if (vma->special_name) {
		for (unsigned int i = 0; i < ARRAY_SIZE(special_names); i++) {
			if (same_text(special_names[i].text, vma->special_name))
				return special_names[i].name;
		}
		return UMM_NAME_OTHER_SPECIAL;
	}
	if (is_heap(mm, vma))
		return UMM_NAME_HEAP;
	if (is_stack(mm, vma))
		return UMM_NAME_STACK;
	return vma_attrs(mm, vma)->named ? UMM_NAME_ANON : UMM_NAME_NONE;
}

static const char *name_text(enum umm_area_name name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(special_names); i++) {
		if (special_names[i].name == name)
			return special_names[i].text;
	}
	return NULL;
}

/* A newline in a path must not end the line; nothing else is escaped. */
static void text_path(struct text *text, const char *path)
{
	for (; *path; path++) {
		if (*path == '\n')
			text_string(text, "\\012");
		else
			text_char(text, *path);
	}
}

void text_maps_line(struct text *text, const struct mm_struct *mm,
		    const struct vm_area_struct *vma)
{
	const struct file *file = vma->vm_file;
	enum umm_area_name name = area_name(mm, vma);
	size_t begin = text->length;

	text_hex(text, vma->vm_start, 8);
	text_char(text, '-');
	text_hex(text, vma->vm_end, 8);
	text_char(text, ' ');
	text_perms(text, vma->vm_flags);
	text_char(text, ' ');
	text_hex(text, file ? vma->vm_pgoff << PAGE_SHIFT : 0, 8);
	text_char(text, ' ');
	text_hex(text, file ? file->dev_major : 0, 2);
	text_char(text, ':');
	text_hex(text, file ? file->dev_minor : 0, 2);
	text_char(text, ' ');
	text_decimal(text, file ? file->inode : 0);
	if (name == UMM_NAME_NONE || (file && !file->path)) {
		text_char(text, ' ');
	} else {
		text_pad(text, begin + NAME_COLUMN);
		if (vma_attrs(mm, vma)->named && (file || name == UMM_NAME_ANON)) {
			text_string(text, file ? "[anon_shmem:" : "[anon:");
			text_string(text, vma_attrs(mm, vma)->name);
			text_char(text, ']');
		} else if (file)
			text_path(text, file->path);
		else if (name == UMM_NAME_OTHER_SPECIAL)
			text_path(text, vma->special_name);
		else
			text_string(text, name_text(name));
	}
	text_char(text, '\n');
}

size_t text_of_area(struct umm_mm *handle, umm_addr_t addr, text_area_fn text_area, char *buf,
		    size_t size, umm_addr_t *next)
{
	struct mm_struct *mm = to_mm(handle);
	struct text text = { buf, size, 0 };
	const struct vm_area_struct *vma;

	mmap_read_lock(mm);
	vma = find_vma(&mm->tree, addr);
	if (vma) {
		text_area(&text, mm, vma);
		if (next)
			*next = vma->vm_end;
	}
	mmap_read_unlock(mm);
	return text_end(&text);
}

size_t umm_maps_line(struct umm_mm *handle, umm_addr_t addr, char *buf, size_t size,
		     umm_addr_t *next)
{
	return text_of_area(handle, addr, text_maps_line, buf, size, next);
}

size_t umm_maps_text(struct umm_mm *handle, char *buf, size_t size)
{
	struct mm_struct *mm = to_mm(handle);
	struct text text = { buf, size, 0 };
	const struct vm_area_struct *vma;

	mmap_read_lock(mm);
	for (vma = mm->tree.first; vma; vma = vma_next(vma))
		text_maps_line(&text, mm, vma);
	mmap_read_unlock(mm);
	return text_end(&text);
}

static enum umm_anon anon_state(const struct vm_area_struct *vma)
{
	if (vma->anon_vma)
		return anon_vma_chain_is_singular(vma) ? UMM_ANON_OWN : UMM_ANON_INHERITED;
	return vma->vm_flags & VM_ANON_UNKNOWN ? UMM_ANON_UNKNOWN : UMM_ANON_NONE;
}

bool umm_find_area(struct umm_mm *handle, umm_addr_t addr, struct umm_area *area)
{
	struct mm_struct *mm = to_mm(handle);
	const struct vm_area_struct *vma;

	mmap_read_lock(mm);
	vma = find_vma(&mm->tree, addr);
	if (vma) {
		area->size = sizeof(*area);
		area->start = vma->vm_start;
		area->end = vma->vm_end;
		area->vm_flags = vma->vm_flags & ALL_VM_FLAGS;
		area->pgoff = vma->vm_pgoff;
		area->file = file_handle(vma->vm_file);
		area->name = area_name(mm, vma);
		area->special = vma->vm_file ? NULL : vma->special_name;
		area->anon = anon_state(vma);
		area->anon_id = vma->anon_vma ? vma->anon_vma->id : 0;
		area->uffd = vma_attrs(mm, vma)->uffd.id;
		area->anon_name = vma_attrs(mm, vma)->named ? vma_attrs(mm, vma)->name : NULL;
	}
	mmap_read_unlock(mm);
	return vma != NULL;
}
