/*
 * subject.c - real processes that do memory operations by order.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "subject.h"

struct subject {
	int socket[MAX_PROCESSES][2];	/* 0: the test's end, 1: the process's */
	int file;
	int pagemap;
	uint64_t zero_pfn;		/* 0: not visible */
	int process[MAX_PROCESSES];	/* in the test: a pidfd, or -1 */
	uint64_t pagemap_entry[PAGES];
};

static struct subject subject;
static sigjmp_buf before_access;
static volatile uint32_t last_fault;

static void on_fault(int signal, siginfo_t *info, void *context)
{
	(void)context;
	last_fault = (uint32_t)signal << 8 | (uint32_t)info->si_code;
	siglongjmp(before_access, 1);
}

static volatile unsigned char *at_page(uint64_t page)
{
	return (volatile unsigned char *)(uintptr_t)(BASE + page * PAGE);
}

uint64_t hash_page(const volatile uint64_t *word)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (unsigned int i = 0; i < PAGE / 8; i++)
		hash = (hash ^ word[i]) * 0x100000001b3u;
	return hash;
}

uint64_t byte_of(const struct op *op)
{
	return (op->arg * 577 + op->page * 13) % PAGE;
}

static void real_access(const struct op *op, struct reply *reply)
{
	last_fault = 0;
	if (!sigsetjmp(before_access, 0)) {
		if (op->kind == OP_WRITE)
			at_page(op->page)[byte_of(op)] = (unsigned char)op->arg;
		else
			reply->ret = at_page(op->page)[byte_of(op)];
	}
	reply->fault = last_fault;
}

#define PM_PRESENT (UINT64_C(1) << 63)
#define PM_FILE (UINT64_C(1) << 61)
#define PM_EXCLUSIVE (UINT64_C(1) << 56)
#define PM_PFN ((UINT64_C(1) << 55) - 1)

static uint64_t pagemap_of(const volatile void *addr)
{
	uint64_t entry = 0;

	if (pread(subject.pagemap, &entry, sizeof(entry), (off_t)((uintptr_t)addr / PAGE * 8)) !=
	    sizeof(entry))
		_exit(3);
	return entry;
}

static void real_scan(struct page_state *state, bool all)
{
	if (pread(subject.pagemap, subject.pagemap_entry, sizeof(subject.pagemap_entry),
		  (off_t)(BASE / PAGE * 8)) != sizeof(subject.pagemap_entry))
		_exit(3);
	for (unsigned int page = 0; page < PAGES; page++) {
		uint64_t entry = subject.pagemap_entry[page];
		struct page_state *s = &state[page];

		s->present = entry & PM_PRESENT;
		s->file = s->present && (entry & PM_FILE);
		s->zero = s->present && subject.zero_pfn && (entry & PM_PFN) == subject.zero_pfn;
		s->exclusive = entry & PM_EXCLUSIVE;
		if (!s->present && !all)
			continue;
		last_fault = 0;
		if (!sigsetjmp(before_access, 0))
			s->hash = hash_page((volatile uint64_t *)at_page(page));
		s->fault = last_fault;
	}
}

/* The areas of the arena. */
static void real_smaps(char *text)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	bool inside = false;
	size_t length = 0;
	char line[512];

	if (!smaps)
		_exit(3);
	memset(text, 0, SMAPS_BYTES);
	while (fgets(line, sizeof(line), smaps)) {
		unsigned long long start, end;

		if (sscanf(line, "%llx-%llx ", &start, &end) == 2)
			inside = start >= BASE && end <= BASE + PAGES * PAGE;
		if (!inside || length + strlen(line) >= SMAPS_BYTES)
			continue;
		strcpy(text + length, line);
		length += strlen(line);
	}
	fclose(smaps);
}

static int64_t answer_of(void *ret)
{
	return ret == MAP_FAILED ? -errno : (int64_t)(uintptr_t)ret;
}

