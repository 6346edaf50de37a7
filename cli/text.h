/*
 * text.h - a string that grows, and wrapping it to a terminal's width.
 *
 * Layer: cli.  Out of memory ends the command (trouble.h): there is nobody who could go on.
 */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stddef.h>

struct text {
	char *buf;	/* terminated by NUL once anything was added, else NULL */
	size_t len;	/* bytes, without the NUL */
	size_t room;
};

void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t len);

/* Spaces up to @column, counted from byte @from of the text; none if it is that long already. */
void text_pad(struct text *text, size_t from, size_t column);

/*
 * @string broken at spaces so that lines of @width columns result, each but the first indented by
 * @indent.  The cursor stands at column @indent already.  A word too long stands alone; newlines in
 * @string are kept.  Ends with a newline.
 */
void text_wrap(struct text *text, const char *string, size_t indent, size_t width);

void text_clear(struct text *text);
void text_free(struct text *text);

/* Columns that UTF-8 @len bytes take, taking each character as one. */
size_t text_columns(const char *bytes, size_t len);

#endif
