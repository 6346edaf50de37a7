/*
 * objects.h - the kinds of things that can be mapped.
 *
 * Layer: object.  What the layers below and above know of a kind is its struct file_operations.
 */
#ifndef OBJECT_OBJECTS_H
#define OBJECT_OBJECTS_H

#include "base/why.h"
#include "space/file.h"

extern const struct file_operations generic_file_operations;	/* a file system without wishes */
extern const struct file_operations thp_file_operations;	/* one that aligns for huge pages */
extern const struct file_operations shmem_file_operations;	/* tmpfs, memfd, shared anonymous */
extern const struct file_operations hugetlb_file_operations;
extern const struct file_operations zero_file_operations;	/* /dev/zero */
extern const struct file_operations device_file_operations;	/* a driver that nobody knows */
extern const struct file_operations unmappable_file_operations;
extern const struct file_operations socket_file_operations;	/* asked late, and says no */

/* The operations of areas of a file, those of its kind if that has its own; never NULL. */
const struct vm_operations_struct *file_vm_operations(const struct file *file);

/* Those of an area of @file with these flags: NULL where private means anonymous. */
const struct vm_operations_struct *file_area_operations(const struct file *file, vm_flags_t flags);

/* Those of an imported area that the kernel made by itself: never cut. */
extern const struct vm_operations_struct special_vm_operations;

/* Make sure that the next shmem_zero_setup() of this mm has its object.  0, or refused. */
__must_check long shmem_reserve(struct mm_struct *mm, struct umm_why *why);

/*
 * Give @vma a new object of its own for shared anonymous memory; charged unless VM_NORESERVE.  A
 * file that it has is put.  0, or refused with nothing changed. => shmem_reserve() came before.
 */
__must_check long shmem_zero_setup(struct mm_struct *mm, struct vm_area_struct *vma,
				   struct umm_why *why);

/* The file behind the ring of io_setup(2).  ERR_PTR. */
struct file *aio_ring_file_setup(struct world *world);

/*
 * Make @file, new and with a path, an object of @len bytes, charged unless VM_NORESERVE.
 * @overcommit: what the heuristic's refusal is called.  0, or refused with nothing changed.
 */
__must_check long shmem_kernel_file_setup(const struct mm_struct *mm, struct file *file,
					  uint64_t len, vm_flags_t flags,
					  enum why_code overcommit, struct umm_why *why);

/* For length and address multiples of the huge page size. */
int64_t hugetlb_get_unmapped_area(struct mm_struct *mm, const struct file *file,
				  const struct unmapped_area_request *req, struct umm_why *why);

/* Promise @nr pages of its pool to @file as long as it lives.  0, or refused as @code. */
__must_check long hugetlb_reserve_file(struct file *file, uint64_t nr, enum why_code code,
				       struct umm_why *why);

/* The anonymous hugetlb file of MAP_HUGETLB with pages of 2^@shift bytes.  ERR_PTR. */
struct file *hugetlb_file_setup(struct world *world, unsigned int shift);

#endif
