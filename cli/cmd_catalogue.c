/*
 * cmd_catalogue.c - usermm errors: the catalogue of src/base/why.def for people.
 *
 * The texts have places for values that only a refused call has: here a word stands there.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/json.h"
#include "cli/trouble.h"
#include "cli/verbs.h"

/* ---- one check -------------------------------------------------------------------------- */

static const char *error_name(int error)
{
	const char *name = strerrorname_np(error);

	return name ? name : "?";
}

static const char *word_for(char kind)
{
	switch (kind) {
	case 'x':
		return "ADDR";
	case 'p':
	case 'b':
		return "SIZE";
	case 'o':
		return "MODE";
	case 'f':
		return "FLAGS";
	default:
		return "N";
	}
}

/* @string with a word for each of its placeholders: "{0}", "{0x}". */
static void add_general(struct text *text, const char *string)
{
	while (*string) {
		const char *close = *string == '{' ? strchr(string, '}') : NULL;

		if (close && close - string <= 3 && isdigit((unsigned char)string[1])) {
			text_add(text, word_for(close - string == 3 ? string[2] : '}'));
			string = close + 1;
		} else {
			text_add_bytes(text, string++, 1);
		}
	}
}

/* True if @word is one of the words of @list, which spaces separate. */
static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at += length) {
		if ((at == list || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	}
	return false;
}

/* What a person may ask for: a call, an error number's name, a check's name. */
static bool is_about(const struct umm_why_info *info, const char *word)
{
	return has_word(info->calls, word) || !strcasecmp(word, error_name(info->error)) ||
	       !strcasecmp(word, info->name);
}

static bool is_wanted(const struct umm_why_info *info, char *const *words)
{
	if (!*words)
		return true;
	for (; *words; words++) {
		if (is_about(info, *words))
			return true;
	}
	return false;
}

/* The @code'th entry of the catalogue, if it is a check: one that can refuse. */
static bool check_info(unsigned int code, struct umm_why_info *info)
{
	return umm_why_info(code, info) == 0 && info->error && info->calls;
}

/* ---- names that nobody has -------------------------------------------------------------- */

/* How many characters must be changed, added or left out to make @b of @a; small words. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], length = strlen(b);

	if (length >= sizeof(row) / sizeof(row[0]))
		return SIZE_MAX;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 1; j <= length; j++) {
			size_t other = toupper((unsigned char)a[i]) !=
				       toupper((unsigned char)b[j - 1]);
			size_t best = diagonal + other;

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[length];
}

#define NEAREST 3

struct nearest {
	char name[NEAREST][64];
	size_t distance[NEAREST];
};

/* Keep @name if it is among the nearest; what is further away than half of it is no help. */
static void consider(struct nearest *nearest, const char *word, const char *name, size_t length)
{
	char copy[64];
	size_t far, i;

	if (length >= sizeof(copy))
		return;
	memcpy(copy, name, length);
	copy[length] = '\0';
	far = distance(word, copy);
	if (far > (length + 1) / 2)
		return;
	for (i = 0; i < NEAREST; i++)
		if (!strcmp(nearest->name[i], copy))
			return;
	for (i = 0; i < NEAREST && nearest->distance[i] <= far; i++)
		;
	if (i == NEAREST)
		return;
	memmove(nearest->name[i + 1 < NEAREST ? i + 1 : i], nearest->name[i],
		(NEAREST - 1 - i) * sizeof(copy));
	memmove(&nearest->distance[i + 1 < NEAREST ? i + 1 : i], &nearest->distance[i],
		(NEAREST - 1 - i) * sizeof(far));
	strcpy(nearest->name[i], copy);
	nearest->distance[i] = far;
}

_Noreturn static void die_unknown(const char *word)
{
	struct nearest nearest = { .distance = { SIZE_MAX, SIZE_MAX, SIZE_MAX } };
	struct text names = { 0 };
	struct umm_why_info info;

	for (unsigned int code = 0; code < umm_why_count(); code++) {
		if (!check_info(code, &info))
			continue;
		consider(&nearest, word, info.name, strlen(info.name));
		consider(&nearest, word, error_name(info.error), strlen(error_name(info.error)));
		for (const char *call = info.calls; *call; call += strspn(call, " ")) {
			size_t length = strcspn(call, " ");

			consider(&nearest, word, call, length);
			call += length;
		}
	}
	for (size_t i = 0; i < NEAREST && nearest.name[i][0]; i++)
		text_addf(&names, "%s%s", i ? ", " : "", nearest.name[i]);
	if (names.len)
		die("errors: no call, error or check is called \"%s\"; near are: %s", word,
		    names.buf);
	die("errors: no call, error or check is called \"%s\" (`usermm errors` lists them all)",
	    word);
}

static void look_for_unknown(char *const *words)
{
	struct umm_why_info info;

	for (; *words; words++) {
		bool known = false;

		for (unsigned int code = 0; code < umm_why_count() && !known; code++)
			known = check_info(code, &info) && is_about(&info, *words);
		if (!known)
			die_unknown(*words);
	}
}

/* ---- lists ------------------------------------------------------------------------------ */

/* "mmap brk" as "mmap, brk"; "any" and "fault" in words. */
static void add_calls(struct text *text, const char *calls)
{
	if (!strcmp(calls, "any")) {
		text_add(text, "any call");
		return;
	}
	for (; *calls; calls++)
		text_add(text, *calls == ' ' ? ", " : (char[]){ *calls, '\0' });
}

typedef void print_group(struct out *out, const char *calls);
typedef void print_check(struct out *out, const struct umm_why_info *info);

/* Each check that is wanted, those of the same calls together, in the catalogue's order. */
static void for_each_group(struct out *out, char *const *words, print_group *begin,
			   print_check *print)
{
	bool *done = calloc(umm_why_count() + 1, sizeof(*done));
	struct umm_why_info info, other;

	if (!done)
		die("out of memory");
	for (unsigned int code = 0; code < umm_why_count(); code++) {
		if (done[code] || !check_info(code, &info) || !is_wanted(&info, words))
			continue;
		begin(out, info.calls);
		for (unsigned int next = code; next < umm_why_count(); next++) {
			if (!check_info(next, &other) || strcmp(other.calls, info.calls) ||
			    !is_wanted(&other, words))
				continue;
			print(out, &other);
			done[next] = true;
		}
	}
	free(done);
}

static void begin_group(struct out *out, const char *calls)
{
	struct text text = { 0 }, heading = { 0 };

	add_calls(&heading, calls);
	text_wrap(&text, heading.buf, 0, EXPLAIN_WIDTH);
	out_write(out, &text);
	text_free(&text);
	text_free(&heading);
}

static void add_line(struct text *text, const char *label, const char *string)
{
	struct text general = { 0 };
	size_t line = text->len;

	text_addf(text, "      %s", label);
	text_pad(text, line, 13);
	add_general(&general, string);
	text_wrap(text, general.buf, 13, EXPLAIN_WIDTH);
	text_free(&general);
}

static void print_entry(struct out *out, const struct umm_why_info *info)
{
	struct text text = { 0 };

	text_addf(&text, "  %s  %s%s%s\n", error_name(info->error), out_strong(out), info->name,
		  out_plain(out));
	add_line(&text, "why", info->text);
	add_line(&text, "check", info->function);
	add_line(&text, "limit", info->limit);
	if (info->remedy)
		add_line(&text, "fix", info->remedy);
	text_add(&text, "\n");
	out_write(out, &text);
	text_free(&text);
}

/* ---- docs/errors.md --------------------------------------------------------------------- */

static void begin_table(struct out *out, const char *calls)
{
	struct text text = { 0 };

	text_add(&text, "\n## ");
	add_calls(&text, calls);
	text_add(&text, "\n\n| error | check | what | when not | remedy |\n");
	text_add(&text, "|---|---|---|---|---|\n");
	out_write(out, &text);
	text_free(&text);
}

/* A cell: what would end it early is escaped. */
static void add_cell(struct text *text, const char *string)
{
	struct text general = { 0 };

	if (string)
		add_general(&general, string);
	text_add(text, "|");
	for (size_t i = 0; i < general.len; i++) {
		if (strchr("|<>*_", general.buf[i]))
			text_add(text, "\\");
		if (!i)
			text_add(text, " ");
		text_add_bytes(text, general.buf + i, 1);
	}
	text_add(text, " ");
	text_free(&general);
}

static void print_row(struct out *out, const struct umm_why_info *info)
{
	struct text text = { 0 };

	text_addf(&text, "| %s | `%s` (`%s`) ", error_name(info->error), info->name,
		  info->function);
	add_cell(&text, info->text);
	add_cell(&text, info->limit);
	add_cell(&text, info->remedy);
	text_add(&text, "|\n");
	out_write(out, &text);
	text_free(&text);
}

static const char page_head[] =
	"# Why a memory call is refused\n\n"
	"Generated from the catalogue (src/base/why\\*.def) by `usermm errors --markdown`: do not "
	"edit.\n`usermm errors [CALL|ERRNO|NAME]` shows the same in a terminal, and `usermm trace` "
	"the entry\nof a call that was refused, with its values.\n\n"
	"*when not* is the condition that a call has to meet, or the comparison that refused it.\n"
	"In the texts N, ADDR, SIZE, MODE and FLAGS stand for values of the call. Which checks\n"
	"cannot be provoked on the running kernel, and why, says tests/kernel/unprovoked.txt; a\n"
	"test provokes each of the others.\n";

static void print_page(struct out *out, char *const *words)
{
	struct text text = { 0 };

	text_add(&text, page_head);
	out_write(out, &text);
	text_free(&text);
	for_each_group(out, words, begin_table, print_row);
}

int cmd_errors(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	char **words;
	struct out out;

	options_parse(&options, verb, argc, argv);
	words = options.program;
	look_for_unknown(words);
	out_open(&out, NULL, STDOUT_FILENO, COLOR_NEVER, false);
	if (options.json) {
		json_header(&out, verb, NULL);
		for (unsigned int code = 0; code < umm_why_count(); code++) {
			struct umm_why_info info;

			if (check_info(code, &info) && is_wanted(&info, words))
				json_error(&out, &info, error_name(info.error));
		}
	} else if (options.markdown) {
		print_page(&out, words);
	} else {
		for_each_group(&out, words, begin_group, print_entry);
	}
	out_close(&out);
	return 0;
}
