/*
 * lab.h - one machine with one address space, and steps to set a scene.
 *
 * 4 GB of memory without swap, overcommit 0, the lowest address 64 KiB, four huge pages of 2 MiB,
 * the heap begins at HEAP.
 */
#ifndef TESTS_LAB_H
#define TESTS_LAB_H

#include <usermm/usermm.h>

#include "unit.h"

#define PAGE UINT64_C(4096)
#define MIB (UINT64_C(1) << 20)
#define AT UINT64_C(0x10000000)		/* where most things happen */
#define HEAP UINT64_C(0x500000)

#define R UMM_PROT_READ
#define W UMM_PROT_WRITE
#define X UMM_PROT_EXEC
#define RW (R | W)
#define PRIVATE UMM_MAP_PRIVATE
#define SHARED UMM_MAP_SHARED
#define ANON (UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS)
#define FIXED UMM_MAP_FIXED

struct lab {
	struct unit_memory memory;
	struct umm_settings settings;
	struct umm_world *world;
	struct umm_mm *mm;
	struct umm_file *file;		/* made by lab_file(), mapped by lab_map(); may be NULL */
	struct umm_why why;		/* of the call that is looked at */
	struct umm_why *listen;		/* what calls are given: &why; NULL: nobody listens */
	int64_t charge_lost;		/* pages of the commit charge that Linux forgets about */
};

void lab_init(struct lab *lab);

/* The same machine with pages behind its areas: the first step of a scene. */
void lab_set_pages(struct lab *lab, uint32_t pages, uint64_t frames);

/* Everything goes, and all memory must have come back. */
void lab_destroy(struct lab *lab);

void lab_settings_changed(struct lab *lab);
void lab_limit(struct lab *lab, int resource, uint64_t bytes);
void lab_set_rule(struct lab *lab, const char *name, bool on);

/* Make lab->file; the one before it is put. */
void lab_file(struct lab *lab, enum umm_file_kind kind, uint32_t flags);

/* A file on a disk 08:11 with the inode number 1234567; the caller's. */
struct umm_file *lab_new_file(struct lab *lab, const char *path);

/* A step on the way, which works: map lab->file, or anonymous memory, at @addr. */
void lab_map(struct lab *lab, uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags);
void lab_map_file(struct lab *lab, uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags,
		  struct umm_file *file, uint64_t offset);
void lab_map_offset(struct lab *lab, uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags,
		    uint64_t offset);
void lab_write(struct lab *lab, uint64_t addr);

/* Go on as the child; the parent exits. */
void lab_become_child(struct lab *lab);

/* Two pages at AT that may be read, with these flags besides. */
void lab_import(struct lab *lab, uint64_t flags, enum umm_area_name name);

/* The area that contains @addr; false if there is none. */
bool lab_area(struct lab *lab, uint64_t addr, struct umm_area *area);

/* All areas as text, the caller's to free(). */
char *lab_maps(struct lab *lab);
uint64_t lab_areas(struct lab *lab);

#endif
