#include "services/kit/core/quote_token.h"

#include "base/rng.h"
#include "services/kit/auth.h"
#include "tests/lib/unit.h"

static const struct slice secret = {"a secret of 24 bytes....", 24};
static const struct slice other = {"another secret, 26 bytes..", 26};

static struct quote sample(void)
{
    struct quote q = {
        .quote_id = SLICE("q-01"),
        .rider_id = SLICE("r\"77"),
        .region = SLICE("la"),
        .product = SLICE("economy"),
        .currency = SLICE("USD"),
        .pickup = {-118.2437, 34.0522},
        .dropoff = {-118.4085, 33.9416},
        .stops = {{-118.3, 34.01}},
        .stops_count = 1,
        .fare_minor = 2345,
        .distance_m = 23000,
        .duration_s = 2200,
        .pickup_eta_s = -1,
        .tariff = {.base_minor = 250, .per_km_minor = 97.5, .per_min_minor = 30},
        .surge_multiplier = 1.3,
        .surge_cell = SLICE("12345678"),
        .surge_snapshot_id = SLICE("s1"),
        .cancel_minor = 500,
        .no_show_minor = 700,
        .cancel_free_s = 120,
        .cancel_late_s = 300,
        .issued_ms = 1000,
        .expires_ms = 301000,
    };
    return q;
}

static struct quote_keys keys_of(struct slice s)
{
    struct quote_keys k = {0};
    ck_assert(quote_keys_add(&k, s));
    return k;
}

static struct slice signed_token(const struct quote_keys *k, struct buf *out)
{
    struct quote q = sample();
    quote_token_sign(k, &q, out);
    return buf_slice(out);
}

START_TEST(what_was_signed_reads_back)
{
    struct quote_keys k = keys_of(secret);
    struct buf b = {0};
    struct arena a = {0};
    struct quote q = {0};
    struct quote want = sample();
    ck_assert_int_eq(quote_token_open(&k, signed_token(&k, &b), 300999, &a, &q), QUOTE_OK);
    ck_assert(slice_eq(q.rider_id, want.rider_id));
    ck_assert(slice_is(q.quote_id, "q-01"));
    ck_assert(slice_is(q.surge_snapshot_id, "s1"));
    ck_assert(q.pickup.lat == want.pickup.lat && q.stops[0].lon == want.stops[0].lon);
    ck_assert_uint_eq(q.stops_count, 1);
    ck_assert_int_eq(q.fare_minor, 2345);
    ck_assert_int_eq(q.pickup_eta_s, -1);
    ck_assert(q.tariff.per_km_minor == 97.5);
    ck_assert(q.surge_multiplier == 1.3);
    ck_assert_int_eq(q.no_show_minor, 700);
    ck_assert_int_eq(q.cancel_late_s, 300);

    struct quote again = {0};
    ck_assert(quote_claims_parse(q.json, &a, &again));
    ck_assert_int_eq(again.fare_minor, q.fare_minor);
    buf_fini(&b);
    arena_fini(&a);
}
END_TEST

START_TEST(a_token_is_over_at_its_expiry)
{
    struct quote_keys k = keys_of(secret);
    struct buf b = {0};
    struct arena a = {0};
    struct quote q = {0};
    ck_assert_int_eq(quote_token_open(&k, signed_token(&k, &b), 301000, &a, &q), QUOTE_OVER);
    ck_assert_int_eq(q.fare_minor, 0);
    buf_fini(&b);
    arena_fini(&a);
}
END_TEST

START_TEST(any_flipped_bit_makes_it_forged)
{
    struct quote_keys k = keys_of(secret);
    struct buf b = {0};
    struct arena a = {0};
    struct quote q = {0};
    struct slice token = signed_token(&k, &b);
    for (size_t i = 0; i < token.len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            b.p[i] = (char)(b.p[i] ^ (1 << bit));
            ck_assert_int_eq(quote_token_open(&k, token, 2000, &a, &q), QUOTE_FORGED);
            b.p[i] = (char)(b.p[i] ^ (1 << bit));
        }
    }
    for (size_t n = 0; n < token.len; n++)
        ck_assert_int_eq(quote_token_open(&k, slice_make(token.p, n), 2000, &a, &q), QUOTE_FORGED);
    ck_assert_int_eq(quote_token_open(&k, token, 2000, &a, &q), QUOTE_OK);
    buf_fini(&b);
    arena_fini(&a);
}
END_TEST

