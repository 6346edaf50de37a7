/*
 * formats.c - the page-table entries of x86-64 and arm64.
 *
 * x86-64: bits 0 to 8 and 63 are the processor's; 9 to 11 are left to the kernel, and bit 8
 * (global) means something of ours where bit 0 is clear.  Bit 7 (page size) is that of 2 MiB.
 *
 * arm64, 4 KiB granule, stage 1, EL0: AP[2] (7) forbids writing and UXN (54) executing; bit 10 is
 * the access flag; 55 to 58 are left to the kernel, the dirty mark among them.
 */
#include "pgtable/pte.h"

#define BIT(n) (UINT64_C(1) << (n))
#define PFN_MASK(bits) ((BIT(bits) - 1) & ~(BIT(PTE_SHIFT) - 1))

#define X86_64_BITS							\
	.invert		= BIT(63),					\
	.present	= BIT(0),					\
	.write		= BIT(1),					\
	.user		= BIT(2),					\
	.accessed	= BIT(5),					\
	.dirty		= BIT(6),					\
	.protnone	= BIT(8),					\
	.special	= BIT(9),					\
	.soft_dirty	= BIT(11),					\
	.exec		= BIT(63),					\
	.pfn_mask	= PFN_MASK(52),					\
	.leaf		= 0,						\
	.huge_mask	= BIT(7),					\
	.huge		= BIT(7),					\
	.table		= BIT(0) | BIT(1) | BIT(2) | BIT(5) | BIT(6)

const struct pgtable_format pgtable_x86_64 = { .name = "x86-64", .levels = 4, X86_64_BITS };
const struct pgtable_format pgtable_x86_64_la57 = { .name = "x86-64 la57", .levels = 5,
						    X86_64_BITS };

const struct pgtable_format pgtable_arm64_4k = {
	.name		= "arm64 4k",
	.levels		= 4,
	.invert		= BIT(7) | BIT(54),
	.present	= BIT(0),
	.user		= BIT(6),
	.write		= BIT(7),
	.accessed	= BIT(10),
	.exec		= BIT(54),
	.dirty		= BIT(55),
	.special	= BIT(56),
	.soft_dirty	= BIT(57),
	.protnone	= BIT(58),
	.pfn_mask	= PFN_MASK(48),
	/* a page, inner shareable, not global, not for the kernel to execute */
	.leaf		= BIT(1) | BIT(8) | BIT(9) | BIT(11) | BIT(53),
	.table		= BIT(0) | BIT(1),
	/* a block, where a page and a table are not */
	.huge_mask	= BIT(1),
	.huge		= 0,
};
