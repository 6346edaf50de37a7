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
 * of the fault: read or write.  They need root and their ids (tracepoints.h).  The software event
 * gives the address only; without privilege, and without faults in the kernel.
 *
 * Threads that run already when we come inherit nothing: each gets events of its own, which write
 * into the ring of their CPU.
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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <usermm/usermm.h>

#include "host/perf_faults.h"
#include "host/reached.h"
#include "host/tracepoints.h"

#define RING_PAGES_ROOT 512
#define RING_PAGES_USER 64

struct ring {
	struct perf_event_mmap_page *head;
	unsigned char *data;
	size_t size;			/* of data: a power of two */
};

struct perf_faults {
	enum fault_source source;
	int signo;
	size_t ring_pages;
	bool lossy;
	struct reach_ids reached;	/* 0 where they are not asked for */
	struct ring *ring;
	size_t nr_rings;
	int *fd;			/* of the events of all rings */
	size_t nr_fds, fd_room;
	struct fault_sample *sample;	/* of the last drain */
	size_t nr_samples, room;
	uint64_t lost;

	/* The thread that polls. */
	pthread_t poller;
	pid_t tracer;			/* the thread that drains: it gets the signal */
	int end_fd;			/* written to when the poller shall end */
	atomic_uint nr_drains;
};

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

static int keep_fd(struct perf_faults *faults, int fd)
{
	size_t room = faults->fd_room ? 2 * faults->fd_room : 16;
	int *grown = faults->fd;

	if (faults->nr_fds == faults->fd_room) {
		grown = realloc(faults->fd, room * sizeof(*grown));
		if (!grown) {
			close(fd);
			return -ENOMEM;
		}
		faults->fd = grown;
		faults->fd_room = room;
	}
	grown[faults->nr_fds++] = fd;
	return 0;
}

/* One event, writing into @ring, which it makes if it is the first. */
static int add_event(struct perf_faults *faults, struct ring *ring, int *first_fd, int fd)
{
	size_t bytes = faults->ring_pages * UMM_PAGE_SIZE;
	void *map;

	if (fd < 0 || keep_fd(faults, fd) != 0)
		return fd < 0 ? fd : -ENOMEM;
	if (ring->head)
		return ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, *first_fd) == 0 ? 0 : -errno;
	map = mmap(NULL, bytes + UMM_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	ring->head = map;
	ring->data = (unsigned char *)map + UMM_PAGE_SIZE;
	ring->size = bytes;
	*first_fd = fd;
	return 0;
}

static int add_thread(struct perf_faults *faults, const int id[2], pid_t tid, int cpu,
		      struct ring *ring, int *first_fd)
{
	size_t watermark = faults->ring_pages * UMM_PAGE_SIZE / 4;
	int err = 0;

	if (faults->source != FAULTS_TRACEPOINTS)
		return add_event(faults, ring, first_fd,
				 open_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS,
					    faults->source == FAULTS_SOFTWARE_USER,
					    PERF_SAMPLE_ADDR, tid, cpu, watermark));
	for (int i = 0; i < 2 && !err; i++)
		err = add_event(faults, ring, first_fd,
				open_event(PERF_TYPE_TRACEPOINT, (uint64_t)id[i], false,
					   PERF_SAMPLE_RAW, tid, cpu, watermark));
	return err;
}

/* The calls of reached.h: without them we are blinder, no more. */
static void add_reached(struct perf_faults *faults, const pid_t *tid, size_t nr, int cpu,
			struct ring *ring, int *first_fd)
{
	size_t watermark = faults->ring_pages * UMM_PAGE_SIZE / 4;

	for (int call = 0; call < REACH_CALLS; call++) {
		bool anybody = reached_by_anybody(call);
		const char *filter = reached_filter(call);

		if (!faults->reached.id[call])
			continue;
		for (size_t i = 0; i < (anybody ? 1 : nr); i++) {
			int fd = open_event(PERF_TYPE_TRACEPOINT,
					    (uint64_t)faults->reached.id[call], false,
					    PERF_SAMPLE_RAW, anybody ? -1 : tid[i], cpu, watermark);

			if (fd >= 0 && filter)
				ioctl(fd, PERF_EVENT_IOC_SET_FILTER, filter);
			(void)add_event(faults, ring, first_fd, fd);
		}
	}
}

