/*
 * world.c - versions, machines, rules.
 */
#include "api/handles.h"
#include "base/assert.h"
#include "base/err.h"
#include "base/world.h"
#include "object/sysv_shm.h"
#include "phys/phys.h"
#include "rmap/huge_pmd.h"
#include "rmap/zap.h"
#include "space/anon_vma.h"

uint32_t umm_version(void)
{
	return UMM_VERSION;
}

#define TEXT_OF(number) #number
#define DOTTED(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *umm_version_string(void)
{
	return DOTTED(UMM_VERSION_MAJOR, UMM_VERSION_MINOR, UMM_VERSION_PATCH);
}

bool umm_version_compatible(uint32_t compiled)
{
	/* Before 1.0 each minor version may change the interface. */
	return compiled >> 8 == UMM_VERSION >> 8 && compiled <= UMM_VERSION;
}

static const struct page_ops page_ops = {
	.exit_mmap = exit_pages,
	.boundary = split_huge_pmd_address,
};

int umm_world_new(const struct umm_platform *platform, const struct umm_settings *settings,
		  struct umm_world **out)
{
	static const struct world_sizes sizes = {
		.mm = sizeof(struct mm_struct),
		.file = sizeof(struct file),
		.anon_vma = sizeof(struct anon_vma),
	};
	struct world *world;
	int err;

	if (!platform || !settings || !out)
		return -UMM_EINVAL;
	err = world_create(platform, settings, &sizes, &world);
	if (err)
		return err;
	if (settings->pages != UMM_PAGES_NONE)
		err = phys_create(world);
	world->page_ops = &page_ops;
	if (err) {
		world_destroy(world);
		return err;
	}
	*out = world_handle(world);
	return 0;
}

void umm_world_free(struct umm_world *handle)
{
	struct world *world = to_world(handle);

	if (!world)
		return;
	while (world->shm_segments)
		shm_destroy(world->shm_segments);
	if (world->phys)
		phys_destroy(world);
	world_destroy(world);
}

int umm_world_set(struct umm_world *handle, const struct umm_settings *settings)
{
	struct world *world = to_world(handle);
	int err = settings_check(settings);

	if (err)
		return err;
	if (settings->kernel != world->settings.kernel ||
	    settings->pages != world->settings.pages ||
	    settings->page_tables != world->settings.page_tables ||
	    settings->frames != world->settings.frames)
		return -UMM_EINVAL;
	world->settings = *settings;
	return 0;
}

void umm_world_get(const struct umm_world *handle, struct umm_settings *settings)
{
	*settings = to_world_const(handle)->settings;
}

void umm_world_set_events(struct umm_world *handle, umm_event_fn fn, void *ctx)
{
	struct world *world = to_world(handle);

	world->event_fn = fn;
	world->event_ctx = ctx;
}

int64_t umm_world_committed(struct umm_world *handle)
{
	return (int64_t)world_committed(to_world(handle));
}

unsigned int umm_rule_count(void)
{
	return NR_RULES;
}

int umm_rule_info(unsigned int rule, struct umm_rule_info *info)
{
	if (rule >= NR_RULES)
		return -UMM_EINVAL;
	*info = rule_table[rule];
	return 0;
}

int umm_rule_find(const char *name)
{
	return rule_by_name(name);
}

bool umm_world_rule(const struct umm_world *handle, unsigned int rule_index)
{
	return rule_index < NR_RULES && to_world_const(handle)->rule_on[rule_index];
}

int umm_world_set_rule(struct umm_world *handle, unsigned int rule_index, bool on)
{
	if (rule_index >= NR_RULES)
		return -UMM_EINVAL;
	to_world(handle)->rule_on[rule_index] = on;
	return 0;
}
