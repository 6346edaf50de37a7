/*
 * compare_smaps.c - smaps of a process and of an address space, field by field.
 */
#include "compare_smaps.h"

/* Of anonymous areas; others have pages that the kernel mapped beside the one that was wanted. */
static const char *const anonymous_fields[] = {
	"Size", "KernelPageSize", "MMUPageSize", "Rss", "Pss", "Pss_Dirty", "Shared_Clean",
	"Shared_Dirty", "Private_Clean", "Private_Dirty", "Anonymous", "KSM", "AnonHugePages",
	"ShmemPmdMapped", "FilePmdMapped", "Shared_Hugetlb", "Private_Hugetlb",
	"Swap", "SwapPss", "Locked", "THPeligible",
};

static const char *const other_fields[] = { "Size", "KernelPageSize", "MMUPageSize", "Anonymous" };

/* The line that begins with @key and a colon, within one area's text. */
static const char *line_of(const char *text, const char *key)
{
	size_t length = strlen(key);

	while (text && *text) {
		if (!strncmp(text, key, length) && text[length] == ':')
			return text;
		text = strchr(text, '\n');
		text += text != NULL;
	}
	return NULL;
}

static bool same_line(const char *a, const char *b)
{
	while (*a == *b && *a && *a != '\n') {
		a++;
		b++;
	}
	return *a == *b || ((*a == '\n' || !*a) && (*b == '\n' || !*b));
}

/* VmFlags, but for what hangs on how the kernel was built: soft dirty, guard marks. */
static bool same_flags(const char *a, const char *b)
{
	char words[2][160] = { "", "" };
	const char *lines[2] = { a, b };

	for (int i = 0; i < 2; i++) {
		const char *word = lines[i] + strlen("VmFlags:");

		for (; *word && *word != '\n'; word++) {
			bool skipped = !strncmp(word, "sd ", 3) || !strncmp(word, "gu ", 3);

			if (*word == ' ' || strlen(words[i]) > 150)
				continue;
			if (!skipped)
				strncat(words[i], word, 2);
			word++;
		}
	}
	return !strcmp(words[0], words[1]);
}

static bool same_field(const char *kernel, const char *model, const char *key)
{
	const char *theirs = line_of(kernel, key), *ours = line_of(model, key);

	if (!theirs)			/* an older kernel does not say */
		return true;
	if (ours && same_line(theirs, ours))
		return true;
	print_error("kernel %.*s, model %.*s\n", (int)strcspn(theirs, "\n"), theirs,
		    ours ? (int)strcspn(ours, "\n") : 4, ours ? ours : "none");
	return false;
}

/* The text of one area, cut out: what follows begins with a range again. */
static const char *next_area(const char *text)
{
	do {
		text = strchr(text, '\n');
		text += text != NULL;
	} while (text && *text && !(strchr("0123456789abcdef", *text) && strchr(text, '-') &&
				    strchr(text, '-') < text + strcspn(text, " :\n")));
	return text && *text ? text : NULL;
}

static bool same_area(const char *kernel, const char *model)
{
	unsigned long long inode = 1;
	char range[2][80];
	bool anonymous, same = true;

	assert_int_equal(sscanf(kernel, "%79s %*s %*s %*s %llu", range[0], &inode), 2);
	assert_int_equal(sscanf(model, "%79s", range[1]), 1);
	anonymous = inode == 0;
	if (strcmp(range[0], range[1]) || (anonymous && !same_line(kernel, model))) {
		print_error("kernel %.*s\nmodel  %.*s\n", (int)strcspn(kernel, "\n"), kernel,
			    (int)strcspn(model, "\n"), model);
		return false;
	}
	for (size_t i = 0; anonymous && i < sizeof(anonymous_fields) / sizeof(char *); i++)
		same = same_field(kernel, model, anonymous_fields[i]) && same;
	for (size_t i = 0; !anonymous && i < sizeof(other_fields) / sizeof(char *); i++)
		same = same_field(kernel, model, other_fields[i]) && same;
	if (!same_flags(line_of(kernel, "VmFlags"), line_of(model, "VmFlags"))) {
		print_error("kernel %s\n", line_of(kernel, "VmFlags"));
		same = false;
	}
	if (!same)
		print_error("in %s\n", range[0]);
	return same;
}

bool same_smaps(const char *kernel, struct umm_mm *mm, umm_addr_t start, umm_addr_t end)
{
	const char *area = *kernel ? kernel : NULL;
	umm_addr_t at = start, next;
	char model[2048];

	while (umm_smaps_area(mm, at, model, sizeof(model), &next) &&
	       strtoull(model, NULL, 16) < end) {
		if (!area) {
			print_error("the kernel has no %.*s\n", (int)strcspn(model, "\n"), model);
			return false;
		}
		if (!same_area(area, model))
			return false;
		area = next_area(area);
		at = next;
	}
	if (area)
		print_error("the model has no %.*s\n", (int)strcspn(area, "\n"), area);
	return !area;
}