START_TEST(another_secret_or_nonsense_is_forged)
{
    struct quote_keys k = keys_of(secret);
    struct quote_keys wrong = keys_of(other);
    struct buf b = {0};
    struct arena a = {0};
    struct quote q = {0};
    ck_assert_int_eq(quote_token_open(&wrong, signed_token(&k, &b), 2000, &a, &q), QUOTE_FORGED);
    ck_assert_int_eq(quote_token_open(&k, SLICE(""), 2000, &a, &q), QUOTE_FORGED);
    ck_assert_int_eq(quote_token_open(&k, SLICE("q1"), 2000, &a, &q), QUOTE_FORGED);
    ck_assert_int_eq(quote_token_open(&k, SLICE("q1..."), 2000, &a, &q), QUOTE_FORGED);
    ck_assert_int_eq(quote_token_open(&k, SLICE("...."), 2000, &a, &q), QUOTE_FORGED);
    buf_fini(&b);
    arena_fini(&a);
}
END_TEST

/* Signed by us, but not a quote: possible only when the secret is used for something else too. */
START_TEST(signed_nonsense_is_refused)
{
    struct quote_keys k = keys_of(secret);
    static const char *const claims[] = {"", "{}", "[]", "null", "{\"quote_id\":7}", "x"};
    struct arena a = {0};
    struct quote q = {0};
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        struct buf b = {0};
        uint8_t mac[32];
        buf_addf(&b, "q1.%s.", k.keys[0].kid);
        base64url_encode(slice_of(claims[i]), &b);
        auth_hmac_sha256(secret, buf_slice(&b), mac);
        buf_add_char(&b, '.');
        base64url_encode(slice_make(mac, 32), &b);
        ck_assert_int_eq(quote_token_open(&k, buf_slice(&b), 2000, &a, &q), QUOTE_FORGED);
        buf_fini(&b);
    }
    arena_fini(&a);
}
END_TEST

START_TEST(an_old_secret_still_verifies_after_rotation)
{
    struct quote_keys old = keys_of(secret);
    struct quote_keys now = {0};
    ck_assert(quote_keys_add(&now, other));
    ck_assert(quote_keys_add(&now, secret));
    struct buf b = {0};
    struct arena a = {0};
    struct quote q = {0};
    ck_assert_int_eq(quote_token_open(&now, signed_token(&old, &b), 2000, &a, &q), QUOTE_OK);
    buf_clear(&b);
    ck_assert_int_eq(quote_token_open(&old, signed_token(&now, &b), 2000, &a, &q), QUOTE_FORGED);
    buf_fini(&b);
    arena_fini(&a);
}
END_TEST

START_TEST(short_and_surplus_secrets_are_refused)
{
    struct quote_keys k = {0};
    ck_assert(!quote_keys_add(&k, SLICE("fifteen bytes..")));
    for (int i = 0; i < QUOTE_KEYS_MAX; i++)
        ck_assert(quote_keys_add(&k, secret));
    ck_assert(!quote_keys_add(&k, secret));
}
END_TEST

START_TEST(a_quote_covers_its_own_trip_only)
{
    struct quote q = sample();
    struct geo_point near = geo_move(q.pickup, 10, 49);
    struct geo_point far = geo_move(q.pickup, 10, 51);
    struct slice rider = q.rider_id;
    ck_assert(quote_covers(&q, rider, near, q.dropoff, q.stops, 1, 50));
    ck_assert(!quote_covers(&q, rider, far, q.dropoff, q.stops, 1, 50));
    ck_assert(!quote_covers(&q, rider, q.pickup, geo_move(q.dropoff, 0, 51), q.stops, 1, 50));
    ck_assert(!quote_covers(&q, rider, q.pickup, q.dropoff, q.stops, 0, 50));
    ck_assert(!quote_covers(&q, rider, q.pickup, q.dropoff, &far, 1, 50));
    ck_assert(!quote_covers(&q, SLICE("r78"), q.pickup, q.dropoff, q.stops, 1, 50));
}
END_TEST

UNIT_SUITE("quote_token", what_was_signed_reads_back, a_token_is_over_at_its_expiry,
           any_flipped_bit_makes_it_forged, another_secret_or_nonsense_is_forged,
           signed_nonsense_is_refused, an_old_secret_still_verifies_after_rotation,
           short_and_surplus_secrets_are_refused, a_quote_covers_its_own_trip_only)
