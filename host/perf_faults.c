/*
 * perf_faults.c - one ring per CPU, inherited by every thread and child.
 *
 * Theory
 * ------
 * A ring that follows a process on all CPUs cannot be inherited; one event per CPU can (pid = the
 * first process, cpu = i, inherit).  So there are as many rings as CPUs, each about sorted by time;
 * a drain merges them.  A sample may become visible a little after a younger one of another CPU:
 * those of a thread that stands at a stop are all there, those of running threads may follow later.
 *
 * Sources, best first.  The tracepoints exceptions:page_fault_user and _kernel carry the error code
 * of the fault: read or write.  They need root and the ids in tracefs; where that is not mounted,
 * a child with a mount namespace of its own mounts it and reads them, so that the host's mounts
 * stay as they are.  The software event gives the address only; without privilege, and without
 * faults in the kernel.
 *
 * A tracer asleep in waitpid() must not let a ring run over.  SIGIO of the ring itself would come
 * with every sample (the watermark holds for poll() only) and make each fault twenty times as dear.
 * So a thread polls, which wakes it at a quarter of a ring, and sends the signal; it touches
 * nothing else.
 *
 * Never sampled: pages that get_user_pages touches (mlock, MAP_POPULATE, O_DIRECT, …).  For those,
 * see pagemap.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <usermm/usermm.h>

#include "host/perf_faults.h"

#define RING_PAGES_ROOT 512
#define RING_PAGES_USER 64

struct ring {
	struct perf_event_mmap_page *head;
	unsigned char *data;
	size_t size;			/* of data: a power of two */
	int fd, second_fd;
};

struct perf_faults {
	enum fault_source source;
	int signo;
	size_t ring_pages;
	struct ring *ring;
	size_t nr_rings;
	struct fault_sample *sample;	/* of the last drain */
	size_t nr_samples, room;
	uint64_t lost;

	/* The thread that polls. */
	pthread_t poller;
	pid_t tracer;			/* the thread that drains: it gets the signal */
	int end_fd;			/* written to when the poller shall end */
	atomic_uint nr_drains;
};

/* ---- tracepoint ids ---- */

static int read_id(const char *root, const char *name)
{
	char path[160], text[32];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/events/exceptions/%s/id", root, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	text[n] = '\0';
	return atoi(text);
}

static bool read_ids(const char *root, int id[2])
{
	id[0] = read_id(root, "page_fault_user");
	id[1] = read_id(root, "page_fault_kernel");
	return id[0] > 0 && id[1] > 0;
}

/* The child's part: its own mounts, then the ids through the pipe. */
static void ids_child(int fd)
{
	int id[2];

	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL) != 0 ||
	    !read_ids("/sys/kernel/tracing", id))
		_exit(1);
	_exit(write(fd, id, sizeof(id)) != sizeof(id));
}

static bool tracepoint_ids(int id[2])
{
	int fd[2], status;
	bool found;
	pid_t pid;

	if (read_ids("/sys/kernel/tracing", id) || read_ids("/sys/kernel/debug/tracing", id))
		return true;
	if (geteuid() != 0 || pipe2(fd, O_CLOEXEC) != 0)
		return false;
	pid = fork();
	if (pid == 0) {
		close(fd[0]);
		ids_child(fd[1]);
	}
	close(fd[1]);
	found = pid > 0 && read(fd[0], id, 2 * sizeof(id[0])) == 2 * (ssize_t)sizeof(id[0]);
	close(fd[0]);
	if (pid > 0)
		waitpid(pid, &status, 0);
	return found;
}

/* ---- opening ---- */

