/*
 * small_states.c - the states of a small world, told apart exactly, and the calls from each.
 *
 * The key of a page, 0 for one that is not mapped:
 *
 *	bit 0	it is mapped			bits 17-19  size of its shared memory, pages
 *	bit 1	an area begins at it		bits 20-22  anon_vma, in the order of the pages
 *	bits 2-10	flags, see flag_bits[]	bit 23      it came through fork
 *	bits 11-16	offset, pages		bits 24-27  file, then shared memory likewise
 */
#include <usermm/usermm.h>

#include "small.h"

/* ---- keys ----------------------------------------------------------------------------------- */

#define ALWAYS (UMM_VM_MAYREAD | UMM_VM_MAYWRITE | UMM_VM_MAYEXEC)

static const uint64_t flag_bits[] = {
	UMM_VM_READ, UMM_VM_WRITE, UMM_VM_SHARED | UMM_VM_MAYSHARE, UMM_VM_LOCKED,
	UMM_VM_DONTCOPY, UMM_VM_ACCOUNT, UMM_VM_NORESERVE, UMM_VM_WIPEONFORK,
};

#define NR_FLAG_BITS (sizeof(flag_bits) / sizeof(flag_bits[0]))

static uint32_t flags_key(uint64_t flags)
{
	uint64_t rest = flags;
	uint32_t key = 0;

	for (size_t i = 0; i < NR_FLAG_BITS; i++) {
		if ((flags & flag_bits[i]) == flag_bits[i]) {
			key |= 1u << i;
			rest &= ~flag_bits[i];
		}
	}
	assert_true(rest == ALWAYS);		/* else the key would not be exact */
	return key;
}

/* The number of @name among the names seen so far. */
static uint32_t rename_id(int *seen, uint32_t *nr, int name)
{
	uint32_t i;

	for (i = 0; i < *nr; i++) {
		if (seen[i] == name)
			return i + 1;
	}
	seen[(*nr)++] = name;
	return i + 1;
}

struct small_key small_key_of(const struct naive *naive)
{
	struct small_key key = { 0 };
	int anons[SMALL_PAGES], files[SMALL_PAGES];
	uint32_t nr_anons = 0, nr_files = 0;

	key.lost_locks = (uint16_t)naive->lost_locks;
	key.lost_charge = (uint16_t)naive->lost_charge;
	for (uint64_t i = 0; i < naive->nr; i++) {
		const struct naive_page *p = &naive->page[i];
		bool shm = p->file > TWIN_FILES;
		uint64_t pgoff = shm ? p->pgoff : p->pgoff - naive->base;
		uint32_t anon = p->anon ? rename_id(anons, &nr_anons, p->anon) : 0;
		uint32_t file = (uint32_t)p->file;

		if (!p->mapped)
			continue;
		if (shm)
			file = TWIN_FILES + rename_id(files, &nr_files, p->file);
		assert_true(pgoff < 64 && p->file_pages < 8);
		key.page[i] = 1u | (uint32_t)p->start << 1 | flags_key(p->flags) << 2 |
			      (uint32_t)pgoff << 11 | (uint32_t)p->file_pages << 17 | anon << 20 |
			      (uint32_t)p->forked << 23 | file << 24;
	}
	return key;
}

/* ---- the set -------------------------------------------------------------------------------- */

static size_t hash(const struct small_key *key)
{
	uint64_t h = (uint64_t)key->lost_locks << 16 | key->lost_charge;

	for (size_t i = 0; i < SMALL_PAGES; i++)
		h = (h ^ key->page[i]) * UINT64_C(0x9e3779b97f4a7c15) + (h >> 29);
	return (size_t)(h ^ (h >> 32));
}

/* The slot of @key, or the empty one where it belongs. */
static uint32_t *slot_of(const struct small_states *states, const struct small_key *key)
{
	size_t i = hash(key) & (states->nr_slots - 1);

	while (states->slot[i] &&
	       memcmp(&states->state[states->slot[i] - 1].key, key, sizeof(*key)))
		i = (i + 1) & (states->nr_slots - 1);
	return &states->slot[i];
}

static void grow(struct small_states *states)
{
	states->room = states->room ? 2 * states->room : 1024;
	states->state = realloc(states->state, states->room * sizeof(states->state[0]));
	free(states->slot);
	states->nr_slots = 2 * states->room;
	states->slot = calloc(states->nr_slots, sizeof(states->slot[0]));
	assert_true(states->state && states->slot);
	for (size_t i = 0; i < states->nr; i++)
		*slot_of(states, &states->state[i].key) = (uint32_t)i + 1;
}

uint32_t small_states_find(const struct small_states *states, const struct small_key *key)
{
	return states->nr ? *slot_of(states, key) - 1 : SMALL_NONE;
}

