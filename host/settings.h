/*
 * settings.h - the machine that the traced program runs on, as umm_settings.
 *
 * Layer: host.  Read once; what another process may change is read again before a call that it
 * may decide, never after the kernel has answered.
 */
#ifndef HOST_SETTINGS_H
#define HOST_SETTINGS_H

#include <stdint.h>

#include <usermm/usermm.h>

struct settings {
	struct umm_settings umm;
	int max_map_count_fd, overcommit_fd;
	unsigned int randomize;		/* kernel.randomize_va_space: 0, 1, 2 */
	/* What our own process has and may do is what others have and may. */
	struct umm_vdso_image vdso;
	bool no_vdso_option[3];		/* ARCH_MAP_VDSO_X32, _32, _64 */
	uint64_t task_size;		/* first address above user space */
	bool pipes_noexec, anon_inodes_noexec;
	uint32_t possible_cpus;
	bool shadow_stacks;		/* there are some: what is done with them is adopted */
	bool has_pkeys;			/* the processor has protection keys, and they are on */
	uint64_t read_at_ns;		/* when the slow ones were read last */
};

/* Read everything.  What cannot be read keeps its default. */
void settings_read(struct settings *settings);
void settings_close(struct settings *settings);

/* Read vm.max_map_count again.  True if it changed. */
bool settings_refresh_map_count(struct settings *settings);

/*
 * Read what big requests ask for: overcommit, memory, swap, huge pages; and what of the machine's
 * promises is not of @world.  True if it changed.
 */
bool settings_refresh_memory(struct settings *settings, struct umm_world *world);

/*
 * The kernel asks a counter that lags behind by some pages on each CPU.  True if a refusal for the
 * sake of vm.overcommit_memory=2 of a request for @pages could go either way.
 */
bool settings_commit_is_close(const struct settings *settings, struct umm_world *world,
			      uint64_t pages);

#endif
