/*
 * random.h - what the programs share that make memory calls at random: SEED CALLS.
 */
#ifndef TESTS_PROGS_RANDOM_H
#define TESTS_PROGS_RANDOM_H

#include <stdint.h>

/* The seed and the number of calls of the command line; if they are not there it exits with 2. */
void random_arguments(int argc, char **argv, uint64_t *seed, unsigned long *calls);

/* A number below @bound. */
uint64_t random_number(uint64_t *seed, uint64_t bound);

/* A child of fork() runs @body with numbers of its own, and must end well. */
void random_child(uint64_t *seed, void (*body)(void *state), void *state);

#endif
