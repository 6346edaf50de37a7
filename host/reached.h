/*
 * reached.h - calls by which memory is written without a page fault: through get_user_pages().
 *
 * Layer: host.  See reached.c.
 */
#ifndef HOST_REACHED_H
#define HOST_REACHED_H

#include "host/follower.h"

/* The calls that are sampled. */
enum { REACH_CALLS = 7 };

struct reach_ids {
	int id[REACH_CALLS];		/* of their tracepoints; 0: not to be had */
};

void reached_find_ids(struct reach_ids *ids);

/* Is this call one that anybody may make, not only those who are followed?  And its filter. */
bool reached_by_anybody(int call);
const char *reached_filter(int call);

/* The raw part of a sample may be of one of these calls: what it says.  @raw is 64 bytes long. */
bool reached_parse(const struct reach_ids *ids, const unsigned char *raw,
		   struct fault_sample *sample);

/* Such a sample: whose memory is it about? */
void reached_apply(struct follower *f, const struct fault_sample *sample);

/* Watch who writes to the memory of @space through /proc; and no more. */
void reached_watch(struct follower *f, struct space *space);
void reached_unwatch(struct follower *f, struct space *space);

/* Note which of those that are watched were written to. */
void reached_look(struct follower *f);

#endif
