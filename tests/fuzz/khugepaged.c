/*
 * khugepaged.c - see khugepaged.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "khugepaged.h"

#define COLLAPSED "/sys/kernel/mm/transparent_hugepage/khugepaged/pages_collapsed"

static uint64_t collapsed(void)
{
	FILE *file = fopen(COLLAPSED, "re");
	uint64_t value = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%" SCNu64, &value) != 1)
		value = 0;
	fclose(file);
	return value;
}

/* A fault that got small pages, and MADV_COLLAPSE that got nothing. */
static uint64_t refused(void)
{
	FILE *file = fopen("/proc/vmstat", "re");
	uint64_t value, sum = 0;
	char name[64];

	if (!file)
		return 0;
	while (fscanf(file, "%63s %" SCNu64, name, &value) == 2)
		if (!strcmp(name, "thp_fault_fallback") ||
		    !strcmp(name, "thp_collapse_alloc_failed"))
			sum += value;
	fclose(file);
	return sum;
}

uint64_t khugepaged_doings(void)
{
	return collapsed() + refused();
}
