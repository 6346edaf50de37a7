/*
 * adopt.h - answers taken over from the kernel, each under a reason of a closed list.
 *
 * Layer: host.  An adopted answer never counts as agreed.
 */
#ifndef HOST_ADOPT_H
#define HOST_ADOPT_H

#include "host/follower.h"

/*
 * The reasons.  Besides these: "device:PATH" where a driver's own mmap answered, and those that a
 * family of calls has for itself ("collapse").
 */
#define ADOPT_ATTACH		"attach"		/* what was there when we came */
#define ADOPT_BEFORE		FOLLOW_BEFORE_ATTACH
#define ADOPT_REACHED		"unseen write"		/* to pages, without a fault: reached.h */
#define ADOPT_TRUNCATED		"truncated file"	/* what was written to it privately goes */
#define ADOPT_HUGE_PAGES	"huge pages"	/* whether one was free, and khugepaged */
#define ADOPT_COMMIT		"commit counter"	/* close to CommitLimit: it lags behind */
#define ADOPT_SECCOMP		"outside mm: seccomp"	/* its own filter refused the call */
#define ADOPT_EXEC		"exec"			/* by a loader that is not modelled */
#define ADOPT_MAP_32BIT		"MAP_32BIT"		/* its random start */
#define ADOPT_MMAP_BASE		"mmap_base"		/* its last pages: mmap_base.h */
#define ADOPT_SHMEM_INODE	"shmem inode"		/* of a shared anonymous object */
#define ADOPT_OUTSIDE		"outside mm: process limit"
#define ADOPT_OUTSIDE_ACTOR	"outside actor"		/* who is not followed did something */
#define ADOPT_ORDER_UNKNOWN	"order unknown"		/* calls that had to overlap */
#define ADOPT_FAULT_ORDER	"anon_vma order"	/* of faults that nobody reported */
#define ADOPT_KILLED		"killed in a call"	/* nobody knows how far it came */
#define ADOPT_FSYNC		"outside mm: fsync"	/* a file system could not write */
#define ADOPT_EXE_FILE		"outside mm: exe file"	/* of PR_SET_MM */
#define ADOPT_AIO		"outside mm: aio"	/* events of the machine */
#define ADOPT_COLLAPSE		"collapse"		/* into huge pages: if memory is free */
#define ADOPT_MEMORY_FAILURE	"memory failure"	/* pages poisoned by a test */
#define ADOPT_FILE_SYSTEM	"file system"		/* that refused a hole in a file */
#define ADOPT_OTHER_PROCESS	"other process"		/* not followed, gone, or out of reach */
#define ADOPT_PAGE_NODES	"nodes of pages"	/* MPOL_MF_STRICT: where they are */
#define ADOPT_WATCHED_ARGUMENT	"watched argument"	/* in memory of a userfaultfd */
#define ADOPT_CLOSED_UFFD	"closed userfaultfd"	/* merges, in an order unknown */
#define ADOPT_USERFAULTFD	"userfaultfd"		/* that nobody saw made */
#define ADOPT_DESCRIPTOR	"descriptor"		/* one that could not be looked at */
#define ADOPT_IPC_NAMESPACE	"IPC namespace"		/* not ours: its segments are hidden */
#define ADOPT_PKEYS		"protection keys"	/* of a processor that has some */
#define ADOPT_SHADOW_STACKS	"shadow stacks"		/* of a machine that has them */

/* Count it and tell the sink.  @call may be NULL. */
void adopt_count(struct follower *f, struct task *task, const struct follow_call *call,
		 const char *reason, const char *detail);

/* "device:PATH", living as long as the program. */
const char *adopt_device_reason(const char *path);

/*
 * Make the model's areas in [start, end), and those that touch it, what the kernel's are now.
 * @moved_from as of umm_adopt_range().  A negative error.
 */
int adopt_areas(struct follower *f, struct space *space, uint64_t start, uint64_t end,
		uint64_t moved_from);

/* The whole address space; where it cannot be read, that is said. */
void adopt_everything(struct follower *f, struct task *task);

enum adopt_anon_which {
	ADOPT_ANON_WRITABLE,		/* of those that can be written now */
	ADOPT_ANON_ALL,
	ADOPT_ANON_EXEC,		/* all, at exec: they have nobody to share with */
};

/*
 * Learn which private areas that touch [start, end) have an anon_vma, of those not known to have
 * one.  The number of areas of which something was learnt.
 */
unsigned int adopt_anon(struct follower *f, struct space *space, uint64_t start, uint64_t end,
			enum adopt_anon_which which);

/*
 * Learn where the guard pages are in those areas in [start, end) that may have any: after areas
 * were imported or read again.
 */
void adopt_guards(struct follower *f, struct space *space, uint64_t start, uint64_t end);

/*
 * Learn how far areas that grow downwards have grown, where faults go unreported.  The number of
 * those that had.
 */
unsigned int adopt_growth(struct follower *f, struct space *space);

#endif
