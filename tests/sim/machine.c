/*
 * machine.c - the machine that the simulation works on.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

/* ---- random numbers ---- */

/* splitmix64 */
uint64_t sim_draw(struct sim_random *random)
{
	uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t sim_below(struct sim_random *random, uint64_t limit)
{
	return sim_draw(random) % limit;
}

bool sim_chance(struct sim_random *random, unsigned int percent)
{
	return sim_below(random, 100) < percent;
}

uint64_t sim_draw_addr(struct sim_random *random)
{
	uint64_t dice = sim_below(random, 100);

	if (dice < 92)
		return AT + PAGE * sim_below(random, 16);
	if (dice < 96)
		return HEAP + PAGE * sim_below(random, 8);
	return dice < 98 ? 0 : AT + 1;
}

uint64_t sim_draw_len(struct sim_random *random)
{
	uint64_t dice = sim_below(random, 100);

	if (dice < 94)
		return PAGE * (1 + sim_below(random, 6));
	if (random->small)
		return 0;
	if (dice < 96)
		return 2 * MIB;
	return dice < 98 ? 0 : UINT64_C(1) << 36;
}

uint64_t sim_draw_prot(struct sim_random *random)
{
	static const uint64_t prots[] = { UMM_PROT_READ | UMM_PROT_WRITE,
					  UMM_PROT_READ | UMM_PROT_WRITE, UMM_PROT_READ, 0,
					  UMM_PROT_READ | UMM_PROT_EXEC };

	return prots[sim_below(random, 5)];
}

void sim_draw_range(struct sim_random *random, struct sim_op *op)
{
	op->arg[0] = sim_draw_addr(random);
	op->arg[1] = sim_draw_len(random);
}

/* FNV-1a */
uint64_t sim_hash(uint64_t hash, const void *bytes, size_t size)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ p[i]) * UINT64_C(0x100000001b3) + 1;
	return hash;
}

/* ---- kinds ---- */

static const struct sim_kinds *const all[] = { &sim_kinds_areas, &sim_kinds_process,
					       &sim_kinds_world, &sim_kinds_pages };
#define NR_ALL (sizeof(all) / sizeof(all[0]))

const struct sim_kind *sim_kind(unsigned int n)
{
	for (unsigned int i = 0; i < NR_ALL; i++) {
		if (n < all[i]->nr)
			return &all[i]->kind[n];
		n -= all[i]->nr;
	}
	abort();
}

unsigned int sim_nr_kinds(void)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < NR_ALL; i++)
		nr += all[i]->nr;
	return nr;
}

void sim_call(struct sim_call *call)
{
	const struct umm_why_entry *refusal;

	call->made = NULL;
	call->why.nr = 0;
	memset(&call->result, 0, sizeof(call->result));
	sim_kind(call->op->kind)->run(call);
	refusal = umm_why_refusal(&call->why);
	for (unsigned int i = 0; i < call->why.nr; i++)
		call->result.reasons = sim_hash(call->result.reasons, &call->why.entry[i].code,
						sizeof(call->why.entry[i].code));
	if (refusal) {
		call->result.refusal = refusal->code + 1u;
		memcpy(call->result.value, refusal->value, sizeof(refusal->value));
	}
}

void sim_op_text(const struct sim_op *op, char *buf, size_t size)
{
	const struct sim_kind *kind = sim_kind(op->kind);
	char other[16] = "";

	if (kind->flags & (SIM_OTHER | SIM_MAKES))
		snprintf(other, sizeof(other), "->%u", op->other);
	snprintf(buf, size, "%s(%u%s, %#llx, %#llx, %#llx, %#llx, %#llx)", kind->name, op->slot,
		 other, (unsigned long long)op->arg[0], (unsigned long long)op->arg[1],
		 (unsigned long long)op->arg[2], (unsigned long long)op->arg[3],
		 (unsigned long long)op->arg[4]);
}

/* ---- the machine ---- */

