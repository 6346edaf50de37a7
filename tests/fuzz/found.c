/*
 * found.c - see found.h.
 */
#include <stdlib.h>
#include <string.h>

#include "found.h"
#include "report.h"

#define LINE 1024

struct block {
	char name[LINE];
	struct seq seq;
};

static _Noreturn void fail(const char *path, unsigned int line, const char *error)
{
	fprintf(stderr, "fuzz: %s:%u: %s\n", path, line, error);
	exit(2);
}

static void add_step(struct block *block, const char *text, const char *path, unsigned int line)
{
	const char *error;

	if (block->seq.nr == SEQ_STEPS_MAX)
		fail(path, line, "too many steps");
	if (seq_step_parse(text, &block->seq.step[block->seq.nr], &error))
		fail(path, line, error);
	block->seq.nr++;
}

/* The next block: false at the end of the file. */
static bool read_block(FILE *file, struct block *block, const char *path, unsigned int *line)
{
	char text[LINE];

	block->name[0] = '\0';
	block->seq.nr = 0;
	while (fgets(text, sizeof(text), file)) {
		++*line;
		text[strcspn(text, "\n")] = '\0';
		if (!*text && block->seq.nr)
			break;
		if (!*text)
			block->name[0] = '\0';
		if (*text == '#' && !block->name[0])
			strcpy(block->name, text + 1 + (text[1] == ' '));
		else if (*text && *text != '#')
			add_step(block, text, path, *line);
	}
	return block->seq.nr > 0;
}

unsigned int found_run(const char *path, const struct sides *sides)
{
	struct block block = { .seq.step = calloc(SEQ_STEPS_MAX, sizeof(struct seq_step)) };
	struct trial *trial = calloc(1, sizeof(*trial));
	unsigned int line = 0, nr = 0, parted = 0;
	FILE *file = fopen(path, "re");

	if (!file || !trial || !block.seq.step)
		fail(path, 0, "cannot be read");
	while (read_block(file, &block, path, &line)) {
		trial_run(trial, sides, &block.seq);
		if (trial->part != PART_NOTHING) {
			parted++;
			report_divergence(trial, stdout);
		}
		printf("%sok %u - %s\n", trial->part == PART_NOTHING ? "" : "not ", ++nr,
		       block.name);
	}
	printf("1..%u\n", nr);
	fclose(file);
	free(block.seq.step);
	free(trial);
	return parted;
}
