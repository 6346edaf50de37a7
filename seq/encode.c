/*
 * encode.c - sequences as bytes: see encode.h.
 *
 * A value is a byte below 0x80, which usual_value() knows, or
 *
 *	1 p n n n b b b		base b (7: of none), n + 1 bytes of offset follow, lowest first,
 *				with its sign; in pages if p.  Before the offset of $n, two bytes:
 *				how many steps ago.
 */
#include <string.h>

#include "seq/encode.h"

#define LONG_FORM 0x80u
#define IN_PAGES 0x40u
#define PAGE_BITS 12
#define STEPS_MASK (SEQ_STEPS_MAX - 1)

_Static_assert(SEQ_BASES <= 8, "a base has three bits");
_Static_assert(SEQ_CALLS <= 256 && SEQ_PROCESSES <= 256, "each has a byte");

struct reader {
	const uint8_t *at, *end;
};

struct writer {
	uint8_t *bytes;
	size_t size, len;
};

static uint8_t get(struct reader *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static void put(struct writer *out, uint64_t byte)
{
	if (out->len < out->size)
		out->bytes[out->len] = (uint8_t)byte;
	out->len++;
}

/* ---- what is usual ------------------------------------------------------------------------- */

static struct seq_value plain(uint64_t offset)
{
	return (struct seq_value){ .base = SEQ_BASE_NUMBER, .offset = offset };
}

/* Bit n of @bits is the n-th constant of the kind. */
static uint64_t flags_of_bits(unsigned int kind, unsigned int bits)
{
	uint64_t flags = 0;

	for (unsigned int i = 0; i < 7; i++) {
		if (bits & (1u << i))
			flags |= seq_constant(kind, i);
	}
	return flags;
}

/* The value that a byte below 0x80 stands for. */
static struct seq_value usual_value(unsigned int kind, unsigned int byte)
{
	struct seq_value value = plain(byte);

	switch (kind) {
	case SEQ_KIND_ADDR:
		value.base = SEQ_BASE_POOL;
		value.offset = (uint64_t)byte << PAGE_BITS;
		return value;
	case SEQ_KIND_LEN:
	case SEQ_KIND_OFFSET:
		return plain((uint64_t)byte << PAGE_BITS);
	case SEQ_KIND_SIZE:
		if (!byte)
			return plain(UINT64_MAX);
		value.base = SEQ_BASE_SIZE;
		value.offset = (uint64_t)byte << PAGE_BITS;
		return value;
	case SEQ_KIND_NUMBER:
	case SEQ_KIND_FILE:
	case SEQ_KIND_PROCESS:
	case SEQ_KIND_ADVICE:
	case SEQ_KIND_RLIMIT:
	case SEQ_KIND_SET_MM:
	case SEQ_KIND_SHMCTL:
	case SEQ_KIND_MPOL:
		return value;
	default:
		return plain(flags_of_bits(kind, byte));
	}
}

static bool same_value(const struct seq_value *a, const struct seq_value *b)
{
	return a->base == b->base && a->offset == b->offset && a->step == b->step;
}

/* ---- reading ------------------------------------------------------------------------------- */

static uint64_t get_number(struct reader *in, unsigned int bytes)
{
	uint64_t number = 0;

	for (unsigned int i = 0; i < bytes; i++)
		number |= (uint64_t)get(in) << (8 * i);
	if (bytes < 8 && number >> (8 * bytes - 1))
		number |= UINT64_MAX << (8 * bytes);
	return number;
}

static struct seq_value get_value(struct reader *in, unsigned int kind, size_t step)
{
	unsigned int byte = get(in);
	struct seq_value value;

	if (!(byte & LONG_FORM))
		return usual_value(kind, byte);
	value = (struct seq_value){ .base = byte & 7 };
	if (value.base >= SEQ_BASES)
		value.base = SEQ_BASE_NUMBER;
	if (value.base == SEQ_BASE_RESULT) {
		unsigned int ago = get(in);

		ago |= (unsigned int)get(in) << 8;
		value.step = (uint16_t)((step - ago) & STEPS_MASK);
	}
	value.offset = get_number(in, ((byte >> 3) & 7) + 1);
	if (byte & IN_PAGES)
		value.offset <<= PAGE_BITS;
	return value;
}

size_t seq_decode(const uint8_t *bytes, size_t size, struct seq *seq, size_t room)
{
	struct reader in = { bytes, bytes + size };

	seq->nr = 0;
	while (in.at < in.end && seq->nr < room && seq->nr < SEQ_STEPS_MAX) {
		struct seq_step *step = &seq->step[seq->nr];
		const uint8_t *kind;

		memset(step, 0, sizeof(*step));
		step->call = (uint8_t)(get(&in) % SEQ_CALLS);
		step->process = (uint8_t)(get(&in) % SEQ_PROCESSES);
		kind = seq_call_info(step->call)->kind;
		for (unsigned int i = 0; kind[i] != SEQ_KIND_NONE; i++)
			step->arg[i] = get_value(&in, kind[i], seq->nr);
		seq->nr++;
	}
	return (size_t)(in.at - bytes);
}

/* ---- writing ------------------------------------------------------------------------------- */

static unsigned int bytes_of(uint64_t number)
{
	unsigned int bytes = 1;

	while (bytes < 8) {
		uint64_t sign = number >> (8 * bytes - 1);

		if (!sign || sign == UINT64_MAX >> (8 * bytes - 1))
			break;
		bytes++;
	}
	return bytes;
}

static void put_long(struct writer *out, const struct seq_value *value, size_t step)
{
	uint64_t pages = (uint64_t)((int64_t)value->offset >> PAGE_BITS), number = value->offset;
	unsigned int form = LONG_FORM | value->base, bytes;

	if (number && pages << PAGE_BITS == number) {
		form |= IN_PAGES;
		number = pages;
	}
	bytes = bytes_of(number);
	put(out, form | (bytes - 1) << 3);
	if (value->base == SEQ_BASE_RESULT) {
		size_t ago = (step - value->step) & STEPS_MASK;

		put(out, ago & 0xff);
		put(out, ago >> 8);
	}
	for (unsigned int i = 0; i < bytes; i++)
		put(out, number >> (8 * i));
}

static void put_value(struct writer *out, const struct seq_value *value, unsigned int kind,
		      size_t step)
{
	for (unsigned int byte = 0; byte < LONG_FORM; byte++) {
		struct seq_value usual = usual_value(kind, byte);

		if (same_value(&usual, value)) {
			put(out, byte);
			return;
		}
	}
	put_long(out, value, step);
}

size_t seq_encode(const struct seq *seq, uint8_t *bytes, size_t size)
{
	struct writer out = { bytes, size, 0 };

	for (size_t i = 0; i < seq->nr; i++) {
		const struct seq_step *step = &seq->step[i];
		const uint8_t *kind = seq_call_info(step->call)->kind;

		put(&out, step->call);
		put(&out, step->process);
		for (unsigned int arg = 0; kind[arg] != SEQ_KIND_NONE; arg++)
			put_value(&out, &step->arg[arg], kind[arg], i);
	}
	return out.len;
}
