#include "services/kit/region.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <math.h>

static struct buf why;

static const struct region *at(const struct regions *r, double lat, double lon)
{
    return regions_at(r, (struct geo_point){.lon = lon, .lat = lat});
}

START_TEST(the_shipped_file_holds_the_places_of_its_cities)
{
    struct regions *r = regions_load("config/regions.json", &why);
    ck_assert_msg(r != NULL, "%.*s", (int)why.len, why.p);
    ck_assert_uint_eq(r->count, 3);
    ck_assert(slice_is(at(r, 40.7580, -73.9855)->id, "nyc"));
    ck_assert(slice_is(at(r, 40.6413, -73.7781)->id, "nyc")); /* JFK */
    ck_assert(slice_is(at(r, 37.7749, -122.4194)->id, "sf"));
    ck_assert(slice_is(at(r, 37.6156, -122.3900)->id, "sf")); /* SFO */
    ck_assert(slice_is(at(r, 37.0817, -122.0010)->id, "sf")); /* the farthest fix of the cabs */
    ck_assert(slice_is(at(r, 34.0522, -118.2437)->id, "la"));
    ck_assert_ptr_null(at(r, 51.5, -0.12));
    const struct region *sf = regions_find(r, SLICE("sf"));
    ck_assert_ptr_null(regions_find(r, SLICE("s")));
    ck_assert(slice_is(sf->currency, "USD"));
    ck_assert(slice_is(region_product(sf, SLICE(""))->id, "economy"));
    ck_assert(slice_is(region_product(sf, SLICE("xl"))->id, "xl"));
    ck_assert_ptr_null(region_product(sf, SLICE("helicopter")));
    ck_assert_int_gt(region_product(sf, SLICE("xl"))->tariff.minimum_minor, 0);
    ck_assert(region_product(sf, SLICE("xl"))->swaps);
    regions_free(r);
}
END_TEST

#define PRODUCT                                                                                    \
    "{\"id\":\"p\",\"name\":\"P\",\"seats\":4,\"tariff\":{\"base_minor\":1,\"per_km_minor\":1.5,"  \
    "\"per_min_minor\":1,\"minimum_minor\":1,\"booking_fee_minor\":0,\"cancel_fee_minor\":0,"      \
    "\"no_show_fee_minor\":0}}"
#define REGION(id, products, geometry)                                                             \
    "{\"type\":\"FeatureCollection\",\"features\":[{\"properties\":{\"id\":\"" id                  \
    "\",\"name\":\"N\",\"currency\":\"USD\",\"time_zone\":\"UTC\",\"products\":[" products         \
    "]},\"geometry\":" geometry "}]}"
#define SQUARE "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[4,0],[4,4],[0,4],[0,0]]]}"

START_TEST(holes_and_islands_count)
{
    struct regions *r = regions_parse(
        SLICE(REGION("x", PRODUCT,
                     "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[4,0],[4,4],[0,4],[0,0]],"
                     "[[1,1],[3,1],[3,3],[1,3],[1,1]]],[[[10,10],[12,10],[11,12],[10,10]]]]}")),
        &why);
    ck_assert_msg(r != NULL, "%.*s", (int)why.len, why.p);
    ck_assert_ptr_nonnull(at(r, 0.5, 0.5));
    ck_assert_ptr_null(at(r, 2, 2));
    ck_assert_ptr_nonnull(at(r, 10.5, 11));
    ck_assert_ptr_null(at(r, 11.9, 10.1));
    ck_assert_ptr_null(at(r, 7, 7));
    ck_assert_ptr_null(at(r, (double)NAN, 1));
    regions_free(r);
}
END_TEST

/* A triangle against its three half-planes. */
START_TEST(random_points_agree_with_half_planes)
{
    struct regions *r = regions_parse(
        SLICE(REGION("x", PRODUCT,
                     "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,2],[3,9],[0,0]]]}")),
        &why);
    ck_assert_ptr_nonnull(r);
    struct rng g;
    rng_init(&g, 7);
    for (int i = 0; i < 100000; i++) {
        double x = rng_unit(&g) * 12 - 1;
        double y = rng_unit(&g) * 12 - 1;
        bool inside = 10 * y - 2 * x >= 0 && (3 - 10) * (y - 2) - (9 - 2) * (x - 10) >= 0 &&
                      (0 - 3) * (y - 9) - (0 - 9) * (x - 3) >= 0;
        ck_assert_int_eq(at(r, y, x) != NULL, inside);
    }
    regions_free(r);
}
END_TEST

START_TEST(broken_files_are_refused_with_a_reason)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"features\":[]}",
        "{\"features\":[{}]}",
        REGION("X", PRODUCT, SQUARE),
        REGION("x", "", SQUARE),
        REGION("x", PRODUCT "," PRODUCT, SQUARE),
        REGION("x", "{}", SQUARE),
        REGION("x", PRODUCT, "{\"type\":\"Point\",\"coordinates\":[1,2]}"),
        REGION("x", PRODUCT, "{\"type\":\"Polygon\",\"coordinates\":[]}"),
        REGION("x", PRODUCT, "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,1],[0,0]]]}"),
        REGION("x", PRODUCT, "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,1],[2,0],[3,3]]]}"),
        REGION("x", PRODUCT, "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,99],[2,0],[0,0]]]}"),
        REGION("x", PRODUCT,
               "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[\"1\",1],[2,0],[0,0]]]}"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        buf_clear(&why);
        ck_assert_msg(regions_parse(slice_of(bad[i]), &why) == NULL, "%s", bad[i]);
        ck_assert_uint_gt(why.len, 0);
    }
    ck_assert_ptr_null(regions_load("/no/such/file", &why));
}
END_TEST

UNIT_SUITE("region", the_shipped_file_holds_the_places_of_its_cities, holes_and_islands_count,
           random_points_agree_with_half_planes, broken_files_are_refused_with_a_reason)
