/*
 * elf_file.c - programs made byte by byte, for the kernel's loader.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "elf_file.h"
#include "prog.h"

/* mmap(0, 4096, RW, PRIVATE|ANONYMOUS); a = brk(0); brk(a + 0x3000); exit(0) */
static const unsigned char code[] = {
	0xb8, 9, 0, 0, 0, 0x31, 0xff, 0xbe, 0, 0x10, 0, 0, 0xba, 3, 0, 0, 0, 0x41, 0xba, 0x22, 0, 0,
	0, 0x49, 0xc7, 0xc0, 0xff, 0xff, 0xff, 0xff, 0x4d, 0x31, 0xc9, 0x0f, 0x05,
	0xb8, 12, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05,
	0x48, 0x8d, 0xb8, 0, 0x30, 0, 0, 0xb8, 12, 0, 0, 0, 0x0f, 0x05,
	0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05,
};

void elf_file_init(struct elf_file *elf, unsigned int type, uint64_t entry)
{
	memset(elf, 0, sizeof(*elf));
	for (size_t page = 0; page < ELF_FILE_PAGES; page++)
		memcpy(elf->byte + page * PAGE + ELF_CODE_AT, code, sizeof(code));
	elf->size = ELF_FILE_SIZE;
	memcpy(elf->header.e_ident, ELFMAG, SELFMAG);
	elf->header.e_ident[EI_CLASS] = ELFCLASS64;
	elf->header.e_ident[EI_DATA] = ELFDATA2LSB;
	elf->header.e_ident[EI_VERSION] = EV_CURRENT;
	elf->header.e_type = (Elf64_Half)type;
	elf->header.e_machine = EM_X86_64;
	elf->header.e_version = EV_CURRENT;
	elf->header.e_entry = entry;
	elf->header.e_phoff = sizeof(Elf64_Ehdr);
	elf->header.e_ehsize = sizeof(Elf64_Ehdr);
	elf->header.e_phentsize = sizeof(Elf64_Phdr);
}

Elf64_Phdr *elf_file_segment(struct elf_file *elf, unsigned int type, unsigned int flags,
			     uint64_t offset, uint64_t vaddr, uint64_t filesz, uint64_t memsz)
{
	Elf64_Phdr *phdr = &elf->phdr[elf->header.e_phnum++];

	phdr->p_type = type;
	phdr->p_flags = flags;
	phdr->p_offset = offset;
	phdr->p_vaddr = phdr->p_paddr = vaddr;
	phdr->p_filesz = filesz;
	phdr->p_memsz = memsz;
	phdr->p_align = PAGE;
	return phdr;
}

void elf_file_interpreter(struct elf_file *elf, const char *path)
{
	size_t bytes = strlen(path) + 1;

	memcpy(elf->byte + ELF_PATH_AT, path, bytes);
	elf_file_segment(elf, PT_INTERP, PF_R, ELF_PATH_AT, ELF_PATH_AT, bytes, bytes);
}

void write_program(const char *path, const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || close(fd))
		die(path);
}

void elf_file_write(const struct elf_file *elf, const char *path)
{
	static unsigned char whole[ELF_FILE_SIZE];
	size_t phdrs = elf->header.e_phnum * sizeof(Elf64_Phdr);

	memcpy(whole, elf->byte, sizeof(whole));
	memcpy(whole, &elf->header, sizeof(elf->header));
	if (sizeof(elf->header) + phdrs > sizeof(whole))
		phdrs = sizeof(whole) - sizeof(elf->header);
	if (phdrs <= sizeof(elf->phdr))
		memcpy(whole + sizeof(elf->header), elf->phdr, phdrs);
	write_program(path, whole, elf->size);
}
