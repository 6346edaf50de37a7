/*
 * test_shm.c - System V shared memory: who counts as attached, when a segment goes, what it costs.
 */
#include "api/handles.h"
#include "base/world.h"

#include "lab.h"

static int32_t get(struct lab *lab, uint64_t bytes, uint64_t flags)
{
	int64_t id = umm_shmget(lab->mm, UMM_IPC_PRIVATE, bytes, flags, NULL);

	assert_true(id >= 0);
	return (int32_t)id;
}

static void attach(struct lab *lab, int32_t id, uint64_t addr)
{
	assert_int_equal(umm_shmat(lab->mm, id, addr, 0, NULL), addr);
}

static void detach(struct lab *lab, uint64_t addr)
{
	assert_int_equal(umm_shmdt(lab->mm, addr, NULL), 0);
}

static void check_attached(struct lab *lab, int32_t id, uint64_t areas)
{
	struct umm_shm shm = { .size = sizeof(shm) };

	assert_int_equal(umm_shm_stat(lab->world, id, &shm), 0);
	assert_int_equal(shm.nattch, areas);
}

static bool exists(struct lab *lab, int32_t id)
{
	struct umm_shm shm = { .size = sizeof(shm) };

	return umm_shm_stat(lab->world, id, &shm) == 0;
}

/* Areas are counted, not calls: a cut makes one more, and they do not merge again. */
static void test_areas_are_counted(void **state)
{
	struct lab lab;
	int32_t id;

	(void)state;
	lab_init(&lab);
	id = get(&lab, 4 * PAGE, 0600);
	check_attached(&lab, id, 0);
	attach(&lab, id, AT);
	attach(&lab, id, AT + 4 * PAGE);
	check_attached(&lab, id, 2);
	assert_int_equal(umm_mprotect(lab.mm, AT + PAGE, PAGE, R, -1, NULL), 0);
	check_attached(&lab, id, 4);
	assert_int_equal(umm_mprotect(lab.mm, AT + PAGE, PAGE, RW, -1, NULL), 0);
	check_attached(&lab, id, 4);
	assert_int_equal(umm_munmap(lab.mm, AT + 5 * PAGE, PAGE, NULL), 0);
	check_attached(&lab, id, 5);
	detach(&lab, AT);
	check_attached(&lab, id, 2);
	assert_int_equal(umm_shmdt(lab.mm, AT + 6 * PAGE, NULL), -UMM_EINVAL);
	detach(&lab, AT + 4 * PAGE);
	check_attached(&lab, id, 0);
	assert_int_equal(lab_areas(&lab), 0);
	lab_destroy(&lab);
}

/* Two attachments beside each other never merge, and shmdt takes one of them alone. */
static void test_detach_by_arithmetic(void **state)
{
	struct umm_area area;
	struct lab lab;
	int32_t id;

	(void)state;
	lab_init(&lab);
	id = get(&lab, 4 * PAGE, 0600);
	attach(&lab, id, AT);
	assert_int_equal(umm_shmat(lab.mm, id, AT + PAGE, UMM_SHM_REMAP, NULL), AT + PAGE);
	assert_int_equal(lab_areas(&lab), 2);	/* the first page of one, and the other */
	detach(&lab, AT);
	assert_false(lab_area(&lab, AT, &area));
	assert_true(lab_area(&lab, AT + PAGE, &area));
	/* An attachment is found by where it would begin, though its first page is gone. */
	assert_int_equal(umm_munmap(lab.mm, AT + PAGE, PAGE, NULL), 0);
	assert_int_equal(umm_shmdt(lab.mm, AT + 2 * PAGE, NULL), -UMM_EINVAL);
	detach(&lab, AT + PAGE);
	check_attached(&lab, id, 0);
	lab_destroy(&lab);
}

