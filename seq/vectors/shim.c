/*
 * shim.c - a target that is another program, which talks the line protocol.
 *
 * The program is foreign: it may die, hang, or answer nonsense.  Each of these breaks the target,
 * with a text that says which; reset() ends the program, begin() starts it anew.  It has a process
 * group of its own, so that what it started ends with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "seq/vectors/protocol.h"
#include "seq/vectors/target.h"

#define AREAS_MAX 200000

struct shim {
	struct target target;
	pid_t pid;			/* 0: not started, or reaped */
	int fd;				/* a socket: both directions; -1 */
	int timeout_ms;
	size_t begin, end;		/* what was read and not used, in buf */
	char buf[PROTOCOL_LINE];
	char command[];
};

static struct shim *to_shim(struct target *target)
{
	return (struct shim *)target;
}

static void shim_stop(struct shim *shim)
{
	if (shim->fd >= 0)
		close(shim->fd);
	shim->fd = -1;
	if (shim->pid > 0) {
		kill(-shim->pid, SIGKILL);
		while (waitpid(shim->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	shim->pid = 0;
	shim->begin = shim->end = 0;
}

/* In the child: nothing but what is async-signal-safe. */
static _Noreturn void become_shim(const struct shim *shim, int fd)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);	/* of the shell; others see EOF */
	if (dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0)
		_exit(127);
	execl("/bin/sh", "sh", "-c", shim->command, (char *)NULL);
	_exit(127);
}

static enum target_result shim_start(struct shim *shim)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds)) {
		target_trouble(&shim->target, "no socket: %s", strerror(errno));
		return TARGET_BROKEN;
	}
	shim->pid = fork();
	if (!shim->pid)
		become_shim(shim, fds[1]);
	close(fds[1]);
	shim->fd = fds[0];
	if (shim->pid < 0) {
		target_trouble(&shim->target, "cannot start the shim: %s", strerror(errno));
		shim_stop(shim);
		return TARGET_BROKEN;
	}
	setpgid(shim->pid, shim->pid);		/* whoever of the two comes first */
	return TARGET_OK;
}

/* It broke: what became of it, while it can be found out. */
static enum target_result shim_gone(struct shim *shim)
{
	struct timespec moment = { .tv_nsec = 10 * 1000 * 1000 };
	int status;

	for (int i = 0; i < 50 && shim->pid > 0; i++) {
		if (waitpid(shim->pid, &status, WNOHANG) == shim->pid) {
			kill(-shim->pid, SIGKILL);
			shim->pid = 0;
			if (WIFSIGNALED(status))
				target_trouble(&shim->target, "the shim was ended by signal %d",
					       WTERMSIG(status));
			else
				target_trouble(&shim->target, "the shim exited with status %d",
					       WEXITSTATUS(status));
			return TARGET_BROKEN;
		}
		nanosleep(&moment, NULL);
	}
	target_trouble(&shim->target, "the shim closed its output");
	return TARGET_BROKEN;
}

static enum target_result shim_send(struct shim *shim, const char *line)
{
	char text[PROTOCOL_LINE];
	size_t len, done = 0;

