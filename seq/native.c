/*
 * native.c - the life of an executor, and its turns as seen from outside: see native.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "host/probe.h"
#include "seq/hash.h"
#include "seq/native_inside.h"

#define DEFAULT_TIMEOUT_MS 20000
#define KEYS 64				/* that belong to one shm_key */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* ---- turns ---- */

/* Is the first process there, and its children's turn not over for ever?  0 or -EPIPE. */
static int look_alive(const struct seq_native *native, uint32_t turn)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)native->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
	    info.si_pid)
		return -EPIPE;
	/* A child is a zombie of the first, which does not look now. */
	if (turn > 0 && turn < SEQ_PROCESSES && native->control->pid[turn] > 0) {
		char path[32], text[256], *at;
		int fd;
		ssize_t n;

		snprintf(path, sizeof(path), "%d/stat", (int)native->control->pid[turn]);
		fd = openat(native->proc, path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
		if (fd >= 0)
			close(fd);
		text[n > 0 ? n : 0] = '\0';
		at = strrchr(text, ')');
		if (!at || at[1] == '\0' || at[2] == 'Z' || at[2] == 'X')
			return -EPIPE;
	}
	return 0;
}

/* Steps done so far, while others are at it: only whether it changes counts. */
static size_t progress(const struct control *control)
{
	return *(const volatile size_t *)&control->state.nr;
}

/* Until it is our turn: 0, -EPIPE, -ETIMEDOUT. */
static int wait_turn(const struct seq_native *native, uint32_t timeout_ms)
{
	struct control *control = native->control;
	const uint64_t ms = timeout_ms ? timeout_ms : DEFAULT_TIMEOUT_MS;
	uint64_t end = now_ns() + ms * 1000000;
	size_t done = progress(control);

	for (;;) {
		uint32_t turn = atomic_load_explicit(&control->turn, memory_order_acquire);
		const struct timespec slice = { .tv_nsec = 50 * 1000000 };
		int err;

		if (turn == TURN_OUTSIDE)
			return 0;
		if (syscall(SYS_futex, &control->turn, FUTEX_WAIT, turn, &slice, NULL, 0) == 0 ||
		    errno != ETIMEDOUT)
			continue;
		err = look_alive(native, turn);
		if (err)
			return err;
		if (progress(control) != done) {
			done = progress(control);
			end = now_ns() + ms * 1000000;
		}
		if (now_ns() > end)
			return -ETIMEDOUT;
	}
}

