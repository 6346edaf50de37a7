#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/json.h"
#include "cli/strace_flags.h"
#include "cli/strace_line.h"
#include "cli/trouble.h"
#include "cli/verbs.h"

/* Set @key of @object to @value, whose reference is taken. */
static void put(json_t *object, const char *key, json_t *value)
{
	if (!value || json_object_set_new(object, key, value))
		die("out of memory");
}

/* A string of somebody else's: bytes that are no UTF-8 become '?'. */
static json_t *string_of(const char *bytes)
{
	json_t *string = json_string(bytes);
	char *copy;

	if (string)
		return string;
	copy = strdup(bytes);
	for (char *c = copy; c && *c; c++)
		*c = *c & 0x80 ? '?' : *c;
	string = copy ? json_string(copy) : NULL;
	free(copy);
	return string;
}

static json_t *hex(uint64_t value)
{
	char string[24];

	snprintf(string, sizeof(string), "0x%" PRIx64, value);
	return json_string(string);
}

static void put_string(json_t *object, const char *key, const char *value)
{
	put(object, key, value ? string_of(value) : json_null());
}

static json_t *record(const char *type)
{
	json_t *object = json_object();

	if (!object)
		die("out of memory");
	put(object, "type", json_string(type));
	return object;
}

static void write_record(struct out *out, json_t *object)
{
	char *line = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
	struct text text = { 0 };

	json_decref(object);
	if (!line)
		die("out of memory");
	text_add(&text, line);
	text_add(&text, "\n");
	free(line);
	out_write(out, &text);
	text_free(&text);
}

static json_t *text_string(struct text *text)
{
	json_t *string = string_of(text->buf);

	text_free(text);
	return string;
}

static json_t *pids_of(const struct options *options)
{
	json_t *pids = json_array();

	for (size_t i = 0; i < options->nr_pids; i++)
		if (json_array_append_new(pids, json_integer(options->pid[i])))
			die("out of memory");
	return pids;
}

void json_header(struct out *out, const struct verb *verb, const struct options *options)
{
	char *const *program = options ? options->program : NULL;
	json_t *object = record("header"), *argv = json_array();
	struct text kernel = { 0 };

	put(object, "v", json_integer(JSON_VERSION));
	put(object, "usermm", json_string(umm_version_string()));
	put(object, "verb", json_string(verb->name));
	add_kernel(&kernel, running_kernel());
	put(object, "kernel", text_string(&kernel));
	for (; program && *program; program++) {
		if (json_array_append_new(argv, string_of(*program)))
			die("out of memory");
	}
	if (program)
		put(object, "argv", argv);
	else
		json_decref(argv);
	if (options && options->nr_pids)
		put(object, "pids", pids_of(options));
	write_record(out, object);
}

/* ---- why ------------------------------------------------------------------------------------ */

static json_t *filled(const char *format, const struct umm_why_entry *entry)
{
	struct text text = { 0 };

	text_add(&text, "");
	explain_fill(&text, format, entry);
	return text_string(&text);
}

static json_t *why_entry(const struct umm_why_entry *entry, const struct umm_why_info *info)
{
	json_t *object = json_object(), *values = json_array();

	put(object, "code", json_string(info->name));
	put(object, "function", json_string(info->function));
	put(object, "text", filled(info->text, entry));
	for (size_t i = 0; i < UMM_WHY_VALUES; i++) {
		if (json_array_append_new(values, hex(entry->value[i])))
			die("out of memory");
	}
	put(object, "values", values);
	return object;
}

static json_t *refused(const struct umm_why_entry *entry, const struct umm_why_info *info)
{
	json_t *object = why_entry(entry, info);
	struct text error = { 0 };

	strace_errno(&error, info->error);
	put(object, "error", text_string(&error));
	put(object, "limit", info->limit ? filled(info->limit, entry) : json_null());
	put(object, "remedy", info->remedy ? filled(info->remedy, entry) : json_null());
	return object;
}