static void real_do(const struct op *op, struct reply *reply)
{
	void *addr = (void *)(uintptr_t)(BASE + op->page * PAGE);
	void *to = (void *)(uintptr_t)(BASE + op->to * PAGE);
	size_t len = op->pages * PAGE;
	int flags = MAP_FIXED | (int)op->flags;

	switch (op->kind) {
	case OP_MAP:
		reply->ret = answer_of(mmap(addr, len, (int)op->arg,
					    flags | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		break;
	case OP_MAP_SHARED:
		reply->ret = answer_of(mmap(addr, len, (int)op->arg,
					    flags | MAP_SHARED | MAP_ANONYMOUS, -1, 0));
		break;
	case OP_MAP_FILE:
		reply->ret = answer_of(mmap(addr, len, (int)op->arg, flags | MAP_PRIVATE,
					    subject.file, (off_t)(op->to * PAGE)));
		break;
	case OP_MAP_STACK:
		reply->ret = answer_of(mmap(addr, len, (int)op->arg,
					    flags | MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN,
					    -1, 0));
		break;
	case OP_UNMAP:
		reply->ret = munmap(addr, len) ? -errno : 0;
		break;
	case OP_PROTECT:
		reply->ret = mprotect(addr, len, (int)op->arg) ? -errno : 0;
		break;
	case OP_MOVE:
	case OP_DONTUNMAP:
		reply->ret = answer_of(mremap(addr, len, len, MREMAP_MAYMOVE | MREMAP_FIXED |
					      (op->kind == OP_DONTUNMAP ? 4 : 0), to));
		break;
	case OP_ADVISE:
		reply->ret = madvise(addr, len, (int)op->arg) ? -errno : 0;
		break;
	default:
		real_access(op, reply);
		break;
	}
}

/* A table of pages is that of the process that opened it. */
static void open_pagemap(void)
{
	close(subject.pagemap);
	subject.pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (subject.pagemap < 0)
		_exit(3);
}

static bool write_all(int fd, const void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t ret = write(fd, (const char *)bytes + done, size - done);

		if (ret <= 0)
			return false;
		done += (size_t)ret;
	}
	return true;
}

/* Wait for orders until told to go, or until the test has gone. */
static void serve(unsigned int number)
{
	static struct page_state state[PAGES];
	static char text[SMAPS_BYTES];
	struct reply reply;
	struct op op;

	while (recv(subject.socket[number][1], &op, sizeof(op), 0) == sizeof(op)) {
		memset(&reply, 0, sizeof(reply));
		if (op.kind == OP_EXIT)
			break;
		if (op.kind == OP_SCAN) {
			memset(state, 0, sizeof(state));
			real_scan(state, op.arg);
			if (!write_all(subject.socket[number][1], state, sizeof(state)))
				_exit(3);
			continue;
		}
		if (op.kind == OP_SMAPS) {
			real_smaps(text);
			if (!write_all(subject.socket[number][1], text, sizeof(text)))
				_exit(3);
			continue;
		}
		if (op.kind == OP_FORK) {
			reply.ret = fork();
			if (reply.ret == 0) {
				number = (unsigned int)op.arg;
				open_pagemap();
				continue;
			}
		} else {
			real_do(&op, &reply);
		}
		if (send(subject.socket[number][1], &reply, sizeof(reply), 0) != sizeof(reply))
			_exit(3);
	}
	_exit(0);
}

static void start_first_process(void)
{
	struct sigaction action = { .sa_sigaction = on_fault,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	static char stack[65536];
	stack_t alternative = { .ss_sp = stack, .ss_size = sizeof(stack) };
	const volatile char *untouched;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	signal(SIGCHLD, SIG_IGN);
	sigaltstack(&alternative, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	/* Whoever holds the test's ends keeps the others waiting when the test has gone. */
	for (int i = 0; i < MAX_PROCESSES; i++)
		close(subject.socket[i][0]);
	subject.pagemap = -1;
	open_pagemap();
	untouched = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (*untouched == 0)
		subject.zero_pfn = pagemap_of(untouched) & PM_PFN;
	if (write(subject.socket[0][1], &subject.zero_pfn, sizeof(subject.zero_pfn)) !=
	    sizeof(subject.zero_pfn))
		_exit(3);
	serve(0);
}

static int pidfd_open_(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

void subjects_start(int file, bool *zero_visible)
{
	uint64_t zero_pfn = 0;
	pid_t pid;

	subject.file = file;
	for (int i = 0; i < MAX_PROCESSES; i++) {
		subject.process[i] = -1;
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
					    subject.socket[i]), 0);
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		start_first_process();
	subject.process[0] = pidfd_open_(pid);
	assert_true(subject.process[0] >= 0);
	for (int i = 0; i < MAX_PROCESSES; i++)
		close(subject.socket[i][1]);
	assert_int_equal(recv(subject.socket[0][0], &zero_pfn, sizeof(zero_pfn), MSG_WAITALL),
			 sizeof(zero_pfn));
	*zero_visible = zero_pfn != 0;
}

bool subject_do(const struct op *op, void *reply, size_t size)
{
	int socket = subject.socket[op->process][0];

	if (send(socket, op, sizeof(*op), MSG_NOSIGNAL) != sizeof(*op) ||
	    recv(socket, reply, size, MSG_WAITALL) != (ssize_t)size)
		return false;
	if (op->kind == OP_FORK && ((struct reply *)reply)->ret > 0)
		subject.process[op->arg] = pidfd_open_((pid_t)((struct reply *)reply)->ret);
	return true;
}

static void wait_for(int process)
{
	struct pollfd poll_for = { .fd = subject.process[process], .events = POLLIN };

	assert_int_equal(poll(&poll_for, 1, 10000), 1);
	close(subject.process[process]);
	subject.process[process] = -1;
}

void subject_exit(const struct op *op)
{
	assert_int_equal(send(subject.socket[op->process][0], op, sizeof(*op), MSG_NOSIGNAL),
			 sizeof(*op));
	wait_for((int)op->process);
}

void subjects_end(void)
{
	for (int i = 0; i < MAX_PROCESSES; i++)
		close(subject.socket[i][0]);
	for (int i = 0; i < MAX_PROCESSES; i++)
		if (subject.process[i] >= 0)
			wait_for(i);
	while (wait(NULL) > 0)
		;
}
