#!/usr/bin/env bats
# userfaultfd: what it does to areas, what it refuses and why, and that the model says it all before.

load lib.bash

# Nothing of it is adopted but what exec chose, and the inode numbers of shared memory.
watched() {
	local got=0

	timeout 30 "$TEST_PROGS/uffd_cases" "$1" >native.out || got=$?
	skip_if_skipped native.out
	[ "$got" = 0 ] || { cat native.out; return 1; }
	usermm_check 0 --json -- "$TEST_PROGS/uffd_cases" "$1"
	shift
	python3 "$RECORDS" adopted check.result exec "shmem inode" "$@"
}

@test "every case of the programs is tested here" {
	every_case_is_tested -w watched uffd_cases
	every_case_is_tested refuse_uffd
}

@test "watched memory is cut out, and mended" { watched split_and_mend; }
@test "memory watched alike merges" { watched halves_merge; }
@test "an end of an area joins what is above" { watched cut_joins_above; }
@test "an end of an area joins what is below" { watched cut_joins_below; }
@test "memory of two userfaultfds does not" { watched two_stay_apart; }
@test "new memory beside it is not watched" { watched new_beside; }
@test "holes are passed by" { watched holes; }
@test "memfd, huge pages, files" { watched other_kinds; }
@test "closed: the last descriptor" { watched closed; }
@test "closed: a child had it too" { watched child_has_it; }
@test "closed: nobody had it any more" { watched in_a_socket; }
@test "fork drops it" { watched fork_drops; }
@test "a child registers what is its parent's" { watched child_registers; }
@test "fork keeps it for who wants to hear of forks" { watched fork_event; }
@test "mremap drops it" { watched move_drops; }
@test "mremap drops it for what was merged with" { watched move_drops_neighbour; }
@test "mremap keeps it for who wants to hear of moves" { watched move_event; }
@test "growing in place keeps it" { watched grow_keeps; }
@test "a fault waits for another thread's calls" { watched sleeper "anon_vma order" "order unknown"; }
@test "a call waits for another thread's calls" { watched sleeping_call "anon_vma order" "order unknown"; }

@test "before UFFDIO_API" { refused refuse_uffd no_api EINVAL UFFD_NO_API 'UFFDIO_API' 0; }
@test "no argument" { refused refuse_uffd argument EFAULT UFFD_ARGUMENT 'cannot be read' 1; }
@test "unknown mode" { refused refuse_uffd mode EINVAL UFFD_MODE 'mode (0x)?8 '; }
@test "unaligned" { refused refuse_uffd unaligned EINVAL UFFD_UNALIGNED 'start (0x)?[0-9a-f]+001 '; }
@test "not a range of the program" { refused refuse_uffd range EINVAL UFFD_RANGE 'TASK_SIZE|7ffffffff000'; }
@test "nothing mapped at the end" { refused refuse_uffd nothing_above EINVAL UFFD_NOTHING 'nothing is mapped'; }
@test "nothing mapped" { refused refuse_uffd nothing EINVAL UFFD_NOTHING 'nothing is mapped'; }
@test "within a huge page" { refused refuse_uffd huge_page EINVAL UFFD_HUGE_PAGE '2 MiB'; }
@test "a file" { refused refuse_uffd kind EINVAL UFFD_KIND 'rw-s'; }
@test "minor faults of private memory" { refused refuse_uffd kind_minor EINVAL UFFD_KIND 'mode 4'; }
@test "unregister a file" { refused refuse_uffd kind_unregister EINVAL UFFD_KIND 'rw-s'; }
@test "shared memory that may only be read" { refused refuse_uffd not_writable EPERM UFFD_NOT_WRITABLE 'r--s'; }
@test "watched by another" { refused refuse_uffd busy EBUSY UFFD_BUSY 'another userfaultfd'; }
@test "unregister what is another's" { refused refuse_uffd not_ours EINVAL UFFD_NOT_OURS 'another userfaultfd'; }
@test "no room for the answer" { refused refuse_uffd answer EFAULT UFFD_ANSWER 'registered'; }

# At random, with memory policy among it; children register for their parents.
@test "random calls" {
	need_exact_faults
	for seed in 1 2 117 134; do
		usermm_check 0 --json -- "$TEST_PROGS/random_policy" $seed 1000
		python3 "$RECORDS" adopted check.result exec "shmem inode" "closed userfaultfd"
	done
}

# Beside other threads' calls, a close among them.
@test "threads" {
	need_exact_faults
	timeout 30 "$TEST_PROGS/uffd_threads" 300 >native.out || { skip_if_skipped native.out; cat native.out; return 1; }
	usermm_check 0 --json -- "$TEST_PROGS/uffd_threads" 300
	python3 "$RECORDS" adopted check.result exec "closed userfaultfd" "order unknown" "anon_vma order"
}
