/*
 * host.c - a target that is the running kernel: seq_native, step by step.
 *
 * So that answers are the same wherever they are recorded, this process gives up what an ordinary
 * one does not have: its capabilities, and limits other than the usual ones.  There is no way back:
 * whoever makes such a target does nothing else.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/platform_posix.h"
#include "seq/native.h"
#include "seq/vectors/machine.h"
#include "seq/vectors/names.h"
#include "seq/vectors/target.h"

struct host {
	struct target target;
	struct seq_native *native;
	struct seq_start start;
	struct target_names names;
	size_t nr;			/* steps so far */
};

static struct host *to_host(struct target *target)
{
	return (struct host *)target;
}

static void host_reset(struct target *target)
{
	struct host *host = to_host(target);

	seq_native_end(host->native);
	names_clear(&host->names);
	host->nr = 0;
}

static enum target_result host_begin(struct target *target, const struct vector_machine *machine,
				     struct seq_bases *bases)
{
	struct host *host = to_host(target);
	const char *error = "";

	(void)machine;			/* this one is as it is */
	host_reset(target);
	if (seq_native_begin(host->native, &host->start, &error)) {
		target_trouble(target, "no process to make the calls: %s", error);
		return TARGET_BROKEN;
	}
	memcpy(bases->base, host->start.base, sizeof(bases->base));
	return TARGET_OK;
}

static enum target_result host_step(struct target *target, const struct seq_step *step,
				    int64_t *answer)
{
	const struct seq_native_wishes wishes = { .timeout_ms = 8000 };
	struct host *host = to_host(target);
	const char *error = "";
	struct seq_step named;
	struct seq seq = { &named, 1 };

	names_apply(&host->names, step, &named);
	if (seq_native_run(host->native, &seq, NULL, &wishes, &error)) {
		target_trouble(target, "the process that makes the calls: %s", error);
		return TARGET_BROKEN;
	}
	*answer = seq_native_answer(host->native, host->nr++);
	names_note(&host->names, step, *answer);
	if (step->call == SEQ_USERFAULTFD && *answer == -EPERM) {
		target_trouble(target, "vm.unprivileged_userfaultfd is 0 and CAP_SYS_PTRACE "
			       "is missing");
		return TARGET_UNSUPPORTED;
	}
	if (*answer == SEQ_SKIPPED) {
		target_trouble(target, "a step that is not executed: see docs/vectors.md");
		return TARGET_UNSUPPORTED;
	}
	return TARGET_OK;
}

/* As the newest kernels write them: older ones have ?? for a flag that they have no name for. */
static void set_flags(struct area *area, const char *text)
{
	char renamed[256];
	unsigned int unknown;
	uint64_t flags = umm_vm_flags_parse(text, &unknown);

	umm_vm_flags_text(flags, renamed, sizeof(renamed));
	area_set_flags(area, unknown ? text : renamed);
}

/* smaps has a line as maps for each area, then its VmFlags. */
static void read_smaps(FILE *smaps, const struct seq_start *start, struct areas *areas)
{
	static const char flags[] = "VmFlags:";
	bool ours = false;
	char *line = NULL;
	size_t room = 0;
	struct area area;

	while (getline(&line, &room, smaps) >= 0) {
		if (!strncmp(line, flags, sizeof(flags) - 1)) {
			if (ours)
				set_flags(&areas->area[areas->nr - 1], line + sizeof(flags) - 1);
		} else if (*line >= 'A' && *line <= 'Z') {
			continue;
		} else {
			ours = !strstr(line, "[vsyscall]") &&
			       !area_of_maps_line(line, start, &area);
			if (ours)
				areas_add(areas, &area);
		}
	}
	free(line);
}

static enum target_result host_areas(struct target *target, unsigned int process,
				     struct areas *areas)
{
	struct host *host = to_host(target);
	pid_t pid = seq_native_pid(host->native, process);
	char path[64];
	FILE *smaps;

	areas_clear(areas);
	if (pid < 0) {
		target_trouble(target, "there is no process %u", process);
		return TARGET_UNSUPPORTED;
	}
	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	smaps = fopen(path, "re");
	if (!smaps) {
		target_trouble(target, "%s cannot be read", path);
		return TARGET_BROKEN;
	}
	read_smaps(smaps, &host->start, areas);
	fclose(smaps);
	return TARGET_OK;
}

