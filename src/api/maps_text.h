/*
 * maps_text.h - the line of an area, which maps and smaps share.
 *
 * Layer: api.
 */
#ifndef API_MAPS_TEXT_H
#define API_MAPS_TEXT_H

#include <usermm/usermm.h>

#include "api/text.h"
#include "space/mm_types.h"

/* What is said of one area, with the last newline. */
typedef void (*text_area_fn)(struct text *text, const struct mm_struct *mm,
			     const struct vm_area_struct *vma);

void text_maps_line(struct text *text, const struct mm_struct *mm,
		    const struct vm_area_struct *vma);

/*
 * That of the area that contains @addr, or the first above it: the length of the whole text, as
 * umm_maps_line() says.
 *
 * => mmap_lock not held; taken for read.
 */
size_t text_of_area(struct umm_mm *handle, umm_addr_t addr, text_area_fn text_area, char *buf,
		    size_t size, umm_addr_t *next);

#endif
