/*
 * khugepaged.h - what the kernel does to huge pages on its own.
 */
#ifndef TESTS_FUZZ_KHUGEPAGED_H
#define TESTS_FUZZ_KHUGEPAGED_H

#include <stdint.h>

/*
 * Grows whenever the kernel made a huge page of small ones in the background, or had none to give
 * where there should have been one: what a process then sees of its memory is not its own doing.
 * 0 where the kernel does not tell.
 */
uint64_t khugepaged_doings(void);

#endif
