/*
 * why_text.h - what the catalogue says to people.
 *
 * Layer: base.
 */
#ifndef BASE_WHY_TEXT_H
#define BASE_WHY_TEXT_H

#include "base/why.h"

extern const struct umm_why_info why_table[NR_WHY];

#endif
