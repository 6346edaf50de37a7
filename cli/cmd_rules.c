/*
 * cmd_rules.c - usermm rules: the table of src/base/rules.def, as this machine's kernel has it.
 */
#include <stdlib.h>
#include <unistd.h>

#include "cli/json.h"
#include "cli/trouble.h"
#include "cli/verbs.h"
#include "host/platform_posix.h"
#include "host/probe.h"

/* Ask a world of the running kernel: it alone knows what a version means, and the kernel itself. */
static void ask_world(bool *on)
{
	struct umm_platform platform;
	struct umm_settings settings;
	struct umm_world *world;
	int error;

	umm_platform_posix(&platform);
	umm_settings_init(&settings, running_kernel());
	error = umm_world_new(&platform, &settings, &world);
	if (!error)
		error = probe_rules(world);
	if (error)
		die("rules: cannot make a model of this kernel (error %d)", -error);
	for (unsigned int i = 0; i < umm_rule_count(); i++)
		on[i] = umm_world_rule(world, i);
	umm_world_free(world);
}

static void add_version(struct text *text, uint32_t kernel, size_t line, size_t column)
{
	if (kernel)
		add_kernel(text, kernel);
	else
		text_add(text, "-");
	text_pad(text, line, column);
}

static void print_table(struct out *out, const bool *on)
{
	const size_t since = 26, until = 33, here = 40, what = 46;
	struct text text = { 0 }, title = { 0 };

	add_kernel(&title, running_kernel());
	text_addf(&text, "%-*s%-7s%-7s%-6s%s\n", (int)since, "RULE", "SINCE", "UNTIL", title.buf,
		  "WHAT");
	text_free(&title);
	for (unsigned int i = 0; i < umm_rule_count(); i++) {
		struct umm_rule_info info;
		size_t line = text.len;

		if (umm_rule_info(i, &info))
			continue;
		text_add(&text, info.name);
		text_add(&text, " ");
		text_pad(&text, line, since);
		add_version(&text, info.since, line, until);
		add_version(&text, info.until, line, here);
		text_add(&text, on[i] ? "on" : "off");
		text_pad(&text, line, what);
		text_wrap(&text, info.text, what, EXPLAIN_WIDTH);
	}
	out_write(out, &text);
	text_free(&text);
}

int cmd_rules(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	struct out out;
	bool *on;

	options_parse(&options, verb, argc, argv);
	out_open(&out, NULL, STDOUT_FILENO, COLOR_NEVER, false);
	on = calloc(umm_rule_count() + 1, sizeof(*on));
	if (!on)
		die("out of memory");
	ask_world(on);
	if (options.json) {
		json_header(&out, verb, NULL);
		json_rules(&out, on);
	} else {
		print_table(&out, on);
	}
	free(on);
	out_close(&out);
	return 0;
}
