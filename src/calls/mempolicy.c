/*
 * mempolicy.c - what a memory policy is: the arguments of the calls, and the value made of them.
 *
 * A policy is a mode and a set of nodes: those of the caller's mask that have memory.  Two areas
 * have the same policy if mode, flags and nodes are equal, whoever asked for them in what words:
 * on a machine with node 0 alone, MPOL_BIND to {0} and to {0, 1} are one policy.  With
 * MPOL_F_STATIC_NODES or MPOL_F_RELATIVE_NODES the mask itself is part of it.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/mempolicy.h"

#define MODE_FLAGS \
	(UMM_MPOL_F_STATIC_NODES | UMM_MPOL_F_RELATIVE_NODES | UMM_MPOL_F_NUMA_BALANCING)
#define KEEPS_USER_NODES (UMM_MPOL_F_STATIC_NODES | UMM_MPOL_F_RELATIVE_NODES)

/* get_nodes() takes masks of no more than a page. */
#define MOST_BITS (UINT64_C(8) * PAGE_SIZE)

bool nodemask_empty(const struct nodemask *nodes)
{
	for (unsigned int i = 0; i < NODE_WORDS; i++) {
		if (nodes->word[i])
			return false;
	}
	return true;
}

static unsigned int nodemask_weight(const struct nodemask *nodes)
{
	unsigned int weight = 0;

	for (unsigned int i = 0; i < NODE_WORDS; i++) {
		for (uint64_t rest = nodes->word[i]; rest; rest &= rest - 1)
			weight++;
	}
	return weight;
}

static bool node_isset(const struct nodemask *nodes, unsigned int node)
{
	return nodes->word[node / 64] >> (node % 64) & 1;
}

static void node_set(struct nodemask *nodes, unsigned int node)
{
	nodes->word[node / 64] |= UINT64_C(1) << (node % 64);
}

/* ---- arguments ---- */

static bool mode_is_known(const struct world *world, uint64_t mode)
{
	switch (mode) {
	case UMM_MPOL_PREFERRED_MANY:
		return rule(world, RULE_MPOL_PREFERRED_MANY);
	case UMM_MPOL_WEIGHTED_INTERLEAVE:
		return rule(world, RULE_MPOL_WEIGHTED);
	default:
		return mode <= UMM_MPOL_LOCAL;
	}
}

static bool mode_flags_fit(const struct world *world, uint64_t mode, uint64_t flags)
{
	if ((flags & KEEPS_USER_NODES) == KEEPS_USER_NODES)
		return false;
	if (!(flags & UMM_MPOL_F_NUMA_BALANCING) || mode == UMM_MPOL_BIND)
		return true;
	return mode == UMM_MPOL_PREFERRED_MANY && rule(world, RULE_MPOL_BALANCING_MANY);
}

/* One word of the caller's mask; those behind what can be read are a fault. */
static long get_word(const struct umm_nodemask *mask, uint64_t index, uint64_t *word,
		     struct umm_why *why)
{
	if (index >= mask->readable)
		return refuse(why, WHY_NODEMASK_MEMORY, index, mask->readable);
	*word = mask->word[index];
	return 0;
}

/*
 * Bits that this kernel has no nodes for are looked at first, word by word from the top, and must
 * be clear: in the topmost word even those that the caller did not mean.
 */
static long check_high_bits(const struct umm_nodemask *mask, uint64_t nr_bits, uint64_t max_nodes,
			    struct umm_why *why)
{
	while (nr_bits > max_nodes) {
		uint64_t bits = min_u64(nr_bits, 64), index = (nr_bits - 1) / 64, word = 0;
		long err = get_word(mask, index, &word, why);

		if (err)
			return err;
		if (bits < 64)
			word &= (UINT64_C(1) << bits) - 1;
		if (nr_bits - bits >= max_nodes) {
			nr_bits -= bits;
		} else {
			nr_bits = max_nodes;	/* the word may have bits of both kinds */
			word &= ~((UINT64_C(1) << (max_nodes % 64)) - 1);
		}
		if (word)
			return refuse(why, WHY_NODEMASK_BITS, index * 64, max_nodes);
	}
	passed(why, WHY_NODEMASK_BITS, 0, max_nodes);
	return 0;
}

static long get_nodes(const struct world *world, const struct umm_nodemask *mask,
		      struct nodemask *nodes, struct umm_why *why)
{
	uint64_t nr_bits = mask->maxnode - 1, max_nodes = world->settings.max_nodes;
	long err;

	memset(nodes, 0, sizeof(*nodes));
	if (!mask->word || !nr_bits)
		return 0;
	err = check(why, nr_bits <= MOST_BITS, WHY_NODEMASK_SIZE, mask->maxnode, MOST_BITS + 1);
	if (err)
		return err;
	err = check_high_bits(mask, nr_bits, max_nodes, why);
	if (err)
		return err;
	nr_bits = min_u64(nr_bits, max_nodes);
	/* Copied at once: a fault anywhere in it is one. */
	for (uint64_t i = 0; i * 64 < nr_bits; i++) {
		err = get_word(mask, i, &nodes->word[i], why);
		if (err)
			return err;
	}
	if (nr_bits % 64)
		nodes->word[nr_bits / 64] &= (UINT64_C(1) << (nr_bits % 64)) - 1;
	passed(why, WHY_NODEMASK_MEMORY, 0, mask->readable);
	return 0;
}

