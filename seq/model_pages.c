/*
 * model_pages.c - what the library's memory looks like: see pages.h and smaps.h.
 *
 * All goes through seq_model_set_translate()'s function: what a TLB kept is what is seen.
 */
#include <string.h>

#include "seq/model_inside.h"
#include "seq/pages.h"
#include "seq/smaps.h"

#define HUGE_PAGE (UINT64_C(1) << 21)

int model_pattern_page(void *cookie, uint64_t pgoff, void *contents)
{
	unsigned char *byte = contents;

	(void)cookie;
	for (uint64_t i = 0; i < SEQ_PAGE; i++)
		byte[i] = seq_pattern_byte(pgoff * SEQ_PAGE + i);
	return 0;
}

int64_t model_touch(struct seq_model *model, struct umm_mm *mm, uint64_t addr, unsigned int access,
		    unsigned char **byte)
{
	const int sigbus = 10, adrerr = 2;
	unsigned char *at;
	uint64_t len;
	int fault;

	if (model->translate)
		at = model->translate(mm, addr, access, &fault);
	else
		at = umm_translate(mm, addr, access, &len, &fault);
	if (byte)
		*byte = at;
	return at ? 0 : fault == UMM_BUS_ADRERR ? sigbus + adrerr : fault;
}

static uint64_t facts(const struct seq_model *model, struct umm_mm *mm, uint64_t addr)
{
	uint64_t facts = SEQ_PAGE_PRESENT | SEQ_PAGE_IN_CORE;
	struct umm_page_info info;

	(void)umm_page_info(mm, addr, &info);
	/* The kernel says of the huge zero page that it is a file's. */
	if (!info.present || !(info.anonymous || info.zero) || (info.zero && info.huge))
		return 0;
	if (info.zero)
		return facts | (model->zero_seen ? SEQ_PAGE_ZERO : 0);
	/* What the kernel says of any page of a huge entry is true of the first. */
	if (info.huge)
		(void)umm_page_info(mm, addr & ~(HUGE_PAGE - 1), &info);
	return facts | (info.mapcount == 1 ? SEQ_PAGE_EXCLUSIVE : 0);
}

static uint64_t word_of(struct seq_model *model, struct umm_mm *mm, uint64_t addr, uint64_t word,
			uint64_t look)
{
	unsigned char *contents;
	int64_t code;

	if (!word && look != SEQ_PAGES_ALL)
		return 0;
	code = model_touch(model, mm, addr, UMM_ACCESS_READ, &contents);
	if (code)
		return word | (uint64_t)code << SEQ_PAGE_CODE_SHIFT;
	return word | seq_page_hash((const volatile uint64_t *)(const void *)contents);
}

/* As the executor: the entries are looked at before the pages are. */
int64_t model_pages(struct seq_model *model, struct umm_mm *mm, const uint64_t *arg)
{
	static uint64_t word[SEQ_PAGES_MOST];
	uint64_t addr = arg[0], nr = arg[1] / SEQ_PAGE, sum = 0;

	for (uint64_t i = 0; i < nr; i++)
		word[i] = facts(model, mm, addr + i * SEQ_PAGE);
	for (uint64_t i = 0; i < nr; i++)
		sum = seq_pages_add(sum, nr, i, word_of(model, mm, addr + i * SEQ_PAGE, word[i],
							arg[2]));
	return seq_pages_answer(sum);
}

int64_t model_smaps(struct umm_mm *mm, const uint64_t *arg)
{
	struct seq_smaps smaps = { .start = arg[0], .end = arg[0] + arg[1], .field = arg[2] };
	umm_addr_t at = arg[0];
	char text[2048];

	while (at < smaps.end && umm_smaps_area(mm, at, text, sizeof(text), &at)) {
		for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
			seq_smaps_line(&smaps, line, (size_t)(end - line));
	}
	return seq_smaps_answer(&smaps);
}
