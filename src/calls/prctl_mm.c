/*
 * prctl_mm.c - what a process says of its own address space: PR_SET_MDWE, PR_SET_MM, personality.
 *
 * PR_SET_MM changes addresses that the kernel only remembers.  Some of them are asked for again:
 *
 *	start_brk, brk		where brk(2) works, and which areas are called [heap]
 *	start_data, end_data	their distance counts against RLIMIT_DATA in brk(2)
 *	start_stack		which area is called [stack]
 *
 * The others are shown in /proc/PID/stat and cmdline.  Whatever is set, all eleven are checked
 * together: the address space is left with a set that would also be let pass as a whole.
 */
#include "base/assert.h"
#include "calls/prctl_mm.h"
#include "fault/uaccess.h"
#include "space/mm.h"
#include "space/vma_tree.h"

/* ---- PR_SET_MDWE ------------------------------------------------------------------------- */

#define MDWE_KNOWN (UMM_MDWE_REFUSE_EXEC_GAIN | UMM_MDWE_NO_INHERIT)

static long check_unused(const uint64_t *unused, size_t nr, enum why_code code,
			 struct umm_why *why)
{
	for (size_t i = 0; i < nr; i++) {
		if (unused[i])
			return refuse(why, code, unused[i], 0);
	}
	passed(why, code, 0, 0);
	return 0;
}

/* NO_INHERIT says how far the refusal goes: alone it says nothing. */
static bool mdwe_bits_exist(const struct mm_struct *mm, uint64_t bits)
{
	if (bits & ~(uint64_t)MDWE_KNOWN)
		return false;
	if (!(bits & UMM_MDWE_NO_INHERIT))
		return true;
	return (bits & UMM_MDWE_REFUSE_EXEC_GAIN) &&
	       rule(mm->world, RULE_MDWE_NO_INHERIT);
}

long prctl_set_mdwe(struct mm_struct *mm, uint64_t bits, const uint64_t unused[3],
		    struct umm_why *why)
{
	long err;

	err = check(why, rule(mm->world, RULE_MDWE), WHY_NO_MDWE, 0, 0);
	if (err)
		return err;
	err = check_unused(unused, 3, WHY_MDWE_ARGS, why);
	if (err)
		return err;
	err = check(why, mdwe_bits_exist(mm, bits), WHY_MDWE_BITS, bits, MDWE_KNOWN);
	if (err)
		return err;
	err = check(why, !mm->mdwe || mm->mdwe == bits, WHY_MDWE_IS_SET, bits, mm->mdwe);
	if (err)
		return err;
	mm->mdwe = (uint8_t)bits;
	if (bits)
		note(why, NOTE_MDWE_SET, bits, 0, 0, 0);
	return 0;
}

long prctl_get_mdwe(const struct mm_struct *mm, const uint64_t unused[4], struct umm_why *why)
{
	long err = check(why, rule(mm->world, RULE_MDWE), WHY_NO_MDWE, 0, 0);

	if (!err)
		err = check_unused(unused, 4, WHY_MDWE_ARGS, why);
	return err ? err : (long)mm->mdwe;
}

/* ---- PR_SET_MM --------------------------------------------------------------------------- */

/* In the order of struct prctl_mm_map, and of the checks. */
enum { START_CODE, END_CODE, START_DATA, END_DATA, START_BRK, BRK, START_STACK, ARG_START, ARG_END,
       ENV_START, ENV_END, NR_FIELDS };

struct mm_fields {
	umm_addr_t field[NR_FIELDS];
};

static struct mm_fields fields_of_layout(const struct umm_layout *l)
{
	return (struct mm_fields){ {
		l->start_code, l->end_code, l->start_data, l->end_data, l->start_brk, l->brk,
		l->start_stack, l->arg_start, l->arg_end, l->env_start, l->env_end,
	} };
}

static struct mm_fields fields_of_map(const struct umm_set_mm_map *m)
{
	return (struct mm_fields){ {
		m->start_code, m->end_code, m->start_data, m->end_data, m->start_brk, m->brk,
		m->start_stack, m->arg_start, m->arg_end, m->env_start, m->env_end,
	} };
}

