/*
 * vm_flags_text.h - the flags of an area as people read them.
 *
 * Layer: api.
 */
#ifndef API_VM_FLAGS_TEXT_H
#define API_VM_FLAGS_TEXT_H

#include "api/text.h"
#include "space/vm_flags.h"

/* "rw-p" as in maps. */
void text_perms(struct text *text, vm_flags_t flags);

/* "rw-p ac nr": perms, then the flags that are not in them nor the usual may-bits. */
void text_flags_short(struct text *text, vm_flags_t flags);

#endif