#define FRAMES 4096			/* of a world that has pages: more than any program needs */
#define PLENTY (UINT64_C(1) << 36)	/* pages: more than any program asks for */

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "sim: cannot set up: %s\n", what);
	exit(2);
}

static void file_gone(void *cookie)
{
	atomic_fetch_sub((atomic_int *)cookie, 1);
}

static void make_file(struct machine *m, int i)
{
	static const enum umm_file_kind kinds[SIM_FILES] = { UMM_FILE_REGULAR, UMM_FILE_SHMEM,
							     UMM_FILE_HUGETLB, UMM_FILE_ZERO,
							     UMM_FILE_REGULAR };
	struct umm_file_desc desc;

	umm_file_desc_init(&desc, kinds[i]);
	desc.path = "/a/file";
	desc.dev_minor = 1;
	desc.inode = 100 + (uint64_t)i;
	desc.bytes = 8 * PAGE;
	if (i == 4)
		desc.flags = UMM_FMODE_READ;
	desc.cookie = &m->files_alive;
	desc.release = file_gone;
	must(umm_file_new(m->world, &desc, &m->file[i]) == 0, "a file");
	atomic_fetch_add(&m->files_alive, 1);
}

enum umm_pages machine_pages(uint64_t seed)
{
	static const enum umm_pages pages[] = { UMM_PAGES_NONE, UMM_PAGES_NONE, UMM_PAGES_NONE,
						UMM_PAGES_COUNTED, UMM_PAGES_CONTENTS,
						UMM_PAGES_CONTENTS };

	return seed == SIM_PLAIN_PAGES ? UMM_PAGES_CONTENTS : pages[seed % 6];
}

/* Tight enough that limits of the machine are met; or as they come. */
static void draw_settings(struct machine *m, uint64_t seed)
{
	struct sim_random r = { .state = seed };

	umm_settings_init(&m->settings, UMM_KERNEL_NEWEST);
	m->settings.pages = machine_pages(seed);
	m->settings.page_tables = (uint32_t)sim_below(&r, 3);
	m->settings.frames = FRAMES;
	m->settings.huge[0] = (struct umm_huge_pool){ .shift = 21, .free_pages = 2 };
	m->settings.overcommit_ratio = 100;
	m->settings.admin_reserve_kbytes = m->settings.user_reserve_kbytes = 0;
	if (seed == SIM_PLAIN || seed == SIM_PLAIN_PAGES)
		return;
	m->settings.overcommit_memory = (uint32_t)sim_below(&r, 3);
	m->settings.totalram_pages = sim_chance(&r, 35) ? 20 + sim_below(&r, 60) : PLENTY;
	m->settings.max_map_count = sim_chance(&r, 30) ? 8 + sim_below(&r, 20) : 65530;
	m->settings.shmmni = sim_chance(&r, 30) ? 2 : 4096;
	m->settings.shm_rmid_forced = sim_chance(&r, 10);
	m->settings.shmall = sim_chance(&r, 30) ? 10 : 1 << 20;
}

static struct umm_mm *new_mm(struct machine *m)
{
	struct umm_layout layout;
	struct umm_mm *mm;

	must(umm_mm_new(m->world, &mm) == 0, "an address space");
	umm_mm_get_layout(mm, &layout);
	layout.start_brk = layout.brk = HEAP;
	layout.start_stack = AT + PAGE;
	umm_mm_set_layout(mm, &layout);
	return mm;
}

void machine_init(struct machine *m, const struct umm_platform *platform, uint64_t seed,
		  void (*world_made)(void *ctx, struct umm_world *world))
{
	uint64_t total;

	memset(m, 0, sizeof(*m));
	atomic_init(&m->files_alive, 0);
	draw_settings(m, seed);
	must(umm_world_new(platform, &m->settings, &m->world) == 0, "a world");
	if (world_made)
		world_made(platform->ctx, m->world);
	m->free_frames = umm_world_frames(m->world, &total);
	for (int i = 0; i < SIM_FILES; i++)
		make_file(m, i);
	m->mm[0] = (struct sim_mm){ new_mm(m), 1 };
	m->mm[1] = (struct sim_mm){ new_mm(m), 1 };
	m->nr_mms = 2;
	for (int i = 0; i < SIM_SLOTS; i++)
		m->slot[i] = i < 2 ? i : -1;
}

