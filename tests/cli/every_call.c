/*
 * every_call.c - each call of strace's memory class, with each bit of each flag word: for comparing
 * how the calls are printed.  Most of them fail, on purpose: nothing here should depend on the
 * machine or on an earlier run.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_set_mempolicy_home_node
#define SYS_set_mempolicy_home_node 450
#endif

#define CALL(name, ...) syscall(SYS_##name, ##__VA_ARGS__)

static const long odd = 0x7fff00000001;		/* not aligned: refused before anything happens */
static long area;				/* 16 pages, written */

/* One word in every argument that is a flag word, an advice, a length … */
static void one_word(unsigned long word)
{
	CALL(mmap, odd, 4096, 0, word | MAP_FIXED, -1L, 0);
	CALL(mmap, odd, 4096, word, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1L, 0);
	CALL(mmap, odd, word, 3, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, word, word);
	CALL(munmap, odd, word);
	CALL(mprotect, odd, 4096, word);
	CALL(mprotect, odd, 4096, word | 3);
	CALL(pkey_mprotect, odd, 4096, word, word);
	CALL(mremap, odd, 4096, 4096, word, odd);
	CALL(mremap, odd, 4096, word, word | 3, odd);
	CALL(madvise, odd, 4096, word);
	CALL(mlock, odd | 1L << 62, word & 0xffffffff);
	CALL(mlock2, odd, 4096, word | 2);
	CALL(mlockall, word | 8);
	CALL(msync, odd, 4096, word);
	CALL(mincore, odd, word, word);
	CALL(mbind, odd, 4096, word, 0, 0, word);
	CALL(mbind, odd, 4096, word | 2, 0, 0, word | 1);
	CALL(set_mempolicy, word | 9, 0, 0);
	CALL(get_mempolicy, 0, 0, 0, odd, word | 8);
	CALL(set_mempolicy_home_node, odd, word, word, word);
	CALL(migrate_pages, -1, word, 0, 0);
	CALL(move_pages, 1, 0, 0, 0, 0, word | 8);
	CALL(remap_file_pages, odd, 4096, word | 1, word, word);
	CALL(shmat, -1, odd, word);
	CALL(shmat, -1, odd, word | 010000);
	CALL(shmdt, odd);
	CALL(io_setup, 0, word);
	CALL(io_destroy, odd);
	CALL(brk, word == 1 ? 5 : word & 0xfff);
}

static void random_words(void)
{
	srandom(1);
	for (int i = 0; i < 200; i++) {
		unsigned long word = ((unsigned long)random() << 32) ^ (unsigned long)random();

		CALL(mmap, odd, 4096, word & 0x030001ff, (word >> 8 & 0xffffffff) | MAP_FIXED, -1L,
		     0);
		CALL(mremap, odd, 1, 2, word & 0x1f, word);
		CALL(mbind, odd, 4096, word & 0xf00f, 0, 0, word >> 16 & 0xf);
		CALL(set_mempolicy, (word & 0xf00f) | 0x1008, 0, 0);
	}
}

/* Arguments that point somewhere. */
static void pointers(void)
{
	unsigned long node = 1, nodes[3] = { 1, 2, 0 }, context = 0;
	unsigned char vec[64] = { 0 };
	void *pages[40] = { (void *)area, NULL };
	int where[3] = { 0, 0, 1 }, status[40] = { 0 }, mode = 0;

	CALL(mincore, area, 4096, vec);
	CALL(mincore, area, 16 * 4096, vec);
	CALL(mincore, area, 2 * 4096 + 1, vec);
	CALL(mincore, area, 0, vec);
	CALL(mincore, area, 4096, 0);
	CALL(mincore, area, 4096, 1);
	CALL(mbind, area, 4096, 2, &node, 64, 0);
	CALL(mbind, area, 4096, 0x8003, &node, 2, 3);
	CALL(mbind, area, 4096, 9, nodes, 129, 0);
	CALL(mbind, area, 4096, 2, nodes, 65, 15);
	CALL(mbind, area, 4096, 2, &node, 1, 4);
	CALL(mbind, area, 4096, 2, 1, 8, 0);
	CALL(get_mempolicy, &mode, 0, 0, 0, 0);
	CALL(get_mempolicy, &mode, &node, 1024, area, 2);
	CALL(get_mempolicy, &mode, &node, 1024, 0, 7);
	CALL(get_mempolicy, 0, nodes, 192, 0, 4);
	CALL(get_mempolicy, 1, 0, 0, 0, 0);
	CALL(set_mempolicy, 2, &node, 64);
	CALL(set_mempolicy, 6, 1, 64);
	CALL(set_mempolicy, 0, 0, 0);
	CALL(migrate_pages, 0, 64, &node, &node);
	CALL(migrate_pages, 0, 64, 0, 1);
	CALL(move_pages, 0, 3, pages, where, status, 2);
	CALL(move_pages, 0, 3, pages, 0, status, 0);
	CALL(move_pages, 0, 40, pages, 0, status, 0);
	CALL(move_pages, 0, 0, pages, where, status, 6);
	CALL(move_pages, 0, 1, 1, 1, 1, 2);
	CALL(io_setup, 8, &context);
	CALL(io_destroy, context);
	CALL(io_setup, 8, 1);
}

/* Calls that succeed, and return addresses. */
static void successes(void)
{
	long shared = CALL(mmap, 0, 8192, 3, MAP_SHARED | MAP_ANONYMOUS, -1L, 0);
	long fd = open("/proc/self/exe", O_RDONLY);

	CALL(mmap, 0, 4096, 1, MAP_PRIVATE, fd, 4096);
	CALL(mmap, 0, 4096, 1, MAP_PRIVATE, fd, 1);
	CALL(brk, 0);
	CALL(mprotect, area, 4096, 1);
	CALL(mprotect, area, 4096, 7);
	CALL(madvise, area, 4096, MADV_RANDOM);
	CALL(mlock, area, 4096);
	CALL(mlock2, area, 4096, 0);
	CALL(mlock2, area, 4096, 1);
	CALL(munlock, area, 4096);
	CALL(munlockall);
	CALL(msync, area, 4096, MS_SYNC);
	CALL(remap_file_pages, shared, 4096, 0, 1, 0);
	CALL(mremap, shared, 8192, 4096, 0);
	CALL(mremap, area, 4096, 8192, MREMAP_MAYMOVE);
	CALL(munmap, shared, 4096);
}

int main(void)
{
	area = CALL(mmap, 0, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1L,
		    0);
	for (int i = 0; i < 16; i++)
		((volatile char *)area)[4096 * i] = 1;
	for (int bit = 0; bit < 64; bit++)
		one_word(1UL << bit);
	for (unsigned long advice = 0; advice < 128; advice++)
		CALL(madvise, odd, 4096, advice);
	random_words();
	pointers();
	successes();
	return 0;
}