/* The ring of one CPU.  -ENODEV if that is off, -ESRCH if none of the threads is left. */
static int open_cpu(struct perf_faults *faults, const int id[2], const pid_t *tid, size_t nr,
		    int cpu)
{
	struct ring *ring = &faults->ring[faults->nr_rings];
	int first_fd = -1, err = 0;

	ring->head = NULL;
	for (size_t i = 0; i < nr && (!err || err == -ESRCH); i++)
		err = add_thread(faults, id, tid[i], cpu, ring, &first_fd);
	if (!ring->head)
		return err;
	if (faults->source == FAULTS_TRACEPOINTS)
		add_reached(faults, tid, nr, cpu, ring, &first_fd);
	faults->nr_rings++;
	return err == -ESRCH ? 0 : err;
}

static void unmap_rings(struct perf_faults *faults)
{
	while (faults->nr_rings) {
		struct ring *ring = &faults->ring[--faults->nr_rings];

		munmap(ring->head, ring->size + UMM_PAGE_SIZE);
	}
}

static void close_events(struct perf_faults *faults)
{
	while (faults->nr_fds)
		close(faults->fd[--faults->nr_fds]);
}

static int open_source(struct perf_faults *faults, enum fault_source source, const pid_t *tid,
		       size_t nr)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int id[2] = { 0, 0 };
	int err = 0;

	faults->source = source;
	faults->ring_pages = source == FAULTS_SOFTWARE_USER ? RING_PAGES_USER : RING_PAGES_ROOT;
	if (faults->lossy)
		faults->ring_pages = 1;
	if (source == FAULTS_TRACEPOINTS && !tracepoints_of_faults(id))
		return -ENOENT;
	for (int cpu = 0; cpu < cpus && (!err || err == -ENODEV); cpu++)
		err = open_cpu(faults, id, tid, nr, cpu);
	if (faults->nr_rings && (!err || err == -ENODEV))
		return 0;
	unmap_rings(faults);
	close_events(faults);
	return err;
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
	struct pollfd *fd = calloc(faults->nr_fds + 1, sizeof(*fd));

	if (!fd)
		return NULL;
	for (size_t i = 0; i < faults->nr_fds; i++)
		fd[i] = (struct pollfd){ .fd = faults->fd[i], .events = POLLIN };
	fd[faults->nr_fds] = (struct pollfd){ .fd = faults->end_fd, .events = POLLIN };
	for (;;) {
		bool full = false;

		if (poll(fd, faults->nr_fds + 1, -1) < 0)
			continue;
		if (fd[faults->nr_fds].revents)
			break;
		for (size_t i = 0; i < faults->nr_fds; i++) {
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

int perf_faults_open(const pid_t *tid, size_t nr, enum fault_source best, bool lossy, bool reached,
		     int signo, struct perf_faults **out)
{
	struct perf_faults *faults = calloc(1, sizeof(*faults));
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int err = -ENOMEM;

	if (!faults)
		return -ENOMEM;
	faults->signo = signo;
	faults->ring = calloc((size_t)(cpus > 0 ? cpus : 1), sizeof(*faults->ring));
	faults->lossy = lossy;
	if (reached)
		reached_find_ids(&faults->reached);
	for (int source = best; faults->ring && err && source <= FAULTS_SOFTWARE_USER; source++)
		err = open_source(faults, (enum fault_source)source, tid, nr);
	if (!err) {
		err = start_poller(faults);
		if (err) {
			unmap_rings(faults);
			close_events(faults);
		}
	}
	if (err) {
		free(faults->fd);
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
	unmap_rings(faults);		/* first, so that the grandchild gets no copy of them */
	if (faults->source == FAULTS_TRACEPOINTS)
		pipe_end = leave_the_last_close();
	close_events(faults);
	if (pipe_end >= 0)
		close(pipe_end);
	free(faults->fd);
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
	sample->kind = SAMPLE_FAULT;
	if (faults->source == FAULTS_TRACEPOINTS &&
	    reached_parse(&faults->reached, at + sizeof(uint32_t), sample))
		return;
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
