/* geo: places of members. A key that GEOADD makes is kept in cells (store/ds/geocells.h). */
#include "geo.h"

#include <math.h>
#include <stdio.h>

void geo_args_point(struct cmd *c, struct geo_point *out)
{
    struct geo_point p = {0, 0};
    args_double(c->args, &p.lon);
    args_double(c->args, &p.lat);
    if (!args_ok(c->args)) return;
    if (!geohash_valid(p)) {
        args_fail(
            c->args,
            arena_printf(c->arena, "ERR invalid longitude,latitude pair %f,%f", p.lon, p.lat).p);
        return;
    }
    *out = p;
}

void geo_args_unit(struct cmd *c, double *out)
{
    if (args_maybe(c->args, "m"))
        *out = 1;
    else if (args_maybe(c->args, "km"))
        *out = 1000;
    else if (args_maybe(c->args, "ft"))
        *out = 0.3048;
    else if (args_maybe(c->args, "mi"))
        *out = 1609.34;
    else
        args_fail(c->args, "ERR unsupported unit provided. please use M, KM, FT, MI");
}

struct geo_point geo_place(double score)
{
    /* A plain sorted set may hold any score. Redis takes its whole part as 64 bits. */
    uint64_t bits = 0;
    if (score >= 0 && score < 18446744073709551616.0)
        bits = (uint64_t)score;
    else if (score < 0 && score >= -9223372036854775808.0)
        bits = (uint64_t)(int64_t)score;
    else if (score < 0)
        bits = UINT64_C(1) << 63;
    return geohash_decode(bits);
}

void geo_reply_distance(struct cmd *c, double d)
{
    char text[340];
    /* printf rounds the exact value; away from a tie whole arithmetic gives the same digits. */
    double scaled = d * 10000;
    double whole = floor(scaled);
    double rest = scaled - whole;
    if (scaled < 1e12 && scaled >= 0 && fabs(rest - 0.5) > 1e-3) {
        uint64_t n = (uint64_t)whole + (rest > 0.5 ? 1 : 0);
        size_t len = fmt_u64(text, n / 10000);
        uint32_t part = (uint32_t)(n % 10000);
        text[len++] = '.';
        for (uint32_t unit = 1000; unit > 0; unit /= 10)
            text[len++] = (char)('0' + part / unit % 10);
        reply_bulk(c->reply, slice_make(text, len));
        return;
    }
    int len = snprintf(text, sizeof text, "%.4f", d);
    reply_bulk(c->reply, slice_make(text, len > 0 ? (size_t)len : 0));
}

__extension__ typedef unsigned __int128 wide;

/* What fmt_decimal writes, many times faster: 17 decimals, rounded to even, without the zeros at
 * the end. A coordinate is a whole number of 2^-s; times 10^17 that fits in 128 bits. */
static size_t fmt_degrees(char *out, double degrees)
{
    static const uint64_t unit = 100000000000000000U;
    int exponent = 0;
    double part = frexp(fabs(degrees), &exponent);
    int s = 53 - exponent;
    if (degrees == 0 || s < 1 || s > 70) return fmt_decimal(out, (long double)degrees);

    uint64_t bits = (uint64_t)(part * 9007199254740992.0);
    uint64_t whole = s < 64 ? bits >> s : 0;
    wide below = (wide)1 << s;
    wide product = (bits & (below - 1)) * (wide)unit;
    uint64_t decimals = (uint64_t)(product >> s);
    wide rest = product & (below - 1);
    if (rest > below / 2 || (rest == below / 2 && decimals % 2 == 1)) decimals++;
    if (decimals == unit) {
        decimals = 0;
        whole++;
    }

    size_t len = 0;
    if (degrees < 0 && (whole > 0 || decimals > 0)) out[len++] = '-';
    len += fmt_u64(out + len, whole);
    if (decimals == 0) return len;
    out[len++] = '.';
    for (int i = 16; i >= 0; i--, decimals /= 10)
        out[len + (size_t)i] = (char)('0' + decimals % 10);
    len += 17;
    while (out[len - 1] == '0')
        len--;
    return len;
}

/* A bulk string, or RESP3's double. */
static void reply_degrees(struct reply *r, double degrees)
{
    char text[FMT_DECIMAL];
    size_t len = fmt_degrees(text, degrees);
    if (r->resp < 3) {
        reply_bulk(r, slice_make(text, len));
        return;
    }
    buf_add_char(r->out, ',');
    buf_add(r->out, text, len);
    buf_add(r->out, "\r\n", 2);
}

void geo_reply_point(struct cmd *c, struct geo_point p)
{
    reply_array(c->reply, 2);
    reply_degrees(c->reply, p.lon);
    reply_degrees(c->reply, p.lat);
}

/* GEOADD key [NX|XX] [CH] longitude latitude member [longitude latitude member ...]
 *
 * Replies with the number added (CH: or moved). Nothing is changed unless all places are
 * valid. */
