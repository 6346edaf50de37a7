/*
 * histogram.c - see histogram.h.
 */
#include <inttypes.h>
#include <string.h>

#include <usermm/usermm.h>

#include "histogram.h"
#include "seq/generate.h"

#define MIN_SHARE 1.0			/* percent of all calls */
#define FEW_CALLS 1000000		/* in fewer, the favourites of a sequence still show */
#define SHARE_OF_FEW 0.9
#define MIN_SUCCESS 20.0		/* percent of a call's uses */
#define MAX_SUCCESS 80.0
#define MIN_PER_MILLION 100.0
#define MIN_AREAS 1000

/*
 * The errors that the generator's calls can get from memory management; who may do everything gets
 * EPERM all the same, from sealed memory and files.
 */
static const int reachable[] = {
	UMM_EPERM, UMM_ENOMEM, UMM_EACCES, UMM_EFAULT, UMM_EBUSY, UMM_EEXIST, UMM_ENODEV,
	UMM_EINVAL, UMM_EBADF, UMM_ENOENT, UMM_EAGAIN,
};

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static const char *error_name(int error)
{
	static char name[32];
	static const struct seq_bases none;

	seq_answer_text(&none, SEQ_MUNMAP, -error, name, sizeof(name));
	return name;
}

/*
 * Of an access, a signal is what an error is of a call.  brk answers where the break is: refused,
 * that is not where it was wanted.
 */
static bool success(const struct seq_step *step, const struct seq_bases *bases, int64_t answer)
{
	if (seq_call_info(step->call)->answer == SEQ_ANSWER_SIGNAL)
		return answer == 0;
	if (step->call == SEQ_BRK)
		return (uint64_t)answer == seq_resolve(bases, &step->arg[0]);
	return answer >= 0 || answer < -4095;
}

/* Calls that cannot succeed on this machine, whoever makes them. */
static bool never_succeeds(const struct histogram *histogram, unsigned int call)
{
	if (call == SEQ_SET_VMA_NAME)
		return !histogram->names;
	return call == SEQ_SET_MM && !(histogram->caps & UMM_CAP_SYS_RESOURCE);
}

static bool is_about_userfaultfd(unsigned int call)
{
	return call == SEQ_USERFAULTFD || call == SEQ_UFFD_REGISTER ||
	       call == SEQ_UFFD_UNREGISTER || call == SEQ_UFFD_CLOSE;
}

void histogram_add(struct histogram *histogram, const struct seq_step *step,
		   const struct seq_bases *bases, int64_t answer)
{
	unsigned int call = step->call;

	histogram->calls++;
	histogram->made[call]++;
	if (success(step, bases, answer))
		histogram->succeeded[call]++;
	else if (answer < 0 && -answer < HISTOGRAM_ERRORS)
		histogram->error[-answer]++;
}

void histogram_print(const struct histogram *histogram, FILE *out)
{
	fprintf(out, "%-26s %10s %8s %10s\n", "call", "made", "share", "succeeded");
	for (unsigned int i = 0; i < SEQ_CALLS; i++)
		if (histogram->made[i])
			fprintf(out, "%-26s %10" PRIu64 " %7.2f%% %9.1f%%\n",
				seq_call_info(i)->name, histogram->made[i],
				percent(histogram->made[i], histogram->calls),
				percent(histogram->succeeded[i], histogram->made[i]));
	fprintf(out, "%-26s %10s %8s\n", "error", "answered", "per million");
	for (int i = 1; i < HISTOGRAM_ERRORS; i++)
		if (histogram->error[i])
			fprintf(out, "%-26s %10" PRIu64 " %8.0f\n", error_name(i),
				histogram->error[i],
				10000 * percent(histogram->error[i], histogram->calls));
	fprintf(out, "most areas of an address space: %" PRIu64 "\n", histogram->max_areas);
}

static unsigned int call_missed(const struct histogram *histogram, unsigned int call, FILE *out)
{
	const char *name = seq_call_info(call)->name;
	double share = percent(histogram->made[call], histogram->calls);
	double succeeded = percent(histogram->succeeded[call], histogram->made[call]);
	double wanted = histogram->calls < FEW_CALLS ? SHARE_OF_FEW : MIN_SHARE;
	unsigned int missed = 0;

	if (histogram->no_userfaultfd && is_about_userfaultfd(call))
		return 0;
	if (share < wanted && ++missed)
		fprintf(out, "MISSED: %s is %.2f%% of the calls, not %.1f%%\n", name, share,
			wanted);
	if (seq_generate_always_succeeds(call) || never_succeeds(histogram, call))
		return missed;
	if ((succeeded < MIN_SUCCESS || succeeded > MAX_SUCCESS) && ++missed)
		fprintf(out, "MISSED: %.1f%% of %s succeed, not %.0f to %.0f%%\n", succeeded, name,
			MIN_SUCCESS, MAX_SUCCESS);
	return missed;
}

unsigned int histogram_missed(const struct histogram *histogram, FILE *out)
{
	unsigned int missed = 0;

	for (unsigned int i = 0; i < SEQ_CALLS; i++)
		missed += seq_generate_makes(i) ? call_missed(histogram, i, out) : 0;
	for (size_t i = 0; i < sizeof(reachable) / sizeof(reachable[0]); i++) {
		uint64_t n = histogram->error[reachable[i]];
		double per_million = 10000 * percent(n, histogram->calls);

		if (per_million < MIN_PER_MILLION && ++missed)
			fprintf(out, "MISSED: %s %.0f times per million, not %.0f\n",
				error_name(reachable[i]), per_million, MIN_PER_MILLION);
	}
	if (histogram->max_areas <= MIN_AREAS && ++missed)
		fprintf(out, "MISSED: never more than %" PRIu64 " areas, not %d\n",
			histogram->max_areas, MIN_AREAS);
	return missed;
}
