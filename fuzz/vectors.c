/*
 * vectors.c - files of vectors, JSON and the sources that they are recorded from: what is accepted
 * can be written, and is accepted again.
 */
#include <string.h>

#include "seq/vectors/vector.h"
#include "target.h"

static void write_again(const struct vector_file *file)
{
	char error[VECTOR_ERROR_BYTES], *text = NULL;
	struct vector_file again = { 0 };
	size_t size;
	FILE *out = open_memstream(&text, &size);

	must(out && !vector_file_write(file, out) && !fclose(out));
	if (vector_file_parse(&again, text, size, error)) {
		fprintf(stderr, "%s\n%s\n", text, error);
		abort();
	}
	vector_file_free(&again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[VECTOR_ERROR_BYTES];
	struct vector_file file = { 0 };

	if (!vector_file_parse(&file, (const char *)data, size, error)) {
		write_again(&file);
		vector_file_free(&file);
	}
	return 0;
}
