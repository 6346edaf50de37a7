/*
 * protocol.c - the lines of the protocol, written and read.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "seq/vectors/protocol.h"

static const char *const base_key[SEQ_BASES] = {
	[SEQ_BASE_POOL] = "pool", [SEQ_BASE_TOP] = "top", [SEQ_BASE_BRK] = "brk",
	[SEQ_BASE_SIZE] = "size", [SEQ_BASE_DATA] = "data",
};

/* snprintf() behind what @buf holds already: the new length. */
static size_t add(char *buf, size_t size, size_t len, const char *before, const char *key,
		  const char *value)
{
	int more = snprintf(len < size ? buf + len : NULL, len < size ? size - len : 0,
			    "%s%s%s%s", before, key, *key ? "=" : "", value);

	return len + (more > 0 ? (size_t)more : 0);
}

static size_t add_number(char *buf, size_t size, size_t len, const char *before, const char *key,
			 uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, number);
	return add(buf, size, len, before, key, text);
}

size_t protocol_bases_text(const uint64_t base[SEQ_BASES], char *buf, size_t size)
{
	size_t len = add(buf, size, 0, "", "", "bases");

	for (unsigned int i = 0; i < SEQ_BASES; i++) {
		if (base_key[i])
			len = add_number(buf, size, len, " ", base_key[i], base[i]);
	}
	return len;
}

size_t protocol_begin_text(const struct vector_machine *machine, char *buf, size_t size)
{
	size_t len = add(buf, size, 0, "", "", "begin");

	for (unsigned int i = 0; i < SEQ_BASES; i++) {
		if (base_key[i])
			len = add_number(buf, size, len, " ", base_key[i], machine->base[i]);
	}
	len = add(buf, size, len, " ", "kernel", machine->kernel);
	for (size_t i = 0; i < machine->nr; i++)
		len = add(buf, size, len, " ", machine->setting[i].name,
			  machine->setting[i].value);
	return len;
}

static const char *skip_word(const char *line, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(line, word, len) || (line[len] && line[len] != ' '))
		return NULL;
	return line + len;
}

/* The next "key=value" of @line; its length, 0 at the end or for something else. */
static size_t next_pair(const char **line, char *key, size_t key_size, char *value,
			size_t value_size)
{
	size_t key_len, value_len;

	*line += strspn(*line, " ");
	key_len = strcspn(*line, " =");
	if (!key_len || (*line)[key_len] != '=' || key_len >= key_size)
		return 0;
	value_len = strcspn(*line + key_len + 1, " ");
	if (value_len >= value_size)
		return 0;
	memcpy(key, *line, key_len);
	key[key_len] = '\0';
	memcpy(value, *line + key_len + 1, value_len);
	value[value_len] = '\0';
	*line += key_len + 1 + value_len;
	return key_len;
}

static int find_base(const char *key)
{
	for (int i = 0; i < SEQ_BASES; i++) {
		if (base_key[i] && !strcmp(base_key[i], key))
			return i;
	}
	return -1;
}

int protocol_number_parse(const char *text, int64_t *number)
{
	bool minus = *text == '-';
	uint64_t magnitude;
	char *end;

	text += minus;
	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	magnitude = strtoull(text, &end, 0);
	if (errno || *end)
		return -1;
	*number = (int64_t)(minus ? -magnitude : magnitude);
	return 0;
}

int protocol_bases_parse(const char *line, uint64_t base[SEQ_BASES])
{
	char key[32], value[64];
	unsigned int found = 0;
	int64_t number;

	line = skip_word(line, "bases");
	while (line && next_pair(&line, key, sizeof(key), value, sizeof(value))) {
		int i = find_base(key);

		if (i < 0 || protocol_number_parse(value, &number))
			return -1;
		base[i] = (uint64_t)number;
		found |= 1u << i;
	}
	for (unsigned int i = 0; i < SEQ_BASES; i++) {
		if (base_key[i] && !(found & 1u << i))
			return -1;
	}
	return line && !*line ? 0 : -1;
}

int protocol_begin_parse(const char *line, struct vector_machine *machine)
{
	char key[32], value[64];
	int64_t number;

	memset(machine, 0, sizeof(*machine));
	line = skip_word(line, "begin");
	while (line && next_pair(&line, key, sizeof(key), value, sizeof(value))) {
		int i = find_base(key);

		if (!strcmp(key, "kernel"))
			snprintf(machine->kernel, sizeof(machine->kernel), "%.31s", value);
		else if (i < 0)
			vector_set(machine, key, value);
		else if (protocol_number_parse(value, &number))
			return -1;
		else
			machine->base[i] = (uint64_t)number;
	}
	return line && !*line ? 0 : -1;
}

size_t protocol_step_text(const struct seq_step *step, char *buf, size_t size)
{
	const struct seq_call_info *info = seq_call_info(step->call);
	char process[24];
	size_t len;

	snprintf(process, sizeof(process), "step %u ", step->process);
	len = add(buf, size, 0, process, "", info->name);
	for (unsigned int i = 0; info->kind[i] != SEQ_KIND_NONE; i++) {
		uint64_t number = step->arg[i].offset;

		if (info->kind[i] == SEQ_KIND_FILE && number < SEQ_FILES)
			len = add(buf, size, len, " ", "", seq_file_name((unsigned int)number));
		else
			len = add_number(buf, size, len, " ", "", number);
	}
	return len;
}

/* The next word of the line, or NULL if it is too long or there is none. */
static const char *next_word(const char **line, char *word, size_t size)
{
	size_t len;

	*line += strspn(*line, " ");
	len = strcspn(*line, " ");
	if (!len || len >= size)
		return NULL;
	memcpy(word, *line, len);
	word[len] = '\0';
	*line += len;
	return word;
}

static int parse_arg(const char *word, unsigned int kind, struct seq_value *value)
{
	int file = kind == SEQ_KIND_FILE ? seq_file_find(word) : -1;
	int64_t number;

	*value = (struct seq_value){ .base = SEQ_BASE_NUMBER };
	if (file >= 0)
		value->offset = (uint64_t)file;
	else if (protocol_number_parse(word, &number))
		return -1;
	else
		value->offset = (uint64_t)number;
	return 0;
}

int protocol_step_parse(const char *line, struct seq_step *step)
{
	const struct seq_call_info *info;
	char word[64];
	int64_t process;
	int call;

	memset(step, 0, sizeof(*step));
	line = skip_word(line, "step");
	if (!line || !next_word(&line, word, sizeof(word)) ||
	    protocol_number_parse(word, &process) || process < 0 || process >= SEQ_PROCESSES)
		return -1;
	call = next_word(&line, word, sizeof(word)) ? seq_call_find(word) : -1;
	if (call < 0)
		return -1;
	step->process = (uint8_t)process;
	step->call = (uint8_t)call;
	info = seq_call_info(step->call);
	for (unsigned int i = 0; info->kind[i] != SEQ_KIND_NONE; i++) {
		if (!next_word(&line, word, sizeof(word)) ||
		    parse_arg(word, info->kind[i], &step->arg[i]))
			return -1;
	}
	return *line ? -1 : 0;
}
