/*
 * look.c - the executor looks at itself: /proc/self/maps, smaps and status, by raw reads.
 */
#include <linux/fcntl.h>

#include "seq/executor/executor.h"
#include "seq/executor/sys.h"
#include "seq/hash.h"

static int64_t open_at(const char *name, uint64_t fd)
{
	int64_t got = sys6(__NR_openat, FD_PROC, at(name), O_RDONLY | O_CLOEXEC, 0, 0, 0), err;

	if (got < 0 || (uint64_t)got == fd)
		return got;
	err = sys3(__NR_dup3, (uint64_t)got, fd, O_CLOEXEC);
	sys1(__NR_close, (uint64_t)got);
	return err;
}

int64_t look_open(void)
{
	int64_t err = open_at("self/maps", FD_MAPS);

	if (err >= 0)
		err = open_at("self/smaps", FD_SMAPS);
	if (err >= 0)
		err = open_at("self/status", FD_STATUS);
	/* Not every kernel has it: then nobody may ask. */
	shared->has_pagemap = open_at("self/pagemap", FD_PAGEMAP) >= 0;
	return err;
}

/* From @*offset on: how much of the text of @fd shared->text holds behind @begin.  0 at the end. */
static size_t read_some(uint64_t fd, uint64_t *offset, size_t begin, size_t enough)
{
	size_t n = begin;

	while (n < CONTROL_TEXT_BYTES && n - begin < enough) {
		int64_t got = sys6(__NR_pread64, fd, at(shared->text + n), CONTROL_TEXT_BYTES - n,
				   *offset, 0, 0);

		if (got <= 0)
			break;
		n += (size_t)got;
		*offset += (uint64_t)got;
	}
	return n - begin;
}

/* The kernel hands out whole lines. */
uint64_t look_maps(void)
{
	struct seq_hasher hasher = { 0 };
	uint64_t offset = 0;
	size_t n;

	while ((n = read_some(FD_MAPS, &offset, 0, 1)) > 0)
		seq_hash_maps(&hasher, shared->text, n);
	return seq_hash_end(&hasher);
}

static int begins(const char *line, size_t size, const char *word)
{
	size_t i;

	for (i = 0; word[i]; i++)
		if (i >= size || line[i] != word[i])
			return 0;
	return 1;
}

/* The end of the line that begins at @from, or @size if it is not all there. */
static size_t line_end(const char *text, size_t from, size_t size)
{
	while (from < size && text[from] != '\n')
		from++;
	return from;
}

void look_lines(uint64_t fd, void (*take)(void *ctx, const char *line, size_t size), void *ctx)
{
	const char *text = shared->text;
	uint64_t offset = 0;
	size_t rest = 0, n;

	while ((n = read_some(fd, &offset, rest, 1)) > 0) {
		size_t size = rest + n, from = 0, end;

		for (; (end = line_end(text, from, size)) < size; from = end + 1) {
			if (begins(text + from, size - from, "ffffffffff600000-"))
				return;
			take(ctx, text + from, end - from);
		}
		rest = size - from;
		for (size_t i = 0; i < rest; i++)
			shared->text[i] = text[from + i];
	}
}

static void hash_line(void *ctx, const char *line, size_t size)
{
	if (begins(line, size, "Size:") || begins(line, size, "VmFlags:"))
		seq_hash_add(ctx, line, size + 1);
}

uint64_t look_smaps(void)
{
	struct seq_hasher hasher = { 0 };

	look_lines(FD_SMAPS, hash_line, &hasher);
	return seq_hash_end(&hasher);
}

static uint64_t number_after(const char *text, size_t size, const char *word)
{
	size_t from = 0;
	uint64_t value = 0;

	while (from < size && !begins(text + from, size - from, word))
		from = line_end(text, from, size) + 1;
	while (from < size && (text[from] < '0' || text[from] > '9') && text[from] != '\n')
		from++;
	for (; from < size && text[from] >= '0' && text[from] <= '9'; from++)
		value = value * 10 + (uint64_t)(text[from] - '0');
	return value;
}

void look_status(uint64_t vm[SEQ_VMS])
{
	uint64_t offset = 0;
	size_t n = read_some(FD_STATUS, &offset, 0, CONTROL_TEXT_BYTES);
	const char *text = shared->text;

	vm[SEQ_VM_SIZE] = number_after(text, n, "VmSize:");
	vm[SEQ_VM_LCK] = number_after(text, n, "VmLck:");
	vm[SEQ_VM_DATA] = number_after(text, n, "VmData:");
	vm[SEQ_VM_STK] = number_after(text, n, "VmStk:");
	vm[SEQ_VM_EXEC] = number_after(text, n, "VmExe:") + number_after(text, n, "VmLib:");
}

static uint64_t hexadecimal(const char **text)
{
	uint64_t value = 0;

	for (;; (*text)++) {
		char c = **text;

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return value;
	}
}

/* A few lines, all of which are read before the first is unmapped. */
void look_unmap_others(void)
{
	uint64_t offset = 0;
	size_t size = read_some(FD_MAPS, &offset, 0, CONTROL_TEXT_BYTES);

	for (size_t from = 0; from < size; from = line_end(shared->text, from, size) + 1) {
		const char *text = shared->text + from;
		uint64_t start = hexadecimal(&text), end;

		text++;				/* the dash */
		end = hexadecimal(&text);
		if (start >= EXECUTOR_OWN_START && end <= EXECUTOR_HEAP - 0x400000)
			continue;
		sys3(__NR_munmap, start, end - start, 0);
	}
}