/* Removed while attached: it lives on without a key, can be attached, and goes with the last. */
static void test_removed_while_attached(void **state)
{
	struct umm_shm shm = { .size = sizeof(shm) };
	struct lab lab;
	int64_t id;

	(void)state;
	lab_init(&lab);
	id = umm_shmget(lab.mm, 77, PAGE, UMM_IPC_CREAT | 0600, NULL);
	attach(&lab, (int32_t)id, AT);
	assert_int_equal(umm_shmctl(lab.mm, (int32_t)id, UMM_IPC_RMID, NULL, NULL), 0);
	assert_int_equal(umm_shm_stat(lab.world, (int32_t)id, &shm), 0);
	assert_int_equal(shm.key, UMM_IPC_PRIVATE);
	assert_int_equal(shm.mode, 0600 | UMM_SHM_DEST);
	assert_int_equal(umm_shmget(lab.mm, 77, PAGE, 0, NULL), -UMM_ENOENT);
	attach(&lab, (int32_t)id, AT + PAGE);
	detach(&lab, AT);
	assert_true(exists(&lab, (int32_t)id));
	assert_int_equal(umm_world_committed(lab.world), 1);
	assert_int_equal(umm_munmap(lab.mm, AT + PAGE, PAGE, NULL), 0);
	assert_false(exists(&lab, (int32_t)id));
	assert_int_equal(umm_world_committed(lab.world), 0);
	lab_destroy(&lab);
}

/* kernel.shm_rmid_forced: the last detachment removes what nobody removed. */
static void test_forced_removal(void **state)
{
	struct lab lab;
	int32_t id;

	(void)state;
	lab_init(&lab);
	lab.settings.shm_rmid_forced = true;
	lab_settings_changed(&lab);
	id = get(&lab, PAGE, 0600);
	assert_true(exists(&lab, id));		/* never attached */
	attach(&lab, id, AT);
	attach(&lab, id, AT + PAGE);
	detach(&lab, AT);
	assert_true(exists(&lab, id));
	detach(&lab, AT + PAGE);
	assert_false(exists(&lab, id));
	lab_destroy(&lab);
}

/* A segment is found by who asks for no more bytes than it was made with, whatever its pages. */
static void test_size_is_in_bytes(void **state)
{
	struct lab lab;
	int64_t id;

	(void)state;
	lab_init(&lab);
	id = umm_shmget(lab.mm, 77, PAGE + 1, UMM_IPC_CREAT | 0600, NULL);
	assert_true(id >= 0);
	assert_int_equal(umm_shmget(lab.mm, 77, 0, 0, NULL), id);
	assert_int_equal(umm_shmget(lab.mm, 77, PAGE + 1, 0, NULL), id);
	assert_int_equal(umm_shmget(lab.mm, 77, PAGE + 2, 0, NULL), -UMM_EINVAL);
	lab_destroy(&lab);
}

/* kernel.shmall counts pages, and what fits exactly fits. */
static void test_total(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab.settings.shmall = 3;
	lab_settings_changed(&lab);
	(void)get(&lab, PAGE + 1, 0600);
	assert_int_equal(umm_shmget(lab.mm, UMM_IPC_PRIVATE, PAGE + 1, 0600, NULL), -UMM_ENOSPC);
	(void)get(&lab, PAGE, 0600);
	lab_destroy(&lab);
}

/* A child's areas count, until it exits. */
static void test_fork(void **state)
{
	struct umm_mm *child;
	struct lab lab;
	int32_t id;

	(void)state;
	lab_init(&lab);
	id = get(&lab, 2 * PAGE, 0600);
	attach(&lab, id, AT);
	assert_int_equal(umm_fork(lab.mm, &child, NULL), 0);
	check_attached(&lab, id, 2);
	assert_int_equal(umm_shmctl(lab.mm, id, UMM_IPC_RMID, NULL, NULL), 0);
	detach(&lab, AT);
	check_attached(&lab, id, 1);
	umm_mm_put(child);
	assert_false(exists(&lab, id));
	lab_destroy(&lab);
}

/* What might have happened does not count; what did, does. */
static void test_hypothesis(void **state)
{
	struct umm_mm *clone;
	struct lab lab;
	int32_t id;

	(void)state;
	lab_init(&lab);
	id = get(&lab, 2 * PAGE, 0600);
	attach(&lab, id, AT);
	assert_int_equal(umm_mm_clone(lab.mm, &clone), 0);
	check_attached(&lab, id, 1);
	assert_int_equal(umm_shmat(clone, id, AT + 2 * PAGE, 0, NULL), AT + 2 * PAGE);
	assert_int_equal(umm_munmap(clone, AT, PAGE, NULL), 0);
	check_attached(&lab, id, 1);
	assert_int_equal(umm_shmctl(clone, id, UMM_IPC_RMID, NULL, NULL), 0);
	assert_true(umm_shmget(clone, UMM_IPC_PRIVATE, PAGE, 0600, NULL) >= 0);
	assert_int_equal(umm_shm_next(lab.world, id), -1);
	umm_mm_take_place(clone, lab.mm);
	check_attached(&lab, id, 2);
	umm_mm_put(lab.mm);
	lab.mm = clone;
	check_attached(&lab, id, 2);
	lab_destroy(&lab);
}

