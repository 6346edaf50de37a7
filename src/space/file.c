/*
 * file.c - the life of a file: references and its path.
 */
#include "base/assert.h"
#include "base/err.h"
#include "space/file.h"

static size_t path_room(const char *path)
{
	size_t length = 0;

	while (path[length])
		length++;
	return (length + 1 + 63) & ~(size_t)63;
}

static void path_free(struct file *file)
{
	const struct umm_platform *platform = &file->world->platform;

	if (file->path)
		platform->free(platform->ctx, file->path, file->path_bytes);
	file->path = NULL;
	file->path_bytes = 0;
}

int file_set_path(struct file *file, const char *path)
{
	const struct umm_platform *platform = &file->world->platform;
	size_t bytes, i;
	char *copy;

	if (!path) {
		path_free(file);
		return 0;
	}
	bytes = path_room(path);
	copy = platform->alloc(platform->ctx, bytes);
	if (!copy)
		return -UMM_ENOMEM;	/* no reason: metadata */
	for (i = 0; path[i]; i++)
		copy[i] = path[i];
	copy[i] = '\0';
	path_free(file);
	file->path = copy;
	file->path_bytes = bytes;
	return 0;
}

struct file *file_alloc(struct world *world, const char *path)
{
	struct file *file = world_alloc(world, &world->file_cache);

	if (!file)
		return ERR_PTR(-UMM_ENOMEM);
	memset(file, 0, sizeof(*file));
	file->world = world;
	file->page_shift = PAGE_SHIFT;
	file->size = UINT64_MAX;
	atomic_init(&file->refcount, 1);
	if (file_set_path(file, path)) {
		world_dealloc(world, &world->file_cache, file);
		return ERR_PTR(-UMM_ENOMEM);
	}
	atomic_fetch_add(&world->live_objects, 1);
	return file;
}

/* The last reference is gone: what it held in turn, for the caller to put. */
static struct file *file_free(struct file *file)
{
	struct world *world = file->world;
	struct file *host = file->host;

	if (file->free_pages)
		file->free_pages(file);
	if (file->f_op && file->f_op->destroy)
		file->f_op->destroy(file);
	if (file->release)
		file->release(file->cookie);
	path_free(file);
	world_dealloc(world, &world->file_cache, file);
	atomic_fetch_sub(&world->live_objects, 1);
	return host;
}

void file_put(struct file *file)
{
	while (file) {
		mm_assert_debug(atomic_load(&file->refcount) > 0);
		if (atomic_fetch_sub_explicit(&file->refcount, 1, memory_order_acq_rel) != 1)
			return;
		file = file_free(file);
	}
}
