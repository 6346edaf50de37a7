/*
 * vectors_search.c - usermm vectors search: nobody makes sequences up yet.
 */
#include "cli/trouble.h"
#include "cli/vectors.h"

int vectors_search(const struct verb *verb, const struct options *options)
{
	(void)options;
	die("%s: this usermm cannot make sequences up yet", verb->name);
}
