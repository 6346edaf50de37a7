/*
 * elf_bytes.c - programs that lie in memory, for the loader.
 */
#include <string.h>

#include "elf_bytes.h"

#define PAGE UINT64_C(4096)
#define PATH_AT 0x1000

static int64_t read_bytes(void *ctx, uint64_t offset, void *buf, size_t len)
{
	const struct elf_bytes *elf = ctx;

	if (offset >= elf->size)
		return 0;
	if (len > elf->size - offset)
		len = (size_t)(elf->size - offset);
	memcpy(buf, elf->byte + offset, len);
	return (int64_t)len;
}

void elf_put(struct elf_bytes *elf, uint64_t offset, uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes && offset + i < ELF_BYTES_MAX; i++)
		elf->byte[offset + i] = (unsigned char)(value >> 8 * i);
}

void elf_put_text(struct elf_bytes *elf, uint64_t offset, const char *text)
{
	memcpy(elf->byte + offset, text, strlen(text) + 1);
}

static void put_segment(struct elf_bytes *elf, uint64_t at, const struct elf_segment *segment)
{
	elf_put(elf, at, segment->type, 4);
	elf_put(elf, at + 4, segment->flags, 4);
	elf_put(elf, at + 8, segment->offset, 8);
	elf_put(elf, at + 16, segment->vaddr, 8);
	elf_put(elf, at + 32, segment->filesz, 8);
	elf_put(elf, at + 40, segment->memsz, 8);
	elf_put(elf, at + 48, segment->align, 8);
}

void elf_bytes_init(struct elf_bytes *elf, uint16_t type, uint64_t entry,
		    const struct elf_segment *segments, unsigned int nr, struct umm_file *file)
{
	memset(elf, 0, sizeof(*elf));
	elf->size = ELF_BYTES_MAX;
	elf->image = (struct umm_exec_image){ .file = file, .read = read_bytes, .ctx = elf,
					      .bytes = elf->size };
	memcpy(elf->byte, "\177ELF\2\1\1", 7);
	elf_put(elf, 16, type, 2);
	elf_put(elf, 18, 62, 2);
	elf_put(elf, 20, 1, 4);
	elf_put(elf, 24, entry, 8);
	elf_put(elf, 32, 64, 8);
	elf_put(elf, 52, 64, 2);
	elf_put(elf, 54, 56, 2);
	elf_put(elf, 56, nr, 2);
	for (unsigned int i = 0; i < nr; i++)
		put_segment(elf, 64 + 56 * i, &segments[i]);
}

void elf_static(struct elf_bytes *elf, struct umm_file *file)
{
	const struct elf_segment segments[] = {
		{ SEG_LOAD, SEG_R, 0, 0x400000, 0x500, 0x500, PAGE },
		{ SEG_LOAD, SEG_RX, 0x1000, 0x401000, 0x1800, 0x1800, PAGE },
		{ SEG_LOAD, SEG_RW, 0x3100, 0x404100, 0x200, 0x3000, PAGE },
		{ SEG_STACK, SEG_RW, 0, 0, 0, 0, 16 },
	};

	elf_bytes_init(elf, ELF_EXEC, 0x401000, segments, 4, file);
}

void elf_pie(struct elf_bytes *elf, struct umm_file *file)
{
	const struct elf_segment segments[] = {
		{ SEG_INTERP, SEG_R, PATH_AT, PATH_AT, 11, 11, 1 },
		{ SEG_LOAD, SEG_R, 0, 0, 0x500, 0x500, PAGE },
		{ SEG_LOAD, SEG_RX, 0x1000, 0x1000, 0x1800, 0x1800, PAGE },
		{ SEG_LOAD, SEG_RW, 0x3100, 0x4100, 0x200, 0x300, PAGE },
		{ SEG_STACK, SEG_RW, 0, 0, 0, 0, 16 },
	};

	elf_bytes_init(elf, ELF_DYN, 0x1000, segments, 5, file);
	elf_put_text(elf, PATH_AT, "/lib/ld.so");
}

void elf_interpreter(struct elf_bytes *elf, struct umm_file *file)
{
	const struct elf_segment segments[] = {
		{ SEG_LOAD, SEG_RX, 0, 0, 0x1f00, 0x1f00, PAGE },
		{ SEG_LOAD, SEG_RW, 0x2000, 0x2000, 0x800, 0x1800, PAGE },
	};

	elf_bytes_init(elf, ELF_DYN, 0x1234, segments, 2, file);
}
