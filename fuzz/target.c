/*
 * target.c - memory and input of the targets.
 */
#include <string.h>

#include "target.h"

static void *give(void *ctx, size_t bytes)
{
	struct target_memory *memory = ctx;
	void *ptr;

	if (++memory->calls == memory->fail_at)
		return NULL;
	ptr = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
	if (ptr)
		memory->bytes += bytes;
	return ptr;
}

static void take(void *ctx, void *ptr, size_t bytes)
{
	struct target_memory *memory = ctx;

	must(memory->bytes >= bytes);
	memory->bytes -= bytes;
	free(ptr);
}

void target_memory_init(struct target_memory *memory, uint64_t fail_at)
{
	memset(memory, 0, sizeof(*memory));
	memory->fail_at = fail_at;
	memory->platform.size = sizeof(memory->platform);
	memory->platform.ctx = memory;
	memory->platform.alloc = give;
	memory->platform.free = take;
}

char *target_string(const struct target_input *in)
{
	size_t len = (size_t)(in->end - in->at);
	char *text = malloc(len + 1);

	must(text);
	if (len)
		memcpy(text, in->at, len);
	text[len] = '\0';
	return text;
}
