#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <usermm/usermm.h>

#include "host/pagemap.h"

/* Linux 6.7, younger than the headers of the distribution. */
struct scan_region {
	__u64 start, end;
	__u64 categories;
};

struct scan_arg {
	__u64 size;
	__u64 flags;
	__u64 start, end;
	__u64 walk_end;
	__u64 vec, vec_len;
	__u64 max_pages;
	__u64 category_inverted, category_mask, category_anyof_mask, return_mask;
};

#define SCAN_IOCTL _IOWR('f', 16, struct scan_arg)
#define PAGE_IS_FILE	(1u << 2)
#define PAGE_IS_PRESENT	(1u << 3)
#define PAGE_IS_SWAPPED	(1u << 4)
#define PAGE_IS_PFNZERO	(1u << 5)
#define PAGE_IS_HUGE	(1u << 6)
#define PAGE_IS_GUARD	(1u << 8)	/* Linux 6.15; it counts as swapped too */

/* The words of /proc/PID/pagemap. */
#define WORD_PRESENT	(UINT64_C(1) << 63)
#define WORD_SWAPPED	(UINT64_C(1) << 62)
#define WORD_FILE	(UINT64_C(1) << 61)
#define WORD_EXCLUSIVE	(UINT64_C(1) << 56)	/* mapped once, and not the zero page */

/*
 * Before 6.7: a word per page.  The zero page looks like an anonymous page that several processes
 * map; whoever shares through fork was known to have an anon_vma before, so neither is news.
 */
static bool word_is_anon(uint64_t word)
{
	if (word & WORD_FILE)
		return false;
	return (word & WORD_SWAPPED) || (word & (WORD_PRESENT | WORD_EXCLUSIVE)) ==
					(WORD_PRESENT | WORD_EXCLUSIVE);
}

/* 16 GiB: what takes some tenths of a second.  Some programs reserve terabytes. */
#define WORDS_MAX (UINT64_C(1) << 22)

/* The first page of [start, end) whose word suits: 1 and *page, 0 if there is none, or an error. */
static int first_by_words(int fd, uint64_t start, uint64_t end, bool (*suits)(uint64_t word),
			  uint64_t *page)
{
	uint64_t word[512];

	if ((end - start) / UMM_PAGE_SIZE > WORDS_MAX)
		return -E2BIG;
	for (uint64_t at = start / UMM_PAGE_SIZE; at < end / UMM_PAGE_SIZE;) {
		uint64_t want = end / UMM_PAGE_SIZE - at;
		ssize_t n;

		if (want > 512)
			want = 512;
		n = pread(fd, word, (size_t)want * 8, (off_t)(at * 8));
		if (n < 0)
			return -errno;
		if (n < 8)
			return 0;
		for (ssize_t i = 0; i < n / 8; i++) {
			if (!suits(word[i]))
				continue;
			*page = (at + (uint64_t)i) * UMM_PAGE_SIZE;
			return 1;
		}
		at += (uint64_t)n / 8;
	}
	return 0;
}

static int has_anon_by_words(int fd, uint64_t start, uint64_t end)
{
	uint64_t page;

	return first_by_words(fd, start, end, word_is_anon, &page);
}

/* What several processes map cannot be told from the zero page. */
static bool word_is_present(uint64_t word)
{
	return (word & WORD_PRESENT) && (word & (WORD_FILE | WORD_EXCLUSIVE));
}

/* Ask for the first region of [start, end) into *@region; which pages, the caller adds. */
static struct scan_arg scan_for_one(uint64_t start, uint64_t end, struct scan_region *region)
{
	return (struct scan_arg){
		.size = sizeof(struct scan_arg),
		.start = start,
		.end = end,
		.vec = (uintptr_t)region,
		.vec_len = 1,
	};
}

int pagemap_has_anon(int pagemap_fd, uint64_t start, uint64_t end)
{
	static bool no_scan, no_guard;
	uint64_t none_of = PAGE_IS_FILE | PAGE_IS_PFNZERO | (no_guard ? 0 : PAGE_IS_GUARD);
	struct scan_region region;
	struct scan_arg arg = scan_for_one(start, end, &region);
	int ret;

	arg.max_pages = 1;
	arg.category_inverted = none_of;
	arg.category_mask = none_of;
	arg.category_anyof_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED;
	arg.return_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED;
	if (no_scan)
		return has_anon_by_words(pagemap_fd, start, end);
	ret = ioctl(pagemap_fd, SCAN_IOCTL, &arg);
	if (ret < 0 && errno == EINVAL && !no_guard) {
		no_guard = true;
		arg.category_inverted = arg.category_mask = PAGE_IS_FILE | PAGE_IS_PFNZERO;
		ret = ioctl(pagemap_fd, SCAN_IOCTL, &arg);
	}
	if (ret >= 0)
		return ret > 0;
	if (errno != ENOTTY && errno != EINVAL)
		return errno == ESRCH ? 0 : -errno;
	no_scan = errno == ENOTTY;
	return has_anon_by_words(pagemap_fd, start, end);
}

