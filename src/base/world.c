/*
 * world.c - make and change a machine.
 */
#include "base/assert.h"
#include "base/world.h"

#define MIB_PAGES 256ull

void umm_settings_init(struct umm_settings *settings, uint32_t kernel)
{
	memset(settings, 0, sizeof(*settings));
	settings->size = sizeof(*settings);
	settings->kernel = kernel;
	settings->overcommit_memory = 0;
	settings->overcommit_ratio = 50;
	settings->admin_reserve_kbytes = 8192;
	settings->user_reserve_kbytes = 131072;
	settings->thp_enabled = UMM_THP_MADVISE;
	settings->totalram_pages = 8192 * MIB_PAGES;
	settings->max_map_count = 65530;
	settings->mmap_min_addr = 65536;
	settings->hint_min_addr = 65536;
	settings->stack_guard_gap = 256 * UMM_PAGE_SIZE;
	settings->thp_configured = true;
	settings->user_shstk = UMM_SHSTK_NO_CPU;
	settings->ksm_configured = true;
	settings->huge[0].shift = 21;
	settings->huge[1].shift = 30;
	settings->default_huge_shift = 21;
	settings->max_nodes = UMM_MAX_NODES;
	settings->memory_nodes = 1;
	settings->online_nodes = 1;
	settings->shmmax = UINT64_MAX - (UINT64_C(1) << 24);
	settings->shmall = UINT64_MAX - (UINT64_C(1) << 24);
	settings->shmmni = 4096;
}

int settings_check(const struct umm_settings *settings)
{
	bool good = settings->size == sizeof(*settings) && settings->kernel <= UMM_KERNEL_NEWEST &&
		    settings->overcommit_memory <= 2 && settings->thp_enabled <= UMM_THP_ALWAYS &&
		    settings->totalram_pages < UINT64_MAX / UMM_PAGE_SIZE / 2 &&
		    settings->total_swap_pages < UINT64_MAX / UMM_PAGE_SIZE / 2 &&
		    settings->max_map_count <= INT32_MAX &&
		    settings->stack_guard_gap % UMM_PAGE_SIZE == 0 &&
		    settings->stack_guard_gap < (UINT64_C(1) << 40) &&
		    settings->max_nodes <= UMM_MAX_NODES &&
		    settings->pages <= UMM_PAGES_CONTENTS &&
		    settings->page_tables <= UMM_PAGE_TABLES_ARM64_4K &&
		    settings->frames <= UINT64_C(1) << 32;

	for (unsigned int i = 0; i < UMM_HUGE_SIZES; i++) {
		unsigned int shift = settings->huge[i].shift;

		good = good && (!shift || (shift > UMM_PAGE_SHIFT && shift < 48));
	}
	return good ? 0 : -UMM_EINVAL;
}

/* Memory, and all of the locks or none. */
static bool platform_is_complete(const struct umm_platform *p)
{
	int locks = !!p->lock_init + !!p->lock_destroy + !!p->write_lock + !!p->write_unlock +
		    !!p->read_lock + !!p->read_unlock;

	return p->size == sizeof(*p) && p->alloc && p->free && (locks == 0 || locks == 6) &&
	       !p->frames_alloc == !p->frames_free;
}

static int world_locks_init(struct world *world)
{
	int err = lock_init(&world->platform, &world->lock);

	if (err)
		return err;
	err = lock_init(&world->platform, &world->shm_lock);
	if (err)
		lock_destroy(&world->platform, &world->lock);
	return err;
}

int world_create(const struct umm_platform *platform, const struct umm_settings *settings,
		 const struct world_sizes *sizes, struct world **out)
{
	struct world *world;
	int err;

	if (!platform_is_complete(platform))
		return -UMM_EINVAL;
	err = settings_check(settings);
	if (err)
		return err;
	world = platform->alloc(platform->ctx, (sizeof(*world) + 63) & ~(size_t)63);
	if (!world)
		return -UMM_ENOMEM;

	memset(world, 0, sizeof(*world));
	world->platform = *platform;
	world->settings = *settings;
	world->shm_last_slot = -1;
	rules_for_kernel(world->rule_on, settings->kernel);
	err = world_locks_init(world);
	if (err) {
		platform->free(platform->ctx, world, (sizeof(*world) + 63) & ~(size_t)63);
		return err;
	}
	slab_cache_init(&world->anon_vma_cache, &world->platform, sizes->anon_vma, "anon_vma");
	slab_cache_init(&world->mm_cache, &world->platform, sizes->mm, "mm_struct");
	slab_cache_init(&world->file_cache, &world->platform, sizes->file, "file");
	*out = world;
	return 0;
}

void world_destroy(struct world *world)
{
	struct umm_platform platform = world->platform;

	mm_assert(atomic_load(&world->live_objects) == 0);
	slab_cache_destroy(&world->anon_vma_cache);
	slab_cache_destroy(&world->mm_cache);
	slab_cache_destroy(&world->file_cache);
	lock_destroy(&platform, &world->shm_lock);
	lock_destroy(&platform, &world->lock);
	platform.free(platform.ctx, world, (sizeof(*world) + 63) & ~(size_t)63);
}

int world_huge_pool(const struct world *world, unsigned int shift)
{
	for (int i = 0; i < UMM_HUGE_SIZES; i++) {
		if (shift && world->settings.huge[i].shift == shift)
			return i;
	}
	return -1;
}

void *world_alloc(struct world *world, struct slab_cache *cache)
{
	void *object;

	write_lock(&world->platform, &world->lock);
	object = slab_alloc(cache);
	write_unlock(&world->platform, &world->lock);
	return object;
}

void world_dealloc(struct world *world, struct slab_cache *cache, void *object)
{
	write_lock(&world->platform, &world->lock);
	slab_free(cache, object);
	write_unlock(&world->platform, &world->lock);
}

void commit_holder_add(struct world *world, struct commit_holder *holder)
{
	write_lock(&world->platform, &world->lock);
	holder->next = world->holders;
	holder->link = &world->holders;
	if (holder->next)
		holder->next->link = &holder->next;
	world->holders = holder;
	write_unlock(&world->platform, &world->lock);
}

void commit_holder_remove(struct world *world, struct commit_holder *holder)
{
	write_lock(&world->platform, &world->lock);
	*holder->link = holder->next;
	if (holder->next)
		holder->next->link = holder->link;
	write_unlock(&world->platform, &world->lock);
}

uint64_t world_committed_locked(const struct world *world)
{
	const struct commit_holder *holder;
	int64_t pages = atomic_load(&world->object_committed);

	for (holder = world->holders; holder; holder = holder->next)
		pages += commit_held(holder);
	return (uint64_t)pages;
}

uint64_t world_committed(struct world *world)
{
	uint64_t pages;

	read_lock(&world->platform, &world->lock);
	pages = world_committed_locked(world);
	read_unlock(&world->platform, &world->lock);
	return pages;
}
