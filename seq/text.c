/*
 * text.c - steps as text, and back: see seq.h for the form.
 *
 * Writing and reading walk the same tables, kinds.def above all.  What no name covers is written
 * as a number, so every step has a text; what is read is checked, so no text makes a step that is
 * none.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seq/seq.h"

enum how { FLAGS, CHOICE };

static const struct {
	const char *name;
	uint64_t number;
	uint8_t kind;
} names[] = {
#define SEQ_KIND(KIND, how)
#define SEQ_NAME(KIND, name, number) { #name, number, SEQ_KIND_##KIND },
#include "seq/kinds.def"
#undef SEQ_KIND
#undef SEQ_NAME
};

#define NAMES (sizeof(names) / sizeof(names[0]))

static const enum how how_of[SEQ_KINDS] = {
#define SEQ_KIND(KIND, how) [SEQ_KIND_##KIND] = how,
#define SEQ_NAME(KIND, name, number)
#include "seq/kinds.def"
#undef SEQ_KIND
#undef SEQ_NAME
};

uint64_t seq_constant(unsigned int kind, unsigned int index)
{
	for (size_t i = 0; i < NAMES; i++) {
		if (names[i].kind == kind && !index--)
			return names[i].number;
	}
	return 0;
}

static const char *const base_name[SEQ_BASES] = {
	[SEQ_BASE_POOL] = "pool",
	[SEQ_BASE_TOP] = "top",
	[SEQ_BASE_BRK] = "brk",
	[SEQ_BASE_SIZE] = "size",
	[SEQ_BASE_DATA] = "data",
};

static const struct {
	const char *name;
	int number;
} errors[] = {
#define E(name) { #name, name }
	E(EPERM), E(ENOENT), E(ESRCH), E(EINTR), E(EIO), E(ENXIO), E(E2BIG), E(ENOEXEC), E(EBADF),
	E(ECHILD), E(EAGAIN), E(ENOMEM), E(EACCES), E(EFAULT), E(EBUSY), E(EEXIST), E(ENODEV),
	E(EINVAL), E(ENFILE), E(EMFILE), E(ETXTBSY), E(EFBIG), E(ENOSPC), E(EROFS), E(EDOM),
	E(ERANGE), E(EDEADLK), E(ENOSYS), E(EIDRM), E(EOVERFLOW), E(EOPNOTSUPP),
#undef E
};

#define ERRORS (sizeof(errors) / sizeof(errors[0]))

/* ---- writing ------------------------------------------------------------------------------- */

/* What snprintf() would have written so far; counts on when the room is used up. */
struct out {
	char *buf;
	size_t size, len;
};

static void __attribute__((format(printf, 2, 3))) put(struct out *out, const char *format, ...)
{
	size_t room = out->len < out->size ? out->size - out->len : 0;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(room ? out->buf + out->len : NULL, room, format, args);
	va_end(args);
	if (len > 0)
		out->len += (size_t)len;
}

/* Small ones are easier read as decimals. */
static void put_number(struct out *out, uint64_t number)
{
	if (number < 10)
		put(out, "%" PRIu64, number);
	else
		put(out, "0x%" PRIx64, number);
}

static void put_offset(struct out *out, uint64_t offset)
{
	if (offset >> 63)
		put(out, "-0x%" PRIx64, -offset);
	else if (offset)
		put(out, "+0x%" PRIx64, offset);
}

static void put_names(struct out *out, unsigned int kind, uint64_t number)
{
	const char *between = "";

	for (size_t i = 0; i < NAMES; i++) {
		if (names[i].kind != kind)
			continue;
		if (how_of[kind] == CHOICE) {
			if (names[i].number == number) {
				put(out, "%s", names[i].name);
				return;
			}
		} else if (names[i].number ? (number & names[i].number) == names[i].number :
			   !number && !*between) {
			put(out, "%s%s", between, names[i].name);
			between = "|";
			number &= ~names[i].number;
		}
	}
	if (number || !*between) {
		put(out, "%s", between);
		put_number(out, number);
	}
}

