/*
 * areas.c - lists of areas: comparing, reading and writing them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seq/start.h"
#include "seq/vectors/areas.h"

void *vectors_alloc(void *old, size_t nr, size_t size)
{
	void *memory = nr < SIZE_MAX / (size + 1) ? realloc(old, nr * size + 1) : NULL;

	if (!memory) {
		fputs("usermm: out of memory\n", stderr);
		exit(2);
	}
	return memory;
}

char *vectors_copy(const char *string)
{
	size_t size = strlen(string) + 1;

	return memcpy(vectors_alloc(NULL, size, 1), string, size);
}

void areas_add(struct areas *areas, const struct area *area)
{
	if (areas->nr == areas->room) {
		areas->room = areas->room ? 2 * areas->room : 16;
		areas->area = vectors_alloc(areas->area, areas->room, sizeof(*area));
	}
	areas->area[areas->nr++] = *area;
}

void areas_clear(struct areas *areas)
{
	areas->nr = 0;
}

void areas_free(struct areas *areas)
{
	free(areas->area);
	*areas = (struct areas){ 0 };
}

static bool same_range(const struct area *a, const struct area *b)
{
	return a->start == b->start && a->end == b->end && a->offset == b->offset &&
	       !strcmp(a->perms, b->perms) && !strcmp(a->name, b->name);
}

static bool has_flag(const char *flags, const char *letters)
{
	for (; *flags; flags += flags[2] ? 3 : 2) {
		if (!memcmp(flags, letters, 2))
			return true;
	}
	return false;
}

/* Both in the form of area_set_flags(); each side may have an order of its own. */
static bool same_flags(const char *a, const char *b)
{
	if (strlen(a) != strlen(b))
		return false;
	for (; *a; a += a[2] ? 3 : 2) {
		if (!has_flag(b, a))
			return false;
	}
	return true;
}

bool area_same(const struct area *a, const struct area *b)
{
	return same_range(a, b) &&
	       (!*a->flags || !*b->flags || same_flags(a->flags, b->flags));
}

long areas_differ(const struct areas *a, const struct areas *b)
{
	size_t most = a->nr > b->nr ? a->nr : b->nr;

	for (size_t i = 0; i < most; i++) {
		if (i >= a->nr || i >= b->nr || !area_same(&a->area[i], &b->area[i]))
			return (long)i;
	}
	return -1;
}

bool areas_equal(const struct areas *a, const struct areas *b)
{
	if (a->nr != b->nr)
		return false;
	for (size_t i = 0; i < a->nr; i++) {
		if (!same_range(&a->area[i], &b->area[i]) ||
		    !same_flags(a->area[i].flags, b->area[i].flags))
			return false;
	}
	return true;
}

void area_set_flags(struct area *area, const char *vm_flags)
{
	size_t len = 0;

	while (*vm_flags) {
		size_t letters = strcspn(vm_flags, " \t\n");

		if (letters == 2 && memcmp(vm_flags, "sd", 2) &&
		    len + 4 <= sizeof(area->flags)) {
			if (len)
				area->flags[len++] = ' ';
			memcpy(area->flags + len, vm_flags, 2);
			len += 2;
		}
		vm_flags += letters;
		vm_flags += strspn(vm_flags, " \t\n");
	}
	area->flags[len] = '\0';
}

size_t area_text(const struct area *area, char *buf, size_t size)
{
	int len = snprintf(buf, size, "0x%" PRIx64 " 0x%" PRIx64 " %s 0x%" PRIx64 " %s%s%s",
			   area->start, area->end, area->perms, area->offset,
			   *area->name ? area->name : "-", *area->flags ? " " : "", area->flags);

	return len > 0 ? (size_t)len : 0;
}

static bool perms_are_valid(const char *perms)
{
	static const char *const letters[] = { "r-", "w-", "x-", "ps" };

	for (size_t i = 0; i < 4; i++) {
		if (!perms[i] || !strchr(letters[i], perms[i]))
			return false;
	}
	return !perms[4];
}

/* All of it, or -1: strings that are longer than their room are cut by no %s. */
int area_parse(const char *text, struct area *area)
{
	char perms[6], name[AREA_NAME_BYTES + 1];
	int end = 0;

	memset(area, 0, sizeof(*area));
	if (sscanf(text, " %" SCNx64 " %" SCNx64 " %5s %" SCNx64 " %40s%n", &area->start,
		   &area->end, perms, &area->offset, name, &end) != 5 ||
	    strlen(name) >= sizeof(area->name) || !perms_are_valid(perms) ||
	    area->start >= area->end || (area->start | area->end | area->offset) % SEQ_PAGE)
		return -1;
	memcpy(area->perms, perms, sizeof(area->perms));
	if (strcmp(name, "-"))
		memcpy(area->name, name, strlen(name) + 1);
	area_set_flags(area, text + end);
	return 0;
}

size_t area_describe(const struct seq_bases *bases, const struct area *area, char *buf,
		     size_t size)
{
	struct seq_value start = seq_relate(bases, area->start);
	struct seq_value end = seq_relate(bases, area->end - 1);
	char from[40], to[40];
	int len;

	end.offset++;
	seq_value_text(&start, SEQ_KIND_ADDR, from, sizeof(from));
	seq_value_text(&end, SEQ_KIND_ADDR, to, sizeof(to));
	len = snprintf(buf, size, "%s-%s %s 0x%" PRIx64 "%s%s%s%s", from, to, area->perms,
		       area->offset, *area->name ? " " : "", area->name,
		       *area->flags ? " " : "", area->flags);
	return len > 0 ? (size_t)len : 0;
}

/* By what the kernel calls it, where it is no file that is open before the first step. */
static const char *name_of_path(const char *path)
{
	static const struct {
		const char *prefix, *name;
	} known[] = {
		{ "/dev/zero (deleted)", "shmem" },
		{ "/SYSV", "sysv" },
		{ "/anon_hugepage", "hugepage" },
		{ "[heap]", "[heap]" },
		{ "[stack]", "[stack]" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strncmp(path, known[i].prefix, strlen(known[i].prefix)))
			return known[i].name;
	}
	return *path && *path != '\n' ? "other" : "";
}

static const char *name_of_file(const struct seq_start *start, unsigned int major,
				unsigned int minor, unsigned long inode)
{
	for (unsigned int i = 0; inode && i < SEQ_FILES; i++) {
		const struct seq_start_file *file = &start->file[i];

		if (i != SEQ_FILE_NONE && file->inode == inode && file->dev_major == major &&
		    file->dev_minor == minor)
			return seq_file_name(i);
	}
	return NULL;
}

int area_of_maps_line(const char *line, const struct seq_start *start, struct area *area)
{
	unsigned int major, minor;
	unsigned long inode;
	const char *name;
	char perms[6];
	int end = 0;

	memset(area, 0, sizeof(*area));
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %5s %" SCNx64 " %x:%x %lu%n", &area->start,
		   &area->end, perms, &area->offset, &major, &minor, &inode, &end) != 7 ||
	    !perms_are_valid(perms))
		return -1;
	if (area->start < start->own_end && area->end > start->own_start)
		return -1;
	memcpy(area->perms, perms, sizeof(area->perms));
	line += end;
	line += strspn(line, " \t");
	name = name_of_file(start, major, minor, inode);
	snprintf(area->name, sizeof(area->name), "%s", name ? name : name_of_path(line));
	return 0;
}
