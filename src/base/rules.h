/*
 * rules.h - the only way to ask what a kernel version does.
 *
 * Layer: base.  A world holds one bool per rule, set from its version and switched singly.
 */
#ifndef BASE_RULES_H
#define BASE_RULES_H

#include <usermm/usermm.h>

#include "base/compiler.h"

enum rule_id {
#define RULE(id, name, since, until, verified, text) RULE_##id,
#include "base/rules.def"
#undef RULE
	NR_RULES
};

extern const struct umm_rule_info rule_table[NR_RULES];

/* Set @on[] to what a kernel of version @kernel does. */
void rules_for_kernel(bool on[NR_RULES], uint32_t kernel);

/* The rule of that name, or -UMM_ENOENT. */
int rule_by_name(const char *name);

#endif
