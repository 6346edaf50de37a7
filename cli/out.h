/*
 * out.h - where a verb's lines go, and whether they may carry colour and UTF-8.
 *
 * Layer: cli.  Whole lines are written at once, so that they do not mix with what the traced
 * program writes to the same terminal.
 */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include <stdbool.h>

#include "cli/text.h"

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct out {
	int fd;
	bool owned;		/* we opened it */
	bool buffered;		/* write when much has gathered, not at each out_write() */
	bool color;
	const char *glyph;	/* what leads the lines that we add: "↳" or "->" */
	struct text pending;
	bool broken;		/* nobody reads any more, or @error: say nothing further */
	int error;		/* an errno, told of at the end: the program lives on */
};

/* @path NULL: the descriptor @fd.  Ends the command if @path cannot be written. */
void out_open(struct out *out, const char *path, int fd, enum color_when color, bool ascii);

/* Write @text, which consists of whole lines, and clear it. */
void out_write(struct out *out, struct text *text);

/* Write what is pending. */
void out_flush(struct out *out);

/* Ends the command if anything could not be written, unless by EPIPE. */
void out_close(struct out *out);

/* Escape sequences; empty strings without colour. */
const char *out_strong(const struct out *out);	/* the check that said no */
const char *out_faint(const struct out *out);	/* what we add */
const char *out_good(const struct out *out);	/* a remedy */
const char *out_plain(const struct out *out);

/* True if the locale's characters are UTF-8. */
bool locale_is_utf8(void);

#endif
