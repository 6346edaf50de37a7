/*
 * summary.h - the line that both verbs end with.
 *
 * Layer: cli.
 */
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include "cli/text.h"
#include "host/follow.h"

/*
 * "usermm: summary: 1204 calls, …", with its newline.  Before it, of processes that ran before
 * us, a line that says what of them is not known and how many answers hung on that.
 */
void summary_line(struct text *text, const struct follow_summary *summary);

#endif
