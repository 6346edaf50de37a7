/*
 * rules.c - the table of rules.def, and what a version makes of it.
 */
#include "base/rules.h"

const struct umm_rule_info rule_table[NR_RULES] = {
#define RULE(id, name, since, until, verified, text)                                               \
	[RULE_##id] = { name, text, since, until, verified },
#include "base/rules.def"
#undef RULE
};

void rules_for_kernel(bool on[NR_RULES], uint32_t kernel)
{
	for (unsigned int i = 0; i < NR_RULES; i++) {
		const struct umm_rule_info *rule = &rule_table[i];

		on[i] = kernel >= rule->since && (!rule->until || kernel < rule->until);
	}
}

static bool same_text(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

int rule_by_name(const char *name)
{
	for (unsigned int i = 0; i < NR_RULES; i++) {
		if (same_text(rule_table[i].name, name))
			return (int)i;
	}
	return -UMM_ENOENT;	/* no reason: a question, not a call */
}
