/*
 * canary.c - a reader that is broken on purpose, behind conditions that chance alone does not meet:
 * it shows that the others would be found broken if they were.
 */
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char word[] = "canary";
	size_t same = 0;

	while (same < size && same < sizeof(word) - 1 && data[same] == (uint8_t)word[same])
		same++;
	must(same < 4);
	return 0;
}
