/*
 * follower.h - what the parts of the follower share: one struct per run, per address space, per
 * thread, per call under way.
 *
 * Layer: host.  Private to it; the verbs of cli/ see follow.h.
 *
 *	follower ──┬── space (one address space: the model, and what we keep open on the kernel's)
 *	           │     ▲ turn: the calls under way in it, and the tasks that wait for theirs
 *	           └── task (one thread) ──► space, call (what it is in the middle of)
 *
 * One thread does everything; nothing here is locked.
 */
#ifndef HOST_FOLLOWER_H
#define HOST_FOLLOWER_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <usermm/usermm.h>

#include "host/calls_table.h"
#include "host/follow.h"
#include "host/perf_faults.h"
#include "host/procmaps.h"

struct task;

/* Why it is not known with whom an area that has this anon_vma shares it. */
enum doubt_kind {
	DOUBT_NONE,
	DOUBT_CONCURRENT,		/* two threads wrote to neighbours at once */
	DOUBT_SCANNED,			/* nobody reported the fault: its page was found */
	DOUBT_SIGBUS,			/* nor this one, which got no page: was it a write? */
	DOUBT_OLD,			/* it was there when we came */
	DOUBT_LOST,			/* more orders than we keep */
};

struct doubt {
	uint64_t anon_id;
	enum doubt_kind kind;
};

#define DOUBTS 128

/* A fault beside a call of another thread: before it or after it? */
struct beside {
	pid_t tid;
	uint64_t addr;
	unsigned int access;
	bool open;			/* had begun when the call did */
};

#define BESIDE 16

/* An anon_vma that a running thread's last fault made: that fault may not be through yet. */
struct gain {
	pid_t tid;
	unsigned int call;		/* space->nr_predicted when it was seen */
	uint64_t addr, anon_id;
};

#define GAINS 8

/* Pages of which it is not known what they are: pages.h. */
struct unknown_pages {
	uint64_t start, end;
	int why;			/* enum pages_doubt */
};

#define UNKNOWN_PAGES 64

struct space {
	struct umm_mm *mm;		/* NULL: not followed (before the first exec, given up) */
	struct space *next;		/* all spaces of the follower */
	unsigned int nr_tasks;		/* threads that live in it: whoever is last frees it */
	pid_t pid;			/* a thread that it can be looked at through */
	int maps_fd, smaps_fd, pagemap_fd;	/* -1 until wanted; bound to the address space */

	struct task *in_flight;		/* calls under way: one that is not parked, at most */
	unsigned int nr_in_flight, nr_parked, nr_held;
	unsigned int nr_waiting;	/* for the child of a vfork */
	struct task *held, **held_tail;	/* wait at their seccomp stop, first come first */
	bool order_unknown;		/* calls overlapped: the next difference is taken over */

	pid_t limits_of;		/* whose limits and capabilities the model has */
	uint64_t limits_read_ns;	/* when the limits were read last */
	uint32_t personality;		/* that the model has: the last caller's */
	bool randomized;		/* exec threw dice: so will MAP_32BIT */
	uint64_t base_low, base_high;	/* mmap_base is between; see mmap_base.h */
	unsigned int flag_calls;	/* calls that may have changed what only smaps shows */
	unsigned int calls_since_whole;	/* calls since the last comparison of everything */
	bool compare_whole;		/* another process changed it: at the next call */
	uint64_t faults, faults_before;	/* applied; of these, before the last call */
	bool uffds_looked_for;		/* areas watched by what nobody saw made */
	struct doubt doubt[DOUBTS];	/* a ring, the last ones */
	unsigned int nr_doubts;
	struct unknown *unknown;	/* of what was there when we came; NULL: we saw it begin */

	/* Its pages, if the model keeps some: pages.c, smaps.c. */
	struct unknown_pages unknown_pages[UNKNOWN_PAGES];
	unsigned int nr_unknown_pages;
	unsigned int family;		/* those that forks made of one may share pages */
	bool sharing_unknown;		/* pages may be shared with who is not followed */
	/*
	 * Somebody is about to write without a fault, or to truncate a file: for so many
	 * comparisons, for it is told before it is done; or for good.  See reached.h.
	 */
	unsigned int reached, truncated;
	bool reached_for_good;
	int watch;			/* of reached.h; below 0: none */
	bool smaps_due;			/* to be compared at the next call */
	uint64_t calls_since_smaps, smaps_cost;	/* calls; so many are between two comparisons */

	/* What else may have happened: orders.c. */
	struct hypothesis *hypotheses;	/* ways that the kernel's answers allow, besides mm */
	unsigned int nr_hypotheses;
	bool orders_lost;		/* there were more than we keep */
	struct umm_mm *base;		/* mm before the call under way, if that may be needed */
	struct task *base_of;		/* whose call that is */
	bool open_done;			/* the open faults are in the model that predicts */
	uint64_t reach_start, reach_end;	/* where a fault matters to the call under way */
	struct beside beside[BESIDE];
	unsigned int nr_beside;
	struct gain gain[GAINS];	/* a ring, the last ones */
	unsigned int nr_gains;
	unsigned int nr_predicted;	/* calls */
};

