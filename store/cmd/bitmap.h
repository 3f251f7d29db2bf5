/* bitmap: what commands on single bits and on bit fields share. Bit 0 is the highest bit of
 * the first byte. */
#ifndef HANSOM_STORE_CMD_BITMAP_H
#define HANSOM_STORE_CMD_BITMAP_H

#include "store/cmd/cmd.h"

/* Reads the next argument as a bit's number. With field_bits above 0 "#n" is the n-th field
 * of that width. What no string could hold is an error. */
void bitmap_args_offset(struct cmd *c, uint32_t field_bits, uint64_t *out);

/* The string under key, made or grown until it has `bit`, or NULL when the key holds another
 * type (then it has replied). *grew says whether it became longer. */
uint8_t *bitmap_edit(struct cmd *c, struct slice key, uint64_t bit, bool *grew);

#endif
