/* cell: the squares of the map that demand and supply are counted in.
 *
 * Layout:  a cell is the first 30 bits of the store's 52-bit geo score, about 1.2 x 0.6 km, named
 *          by those bits as 8 hex digits. All drivers of a cell are one range of scores.
 *
 * Pure.
 */
#ifndef HANSOM_KIT_CORE_CELL_H
#define HANSOM_KIT_CORE_CELL_H

#include "base/geohash.h"
#include "base/slice.h"

#include <stddef.h>

enum { CELL_BITS = 30, CELL_HEX = 8 };

typedef uint32_t cell_id;

/* The cell of a place, which must be valid. */
cell_id cell_at(struct geo_point p);

/* Its name (8 hex digits and a NUL); returns out. */
char *cell_text(cell_id cell, char out[static CELL_HEX + 1]);

/* Reads a name; false when it is none. */
bool cell_parse(struct slice text, cell_id *out);

/* Its area. */
struct geo_box cell_box(cell_id cell);

/* Scores of its drivers: from *min, and below *max. */
void cell_scores(cell_id cell, uint64_t *min, uint64_t *max);

/* The cells around it, without itself; returns how many (8, fewer at the edges of the map). */
size_t cell_neighbours(cell_id cell, cell_id out[static 8]);

#endif
