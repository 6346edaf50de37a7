#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/out.h"
#include "cli/trouble.h"

#define PENDING_MAX 65536

bool locale_is_utf8(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

static bool env_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

static bool wants_color(enum color_when when, int fd)
{
	const char *term = getenv("TERM");
	const char *force = getenv("CLICOLOR_FORCE");

	if (when != COLOR_AUTO)
		return when == COLOR_ALWAYS;
	if (env_set("NO_COLOR"))
		return false;
	if (force && *force && strcmp(force, "0"))
		return true;
	return isatty(fd) && term && *term && strcmp(term, "dumb");
}

void out_open(struct out *out, const char *path, int fd, enum color_when color, bool ascii)
{
	*out = (struct out){ .fd = fd };
	if (path) {
		out->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (out->fd < 0)
			die("cannot write %s: %s", path, strerror(errno));
		out->owned = true;
	}
	out->color = wants_color(color, out->fd);
	out->glyph = !ascii && locale_is_utf8() ? "\u21b3" : "->";
}

static void write_all(struct out *out, const char *bytes, size_t len)
{
	struct pollfd ready = { .fd = out->fd, .events = POLLOUT };

	while (len && !out->broken) {
		ssize_t done = write(out->fd, bytes, len);

		if (done >= 0) {
			bytes += done;
			len -= (size_t)done;
		} else if (errno == EPIPE) {
			out->broken = true;
		} else if (errno == EAGAIN) {	/* the program made its terminal so, say */
			poll(&ready, 1, -1);
		} else if (errno != EINTR) {
			out->error = errno;
			out->broken = true;
		}
	}
}

void out_flush(struct out *out)
{
	write_all(out, out->pending.buf, out->pending.len);
	text_clear(&out->pending);
}

void out_write(struct out *out, struct text *text)
{
	if (!out->buffered) {
		write_all(out, text->buf, text->len);
	} else if (text->len) {
		text_add_bytes(&out->pending, text->buf, text->len);
		if (out->pending.len >= PENDING_MAX)
			out_flush(out);
	}
	text_clear(text);
}

void out_close(struct out *out)
{
	out_flush(out);
	text_free(&out->pending);
	if (out->owned && close(out->fd) && !out->error)
		out->error = errno;
	if (out->error)
		die("cannot write the output: %s", strerror(out->error));
}

const char *out_strong(const struct out *out)
{
	return out->color ? "\033[1;31m" : "";
}

const char *out_faint(const struct out *out)
{
	return out->color ? "\033[36m" : "";
}

const char *out_good(const struct out *out)
{
	return out->color ? "\033[32m" : "";
}

const char *out_plain(const struct out *out)
{
	return out->color ? "\033[0m" : "";
}