/* The charge: whole pages when the segment is made, none with SHM_NORESERVE but in mode 2. */
static void test_charge(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	(void)get(&lab, 2 * PAGE + 1, 0600);
	assert_int_equal(umm_world_committed(lab.world), 3);
	(void)get(&lab, PAGE, 0600 | UMM_SHM_NORESERVE);
	assert_int_equal(umm_world_committed(lab.world), 3);
	lab.settings.overcommit_memory = 2;
	lab_settings_changed(&lab);
	(void)get(&lab, PAGE, 0600 | UMM_SHM_NORESERVE);
	assert_int_equal(umm_world_committed(lab.world), 4);
	lab_destroy(&lab);
}

/* SHM_HUGETLB: pages promised when it is made, whole huge pages mapped, split only between them. */
static void test_huge(void **state)
{
	struct umm_area area;
	struct lab lab;
	int32_t id;

	(void)state;
	lab_init(&lab);
	id = get(&lab, 3 * MIB, 0600 | UMM_SHM_HUGETLB);
	assert_int_equal(umm_world_committed(lab.world), 0);
	assert_int_equal(umm_shmget(lab.mm, UMM_IPC_PRIVATE, 5 * MIB, 0600 | UMM_SHM_HUGETLB, NULL),
			 -UMM_ENOMEM);
	assert_int_equal(umm_shmat(lab.mm, id, AT + PAGE, 0, NULL), -UMM_EINVAL);
	attach(&lab, id, AT);
	assert_true(lab_area(&lab, AT, &area));
	assert_int_equal(area.end - area.start, 4 * MIB);
	assert_true(area.vm_flags & UMM_VM_HUGETLB);
	assert_int_equal(umm_munmap(lab.mm, AT, PAGE, NULL), -UMM_EINVAL);
	assert_int_equal(umm_munmap(lab.mm, AT, 2 * MIB, NULL), 0);
	check_attached(&lab, id, 1);
	assert_int_equal(umm_shmctl(lab.mm, id, UMM_IPC_RMID, NULL, NULL), 0);
	detach(&lab, AT);
	(void)get(&lab, 8 * MIB, 0600 | UMM_SHM_HUGETLB);
	lab_destroy(&lab);
}

/* Ids are taken in turn, and a slot that is used again gives another id. */
static void test_ids(void **state)
{
	struct lab lab;
	int32_t id, last = -1;

	(void)state;
	lab_init(&lab);
	for (int32_t i = 0; i < 64; i++) {
		id = get(&lab, PAGE, 0600);
		assert_int_equal(id, i);
		assert_int_equal(umm_shmctl(lab.mm, id, UMM_IPC_RMID, NULL, NULL), 0);
	}
	for (int32_t i = 0; i < 3; i++) {
		id = get(&lab, PAGE, 0600);
		assert_int_equal(id, (1 << 15) + i);
		assert_true(umm_shm_next(lab.world, last) == id);
		last = id;
	}
	assert_int_equal(umm_shm_next(lab.world, last), -1);
	lab_destroy(&lab);
}

/* After the slots were used up 65534 times the first id comes back: 4194240 calls. */
static void test_ids_come_back(void **state)
{
	struct lab lab;
	int32_t id, highest = 0;

	(void)state;
	lab_init(&lab);
	to_world(lab.world)->shm_seq = 65533;
	for (int32_t i = 0; i < 64 + 64; i++) {
		id = get(&lab, PAGE, 0600);
		highest = id > highest ? id : highest;
		assert_int_equal(umm_shmctl(lab.mm, id, UMM_IPC_RMID, NULL, NULL), 0);
	}
	assert_int_equal(highest, (65534 << 15) + 63);
	assert_int_equal(get(&lab, PAGE, 0600), 0);
	lab_destroy(&lab);
}

