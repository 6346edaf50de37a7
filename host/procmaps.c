#include <errno.h>
#include <inttypes.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <usermm/usermm.h>

#include "host/procmaps.h"

/* User space ends here; what lies above (the gate area) belongs to no process. */
#define USER_END (UINT64_C(1) << 56)

/* Linux 6.11, younger than the headers of the distribution. */
struct procmap_query {
	__u64 size;
	__u64 query_flags;
	__u64 query_addr;
	__u64 vma_start, vma_end;
	__u64 vma_flags;
	__u64 vma_page_size;
	__u64 vma_offset;
	__u64 inode;
	__u32 dev_major, dev_minor;
	__u32 vma_name_size;
	__u32 build_id_size;
	__u64 vma_name_addr;
	__u64 build_id_addr;
};

#define PROCMAP_QUERY_IOCTL _IOWR('f', 17, struct procmap_query)
#define QUERY_READABLE		0x01
#define QUERY_WRITABLE		0x02
#define QUERY_EXECUTABLE	0x04
#define QUERY_SHARED		0x08
#define QUERY_COVERING_OR_NEXT	0x10

void proc_areas_free(struct proc_areas *areas)
{
	free(areas->area);
	free(areas->text);
	*areas = (struct proc_areas){ 0 };
}

int proc_areas_add(struct proc_areas *areas, const struct proc_area *area)
{
	if (areas->nr == areas->room) {
		size_t room = areas->room ? 2 * areas->room : 64;
		struct proc_area *grown = realloc(areas->area, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		areas->area = grown;
		areas->room = room;
	}
	areas->area[areas->nr++] = *area;
	return 0;
}

int procmaps_query(int maps_fd, uint64_t addr, struct proc_area *area, char *name)
{
	struct procmap_query query = {
		.size = sizeof(query),
		.query_flags = QUERY_COVERING_OR_NEXT,
		.query_addr = addr,
		.vma_name_addr = (uintptr_t)name,
		.vma_name_size = name ? PROCMAPS_NAME_MAX : 0,
	};
	int ret = ioctl(maps_fd, PROCMAP_QUERY_IOCTL, &query);

	if (ret != 0 && errno == ENAMETOOLONG && name) {
		/* A long name is a path, and nobody compares those. */
		query.vma_name_addr = 0;
		query.vma_name_size = 0;
		ret = ioctl(maps_fd, PROCMAP_QUERY_IOCTL, &query);
	}
	if (ret != 0)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	if (query.vma_start >= USER_END)
		return 0;
	area->start = query.vma_start;
	area->end = query.vma_end;
	area->offset = query.vma_offset;
	area->inode = query.inode;
	area->dev_major = query.dev_major;
	area->dev_minor = query.dev_minor;
	area->readable = query.vma_flags & QUERY_READABLE;
	area->writable = query.vma_flags & QUERY_WRITABLE;
	area->executable = query.vma_flags & QUERY_EXECUTABLE;
	area->shared = query.vma_flags & QUERY_SHARED;
	area->vm_flags = area->anon_kib = 0;
	area->name = name && query.vma_name_size ? name : "";
	return 1;
}

/* The whole text, with a terminating zero.  Its length, or a negative error. */
static ssize_t read_text(int fd, struct proc_areas *areas)
{
	size_t len = 0;

	if (lseek(fd, 0, SEEK_SET) != 0)
		return -errno;
	for (;;) {
		ssize_t n;

		if (areas->text_room - len < 8192) {
			size_t room = areas->text_room ? 2 * areas->text_room : 65536;
			char *grown = realloc(areas->text, room);

			if (!grown)
				return -ENOMEM;
			areas->text = grown;
			areas->text_room = room;
		}
		n = read(fd, areas->text + len, areas->text_room - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == ESRCH ? 0 : -errno;	/* no address space left */
		if (n == 0)
			break;
		len += (size_t)n;
	}
	areas->text[len] = '\0';
	return (ssize_t)len;
}

ssize_t procmaps_text(int fd, struct proc_areas *areas, const char **text)
{
	ssize_t len = read_text(fd, areas);

	areas->nr = 0;
	*text = areas->text;
	return len;
}

static uint64_t number(char **at, int base)
{
	return strtoull(*at, at, base);
}

/* "55…000-55…000 r-xp 00001000 fe:00 1234    /bin/x" */
static bool parse_line(char *line, struct proc_area *area)
{
	char *at = line;

	area->start = number(&at, 16);
	if (*at++ != '-')
		return false;
	area->end = number(&at, 16);
	if (*at++ != ' ' || strlen(at) < 5)
		return false;
	area->readable = at[0] == 'r';
	area->writable = at[1] == 'w';
	area->executable = at[2] == 'x';
	area->shared = at[3] == 's';
	at += 5;
	area->offset = number(&at, 16);
	area->dev_major = (uint32_t)number(&at, 16);
	if (*at++ != ':')
		return false;
	area->dev_minor = (uint32_t)number(&at, 16);
	area->inode = number(&at, 10);
	while (*at == ' ')
		at++;
	area->name = at;
	area->vm_flags = area->anon_kib = 0;
	return area->start < area->end;
}

/* A line of smaps about @area. */
static void parse_detail(char *line, struct proc_area *area)
{
	char *at = line;

	if (strncmp(line, "VmFlags:", 8) == 0)
		area->vm_flags = umm_vm_flags_parse(line + 8, NULL);
	else if (strncmp(line, "Anonymous:", 10) == 0 && (at += 10))
		area->anon_kib += number(&at, 10);
	else if (strncmp(line, "Swap:", 5) == 0 && !area->shared && (at += 5))
		area->anon_kib += number(&at, 10);
}

int procmaps_read(int fd, struct proc_areas *areas)
{
	ssize_t len = read_text(fd, areas);
	char *line, *next;

	areas->nr = 0;
	if (len <= 0)
		return (int)len;
	for (line = areas->text; *line; line = next) {
		struct proc_area area;
		int err;

		next = strchrnul(line, '\n');
		if (*next)
			*next++ = '\0';
		/* The other lines of smaps begin with a capital letter. */
		if (*line >= 'A' && *line <= 'Z') {
			if (areas->nr)
				parse_detail(line, &areas->area[areas->nr - 1]);
			continue;
		}
		if (!parse_line(line, &area))
			return -EPROTO;
		if (area.start >= USER_END)
			break;		/* the gate area is the last */
		err = proc_areas_add(areas, &area);
		if (err)
			return err;
	}
	return 0;
}

size_t proc_area_text(const struct proc_area *area, char *buf, size_t size)
{
	int n = snprintf(buf, size, "%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64
			 " %02x:%02x %" PRIu64 " %s", area->start, area->end,
			 area->readable ? 'r' : '-', area->writable ? 'w' : '-',
			 area->executable ? 'x' : '-', area->shared ? 's' : 'p', area->offset,
			 area->dev_major, area->dev_minor, area->inode, area->name);

	return n < 0 ? 0 : (size_t)n;
}
