/*
 * files.h - what a descriptor of the traced program refers to, as the model's umm_file.
 *
 * Layer: host.
 */
#ifndef HOST_FILES_H
#define HOST_FILES_H

#include "host/follower.h"

/*
 * One open file description that some area maps.  We keep a descriptor of our own to it exactly as
 * long: the area pins the file anyway, so locks, end-of-file and the like stay as they would be.
 */
struct known_file {
	struct follower *f;
	struct known_file *next;	/* in the bucket of its (device, inode) */
	struct umm_file *file;
	int fd;				/* our copy; -1 for what exec or the kernel mapped */
	uint32_t dev_major, dev_minor;
	uint64_t inode;
	enum umm_file_kind kind;
	uint32_t flags;			/* UMM_FMODE_, UMM_FILE_ */
	bool of_exec;			/* files_of_exec() made it */
	char path[];
};

/*
 * What descriptor @fd of @task refers to.  *out is a new reference, or NULL for a descriptor that
 * cannot be mapped at all (EBADF).  @shared: facts that only a shared mapping asks for are looked
 * at.  A negative error if we could not look.
 */
int files_of_descriptor(struct follower *f, struct task *task, int fd, bool shared,
			struct umm_file **out);

/* A copy of a descriptor of @task, to be closed; a negative error. */
int files_copy_descriptor(struct task *task, int fd);

/*
 * What of the files mapped in [start, end) may have changed since they were mapped, and a call that
 * fills memory or punches holes asks for: size and seals.
 */
void files_observe(struct follower *f, struct space *space, uint64_t start, uint64_t end);

/*
 * What exec mapped of the file that our own descriptor @fd refers to; *out is a new reference.  The
 * descriptor stays the caller's.  A negative error.
 */
int files_of_exec(struct follower *f, int fd, struct umm_file **out);

/*
 * The model's form of one area of the kernel: flags (from VmFlags, else from the permissions), file
 * (a new reference to a known file of that inode, or a new one; @mm is looked at for attachments
 * of System V segments), name.  anon is UMM_ANON_UNKNOWN
 * where it could have one.
 */
int files_area_from_kernel(struct follower *f, struct umm_mm *mm, const struct proc_area *kernel,
			   struct umm_area *area);

/* True if a file of the same inode is known of which nobody has a descriptor. */
bool files_known_without_descriptor(const struct umm_file *file);

#endif
