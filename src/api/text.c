/*
 * text.c - write text as snprintf(3) does, without it.
 */
#include "api/text.h"

void text_char(struct text *text, char c)
{
	if (text->length + 1 < text->size)
		text->buf[text->length] = c;
	text->length++;
}

void text_string(struct text *text, const char *string)
{
	while (*string)
		text_char(text, *string++);
}

void text_decimal(struct text *text, uint64_t value)
{
	text_decimal_right(text, value, 1);
}

void text_decimal_right(struct text *text, uint64_t value, unsigned int width)
{
	char digits[20];
	unsigned int n = 0;

	do {
		digits[n++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	for (; width > n; width--)
		text_char(text, ' ');
	while (n)
		text_char(text, digits[--n]);
}

void text_signed(struct text *text, uint64_t value)
{
	bool negative = value >> 63;

	if (negative)
		text_char(text, '-');
	text_decimal(text, negative ? -value : value);
}

void text_octal(struct text *text, uint64_t value)
{
	unsigned int shift = 63;

	text_char(text, '0');
	while (shift && !(value >> shift))
		shift -= 3;
	for (; value && shift <= 63; shift -= 3)
		text_char(text, (char)('0' + ((value >> shift) & 7)));
}

void text_hex(struct text *text, uint64_t value, unsigned int digits)
{
	unsigned int n = 16;

	while (n > digits && n > 1 && !(value >> (4 * (n - 1))))
		n--;
	while (n--)
		text_char(text, "0123456789abcdef"[(value >> (4 * n)) & 15]);
}

void text_size(struct text *text, uint64_t bytes)
{
	static const char *const unit[] = { " bytes", " KiB", " MiB", " GiB", " TiB", " PiB" };
	unsigned int i = 0;
	uint64_t tenths;

	if (bytes == UINT64_MAX) {
		text_string(text, "no limit");
		return;
	}
	while (i + 1 < ARRAY_SIZE(unit) && (bytes >> (10 * (i + 1))) != 0)
		i++;
	tenths = (bytes >> (10 * i)) * 10 + (((bytes & ((UINT64_C(1) << (10 * i)) - 1)) * 10) >>
					     (10 * i));
	if (i == 0 || (bytes & ((UINT64_C(1) << (10 * i)) - 1)) == 0) {
		text_decimal(text, bytes >> (10 * i));
	} else if (bytes % 1024 == 0 && bytes >> 10 < 10000) {
		/* Small sizes exactly: limits are compared by pages. */
		text_decimal(text, bytes >> 10);
		i = 1;
	} else {
		text_decimal(text, tenths / 10);
		text_char(text, '.');
		text_decimal(text, tenths % 10);
	}
	text_string(text, unit[i]);
}

void text_pad(struct text *text, size_t column)
{
	do
		text_char(text, ' ');
	while (text->length < column);
}

size_t text_end(struct text *text)
{
	if (text->size)
		text->buf[text->length < text->size ? text->length : text->size - 1] = '\0';
	return text->length;
}

void text_pad_to(struct text *text, size_t column)
{
	while (text->length < column)
		text_char(text, ' ');
}
