/*
 * crash.h - the library may fail an assertion, or worse, and the fuzzer goes on to say where.
 */
#ifndef TESTS_FUZZ_CRASH_H
#define TESTS_FUZZ_CRASH_H

/*
 * Call @run.  0, or the signal that it was ended by: then what it had in hand is lost.  Not from
 * within another.
 */
int crash_caught(void (*run)(void *ctx), void *ctx);

#endif
