/*
 * model_calls.c - each kind of step as a call of the library.
 */
#include <string.h>

#include "seq/model_inside.h"

/* What a call is made with. */
struct call {
	struct seq_model *model;
	const struct seq_step *step;
	struct umm_mm *mm;
	const uint64_t *arg;
	struct umm_why *why;
};

typedef int64_t (*call_fn)(const struct call *c);

/* ---- areas --------------------------------------------------------------------------------- */

static int64_t call_mmap(const struct call *c)
{
	const uint64_t *a = c->arg;
	bool anonymous = a[3] & UMM_MAP_ANONYMOUS;

	return umm_mmap(c->mm, a[0], a[1], a[2], a[3], anonymous ? NULL : c->model->file[a[4]],
			a[5], c->why);
}

static int64_t call_munmap(const struct call *c)
{
	return umm_munmap(c->mm, c->arg[0], c->arg[1], c->why);
}

static int64_t call_mprotect(const struct call *c)
{
	return umm_mprotect(c->mm, c->arg[0], c->arg[1], c->arg[2], -1, c->why);
}

static int64_t call_pkey_mprotect(const struct call *c)
{
	return umm_mprotect(c->mm, c->arg[0], c->arg[1], c->arg[2], (int)c->arg[3], c->why);
}

static int64_t call_mremap(const struct call *c)
{
	const uint64_t *a = c->arg;

	return umm_mremap(c->mm, a[0], a[1], a[2], a[3], a[4], c->why);
}

static int64_t call_brk(const struct call *c)
{
	return (int64_t)umm_brk(c->mm, c->arg[0], c->why);
}

static int64_t call_remap_file_pages(const struct call *c)
{
	const uint64_t *a = c->arg;

	return umm_remap_file_pages(c->mm, a[0], a[1], a[2], a[3], a[4], c->why);
}

