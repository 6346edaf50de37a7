/*
 * explain.h - a struct umm_why as lines for people.
 *
 * Layer: cli.
 *
 *	  ↳ why   splitting [7f73baf9c000-7f73bafad000) needs one more area; …
 *	  ↳ check __split_vma: map_count >= vm.max_map_count (65530)
 *	  ↳ not   map count, RLIMIT_DATA, commit charge
 *	  ↳ fix   sysctl vm.max_map_count=N …
 */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include <stdbool.h>
#include <usermm/usermm.h>

#include "cli/out.h"

#define EXPLAIN_WIDTH 80

enum explain { EXPLAIN_NONE, EXPLAIN_ERRORS, EXPLAIN_ALL };

/* The lines that @why deserves at that level: none for a success below EXPLAIN_ALL. */
void explain_why(struct text *text, const struct out *out, const struct umm_why *why,
		 enum explain level);

/* One such line of our own, wrapped: "  ↳ LABEL TEXT". */
void explain_line(struct text *text, const struct out *out, const char *label, const char *string);

/* The word that stands before a note: "addr", "merge", "split" … by the name of its code. */
const char *explain_label(const char *code_name);

/* @format (of struct umm_why_info) filled in from @entry, appended to @text. */
void explain_fill(struct text *text, const char *format, const struct umm_why_entry *entry);

#endif
