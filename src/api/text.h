/*
 * text.h - write text as snprintf(3) does, without it.
 *
 * Layer: api.
 */
#ifndef API_TEXT_H
#define API_TEXT_H

#include "base/compiler.h"

/* Where text goes.  Counts what the whole text needs, writes what fits. */
struct text {
	char *buf;
	size_t size;			/* of buf, the final zero included; 0: count alone */
	size_t length;			/* of the whole text, without the zero */
};

void text_char(struct text *text, char c);
void text_string(struct text *text, const char *string);
void text_decimal(struct text *text, uint64_t value);

/* Behind as many blanks as make @width columns. */
void text_decimal_right(struct text *text, uint64_t value, unsigned int width);

void text_signed(struct text *text, uint64_t value);

/* With a leading zero, as modes are written: "0644". */
void text_octal(struct text *text, uint64_t value);

/* Lower-case hexadecimal, padded with zeros to @digits. */
void text_hex(struct text *text, uint64_t value, unsigned int digits);

/* A size for people: "64 MiB", "132 KiB", "1.5 GiB", or bytes if it is no multiple of 1024. */
void text_size(struct text *text, uint64_t bytes);

/* Blanks up to @column, at least one. */
void text_pad(struct text *text, size_t column);

/* The same, and none if it is there already. */
void text_pad_to(struct text *text, size_t column);

/* End the text with a zero and return its whole length. */
size_t text_end(struct text *text);

#endif
