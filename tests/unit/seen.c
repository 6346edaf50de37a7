/*
 * seen.c - the areas of a window.
 */
#include "seen.h"

static uint64_t flags_of_perms(const char *perms)
{
	return (perms[0] == 'r' ? UMM_VM_READ : 0) | (perms[1] == 'w' ? UMM_VM_WRITE : 0) |
	       (perms[2] == 'x' ? UMM_VM_EXEC : 0) | (perms[3] == 's' ? UMM_VM_MAYSHARE : 0);
}

/* "10000000-10001000 rw-p 00000000 ...", entered as the next one; no other line begins so. */
static bool read_area(struct seen *seen, const char *line)
{
	char *at;
	uint64_t start = strtoull(line, &at, 16), end;

	if (at == line || *at != '-')
		return false;
	end = strtoull(at + 1, &at, 16);
	seen->area[seen->nr].start = start;
	seen->area[seen->nr].end = end;
	seen->area[seen->nr].flags = flags_of_perms(at + 1);
	seen->area[seen->nr].offset = strtoull(at + 6, NULL, 16);
	return true;
}

static void read_flags(struct seen *seen, const char *line)
{
	char text[256];

	snprintf(text, sizeof(text), "%.*s", (int)strcspn(line, "\n"), line);
	seen->area[seen->nr - 1].flags = umm_vm_flags_parse(text, NULL) & ~UMM_VM_SOFTDIRTY;
}

void seen_in_text(struct seen *seen, const char *text, uint64_t start, uint64_t end)
{
	bool inside = false;

	memset(seen, 0, sizeof(*seen));
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (read_area(seen, line)) {
			inside = seen->area[seen->nr].start >= start &&
				 seen->area[seen->nr].start < end;
			seen->nr += inside;
			assert_true(seen->nr < SEEN_AREAS);
		} else if (inside && !strncmp(line, "VmFlags:", 8)) {
			read_flags(seen, line + 8);
		}
	}
	memset(&seen->area[seen->nr], 0, sizeof(seen->area[0]));
}

void seen_in_library(struct seen *seen, struct umm_mm *mm, uint64_t start, uint64_t end,
		     uint64_t flags)
{
	struct umm_area area = { .size = sizeof(area) };

	memset(seen, 0, sizeof(*seen));
	for (uint64_t at = start; umm_find_area(mm, at, &area) && area.start < end;
	     at = area.end) {
		seen->area[seen->nr].start = area.start;
		seen->area[seen->nr].end = area.end;
		seen->area[seen->nr].offset = area.file ? area.pgoff * PAGE : 0;
		seen->area[seen->nr++].flags = area.vm_flags & flags & ~UMM_VM_SOFTDIRTY;
		assert_true(seen->nr < SEEN_AREAS);
	}
}

void seen_print(const struct seen *seen, uint64_t base)
{
	for (uint64_t i = 0; i < seen->nr; i++) {
		char flags[256];

		umm_vm_flags_text(seen->area[i].flags, flags, sizeof(flags));
		fprintf(stderr, "#	[%lld,%lld) offset %#llx %s\n",
			(long long)(seen->area[i].start - base) / (long long)PAGE,
			(long long)(seen->area[i].end - base) / (long long)PAGE,
			(unsigned long long)seen->area[i].offset, flags);
	}
}