static void set_fields(struct mm_struct *mm, const struct mm_fields *fields, struct umm_why *why)
{
	struct umm_layout *l = &mm->layout;
	struct umm_layout old = *l;
	const umm_addr_t *f = fields->field;

	l->start_code = f[START_CODE];
	l->end_code = f[END_CODE];
	l->start_data = f[START_DATA];
	l->end_data = f[END_DATA];
	l->start_brk = f[START_BRK];
	l->brk = f[BRK];
	l->start_stack = f[START_STACK];
	l->arg_start = f[ARG_START];
	l->arg_end = f[ARG_END];
	l->env_start = f[ENV_START];
	l->env_end = f[ENV_END];
	if (l->start_brk != old.start_brk || l->brk != old.brk)
		note(why, NOTE_SET_MM_HEAP, l->start_brk, l->brk, old.start_brk, old.brk);
	else if (l->start_stack != old.start_stack)
		note(why, NOTE_SET_MM_STACK, l->start_stack, old.start_stack, 0, 0);
	else
		note(why, NOTE_SET_MM_SAME, 0, 0, 0, 0);
}

static long check_data_limit(const struct mm_struct *mm, const umm_addr_t *f, struct umm_why *why)
{
	uint64_t limit = mm->rlimit[MM_RLIMIT_DATA].soft;
	uint64_t bytes = (f[BRK] - f[START_BRK]) + (f[END_DATA] - f[START_DATA]);

	if (limit == UMM_RLIM_INFINITY)
		return 0;
	return check(why, bytes <= limit, WHY_SET_MM_DATA_LIMIT, bytes, limit);
}

static long validate_prctl_map_addr(const struct mm_struct *mm, const struct mm_fields *fields,
				    struct umm_why *why)
{
	static const uint8_t pair[] = { START_CODE, START_DATA, START_BRK, ARG_START, ENV_START };
	umm_addr_t low = mm->world->settings.hint_min_addr, high = mm->layout.task_size;
	const umm_addr_t *f = fields->field;

	for (unsigned int i = 0; i < NR_FIELDS; i++) {
		if (f[i] < low || f[i] >= high)
			return refuse4(why, WHY_SET_MM_FIELD, f[i], low, high, i);
	}
	passed(why, WHY_SET_MM_FIELD, 0, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(pair); i++) {
		umm_addr_t start = f[pair[i]], end = f[pair[i] + 1];

		if (start > end || (pair[i] == START_CODE && start == end))
			return refuse4(why, WHY_SET_MM_ORDER, start, end, 0, pair[i]);
	}
	passed(why, WHY_SET_MM_ORDER, 0, 0);
	return check_data_limit(mm, f, why);
}

/* What /proc/PID/auxv may hold: 26 pairs on x86-64. */
#define AUXV_BYTES 416

static long set_mm_map(struct mm_struct *mm, uint64_t size, const struct umm_set_mm_map *map,
		       struct umm_why *why)
{
	struct mm_fields fields;
	bool bad_auxv;
	long err;

	err = check(why, size == UMM_SET_MM_MAP_BYTES, WHY_SET_MM_MAP_SIZE, size,
		    UMM_SET_MM_MAP_BYTES);
	if (err)
		return err;
	err = check(why, map != NULL, WHY_SET_MM_MAP_FAULT, 0, 0);
	if (err)
		return err;
	fields = fields_of_map(map);
	err = validate_prctl_map_addr(mm, &fields, why);
	if (err)
		return err;
	if (map->auxv_size) {
		bad_auxv = !map->auxv || map->auxv_size > AUXV_BYTES;
		err = check(why, !bad_auxv, WHY_SET_MM_AUXV, map->auxv_size, AUXV_BYTES);
		if (err)
			return err;
		err = check(why, map->auxv_readable, WHY_SET_MM_AUXV_FAULT, map->auxv_size, 0);
		if (err)
			return err;
	}
	set_fields(mm, &fields, why);
	return 0;
}

/* PR_SET_MM_MAP_SIZE: four bytes are written to @addr. */
static long set_mm_map_size(struct mm_struct *mm, umm_addr_t addr, struct umm_why *why)
{
	long err = uaccess_reserve(mm, addr, 4, why);

	if (err)
		return err;
	return check(why, user_access(mm, addr, 4, true) == addr + 4, WHY_SET_MM_MAP_FAULT, addr,
		     0);
}