/* Owner, group and others, and what a mode gives each. */
static void test_permissions(void **state)
{
	static const uint32_t groups[] = { 5, 50 };
	struct umm_shm set = { .size = sizeof(set), .uid = 10, .gid = 50, .mode = 0640 };
	struct lab lab;
	int32_t id;

	(void)state;
	lab_init(&lab);
	id = get(&lab, PAGE, 0600);
	assert_int_equal(umm_shmctl(lab.mm, id, UMM_IPC_SET, &set, NULL), 0);
	attach(&lab, id, AT);		/* still the creator */
	assert_int_equal(umm_mm_set_ids(lab.mm, 11, 11, groups, 2), 0);
	assert_int_equal(umm_shmat(lab.mm, id, 0, 0, NULL), -UMM_EACCES);
	assert_true(umm_shmat(lab.mm, id, 0, UMM_SHM_RDONLY, NULL) > 0);
	assert_int_equal(umm_shmat(lab.mm, id, 0, UMM_SHM_RDONLY | UMM_SHM_EXEC, NULL),
			 -UMM_EACCES);
	assert_int_equal(umm_mm_set_ids(lab.mm, 11, 11, groups, 1), 0);
	assert_int_equal(umm_shmat(lab.mm, id, 0, UMM_SHM_RDONLY, NULL), -UMM_EACCES);
	umm_mm_set_caps(lab.mm, UMM_CAP_IPC_OWNER);
	assert_true(umm_shmat(lab.mm, id, 0, 0, NULL) > 0);
	assert_int_equal(umm_mm_set_ids(lab.mm, 1, 1, groups, UMM_GROUPS_MAX + 1), -UMM_EINVAL);
	lab_destroy(&lab);
}

/* maps shows key and id; a reader's attachment may never become writable. */
static void test_maps(void **state)
{
	umm_addr_t next;
	struct lab lab;
	char line[256];
	int64_t id;

	(void)state;
	lab_init(&lab);
	id = umm_shmget(lab.mm, 0x162e, PAGE, UMM_IPC_CREAT | 0600, NULL);
	assert_int_equal(umm_shmat(lab.mm, (int32_t)id, AT, UMM_SHM_RDONLY, NULL), AT);
	assert_true(umm_maps_line(lab.mm, AT, line, sizeof(line), &next) > 0);
	assert_string_equal(line, "10000000-10001000 r--s 00000000 00:01 0"
			    "                                  /SYSV0000162e (deleted)\n");
	assert_int_equal(umm_mprotect(lab.mm, AT, PAGE, RW, -1, NULL), -UMM_EACCES);
	lab_destroy(&lab);
}

/* A follower learns of segments of others, and that they went. */
static void test_import(void **state)
{
	struct umm_shm shm = {
		.size = sizeof(shm), .id = 40000, .key = 9, .bytes = 2 * PAGE, .nattch = 3,
		.mode = 0666, .uid = 1, .gid = 1, .cuid = 1, .cgid = 1,
	};
	struct lab lab;

	(void)state;
	lab_init(&lab);
	assert_int_equal(umm_shm_import(lab.world, &shm), 0);
	attach(&lab, shm.id, AT);
	check_attached(&lab, shm.id, 4);
	shm.nattch = 1;			/* the others detached */
	assert_int_equal(umm_shm_import(lab.world, &shm), 0);
	check_attached(&lab, shm.id, 1);
	assert_int_equal(umm_shm_set_id(lab.world, shm.id, 40001), 0);
	assert_false(exists(&lab, 40000));
	umm_shm_forget(lab.world, 40001);
	assert_false(exists(&lab, 40001));
	detach(&lab, AT);
	shm.bytes = 0;
	assert_int_equal(umm_shm_import(lab.world, &shm), -UMM_EINVAL);
	lab_destroy(&lab);
}

