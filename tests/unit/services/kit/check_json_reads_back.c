/* base/json.h against jansson's parser: what we write is what it reads. */
#include "base/json.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <jansson.h>
#include <math.h>

START_TEST(random_strings_read_back)
{
    struct rng r;
    struct buf out = {0};
    rng_init(&r, 1);
    for (int i = 0; i < 100000; i++) {
        char bytes[40];
        size_t n = rng_below(&r, sizeof bytes);
        bool ascii = rng_below(&r, 2) == 0;
        for (size_t k = 0; k < n; k++)
            bytes[k] = (char)rng_below(&r, ascii ? 128 : 256);
        buf_clear(&out);
        struct json j = json_start(&out);
        json_array_start(&j);
        json_str(&j, slice_make(bytes, n));
        json_array_end(&j);
        json_error_t e;
        json_t *back = json_loadb(out.p, out.len, JSON_ALLOW_NUL, &e);
        ck_assert_msg(back != NULL, "%.*s: %s", (int)out.len, out.p, e.text);
        json_t *s = json_array_get(back, 0);
        if (ascii) {
            ck_assert_uint_eq(json_string_length(s), n);
            ck_assert_int_eq(memcmp(json_string_value(s), bytes, n), 0);
        }
        json_decref(back);
    }
    buf_fini(&out);
}
END_TEST

START_TEST(random_doubles_read_back_exactly)
{
    struct rng r;
    struct buf out = {0};
    rng_init(&r, 2);
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = rng_u64(&r);
        double d = 0;
        memcpy(&d, &bits, sizeof d);
        if (i % 2 == 0) d = (rng_unit(&r) - 0.5) * 360.0;
        if (!isfinite(d)) continue;
        buf_clear(&out);
        struct json j = json_start(&out);
        json_double(&j, d);
        double back = 0;
        ck_assert(slice_double(buf_slice(&out), &back));
        ck_assert(back == d);
        buf_clear(&out);
        if (fabs(d) > 180) continue;
        json_fixed(&j, d, 6);
        struct slice text = buf_slice(&out);
        if (text.p[0] == ',') text = slice_from(text, 1);
        ck_assert(slice_double(text, &back));
        ck_assert(fabs(back - d) <= 0.5000001e-6);
    }
    buf_fini(&out);
}
END_TEST

UNIT_SUITE("json_reads_back", random_strings_read_back, random_doubles_read_back_exactly)
