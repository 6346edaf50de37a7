/*
 * areas.h - the areas of an address space as vectors tell of them: lines of maps and smaps.
 *
 * Layer: seq, above include/usermm/.
 */
#ifndef SEQ_VECTORS_AREAS_H
#define SEQ_VECTORS_AREAS_H

#include "seq/seq.h"

#define AREA_NAME_BYTES 40
#define AREA_FLAGS_BYTES 128

/*
 * One area, with absolute addresses.  The name is that of files.def for the files that are open
 * before the first step, "[heap]" and the like as maps has them, "shmem" for shared anonymous
 * memory, "sysv" for a segment, "" for none.
 */
struct area {
	uint64_t start, end;		/* bytes, half open */
	uint64_t offset;		/* bytes, as maps shows it */
	char perms[5];			/* "rw-p" */
	char name[AREA_NAME_BYTES];
	char flags[AREA_FLAGS_BYTES];	/* as VmFlags, without sd; "" if nobody knows */
};

/* Ascending.  The array is the owner's: areas_free(). */
struct areas {
	struct area *area;
	size_t nr, room;
};

void areas_add(struct areas *areas, const struct area *area);
void areas_clear(struct areas *areas);
void areas_free(struct areas *areas);

/* True if both tell the same; flags that one side does not know are not compared. */
bool area_same(const struct area *a, const struct area *b);

/* The index of the first that differs, or the larger number of areas if one has more; -1. */
long areas_differ(const struct areas *a, const struct areas *b);

/* Every column as it is told: also what one side did not know. */
bool areas_equal(const struct areas *a, const struct areas *b);

/* As the line protocol has it: "0x1000 0x2000 rw-p 0x0 - rd wr", as snprintf(3). */
size_t area_text(const struct area *area, char *buf, size_t size);

/* Of such a text.  0, or -1: it is none. */
int area_parse(const char *text, struct area *area);

/* "pool+0x1000-pool+0x3000 rw-p 0x0 regular rd wr …", for reading, as snprintf(3). */
size_t area_describe(const struct seq_bases *bases, const struct area *area, char *buf,
		     size_t size);

/* Two letters each, so that "sd" (CONFIG_MEM_SOFT_DIRTY) is gone and one blank stands between. */
void area_set_flags(struct area *area, const char *vm_flags);

struct seq_start;

/*
 * A line of /proc/PID/maps, whose files are those of @start.  0, or -1: it is none, or that of
 * something of the executor's own.
 */
int area_of_maps_line(const char *line, const struct seq_start *start, struct area *area);

/* Memory, or the end of the program: for a tool that could not go on. */
void *vectors_alloc(void *old, size_t nr, size_t size);
char *vectors_copy(const char *string);

#endif