/* Who is asked for which bits: creator and owner, one of two groups, anybody. */
static void test_whose_bits(void **state)
{
	static const struct {
		uint32_t uid, gid, group;
	} rows[] = {
		{ 1, 9, 9 }, { 2, 9, 9 },	/* the creator, the owner */
		{ 9, 1, 9 }, { 9, 9, 1 },	/* the creator's group */
		{ 9, 2, 9 }, { 9, 9, 2 },	/* the owner's group */
		{ 9, 9, 9 },
	};
	struct umm_shm set = { .size = sizeof(set), .uid = 2, .gid = 2 };
	struct lab lab;
	int64_t id;

	(void)state;
	lab_init(&lab);
	for (unsigned int bits = 0; bits < 3; bits++) {
		static const uint32_t modes[] = { 0600, 0060, 0006 };
		uint32_t mode = modes[bits];

		assert_int_equal(umm_mm_set_ids(lab.mm, 1, 1, NULL, 0), 0);
		id = umm_shmget(lab.mm, 77, PAGE, UMM_IPC_CREAT | mode, NULL);
		assert_true(id >= 0);
		set.mode = mode;
		assert_int_equal(umm_shmctl(lab.mm, (int32_t)id, UMM_IPC_SET, &set, NULL), 0);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			unsigned int whose = i < 2 ? 0 : i < 6 ? 1 : 2;
			int64_t answer = umm_mm_set_ids(lab.mm, rows[i].uid, rows[i].gid,
							&rows[i].group, 1);

			assert_int_equal(answer, 0);
			answer = umm_shmget(lab.mm, 77, PAGE, 0666, NULL);
			assert_int_equal(answer, whose == bits ? id : -UMM_EACCES);
			umm_mm_set_caps(lab.mm, UMM_CAP_IPC_OWNER);
			assert_int_equal(umm_shmget(lab.mm, 77, PAGE, 0666, NULL), id);
			umm_mm_set_caps(lab.mm, 0);
			/* Creator and owner may remove it, members of groups may not. */
			if (whose)
				assert_int_equal(umm_shmctl(lab.mm, (int32_t)id, UMM_IPC_RMID, NULL,
							    NULL), -UMM_EPERM);
		}
		umm_mm_set_ids(lab.mm, bits ? 1 : 2, 9, NULL, 0);
		assert_int_equal(umm_shmctl(lab.mm, (int32_t)id, UMM_IPC_RMID, NULL, NULL), 0);
	}
	umm_mm_set_ids(lab.mm, 9, 9, NULL, 0);
	id = umm_shmget(lab.mm, UMM_IPC_PRIVATE, PAGE, 0600, NULL);
	umm_mm_set_ids(lab.mm, 8, 8, NULL, 0);
	umm_mm_set_caps(lab.mm, UMM_CAP_SYS_ADMIN);
	assert_int_equal(umm_shmctl(lab.mm, (int32_t)id, UMM_IPC_RMID, NULL, NULL), 0);
	lab_destroy(&lab);
}

/* What is only supposed leaves segments as they are, and answers as if it did not. */
static void test_supposed_commands(void **state)
{
	struct umm_shm before = { .size = sizeof(before) }, after = { .size = sizeof(after) };
	struct umm_shm set = { .size = sizeof(set), .uid = 5, .mode = 0777 };
	static const int commands[] = { UMM_IPC_SET, UMM_SHM_LOCK, UMM_SHM_UNLOCK, UMM_IPC_RMID };
	struct umm_mm *clone;
	struct lab lab;
	int32_t id;

	(void)state;
	lab_init(&lab);
	for (int locked = 0; locked < 2; locked++) {
		id = get(&lab, 4 * PAGE, 0600);
		if (locked)
			assert_int_equal(umm_shmctl(lab.mm, id, UMM_SHM_LOCK, NULL, NULL), 0);
		assert_int_equal(umm_shm_stat(lab.world, id, &before), 0);
		assert_int_equal(before.mode & UMM_SHM_LOCKED, locked ? UMM_SHM_LOCKED : 0);
		assert_int_equal(umm_mm_clone(lab.mm, &clone), 0);
		for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
			assert_int_equal(umm_shmctl(clone, id, commands[i], &set, NULL), 0);
			assert_int_equal(umm_shm_stat(lab.world, id, &after), 0);
			assert_memory_equal(&before, &after, sizeof(before));
		}
		umm_mm_put(clone);
		assert_int_equal(umm_shmctl(lab.mm, id, UMM_SHM_UNLOCK, NULL, NULL), 0);
		assert_int_equal(umm_shm_stat(lab.world, id, &after), 0);
		assert_int_equal(after.mode & UMM_SHM_LOCKED, 0);
	}
	lab_destroy(&lab);
}

