#include <inttypes.h>

#include "cli/summary.h"

static void add_count(struct text *text, uint64_t count, const char *one, const char *many)
{
	text_addf(text, "%" PRIu64 " %s", count, count == 1 ? one : many);
}

void summary_line(struct text *text, const struct follow_summary *summary)
{
	text_add(text, "usermm: summary: ");
	add_count(text, summary->calls, "call", "calls");
	text_add(text, ", ");
	add_count(text, summary->processes, "process", "processes");
	text_add(text, ", ");
	add_count(text, summary->faults, "fault", "faults");
	text_add(text, ", ");
	add_count(text, summary->maps, "map", "maps");
	text_add(text, " compared: ");
	add_count(text, summary->divergences, "divergence", "divergences");
	text_addf(text, ", %" PRIu64 " either, %" PRIu64 " adopted, %" PRIu64 " observed\n",
		  summary->either, summary->adopted, summary->observed);
}