static json_t *passed(const struct umm_why_entry *entry, const struct umm_why_info *info)
{
	json_t *object = why_entry(entry, info);

	json_object_del(object, "text");	/* it says what would have been wrong */
	put_string(object, "ruled_out", info->ruled_out);
	return object;
}

static json_t *note(const struct umm_why_entry *entry, const struct umm_why_info *info)
{
	json_t *object = why_entry(entry, info);

	put(object, "label", json_string(explain_label(info->name)));
	return object;
}

static void put_why(json_t *object, const struct umm_why *why)
{
	json_t *notes, *ruled_out;

	if (!why)
		return;
	notes = json_array();
	ruled_out = json_array();
	for (unsigned int i = 0; i < why->nr; i++) {
		const struct umm_why_entry *entry = &why->entry[i];
		struct umm_why_info info;
		int failed = 0;

		if (umm_why_info(entry->code, &info))
			continue;
		if (entry->kind == UMM_WHY_REFUSED)
			put(object, "refused", refused(entry, &info));
		else if (entry->kind == UMM_WHY_PASSED)
			failed = json_array_append_new(ruled_out, passed(entry, &info));
		else
			failed = json_array_append_new(notes, note(entry, &info));
		if (failed)
			die("out of memory");
	}
	put(object, "ruled_out", ruled_out);
	put(object, "notes", notes);
}

/* ---- what happened --------------------------------------------------------------------------- */

/* An answer: an address as a string, a negative error or a plain number as a number. */
static json_t *answer(long nr, int64_t value)
{
	const int64_t max_errno = 4095;

	if (strace_returns_address(nr) && !(value < 0 && value >= -max_errno))
		return hex((uint64_t)value);
	return json_integer(value);
}

static void put_call(json_t *object, const struct follow_call *call)
{
	struct text name = { 0 };

	strace_call_name(&name, call->nr);
	put(object, "call", text_string(&name));
}

static void json_call(void *ctx, const struct follow_call *call)
{
	json_t *object = record("call"), *args = json_array();
	struct text line = { 0 }, error = { 0 };

	put(object, "pid", json_integer(call->pid));
	put(object, "tid", json_integer(call->tid));
	put_call(object, call);
	for (size_t i = 0; i < strace_nr_args(call->nr); i++) {
		if (json_array_append_new(args, hex(call->arg[i])))
			die("out of memory");
	}
	put(object, "args", args);
	strace_line(&line, 0, call);
	put(object, "line", text_string(&line));
	if (!call->modelled)
		put(object, "predicted", json_null());
	else if (call->predicted_any)
		put(object, "predicted", json_string("success"));
	else
		put(object, "predicted", answer(call->nr, call->predicted));
	put(object, "got", call->no_return ? json_null() : answer(call->nr, call->got));
	if (!call->no_return && call->got < 0 && call->got >= -4095) {
		strace_errno(&error, (int)-call->got);
		put(object, "error", text_string(&error));
	}
	put(object, "adopted", json_boolean(call->adopted));
	put_why(object, call->why);
	write_record(ctx, object);
}

static void json_divergence(void *ctx, const struct follow_divergence *divergence)
{
	static const char *const kind[] = {
		[FOLLOW_DIVERGED_RESULT] = "result",
		[FOLLOW_DIVERGED_MAPS] = "maps",
		[FOLLOW_DIVERGED_SMAPS] = "smaps",
	};
	json_t *object = record("divergence");
	struct text line = { 0 };

	put(object, "kind",
	    json_string(kind[divergence->kind]));
	put(object, "pid", json_integer(divergence->pid));
	put(object, "tid", json_integer(divergence->tid));
	if (divergence->call) {
		put_call(object, divergence->call);
		strace_line(&line, 0, divergence->call);
		put(object, "line", text_string(&line));
	}
	put_string(object, "where", divergence->where);
	put_string(object, "model", divergence->model);
	put_string(object, "kernel", divergence->kernel);
	write_record(ctx, object);
}