int pagemap_first_present(int pagemap_fd, uint64_t start, uint64_t end, uint64_t *page)
{
	struct scan_region region;
	struct scan_arg arg = scan_for_one(start, end, &region);
	int ret;

	arg.max_pages = 1;
	arg.category_inverted = PAGE_IS_PFNZERO;
	arg.category_mask = PAGE_IS_PRESENT | PAGE_IS_PFNZERO;
	arg.return_mask = PAGE_IS_PRESENT;
	ret = ioctl(pagemap_fd, SCAN_IOCTL, &arg);
	if (ret < 0 && errno == ENOTTY)
		return first_by_words(pagemap_fd, start, end, word_is_present, page);
	if (ret > 0)
		*page = region.start;
	return ret < 0 ? -errno : ret;
}

int pagemap_next_guards(int pagemap_fd, uint64_t start, uint64_t end, uint64_t *first,
			uint64_t *past)
{
	struct scan_region region;
	struct scan_arg arg = scan_for_one(start, end, &region);
	int ret;

	arg.category_mask = PAGE_IS_GUARD;
	arg.return_mask = PAGE_IS_GUARD;
	ret = ioctl(pagemap_fd, SCAN_IOCTL, &arg);
	if (ret < 0)
		return errno == EINVAL ? -ENOTTY : -errno;	/* no such pages are known there */
	if (!ret)
		return 0;
	*first = region.start;
	*past = region.end;
	return 1;
}

/* A word of pagemap; 0 where it cannot be read. */
static uint64_t word_at(int pagemap_fd, uint64_t addr)
{
	uint64_t word;

	if (pread(pagemap_fd, &word, sizeof(word), (off_t)(addr / UMM_PAGE_SIZE * 8)) != 8)
		return 0;
	return word;
}

/* How far the pages of [start, end) are mapped once, or are not, as the first of them. */
static bool mapped_once(int pagemap_fd, uint64_t start, uint64_t *end)
{
	bool once = word_at(pagemap_fd, start) & WORD_EXCLUSIVE;
	uint64_t at = start + UMM_PAGE_SIZE;

	while (at < *end && once == !!(word_at(pagemap_fd, at) & WORD_EXCLUSIVE))
		at += UMM_PAGE_SIZE;
	*end = at;
	return once;
}

int pagemap_next_run(int pagemap_fd, uint64_t start, uint64_t end, struct pagemap_run *run)
{
	struct scan_region region;
	struct scan_arg arg = scan_for_one(start, end, &region);
	int ret;

	arg.category_inverted = PAGE_IS_FILE;
	arg.category_mask = PAGE_IS_FILE;
	arg.category_anyof_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED;
	arg.return_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED | PAGE_IS_PFNZERO | PAGE_IS_HUGE |
			  PAGE_IS_GUARD;
	ret = ioctl(pagemap_fd, SCAN_IOCTL, &arg);
	if (ret < 0 && errno == EINVAL) {	/* it knows no guards */
		arg.return_mask &= ~(uint64_t)PAGE_IS_GUARD;
		ret = ioctl(pagemap_fd, SCAN_IOCTL, &arg);
	}
	if (ret <= 0)
		return ret < 0 && errno != ESRCH ? -errno : 0;
	run->start = region.start;
	run->end = region.end;
	if (region.categories & PAGE_IS_GUARD)
		run->kind = PAGEMAP_GUARD;
	else if (region.categories & PAGE_IS_PFNZERO)
		run->kind = PAGEMAP_ZERO;
	else if (!(region.categories & PAGE_IS_PRESENT))
		run->kind = PAGEMAP_SWAPPED;
	else if (!mapped_once(pagemap_fd, run->start, &run->end))
		run->kind = PAGEMAP_SHARED;
	else
		run->kind = region.categories & PAGE_IS_HUGE ? PAGEMAP_HUGE : PAGEMAP_OWN;
	return 1;
}
