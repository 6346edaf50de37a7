/*
 * procmaps.h - the areas of a process as the kernel tells them.
 *
 * Layer: host.  Three sources: PROCMAP_QUERY (one area by address, Linux 6.11), the text of
 * /proc/PID/maps, the text of /proc/PID/smaps (which alone has VmFlags, and is the slowest).
 */
#ifndef HOST_PROCMAPS_H
#define HOST_PROCMAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_area {
	uint64_t start, end;
	uint64_t offset;		/* bytes; 0 for anonymous memory */
	uint64_t inode;
	uint32_t dev_major, dev_minor;
	bool readable, writable, executable, shared;
	uint64_t vm_flags;		/* UMM_VM_; 0 unless it comes from smaps */
	uint64_t anon_kib;		/* of anonymous pages, present or swapped; as vm_flags */
	const char *name;		/* "" for none; in the buffer that the area was read to */
};

#define PROCMAPS_NAME_MAX 64

/* Areas, and the memory that their names lie in; grows and is used again. */
struct proc_areas {
	struct proc_area *area;
	size_t nr, room;
	char *text;
	size_t text_room;
};

void proc_areas_free(struct proc_areas *areas);

/*
 * The first area whose end is above @addr.  1 if there is one, 0 if not, or a negative error:
 * -ENOTTY where the kernel has no PROCMAP_QUERY.  @name, of PROCMAPS_NAME_MAX bytes, receives a
 * name that mm makes ("[heap]"); NULL if nobody asks.
 */
int procmaps_query(int maps_fd, uint64_t addr, struct proc_area *area, char *name);

/* All areas but the gate area, by the text of an open maps or smaps.  0 or a negative error. */
int procmaps_read(int fd, struct proc_areas *areas);

/* The text itself, which lives as long as nothing else is read into @areas: its length. */
ssize_t procmaps_text(int fd, struct proc_areas *areas, const char **text);

/* Append one area to @areas; -ENOMEM. */
int proc_areas_add(struct proc_areas *areas, const struct proc_area *area);

/* The line of maps for it, without newline; as snprintf(3). */
size_t proc_area_text(const struct proc_area *area, char *buf, size_t size);

#endif
