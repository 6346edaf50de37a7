/*
 * maps_text.h - the line of an area, which maps and smaps share.
 *
 * Layer: api.
 */
#ifndef API_MAPS_TEXT_H
#define API_MAPS_TEXT_H

#include "api/text.h"
#include "space/mm_types.h"

/* With its newline. */
void text_maps_line(struct text *text, const struct mm_struct *mm,
		    const struct vm_area_struct *vma);

#endif
