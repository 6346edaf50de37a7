/*
 * seen.h - what is looked at after a step, beside its answer.
 *
 * Layer: seq; also without a libc.
 */
#ifndef SEQ_SEEN_H
#define SEQ_SEEN_H

#include <stdint.h>

/* VmSize, VmLck, VmData, VmStk of /proc/PID/status, and VmExe + VmLib, in kB. */
enum seq_vm { SEQ_VM_SIZE, SEQ_VM_LCK, SEQ_VM_DATA, SEQ_VM_STK, SEQ_VM_EXEC, SEQ_VMS };

/* What was seen after a step: 0 where nobody looked. */
struct seq_seen {
	uint64_t maps;			/* seq_hash() of /proc/PID/maps of its process */
	uint64_t other;			/* of the child (fork), of the target (process_madvise) */
	uint64_t smaps;			/* of the lines Size and VmFlags of /proc/PID/smaps */
	uint64_t vm[SEQ_VMS];		/* of /proc/PID/status */
};

#endif
