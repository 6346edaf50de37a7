/*
 * elf.h - a program's headers, as the loader reads them.
 *
 * Layer: calls.  Nothing is kept of the headers but where they are: each is read when it is wanted,
 * and what is read is checked each time.
 */
#ifndef CALLS_ELF_H
#define CALLS_ELF_H

#include "base/why.h"
#include "base/world.h"

#define ELF_HEADER_SIZE	64
#define ELF_PHDR_SIZE	56
#define ELF_PHDRS_MAX	UINT64_C(65536)	/* bytes of all program headers; before 6.2 a page */

enum { ET_EXEC = 2, ET_DYN = 3 };
enum { PT_LOAD = 1, PT_INTERP = 3, PT_GNU_STACK = 0x6474e551 };
enum { PF_X = 1, PF_W = 2, PF_R = 4 };

struct elf_header {
	uint16_t type;
	uint16_t machine;
	uint64_t entry;
	uint64_t phoff;
	uint16_t phentsize, phnum;
};

struct elf_phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, filesz, memsz, align;
};

/* What programs of the world are for: its page tables tell. */
uint16_t elf_machine(const struct world *world);

/*
 * Read and check the header of a program for @machine (0: for one of those that there are), whose
 * program headers may have @phdrs_max bytes: 0, or refused.  One that is cut short reads as if
 * zeros came after it.
 */
__must_check long elf_read_program(const struct umm_exec_image *image, struct elf_header *header,
				   uint16_t machine, uint64_t phdrs_max, struct umm_why *why);

/* The same of an interpreter, which is refused for another reason and not for all that. */
__must_check long elf_read_interpreter(const struct umm_exec_image *image,
				       struct elf_header *header, uint16_t machine,
				       uint64_t phdrs_max, struct umm_why *why);

/* Program header @i of @header->phnum.  False if the file does not reach that far. */
__must_check bool elf_read_phdr(const struct umm_exec_image *image,
				const struct elf_header *header, unsigned int i,
				struct elf_phdr *phdr);

/* Can the image be mapped at all? */
bool elf_can_mmap(const struct umm_exec_image *image);

/* Read exactly @len bytes: false if they are not there. */
__must_check bool elf_read(const struct umm_exec_image *image, uint64_t offset, void *buf,
			   size_t len);

#endif