static void json_adopted(void *ctx, pid_t pid, const struct follow_call *call,
			 const struct follow_adopted *adopted)
{
	json_t *object = record("adopted");

	put(object, "pid", json_integer(pid));
	if (call)
		put_call(object, call);
	put_string(object, "reason", adopted->reason);
	put_string(object, "detail", adopted->detail);
	write_record(ctx, object);
}

static void json_shared(void *ctx, const struct follow_shared *shared)
{
	json_t *object = record("shared");

	put(object, "pid", json_integer(shared->call->pid));
	put_call(object, shared->call);
	put(object, "pages", json_integer((json_int_t)shared->pages));
	put(object, "areas", json_integer((json_int_t)shared->areas));
	write_record(ctx, object);
}

static void json_unshared(void *ctx, const struct follow_unshared *unshared)
{
	json_t *object = record("unshared"), *others = json_array();

	put(object, "pid", json_integer(unshared->pid));
	put(object, "tid", json_integer(unshared->tid));
	put(object, "addr", hex(unshared->addr));
	for (unsigned int i = 0; i < unshared->nr_others && i < FOLLOW_OTHERS; i++)
		if (json_array_append_new(others, json_integer(unshared->other[i])))
			die("out of memory");
	put(object, "others", others);
	put(object, "nr_others", json_integer(unshared->nr_others));
	write_record(ctx, object);
}

static void json_exec(void *ctx, const struct follow_exec *exec)
{
	json_t *object = record("exec");

	put(object, "pid", json_integer(exec->pid));
	put_string(object, "path", exec->path);
	put(object, "killed", json_boolean(exec->killed));
	put_why(object, exec->why);
	write_record(ctx, object);
}

static void json_signal(void *ctx, const struct follow_signal *signal)
{
	json_t *object = record("signal");
	struct text name = { 0 }, line = { 0 };

	put(object, "pid", json_integer(signal->pid));
	put(object, "tid", json_integer(signal->tid));
	strace_signal_name(&name, signal->signo);
	put(object, "signal", text_string(&name));
	strace_signal(&line, signal);
	put(object, "line", text_string(&line));
	put_why(object, signal->why);
	write_record(ctx, object);
}

static void json_exited(void *ctx, pid_t tid, bool leader, int wait_status)
{
	json_t *object = record("exited");
	struct text name = { 0 };

	put(object, "tid", json_integer(tid));
	put(object, "process", json_boolean(leader));
	if (WIFSIGNALED(wait_status)) {
		strace_signal_name(&name, WTERMSIG(wait_status));
		put(object, "signal", text_string(&name));
	} else {
		put(object, "status", json_integer(WEXITSTATUS(wait_status)));
	}
	write_record(ctx, object);
}

static void json_superseded(void *ctx, pid_t tid, pid_t by)
{
	json_t *object = record("superseded");

	put(object, "tid", json_integer(tid));
	put(object, "by", json_integer(by));
	write_record(ctx, object);
}

static void json_new_task(void *ctx, pid_t parent, pid_t child, bool thread)
{
	json_t *object = record(thread ? "thread" : "process");

	put(object, "parent", json_integer(parent));
	put(object, "tid", json_integer(child));
	write_record(ctx, object);
}

static void json_detached(void *ctx, pid_t pid)
{
	json_t *object = record("detached");

	put(object, "pid", json_integer(pid));
	write_record(ctx, object);
}

static void json_warning(void *ctx, const char *message)
{
	json_t *object = record("warning");

	put_string(object, "message", message);
	write_record(ctx, object);
}

