/*
 * file_kinds.h - what is known of files by their file system and type.
 *
 * Layer: host.
 */
#ifndef HOST_FILE_KINDS_H
#define HOST_FILE_KINDS_H

#include "host/settings.h"

struct stat;

/* @fd is our copy of the descriptor, @fs_type of statfs(2), @path what /proc/PID/fd shows. */
enum umm_file_kind file_kind_of(int fd, const struct stat *st, long fs_type, const char *path);

/* How files of that file system ask for addresses: some in a way that suits huge pages. */
enum umm_file_align file_align_of(enum umm_file_kind kind, long fs_type);

/* No execution on any mount: statfs shows only what a mount forbids. */
bool file_system_never_executes(const struct settings *settings, long fs_type);

/* No holes can be punched into its files. */
bool file_system_never_punched(long fs_type);

/* Its mmap operation sees an area only after neighbours were looked at. */
bool file_system_maps_late(long fs_type);

/* Of a descriptor: UMM_FILE_SEAL_ flags; the inode's append-only attribute. */
uint32_t file_seals_of(int fd);
bool file_is_append_only(int fd);

/*
 * What our own descriptor @fd is to a model.  @shared: facts that only a shared mapping asks for
 * are looked at too.  @path becomes desc->path.  Its size is not looked at.
 */
void file_desc_of(const struct settings *settings, int fd, const struct stat *st, const char *path,
		  bool shared, struct umm_file_desc *desc);

#endif
