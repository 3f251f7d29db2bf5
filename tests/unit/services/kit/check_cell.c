#include "services/kit/core/cell.h"

#include "tests/lib/unit.h"

static const struct geo_point market = {-122.4194, 37.7749};

START_TEST(a_cell_is_the_first_30_bits_of_the_score)
{
    cell_id cell = cell_at(market);
    ck_assert_uint_eq(cell, geohash_encode(market) >> 22);
    uint64_t min = 0;
    uint64_t max = 0;
    cell_scores(cell, &min, &max);
    ck_assert(geohash_encode(market) >= min && geohash_encode(market) < max);
    struct geo_box b = cell_box(cell);
    ck_assert(market.lon >= b.lon_min && market.lon <= b.lon_max);
    ck_assert(market.lat >= b.lat_min && market.lat <= b.lat_max);
    double w = geo_distance_m((struct geo_point){b.lon_min, market.lat},
                              (struct geo_point){b.lon_max, market.lat});
    ck_assert(w > 900 && w < 1300);
}
END_TEST

START_TEST(a_cells_name_reads_back_and_others_are_refused)
{
    char text[CELL_HEX + 1];
    cell_id cell = cell_at(market);
    cell_id back = 0;
    ck_assert(cell_parse(slice_of(cell_text(cell, text)), &back));
    ck_assert_uint_eq(back, cell);
    ck_assert(!cell_parse(SLICE("4fffffff"), &back)); /* 31 bits */
    ck_assert(!cell_parse(SLICE("0123456"), &back));
    ck_assert(!cell_parse(SLICE("012345678"), &back));
    ck_assert(!cell_parse(SLICE("0123456G"), &back));
    ck_assert(!cell_parse(SLICE("0123456A"), &back));
    ck_assert(!cell_parse(SLICE(""), &back));
    ck_assert_uint_eq(back, cell);
}
END_TEST

START_TEST(neighbours_touch_and_are_eight)
{
    cell_id cell = cell_at(market);
    cell_id around[8];
    ck_assert_uint_eq(cell_neighbours(cell, around), 8);
    struct geo_box b = cell_box(cell);
    for (int i = 0; i < 8; i++) {
        struct geo_box o = cell_box(around[i]);
        ck_assert(around[i] != cell);
        ck_assert(o.lon_min <= b.lon_max + 1e-9 && o.lon_max >= b.lon_min - 1e-9);
        ck_assert(o.lat_min <= b.lat_max + 1e-9 && o.lat_max >= b.lat_min - 1e-9);
        for (int k = 0; k < i; k++)
            ck_assert(around[k] != around[i]);
    }
    cell_id corner = cell_at((struct geo_point){-180, -85.05});
    ck_assert_uint_eq(cell_neighbours(corner, around), 3);
}
END_TEST

UNIT_SUITE("cell", a_cell_is_the_first_30_bits_of_the_score,
           a_cells_name_reads_back_and_others_are_refused, neighbours_touch_and_are_eight)
