/*
 * unit.c - what the unit tests share.
 */
#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <usermm/uapi.h>

#include "unit.h"

static uint64_t number_from_environment(const char *name, uint64_t normal)
{
	const char *text = getenv(name);
	char *end;
	unsigned long long value;

	if (!text || !*text)
		return normal;
	value = strtoull(text, &end, 0);
	if (*end) {
		fprintf(stderr, "%s=%s is not a number\n", name, text);
		exit(2);
	}
	return value;
}

struct unit_random unit_random_init(void)
{
	return (struct unit_random){ number_from_environment("UMM_SEED", 1) };
}

/* splitmix64 */
uint64_t unit_random(struct unit_random *random)
{
	uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t unit_random_below(struct unit_random *random, uint64_t limit)
{
	return unit_random(random) % limit;
}

uint64_t unit_iterations(uint64_t normal)
{
	return number_from_environment("UMM_ITER", normal);
}

static void *counting_alloc(void *ctx, size_t bytes)
{
	struct unit_memory *memory = ctx;
	void *block;

	/* What platform.h promises to the embedder. */
	assert_true(bytes > 0 && (bytes % 64 == 0 || (bytes & (bytes - 1)) == 0));

	if (++memory->calls == memory->fail_at)
		return NULL;
	block = aligned_alloc(64, bytes < 64 ? 64 : bytes);
	assert_non_null(block);
	memset(block, 0xdb, bytes);
	memory->bytes += bytes;
	memory->blocks++;
	return block;
}

static void counting_free(void *ctx, void *block, size_t bytes)
{
	struct unit_memory *memory = ctx;

	assert_non_null(block);
	assert_true(memory->blocks > 0 && memory->bytes >= bytes);
	memory->bytes -= bytes;
	memory->blocks--;
	memset(block, 0xdf, bytes);
	free(block);
}

/* Filled with what nobody expects: who does not clear a frame shows it. */
static void *counting_frames_alloc(void *ctx, size_t bytes)
{
	struct unit_memory *memory = ctx;
	size_t align = (size_t)2 << 20;
	void *frames;

	if (++memory->calls == memory->fail_at)
		return NULL;
	frames = aligned_alloc(align, (bytes + align - 1) & ~(align - 1));
	assert_non_null(frames);
	memset(frames, 0xdb, bytes);
	memory->bytes += bytes;
	memory->blocks++;
	return frames;
}

/*
 * Locks that one thread uses: whoever takes a lock that is held, or lets go of one that is not,
 * has forgotten something.  opaque[0]: 0 free, 1 read, WRITER.
 */
#define WRITER UINT64_MAX

static int checking_init(void *ctx, struct umm_lock *lock)
{
	struct unit_memory *memory = ctx;

	if (++memory->calls == memory->fail_at)
		return -UMM_ENOMEM;
	lock->opaque[0] = 0;
	memory->locks++;
	return 0;
}

static void checking_destroy(void *ctx, struct umm_lock *lock)
{
	struct unit_memory *memory = ctx;

	assert_int_equal(lock->opaque[0], 0);
	assert_true(memory->locks > 0);
	memory->locks--;
}

static void checking_write_lock(void *ctx, struct umm_lock *lock)
{
	(void)ctx;
	assert_int_equal(lock->opaque[0], 0);
	lock->opaque[0] = WRITER;
}

static void checking_write_unlock(void *ctx, struct umm_lock *lock)
{
	(void)ctx;
	assert_int_equal(lock->opaque[0], WRITER);
	lock->opaque[0] = 0;
}

static void checking_read_lock(void *ctx, struct umm_lock *lock)
{
	(void)ctx;
	assert_int_equal(lock->opaque[0], 0);
	lock->opaque[0] = 1;
}

static void checking_read_unlock(void *ctx, struct umm_lock *lock)
{
	(void)ctx;
	assert_int_equal(lock->opaque[0], 1);
	lock->opaque[0] = 0;
}

void unit_memory_init(struct unit_memory *memory)
{
	*memory = (struct unit_memory){
		.platform = {
			.size = sizeof(struct umm_platform),
			.ctx = memory,
			.alloc = counting_alloc,
			.free = counting_free,
			.lock_init = checking_init,
			.lock_destroy = checking_destroy,
			.write_lock = checking_write_lock,
			.write_unlock = checking_write_unlock,
			.read_lock = checking_read_lock,
			.read_unlock = checking_read_unlock,
			.frames_alloc = counting_frames_alloc,
			.frames_free = counting_free,
		},
	};
}

void unit_memory_fail_at(struct unit_memory *memory, uint64_t n)
{
	memory->calls = 0;
	memory->fail_at = n;
}

const char *unit_read_file(const char *path)
{
	static char buf[1 << 18];
	size_t have = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	while ((got = read(fd, buf + have, sizeof(buf) - 1 - have)) > 0)
		have += (size_t)got;
	close(fd);
	buf[have] = '\0';
	return buf;
}

void unit_need_kernel(unsigned int major, unsigned int minor)
{
	unsigned int have_major = 0, have_minor = 0;
	struct utsname name;

	assert_int_equal(uname(&name), 0);
	sscanf(name.release, "%u.%u", &have_major, &have_minor);
	if (have_major < major || (have_major == major && have_minor < minor)) {
		printf("# skipped: Linux %s is older than %u.%u\n", name.release, major, minor);
		skip();
	}
}
