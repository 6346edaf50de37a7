/*
 * why_text.h - what the catalogue says to people.
 *
 * Layer: base.
 */
#ifndef BASE_WHY_TEXT_H
#define BASE_WHY_TEXT_H

#include "base/why.h"

extern const struct umm_why_info why_table[NR_WHY];

/* The calls that the check of that name can refuse, by why_calls.def; NULL if no row is for it. */
const char *why_calls(const char *name);

#endif
