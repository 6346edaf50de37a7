#define POOL 0x1000000000ul
#define PROCESSES 8
#define HELPER static __attribute__((unused))	/* not every sequence needs all */

struct shared {
	volatile long done;		/* steps */
	volatile long left;		/* the step of the last exit, and 1 */
	volatile long wrong;
	volatile pid_t pid[PROCESSES];
	volatile long answer[STEPS + 1];
};

/* In the image, where nothing of a sequence reaches; shared with the children. */
static char shared_pages[(sizeof(struct shared) / 4096 + 1) * 4096] __attribute__((aligned(4096)));
static struct shared *shared = (struct shared *)shared_pages;
static char maps[65536];
static int me;				/* number of this process */
static long pool, top, heap, size, data;
HELPER int file_none = -1, file_regular, file_reopened, file_read_only, file_write_only;
HELPER int file_pattern;
HELPER int file_memfd, file_memfd2, file_memfd_read_only, file_zero, file_hugetlb;
HELPER int file_directory, file_pipe, file_socket;

/* What is compared: the number, or only whether it worked. */
enum same { NUMBER, NAME };

HELPER long sys(long nr, long a, long b, long c, long d, long e, long f)
{
	long got = syscall(nr, a, b, c, d, e, f);

	return got == -1 ? -errno : got;
}

HELPER long answer(int step)
{
	return shared->answer[step];
}

/* ---- calls that take more than numbers ---- */

HELPER long many(long addr, long nr)
{
	for (long i = 0; i < nr; i++) {
		long got = sys(SYS_mmap, addr + i * 4096, 4096, i & 1 ? PROT_NONE : PROT_READ,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

		if (got < 0)
			return got;
	}
	return 0;
}

HELPER long nodes(unsigned long word)
{
	static unsigned long mask;

	mask = word;
	return word ? (long)&mask : 0;
}

HELPER long nodes_bits(unsigned long word)
{
	return word ? 64 : 0;
}

HELPER long limit(long resource, unsigned long soft, unsigned long hard)
{
	unsigned long both[2] = { soft, hard };

	return sys(SYS_setrlimit, resource, (long)both, 0, 0, 0, 0);
}

HELPER long advise_process(int process, long addr, long len, long advice, long flags)
{
	long range[2] = { addr, len };
	long fd = sys(SYS_pidfd_open, shared->pid[process], 0, 0, 0, 0, 0), got;

	if (fd < 0)
		return fd;
	got = sys(SYS_process_madvise, fd, (long)range, 1, advice, flags, 0);
	close((int)fd);
	return got;
}

HELPER long segment(long key, long bytes, long flags)
{
	if (key)
		key += 0x40000000 | (shared->pid[0] & 0xffff) << 8;
	return sys(SYS_shmget, key, bytes, flags | 0600, 0, 0, 0);
}

HELPER long watcher(unsigned long features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	long fd = sys(SYS_userfaultfd, O_CLOEXEC, 0, 0, 0, 0, 0), got;

	if (fd < 0)
		return fd;
	got = sys(SYS_ioctl, fd, UFFDIO_API, (long)&api, 0, 0, 0);
	if (got >= 0)
		return fd;
	close((int)fd);
	return got;
}

HELPER long watch(long fd, unsigned long addr, unsigned long len, unsigned long mode)
{
	struct uffdio_register arg = { .range = { addr, len }, .mode = mode };

	return sys(SYS_ioctl, fd, UFFDIO_REGISTER, (long)&arg, 0, 0, 0);
}

HELPER long unwatch(long fd, unsigned long addr, unsigned long len)
{
	struct uffdio_range arg = { addr, len };

	return sys(SYS_ioctl, fd, UFFDIO_UNREGISTER, (long)&arg, 0, 0, 0);
}

static sigjmp_buf touched;

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)context;
	siglongjmp(touched, info->si_code + (number == SIGBUS ? 10 : 0));
}