static enum target_result host_end(struct target *target)
{
	host_reset(target);
	return TARGET_OK;
}

/* Rules that the kernel was asked, where its version says otherwise. */
static void describe_rules(const struct host *host, struct vector_machine *machine)
{
	const struct umm_settings *settings = seq_native_settings(host->native);
	struct umm_world *asked, *plain;
	struct umm_platform platform;
	struct umm_rule_info info;
	char name[32];

	umm_platform_posix(&platform);
	if (umm_world_new(&platform, settings, &asked))
		return;
	if (!umm_world_new(&platform, settings, &plain)) {
		if (!seq_native_set_rules(host->native, asked)) {
			for (unsigned int i = 0; i < umm_rule_count(); i++) {
				bool on = umm_world_rule(asked, i);

				if (umm_rule_info(i, &info) || on == umm_world_rule(plain, i))
					continue;
				snprintf(name, sizeof(name), "rule.%.26s", info.name);
				vector_set(machine, name, on ? "on" : "off");
			}
		}
		umm_world_free(plain);
	}
	umm_world_free(asked);
}

static void host_describe(struct target *target, struct vector_machine *machine)
{
	struct host *host = to_host(target);

	machine_describe(seq_native_settings(host->native), &host->start, machine);
	describe_rules(host, machine);
}

static void host_free(struct target *target)
{
	struct host *host = to_host(target);

	seq_native_end(host->native);
	seq_native_free(host->native);
	free(host);
}

/* ---- an ordinary process -------------------------------------------------------------------- */

static int set_limit(int resource, uint64_t soft, uint64_t hard)
{
	struct rlimit limit = { soft, hard };

	return setrlimit((__rlimit_resource_t)resource, &limit);
}

/*
 * All but CAP_SYS_PTRACE, without which there is no userfaultfd on many machines.  Root would have
 * the others again after exec, but for SECBIT_NOROOT.
 */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];
	const uint32_t kept = 1u << CAP_SYS_PTRACE;

	if (syscall(SYS_capget, &header, caps))
		return -1;
	prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	caps[0].permitted &= kept;
	caps[0].effective = caps[0].inheritable = caps[0].permitted;
	memset(&caps[1], 0, sizeof(caps[1]));
	if (syscall(SYS_capset, &header, caps))
		return -1;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_PTRACE, 0, 0);
	return 0;
}

/* The stack's limit decides where top is. */
static const char *become_ordinary(void)
{
	const uint64_t mib = UINT64_C(1) << 20;

	if (set_limit(RLIMIT_MEMLOCK, 8 * mib, 8 * mib))
		return "RLIMIT_MEMLOCK is below the 8 MiB that vectors are recorded with";
	if (set_limit(RLIMIT_STACK, 8 * mib, RLIM_INFINITY) ||
	    set_limit(RLIMIT_DATA, RLIM_INFINITY, RLIM_INFINITY) ||
	    set_limit(RLIMIT_AS, RLIM_INFINITY, RLIM_INFINITY))
		return "hard limits are in the way: RLIMIT_STACK, DATA and AS must be infinite";
	if (drop_capabilities())
		return "the capabilities cannot be dropped";
	return NULL;
}

struct target *target_host_new(char *error)
{
	static const struct target_ops ops = {
		.begin = host_begin, .step = host_step, .areas = host_areas, .end = host_end,
		.reset = host_reset, .describe = host_describe, .free = host_free,
	};
	const char *wrong = become_ordinary();
	struct host *host;

	if (wrong) {
		snprintf(error, VECTOR_ERROR_BYTES, "%s", wrong);
		return NULL;
	}
	host = vectors_alloc(NULL, 1, sizeof(*host));
	memset(host, 0, sizeof(*host));
	host->target.ops = &ops;
	if (seq_native_new(&host->native, &wrong)) {
		snprintf(error, VECTOR_ERROR_BYTES, "%s", wrong);
		free(host);
		return NULL;
	}
	return &host->target;
}
