/*
 * vm_flags_text.c - the flags of an area as smaps and people write them.
 */
#include "api/vm_flags_text.h"

/* The two letters of each bit, in the order of the bits, which is that of smaps. */
static const char letters[][3] = {
	"rd", "wr", "ex", "sh", "mr", "mw", "me", "ms", "gd", "um", "pf", "gu",
	"uw", "lo", "io", "sr", "rr", "dc", "de", "lf", "ac", "nr", "ht", "sf",
	"ar", "wf", "dd", "sd", "mm", "hg", "nh", "mg", "ui", "ss", "dp", "sl",
};

size_t umm_vm_flags_text(uint64_t vm_flags, char *buf, size_t size)
{
	struct text text = { buf, size, 0 };

	for (unsigned int i = 0; i < ARRAY_SIZE(letters); i++) {
		if (vm_flags & (UINT64_C(1) << i)) {
			text_string(&text, letters[i]);
			text_char(&text, ' ');
		}
	}
	return text_end(&text);
}

static int flag_of(const char *word)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(letters); i++) {
		if (word[0] == letters[i][0] && word[1] == letters[i][1])
			return (int)i;
	}
	return -1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t';
}

/* Does smaps say that a flag is set which has no name? */
static bool is_nameless(const char *word, size_t length)
{
	return length == 2 && word[0] == '?' && word[1] == '?';
}

/*
 * Older kernels have no name for VM_LOCKONFAULT and write "??".  The flags come in the order of
 * their bits, and around it all have names: between lower and higher ones it is that.
 */
uint64_t umm_vm_flags_parse(const char *text, unsigned int *unknown)
{
	uint64_t flags = 0;
	unsigned int strange = 0, maybe_onfault = 0;

	while (*text) {
		size_t length = 0;
		int flag;

		if (is_blank(*text)) {
			text++;
			continue;
		}
		while (text[length] && !is_blank(text[length]))
			length++;
		flag = length == 2 ? flag_of(text) : -1;
		if (flag >= 0)
			flags |= UINT64_C(1) << flag;
		if (is_nameless(text, length) && flags < VM_LOCKONFAULT) {
			maybe_onfault++;
		} else if (flag < 0 || UINT64_C(1) << flag <= VM_LOCKONFAULT) {
			strange += maybe_onfault + (flag < 0);
			maybe_onfault = 0;
		}
		text += length;
	}
	if (maybe_onfault == 1 && (flags & VM_LOCKED))
		flags |= VM_LOCKONFAULT;
	else
		strange += maybe_onfault;
	if (unknown)
		*unknown = strange;
	return flags;
}

void text_perms(struct text *text, vm_flags_t flags)
{
	text_char(text, flags & VM_READ ? 'r' : '-');
	text_char(text, flags & VM_WRITE ? 'w' : '-');
	text_char(text, flags & VM_EXEC ? 'x' : '-');
	text_char(text, flags & VM_MAYSHARE ? 's' : 'p');
}

void text_flags_short(struct text *text, vm_flags_t flags)
{
	vm_flags_t rest = flags & ~(VM_ACCESS_FLAGS | VM_MAY_FLAGS | VM_SHARED | VM_MAYSHARE);

	text_perms(text, flags);
	for (unsigned int i = 0; i < ARRAY_SIZE(letters); i++) {
		if (rest & (UINT64_C(1) << i)) {
			text_char(text, ' ');
			text_string(text, letters[i]);
		}
	}
}
