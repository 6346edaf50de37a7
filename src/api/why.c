/*
 * why.c - the catalogue and its texts for people.
 */
#include "api/text.h"
#include "api/vm_flags_text.h"
#include "base/why_text.h"
#include "space/mm_types.h"

unsigned int umm_why_count(void)
{
	return NR_WHY;
}

int umm_why_info(unsigned int code, struct umm_why_info *info)
{
	if (code >= NR_WHY)
		return -UMM_EINVAL;
	*info = why_table[code];
	info->calls = info->error ? why_calls(info->name) : NULL;
	return 0;
}

const struct umm_why_entry *umm_why_refusal(const struct umm_why *why)
{
	for (unsigned int i = why->nr; i-- > 0;) {
		if (why->entry[i].kind == UMM_WHY_REFUSED)
			return &why->entry[i];
	}
	return NULL;
}

static void text_value(struct text *text, uint64_t value, char kind)
{
	switch (kind) {
	case 'x':
		text_hex(text, value, 1);
		break;
	case 'p':
		text_size(text, value > UINT64_MAX >> PAGE_SHIFT ? UINT64_MAX
								 : value << PAGE_SHIFT);
		break;
	case 'b':
		text_size(text, value);
		break;
	case 'o':
		text_octal(text, value);
		break;
	case 'd':
		text_signed(text, value);
		break;
	case 'f':
		text_flags_short(text, value);
		break;
	default:
		text_decimal(text, value);
		break;
	}
}

/* Is this "{0}" or "{0x}"?  Its length, or 0. */
static size_t placeholder(const char *s)
{
	if (s[0] != '{' || s[1] < '0' || s[1] >= '0' + UMM_WHY_VALUES)
		return 0;
	if (s[2] == '}')
		return 3;
	return s[2] && s[3] == '}' ? 4 : 0;
}

size_t umm_why_format(const char *format, const struct umm_why_entry *entry, char *buf, size_t size)
{
	struct text text = { buf, size, 0 };

	while (*format) {
		size_t length = placeholder(format);

		if (length) {
			text_value(&text, entry->value[format[1] - '0'],
				   length == 4 ? format[2] : 'u');
			format += length;
		} else {
			text_char(&text, *format++);
		}
	}
	return text_end(&text);
}
