/*
 * userfaultfd.h - the userfaultfds of the program: whose memory they watch, and whether they live.
 *
 * Layer: host.
 */
#ifndef HOST_USERFAULTFD_H
#define HOST_USERFAULTFD_H

#include "host/follower.h"

/* One that was seen made, or that watches memory of a followed space. */
struct known_uffd {
	struct known_uffd *next;
	uint64_t id;			/* its inode, or what the library named it */
	struct space *space;		/* whose memory it watches; NULL: that is gone */
	pid_t tid;			/* where it was seen last */
	int fd;
	bool hidden;			/* nobody whom we follow has it: smaps tells if it lives */
	bool watching;			/* something was registered */
};

enum uffd_kind {
	UFFD_NONE,			/* the descriptor is something else, or nothing */
	UFFD_STRANGER,			/* nobody saw it made */
	UFFD_KNOWN,
};

/* What descriptor @fd of @task is; *known if it is UFFD_KNOWN. */
enum uffd_kind userfaultfd_find(struct follower *f, const struct task *task, int fd,
				struct known_uffd **known);

/* What UFFDIO_API said of it. */
bool userfaultfd_read(const struct known_uffd *known, struct umm_uffd *uffd);

/* A call of @task that makes userfaultfds returned @fd. */
void userfaultfd_made(struct follower *f, const struct task *task, int64_t fd);

/*
 * A close is no stop.  So, before the space of @task is asked or compared: what of its
 * userfaultfds closed meanwhile is closed in the model.  True if something was; so a difference
 * after a call may be that another thread closed one beside it.
 */
bool userfaultfd_refresh(struct follower *f, struct task *task);

/* The space goes. */
void userfaultfd_forget(struct follower *f, const struct space *space);

#endif
