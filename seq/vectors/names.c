/*
 * names.c - see names.h.
 */
#include "seq/vectors/names.h"

void names_clear(struct target_names *names)
{
	names->nr = 0;
}

/* The call whose answer the first argument of @call is; SEQ_CALLS for none. */
static unsigned int maker_of(unsigned int call)
{
	switch (call) {
	case SEQ_SHMAT:
	case SEQ_SHMCTL:
		return SEQ_SHMGET;
	case SEQ_UFFD_REGISTER:
	case SEQ_UFFD_UNREGISTER:
	case SEQ_UFFD_CLOSE:
		return SEQ_USERFAULTFD;
	}
	return SEQ_CALLS;
}

void names_apply(const struct target_names *names, const struct seq_step *step,
		 struct seq_step *named)
{
	unsigned int maker = maker_of(step->call);
	const struct seq_value *value = &step->arg[0];

	*named = *step;
	if (maker == SEQ_CALLS || value->base != SEQ_BASE_NUMBER)
		return;
	/* A descriptor that was closed is given out again: the last one counts. */
	for (size_t i = names->nr; i--; ) {
		if (names->step[i].call == maker && names->step[i].answer >= 0 &&
		    (uint64_t)names->step[i].answer == value->offset) {
			named->arg[0] = (struct seq_value){
				.base = SEQ_BASE_RESULT, .step = (uint16_t)i
			};
			return;
		}
	}
}

void names_note(struct target_names *names, const struct seq_step *step, int64_t answer)
{
	if (names->nr == SEQ_STEPS_MAX)
		return;
	names->step[names->nr].call = step->call;
	names->step[names->nr].answer = answer;
	names->nr++;
}
