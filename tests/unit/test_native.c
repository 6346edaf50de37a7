/*
 * test_native.c - the executor: what it does, and what is said when it cannot.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "seq/native.h"
#include "unit.h"

#define STEPS 16

struct scene {
	struct seq_native *native;
	struct seq_start start;
	struct seq_step step[STEPS];
	struct seq seq;
	const char *error;
};

static void scene_init(struct scene *scene)
{
	memset(scene, 0, sizeof(*scene));
	scene->seq.step = scene->step;
	assert_int_equal(seq_native_new(&scene->native, &scene->error), 0);
	assert_int_equal(seq_native_begin(scene->native, &scene->start, &scene->error), 0);
}

static void add(struct scene *scene, const char *text)
{
	const char *error;

	assert_in_range(scene->seq.nr, 0, STEPS - 1);
	assert_int_equal(seq_step_parse(text, &scene->step[scene->seq.nr++], &error), 0);
}

static int run(struct scene *scene, const bool *skip, const struct seq_native_wishes *wishes)
{
	int err = seq_native_run(scene->native, &scene->seq, skip, wishes, &scene->error);

	scene->seq.nr = 0;
	return err;
}

static int64_t answer(struct scene *scene, size_t step)
{
	return seq_native_answer(scene->native, step);
}

/* Nothing is there but the executor, low, and the heap begins apart from it. */
static void test_start(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s);
	for (size_t i = 0; i < s.start.nr_areas; i++)
		if (s.start.area[i].name != UMM_NAME_VDSO && s.start.area[i].name < UMM_NAME_VDSO) {
			assert_true(s.start.area[i].start >= s.start.own_start);
			assert_true(s.start.area[i].end + SEQ_PAGE < s.start.own_end);
		}
	assert_int_equal(s.start.base[SEQ_BASE_BRK], s.start.own_end);
	assert_int_equal(s.start.base[SEQ_BASE_POOL] % (UINT64_C(4) << 30), 0);
	seq_native_free(s.native);
}

static void test_answers(void **state)
{
	const struct seq_native_wishes wishes = { .maps = true, .every = 1 };
	const struct seq_seen *seen;
	struct scene s;
	char *maps;

	(void)state;
	scene_init(&s);
	add(&s, "mmap(pool, 0x2000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, none, 0)");
	add(&s, "read($0)");
	add(&s, "write($0)");
	add(&s, "read(pool+0x2000)");
	add(&s, "mmap(pool, 0, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, none, 0)");
	add(&s, "brk(brk+0x1000)");
	add(&s, "write(brk)");
	assert_int_equal(run(&s, NULL, &wishes), 0);
	assert_int_equal(answer(&s, 0), s.start.base[SEQ_BASE_POOL]);
	assert_int_equal(answer(&s, 1), 0);
	assert_int_equal(answer(&s, 2), UMM_SEGV_ACCERR);
	assert_int_equal(answer(&s, 3), UMM_SEGV_MAPERR);
	assert_int_equal(answer(&s, 4), -EINVAL);
	assert_int_equal(answer(&s, 5), s.start.base[SEQ_BASE_BRK] + SEQ_PAGE);
	assert_int_equal(answer(&s, 6), 0);
	seen = seq_native_seen(s.native, 6);
	maps = seq_native_maps(s.native, 0);
	assert_non_null(maps);
	assert_non_null(strstr(maps, "1000000000-1000002000 r--p 00000000 00:00 0 \n"));
	maps = realloc(maps, strlen(maps) + strlen(seq_native_gate(s.native)) + 1);
	strcat(maps, seq_native_gate(s.native));
	assert_int_equal(seen->maps, seq_maps_hash(maps, strlen(maps)));
	assert_int_equal(seen->vm[SEQ_VM_SIZE] * 1024, s.start.base[SEQ_BASE_SIZE] + 3 * SEQ_PAGE);
	assert_true(seq_native_ns(s.native) > 0);
	free(maps);
	seq_native_free(s.native);
}

static void test_processes(void **state)
{
	const struct seq_native_wishes wishes = { .maps = true };
	const struct seq_seen *seen;
	struct scene s;

	(void)state;
	scene_init(&s);
	add(&s, "fork()");
	add(&s, "1: fork()");
	add(&s, "2: mmap(pool, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, none, 0)");
	add(&s, "read(pool)");
	add(&s, "2: read(pool)");
	add(&s, "1: exit()");
	add(&s, "1: read(pool)");
	add(&s, "fork()");
	assert_int_equal(run(&s, NULL, &wishes), 0);
	assert_int_equal(answer(&s, 0), 1);
	assert_int_equal(answer(&s, 1), 2);
	assert_int_equal(answer(&s, 3), UMM_SEGV_MAPERR);
	assert_int_equal(answer(&s, 4), 0);
	assert_int_equal(answer(&s, 6), SEQ_SKIPPED);
	assert_int_equal(answer(&s, 7), 1);
	seen = seq_native_seen(s.native, 7);
	assert_int_equal(seen->maps, seen->other);
	assert_int_not_equal(seq_native_seen(s.native, 2)->maps, seen->maps);
	assert_true(seq_native_pid(s.native, 2) > 0);
	assert_int_equal(seq_native_pid(s.native, 3), -1);
	seq_native_free(s.native);
}