void json_sink(struct follow_sink *sink, struct out *out)
{
	*sink = (struct follow_sink){
		.ctx = out,
		.call = json_call,
		.divergence = json_divergence,
		.adopted = json_adopted,
		.shared = json_shared,
		.unshared = json_unshared,
		.exec = json_exec,
		.signal = json_signal,
		.exited = json_exited,
		.superseded = json_superseded,
		.new_task = json_new_task,
		.detached = json_detached,
		.warning = json_warning,
	};
}

void json_trouble(struct out *out, const char *message)
{
	json_t *object = record("trouble");

	put_string(object, "message", message);
	write_record(out, object);
}

void json_summary(struct out *out, const struct follow_summary *summary)
{
	json_t *object = record("summary"), *by = json_object();

	put(object, "calls", json_integer((json_int_t)summary->calls));
	put(object, "processes", json_integer((json_int_t)summary->processes));
	put(object, "threads", json_integer((json_int_t)summary->threads));
	put(object, "faults", json_integer((json_int_t)summary->faults));
	put(object, "maps", json_integer((json_int_t)summary->maps));
	if (summary->verified_smaps) {
		json_t *unknown = json_object();

		for (unsigned int i = 0; follow_unknown_text(i); i++)
			if (summary->unknown_by[i])
				put(unknown, follow_unknown_text(i),
				    json_integer((json_int_t)summary->unknown_by[i]));
		put(object, "unknown_by", unknown);
		put(object, "smaps", json_integer((json_int_t)summary->smaps));
		put(object, "smaps_alone", json_integer((json_int_t)summary->smaps_alone));
		put(object, "smaps_unknown", json_integer((json_int_t)summary->smaps_unknown));
	}
	put(object, "divergences", json_integer((json_int_t)summary->divergences));
	put(object, "either", json_integer((json_int_t)summary->either));
	put(object, "adopted", json_integer((json_int_t)summary->adopted));
	put(object, "observed", json_integer((json_int_t)summary->observed));
	if (summary->attached) {
		put(object, "attached", json_integer((json_int_t)summary->attached));
		put(object, "old_areas", json_integer((json_int_t)summary->old_areas));
		put(object, "detached", json_boolean(summary->detached));
	}
	for (size_t i = 0; i < summary->nr_adopted_by; i++)
		put(by, summary->adopted_by[i].reason,
		    json_integer((json_int_t)summary->adopted_by[i].count));
	put(object, "adopted_by", by);
	write_record(out, object);
}

void json_rules(struct out *out, const bool *on)
{
	for (unsigned int i = 0; i < umm_rule_count(); i++) {
		json_t *object = record("rule");
		struct text since = { 0 }, until = { 0 };
		struct umm_rule_info info;

		if (umm_rule_info(i, &info)) {
			json_decref(object);
			continue;
		}
		put(object, "name", json_string(info.name));
		add_kernel(&since, info.since);
		add_kernel(&until, info.until);
		put(object, "since", info.since ? text_string(&since) : json_null());
		put(object, "until", info.until ? text_string(&until) : json_null());
		text_free(&since);
		text_free(&until);
		put(object, "on", json_boolean(on[i]));
		put(object, "verified", json_string(info.verified));
		put(object, "text", json_string(info.text));
		write_record(out, object);
	}
}

static json_t *words(const char *list)
{
	json_t *array = json_array();

	while (*list) {
		size_t length = strcspn(list, " ");

		if (json_array_append_new(array, json_stringn(list, length)))
			die("out of memory");
		list += length;
		list += strspn(list, " ");
	}
	return array;
}

void json_error(struct out *out, const struct umm_why_info *info, const char *error)
{
	json_t *object = record("error");

	put(object, "name", json_string(info->name));
	put(object, "errno", json_string(error));
	put(object, "calls", words(info->calls));
	put(object, "function", json_string(info->function));
	put(object, "text", json_string(info->text));
	put(object, "limit", json_string(info->limit));
	put(object, "remedy", info->remedy ? json_string(info->remedy) : json_null());
	write_record(out, object);
}