/* The field that a single option sets, or -1. */
static int field_of_option(uint64_t option)
{
	static const int8_t field[] = {
		[UMM_SET_MM_START_CODE] = START_CODE, [UMM_SET_MM_END_CODE] = END_CODE,
		[UMM_SET_MM_START_DATA] = START_DATA, [UMM_SET_MM_END_DATA] = END_DATA,
		[UMM_SET_MM_START_STACK] = START_STACK, [UMM_SET_MM_START_BRK] = START_BRK,
		[UMM_SET_MM_BRK] = BRK, [UMM_SET_MM_ARG_START] = ARG_START,
		[UMM_SET_MM_ARG_END] = ARG_END, [UMM_SET_MM_ENV_START] = ENV_START,
		[UMM_SET_MM_ENV_END] = ENV_END,
	};

	return option >= 1 && option < ARRAY_SIZE(field) ? field[option] : -1;
}

static bool is_on_the_stack(int field)
{
	return field >= START_STACK;
}

static long set_one_field(struct mm_struct *mm, uint64_t option, umm_addr_t addr,
			  struct umm_why *why)
{
	umm_addr_t low = mm->world->settings.hint_min_addr, high = mm->layout.task_size;
	struct mm_fields fields = fields_of_layout(&mm->layout);
	int field = field_of_option(option);
	long err;

	if (addr < low || addr >= high)
		return refuse4(why, WHY_SET_MM_ADDR, addr, low, high, 0);
	passed(why, WHY_SET_MM_ADDR, addr, low);
	err = check(why, field >= 0, WHY_SET_MM_OPTION, option, 0);
	if (err)
		return err;
	fields.field[field] = addr;
	err = validate_prctl_map_addr(mm, &fields, why);
	if (err)
		return err;
	if (is_on_the_stack(field)) {
		err = check(why, find_vma(&mm->tree, addr) != NULL, WHY_SET_MM_NO_AREA, addr, 0);
		if (err)
			return err;
	}
	set_fields(mm, &fields, why);
	return 0;
}

/* PR_SET_MM_AUXV: the vector is for /proc/PID/auxv alone. */
static long set_auxv(const struct umm_set_mm_map *map, uint64_t len, struct umm_why *why)
{
	long err;

	err = check(why, len <= AUXV_BYTES, WHY_SET_MM_AUXV, len, AUXV_BYTES);
	if (err)
		return err;
	err = check(why, !len || (map && map->auxv_readable), WHY_SET_MM_AUXV_FAULT, len, 0);
	if (!err)
		note(why, NOTE_SET_MM_SAME, 0, 0, 0, 0);
	return err;
}

long prctl_set_mm(struct mm_struct *mm, const uint64_t arg[4], const struct umm_set_mm_map *map,
		  struct umm_why *why)
{
	uint64_t option = arg[0], unused[2] = { arg[3], arg[2] };
	bool has_size = option == UMM_SET_MM_AUXV || option == UMM_SET_MM_MAP ||
			option == UMM_SET_MM_MAP_SIZE;
	long err;

	err = check_unused(unused, has_size ? 1 : 2, WHY_SET_MM_ARGS, why);
	if (err)
		return err;
	if (option == UMM_SET_MM_MAP)
		return set_mm_map(mm, arg[2], map, why);
	if (option == UMM_SET_MM_MAP_SIZE)
		return set_mm_map_size(mm, arg[1], why);
	err = check(why, capable(mm, UMM_CAP_SYS_RESOURCE), WHY_SET_MM_PERMISSION, 0, 0);
	if (err || option == UMM_SET_MM_EXE_FILE)
		return err;
	if (option == UMM_SET_MM_AUXV)
		return set_auxv(map, arg[2], why);
	return set_one_field(mm, option, arg[1], why);
}

/* ---- personality ------------------------------------------------------------------------- */

/* The layout is chosen at exec. */
#define AT_EXEC (UMM_ADDR_NO_RANDOMIZE | UMM_MMAP_PAGE_ZERO | UMM_ADDR_COMPAT_LAYOUT)

uint32_t do_personality(struct mm_struct *mm, uint32_t personality, struct umm_why *why)
{
	uint32_t old = mm->personality, changed = old ^ personality;

	if (personality == UMM_PERSONALITY_QUERY)
		return old;
	mm->personality = personality;
	note(why, NOTE_PERSONALITY, old, personality, 0, 0);
	if (changed & AT_EXEC)
		note(why, NOTE_PERSONALITY_EXEC, changed & AT_EXEC, 0, 0, 0);
	return old;
}
