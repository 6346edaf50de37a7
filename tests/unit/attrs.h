/*
 * attrs.h - short ways to userfaultfd, memory policy and names, for tests.
 */
#ifndef TESTS_ATTRS_H
#define TESTS_ATTRS_H

#include "lab.h"

#define MISSING UMM_UFFD_MODE_MISSING
#define WP UMM_UFFD_MODE_WP
#define MINOR UMM_UFFD_MODE_MINOR

static inline int64_t watch_as(struct lab *lab, uint64_t id, uint64_t features, uint64_t addr,
			       uint64_t len, uint64_t mode)
{
	const struct umm_uffd uffd = { id, features, true };
	const struct umm_uffd_range range = { addr, len, mode, false };

	return umm_userfaultfd_register(lab->mm, &uffd, &range, lab->listen);
}

static inline int64_t watch(struct lab *lab, uint64_t id, uint64_t addr, uint64_t len,
			    uint64_t mode)
{
	return watch_as(lab, id, 0, addr, len, mode);
}

static inline int64_t unwatch(struct lab *lab, uint64_t id, uint64_t addr, uint64_t len)
{
	const struct umm_uffd uffd = { id, 0, true };
	const struct umm_uffd_range range = { addr, len, 0, false };

	return umm_userfaultfd_unregister(lab->mm, &uffd, &range, lab->listen);
}

/* mbind to the nodes of the first word. */
static inline int64_t bind_to(struct lab *lab, uint64_t addr, uint64_t len, uint64_t mode,
			      uint64_t nodes)
{
	const struct umm_nodemask mask = { &nodes, 65, 1 };

	return umm_mbind(lab->mm, addr, len, mode, &mask, 0, UINT64_MAX, lab->listen);
}

static inline int64_t home(struct lab *lab, uint64_t addr, uint64_t len, uint64_t node)
{
	return umm_set_mempolicy_home_node(lab->mm, addr, len, node, 0, lab->listen);
}

/* On a kernel that has names. */
static inline int64_t name_it(struct lab *lab, uint64_t addr, uint64_t len, const char *text)
{
	const struct umm_anon_name name = { text, text ? strlen(text) : 0, false };

	lab->settings.anon_vma_name = true;
	lab_settings_changed(lab);
	return umm_set_vma_name(lab->mm, 0, addr, len, &name, lab->listen);
}

#endif
