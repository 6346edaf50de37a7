/*
 * elf_file.h - programs made byte by byte, for the kernel's loader.
 */
#ifndef TESTS_PROGS_ELF_FILE_H
#define TESTS_PROGS_ELF_FILE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_FILE_PAGES 6
#define ELF_FILE_SIZE (ELF_FILE_PAGES * 4096)
#define ELF_CODE_AT 0x800		/* of each page of the file: code that can be entered */
#define ELF_PATH_AT 0x700		/* of the file: the path of the interpreter */

struct elf_file {
	Elf64_Ehdr header;
	Elf64_Phdr phdr[80];
	unsigned char byte[ELF_FILE_SIZE];	/* the header and the phdrs are put over it */
	size_t size;
};

/*
 * An ELF file with @nr segments to come; each page has code that maps a page, moves the break and
 * exits with 0.
 */
void elf_file_init(struct elf_file *elf, unsigned int type, uint64_t entry);

/* Append a segment. */
Elf64_Phdr *elf_file_segment(struct elf_file *elf, unsigned int type, unsigned int flags,
			     uint64_t offset, uint64_t vaddr, uint64_t filesz, uint64_t memsz);

/* A segment that names the interpreter. */
void elf_file_interpreter(struct elf_file *elf, const char *path);

/* Write it to a new file @path that can be executed. */
void elf_file_write(const struct elf_file *elf, const char *path);

/* Write @size bytes to a new file @path that can be executed. */
void write_program(const char *path, const void *bytes, size_t size);

#endif