bool machine_is_strict(const struct machine *m)
{
	return m->settings.overcommit_memory == 2 && m->settings.totalram_pages < PLENTY;
}

const char *machine_wrong(struct machine *m)
{
	struct umm_mm_stats stats;
	struct umm_area area = { .size = sizeof(area) };

	for (int i = 0; i < m->nr_mms; i++) {
		struct umm_mm *mm = m->mm[i].handle;
		uint64_t areas = 0;

		if (!mm)
			continue;
		if (!umm_mm_is_valid(mm))
			return "an address space is not valid";
		umm_mm_stats(mm, &stats);
		for (umm_addr_t at = 0; umm_find_area(mm, at, &area); at = area.end)
			areas++;
		if (areas != stats.map_count)
			return "map_count is not the number of areas";
	}
	if (!umm_world_is_valid(m->world))
		return "pages, tables and counts do not fit together";
	return NULL;
}

const char *machine_destroy(struct machine *m, int64_t *lost)
{
	struct umm_shm shm = { .size = sizeof(shm) };
	const char *wrong = NULL;
	uint64_t total;
	int32_t id;

	for (int i = 0; i < m->nr_mms; i++)
		umm_mm_put(m->mm[i].handle);
	for (int i = 0; i < SIM_FILES; i++)
		umm_file_put(m->file[i]);
	while ((id = umm_shm_next(m->world, -1)) >= 0) {
		if (umm_shm_stat(m->world, id, &shm) || shm.nattch)
			wrong = "a segment is attached, and there is no process";
		umm_shm_forget(m->world, id);
	}
	*lost = umm_world_committed(m->world);
	if (*lost < 0)
		wrong = "more was given back than was charged";
	if (umm_world_frames(m->world, &total) != m->free_frames)
		wrong = "frames were not given back";
	if (atomic_load(&m->files_alive) != 0)
		wrong = "a file is still referred to";
	umm_world_free(m->world);
	return wrong;
}

/* ---- its text ---- */

#define NAMES 256

/* Ids that are given in the order of making: equal ones stay equal, which number they have is not
 * compared. */
struct names {
	uint64_t id[NAMES];
	unsigned int nr;
};

static unsigned int name_of(struct names *names, uint64_t id)
{
	unsigned int i = 0;

	if (!id)
		return 0;
	while (i < names->nr && names->id[i] != id)
		i++;
	if (i == names->nr && i < NAMES)
		names->id[names->nr++] = id;
	return i + 1;
}

struct text {
	char *buf;
	size_t size, at;
};

static void print(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void print(struct text *text, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->buf + text->at, text->size - text->at, format, args);
	va_end(args);
	if (n > 0 && text->at + (size_t)n < text->size)
		text->at += (size_t)n;
}

static void print_areas(struct text *text, struct umm_mm *mm, struct names *anon,
			struct names *uffd)
{
	struct umm_area area = { .size = sizeof(area) };
	char line[256], policy[64];
	umm_addr_t at = 0;

	while (umm_find_area(mm, at, &area)) {
		umm_maps_line(mm, at, line, sizeof(line), NULL);
		umm_policy_text(mm, at < area.start ? area.start : at, policy, sizeof(policy));
		print(text, "%.*s flags %llx pgoff %llx anon %d %u uffd %u %s\n",
		      (int)strcspn(line, "\n"), line, (unsigned long long)area.vm_flags,
		      (unsigned long long)area.pgoff, area.anon, name_of(anon, area.anon_id),
		      area.uffd & UMM_UFFD_FORKED ? name_of(uffd, area.uffd) + 1000
						  : (unsigned int)area.uffd,
		      policy);
		at = area.end;
	}
}