/* 0, or the si_code of the signal; of SIGBUS 10 more. */
HELPER long touch(long addr, int write)
{
	int code = sigsetjmp(touched, 1);

	if (code)
		return code;
	if (write)
		__asm__ volatile("lock; orb $0, (%0)" : : "r"(addr) : "memory");
	else
		(void)*(volatile char *)addr;
	return 0;
}

HELPER long store(long addr, long byte)
{
	int code = sigsetjmp(touched, 1);

	if (!code)
		*(volatile char *)addr = (char)byte;
	return code;
}

/* All are children of the first, which waits for those that exit. */
HELPER long fork_process(int child)
{
	long pid = sys(SYS_clone, SIGCHLD | (me ? CLONE_PARENT : 0), 0, 0, 0, 0, 0);

	if (pid < 0)
		return pid;
	if (pid == 0) {
		me = child;
		alarm(20);
		return child;
	}
	shared->pid[child] = (pid_t)pid;
	return child;
}

/* ---- steps ---- */

static void report(int step, const char *text, enum same same, long got, long want)
{
	int good = got == want || (same == NAME && got >= 0 && want >= 0);

	printf("%s %d: %s = 0x%lx", good ? "    " : "DIFF", step, text, got);
	if (got < 0 && got > -4096)
		printf(" (%s)", strerror(-(int)got));
	if (!good)
		printf(", expected 0x%lx%s%s", want, want < 0 && want > -4096 ? ": " : "",
		       want < 0 && want > -4096 ? strerror(-(int)want) : "");
	printf("\n");
	shared->wrong += !good;
	shared->answer[step] = got;
	shared->done = step + 1;
}

static void wait_for(int step)
{
	while (shared->done <= step)
		sched_yield();
}

/* The process whose step it is takes it; all others wait, also a child that it makes. */
#define STEP(step, process, text, same, call, want)				\
	do {									\
		if (me == (process)) {						\
			long got = (call);					\
										\
			if (me == (process))					\
				report(step, text, same, got, want);		\
		}								\
		wait_for(step);							\
	} while (0)

/* Its number may be given away as soon as the step is over: the first has waited for it by then. */
#define EXIT(step, process, text)						\
	do {									\
		if (me == (process)) {						\
			printf("     %d: %s = 0\n", step, text);		\
			shared->answer[step] = 0;				\
			shared->left = (step) + 1;				\
			_exit(0);						\
		}								\
		if (me == 0) {							\
			while (shared->left <= (step))				\
				sched_yield();					\
			waitpid(shared->pid[process], NULL, 0);			\
			shared->done = (step) + 1;				\
		}								\
		wait_for(step);							\
	} while (0)

/* Numbers of steps that were left out. */
#define SKIPPED(step)								\
	do {									\
		if (me == 0)							\
			shared->done = (step) + 1;				\
		wait_for(step);							\
	} while (0)

HELPER void remove_segment(long id)
{
	if (id >= 0)
		shmctl((int)id, IPC_RMID, NULL);
}

static void sequence(void);

/* ---- before the first step ---- */

static int reopen(int fd, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags);
}

static int sized(int fd)
{
	if (fd >= 0 && ftruncate(fd, 16 * 4096) != 0)
		perror("ftruncate");
	return fd;
}

/* Pages that differ, and an end within the last: seq_pattern_byte(). */
static int with_pattern(int fd)
{
	static unsigned char bytes[10 * 4096 - 1000];

	for (int i = 0; i < (int)sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i / 4096 * 7 + i % 4096 * 3 + i % 4096 / 256);
	if (pwrite(fd, bytes, sizeof(bytes), 0) != sizeof(bytes))
		perror("pwrite");
	return fd;
}

