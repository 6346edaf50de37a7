/*
 * generate_flags.c - constants, each as often as it is worth: the usual ones most, and each odd one
 * often enough to meet every other.
 */
#include "seq/generate_inside.h"

uint64_t pick(struct generator *g, const struct weighted *table, size_t nr)
{
	uint64_t sum = 0, at;

	for (size_t i = 0; i < nr; i++)
		sum += table[i].weight;
	at = below(g, sum);
	for (size_t i = 0; i < nr; i++) {
		if (at < table[i].weight)
			return table[i].value;
		at -= table[i].weight;
	}
	return table[0].value;
}

#define R UMM_PROT_READ
#define W UMM_PROT_WRITE
#define X UMM_PROT_EXEC

uint64_t any_prot(struct generator *g)
{
	static const struct weighted prots[] = {
		{ 0, 12 }, { R, 24 }, { R | W, 42 }, { R | X, 8 }, { R | W | X, 5 }, { W, 3 },
		{ X, 3 }, { R | W | UMM_PROT_SEM, 1 },
	};
	static const struct weighted odd[] = {
		{ UMM_PROT_GROWSDOWN, 6 }, { UMM_PROT_GROWSUP, 2 }, { 0x10, 1 },
		{ UMM_PROT_GROWSDOWN | UMM_PROT_GROWSUP, 1 }, { UINT64_C(1) << 40, 1 },
	};
	uint64_t prot = PICK(g, prots);

	return chance(g, 3) ? prot | PICK(g, odd) : prot;
}

uint64_t any_map_flags(struct generator *g)
{
	static const struct weighted types[] = {
		{ UMM_MAP_PRIVATE, 60 }, { UMM_MAP_SHARED, 30 },
		{ UMM_MAP_SHARED_VALIDATE, 5 }, { UMM_MAP_DROPPABLE, 3 }, { 0, 1 }, { 7, 1 },
	};
	static const struct weighted extra[] = {
		{ UMM_MAP_GROWSDOWN, 10 }, { UMM_MAP_LOCKED, 8 }, { UMM_MAP_NORESERVE, 12 },
		{ UMM_MAP_POPULATE, 12 }, { UMM_MAP_STACK, 6 }, { UMM_MAP_HUGETLB, 3 },
		{ UMM_MAP_SYNC, 3 }, { UMM_MAP_32BIT, 8 }, { UMM_MAP_NONBLOCK, 3 },
		{ UMM_MAP_NORESERVE | UMM_MAP_HUGETLB, 4 }, { UMM_MAP_DENYWRITE, 1 },
		{ UMM_MAP_POPULATE | UMM_MAP_NONBLOCK, 2 }, { UMM_MAP_ABOVE4G, 1 },
		{ UINT64_C(1) << 30, 1 }, { UINT64_C(1) << 32, 1 }, { 0x200, 1 },
	};
	uint64_t flags = PICK(g, types);

	if (chance(g, g->anonymous))
		flags |= UMM_MAP_ANONYMOUS;
	if (chance(g, g->fixed))
		flags |= UMM_MAP_FIXED;
	else if (chance(g, 15))
		flags |= UMM_MAP_FIXED_NOREPLACE;
	for (unsigned int odds = 28; chance(g, odds); odds /= 2)
		flags |= PICK(g, extra);
	return flags;
}

uint64_t any_file(struct generator *g)
{
	static const struct weighted files[] = {
		{ SEQ_FILE_REGULAR, 24 }, { SEQ_FILE_REOPENED, 10 }, { SEQ_FILE_READ_ONLY, 9 },
		{ SEQ_FILE_WRITE_ONLY, 4 }, { SEQ_FILE_MEMFD, 20 }, { SEQ_FILE_MEMFD2, 10 },
		{ SEQ_FILE_MEMFD_READ_ONLY, 7 }, { SEQ_FILE_ZERO, 6 }, { SEQ_FILE_HUGETLB, 3 },
		{ SEQ_FILE_DIRECTORY, 2 }, { SEQ_FILE_PIPE, 2 }, { SEQ_FILE_SOCKET, 2 },
		{ SEQ_FILE_NONE, 2 },
	};

	return PICK(g, files);
}

uint64_t any_mremap_flags(struct generator *g)
{
	static const struct weighted flags[] = {
		{ 0, 20 }, { UMM_MREMAP_MAYMOVE, 30 },
		{ UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED, 30 },
		{ UMM_MREMAP_MAYMOVE | UMM_MREMAP_DONTUNMAP, 8 },
		{ UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED | UMM_MREMAP_DONTUNMAP, 8 },
		{ UMM_MREMAP_FIXED, 2 }, { UMM_MREMAP_DONTUNMAP, 1 }, { 8, 1 },
	};

	return PICK(g, flags);
}

uint64_t any_advice(struct generator *g)
{
	static const struct weighted advice[] = {
		{ UMM_MADV_NORMAL, 3 }, { UMM_MADV_RANDOM, 3 }, { UMM_MADV_SEQUENTIAL, 3 },
		{ UMM_MADV_WILLNEED, 3 }, { UMM_MADV_DONTNEED, 6 }, { UMM_MADV_FREE, 4 },
		{ UMM_MADV_REMOVE, 4 }, { UMM_MADV_DONTFORK, 4 }, { UMM_MADV_DOFORK, 4 },
		{ UMM_MADV_MERGEABLE, 4 }, { UMM_MADV_UNMERGEABLE, 4 },
		{ UMM_MADV_HUGEPAGE, 4 }, { UMM_MADV_NOHUGEPAGE, 4 }, { UMM_MADV_DONTDUMP, 4 },
		{ UMM_MADV_DODUMP, 4 }, { UMM_MADV_WIPEONFORK, 4 }, { UMM_MADV_KEEPONFORK, 4 },
		{ UMM_MADV_COLD, 3 }, { UMM_MADV_PAGEOUT, 1 }, { UMM_MADV_POPULATE_READ, 4 },
		{ UMM_MADV_POPULATE_WRITE, 4 }, { UMM_MADV_DONTNEED_LOCKED, 4 },
		{ UMM_MADV_COLLAPSE, 2 }, { UMM_MADV_GUARD_INSTALL, 6 },
		{ UMM_MADV_GUARD_REMOVE, 6 }, { 5, 1 }, { 7, 1 }, { 99, 1 }, { UINT64_MAX, 1 },
	};

	return PICK(g, advice);
}

uint64_t any_policy(struct generator *g)
{
	static const struct weighted modes[] = {
		{ UMM_MPOL_DEFAULT, 15 }, { UMM_MPOL_PREFERRED, 15 }, { UMM_MPOL_BIND, 35 },
		{ UMM_MPOL_INTERLEAVE, 15 }, { UMM_MPOL_LOCAL, 10 },
		{ UMM_MPOL_PREFERRED_MANY, 12 }, { UMM_MPOL_WEIGHTED_INTERLEAVE, 5 }, { 7, 2 },
		{ 99, 1 },
	};
	static const struct weighted flags[] = {
		{ UMM_MPOL_F_STATIC_NODES, 4 }, { UMM_MPOL_F_RELATIVE_NODES, 4 },
		{ UMM_MPOL_F_STATIC_NODES | UMM_MPOL_F_RELATIVE_NODES, 1 },
		{ UMM_MPOL_F_NUMA_BALANCING, 2 },
	};
	uint64_t mode = PICK(g, modes);

	return chance(g, 15) ? mode | PICK(g, flags) : mode;
}