#define ENDS (128 * PAGE)

/* Pages that are there; not which frames they are, nor who else looks at them right now. */
static void print_pages(struct text *text, struct umm_mm *mm)
{
	struct umm_area area = { .size = sizeof(area) };
	struct umm_page_info i;
	uint64_t words[PAGE / 8], hash;
	int fault;

	for (umm_addr_t at = 0; umm_find_area(mm, at, &area); at = area.end) {
		for (at = area.start; at < area.end; at += PAGE) {
			/* A stack may have grown by terabytes: its ends will do. */
			if (at == area.start + ENDS && at + ENDS < area.end)
				at = area.end - ENDS;
			if (!umm_page_info(mm, at, &i))
				continue;
			hash = 0;
			print(text, "page %llx:%s%s%s%s%s%s%s%s%s count %u",
			      (unsigned long long)at, i.present ? " present" : "",
			      i.zero ? " zero" : "", i.anonymous ? " anon" : "",
			      i.shmem ? " shmem" : "", i.may_write ? " write" : "",
			      i.accessed ? " accessed" : "", i.dirty ? " dirty" : "",
			      i.soft_dirty ? " soft" : "", i.lazyfree ? " lazy" : "", i.mapcount);
			if (i.present && umm_read(mm, at, words, PAGE, &fault) == PAGE)
				for (unsigned int w = 0; w < PAGE / 8; w++)
					hash = (hash ^ words[w]) * UINT64_C(0x100000001b3);
			print(text, " holds %llx\n", (unsigned long long)hash);
		}
	}
}

static void print_mm(struct text *text, struct umm_mm *mm)
{
	struct umm_mm_stats s;
	struct umm_mm_rss rss;
	struct umm_layout layout;

	umm_mm_stats(mm, &s);
	umm_mm_get_layout(mm, &layout);
	print(text, "count %llu vm %llu data %llu exec %llu stack %llu locked %llu charged %lld "
	      "brk %llx guard %llx\n",
	      (unsigned long long)s.map_count, (unsigned long long)s.total_vm,
	      (unsigned long long)s.data_vm, (unsigned long long)s.exec_vm,
	      (unsigned long long)s.stack_vm, (unsigned long long)s.locked_vm,
	      (long long)s.charged, (unsigned long long)layout.brk,
	      (unsigned long long)umm_find_guard(mm, AT, AT + MIB));
	umm_mm_rss(mm, &rss);		/* the most there ever were may miss what came and went */
	print(text, "rss %llu %llu %llu tables %llu\n", (unsigned long long)rss.anon,
	      (unsigned long long)rss.file, (unsigned long long)rss.shmem,
	      (unsigned long long)rss.page_table_bytes);
}

size_t machine_text(struct machine *m, char *buf, size_t size)
{
	struct text text = { buf, size, 0 };
	struct names anon = { .nr = 0 }, uffd = { .nr = 0 };
	struct umm_shm shm = { .size = sizeof(shm) };

	buf[0] = '\0';
	for (int i = 0; i < m->nr_mms; i++) {
		if (!m->mm[i].handle)
			continue;
		print(&text, "mm %d: ", i);
		print_mm(&text, m->mm[i].handle);
		print_areas(&text, m->mm[i].handle, &anon, &uffd);
		if (m->settings.pages != UMM_PAGES_NONE)
			print_pages(&text, m->mm[i].handle);
	}
	for (int32_t id = -1; (id = umm_shm_next(m->world, id)) >= 0;)
		if (umm_shm_stat(m->world, id, &shm) == 0)
			print(&text, "shm %d: key %d bytes %llu nattch %llu mode %o uid %u\n", id,
			      shm.key, (unsigned long long)shm.bytes,
			      (unsigned long long)shm.nattch, shm.mode, shm.uid);
	print(&text, "committed %lld, files %d\n", (long long)umm_world_committed(m->world),
	      atomic_load(&m->files_alive));
	return text.at;
}
