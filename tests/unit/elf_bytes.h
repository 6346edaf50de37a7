/*
 * elf_bytes.h - programs that lie in memory, for the loader.
 */
#ifndef TESTS_ELF_BYTES_H
#define TESTS_ELF_BYTES_H

#include <usermm/usermm.h>

#define ELF_BYTES_MAX 20480

enum { ELF_EXEC = 2, ELF_DYN = 3 };
enum { SEG_LOAD = 1, SEG_INTERP = 3, SEG_STACK = 0x6474e551 };
enum { SEG_X = 1, SEG_W = 2, SEG_R = 4, SEG_RX = 5, SEG_RW = 6 };

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, filesz, memsz, align;
};

struct elf_bytes {
	unsigned char byte[ELF_BYTES_MAX];
	uint64_t size;
	struct umm_exec_image image;	/* refers to itself: do not copy */
};

/* A program with these segments whose entry is @entry; bytes that nothing is said of are zero. */
void elf_bytes_init(struct elf_bytes *elf, uint16_t type, uint64_t entry,
		    const struct elf_segment *segments, unsigned int nr, struct umm_file *file);

/* Write @value, little-endian, of so many bytes; a string with its NUL. */
void elf_put(struct elf_bytes *elf, uint64_t offset, uint64_t value, unsigned int bytes);
void elf_put_text(struct elf_bytes *elf, uint64_t offset, const char *text);

/* A usual program, static or with an interpreter, and a usual interpreter. */
void elf_static(struct elf_bytes *elf, struct umm_file *file);
void elf_pie(struct elf_bytes *elf, struct umm_file *file);
void elf_interpreter(struct elf_bytes *elf, struct umm_file *file);

#endif
