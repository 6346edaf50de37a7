/*
 * machine.h - what the simulation works on: one world, its files, its address spaces by number; and
 * the kinds of operation that a random program is made of.
 */
#ifndef TESTS_SIM_MACHINE_H
#define TESTS_SIM_MACHINE_H

#include <stdatomic.h>
#include <stddef.h>

#include <usermm/usermm.h>

#define PAGE UINT64_C(4096)
#define MIB (UINT64_C(1) << 20)
#define AT UINT64_C(0x10000000)		/* where most things happen */
#define HEAP UINT64_C(0x500000)

#define SIM_FILES 5			/* see make_file() */
#define SIM_SLOTS 4
#define SIM_MMS 96

/* ---- random numbers ---- */

struct sim_random {
	uint64_t state;
	bool small;			/* lengths are those of a world that has not many frames */
};

uint64_t sim_draw(struct sim_random *random);
uint64_t sim_below(struct sim_random *random, uint64_t limit);	/* 0 … limit - 1 */
bool sim_chance(struct sim_random *random, unsigned int percent);

/* ---- the machine ---- */

/* Address spaces have a number for good, and slots by which the program names them. */
struct sim_mm {
	struct umm_mm *handle;		/* NULL: gone */
	int refs;			/* the slot's, and one for each call under way */
};

struct machine {
	struct umm_settings settings;
	struct umm_world *world;
	struct umm_file *file[SIM_FILES];
	struct sim_mm mm[SIM_MMS];
	int nr_mms;
	int slot[SIM_SLOTS];		/* the number of an mm, or -1 */
	atomic_int files_alive;
	uint64_t free_frames;		/* in the beginning */
};

/*
 * A world with the settings that @seed draws, files, and an address space in slots 0 and 1.
 * @world_made, which may be NULL, is called as soon as the world is there.
 */
void machine_init(struct machine *m, const struct umm_platform *platform, uint64_t seed,
		  void (*world_made)(void *ctx, struct umm_world *world));

/*
 * Everything goes.  NULL, or what was wrong about what was left.  *lost are the pages that stay
 * charged: what Linux forgets to give back stays (a stack that is not accounted for, a shrunk and
 * moved area), and must be the same whoever does it.
 */
const char *machine_destroy(struct machine *m, int64_t *lost);

/* All that can be seen of it, in @buf: equal for machines that nobody can tell apart. */
size_t machine_text(struct machine *m, char *buf, size_t size);

/* Seeds of machines whose settings are as they come: without pages, and with. */
#define SIM_PLAIN 0
#define SIM_PLAIN_PAGES UINT64_MAX

/* What stands behind the areas of the machine of that seed. */
enum umm_pages machine_pages(uint64_t seed);

/*
 * Is strict overcommit in force, and memory so short that it counts?  What a fork has charged so
 * far, and gives back when it fails, may then refuse somebody else's call, in Linux too: no order
 * of the calls has to explain that.  But never is more charged than there is.
 */
bool machine_is_strict(const struct machine *m);

/* Do the charges of the address spaces that are there add up?  Not while another thread runs. */
const char *machine_wrong(struct machine *m);

/* ---- operations ---- */

#define SIM_ARGS 5

struct sim_op {
	uint16_t kind;			/* index into the kinds */
	uint8_t thread;
	uint8_t slot, other;		/* whom it is about; where a new address space goes */
	uint64_t arg[SIM_ARGS];
};

/* What the caller got. */
struct sim_result {
	int64_t ret;
	uint64_t more;			/* a hash of what else it got */
	uint64_t reasons;		/* a hash of the codes of all reasons */
	uint32_t refusal;		/* the code, plus one */
	uint64_t value[UMM_WHY_VALUES];	/* of the refusal */
};

struct sim_call {
	struct machine *m;
	const struct sim_op *op;
	struct umm_mm *mm, *other;
	struct umm_mm *made;		/* SIM_MAKES: the new address space, or NULL */
	struct umm_why why;
	struct sim_result result;
};

#define SIM_EXCLUSIVE 0x1	/* the embedder promises that no other call is under way */
#define SIM_MAKES 0x2		/* the result goes to the other slot */
#define SIM_OTHER 0x4		/* needs an address space there */
#define SIM_PUTS 0x8		/* nothing but this: the slot is emptied */

struct sim_kind {
	const char *name;
	unsigned int flags;
	unsigned int weight;
	void (*draw)(struct sim_random *random, struct sim_op *op);
	void (*run)(struct sim_call *call);
};

struct sim_kinds {
	const struct sim_kind *kind;
	unsigned int nr;
};

extern const struct sim_kinds sim_kinds_areas, sim_kinds_process, sim_kinds_world, sim_kinds_pages;

const struct sim_kind *sim_kind(unsigned int n);
unsigned int sim_nr_kinds(void);

/* Run it with call->m, op, mm and other set; result and made are set then. */
void sim_call(struct sim_call *call);

/* One line of C: the call with its arguments. */
void sim_op_text(const struct sim_op *op, char *buf, size_t size);

/* A hash, for result.more. */
uint64_t sim_hash(uint64_t hash, const void *bytes, size_t size);

/* Arguments as most kinds want them. */
uint64_t sim_draw_addr(struct sim_random *random);
uint64_t sim_draw_len(struct sim_random *random);
uint64_t sim_draw_prot(struct sim_random *random);
void sim_draw_range(struct sim_random *random, struct sim_op *op);	/* arg[0], arg[1] */

#endif
