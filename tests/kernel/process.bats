#!/usr/bin/env bats
# prctl(PR_SET_MDWE), prctl(PR_SET_MM), personality, io_setup and arch_prctl(ARCH_MAP_VDSO_): what they
# refuse, and what they change at once, for children and at exec.

load lib.bash

# These cases are what others exec:
#	helper process_cases after_exec
#	helper process_cases expect_allowed
#	helper process_cases expect_refused
#	helper process_cases has_page_zero

@test "every case of the programs is tested here" {
	every_case_is_tested refuse_process process_cases
}

@test "mdwe args" { refused refuse_process mdwe_args EINVAL MDWE_ARGS 'must be 0 is (0x)?1' 0; }
@test "mdwe bits" { refused refuse_process mdwe_bits EINVAL MDWE_BITS 'PR_MDWE_' 1; }
@test "mdwe is set" { refused refuse_process mdwe_is_set EPERM MDWE_IS_SET 'MDWE set to (0x)?1'; }
@test "mdwe mmap" { refused refuse_process mdwe_mmap EACCES MDWE 'PR_SET_MDWE is on'; }
@test "mdwe mprotect" { refused refuse_process mdwe_mprotect EACCES MDWE 'PR_SET_MDWE is on'; }
@test "set mm args" { refused refuse_process set_mm_args EINVAL SET_MM_ARGS 'must be 0 is (0x)?1' 0; }
@test "set mm permission" { refused refuse_process set_mm_permission EPERM SET_MM_PERMISSION 'CAP_SYS_RESOURCE' 1; }
@test "set mm addr" { refused refuse_process set_mm_addr EINVAL SET_MM_ADDR 'address (0x)?100 '; }
@test "set mm option" { refused refuse_process set_mm_option EINVAL SET_MM_OPTION 'option 99'; }
@test "set mm no area" { refused refuse_process set_mm_no_area EFAULT SET_MM_NO_AREA 'at or above (0x)?7fffffffe000'; }
@test "set mm field" { refused refuse_process set_mm_field EINVAL SET_MM_FIELD 'address (0x)?1000 \(field 7'; }
@test "set mm order" { refused refuse_process set_mm_order EINVAL SET_MM_ORDER 'field 0 of'; }
@test "set mm data limit" { refused refuse_process set_mm_data_limit EINVAL SET_MM_DATA_LIMIT 'RLIMIT_DATA allows 1 MiB'; }
@test "set mm map size" { refused refuse_process set_mm_map_size EINVAL SET_MM_MAP_SIZE 'size 96 ' 1; }
@test "set mm map fault" { refused refuse_process set_mm_map_fault EFAULT SET_MM_MAP_FAULT 'cannot be accessed'; }
@test "set mm auxv" { refused refuse_process set_mm_auxv EINVAL SET_MM_AUXV '8 bytes'; }
@test "set mm auxv fault" { refused refuse_process set_mm_auxv_fault EFAULT SET_MM_AUXV_FAULT '16 readable bytes'; }
@test "aio fault" { refused refuse_process aio_fault EFAULT AIO_FAULT 'at (0x)?[0-9a-f]+' 0; }
@test "aio args" { refused refuse_process aio_args EINVAL AIO_ARGS 'events \(0\)' 1; }
@test "aio too many" { refused refuse_process aio_too_many EINVAL AIO_TOO_MANY '4194305 events'; }
@test "aio ring" { refused refuse_process aio_ring ENOMEM AIO_RING 'error would have been 11'; }
@test "aio as" { refused refuse_process aio_as ENOMEM RLIMIT_AS 'RLIMIT_AS allows 1 MiB'; }
@test "aio no context" { refused refuse_process aio_no_context EINVAL AIO_NO_CONTEXT 'not where a ring' 0; }
@test "shstk absent" { refused refuse_process shstk_absent ENOSYS SHSTK_ABSENT 'built without' 0; }
@test "shstk no cpu" { refused refuse_process shstk_no_cpu EOPNOTSUPP SHSTK_NO_CPU 'no user shadow stacks' 1; }
@test "shstk option" { refused refuse_process shstk_option EINVAL SHSTK_OPTION 'built without' 0; }
@test "shstk features" { refused refuse_process shstk_features EINVAL SHSTK_FEATURES '3 is not one' 1; }
@test "vdso exists" { refused refuse_process vdso_exists EEXIST VDSO_EXISTS 'a part of a vdso already' 1; }
@test "vdso option" { refused refuse_process vdso_option EINVAL VDSO_OPTION 'does not map that vdso' 0; }

@test "read implies exec" { exact process_cases read_implies_exec; }
@test "heap implies exec" { exact process_cases heap_implies_exec; }
@test "of each thread" { exact process_cases of_each_thread; }
@test "layout is for exec" { exact process_cases layout_is_for_exec MAP_32BIT; }
@test "page zero" { exact process_cases page_zero; }
@test "mdwe inherited" { exact process_cases mdwe_inherited; }
@test "mdwe not inherited" { exact process_cases mdwe_not_inherited; }
@test "mdwe exec" { exact process_cases mdwe_exec; }
@test "set heap" { exact process_cases set_heap; }
@test "set heap inside" { exact process_cases set_heap_inside; }
@test "set stack" { exact process_cases set_stack; }
@test "set heap inherited" { exact process_cases set_heap_inherited; }
@test "set exe" { exact process_cases set_exe "outside mm: exe file"; }
@test "rings" { exact process_cases rings; }
@test "ring in pieces" { exact process_cases ring_in_pieces; }
@test "ring survives seal" { exact process_cases ring_survives_seal; }
@test "ring moved" { exact process_cases ring_moved; }
@test "a copied ring is not moved" { refused process_cases ring_moved EINVAL MREMAP_AIO_COPY 'a living context'; }
@test "context is written" { exact process_cases context_is_written; }
@test "vdso again" { exact process_cases vdso_again; }
