/* prog.c - what the programs of this folder share. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prog.h"

static int failures;

/* ---- saying what happened ------------------------------------------------------------------ */

int prog_main(int argc, char **argv, const struct prog_case *cases, size_t nr_cases)
{
	static char out[1 << 16];

	setvbuf(stdout, out, _IOLBF, sizeof(out));
	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		for (size_t i = 0; i < nr_cases; i++)
			puts(cases[i].name);
		return 0;
	}
	for (size_t i = 0; argc == 2 && i < nr_cases; i++) {
		if (strcmp(argv[1], cases[i].name) == 0) {
			cases[i].run();
			return failures ? 1 : 0;
		}
	}
	fprintf(stderr, "usage: %s CASE, or --list\n", argv[0]);
	return 2;
}

void expect(bool ok, const char *format, ...)
{
	va_list args;

	fputs(ok ? "ok      " : "FAILED  ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	if (!ok)
		failures++;
}

static const char *error_name(long result)
{
	return result < 0 ? strerrorname_np((int)-result) : "success";
}

void expect_error(long result, int error, const char *what)
{
	expect(result == -error, "%s: %s, got %s", what, strerrorname_np(error),
	       error_name(result));
}

char *expect_ok(long result, const char *what)
{
	if (result < 0 && result > -4096)
		expect(false, "%s: success, got %s", what, error_name(result));
	else
		expect(true, "%s: 0x%lx", what, (unsigned long)result);
	return (char *)result;
}

int prog_failures(void)
{
	return failures;
}

void skip(const char *format, ...)
{
	va_list args;

	fputs("skipped: ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	exit(77);
}

void die(const char *what)
{
	printf("FAILED  %s: %s\n", what, strerrorname_np(errno));
	exit(1);
}

int in_child(void (*body)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		failures = 0;
		body();
		fflush(stdout);
		_exit(failures ? 1 : 0);
	}
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	return status;
}

/* ---- the calls ----------------------------------------------------------------------------- */

long sys_mmap(const void *addr, size_t len, int prot, int flags, int fd, uint64_t offset)
{
	long result = syscall(SYS_mmap, addr, len, prot, flags, fd, offset);

	return result == -1 ? -errno : result;
}

long sys_munmap(const void *addr, size_t len)
{
	return syscall(SYS_munmap, addr, len) ? -errno : 0;
}

long sys_mprotect(const void *addr, size_t len, int prot)
{
	return syscall(SYS_mprotect, addr, len, prot) ? -errno : 0;
}

long sys_mremap(const void *old, size_t old_len, size_t new_len, int flags, const void *new_addr)
{
	long result = syscall(SYS_mremap, old, old_len, new_len, flags, new_addr);

	return result == -1 ? -errno : result;
}

char *sys_brk(const void *addr)
{
	return (char *)syscall(SYS_brk, addr);
}

char *map_at(char *addr, size_t pages, int prot)
{
	long result = sys_mmap(addr, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
			       -1, 0);

	if (result != (long)addr) {
		errno = (int)-result;
		die("mapping a piece of the pool");
	}
	return addr;
}

char *pool(size_t pages)
{
	/* What is left of it can be executed and no more, so that nothing merges with it. */
	long result = sys_mmap(NULL, (pages + 2) * PAGE, PROT_EXEC,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (result < 0 && result > -4096) {
		errno = (int)-result;
		die("reserving the pool");
	}
	if (sys_munmap((char *)result + PAGE, pages * PAGE))
		die("emptying the pool");
	return (char *)result + PAGE;
}

void touch(char *addr)
{
	*(volatile char *)addr = 1;
}

void look(const char *addr)
{
	(void)*(const volatile char *)addr;
}

/* ---- /proc/self/maps ----------------------------------------------------------------------- */

void for_each_area(bool (*each)(void *ctx, const struct prog_area *area), void *ctx)
{
	static char buf[1 << 16];
	size_t have = 0;
	ssize_t got;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("/proc/self/maps");
	while ((got = read(fd, buf + have, sizeof(buf) - 1 - have)) > 0) {
		char *line = buf, *end;

		have += (size_t)got;
		buf[have] = '\0';
		for (; (end = strchr(line, '\n')); line = end + 1) {
			struct prog_area area = { .name = "" };

			*end = '\0';
			sscanf(line, "%lx-%lx %4s %lx %*s %*s %63[^\n]", &area.start, &area.end,
			       area.perms, &area.offset, area.name);
			if (strcmp(area.name, "[vsyscall]") != 0 && !each(ctx, &area))
				goto out;
		}
		have -= (size_t)(line - buf);
		memmove(buf, line, have);
	}
out:
	close(fd);
}

struct area_search {
	unsigned long start, end;	/* in: areas that intersect this */
	size_t count;			/* out */
	struct prog_area first;		/* out: valid if count */
};

static bool search_each(void *ctx, const struct prog_area *area)
{
	struct area_search *search = ctx;

	if (area->end > search->start && area->start < search->end && search->count++ == 0)
		search->first = *area;
	return area->start < search->end;
}

bool area_at(const void *addr, struct prog_area *area)
{
	unsigned long at = (unsigned long)addr;
	struct area_search search = { .start = at, .end = at + 1 };

	for_each_area(search_each, &search);
	*area = search.first;
	return search.count > 0;
}

size_t count_areas(const void *start, const void *end)
{
	struct area_search search = {
		.start = (unsigned long)start,
		.end = (unsigned long)end,
	};

	for_each_area(search_each, &search);
	return search.count;
}

size_t count_all_areas(void)
{
	return count_areas(NULL, (void *)TASK_END);
}

struct layout_text {
	unsigned long at, end;		/* where the next word begins; where it all ends */
	char text[512];
};

static void layout_add(struct layout_text *layout, const char *what, unsigned long end)
{
	size_t used = strlen(layout->text);

	snprintf(layout->text + used, sizeof(layout->text) - used, "%s%s:%lu", used ? " " : "",
		 what, (end - layout->at) / PAGE);
	layout->at = end;
}

static bool layout_each(void *ctx, const struct prog_area *area)
{
	struct layout_text *layout = ctx;

	if (area->end <= layout->at)
		return true;
	if (area->start > layout->at && layout->at < layout->end)
		layout_add(layout, "hole", area->start < layout->end ? area->start : layout->end);
	if (area->start < layout->end)
		layout_add(layout, area->perms, area->end);
	return layout->at < layout->end;
}

void expect_layout(const char *start, const char *layout, const char *what)
{
	struct layout_text got = { .at = (unsigned long)start };
	unsigned long pages = 0;

	for (const char *word = layout; (word = strchr(word, ':')); word++)
		pages += strtoul(word + 1, NULL, 10);
	got.end = got.at + pages * PAGE;
	for_each_area(layout_each, &got);
	expect(strcmp(got.text, layout) == 0, "%s: %s, got %s", what, layout, got.text);
}

/* ---- the machine --------------------------------------------------------------------------- */

static const char *read_text(const char *path)
{
	static char buf[1 << 14];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	if (fd >= 0)
		close(fd);
	if (got < 0)
		return NULL;
	buf[got] = '\0';
	return buf;
}

long long read_number(const char *path)
{
	const char *text = read_text(path);

	return text ? strtoll(text, NULL, 10) : -1;
}

long long meminfo_kb(const char *key)
{
	const char *text = read_text("/proc/meminfo");
	const char *line = text ? strstr(text, key) : NULL;

	return line ? strtoll(line + strlen(key) + 1, NULL, 10) : -1;
}

#define MOST_AREAS 200000

size_t max_map_count(void)
{
	long long limit = read_number("/proc/sys/vm/max_map_count");

	if (limit < 0 || limit > MOST_AREAS)
		skip("vm.max_map_count is %lld: more areas than this test wants to make", limit);
	return (size_t)limit;
}

/* Most of them are cut out of one reservation. */
void use_up_areas(size_t limit)
{
	size_t pages = limit + 16, have;
	char *at = pool(pages);

	map_at(at, pages, PROT_NONE);
	have = count_all_areas();
	/* Each page taken out of the middle leaves two areas more; one at the end, one more. */
	for (char *page = at + PAGE; have + 2 <= limit; page += 2 * PAGE, have += 2)
		if (sys_mprotect(page, PAGE, PROT_READ))
			die("using up areas");
	if (have < limit && sys_mprotect(at + (pages - 1) * PAGE, PAGE, PROT_READ))
		die("using up the last area");
	expect(count_all_areas() == limit, "%zu areas in use", limit);
}

size_t ram_and_swap(void)
{
	if (read_number("/proc/sys/vm/overcommit_memory") != 0)
		skip("vm.overcommit_memory is not 0");
	return (size_t)(meminfo_kb("MemTotal") + meminfo_kb("SwapTotal")) * 1024;
}

void drop_capability(int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	uint32_t bit = UINT32_C(1) << (capability % 32);

	if (syscall(SYS_capget, &header, data))
		die("capget");
	data[capability / 32].effective &= ~bit;
	data[capability / 32].permitted &= ~bit;
	if (syscall(SYS_capset, &header, data))
		die("capset");
}

void set_limit(int resource, uint64_t soft)
{
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t)resource, &limit))
		die("getrlimit");
	limit.rlim_cur = soft;
	if (setrlimit((__rlimit_resource_t)resource, &limit))
		skip("the hard limit %d is below what the case needs", resource);
}

/* ---- scratch files ------------------------------------------------------------------------- */

static char dir_name[256];
static pid_t dir_owner;

static void remove_scratch_dir(void)
{
	DIR *dir = getpid() == dir_owner ? opendir(dir_name) : NULL;
	const struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(dir_name);
}

const char *scratch_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	if (dir_owner)
		return dir_name;
	snprintf(dir_name, sizeof(dir_name), "%s/usermm-prog-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir_name))
		die(dir_name);
	dir_owner = getpid();
	atexit(remove_scratch_dir);
	return dir_name;
}

int scratch_file(size_t pages)
{
	const char *tmp = getenv("TMPDIR");
	char name[256];
	int fd;

	snprintf(name, sizeof(name), "%s/usermm-file-XXXXXX", tmp ? tmp : "/tmp");
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0 || unlink(name) || ftruncate(fd, (off_t)(pages * PAGE)))
		die(name);
	return fd;
}