void cmd_geoadd(struct cmd *c)
{
    struct args *a = c->args;
    struct slice key = {0};
    bool nx = false;
    bool xx = false;
    bool ch = false;
    args_key(a, &key);
    bool known = c->engine->known->place == &a->argv[2]; /* read already: there are no options */
    while (!known && args_ok(a)) {
        if (args_maybe(a, "NX"))
            nx = true;
        else if (args_maybe(a, "XX"))
            xx = true;
        else if (args_maybe(a, "CH"))
            ch = true;
        else
            break;
    }
    if (args_left(a) % 3 != 0 || args_left(a) == 0 || (nx && xx)) args_syntax(a);
    if (!args_check(a, c->reply)) return;

    uint32_t n = args_left(a) / 3;
    uint64_t few[16];
    uint64_t *scores = n <= 16 ? few : arena_array(c->arena, n, uint64_t);
    const struct slice *triples = &a->argv[a->at];
    if (known) {
        scores[0] = c->engine->known->score;
        a->at += 3;
    }
    for (uint32_t i = 0; i < n && !known && args_ok(a); i++) {
        struct geo_point p = {0, 0};
        struct slice name = {0};
        geo_args_point(c, &p);
        args_slice(a, &name);
        if (args_ok(a)) scores[i] = geohash_encode(p);
    }
    if (!args_end(a, c->reply)) return;

    struct zset *z = NULL;
    if (!zset_open_write(c, key, &z)) return;
    uint32_t added = 0;
    uint32_t moved = 0;
    if (z != NULL || !xx) z = zset_need(c, key, z, true);
    for (uint32_t i = 0; i < n && z != NULL; i++) {
        struct slice name = triples[3 * i + 2];
        struct zset_at at;
        bool there = zset_find_hash(z, name, cmd_hash(c, name), &at);
        double score = (double)(int64_t)scores[i]; /* it has 52 bits */
        if (!there && !xx) {
            zset_add_hash(z, name, cmd_hash(c, name), score);
            added++;
        } else if (there && !nx && zset_set(z, at, score)) {
            moved++;
        }
    }
    reply_int(c->reply, ch ? added + moved : added);
    if (added + moved > 0) db_changed(c->db, key, NOTIFY_ZSET, "zadd");
}

/* GEOPOS key [member ...]: [longitude, latitude] of each, or a null array. */
void cmd_geopos(struct cmd *c)
{
    struct slice key = {0};
    struct zset *z = NULL;
    args_key(c->args, &key);
    if (!zset_open(c, key, &z)) return;
    reply_array(c->reply, args_left(c->args));
    while (args_left(c->args) > 0) {
        struct slice name = {0};
        args_slice(c->args, &name);
        struct zset_at at;
        if (z != NULL && zset_find_hash(z, name, cmd_hash(c, name), &at))
            geo_reply_point(c, geo_place(zset_score(z, at)));
        else
            reply_null_array(c->reply);
    }
}

/* GEODIST key member1 member2 [M|KM|FT|MI] */
void cmd_geodist(struct cmd *c)
{
    struct slice key = {0};
    struct slice from = {0};
    struct slice to = {0};
    double unit_m = 1;
    struct zset *z = NULL;
    args_key(c->args, &key);
    args_slice(c->args, &from);
    args_slice(c->args, &to);
    if (args_left(c->args) > 1) args_syntax(c->args);
    if (args_left(c->args) > 0) geo_args_unit(c, &unit_m);
    if (!args_end(c->args, c->reply) || !zset_open(c, key, &z)) return;

    struct zset_at a, b;
    if (z == NULL || !zset_find(z, from, &a) || !zset_find(z, to, &b)) {
        reply_null(c->reply);
        return;
    }
    double d = geo_distance_m(geo_place(zset_score(z, a)), geo_place(zset_score(z, b)));
    geo_reply_distance(c, d / unit_m);
}

/* The common geohash text of a place: latitude over ±90, and an eleventh letter that is always
 * 0, because 52 bits fill only ten. */
static void geohash_text(struct geo_point p, char out[static 11])
{
    static const char letters[] = "0123456789bcdefghjkmnpqrstuvwxyz";
    uint32_t x = (uint32_t)((p.lon + 180.0) / 360.0 * 67108864.0);
    uint32_t y = (uint32_t)((p.lat + 90.0) / 180.0 * 67108864.0);
    uint64_t bits = geohash_join(x, y);
    for (int i = 0; i < 10; i++)
        out[i] = letters[(bits >> (52 - (i + 1) * 5)) & 31];
    out[10] = '0';
}

/* GEOHASH key [member ...] */
void cmd_geohash(struct cmd *c)
{
    struct slice key = {0};
    struct zset *z = NULL;
    args_key(c->args, &key);
    if (!zset_open(c, key, &z)) return;
    reply_array(c->reply, args_left(c->args));
    while (args_left(c->args) > 0) {
        struct slice name = {0};
        args_slice(c->args, &name);
        struct zset_at at;
        if (z == NULL || !zset_find_hash(z, name, cmd_hash(c, name), &at)) {
            reply_null(c->reply);
            continue;
        }
        char text[11];
        geohash_text(geo_place(zset_score(z, at)), text);
        reply_bulk(c->reply, slice_make(text, sizeof text));
    }
}
