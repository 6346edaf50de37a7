#include <inttypes.h>
#include <string.h>

#include "cli/summary.h"

static void add_count(struct text *text, uint64_t count, const char *one, const char *many)
{
	text_addf(text, "%" PRIu64 " %s", count, count == 1 ? one : many);
}

static uint64_t adopted_by(const struct follow_summary *summary, const char *reason)
{
	for (size_t i = 0; i < summary->nr_adopted_by; i++)
		if (!strcmp(summary->adopted_by[i].reason, reason))
			return summary->adopted_by[i].count;
	return 0;
}

static void unknown_line(struct text *text, const struct follow_summary *summary)
{
	uint64_t hung = adopted_by(summary, FOLLOW_BEFORE_ATTACH);

	text_add(text, "usermm: unknown: which of the ");
	add_count(text, summary->old_areas, "area", "areas");
	text_add(text, " that were there may merge, the break within its page, what mlockall and "
		 "PR_SET_MDWE set; ");
	add_count(text, hung, "answer hung", "answers hung");
	text_add(text, " on that\n");
}

void summary_line(struct text *text, const struct follow_summary *summary)
{
	if (summary->attached)
		unknown_line(text, summary);
	text_add(text, "usermm: summary: ");
	add_count(text, summary->calls, "call", "calls");
	text_add(text, ", ");
	add_count(text, summary->processes, "process", "processes");
	text_add(text, ", ");
	add_count(text, summary->faults, "fault", "faults");
	text_add(text, ", ");
	add_count(text, summary->maps, "map", "maps");
	text_add(text, " compared");
	if (summary->verified_smaps) {
		text_add(text, ", smaps ");
		add_count(text, summary->smaps, "area", "areas");
		text_addf(text, " compared, %" PRIu64 " unknown", summary->smaps_unknown);
	}
	text_add(text, ": ");
	add_count(text, summary->divergences, "divergence", "divergences");
	text_addf(text, ", %" PRIu64 " either, %" PRIu64 " adopted, %" PRIu64 " observed\n",
		  summary->either, summary->adopted, summary->observed);
}
