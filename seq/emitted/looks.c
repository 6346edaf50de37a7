/* ---- looks at memory, where a sequence has them ---- */

static uint64_t zero_pfn;		/* 0: frames cannot be told */

/* The entry of /proc/self/pagemap: proc(5). */
static uint64_t entry_of(long addr)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;

	if (pread(fd, &entry, sizeof(entry), addr / 4096 * 8) != sizeof(entry))
		perror("/proc/self/pagemap");
	close(fd);
	return entry;
}

static void find_zero_page(void)
{
	long addr = sys(SYS_mmap, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	touch(addr, 0);
	zero_pfn = entry_of(addr) & ((1ul << 55) - 1);
	munmap((void *)addr, 4096);
}

static uint64_t facts(long addr, uint64_t entry)
{
	uint64_t pfn = entry & ((1ul << 55) - 1), facts = SEQ_PAGE_PRESENT;
	unsigned char in_core = 0;

	if (!(entry >> 63 & 1) || (entry >> 61 & 1))
		return 0;
	if (pfn && pfn == zero_pfn)
		facts |= SEQ_PAGE_ZERO;
	if (entry >> 56 & 1)
		facts |= SEQ_PAGE_EXCLUSIVE;
	if (mincore((void *)addr, 4096, &in_core) == 0 && (in_core & 1))
		facts |= SEQ_PAGE_IN_CORE;
	return facts;
}

HELPER long pages(long addr, long len, long look)
{
	static uint64_t word[SEQ_PAGES_MOST];
	uint64_t sum = 0;
	long nr = len / 4096;

	for (long i = 0; i < nr; i++)
		word[i] = facts(addr + i * 4096, entry_of(addr + i * 4096));
	for (long i = 0; i < nr; i++) {
		long code = word[i] || look == SEQ_PAGES_ALL ? touch(addr + i * 4096, 0) : -1;

		if (code == 0)
			word[i] |= seq_page_hash((const volatile uint64_t *)(addr + i * 4096));
		else if (code > 0)
			word[i] |= (uint64_t)code << SEQ_PAGE_CODE_SHIFT;
		sum = seq_pages_add(sum, (uint64_t)nr, (uint64_t)i, word[i]);
	}
	return seq_pages_answer(sum);
}

HELPER long smaps(unsigned long addr, unsigned long len, unsigned long field)
{
	static char text[1 << 20];
	struct seq_smaps found = { .start = addr, .end = addr + len, .field = field };
	int fd = open("/proc/self/smaps", O_RDONLY);
	size_t size = 0;
	ssize_t n;

	while (size < sizeof(text) - 1 && (n = read(fd, text + size, sizeof(text) - 1 - size)) > 0)
		size += (size_t)n;
	close(fd);
	text[size] = '\0';
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
		seq_smaps_line(&found, line, (size_t)(end - line));
	return seq_smaps_answer(&found);
}
