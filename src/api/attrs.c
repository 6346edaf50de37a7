/*
 * attrs.c - userfaultfd, memory policy and names: the calls, and the policy as text.
 */
#include "api/answer.h"
#include "api/handles.h"
#include "api/text.h"
#include "base/assert.h"
#include "calls/mempolicy.h"
#include "calls/set_vma.h"
#include "calls/userfaultfd.h"
#include "space/vma_attrs.h"
#include "space/vma_tree.h"

int64_t umm_userfaultfd_register(struct umm_mm *handle, const struct umm_uffd *uffd,
				 const struct umm_uffd_range *range, struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = userfaultfd_register(mm, uffd, range, why);
	mmap_write_unlock(mm);
	return answer(mm, range ? range->start : 0, ret, why);
}

int64_t umm_userfaultfd_unregister(struct umm_mm *handle, const struct umm_uffd *uffd,
				   const struct umm_uffd_range *range, struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = userfaultfd_unregister(mm, uffd, range, why);
	mmap_write_unlock(mm);
	return answer(mm, range ? range->start : 0, ret, why);
}

int64_t umm_userfaultfd_release(struct umm_mm *handle, uint64_t id, struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = userfaultfd_release(mm, id, why);
	mmap_write_unlock(mm);
	return answer(mm, 0, ret, why);
}

int64_t umm_mbind(struct umm_mm *handle, umm_addr_t addr, uint64_t len, uint64_t mode,
		  const struct umm_nodemask *nodes, uint64_t flags, umm_addr_t misplaced,
		  struct umm_why *why)
{
	const struct mbind_request req = {
		.start = addr, .len = len, .mode = mode, .flags = flags, .nodes = nodes,
		.misplaced = misplaced,
	};
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = do_mbind(mm, &req, why);
	mmap_write_unlock(mm);
	return answer(mm, addr, ret, why);
}

int64_t umm_set_mempolicy(struct umm_mm *handle, uint64_t mode, const struct umm_nodemask *nodes,
			  struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);

	why_begin(why);
	return answer(mm, 0, do_set_mempolicy(mm->world, mode, nodes, why), why);
}

int64_t umm_set_mempolicy_home_node(struct umm_mm *handle, umm_addr_t addr, uint64_t len,
				    uint64_t home_node, uint64_t flags, struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = do_set_mempolicy_home_node(mm, addr, len, home_node, flags, why);
	mmap_write_unlock(mm);
	return answer(mm, addr, ret, why);
}

int64_t umm_set_vma_name(struct umm_mm *handle, uint64_t attribute, umm_addr_t addr, uint64_t len,
			 const struct umm_anon_name *name, struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = prctl_set_vma(mm, attribute, addr, len, name, why);
	mmap_write_unlock(mm);
	return answer(mm, addr, ret, why);
}

/* ---- the policy as text ------------------------------------------------------------------- */

static const char *const mode_names[] = {
	[UMM_MPOL_DEFAULT] = "default",
	[UMM_MPOL_PREFERRED] = "prefer",
	[UMM_MPOL_BIND] = "bind",
	[UMM_MPOL_INTERLEAVE] = "interleave",
	[UMM_MPOL_LOCAL] = "local",
	[UMM_MPOL_PREFERRED_MANY] = "prefer (many)",
	[UMM_MPOL_WEIGHTED_INTERLEAVE] = "weighted interleave",
};

static bool node_in(const struct nodemask *nodes, unsigned int node)
{
	return node < UMM_MAX_NODES && (nodes->word[node / 64] >> (node % 64) & 1);
}

/* "0-1,4" */
static void text_nodes(struct text *text, const struct nodemask *nodes)
{
	bool first = true;

	for (unsigned int node = 0; node < UMM_MAX_NODES; node++) {
		unsigned int last = node;

		if (!node_in(nodes, node))
			continue;
		while (node_in(nodes, last + 1))
			last++;
		if (!first)
			text_char(text, ',');
		text_decimal(text, node);
		if (last > node) {
			text_char(text, '-');
			text_decimal(text, last);
		}
		first = false;
		node = last;
	}
}

static void text_policy(struct text *text, const struct mempolicy *policy)
{
	text_string(text, mode_names[policy->mode]);
	if (policy->flags) {
		text_char(text, '=');
		if (policy->flags & UMM_MPOL_F_STATIC_NODES)
			text_string(text, "static");
		else if (policy->flags & UMM_MPOL_F_RELATIVE_NODES)
			text_string(text, "relative");
		if (policy->flags & UMM_MPOL_F_NUMA_BALANCING) {
			if (policy->flags & ~UMM_MPOL_F_NUMA_BALANCING)
				text_char(text, '|');
			text_string(text, "balancing");
		}
	}
	if (!nodemask_empty(&policy->nodes)) {
		text_char(text, ':');
		text_nodes(text, &policy->nodes);
	}
}

size_t umm_policy_text(struct umm_mm *handle, umm_addr_t addr, char *buf, size_t size)
{
	struct mm_struct *mm = to_mm(handle);
	struct text text = { buf, size, 0 };
	const struct vm_area_struct *vma;

	mmap_read_lock(mm);
	vma = find_vma(&mm->tree, addr);
	if (vma && vma->vm_start <= addr)
		text_policy(&text, &vma_attrs(mm, vma)->policy);
	mmap_read_unlock(mm);
	return text_end(&text);
}
