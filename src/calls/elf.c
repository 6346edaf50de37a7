/*
 * elf.c - reading a program's headers.
 *
 * x86-64 is little-endian, whatever runs this.  The class in the identification (32 or 64 bits) is
 * not looked at, as Linux does not: the machine decides.
 */
#include "calls/elf.h"
#include "space/file.h"

#define EM_X86_64 62
#define EM_AARCH64 183

static uint64_t little(const unsigned char *at, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | at[bytes];
	return value;
}

bool elf_can_mmap(const struct umm_exec_image *image)
{
	const struct file *file = (const struct file *)image->file;

	return file && file->f_op->mmap;
}

bool elf_read(const struct umm_exec_image *image, uint64_t offset, void *buf, size_t len)
{
	char *to = buf;

	while (len) {
		int64_t n = image->read(image->ctx, offset, to, len);

		if (n <= 0 || (uint64_t)n > len)
			return false;
		to += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return true;
}

/* => false if the magic bytes are missing. */
static bool parse_header(const unsigned char *raw, struct elf_header *header)
{
	header->type = (uint16_t)little(raw + 16, 2);
	header->machine = (uint16_t)little(raw + 18, 2);
	header->entry = little(raw + 24, 8);
	header->phoff = little(raw + 32, 8);
	header->phentsize = (uint16_t)little(raw + 54, 2);
	header->phnum = (uint16_t)little(raw + 56, 2);
	return memcmp(raw, "\177ELF", 4) == 0;
}

static uint64_t phdrs_size(const struct elf_header *header)
{
	return (uint64_t)header->phnum * ELF_PHDR_SIZE;
}

/* The last byte of the program headers can be read. */
static bool phdrs_are_there(const struct umm_exec_image *image, const struct elf_header *header)
{
	struct elf_phdr last;

	return elf_read_phdr(image, header, header->phnum - 1u, &last);
}

static long check_phdrs(const struct umm_exec_image *image, const struct elf_header *header,
			uint64_t phdrs_max, struct umm_why *why)
{
	uint64_t size = phdrs_size(header);
	long err;

	err = check(why, header->phentsize == ELF_PHDR_SIZE, WHY_EXEC_PHENTSIZE, header->phentsize,
		    ELF_PHDR_SIZE);
	if (err)
		return err;
	err = check(why, size && size <= phdrs_max, WHY_EXEC_PHNUM, header->phnum,
		    phdrs_max / ELF_PHDR_SIZE);
	if (err)
		return err;
	return check(why, phdrs_are_there(image, header), WHY_EXEC_PHDRS_CUT, header->phoff,
		     image->bytes);
}

/* As much as there is; what is not there is zero. */
static void read_head(const struct umm_exec_image *image, unsigned char raw[ELF_HEADER_SIZE])
{
	size_t have = 0;

	memset(raw, 0, ELF_HEADER_SIZE);
	while (have < ELF_HEADER_SIZE) {
		int64_t n = image->read(image->ctx, have, raw + have, ELF_HEADER_SIZE - have);

		if (n <= 0 || (uint64_t)n > ELF_HEADER_SIZE - have)
			break;
		have += (size_t)n;
	}
}

uint16_t elf_machine(const struct world *world)
{
	return world->settings.page_tables == UMM_PAGE_TABLES_ARM64_4K ? EM_AARCH64 : EM_X86_64;
}

static bool right_machine(const struct elf_header *header, uint16_t machine)
{
	return machine ? header->machine == machine : header->machine == EM_X86_64 ||
						      header->machine == EM_AARCH64;
}

long elf_read_program(const struct umm_exec_image *image, struct elf_header *header,
		      uint16_t machine, uint64_t phdrs_max, struct umm_why *why)
{
	unsigned char raw[ELF_HEADER_SIZE];
	long err;

	read_head(image, raw);
	err = check(why, parse_header(raw, header), WHY_EXEC_MAGIC, 0, 0);
	if (err)
		return err;
	err = check(why, header->type == ET_EXEC || header->type == ET_DYN, WHY_EXEC_TYPE,
		    header->type, 0);
	if (err)
		return err;
	err = check(why, right_machine(header, machine), WHY_EXEC_MACHINE, header->machine,
		    machine);
	if (err)
		return err;
	err = check(why, elf_can_mmap(image), WHY_EXEC_NOT_MAPPABLE, 0, 0);
	if (err)
		return err;
	return check_phdrs(image, header, phdrs_max, why);
}

long elf_read_interpreter(const struct umm_exec_image *image, struct elf_header *header,
			  uint16_t machine, uint64_t phdrs_max, struct umm_why *why)
{
	unsigned char raw[ELF_HEADER_SIZE];
	bool good;

	if (!elf_read(image, 0, raw, sizeof(raw)))
		return refuse(why, WHY_EXEC_INTERP_CUT, 0, ELF_HEADER_SIZE);
	good = parse_header(raw, header) && right_machine(header, machine) &&
	       header->phentsize == ELF_PHDR_SIZE && phdrs_size(header) &&
	       phdrs_size(header) <= phdrs_max && phdrs_are_there(image, header);
	return check(why, good, WHY_EXEC_INTERP_BAD, 0, 0);
}

bool elf_read_phdr(const struct umm_exec_image *image, const struct elf_header *header,
		   unsigned int i, struct elf_phdr *phdr)
{
	unsigned char raw[ELF_PHDR_SIZE];
	uint64_t at = header->phoff + (uint64_t)i * ELF_PHDR_SIZE;

	if (at < header->phoff || at > INT64_MAX || !elf_read(image, at, raw, sizeof(raw)))
		return false;
	phdr->type = (uint32_t)little(raw, 4);
	phdr->flags = (uint32_t)little(raw + 4, 4);
	phdr->offset = little(raw + 8, 8);
	phdr->vaddr = little(raw + 16, 8);
	phdr->filesz = little(raw + 32, 8);
	phdr->memsz = little(raw + 40, 8);
	phdr->align = little(raw + 48, 8);
	return true;
}