static void put_value(struct out *out, const struct seq_value *value, unsigned int kind)
{
	if (value->base == SEQ_BASE_RESULT) {
		put(out, "$%u", value->step);
		put_offset(out, value->offset);
	} else if (value->base > SEQ_BASE_NUMBER && value->base < SEQ_BASES) {
		put(out, "%s", base_name[value->base]);
		put_offset(out, value->offset);
	} else if (kind == SEQ_KIND_FILE && value->offset < SEQ_FILES) {
		put(out, "%s", seq_file_name((unsigned int)value->offset));
	} else {
		put_names(out, kind, value->offset);
	}
}

size_t seq_value_text(const struct seq_value *value, unsigned int kind, char *buf, size_t size)
{
	struct out out = { buf, size, 0 };

	put_value(&out, value, kind);
	return out.len;
}

size_t seq_step_text(const struct seq_step *step, char *buf, size_t size)
{
	const struct seq_call_info *info = seq_call_info(step->call);
	struct out out = { buf, size, 0 };

	if (step->process)
		put(&out, "%u: ", step->process);
	put(&out, "%s(", info->name);
	for (unsigned int i = 0; info->kind[i] != SEQ_KIND_NONE; i++) {
		if (i)
			put(&out, ", ");
		put_value(&out, &step->arg[i], info->kind[i]);
	}
	put(&out, ")");
	return out.len;
}

size_t seq_answer_text(const struct seq_bases *bases, unsigned int call, int64_t answer, char *buf,
		       size_t size)
{
	struct out out = { buf, size, 0 };
	struct seq_value value;

	for (size_t i = 0; i < ERRORS; i++) {
		if (answer == -errors[i].number) {
			put(&out, "%s", errors[i].name);
			return out.len;
		}
	}
	if (seq_call_info(call)->answer == SEQ_ANSWER_ADDRESS) {
		value = seq_relate(bases, (uint64_t)answer);
		put_value(&out, &value, SEQ_KIND_ADDR);
	} else {
		put_number(&out, (uint64_t)answer);
	}
	return out.len;
}

/* ---- reading ------------------------------------------------------------------------------- */

struct in {
	const char *at;
	const char *error;		/* the first one */
};

static bool fail(struct in *in, const char *error)
{
	if (!in->error)
		in->error = error;
	return false;
}

static void skip_blanks(struct in *in)
{
	while (*in->at == ' ' || *in->at == '\t')
		in->at++;
}