static void test_skip(void **state)
{
	const bool skip[STEPS] = { [1] = true };
	struct scene s;

	(void)state;
	scene_init(&s);
	add(&s, "munmap(pool, 0x1000)");
	add(&s, "munmap(pool, 0x1000)");
	/* The executor does not pull the rug from under itself. */
	add(&s, "munmap(0xd000000, 0x1000)");
	assert_int_equal(run(&s, skip, NULL), 0);
	assert_int_equal(answer(&s, 0), 0);
	assert_int_equal(answer(&s, 1), SEQ_SKIPPED);
	assert_int_equal(answer(&s, 2), SEQ_SKIPPED);
	seq_native_free(s.native);
}

static void test_segments_go(void **state)
{
	struct shmid_ds ds;
	struct scene s;
	int id;

	(void)state;
	scene_init(&s);
	add(&s, "shmget(0, 0x1000, IPC_CREAT)");
	assert_int_equal(run(&s, NULL, NULL), 0);
	id = (int)answer(&s, 0);
	assert_true(id >= 0);
	assert_int_equal(shmctl(id, IPC_STAT, &ds), 0);
	seq_native_end(s.native);
	assert_int_equal(shmctl(id, IPC_STAT, &ds), -1);
	seq_native_free(s.native);
}

/* Whoever starts an executor may be killed: then it goes by itself, with all that it made. */
static void test_orphan(void **state)
{
	struct { int id, pid; } told = { -1, -1 };
	struct shmid_ds ds;
	int channel[2], tries = 0;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(channel), 0);
	child = fork();
	if (child == 0) {
		struct scene s;

		scene_init(&s);
		add(&s, "shmget(0, 0x1000, IPC_CREAT)");
		add(&s, "fork()");
		add(&s, "1: shmat($0, 0, 0)");
		if (run(&s, NULL, NULL))
			_exit(1);
		told.id = (int)answer(&s, 0);
		told.pid = seq_native_pid(s.native, 1);
		if (write(channel[1], &told, sizeof(told)) < 0)
			_exit(1);
		pause();
	}
	assert_int_equal(read(channel[0], &told, sizeof(told)), sizeof(told));
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	for (; tries < 5000 && (shmctl(told.id, IPC_STAT, &ds) == 0 || kill(told.pid, 0) == 0);
	     tries++)
		usleep(1000);
	assert_in_range(tries, 0, 4999);
	close(channel[0]);
	close(channel[1]);
}

/* Of a process that dies, or hangs, a run tells; the next executor is none the worse. */
static void test_death(void **state)
{
	const struct seq_native_wishes wishes = { .timeout_ms = 300 };
	const int signals[] = { SIGKILL, SIGSTOP };
	struct scene s;

	(void)state;
	scene_init(&s);
	for (unsigned int process = 0; process < 2; process++)
		for (size_t i = 0; i < 2; i++) {
			add(&s, "fork()");
			assert_int_equal(run(&s, NULL, NULL), 0);
			assert_int_equal(kill(seq_native_pid(s.native, process), signals[i]), 0);
			add(&s, process ? "1: munmap(pool, 0x1000)" : "munmap(pool, 0x1000)");
			/* Only who waits for what never comes waits for a short time. */
			assert_int_equal(run(&s, NULL, i ? &wishes : NULL),
					 i ? -ETIMEDOUT : -EPIPE);
			add(&s, "munmap(pool, 0x1000)");
			assert_int_equal(run(&s, NULL, NULL), -ESRCH);
			assert_int_equal(seq_native_begin(s.native, &s.start, &s.error), 0);
		}
	seq_native_free(s.native);
}

static void test_too_many(void **state)
{
	struct seq seq = { .step = calloc(SEQ_STEPS_MAX, sizeof(struct seq_step)) };
	const char *error;
	struct scene s;

	(void)state;
	scene_init(&s);
	assert_non_null(seq.step);
	add(&s, "munmap(pool, 0x1000)");
	seq.nr = SEQ_STEPS_MAX;
	for (size_t i = 0; i < seq.nr; i++)
		seq.step[i] = s.step[0];
	assert_int_equal(seq_native_run(s.native, &seq, NULL, NULL, &error), 0);
	assert_int_equal(answer(&s, SEQ_STEPS_MAX - 1), 0);
	seq.nr = 1;
	assert_int_equal(seq_native_run(s.native, &seq, NULL, NULL, &error), -ENOSPC);
	seq_native_free(s.native);
	free(seq.step);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_segments_go),
		cmocka_unit_test(test_orphan),
		cmocka_unit_test(test_death),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
