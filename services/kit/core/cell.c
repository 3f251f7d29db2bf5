#include "cell.h"

#include <stdio.h>

enum { CELL_SHIFT = GEOHASH_BITS - CELL_BITS };

cell_id cell_at(struct geo_point p)
{
    return (cell_id)(geohash_encode(p) >> CELL_SHIFT);
}

char *cell_text(cell_id cell, char out[static CELL_HEX + 1])
{
    (void)snprintf(out, CELL_HEX + 1, "%08x", (unsigned)cell);
    return out;
}

bool cell_parse(struct slice text, cell_id *out)
{
    if (text.len != CELL_HEX) return false;
    uint32_t cell = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.p[i];
        bool digit = c >= '0' && c <= '9';
        if (!digit && !(c >= 'a' && c <= 'f')) return false;
        cell = cell << 4 | (uint32_t)(digit ? c - '0' : c - 'a' + 10);
    }
    if (cell >> CELL_BITS != 0) return false;
    *out = cell;
    return true;
}

struct geo_box cell_box(cell_id cell)
{
    return geohash_box((uint64_t)cell << CELL_SHIFT, CELL_BITS);
}

void cell_scores(cell_id cell, uint64_t *min, uint64_t *max)
{
    *min = (uint64_t)cell << CELL_SHIFT;
    *max = ((uint64_t)cell + 1) << CELL_SHIFT;
}

size_t cell_neighbours(cell_id cell, cell_id out[static 8])
{
    struct geo_box b = cell_box(cell);
    double w = b.lon_max - b.lon_min;
    double h = b.lat_max - b.lat_min;
    size_t n = 0;
    for (int y = -1; y <= 1; y++) {
        for (int x = -1; x <= 1; x++) {
            struct geo_point p = {(b.lon_min + b.lon_max) / 2 + x * w,
                                  (b.lat_min + b.lat_max) / 2 + y * h};
            if ((x != 0 || y != 0) && geohash_valid(p)) out[n++] = cell_at(p);
        }
    }
    return n;
}