static int open_event(uint32_t type, uint64_t config, bool exclude_kernel, uint64_t sample_type,
		      pid_t pid, int cpu, size_t watermark)
{
	struct perf_event_attr attr = {
		.type = type,
		.size = sizeof(attr),
		.config = config,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | sample_type,
		.inherit = 1,
		.exclude_kernel = exclude_kernel,
		.watermark = 1,
		.wakeup_watermark = (uint32_t)watermark,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
	long fd = syscall(SYS_perf_event_open, &attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

static int open_cpu(struct perf_faults *faults, const int id[2], pid_t pid, int cpu,
		    struct ring *ring)
{
	size_t bytes = faults->ring_pages * UMM_PAGE_SIZE;
	void *map;

	ring->second_fd = -1;
	if (faults->source == FAULTS_TRACEPOINTS) {
		ring->fd = open_event(PERF_TYPE_TRACEPOINT, (uint64_t)id[0], false, PERF_SAMPLE_RAW,
				      pid, cpu, bytes / 4);
		if (ring->fd < 0)
			return ring->fd;
		ring->second_fd = open_event(PERF_TYPE_TRACEPOINT, (uint64_t)id[1], false,
					     PERF_SAMPLE_RAW, pid, cpu, bytes / 4);
		if (ring->second_fd < 0) {
			close(ring->fd);
			return ring->second_fd;
		}
	} else {
		ring->fd = open_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS,
				      faults->source == FAULTS_SOFTWARE_USER, PERF_SAMPLE_ADDR,
				      pid, cpu, bytes / 4);
		if (ring->fd < 0)
			return ring->fd;
	}
	map = mmap(NULL, bytes + UMM_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (map == MAP_FAILED ||
	    (ring->second_fd >= 0 &&
	     ioctl(ring->second_fd, PERF_EVENT_IOC_SET_OUTPUT, ring->fd) != 0)) {
		int err = -errno;

		if (map != MAP_FAILED)
			munmap(map, bytes + UMM_PAGE_SIZE);
		close(ring->fd);
		if (ring->second_fd >= 0)
			close(ring->second_fd);
		return err;
	}
	ring->head = map;
	ring->data = (unsigned char *)map + UMM_PAGE_SIZE;
	ring->size = bytes;
	return 0;
}

static void close_ring(struct ring *ring)
{
	if (ring->head)
		munmap(ring->head, ring->size + UMM_PAGE_SIZE);
	ring->head = NULL;
	if (ring->second_fd >= 0)
		close(ring->second_fd);
	close(ring->fd);
}

static int open_source(struct perf_faults *faults, enum fault_source source, pid_t pid)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int id[2] = { 0, 0 };
	int err;

	faults->source = source;
	faults->ring_pages = source == FAULTS_SOFTWARE_USER ? RING_PAGES_USER : RING_PAGES_ROOT;
	if (source == FAULTS_TRACEPOINTS && !tracepoint_ids(id))
		return -ENOENT;
	for (int cpu = 0; cpu < cpus; cpu++) {
		err = open_cpu(faults, id, pid, cpu, &faults->ring[faults->nr_rings]);
		if (err == -ENODEV)		/* a CPU that is off */
			continue;
		if (err) {
			while (faults->nr_rings)
				close_ring(&faults->ring[--faults->nr_rings]);
			return err;
		}
		faults->nr_rings++;
	}
	return faults->nr_rings ? 0 : -ENODEV;
}

/* ---- the thread that polls ---- */

/* A signal just before waitpid() is lost: again, until a drain shows that it was not. */
static void wake_tracer(struct perf_faults *faults)
{
	unsigned int before = atomic_load(&faults->nr_drains);
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (int tries = 0; tries < 100 && atomic_load(&faults->nr_drains) == before; tries++) {
		syscall(SYS_tgkill, getpid(), faults->tracer, faults->signo);
		nanosleep(&pause, NULL);
	}
}

static void *poll_rings(void *arg)
{
	struct perf_faults *faults = arg;
	struct pollfd *fd = calloc(faults->nr_rings + 1, sizeof(*fd));

	if (!fd)
		return NULL;
	for (size_t i = 0; i < faults->nr_rings; i++)
		fd[i] = (struct pollfd){ .fd = faults->ring[i].fd, .events = POLLIN };
	fd[faults->nr_rings] = (struct pollfd){ .fd = faults->end_fd, .events = POLLIN };
	for (;;) {
		bool full = false;

		if (poll(fd, faults->nr_rings + 1, -1) < 0)
			continue;
		if (fd[faults->nr_rings].revents)
			break;
		for (size_t i = 0; i < faults->nr_rings; i++) {
			full |= (fd[i].revents & POLLIN) != 0;
			if (fd[i].revents & (POLLHUP | POLLERR))	/* nobody left to sample */
				fd[i].fd = -1;
		}
		if (full)
			wake_tracer(faults);
	}
	free(fd);
	return NULL;
}

static int start_poller(struct perf_faults *faults)
{
	sigset_t all, old;
	int err;

	faults->tracer = (pid_t)syscall(SYS_gettid);
	faults->end_fd = eventfd(0, EFD_CLOEXEC);
	if (faults->end_fd < 0)
		return -errno;
	/* Signals are the tracer's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&faults->poller, NULL, poll_rings, faults);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err)
		close(faults->end_fd);
	return -err;
}

static void stop_poller(struct perf_faults *faults)
{
	eventfd_write(faults->end_fd, 1);
	atomic_fetch_add(&faults->nr_drains, 1);
	pthread_join(faults->poller, NULL);
	close(faults->end_fd);
}

int perf_faults_open(pid_t pid, int signo, struct perf_faults **out)
{
	struct perf_faults *faults = calloc(1, sizeof(*faults));
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int err = -ENOMEM;

	if (!faults)
		return -ENOMEM;
	faults->signo = signo;
	faults->ring = calloc((size_t)(cpus > 0 ? cpus : 1), sizeof(*faults->ring));
	if (faults->ring) {
		err = open_source(faults, FAULTS_TRACEPOINTS, pid);
		if (err)
			err = open_source(faults, FAULTS_SOFTWARE, pid);
		if (err)
			err = open_source(faults, FAULTS_SOFTWARE_USER, pid);
	}
	if (!err) {
		err = start_poller(faults);
		while (err && faults->nr_rings)
			close_ring(&faults->ring[--faults->nr_rings]);
	}
	if (err) {
		free(faults->ring);
		free(faults);
		return err;
	}
	*out = faults;
	return 0;
}

/*
 * To close the last event of a tracepoint takes the kernel 40 ms of waiting, twice.  Nobody needs
 * to see that: a grandchild, of which nothing is expected, holds the events until we have closed
 * ours, and is the last to close them.  Returns the end of a pipe to close after that, or -1.
 */
static int leave_the_last_close(void)
{
	sigset_t all, old;
	int fd[2], status;
	char byte;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) != 0)
		return -1;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0) {
		if (fork() != 0)
			_exit(0);
		close(fd[1]);
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		_exit(read(fd[0], &byte, 1) < 0);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(fd[0]);
	if (pid > 0)
		waitpid(pid, &status, 0);
	return fd[1];
}

void perf_faults_close(struct perf_faults *faults)
{
	int pipe_end = -1;

	stop_poller(faults);
	/* First, so that the grandchild gets no copy of them. */
	for (size_t i = 0; i < faults->nr_rings; i++) {
		munmap(faults->ring[i].head, faults->ring[i].size + UMM_PAGE_SIZE);
		faults->ring[i].head = NULL;
	}
	if (faults->source == FAULTS_TRACEPOINTS)
		pipe_end = leave_the_last_close();
	while (faults->nr_rings)
		close_ring(&faults->ring[--faults->nr_rings]);
	if (pipe_end >= 0)
		close(pipe_end);
	free(faults->ring);
	free(faults->sample);
	free(faults);
}

enum fault_source perf_faults_source(const struct perf_faults *faults)
{
	return faults->source;
}

/* ---- reading ---- */

struct record {
	struct perf_event_header header;
	unsigned char body[512];
};

/* What follows the header of our samples: TID, TIME, then ADDR or RAW. */
struct sample_head {
	uint32_t pid, tid;
	uint64_t time;
};

struct sample_raw {
	uint32_t size;			/* of what follows, unaligned */
	unsigned char common[8];	/* type, flags, pid */
	unsigned char address[8], ip[8], error_code[8];
};

static void copy_out(const struct ring *ring, uint64_t at, void *to, size_t len)
{
	size_t offset = (size_t)at & (ring->size - 1);
	size_t first = ring->size - offset < len ? ring->size - offset : len;

	memcpy(to, ring->data + offset, first);
	memcpy((unsigned char *)to + first, ring->data, len - first);
}

static unsigned int access_of(uint64_t error_code)
{
	if (error_code & 0x10)
		return UMM_ACCESS_EXEC;
	return error_code & 0x2 ? UMM_ACCESS_WRITE : UMM_ACCESS_READ;
}

static void take_sample(struct perf_faults *faults, const struct record *record)
{
	struct fault_sample *sample = &faults->sample[faults->nr_samples++];
	const unsigned char *at = record->body;
	struct sample_head head;

	memcpy(&head, at, sizeof(head));
	at += sizeof(head);
	sample->pid = (pid_t)head.pid;
	sample->tid = (pid_t)head.tid;
	sample->time_ns = head.time;
	sample->access = 0;
	if (faults->source == FAULTS_TRACEPOINTS) {
		struct sample_raw raw;
		uint64_t error_code;

		memcpy(&raw, at, sizeof(raw));
		memcpy(&sample->addr, raw.address, 8);
		memcpy(&error_code, raw.error_code, 8);
		sample->access = access_of(error_code);
	} else {
		memcpy(&sample->addr, at, 8);
	}
}

static int make_room(struct perf_faults *faults)
{
	size_t room = faults->room ? 2 * faults->room : 4096;
	struct fault_sample *grown;

	if (faults->nr_samples < faults->room)
		return 0;
	grown = realloc(faults->sample, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	faults->sample = grown;
	faults->room = room;
	return 0;
}

static int drain_ring(struct perf_faults *faults, struct ring *ring)
{
	uint64_t head = __atomic_load_n(&ring->head->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = ring->head->data_tail;
	int err = 0;

	while (tail < head && !err) {
		struct record record;
		size_t len;

		copy_out(ring, tail, &record.header, sizeof(record.header));
		if (record.header.size < sizeof(record.header))
			break;
		len = record.header.size < sizeof(record) ? record.header.size : sizeof(record);
		if (record.header.type == PERF_RECORD_SAMPLE) {
			copy_out(ring, tail, &record, len);
			err = make_room(faults);
			if (!err)
				take_sample(faults, &record);
		} else if (record.header.type == PERF_RECORD_LOST) {
			uint64_t lost;

			copy_out(ring, tail, &record, len);
			memcpy(&lost, record.body + 8, sizeof(lost));
			faults->lost += lost;
		}
		tail += record.header.size;
	}
	__atomic_store_n(&ring->head->data_tail, tail, __ATOMIC_RELEASE);
	return err;
}

static int by_time(const void *a, const void *b)
{
	const struct fault_sample *x = a, *y = b;

	return x->time_ns < y->time_ns ? -1 : x->time_ns > y->time_ns;
}

bool perf_faults_waiting(const struct perf_faults *faults)
{
	for (size_t i = 0; i < faults->nr_rings; i++) {
		const struct perf_event_mmap_page *head = faults->ring[i].head;

		if (__atomic_load_n(&head->data_head, __ATOMIC_ACQUIRE) != head->data_tail)
			return true;
	}
	return false;
}

int perf_faults_drain(struct perf_faults *faults, const struct fault_sample **samples,
		      uint64_t *lost)
{
	bool sorted = true;
	int err = 0;

	atomic_fetch_add(&faults->nr_drains, 1);
	faults->nr_samples = 0;
	for (size_t i = 0; i < faults->nr_rings && !err; i++)
		err = drain_ring(faults, &faults->ring[i]);
	for (size_t i = 1; i < faults->nr_samples && sorted; i++)
		sorted = faults->sample[i - 1].time_ns <= faults->sample[i].time_ns;
	if (!sorted)
		qsort(faults->sample, faults->nr_samples, sizeof(*faults->sample), by_time);
	*samples = faults->sample;
	*lost = faults->lost;
	faults->lost = 0;
	return err < 0 ? err : (int)faults->nr_samples;
}