static void open_files(void)
{
	int pair[2];

	file_regular = sized(open("/var/tmp", O_TMPFILE | O_RDWR, 0600));
	file_reopened = reopen(file_regular, O_RDWR);
	file_read_only = reopen(file_regular, O_RDONLY);
	file_write_only = reopen(file_regular, O_WRONLY);
	file_pattern = with_pattern(open("/var/tmp", O_TMPFILE | O_RDWR, 0600));
	file_memfd = sized((int)syscall(SYS_memfd_create, "memfd", MFD_ALLOW_SEALING));
	file_memfd2 = sized((int)syscall(SYS_memfd_create, "memfd2", MFD_ALLOW_SEALING));
	file_memfd_read_only = reopen(file_memfd, O_RDONLY);
	file_zero = open("/dev/zero", O_RDWR);
	file_hugetlb = (int)syscall(SYS_memfd_create, "huge",
				    MFD_ALLOW_SEALING | MFD_HUGETLB | 21u << 26);
	file_directory = open("/", O_RDONLY | O_DIRECTORY);
	file_pipe = pipe(pair) == 0 ? pair[0] : -1;
	file_socket = socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 ? pair[0] : -1;
}

static long status(const char *word)
{
	static char text[8192];
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	const char *at;

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, word);
	return at ? atol(at + strlen(word)) * 1024 : 0;
}

static void find_bases(void)
{
	long first = sys(SYS_mmap, 0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap((void *)first, 4096);
	pool = POOL;
	top = first + 4096;
	heap = (sys(SYS_brk, 0, 0, 0, 0, 0, 0) + 4095) & ~4095l;
	sys(SYS_brk, heap, 0, 0, 0, 0, 0);
	size = status("VmSize:");
	data = status("VmData:");
}

/* The stack we came on, vdso and vvar: nothing but this program and its heap is left. */
static void unmap_the_rest(void)
{
	int fd = open("/proc/self/maps", O_RDONLY);
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(maps) - 1 && (n = read(fd, maps + len, sizeof(maps) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	maps[len] = '\0';
	for (char *line = maps; *line; line = strchr(line, '\n') + 1) {
		unsigned long start = 0, end = 0;

		if (sscanf(line, "%lx-%lx", &start, &end) == 2 && start >= 0x700000000000 &&
		    start < 0x800000000000)
			syscall(SYS_munmap, start, end - start);
		if (!strchr(line, '\n'))
			break;
	}
}

/* Those that memory calls ask for; others make userfaultfds and open files, as they did before. */
static void drop_capabilities(void)
{
	static const int caps[] = { CAP_IPC_LOCK, CAP_IPC_OWNER, CAP_SYS_RAWIO, CAP_SYS_ADMIN,
				    CAP_SYS_RESOURCE, CAP_SYS_NICE };
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct held[2];

	memset(held, 0, sizeof(held));
	syscall(SYS_capget, &header, held);
	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		held[0].effective &= ~(1u << caps[i]);
		held[0].permitted &= ~(1u << caps[i]);
	}
	held[0].inheritable = held[1].inheritable = 0;
	syscall(SYS_capset, &header, held);
}

static void catch_signals(void)
{
	static char stack[65536];
	stack_t alternative = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_sigaction = on_signal,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigaltstack(&alternative, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

static void run(void)
{
	unmap_the_rest();
	if (CAPABILITIES == 0)
		drop_capabilities();
	alarm(20);
	sequence();
	if (me)
		_exit(0);
	printf("%d steps, %ld differ\n", STEPS, shared->wrong);
	fflush(stdout);
	_exit(shared->wrong ? 1 : 0);
}

int main(int argc, char **argv)
{
	static char buffer[65536], stack[1 << 18];
	static ucontext_t here, there;

	(void)argc;
	if (!(personality(0xffffffff) & ADDR_NO_RANDOMIZE) &&
	    personality(ADDR_NO_RANDOMIZE) >= 0)
		execv("/proc/self/exe", argv);
	setvbuf(stdout, buffer, _IOLBF, sizeof(buffer));
	if (mmap(shared_pages, sizeof(shared_pages), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return 2;
	shared->pid[0] = getpid();
	open_files();
	catch_signals();
	getcontext(&there);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = sizeof(stack);
	makecontext(&there, run, 0);
	swapcontext(&here, &there);
	return 2;
}
