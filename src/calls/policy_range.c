/*
 * policy_range.c - mbind and set_mempolicy_home_node: areas get a memory policy.
 *
 * mbind looks at the whole range before it changes the first area, for holes and, when asked to be
 * strict, for pages that are where they should not be; so a hole leaves nothing changed.  A cut
 * that is refused half-way leaves the areas below changed.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/mempolicy.h"
#include "space/mm.h"
#include "space/vma.h"
#include "space/vma_tree.h"

#define CALL_FLAGS (UMM_MPOL_MF_STRICT | UMM_MPOL_MF_MOVE | UMM_MPOL_MF_MOVE_ALL)

/* [start, start + len) rounded up to pages. */
static long check_range(umm_addr_t start, uint64_t len, umm_addr_t *end, struct umm_why *why)
{
	*end = start + page_align(len);
	return check(why, *end >= start, WHY_MBIND_WRAP, start, len);
}

/* ---- giving areas a policy ---- */

static long policy_reserve(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
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

/* Give [start, end) of *@vma the policy; *@vma becomes the area that holds it. */
static long mbind_range(struct mm_struct *mm, struct vm_area_struct **vma, umm_addr_t start,
			umm_addr_t end, const struct mempolicy *policy, struct umm_why *why)
{
	struct vma_attrs attrs = *vma_attrs(mm, *vma);
	uint16_t had = attrs.policy.mode;
	struct vm_area_struct *changed;

	start = max_u64(start, (*vma)->vm_start);
	end = min_u64(end, (*vma)->vm_end);
	if (memcmp(&attrs.policy, policy, sizeof(*policy)) == 0) {
		note(why, NOTE_POLICY_SAME, start, end, 0, 0);
		return 0;
	}
	attrs.policy = *policy;
	changed = vma_modify(mm, *vma, start, end, vma_attrs_put(mm, (*vma)->vm_flags, &attrs),
			     why);
	if (IS_ERR(changed))
		return PTR_ERR(changed);
	*vma = changed;
	note(why, NOTE_POLICY_SET, start, end, policy->mode, had);
	return 0;
}

/* ---- mbind ---- */

static long refuse_hole(const struct mbind_request *req, umm_addr_t end, umm_addr_t hole,
			struct umm_why *why)
{
	return refuse4(why, WHY_MBIND_HOLE, hole, 0, req->start, end);
}

/* Area by area, as the kernel walks: the hole behind an area is seen before its pages are. */
static long check_areas(struct mm_struct *mm, const struct mbind_request *req, umm_addr_t end,
			bool holes, struct umm_why *why)
{
	const struct vm_area_struct *vma = find_vma_intersection(&mm->tree, req->start, end);
	bool strict = (req->flags & CALL_FLAGS) == UMM_MPOL_MF_STRICT;

	if (!vma || (!holes && vma->vm_start > req->start))
		return refuse_hole(req, end, req->start, why);
	for (; vma && vma->vm_start < end; vma = vma_next(vma)) {
		const struct vm_area_struct *next = vma_next(vma);

		if (!holes && vma->vm_end < end && (!next || next->vm_start > vma->vm_end))
			return refuse_hole(req, end, vma->vm_end, why);
		if (strict && req->misplaced >= vma->vm_start && req->misplaced < vma->vm_end)
			return refuse(why, WHY_MBIND_MISPLACED, req->misplaced, 0);
	}
	passed(why, WHY_MBIND_HOLE, 0, 0);
	if (strict)
		passed(why, WHY_MBIND_MISPLACED, 0, 0);
	return 0;
}

static long check_flags(const struct mm_struct *mm, const struct mbind_request *req,
			struct umm_why *why)
{
	long err;

	err = check(why, !(req->flags & ~(uint64_t)CALL_FLAGS), WHY_MBIND_FLAGS, req->flags,
		    CALL_FLAGS);
	if (err)
		return err;
	if (req->flags & UMM_MPOL_MF_MOVE_ALL) {
		err = check(why, capable(mm, UMM_CAP_SYS_NICE), WHY_MBIND_MOVE_ALL, 0, 0);
		if (err)
			return err;
	}
	return check(why, page_aligned(req->start), WHY_MBIND_UNALIGNED, req->start, PAGE_SIZE);
}

static long mbind_walk(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
		       const struct mempolicy *policy, struct umm_why *why)
{
	struct vm_area_struct *vma = find_vma_intersection(&mm->tree, start, end);
	long err;

	for (; vma && vma->vm_start < end; vma = vma_next(vma)) {
		err = mbind_range(mm, &vma, start, end, policy, why);
		if (err)
			return err;
	}
	mm_assert_expensive(mm_is_valid(mm));
	return 0;
}

long do_mbind(struct mm_struct *mm, const struct mbind_request *asked, struct umm_why *why)
{
	struct mbind_request req = *asked;
	struct policy_request wanted;
	struct mempolicy policy;
	umm_addr_t end;
	long err;

	err = policy_arguments(mm->world, req.mode, req.nodes, &wanted, why);
	if (err)
		return err;
	req.flags = (uint32_t)req.flags;
	err = check_flags(mm, &req, why);
	if (err)
		return err;
	if (wanted.mode == UMM_MPOL_DEFAULT)	/* no page is in a wrong place */
		req.flags &= ~(uint64_t)UMM_MPOL_MF_STRICT;
	err = check_range(req.start, req.len, &end, why);
	if (err || end == req.start)
		return err;
	err = mpol_new(mm->world, &wanted, &policy, why);
	if (err)
		return err;
	err = check_areas(mm, &req, end, policy.mode == UMM_MPOL_DEFAULT, why);
	if (err)
		return err;
	err = policy_reserve(mm, req.start, end, why);
	return err ? err : mbind_walk(mm, req.start, end, &policy, why);
}

/* ---- set_mempolicy_home_node ---- */

static bool has_home(const struct mempolicy *policy)
{
	return policy->mode == UMM_MPOL_BIND || policy->mode == UMM_MPOL_PREFERRED_MANY;
}

/* Areas without a policy are passed by. */
static long home_node_walk(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
			   uint64_t home_node, struct umm_why *why)
{
	struct vm_area_struct *vma = find_vma_intersection(&mm->tree, start, end);
	bool any = false;
	long err;

	for (; vma && vma->vm_start < end; vma = vma_next(vma)) {
		struct mempolicy policy = vma_attrs(mm, vma)->policy;

		if (policy.mode == UMM_MPOL_DEFAULT)
			continue;
		if (!has_home(&policy))
			return refuse4(why, WHY_HOME_NODE_POLICY, policy.mode, 0, vma->vm_start,
				       vma->vm_end);
		policy.home_node = (int32_t)home_node;
		err = mbind_range(mm, &vma, start, end, &policy, why);
		if (err)
			return err;
		note(why, NOTE_HOME_NODE_SET, max_u64(start, vma->vm_start),
		     min_u64(end, vma->vm_end), home_node, 0);
		any = true;
	}
	passed(why, WHY_HOME_NODE_POLICY, 0, 0);
	mm_assert_expensive(mm_is_valid(mm));
	return check(why, any, WHY_HOME_NODE_NOTHING, start, end);
}

static bool node_online(const struct world *world, uint64_t node)
{
	return node < 64 && world->settings.online_nodes >> node & 1;
}

long do_set_mempolicy_home_node(struct mm_struct *mm, umm_addr_t start, uint64_t len,
				uint64_t home_node, uint64_t flags, struct umm_why *why)
{
	umm_addr_t end;
	long err;

	err = check(why, mm->world->settings.max_nodes != 0, WHY_NUMA_CONFIG, 0, 0);
	if (err)
		return err;
	err = check(why, page_aligned(start), WHY_MBIND_UNALIGNED, start, PAGE_SIZE);
	if (err)
		return err;
	err = check(why, flags == 0, WHY_HOME_NODE_FLAGS, flags, 0);
	if (err)
		return err;
	err = check(why, node_online(mm->world, home_node), WHY_HOME_NODE_OFFLINE, home_node, 0);
	if (err)
		return err;
	err = check_range(start, len, &end, why);
	if (err || end == start)
		return err;
	err = policy_reserve(mm, start, end, why);
	return err ? err : home_node_walk(mm, start, end, home_node, why);
}
