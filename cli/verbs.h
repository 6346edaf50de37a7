/*
 * verbs.h - what main() dispatches to, one file per verb.
 *
 * Layer: cli.
 */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "cli/options.h"

/* Each returns the exit status. */
int cmd_trace(const struct verb *verb, int argc, char **argv);
int cmd_check(const struct verb *verb, int argc, char **argv);
int cmd_errors(const struct verb *verb, int argc, char **argv);
int cmd_rules(const struct verb *verb, int argc, char **argv);
int cmd_vectors(const struct verb *verb, int argc, char **argv);

/* Numbers of a kernel, "6.18". */
void add_kernel(struct text *text, uint32_t kernel);

/* The kernel that runs, as UMM_KERNEL(); the newest that is modelled if it does not say. */
uint32_t running_kernel(void);

#endif