uint32_t small_states_add(struct small_states *states, const struct small_state *state)
{
	uint32_t *slot;

	if (states->nr == states->room)
		grow(states);
	slot = slot_of(states, &state->key);
	if (!*slot) {
		states->state[states->nr++] = *state;
		*slot = (uint32_t)states->nr;
	}
	return *slot - 1;
}

void small_states_free(struct small_states *states)
{
	free(states->state);
	free(states->slot);
}

/* ---- exploring ------------------------------------------------------------------------------ */

struct naive small_config(uint64_t pages)
{
	return twin_from_the_bottom(twin_config(pages, 0));
}

void small_world_init(struct small_world *world, const struct naive *config, unsigned int themes)
{
	struct small_state empty = { .parent = SMALL_NONE };

	assert_true(config->nr <= SMALL_PAGES && config->base == SMALL_BASE);
	memset(world, 0, sizeof(*world));
	world->pages = config->nr;
	small_calls_list(&world->calls, config->nr, themes);
	twin_init(&world->twin, config);
	world->twin.charge_lost = true;		/* over and over */
	empty.key = small_key_of(&world->twin.naive);
	small_states_add(&world->states, &empty);
}

void small_want_targets(struct small_world *world, size_t nr_states)
{
	world->target = calloc(nr_states * world->calls.nr, sizeof(world->target[0]));
	assert_non_null(world->target);
	world->nr_targets = nr_states;
}

void small_world_destroy(struct small_world *world)
{
	twin_destroy(&world->twin);
	small_calls_free(&world->calls);
	small_states_free(&world->states);
	free(world->target);
}

/* A state to make calls from: the way to it, and the naive model there. */
struct place {
	uint32_t index;
	size_t depth;
	const struct twin_op *path[SMALL_DEPTH];
	struct naive naive;
};

static void empty_twin(struct twin *twin)
{
	if (twin->naive.lost_locks)
		twin_renew(twin);		/* those do not go with the areas */
	else
		twin_empty(twin);
}

/* Lead both sides from nothing into state number @index. */
static void go_to(struct small_world *world, struct place *place, uint32_t index)
{
	const struct small_state *state = &world->states.state[index];

	place->index = index;
	place->depth = state->depth;
	for (; state->parent != SMALL_NONE; state = &world->states.state[state->parent])
		place->path[state->depth - 1] = &world->calls.op[state->call];
	empty_twin(&world->twin);
	for (size_t i = 0; i < place->depth; i++)
		twin_replay(&world->twin, place->path[i]);
	place->naive = world->twin.naive;
}

/* The same again, after a call that changed something. */
static void go_back(struct small_world *world, const struct place *place)
{
	struct twin *twin = &world->twin;

	empty_twin(twin);
	for (size_t i = 0; i < place->depth; i++)
		twin_replay_library(twin, place->path[i]);
	memcpy(&twin->naive, &place->naive, offsetof(struct naive, page));
	memcpy(twin->naive.page, place->naive.page, world->pages * sizeof(place->naive.page[0]));
}

static bool changed(const struct small_world *world, const struct place *place)
{
	const struct naive *now = &world->twin.naive, *then = &place->naive;

	return now->lost_locks != then->lost_locks || now->lost_charge != then->lost_charge ||
	       memcmp(now->page, then->page, world->pages * sizeof(now->page[0]));
}

/* The latest call of @place led somewhere: where to is kept. */
static void keep_state(struct small_world *world, const struct place *place, size_t call)
{
	struct small_state next = {
		.key = small_key_of(&world->twin.naive),
		.parent = place->index,
		.call = (uint16_t)call,
		.depth = (uint16_t)(place->depth + 1),
	};
	uint32_t to = small_states_add(&world->states, &next);

	if (place->index < world->nr_targets)
		world->target[place->index * world->calls.nr + call] = to;
}

/* Each call from one state; where it leads is kept if @keep. */
static void expand(struct small_world *world, uint32_t index, bool keep)
{
	struct twin *twin = &world->twin;
	struct place here;

	go_to(world, &here, index);
	for (size_t i = 0; i < world->calls.nr; i++) {
		twin_do(twin, &world->calls.op[i]);
		world->tried++;
		if (keep)
			keep_state(world, &here, i);
		if (twin->differs && !world->first_difference)
			world->first_difference = here.depth + 1;
		if (twin->differs || changed(world, &here))
			go_back(world, &here);
		twin->differs = false;
		twin->nr_ops = here.depth;	/* the way here is what a failure tells */
	}
}

void small_explore(struct small_world *world, size_t depth, size_t shard, size_t shards)
{
	assert_true(depth <= SMALL_DEPTH && shard < shards);
	for (uint32_t i = 0; i < world->states.nr; i++) {
		size_t calls = world->states.state[i].depth + 1u;

		if (calls > depth)
			return;			/* found in this order: so are all others */
		if (calls < depth || i % shards == shard)
			expand(world, i, calls < depth);
	}
}