long policy_arguments(const struct world *world, uint64_t mode, const struct umm_nodemask *mask,
		      struct policy_request *req, struct umm_why *why)
{
	uint64_t flags;
	long err;

	err = check(why, world->settings.max_nodes != 0, WHY_NUMA_CONFIG, 0, 0);
	if (err)
		return err;
	mode = (uint32_t)mode;			/* an int */
	flags = mode & MODE_FLAGS;
	mode &= ~(uint64_t)MODE_FLAGS;
	err = check(why, mode_is_known(world, mode), WHY_MPOL_MODE, mode,
		    UMM_MPOL_WEIGHTED_INTERLEAVE);
	if (err)
		return err;
	err = check(why, mode_flags_fit(world, mode, flags), WHY_MPOL_MODE_FLAGS, flags, mode);
	if (err)
		return err;
	req->mode = (uint16_t)mode;
	req->flags = (uint16_t)flags;
	return get_nodes(world, mask, &req->nodes, why);
}

/* ---- the value ---- */

/* Node n of the mask is the n-th of those allowed, counted round and round. */
static void relative_nodes(const struct nodemask *asked, const struct nodemask *allowed,
			   struct nodemask *nodes)
{
	unsigned int weight = nodemask_weight(allowed), nth = 0;
	unsigned int chosen[64];	/* the n-th node allowed: settings know of the first 64 */

	memset(nodes, 0, sizeof(*nodes));
	for (unsigned int node = 0; node < 64; node++) {
		if (node_isset(allowed, node))
			chosen[nth++] = node;
	}
	for (unsigned int node = 0; weight && node < UMM_MAX_NODES; node++) {
		if (node_isset(asked, node))
			node_set(nodes, chosen[node % weight]);
	}
}

static bool nodes_fit_mode(const struct policy_request *req)
{
	bool empty = nodemask_empty(&req->nodes), plain = !(req->flags & KEEPS_USER_NODES);

	switch (req->mode) {
	case UMM_MPOL_DEFAULT:
		return empty;
	case UMM_MPOL_LOCAL:
		return empty && plain;
	case UMM_MPOL_PREFERRED:
		return !empty || plain;
	default:
		return !empty;
	}
}

/* The nodes in use: of those asked for, the ones with memory; of a preferred one, the first. */
static void contextualize(const struct world *world, const struct policy_request *req,
			  struct nodemask *nodes)
{
	const struct nodemask allowed = { { world->settings.memory_nodes } };

	if (req->flags & UMM_MPOL_F_RELATIVE_NODES) {
		relative_nodes(&req->nodes, &allowed, nodes);
	} else {
		for (unsigned int i = 0; i < NODE_WORDS; i++)
			nodes->word[i] = req->nodes.word[i] & allowed.word[i];
	}
	if (req->mode != UMM_MPOL_PREFERRED)
		return;
	for (unsigned int node = 0; node < UMM_MAX_NODES; node++) {
		if (node_isset(nodes, node)) {
			memset(nodes, 0, sizeof(*nodes));
			node_set(nodes, node);
			return;
		}
	}
}

long mpol_new(const struct world *world, const struct policy_request *req,
	      struct mempolicy *policy, struct umm_why *why)
{
	unsigned int weight = nodemask_weight(&req->nodes);
	long err;

	memset(policy, 0, sizeof(*policy));
	err = check(why, nodes_fit_mode(req), WHY_MPOL_NODES, req->mode, weight);
	if (err)
		return err;
	if (req->mode == UMM_MPOL_DEFAULT) {
		note(why, NOTE_POLICY_DEFAULT, 0, 0, 0, 0);
		return 0;
	}
	policy->mode = req->mode;
	policy->flags = req->flags;
	policy->home_node = -1;
	if (!weight) {				/* nothing preferred is local */
		policy->mode = UMM_MPOL_LOCAL;
		return 0;
	}
	contextualize(world, req, &policy->nodes);
	if (req->flags & KEEPS_USER_NODES)
		policy->user_nodes = req->nodes;
	return check(why, !nodemask_empty(&policy->nodes), WHY_MPOL_NO_MEMORY, weight,
		     world->settings.memory_nodes);
}

long do_set_mempolicy(const struct world *world, uint64_t mode, const struct umm_nodemask *nodes,
		      struct umm_why *why)
{
	struct policy_request req;
	struct mempolicy policy;
	long err;

	err = policy_arguments(world, mode, nodes, &req, why);
	return err ? err : mpol_new(world, &req, &policy, why);
}
