/*
 * elf.c - programs and interpreters that nobody linked, loaded.
 *
 * The bytes are both files, one behind the other; where the one ends the first bytes say, and also
 * whether reading the same place a second time gives the same.
 */
#include <string.h>

#include <usermm/usermm.h>

#include "target.h"

struct image {
	const uint8_t *bytes;
	size_t size;
	uint8_t changes;		/* what is added to each byte from the second reading on */
	unsigned int readings;
};

static int64_t read_image(void *ctx, uint64_t offset, void *buf, size_t len)
{
	struct image *image = ctx;
	size_t n;

	if (offset >= image->size)
		return 0;
	n = image->size - offset < len ? image->size - (size_t)offset : len;
	memcpy(buf, image->bytes + offset, n);
	for (size_t i = 0; image->readings && image->changes && i < n; i++)
		((uint8_t *)buf)[i] = (uint8_t)(((uint8_t *)buf)[i] + image->changes);
	image->readings++;
	return (int64_t)n;
}

static struct umm_file *open_image(struct umm_world *world, const char *path, size_t size)
{
	struct umm_file_desc desc;
	struct umm_file *file;

	umm_file_desc_init(&desc, UMM_FILE_REGULAR);
	desc.flags = UMM_FMODE_READ;
	desc.bytes = size;
	desc.path = path;
	must(!umm_file_new(world, &desc, &file));
	return file;
}

static struct umm_exec_image image_of(struct image *image, struct umm_file *file)
{
	return (struct umm_exec_image){ file, read_image, image, image->size };
}

static void load(struct umm_world *world, struct image *program, struct image *interpreter,
		 struct target_input *in)
{
	struct umm_file *first = open_image(world, "/program", program->size);
	struct umm_file *second = open_image(world, "/interpreter", interpreter->size);
	struct umm_exec_result result;
	struct umm_exec_desc desc;
	struct umm_why why;
	struct umm_mm *mm;
	char path[64];

	umm_exec_desc_init(&desc);
	desc.program = image_of(program, first);
	desc.interpreter = image_of(interpreter, second);
	desc.args.argc = 1;
	desc.args.filename = desc.args.argv = 8;
	desc.random.stack = (uint64_t)target_byte(in) << 12;
	desc.random.mmap = (uint64_t)target_byte(in) << 12;
	desc.random.brk = (uint64_t)target_byte(in) << 12;
	desc.randomize_va_space = target_byte(in) % 3;
	must(!umm_mm_new(world, &mm));
	(void)umm_exec_interpreter(&desc.program, path, sizeof(path));
	(void)umm_exec_elf(mm, &desc, &result, &why);
	must(umm_mm_is_valid(mm));
	umm_mm_put(mm);
	umm_file_put(first);
	umm_file_put(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct target_input in = { data, data + size };
	struct image program = { 0 }, interpreter = { 0 };
	struct umm_settings settings;
	struct target_memory memory;
	struct umm_world *world;
	struct target_input numbers;
	size_t cut;

	if (size < 8)
		return 0;
	umm_settings_init(&settings, target_byte(&in) & 1 ? UMM_KERNEL(6, 1) : UMM_KERNEL_NEWEST);
	program.changes = target_byte(&in) & 0x80 ? target_byte(&in) : 0;
	cut = (size_t)target_byte(&in) * 16;
	numbers = in;
	if (cut > (size_t)(in.end - in.at))
		cut = (size_t)(in.end - in.at);
	program.bytes = in.at;
	program.size = cut;
	interpreter.bytes = in.at + cut;
	interpreter.size = (size_t)(in.end - in.at) - cut;
	target_memory_init(&memory, 0);
	must(!umm_world_new(&memory.platform, &settings, &world));
	load(world, &program, &interpreter, &numbers);
	umm_world_free(world);
	must(memory.bytes == 0);
	return 0;
}
