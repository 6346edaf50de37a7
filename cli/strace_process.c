#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "cli/peek.h"
#include "cli/strace_flags.h"
#include "cli/strace_process.h"

#define PAGE 4096u
#define STRING_SHOWN 32		/* bytes, before "..." */
#define STRING_MAX 80		/* ANON_VMA_NAME_MAX_LEN: more is not read */

enum { SET_MM = 35, SET_THP_DISABLE = 41, SET_VMA = 0x53564d41 };

/* Up to @size bytes of a string, from one page and the next; its length, or -1 if unreadable. */
static int read_string(pid_t tid, uint64_t addr, char *buf, size_t size)
{
	size_t len = 0;

	while (len < size) {
		size_t piece = PAGE - (addr + len) % PAGE;
		const char *end;

		if (piece > size - len)
			piece = size - len;
		if (!peek(tid, addr + len, buf + len, piece))
			return -1;
		end = memchr(buf + len, '\0', piece);
		if (end)
			return (int)(end - buf);
		len += piece;
	}
	return (int)len;
}

static void add_byte(struct text *text, unsigned char c, bool octal_follows)
{
	static const char short_forms[] = "\tt\nn\vv\ff\rr\"\"\\\\";

	for (const char *form = short_forms; *form; form += 2) {
		if ((unsigned char)*form == c) {
			text_addf(text, "\\%c", form[1]);
			return;
		}
	}
	if (c >= ' ' && c < 0x7f)
		text_addf(text, "%c", c);
	else
		text_addf(text, octal_follows ? "\\%03o" : "\\%o", c);
}

static void add_string(struct text *text, pid_t tid, uint64_t addr)
{
	char buf[STRING_MAX];
	int len = addr ? read_string(tid, addr, buf, sizeof(buf)) : -1;

	if (len < 0) {
		strace_addr(text, addr);
		return;
	}
	text_add(text, "\"");
	for (int i = 0; i < len && i < STRING_SHOWN; i++) {
		bool octal = i + 1 < len && buf[i + 1] >= '0' && buf[i + 1] <= '7';

		add_byte(text, (unsigned char)buf[i], octal);
	}
	text_add(text, len > STRING_SHOWN ? "\"..." : "\"");
}

static void add_rest(struct text *text, const struct follow_call *call, size_t from)
{
	for (size_t i = from; i < 5; i++) {
		text_add(text, ", ");
		strace_hex(text, call->arg[i]);
	}
}

static void add_set_vma(struct text *text, const struct follow_call *call)
{
	text_add(text, ", ");
	strace_set_vma_option(text, call->arg[1]);
	if (call->arg[1]) {		/* not PR_SET_VMA_ANON_NAME, and so nobody knows */
		text_add(text, ", ");
		strace_addr(text, call->arg[2]);
		add_rest(text, call, 3);
		return;
	}
	text_add(text, ", ");
	strace_addr(text, call->arg[2]);
	text_addf(text, ", %" PRIu64 ", ", call->arg[3]);
	add_string(text, call->tid, call->arg[4]);
}

void strace_prctl(struct text *text, const struct follow_call *call)
{
	uint32_t option = (uint32_t)call->arg[0];

	strace_prctl_option(text, option);
	switch (option) {
	case SET_MM:
		text_add(text, ", ");
		strace_set_mm_option(text, call->arg[1]);
		add_rest(text, call, 2);
		break;
	case SET_THP_DISABLE:
		text_addf(text, ", %" PRIu64, call->arg[1]);
		add_rest(text, call, 2);
		break;
	case SET_VMA:
		add_set_vma(text, call);
		break;
	default:
		add_rest(text, call, 1);
		break;
	}
}

void strace_arch_prctl(struct text *text, const struct follow_call *call)
{
	strace_arch_prctl_option(text, (uint32_t)call->arg[0]);
	text_add(text, ", ");
	strace_hex(text, call->arg[1]);
}

void strace_personality_argument(struct text *text, uint32_t word)
{
	if (word == UINT32_MAX)
		strace_hex(text, word);
	else
		strace_personality(text, word);
}
