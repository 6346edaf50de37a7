#include <string.h>

#include "cli/explain.h"

#define LABEL_COLUMNS 5

struct label {
	const char *prefix;	/* of the names of the codes that it stands for */
	const char *word;
	bool effect;		/* told of a refused call too: it happened all the same */
	const char *said;	/* how their texts begin, where the word says just that */
};

static const struct label labels[] = {
	{ "ADDR", "addr", false, NULL },
	{ "HINT", "addr", false, NULL },
	{ "GAP", "addr", false, NULL },
	{ "THP_DISABLE", "thp", false, NULL },
	{ "THP", "addr", false, NULL },
	{ "MERGED", "merge", true, NULL },
	{ "APART", "apart", false, NULL },
	{ "SPLIT", "split", true, "split " },
	{ "CLOBBERED", "lost", true, NULL },
	{ "UNMAPPED", "unmap", true, "unmapped " },
	{ "NEW_AREA", "area", false, NULL },
	{ "CHARGED", "cost", false, NULL },
	{ "UNCHARGED", "cost", false, NULL },
	{ "NOT_CHARGED", "cost", false, NULL },
	{ "LOCK", "lock", false, NULL },
	{ "POPULATED", "fill", false, NULL },
	{ "ADVISED", "adv", true, NULL },
	{ "GUARDS", "guard", true, NULL },
	{ "MLOCK", "lock", true, NULL },
	{ "MUNLOCK", "lock", true, NULL },
	{ "KSM", "ksm", false, NULL },
	{ "MERGE_ANY", "ksm", false, NULL },
	{ "COLLAPSE", "thp", false, NULL },
	{ "PROTECT", "prot", true, NULL },
	{ "BRK", "heap", false, NULL },
	{ "FORK", "copy", false, NULL },
	{ "STACK", "stack", false, NULL },
	{ "EXEC", "exec", false, NULL },
};

static const struct label *find_label(const char *code_name)
{
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		if (!strncmp(code_name, labels[i].prefix, strlen(labels[i].prefix)))
			return &labels[i];
	}
	return NULL;
}

const char *explain_label(const char *code_name)
{
	const struct label *label = find_label(code_name);

	return label ? label->word : "note";
}

void explain_fill(struct text *text, const char *format, const struct umm_why_entry *entry)
{
	char line[512];

	umm_why_format(format, entry, line, sizeof(line));
	text_add(text, line);
}

static void labelled(struct text *text, const struct out *out, const char *color,
		     const char *label, const char *string)
{
	size_t indent = 2 + text_columns(out->glyph, strlen(out->glyph)) + 1 + LABEL_COLUMNS + 1;

	text_addf(text, "  %s%s %-*s%s ", color, out->glyph, LABEL_COLUMNS, label,
		  *color ? out_plain(out) : "");
	text_wrap(text, string, indent, EXPLAIN_WIDTH);
}

void explain_line(struct text *text, const struct out *out, const char *label, const char *string)
{
	labelled(text, out, out_faint(out), label, string);
}

/* The nouns of the checks that ran and passed, each once. */
static void add_ruled_out(struct text *text, const struct umm_why *why)
{
	struct umm_why_info info, earlier;

	for (unsigned int i = 0; i < why->nr; i++) {
		bool said = false;

		if (why->entry[i].kind != UMM_WHY_PASSED ||
		    umm_why_info(why->entry[i].code, &info) || !info.ruled_out)
			continue;
		for (unsigned int j = 0; j < i && !said; j++)
			said = why->entry[j].kind == UMM_WHY_PASSED &&
			       !umm_why_info(why->entry[j].code, &earlier) && earlier.ruled_out &&
			       !strcmp(earlier.ruled_out, info.ruled_out);
		if (!said)
			text_addf(text, "%s%s", text->len ? ", " : "", info.ruled_out);
	}
}

static void explain_refusal(struct text *text, const struct out *out, const struct umm_why *why,
			    const struct umm_why_entry *refusal)
{
	struct text string = { 0 };
	struct umm_why_info info;

	if (umm_why_info(refusal->code, &info)) {
		explain_line(text, out, "why", "refused by a check that this catalogue lacks");
		return;
	}
	explain_fill(&string, info.text, refusal);
	labelled(text, out, out_strong(out), "why", string.buf);

	text_clear(&string);
	text_addf(&string, "%s: ", info.function);
	explain_fill(&string, info.limit, refusal);
	explain_line(text, out, "check", string.buf);

	text_clear(&string);
	add_ruled_out(&string, why);
	if (string.len)
		explain_line(text, out, "not", string.buf);

	if (info.remedy) {
		text_clear(&string);
		explain_fill(&string, info.remedy, refusal);
		labelled(text, out, out_good(out), "fix", string.buf);
	}
	text_free(&string);
}

/* The text of a note, without what its label says already. */
static void note_line(struct text *text, const struct out *out, const struct umm_why_entry *entry,
		      const struct umm_why_info *info, const struct label *label)
{
	struct text filled = { 0 };
	size_t said = label && label->said ? strlen(label->said) : 0;

	explain_fill(&filled, info->text, entry);
	if (said && strncmp(filled.buf, label->said, said))
		said = 0;
	explain_line(text, out, label ? label->word : "note", filled.buf + said);
	text_free(&filled);
}

static void explain_notes(struct text *text, const struct out *out, const struct umm_why *why,
			  bool effects_only)
{
	struct umm_why_info info;

	for (unsigned int i = 0; i < why->nr; i++) {
		const struct label *label;

		if (why->entry[i].kind != UMM_WHY_NOTE || umm_why_info(why->entry[i].code, &info))
			continue;
		label = find_label(info.name);
		if (!effects_only || (label && label->effect))
			note_line(text, out, &why->entry[i], &info, label);
	}
	if (why->lost && !effects_only) {
		struct text string = { 0 };

		text_addf(&string, "and %u more decisions", why->lost);
		explain_line(text, out, "note", string.buf);
		text_free(&string);
	}
}

void explain_why(struct text *text, const struct out *out, const struct umm_why *why,
		 enum explain level)
{
	const struct umm_why_entry *refusal;

	if (!why || level == EXPLAIN_NONE)
		return;
	refusal = umm_why_refusal(why);
	if (refusal)
		explain_refusal(text, out, why, refusal);
	if (level == EXPLAIN_ALL)
		explain_notes(text, out, why, false);
	else if (refusal)
		explain_notes(text, out, why, true);
}
