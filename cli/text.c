#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "cli/trouble.h"

static void text_reserve(struct text *text, size_t more)
{
	size_t room = text->room ? text->room : 128;

	if (text->room - text->len > more)
		return;
	while (room - text->len <= more)
		room *= 2;
	text->buf = realloc(text->buf, room);
	if (!text->buf)
		die("out of memory");
	text->room = room;
}

void text_add_bytes(struct text *text, const char *bytes, size_t len)
{
	text_reserve(text, len);
	memcpy(text->buf + text->len, bytes, len);
	text->len += len;
	text->buf[text->len] = '\0';
}

void text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

void text_addf(struct text *text, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		return;
	text_reserve(text, (size_t)len);
	va_start(args, format);
	vsnprintf(text->buf + text->len, (size_t)len + 1, format, args);
	va_end(args);
	text->len += (size_t)len;
}

void text_pad(struct text *text, size_t from, size_t column)
{
	while (text->len - from < column)
		text_add_bytes(text, " ", 1);
}

size_t text_columns(const char *bytes, size_t len)
{
	size_t columns = 0;

	for (size_t i = 0; i < len; i++)
		columns += (bytes[i] & 0xc0) != 0x80;	/* not a continuation byte */
	return columns;
}

void text_wrap(struct text *text, const char *string, size_t indent, size_t width)
{
	size_t column = indent;

	while (*string) {
		size_t len = strcspn(string, " \n");
		size_t columns = text_columns(string, len);

		if (column > indent && column + 1 + columns > width) {
			text_addf(text, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			text_add_bytes(text, " ", 1);
			column++;
		}
		text_add_bytes(text, string, len);
		column += columns;
		string += len;
		if (*string == '\n' && string[1]) {
			text_addf(text, "\n%*s", (int)indent, "");
			column = indent;
		}
		if (*string)
			string++;
	}
	text_add_bytes(text, "\n", 1);
}

void text_clear(struct text *text)
{
	text->len = 0;
	if (text->buf)
		text->buf[0] = '\0';
}

void text_free(struct text *text)
{
	free(text->buf);
	*text = (struct text){ 0 };
}