static void give_turn(struct seq_native *native)
{
	native->control->request = REQUEST_RUN;
	atomic_store_explicit(&native->control->turn, 0, memory_order_release);
	/* All of them wait there; one sees that it is its turn. */
	syscall(SYS_futex, &native->control->turn, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* ---- begin and end ---- */

/* Keys that nobody uses, so that segments with a key are ours alone. */
static uint64_t free_key(void)
{
	static unsigned int round;
	struct timespec ts;

	for (unsigned int attempt = 0;; attempt++) {
		uint32_t key;
		int used = 0;

		clock_gettime(CLOCK_MONOTONIC, &ts);
		key = ((uint32_t)getpid() * 0x9e3779b1u + (uint32_t)ts.tv_nsec * 0x85ebca6bu +
		       round++ * KEYS) & 0x7fffffc0u;
		for (uint32_t i = 0; i < KEYS && attempt < 100; i++)
			used |= shmget((key_t)(key + i), 0, 0) >= 0 || errno != ENOENT;
		if (key && !used)
			return key;
	}
}

static int make_control(struct seq_native *native)
{
	int fd = memfd_create("control", MFD_CLOEXEC), err;

	if (fd < 0 || ftruncate(fd, sizeof(struct control)) != 0) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	native->control = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED,
			       fd, 0);
	if (native->control == MAP_FAILED) {
		native->control = NULL;
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int seq_native_begin(struct seq_native *native, struct seq_start *start, const char **error)
{
	int fd, err;

	seq_native_end(native);
	*error = "the files that sequences name";
	err = native_files_renew(native);
	if (err)
		return err;
	*error = "shared memory with the executor";
	fd = make_control(native);
	if (fd < 0) {
		seq_native_end(native);
		return fd;
	}
	/* Nobody's turn, until the executor gives it to us. */
	atomic_store(&native->control->turn, SEQ_PROCESSES);
	*error = "the executor could not be started";
	err = native_spawn(native, fd);
	close(fd);
	if (!err)
		err = wait_turn(native, 0);
	if (!err) {
		*error = "what the executor looks like could not be read";
		native->shm_key = free_key();
		err = native_start_observe(native, start);
	}
	if (err) {
		seq_native_end(native);
		return err;
	}
	native->control->start = *start;
	seq_state_init(&native->state, start);
	return 0;
}

void seq_native_end(struct seq_native *native)
{
	struct control *control = native->control;

	if (native->pid > 0) {
		/* The first one's end is the end of its children, which it has not waited for. */
		kill(native->pid, SIGKILL);
		waitpid(native->pid, NULL, 0);
		native->pid = 0;
	}
	if (control) {
		for (uint32_t i = 0; i < control->nr_segments && i < CONTROL_SEGMENTS; i++)
			shmctl(control->segment[i], IPC_RMID, NULL);
		munmap(control, sizeof(*control));
		native->control = NULL;
	}
	native_files_close_new(native);
}

/* ---- all executors ---- */

static int image_file(void)
{
	int fd = memfd_create("executor", MFD_CLOEXEC);
	size_t done = 0;

	while (fd >= 0 && done < seq_executor_image_bytes) {
		ssize_t n = write(fd, seq_executor_image + done, seq_executor_image_bytes - done);

		if (n <= 0) {
			close(fd);
			return -1;
		}
		done += (size_t)n;
	}
	return fd;
}

/* The kernel's own page in the upper half, which is in each maps. */
static void read_gate(struct seq_native *native)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[sizeof(native->gate)];

	while (maps && fgets(line, sizeof(line), maps))
		if (strncmp(line, "ffffffffff600000-", 17) == 0)
			memcpy(native->gate, line, sizeof(line));
	if (maps)
		fclose(maps);
}

int seq_native_new(struct seq_native **out, const char **error)
{
	struct seq_native *native = calloc(1, sizeof(*native));
	int err = 0;

	*error = "memory";
	if (!native)
		return -ENOMEM;
	for (int i = 0; i < SEQ_FILES; i++)
		native->file[i] = -1;
	for (int i = 0; i < NATIVE_REGULAR; i++)
		native->regular[i] = -1;
	settings_read(&native->settings);
	read_gate(native);
	native->tsc_begin = __rdtsc();
	native->ns_begin = now_ns();
	*error = "the executor's program";
	native->image = image_file();
	native->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (native->image < 0 || native->proc < 0)
		err = -errno;
	if (!err) {
		*error = "a file on a disk: is there room in TMPDIR or /var/tmp?";
		err = native_files_open(native);
	}
	if (err) {
		seq_native_free(native);
		return err;
	}
	*out = native;
	return 0;
}

void seq_native_free(struct seq_native *native)
{
	if (!native)
		return;
	seq_native_end(native);
	native_files_close(native);
	if (native->image >= 0)
		close(native->image);
	if (native->proc >= 0)
		close(native->proc);
	settings_close(&native->settings);
	free(native);
}

const struct umm_settings *seq_native_settings(const struct seq_native *native)
{
	return &native->settings.umm;
}

int seq_native_set_rules(const struct seq_native *native, struct umm_world *world)
{
	(void)native;
	return probe_rules(world);
}

void seq_native_drop_caps(struct seq_native *native, bool drop)
{
	native->drop_caps = drop;
}

/* ---- steps ---- */

int seq_native_post(struct seq_native *native, const struct seq *seq, const bool *skip,
		    const struct seq_native_wishes *wishes)
{
	struct control *control = native->control;
	uint32_t begin;

	if (!control)
		return -ESRCH;
	begin = control->nr_steps;
	if (seq->nr > SEQ_STEPS_MAX - begin)
		return -ENOSPC;
	memcpy(control->step + begin, seq->step, seq->nr * sizeof(*seq->step));
	for (size_t i = 0; i < seq->nr; i++)
		control->skip[begin + i] = (skip && skip[i] ? CONTROL_SKIP : 0) |
			(wishes && wishes->blind && wishes->blind[i] ? CONTROL_BLIND : 0);
	control->nr_steps = begin + (uint32_t)seq->nr;
	control->every = wishes ? wishes->every : 0;
	control->look = wishes && wishes->maps;
	native->wishes = wishes ? *wishes : (struct seq_native_wishes){ 0 };
	give_turn(native);
	return 0;
}

int seq_native_wait(struct seq_native *native, const char **error)
{
	int err;

	if (!native->control)
		return -ESRCH;
	err = wait_turn(native, native->wishes.timeout_ms);
	native->state = native->control->state;
	native->state.bases.answer = native->state.answer;
	if (!err)
		return 0;
	*error = err == -ETIMEDOUT ? "the executor does not come back from a step" :
				     "a process of the executor died";
	seq_native_end(native);
	return err;
}

int seq_native_run(struct seq_native *native, const struct seq *seq, const bool *skip,
		   const struct seq_native_wishes *wishes, const char **error)
{
	int err = seq_native_post(native, seq, skip, wishes);

	*error = err == -ENOSPC ? "too many steps" : "there is no executor";
	return err ? err : seq_native_wait(native, error);
}

const struct seq_state *seq_native_state(const struct seq_native *native)
{
	return &native->state;
}

int64_t seq_native_answer(const struct seq_native *native, size_t step)
{
	return step < native->state.nr ? native->state.answer[step] : SEQ_SKIPPED;
}

const struct seq_seen *seq_native_seen(const struct seq_native *native, size_t step)
{
	return &native->control->seen[step];
}

uint64_t seq_native_ns(const struct seq_native *native)
{
	uint64_t ns = now_ns() - native->ns_begin, tsc = __rdtsc() - native->tsc_begin;

	if (!native->control || !tsc)
		return 0;
	return (uint64_t)((double)native->control->cycles * (double)ns / (double)tsc);
}

pid_t seq_native_pid(const struct seq_native *native, unsigned int process)
{
	if (!native->control || process >= SEQ_PROCESSES || native->control->pid[process] <= 0)
		return -1;
	return native->control->pid[process];
}

char *seq_native_maps(const struct seq_native *native, unsigned int process)
{
	size_t size = 0, room = 65536, gate = strlen(native->gate);
	char path[32], *text = malloc(room), *grown;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%d/maps", (int)seq_native_pid(native, process));
	fd = openat(native->proc, path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && text && (n = read(fd, text + size, room - size - 1)) > 0) {
		size += (size_t)n;
		if (room - size < 8192) {
			grown = realloc(text, room *= 2);
			if (!grown)
				free(text);
			text = grown;
		}
	}
	if (fd < 0 || !text) {
		free(text);
		return NULL;
	}
	close(fd);
	text[size] = '\0';
	if (gate && size >= gate && strcmp(text + size - gate, native->gate) == 0)
		text[size - gate] = '\0';
	return text;
}

uint64_t seq_maps_hash(const char *text, size_t size)
{
	struct seq_hasher hasher = { 0 };

	seq_hash_maps(&hasher, text, size);
	return seq_hash_end(&hasher);
}

const char *seq_native_gate(const struct seq_native *native)
{
	return native->gate;
}