/* A call between its entry and its exit stop. */
struct call {
	const struct call_desc *desc;
	struct follow_call pub;
	bool active;			/* an exit stop is to come */
	bool in_flight;			/* counted in space->nr_in_flight */
	bool parked;			/* asleep inside: others are let in */
	bool todo;			/* not done yet in this model: another call overtook it */
	bool placed_by_chance;		/* MAP_32BIT: the model is told the address afterwards */
	bool agreed;			/* the answer */
	bool changed;			/* what was taken over differed */
	int64_t truth;			/* the kernel's answer, though pub.got be falsified */
	const char *adopt_reason;	/* decided at entry: how the answer will be taken over */
	const char *adopt_detail;
	bool elsewhere;			/* it is about another process */
	uint64_t start, end;		/* whose areas are compared afterwards */
	uint64_t gone_start, gone_end;	/* areas that are wholly gone if it succeeds */
	uint64_t unlike_start, unlike_end;	/* of these, what was compared last */
	uint64_t from_start, from_end;	/* and these: where they were moved from */
	uint64_t clone_flags;
	uint64_t clear_tid;		/* where the child's exit will write; 0: nowhere */
	struct umm_mm *child;		/* the model of the fork's child until it has a task */
	pid_t event_pid;		/* the child that the fork event told of */
	struct umm_file *file;		/* held over the call when it is placed by chance */
	uint64_t since_ns;		/* when it was let in, if anybody waits */
	uint64_t poked_flags;		/* clone3: its flags in memory before ours */
	bool poked;
	uint64_t argv0_bytes;		/* execve: of its first argument, with NUL */
};

/* A call under way as a hypothesis has it. */
struct view {
	struct task *task;
	struct call call;
};

#define HYPOTHESES 8
#define VIEWS 4

/* The address space as it is if things happened in another order. */
struct hypothesis {
	struct hypothesis *next;
	struct umm_mm *mm, *base;
	unsigned int age;		/* calls since it was made */
	unsigned int nr_views;
	struct view view[VIEWS];
};

enum task_state {
	TASK_NEWBORN,			/* seen, but its parent's event is still to come */
	TASK_RUNNING,			/* or inside a call */
	TASK_HELD,			/* at its seccomp stop, waits for its turn */
};

struct task {
	pid_t tid, tgid;
	enum task_state state;
	struct task *hash_next;
	struct task *turn_next;		/* in space->held or space->in_flight */
	struct space *space;		/* NULL: not followed */
	struct call call;
	uint32_t personality;		/* each thread has its own */
	struct umm_why *why;		/* room for call.pub.why; NULL unless explained */
	bool stopped_newborn;		/* it stands at its first stop */
	uint64_t newborn_ns;		/* since when */
	bool reported;			/* the sink knows it */
	bool quiet;			/* of a child that nobody asked to follow */
	bool exiting;			/* past PTRACE_EVENT_EXIT */
	bool in_exec;			/* its faults may be those of the program to come */
	bool waiting;			/* for the child of its vfork */
	unsigned int called;		/* the period of its last stop: pin.c */
	size_t last_sample;		/* of it in a batch; see samples.c */
	int pidfd;			/* -1 until a descriptor is looked at */
	bool every_call;		/* no filter: it stops at each call, entry and exit */
	bool attached;			/* one of those that follow_attach() was told of */
	bool parked;			/* stands at parked_status, to be dispatched or detached */
	bool late;			/* was inside a call when its space was imported */
	bool let_go;			/* detach it at its first stop */
	int parked_status;
	uint64_t clear_tid;		/* its exit writes there, if others live on in its memory */
	struct space *left;		/* where it was before it began to exit; may be gone */
	unsigned int leaving;		/* family of the space that goes with it: 0 for none */
	uint64_t fault_addr;		/* the last sample: what a SIGSEGV will be about */
	uint64_t fault_ns;		/* when that was */
	unsigned int fault_access;
	bool pinned;
	cpu_set_t true_mask;		/* of a pinned task: what it believes */
};

/* Where a comparison found the two sides to part. */
struct difference {
	uint64_t start, end;
	uint64_t flags;			/* in these VmFlags alone; 0: in more */
};

#define TASK_BUCKETS 256
#define KNOWN_BUCKETS 256

struct known_file;
struct unknown;
struct known_uffd;
struct pin;
struct settings;

struct follower {
	const struct follow_options *options;
	const struct follow_sink *sink;
	struct follow_summary *summary;
	struct umm_world *world;
	struct settings *settings;
	struct pin *pin;
	struct perf_faults *faults;	/* NULL: no samples */
	bool faults_unseen;		/* no samples, or some were lost */
	bool pages;			/* the model keeps pages */
	unsigned int nr_families;
	bool unfollowed;		/* said once that children share pages */
	bool truncated;			/* files may be shorter than they were */
	int watches;			/* inotify, if watches_open: reached.h */
	bool watches_open;
	bool pages_unseen;		/* not all faults are reported: no page is known */

	struct task *tasks[TASK_BUCKETS];
	unsigned int nr_tasks, nr_newborn;	/* newborns that stand at their first stop */
	struct space *spaces;
	struct known_file *files[KNOWN_BUCKETS];
	struct known_uffd *uffds;

	struct proc_areas areas;	/* scratch of comparisons */
	struct proc_areas smaps;	/* scratch of imports */
	struct difference difference;	/* of the comparison that failed last */
	struct fault_sample *pending;	/* samples of tasks that are not known yet */
	size_t nr_pending, pending_room;

	const struct task *caller;	/* stands at its entry stop, about to go in */
	bool predicting;		/* the call has not begun yet */
	bool supposing;			/* a hypothesis is asked: nothing is counted or told */
	bool branching;			/* a call is done again: orders.c */
	pid_t main_pid;
	bool attached;			/* follow_attach(): nobody is pinned, killed or filtered */
	bool strangers;			/* we had children before we started the program */
	bool gave_up;
	bool own_counted;		/* the vdso of our own process, as observed */
	bool hidden_descriptors;	/* said once that they could not be looked at */
	bool unreadable;		/* said once that areas could not be read */
	bool no_memory;			/* our own memory ran out: the run ends */
	unsigned long falsify_seen, writes_heard;
};

/* Send a text to sink->warning. */
void follower_warn(const struct follower *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

uint64_t follower_now_ns(void);

#endif
