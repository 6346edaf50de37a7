/*
 * main.c - usermm VERB …
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/trouble.h"
#include "cli/verbs.h"

static const struct verb verbs[] = {
	{ VERB_TRACE, "trace", "[OPTIONS] [--] PROGRAM [ARGS] | -p PID",
	  "Run PROGRAM, print its memory calls as strace does, and under a refused one the check "
	  "that refused it, its limit, the present value, and what was ruled out.",
	  "The status is PROGRAM's own, or 125 if usermm fails, 126 if PROGRAM cannot be executed, "
	  "127 if it is not found; a fatal signal of PROGRAM is raised again.",
	  EXIT_FAILED, cmd_trace },
	{ VERB_CHECK, "check", "[OPTIONS] [--] PROGRAM [ARGS] | -p PID",
	  "Run PROGRAM, predict every answer to its memory calls, compare with the kernel's, and "
	  "print each difference with both sides.",
	  "The status is 0 if model and kernel agreed, 1 if they did not, 2 if usermm or PROGRAM "
	  "could not be run.",
	  EXIT_TROUBLE, cmd_check },
	{ VERB_ERRORS, "errors", "[OPTIONS] [CALL|ERRNO|NAME]...",
	  "List the checks that can refuse a memory call: what each says, its limit, and what to "
	  "do. CALL is mmap, brk, …, or fault; ERRNO is ENOMEM, …; NAME is that of a check.",
	  NULL, EXIT_TROUBLE, cmd_errors },
	{ VERB_RULES, "rules", "[OPTIONS]",
	  "List what differs between kernel versions and is modelled, and whether it holds here.",
	  NULL, EXIT_TROUBLE, cmd_rules },
	{ VERB_VECTORS, "vectors", "run|record|prove|search|shim [OPTIONS] [ARGS]",
	  "Sequences of memory calls with a kernel's answers: test an implementation with them, "
	  "record them.",
	  "`usermm vectors VERB --help` says more of each.", EXIT_TROUBLE, cmd_vectors },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

void add_kernel(struct text *text, uint32_t kernel)
{
	text_addf(text, "%u.%u", kernel >> 8, kernel & 0xff);
}

uint32_t running_kernel(void)
{
	unsigned int major, minor;
	struct utsname name;

	if (uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return UMM_KERNEL_NEWEST;
	return UMM_KERNEL(major, minor > 255 ? 255 : minor);
}

static void help(FILE *file)
{
	fputs("Usage: usermm VERB [OPTIONS] [ARGS]\n"
	      "\n"
	      "Linux's memory manager, beside a running program: predicts the kernel's answers\n"
	      "to its memory calls, compares, and says why.\n"
	      "\n"
	      "Verbs:\n"
	      "  trace   show a program's memory calls, and why they were refused\n"
	      "  check   compare every answer of the kernel with the model's\n"
	      "  errors  every reason for which a memory call is refused\n"
	      "  rules   what differs between kernel versions\n"
	      "  vectors test any implementation with a kernel's recorded answers\n"
	      "\n"
	      "  usermm VERB --help says more.  -V, --version: versions.\n", file);
}

static void version(void)
{
	struct text text = { 0 };
	struct umm_rule_info info;
	unsigned int verified = 0;

	for (unsigned int i = 0; i < umm_rule_count(); i++)
		verified += !umm_rule_info(i, &info) && strcmp(info.verified, "from reading");
	text_addf(&text, "usermm %s, libusermm %s\nmodels Linux ", USERMM_VERSION,
		  umm_version_string());
	add_kernel(&text, UMM_KERNEL_NEWEST);
	text_addf(&text, " on x86-64; older kernels by %u rules, %u of them verified on a kernel\n",
		  umm_rule_count(), verified);
	fputs(text.buf, stdout);
	text_free(&text);
}

/* What was printed must have arrived; a reader that went away is none of our business. */
static int finish(int status)
{
	if (fflush(stdout) && errno != EPIPE)
		die("cannot write the output: %s", strerror(errno));
	return status;
}

/*
 * Were one of the first three closed, a descriptor of ours would take its number, and what we say
 * would go there.  The program still finds it closed, by O_CLOEXEC.
 */
static void occupy_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	occupy_standard_descriptors();
	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		help(stderr);
		return EXIT_TROUBLE;
	}
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")) {
		help(stdout);
		return finish(0);
	}
	if (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version")) {
		version();
		return finish(0);
	}
	for (size_t i = 0; i < VERBS; i++) {
		if (!strcmp(argv[1], verbs[i].name)) {
			trouble_exits_with(verbs[i].trouble);
			return finish(verbs[i].run(&verbs[i], argc - 1, argv + 1));
		}
	}
	if (argv[1][0] == '-')
		complain("unknown option %s (see `usermm --help`)", argv[1]);
	else
		complain("unknown verb \"%s\": trace, check, errors, rules or vectors (see "
			 "`usermm --help`)", argv[1]);
	return EXIT_TROUBLE;
}