static int64_t call_many(const struct call *c)
{
	const uint64_t flags = UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS | UMM_MAP_FIXED;

	for (uint64_t i = 0; i < c->arg[1]; i++) {
		int64_t ret = umm_mmap(c->mm, c->arg[0] + i * SEQ_PAGE, SEQ_PAGE,
				       i & 1 ? UMM_PROT_NONE : UMM_PROT_READ, flags, NULL, 0,
				       c->why);

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* ---- what is said of them ------------------------------------------------------------------ */

static int64_t call_madvise(const struct call *c)
{
	return umm_madvise(c->mm, c->arg[0], c->arg[1], (int)c->arg[2], c->why);
}

static int64_t call_process_madvise(const struct call *c)
{
	struct umm_range range = { c->arg[1], c->arg[2] };

	return umm_process_madvise(c->mm, c->model->mm[c->arg[0]], &range, 1, (int)c->arg[3],
				   c->arg[4], c->why);
}

static int64_t call_mlock(const struct call *c)
{
	return umm_mlock(c->mm, c->arg[0], c->arg[1], 0, c->why);
}

static int64_t call_mlock2(const struct call *c)
{
	return umm_mlock(c->mm, c->arg[0], c->arg[1], c->arg[2], c->why);
}

static int64_t call_munlock(const struct call *c)
{
	return umm_munlock(c->mm, c->arg[0], c->arg[1], c->why);
}

static int64_t call_mlockall(const struct call *c)
{
	return umm_mlockall(c->mm, c->arg[0], c->why);
}

static int64_t call_munlockall(const struct call *c)
{
	return umm_munlockall(c->mm, c->why);
}

static int64_t call_msync(const struct call *c)
{
	return umm_msync(c->mm, c->arg[0], c->arg[1], c->arg[2], c->why);
}

static int64_t call_mincore(const struct call *c)
{
	return umm_mincore(c->mm, c->arg[0], c->arg[1], c->arg[2], c->why);
}

static int64_t call_mseal(const struct call *c)
{
	return umm_mseal(c->mm, c->arg[0], c->arg[1], c->arg[2], c->why);
}

static struct umm_nodemask mask_of(const uint64_t *word)
{
	if (!*word)
		return (struct umm_nodemask){ NULL, 0, 0 };
	return (struct umm_nodemask){ word, 64, 1 };
}

/* Of one node's pages none is misplaced. */
static int64_t call_mbind(const struct call *c)
{
	const uint64_t *a = c->arg;
	struct umm_nodemask mask = mask_of(&a[3]);

	return umm_mbind(c->mm, a[0], a[1], a[2], &mask, a[4], UINT64_MAX, c->why);
}

static int64_t call_set_mempolicy(const struct call *c)
{
	struct umm_nodemask mask = mask_of(&c->arg[1]);

	return umm_set_mempolicy(c->mm, c->arg[0], &mask, c->why);
}

static int64_t call_set_mempolicy_home_node(const struct call *c)
{
	const uint64_t *a = c->arg;

	return umm_set_mempolicy_home_node(c->mm, a[0], a[1], a[2], a[3], c->why);
}

static int64_t call_set_vma_name(const struct call *c)
{
	char text[SEQ_VMA_NAME_SIZE];
	struct umm_anon_name name = { NULL, 0, c->arg[2] == SEQ_NAME_UNREADABLE };

	if (name.unreadable)
		name.text = "";
	if (seq_vma_name(c->arg[2], text)) {
		name.text = text;
		name.length = strlen(text);
	}
	return umm_set_vma_name(c->mm, UMM_PR_SET_VMA_ANON_NAME, c->arg[0], c->arg[1], &name,
				c->why);
}

/* ---- objects ------------------------------------------------------------------------------- */

static int64_t call_shmget(const struct call *c)
{
	uint64_t key = c->arg[0] ? c->arg[0] + c->model->shm_key : 0;

	return umm_shmget(c->mm, (int32_t)key, c->arg[1], c->arg[2] | 0600, c->why);
}

static int64_t call_shmat(const struct call *c)
{
	return umm_shmat(c->mm, (int32_t)c->arg[0], c->arg[1], c->arg[2], c->why);
}

static int64_t call_shmdt(const struct call *c)
{
	return umm_shmdt(c->mm, c->arg[0], c->why);
}

static int64_t call_shmctl(const struct call *c)
{
	return umm_shmctl(c->mm, (int32_t)c->arg[0], (int)c->arg[1], NULL, c->why);
}

/* What F_ADD_SEALS adds to a file, as the flags of its model. */
static uint32_t flags_of_seals(uint32_t seals, bool executable)
{
	uint32_t flags = 0;

	if ((seals & UMM_F_SEAL_EXEC) && executable)
		seals |= UMM_F_SEAL_WRITE | UMM_F_SEAL_FUTURE_WRITE;
	if (seals & UMM_F_SEAL_SEAL)
		flags |= UMM_FILE_SEAL_SEAL;
	if (seals & UMM_F_SEAL_WRITE)
		flags |= UMM_FILE_SEAL_WRITE;
	if (seals & UMM_F_SEAL_FUTURE_WRITE)
		flags |= UMM_FILE_SEAL_FUTURE;
	return flags;
}

/* All descriptors of the inode show its seals. */
static void seal_inode(struct seq_model *model, unsigned int nr, uint32_t flags)
{
	const struct seq_start_file *sealed = &model->known[nr];

	for (unsigned int i = SEQ_FILE_NONE + 1; i < SEQ_FILES; i++) {
		struct seq_start_file *known = &model->known[i];

		if (known->inode != sealed->inode || known->dev_major != sealed->dev_major ||
		    known->dev_minor != sealed->dev_minor)
			continue;
		known->flags |= flags;
		umm_file_set_flags(model->file[i], known->flags);
	}
}

static int64_t call_add_seals(const struct call *c)
{
	struct seq_model *model = c->model;
	unsigned int nr = (unsigned int)c->arg[0];
	uint32_t seals = (uint32_t)c->arg[1];
	uint64_t writable = 0;
	int64_t ret;

	if (nr == SEQ_FILE_NONE)
		return -UMM_EBADF;
	for (unsigned int i = 0; i < SEQ_PROCESSES; i++) {
		if (model->mm[i])
			writable += umm_mm_writable_mappings(model->mm[i], model->file[nr]);
	}
	ret = umm_file_add_seals(model->file[nr], seals, model->known[nr].executable, writable,
				 c->why);
	if (!ret)
		seal_inode(model, nr, flags_of_seals(seals, model->known[nr].executable));
	return ret;
}

/* The userfaultfd that the first argument names: the step that made it gave it its name. */
static struct umm_uffd uffd_of(const struct call *c, struct umm_mm **owner)
{
	size_t of = c->step->arg[0].step;

	*owner = c->model->mm[c->model->state.owner[of]];
	return (struct umm_uffd){ .id = of + 1, .features = c->model->features[of],
				  .ready = true };
}

static int64_t call_uffd_register(const struct call *c)
{
	struct umm_uffd_range range = { .start = c->arg[1], .len = c->arg[2],
					.mode = c->arg[3] };
	struct umm_mm *owner;
	struct umm_uffd uffd = uffd_of(c, &owner);

	return umm_userfaultfd_register(owner, &uffd, &range, c->why);
}

static int64_t call_uffd_unregister(const struct call *c)
{
	struct umm_uffd_range range = { .start = c->arg[1], .len = c->arg[2] };
	struct umm_mm *owner;
	struct umm_uffd uffd = uffd_of(c, &owner);

	return umm_userfaultfd_unregister(owner, &uffd, &range, c->why);
}

void model_release_userfaultfd(struct seq_model *model, size_t step)
{
	unsigned int owner = model->state.owner[step];

	/* Only our own memory can be missing, and then the rest is not worth much. */
	if (owner < SEQ_PROCESSES && model->mm[owner])
		(void)umm_userfaultfd_release(model->mm[owner], step + 1, NULL);
}

/* ---- the address space as a whole, and accesses -------------------------------------------- */

static int64_t call_setrlimit(const struct call *c)
{
	return umm_setrlimit(c->mm, (uint32_t)c->arg[0], c->arg[1], c->arg[2], c->why);
}

static int64_t call_personality(const struct call *c)
{
	return umm_personality(c->mm, (uint32_t)c->arg[0], c->why);
}

static int64_t call_set_mdwe(const struct call *c)
{
	return umm_prctl_set_mdwe(c->mm, c->arg[0], 0, 0, 0, c->why);
}

static int64_t call_set_thp_disable(const struct call *c)
{
	const uint64_t arg[4] = { c->arg[0], c->arg[1], 0, 0 };

	return umm_set_thp_disable(c->mm, arg, c->why);
}

static int64_t call_set_memory_merge(const struct call *c)
{
	const uint64_t arg[4] = { c->arg[0], 0, 0, 0 };

	return umm_set_memory_merge(c->mm, arg, c->why);
}

static int64_t call_set_mm(const struct call *c)
{
	return umm_prctl_set_mm(c->mm, c->arg[0], c->arg[1], 0, 0, NULL, c->why);
}

/* The si_code of a SIGBUS is told apart from that of a SIGSEGV. */
static int64_t access_byte(const struct call *c, unsigned int access)
{
	const int sigbus = 10, adrerr = 2;
	int ret;

	if (c->model->settings.pages == UMM_PAGES_CONTENTS)
		return model_touch(c->model, c->mm, c->arg[0], access, NULL);
	ret = umm_fault(c->mm, c->arg[0], access, c->why);
	if (ret == UMM_FAULT_OK && umm_fault_sigbus(c->mm, c->arg[0]))
		return sigbus + adrerr;
	return ret;
}

static int64_t call_store(const struct call *c)
{
	unsigned char *byte = NULL;
	int64_t code;

	if (c->model->settings.pages != UMM_PAGES_CONTENTS)
		return access_byte(c, UMM_ACCESS_WRITE);
	code = model_touch(c->model, c->mm, c->arg[0], UMM_ACCESS_WRITE, &byte);
	if (!code)
		*byte = (unsigned char)c->arg[1];
	return code;
}

static int64_t call_pages(const struct call *c)
{
	return model_pages(c->model, c->mm, c->arg);
}

static int64_t call_smaps(const struct call *c)
{
	return model_smaps(c->mm, c->arg);
}

static int64_t call_read(const struct call *c)
{
	return access_byte(c, UMM_ACCESS_READ);
}

static int64_t call_write(const struct call *c)
{
	return access_byte(c, UMM_ACCESS_WRITE);
}

/* ---- all of them --------------------------------------------------------------------------- */

/* Those that are missing are model.c's. */
static const call_fn calls[SEQ_CALLS] = {
	[SEQ_MMAP] = call_mmap,
	[SEQ_MUNMAP] = call_munmap,
	[SEQ_MPROTECT] = call_mprotect,
	[SEQ_PKEY_MPROTECT] = call_pkey_mprotect,
	[SEQ_MREMAP] = call_mremap,
	[SEQ_BRK] = call_brk,
	[SEQ_REMAP_FILE_PAGES] = call_remap_file_pages,
	[SEQ_MADVISE] = call_madvise,
	[SEQ_PROCESS_MADVISE] = call_process_madvise,
	[SEQ_MLOCK] = call_mlock,
	[SEQ_MLOCK2] = call_mlock2,
	[SEQ_MUNLOCK] = call_munlock,
	[SEQ_MLOCKALL] = call_mlockall,
	[SEQ_MUNLOCKALL] = call_munlockall,
	[SEQ_MSYNC] = call_msync,
	[SEQ_MINCORE] = call_mincore,
	[SEQ_MSEAL] = call_mseal,
	[SEQ_MBIND] = call_mbind,
	[SEQ_SET_MEMPOLICY] = call_set_mempolicy,
	[SEQ_HOME_NODE] = call_set_mempolicy_home_node,
	[SEQ_SET_VMA_NAME] = call_set_vma_name,
	[SEQ_SHMGET] = call_shmget,
	[SEQ_SHMAT] = call_shmat,
	[SEQ_SHMDT] = call_shmdt,
	[SEQ_SHMCTL] = call_shmctl,
	[SEQ_ADD_SEALS] = call_add_seals,
	[SEQ_UFFD_REGISTER] = call_uffd_register,
	[SEQ_UFFD_UNREGISTER] = call_uffd_unregister,
	[SEQ_SETRLIMIT] = call_setrlimit,
	[SEQ_PERSONALITY] = call_personality,
	[SEQ_SET_MDWE] = call_set_mdwe,
	[SEQ_SET_THP_DISABLE] = call_set_thp_disable,
	[SEQ_SET_MEMORY_MERGE] = call_set_memory_merge,
	[SEQ_SET_MM] = call_set_mm,
	[SEQ_READ] = call_read,
	[SEQ_WRITE] = call_write,
	[SEQ_MANY] = call_many,
	[SEQ_STORE] = call_store,
	[SEQ_PAGES] = call_pages,
	[SEQ_SMAPS] = call_smaps,
};

int64_t model_call(struct seq_model *model, const struct seq_step *step, const uint64_t *arg,
		   struct umm_why *why)
{
	struct call call = { model, step, model->mm[step->process], arg, why };

	return calls[step->call](&call);
}