/* The limit on locks counts the segments of the user, each once, and huge pages never. */
static void test_locked_segments(void **state)
{
	struct lab lab;
	int32_t a, b, huge;

	(void)state;
	lab_init(&lab);
	lab_limit(&lab, UMM_RLIMIT_MEMLOCK, 6 * PAGE);
	a = get(&lab, 4 * PAGE, 0600);
	b = get(&lab, 4 * PAGE, 0600);
	huge = get(&lab, 2 * MIB, 0600 | UMM_SHM_HUGETLB);
	assert_int_equal(umm_shmctl(lab.mm, a, UMM_SHM_LOCK, NULL, lab.listen), 0);
	assert_int_equal(umm_shmctl(lab.mm, a, UMM_SHM_LOCK, NULL, NULL), 0);
	assert_int_equal(umm_shmctl(lab.mm, huge, UMM_SHM_LOCK, NULL, NULL), 0);
	assert_int_equal(umm_shmctl(lab.mm, b, UMM_SHM_LOCK, NULL, NULL), -UMM_ENOMEM);
	umm_mm_set_caps(lab.mm, UMM_CAP_IPC_LOCK);
	assert_int_equal(umm_shmctl(lab.mm, b, UMM_SHM_LOCK, NULL, NULL), 0);
	umm_mm_set_caps(lab.mm, 0);
	/* Another user's locks are not this one's. */
	umm_mm_set_ids(lab.mm, 3, 3, NULL, 0);
	a = get(&lab, 4 * PAGE, 0600);
	assert_int_equal(umm_shmctl(lab.mm, a, UMM_SHM_LOCK, NULL, NULL), 0);
	lab_destroy(&lab);
}

static void test_no_such_thing(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	assert_int_equal(umm_shmctl(lab.mm, 5, UMM_IPC_RMID, NULL, NULL), -UMM_EINVAL);
	assert_int_equal(umm_shmctl(lab.mm, get(&lab, PAGE, 0600), UMM_IPC_SET, NULL, NULL),
			 -UMM_EINVAL);
	assert_int_equal(umm_shmat(lab.mm, -1, 0, 0, NULL), -UMM_EINVAL);
	/* Sizes whose pages cannot be counted. */
	lab.settings.shmmax = UINT64_MAX;
	lab.settings.shmall = UINT64_MAX;
	lab_settings_changed(&lab);
	assert_int_equal(umm_shmget(lab.mm, UMM_IPC_PRIVATE, UINT64_MAX, 0600, NULL), -UMM_ENOSPC);
	lab_destroy(&lab);
}

/* After mlockall(MCL_FUTURE) an attachment is filled at once; without memory to do so it fails. */
static void test_attached_locked(void **state)
{
	struct umm_area area = { .size = sizeof(area) };
	struct lab lab;

	(void)state;
	lab_init(&lab);
	umm_mm_set_def_flags(lab.mm, UMM_VM_LOCKED);
	umm_mm_set_caps(lab.mm, UMM_CAP_IPC_LOCK);
	assert_int_equal(umm_shmat(lab.mm, get(&lab, 2 * PAGE, 0600), AT, 0, lab.listen), AT);
	assert_true(lab_area(&lab, AT, &area) && (area.vm_flags & UMM_VM_LOCKED));
	assert_int_equal(umm_shmat(lab.mm, get(&lab, 2 * PAGE, 0600), AT + PAGE, 0, NULL),
			 -UMM_EINVAL);
	assert_int_equal(umm_shmat(lab.mm, get(&lab, 2 * PAGE, 0600), AT + PAGE, UMM_SHM_REMAP,
				   NULL), AT + PAGE);
	lab_destroy(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_areas_are_counted),
		cmocka_unit_test(test_detach_by_arithmetic),
		cmocka_unit_test(test_removed_while_attached),
		cmocka_unit_test(test_forced_removal),
		cmocka_unit_test(test_size_is_in_bytes),
		cmocka_unit_test(test_total),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_hypothesis),
		cmocka_unit_test(test_charge),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_ids_come_back),
		cmocka_unit_test(test_permissions),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_whose_bits),
		cmocka_unit_test(test_supposed_commands),
		cmocka_unit_test(test_locked_segments),
		cmocka_unit_test(test_no_such_thing),
		cmocka_unit_test(test_attached_locked),
		cmocka_unit_test(test_import),
	};

	return cmocka_run_group_tests_name("shm", tests, NULL, NULL);
}