	if (!shim->pid && shim_start(shim) != TARGET_OK)
		return TARGET_BROKEN;
	len = (size_t)snprintf(text, sizeof(text), "%s\n", line);
	while (done < len) {
		ssize_t sent = send(shim->fd, text + done, len - done, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return shim_gone(shim);
		done += (size_t)sent;
	}
	return TARGET_OK;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum target_result shim_fill(struct shim *shim, long deadline)
{
	struct pollfd poll_fd = { .fd = shim->fd, .events = POLLIN };
	long left = deadline - now_ms();
	ssize_t got;

	if (left < 0 || poll(&poll_fd, 1, (int)left) == 0) {
		target_trouble(&shim->target, "no answer within %d ms", shim->timeout_ms);
		return TARGET_BROKEN;
	}
	got = read(shim->fd, shim->buf + shim->end, sizeof(shim->buf) - shim->end);
	if (got < 0 && errno == EINTR)
		return TARGET_OK;
	if (got <= 0)
		return shim_gone(shim);
	shim->end += (size_t)got;
	return TARGET_OK;
}

/* The next line, which stays until the next call; @deadline by now_ms(). */
static enum target_result shim_line(struct shim *shim, long deadline, char **line)
{
	for (;;) {
		char *begin = shim->buf + shim->begin;
		char *newline = memchr(begin, '\n', shim->end - shim->begin);

		if (newline) {
			*newline = '\0';
			shim->begin = (size_t)(newline + 1 - shim->buf);
			*line = begin;
			if (newline > begin && newline[-1] == '\r')
				newline[-1] = '\0';
			return TARGET_OK;
		}
		memmove(shim->buf, begin, shim->end - shim->begin);
		shim->end -= shim->begin;
		shim->begin = 0;
		if (shim->end == sizeof(shim->buf)) {
			target_trouble(&shim->target, "a line of more than %d bytes",
				       PROTOCOL_LINE);
			return TARGET_BROKEN;
		}
		if (shim_fill(shim, deadline) != TARGET_OK)
			return TARGET_BROKEN;
	}
}

/* Not what was asked for: it says that it cannot, or it is nonsense. */
static enum target_result not_that(struct shim *shim, const char *line, const char *wanted)
{
	static const char no[] = "unsupported";
	size_t len = sizeof(no) - 1;

	if (!strncmp(line, no, len) && (!line[len] || line[len] == ' ')) {
		target_trouble(&shim->target, "%.200s", line[len] ? line + len + 1 : "");
		return TARGET_UNSUPPORTED;
	}
	target_trouble(&shim->target, "%s was expected, not \"%.80s\"", wanted, line);
	return TARGET_BROKEN;
}

/* Ask, and get the first line of the answer. */
static enum target_result shim_ask(struct shim *shim, const char *question, char **line)
{
	enum target_result result = shim_send(shim, question);

	if (result != TARGET_OK)
		return result;
	return shim_line(shim, now_ms() + shim->timeout_ms, line);
}

static enum target_result shim_begin(struct target *target, const struct vector_machine *machine,
				     struct seq_bases *bases)
{
	struct shim *shim = to_shim(target);
	char text[PROTOCOL_LINE - 1], *line;
	enum target_result result;

	protocol_begin_text(machine, text, sizeof(text));
	result = shim_ask(shim, text, &line);
	if (result == TARGET_OK && protocol_bases_parse(line, bases->base))
		result = not_that(shim, line, "\"bases pool=… top=… brk=… size=… data=…\"");
	return result;
}

static enum target_result shim_step(struct target *target, const struct seq_step *step,
				    int64_t *answer)
{
	struct shim *shim = to_shim(target);
	char text[PROTOCOL_LINE - 1], *line;
	enum target_result result;

	protocol_step_text(step, text, sizeof(text));
	result = shim_ask(shim, text, &line);
	if (result == TARGET_OK && protocol_number_parse(line, answer))
		result = not_that(shim, line, "a number");
	return result;
}

static enum target_result shim_areas(struct target *target, unsigned int process,
				     struct areas *areas)
{
	struct shim *shim = to_shim(target);
	char text[32], *line;
	long deadline;
	enum target_result result;
	struct area area;

	areas_clear(areas);
	snprintf(text, sizeof(text), "areas %u", process);
	result = shim_ask(shim, text, &line);
	deadline = now_ms() + shim->timeout_ms;
	while (result == TARGET_OK && strcmp(line, "end")) {
		if (area_parse(line, &area))
			return not_that(shim, line, "an area or \"end\"");
		areas_add(areas, &area);
		if (areas->nr > AREAS_MAX) {
			target_trouble(target, "more than %d areas", AREAS_MAX);
			return TARGET_BROKEN;
		}
		result = shim_line(shim, deadline, &line);
	}
	return result;
}

static enum target_result shim_end(struct target *target)
{
	struct shim *shim = to_shim(target);
	enum target_result result;
	char *line;

	result = shim_ask(shim, "end", &line);
	if (result == TARGET_OK && strcmp(line, "ended"))
		result = not_that(shim, line, "\"ended\"");
	return result;
}

static void shim_reset(struct target *target)
{
	shim_stop(to_shim(target));
}

static void shim_free(struct target *target)
{
	shim_stop(to_shim(target));
	free(target);
}

struct target *target_shim_new(const char *command, int timeout_ms)
{
	static const struct target_ops ops = {
		.begin = shim_begin, .step = shim_step, .areas = shim_areas, .end = shim_end,
		.reset = shim_reset, .free = shim_free,
	};
	struct shim *shim = vectors_alloc(NULL, 1, sizeof(*shim) + strlen(command) + 1);

	*shim = (struct shim){
		.target = { .ops = &ops }, .fd = -1, .timeout_ms = timeout_ms,
	};
	memcpy(shim->command, command, strlen(command) + 1);
	return &shim->target;
}