static bool take(struct in *in, char c)
{
	skip_blanks(in);
	if (*in->at != c)
		return false;
	in->at++;
	return true;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* A word into @word; 0 if there is none, or it is longer than any that means something. */
static size_t take_word(struct in *in, char *word, size_t size)
{
	size_t len = 0;

	skip_blanks(in);
	while (is_word(in->at[len]))
		len++;
	if (!len || len >= size)
		return 0;
	memcpy(word, in->at, len);
	word[len] = '\0';
	in->at += len;
	return len;
}

static bool take_number(struct in *in, uint64_t *number)
{
	char *end;

	skip_blanks(in);
	if (*in->at < '0' || *in->at > '9')
		return fail(in, "a number is missing");
	errno = 0;
	*number = strtoull(in->at, &end, 0);
	if (errno)
		return fail(in, "a number is beyond 64 bits");
	if (is_word(*end))
		return fail(in, "a number has letters behind it");
	in->at = end;
	return true;
}

static bool take_offset(struct in *in, struct seq_value *value)
{
	bool minus = take(in, '-');

	if (!minus && !take(in, '+'))
		return true;
	if (!take_number(in, &value->offset))
		return false;
	if (minus)
		value->offset = -value->offset;
	return true;
}

static bool take_result(struct in *in, struct seq_value *value)
{
	uint64_t step;

	if (!take_number(in, &step))
		return false;
	if (step >= SEQ_STEPS_MAX)
		return fail(in, "$ names a step beyond the longest sequence");
	value->base = SEQ_BASE_RESULT;
	value->step = (uint16_t)step;
	return take_offset(in, value);
}

static int find_base(const char *word)
{
	for (int i = 0; i < SEQ_BASES; i++) {
		if (base_name[i] && !strcmp(base_name[i], word))
			return i;
	}
	return -1;
}

static bool find_name(const char *word, unsigned int kind, uint64_t *number)
{
	for (size_t i = 0; i < NAMES; i++) {
		if (names[i].kind == kind && !strcmp(names[i].name, word)) {
			*number = names[i].number;
			return true;
		}
	}
	return false;
}

/* Numbers and names, joined by |. */
static bool take_names(struct in *in, unsigned int kind, struct seq_value *value)
{
	char word[40];
	uint64_t number;

	do {
		skip_blanks(in);
		if (*in->at >= '0' && *in->at <= '9') {
			if (!take_number(in, &number))
				return false;
		} else if (!take_word(in, word, sizeof(word)) ||
			   !find_name(word, kind, &number)) {
			return fail(in, "an argument is neither a number nor a name of its kind");
		}
		value->offset |= number;
	} while (take(in, '|'));
	return true;
}

static bool take_value(struct in *in, unsigned int kind, struct seq_value *value)
{
	const char *begin;
	char word[40];
	int found;

	*value = (struct seq_value){ .base = SEQ_BASE_NUMBER };
	if (take(in, '$'))
		return take_result(in, value);
	skip_blanks(in);
	begin = in->at;
	if (take_word(in, word, sizeof(word))) {
		found = find_base(word);
		if (found >= 0) {
			value->base = (uint8_t)found;
			return take_offset(in, value);
		}
		found = kind == SEQ_KIND_FILE ? seq_file_find(word) : -1;
		if (found >= 0) {
			value->offset = (uint64_t)found;
			return true;
		}
	}
	in->at = begin;
	return take_names(in, kind, value);
}

static bool take_process(struct in *in, struct seq_step *step)
{
	const char *begin = in->at;
	uint64_t process;

	skip_blanks(in);
	if (*in->at < '0' || *in->at > '9')
		return true;
	if (!take_number(in, &process))
		return false;
	if (!take(in, ':')) {
		in->at = begin;
		return fail(in, "a colon is missing behind the number of the process");
	}
	if (process >= SEQ_PROCESSES)
		return fail(in, "there are not so many processes");
	step->process = (uint8_t)process;
	return true;
}

static bool take_step(struct in *in, struct seq_step *step)
{
	const struct seq_call_info *info;
	char word[40];
	int call;

	memset(step, 0, sizeof(*step));
	if (!take_process(in, step))
		return false;
	call = take_word(in, word, sizeof(word)) ? seq_call_find(word) : -1;
	if (call < 0)
		return fail(in, "no call of this name");
	step->call = (uint8_t)call;
	info = seq_call_info(step->call);
	if (!take(in, '('))
		return fail(in, "( is missing");
	for (unsigned int i = 0; info->kind[i] != SEQ_KIND_NONE; i++) {
		if (i && !take(in, ','))
			return fail(in, "an argument is missing");
		if (!take_value(in, info->kind[i], &step->arg[i]))
			return false;
	}
	return take(in, ')') || fail(in, ") is missing");
}

/* What was read must have been all. */
static int finish(struct in *in, bool ok, const char **error)
{
	skip_blanks(in);
	if (ok && *in->at)
		ok = fail(in, "something stands behind it");
	*error = in->error;
	return ok ? 0 : -1;
}

int seq_step_parse(const char *text, struct seq_step *step, const char **error)
{
	struct in in = { text, NULL };
	bool ok = take_step(&in, step);

	return finish(&in, ok, error);
}

int seq_value_parse(const char *text, unsigned int kind, struct seq_value *value,
		    const char **error)
{
	struct in in = { text, NULL };
	bool ok = take_value(&in, kind, value);

	return finish(&in, ok, error);
}
