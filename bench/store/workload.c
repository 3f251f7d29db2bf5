#include "load.h"

#include "base/mem.h"
#include "base/must.h"
#include "words.h"

#include <stdio.h>
#include <stdlib.h>

/* Degrees with six decimals. */
static void add_degrees(struct buf *b, int32_t micro)
{
    char text[16];
    size_t at = 0;
    uint32_t n = micro < 0 ? 0 - (uint32_t)micro : (uint32_t)micro;
    if (micro < 0) text[at++] = '-';
    at += fmt_u64(text + at, n / 1000000);
    text[at++] = '.';
    put_digits(text + at, n % 1000000, 6);
    add_arg(b, text, at + 6);
}

/* ---- places ---- */

static const struct micro airport = {-122390000, 37615000};

static struct micro within(struct maker *m, struct micro west_south, uint32_t lon, uint32_t lat)
{
    return (struct micro){west_south.lon + (int32_t)rng_below(&m->rng, lon),
                          west_south.lat + (int32_t)rng_below(&m->rng, lat)};
}

/* In a city of about 40 x 40 km; "airport": one in ten of them in a cell of 400 x 400 m,
 * "apron": all of them there. */
static struct micro somewhere(struct maker *m)
{
    if (m->fixes != NULL) return m->fixes[rng_below(&m->rng, m->fix_count)];
    bool apron = strcmp(m->o->places, "apron") == 0;
    if (apron || (strcmp(m->o->places, "airport") == 0 && rng_below(&m->rng, 10) == 0))
        return within(m, airport, 4540, 3600);
    return within(m, (struct micro){-122600000, 37550000}, 460000, 360000);
}

/* Up to some 40 m from where the driver was, as between two pings. */
static struct micro nearby(struct maker *m, uint64_t driver)
{
    struct micro *p = &m->at[driver];
    if (p->lon == 0) *p = somewhere(m);
    *p = within(m, (struct micro){p->lon - 400, p->lat - 300}, 801, 601);
    return *p;
}

void maker_init(struct maker *m, const struct options *o)
{
    *m = (struct maker){.o = o};
    rng_init(&m->rng, 1);
    m->at = mem_array(o->keys, struct micro);
    FILE *f = strchr(o->places, '/') == NULL ? NULL : fopen(o->places, "re");
    if (f == NULL) return;
    char line[128];
    uint32_t cap = 0;
    while (fgets(line, sizeof line, f) != NULL) {
        char *rest = NULL;
        double lon = strtod(line, &rest);
        double lat = strtod(rest, NULL);
        if (m->fix_count == cap) {
            cap = cap == 0 ? 1024 : cap * 2;
            m->fixes = mem_realloc(m->fixes, cap * sizeof *m->fixes);
        }
        m->fixes[m->fix_count++] = (struct micro){(int32_t)(lon * 1e6), (int32_t)(lat * 1e6)};
    }
    (void)fclose(f);
    must(m->fix_count > 0);
}

void maker_fini(struct maker *m)
{
    mem_free(m->fixes);
    mem_free(m->at);
}

/* ---- the smallest commands ---- */

static uint32_t next_ping(struct maker *m, struct turn *t)
{
    (void)m;
    add_raw(t->out, "*1\r\n$4\r\nPING\r\n");
    return 1;
}

static void fill_set(struct maker *m, struct buf *out, uint64_t n)
{
    (void)m;
    add_raw(out, "*3\r\n$3\r\nSET\r\n");
    add_member(out, n);
    add_raw(out, "$16\r\n0123456789abcdef\r\n");
}

static uint32_t next_set(struct maker *m, struct turn *t)
{
    fill_set(m, t->out, any_key(m));
    return 1;
}

static uint32_t next_get(struct maker *m, struct turn *t)
{
    add_raw(t->out, "*2\r\n$3\r\nGET\r\n");
    add_member(t->out, any_key(m));
    return 1;
}

/* ---- drivers at places ---- */

static void add_geoadd(struct buf *out, struct micro p, uint64_t driver)
{
    add_raw(out, "*5\r\n$6\r\nGEOADD\r\n$19\r\ndrivers:active:{sf}\r\n");
    add_degrees(out, p.lon);
    add_degrees(out, p.lat);
    add_member(out, driver);
}

static void fill_geo(struct maker *m, struct buf *out, uint64_t n)
{
    m->at[n] = somewhere(m);
    add_geoadd(out, m->at[n], n);
}

static uint32_t next_geoadd(struct maker *m, struct turn *t)
{
    add_geoadd(t->out, somewhere(m), any_key(m));
    return 1;
}

static uint32_t next_geonear(struct maker *m, struct turn *t)
{
    uint64_t driver = any_key(m);
    add_geoadd(t->out, nearby(m, driver), driver);
    return 1;
}

static uint32_t next_geosearch(struct maker *m, struct turn *t)
{
    bool counted = strcmp(m->o->count, "0") != 0;
    struct micro p = somewhere(m);
    add_head(t->out, counted ? 11 : 9);
    add_raw(t->out, "$9\r\nGEOSEARCH\r\n$19\r\ndrivers:active:{sf}\r\n$10\r\nFROMLONLAT\r\n");
    add_degrees(t->out, p.lon);
    add_degrees(t->out, p.lat);
    add_raw(t->out, "$8\r\nBYRADIUS\r\n");
    add_str(t->out, m->o->radius_km);
    add_raw(t->out, "$2\r\nkm\r\n$3\r\nASC\r\n");
    if (counted) {
        add_raw(t->out, "$5\r\nCOUNT\r\n");
        add_str(t->out, m->o->count);
    }
    return 1;
}

static uint32_t next_geomix(struct maker *m, struct turn *t)
{
    return rng_below(&m->rng, 100) < 95 ? next_geoadd(m, t) : next_geosearch(m, t);
}

/* ---- the stream of requests ---- */

static const char stream_key[] = "rides:incoming:{sf}";

static void add_fields(struct maker *m, struct buf *out)
{
    static const char *const fields[] = {"$7\r\nride_id\r\n", "$5\r\nrider\r\n",
                                         "$3\r\nlat\r\n",     "$3\r\nlon\r\n",
                                         "$7\r\nproduct\r\n", "$7\r\nattempt\r\n"};
    for (int i = 0; i < 6; i++) {
        add_raw(out, fields[i]);
        add_member(out, any_key(m));
    }
}

static uint32_t next_xadd(struct maker *m, struct turn *t)
{
    add_raw(t->out, "*18\r\n$4\r\nXADD\r\n$19\r\nrides:incoming:{sf}\r\n$6\r\nMAXLEN\r\n$1\r\n~\r\n"
                    "$7\r\n1000000\r\n$1\r\n*\r\n");
    add_fields(m, t->out);
    return 1;
}

static void fill_stream(struct maker *m, struct buf *out, uint64_t n)
{
    (void)n;
    add_raw(out, "*15\r\n$4\r\nXADD\r\n$19\r\nrides:incoming:{sf}\r\n$1\r\n*\r\n");
    add_fields(m, out);
}

static void add_group(struct buf *out, const char *verb)
{
    add_head(out, 5);
    add_str(out, "XGROUP");
    add_str(out, verb);
    add_str(out, stream_key);
    add_str(out, "matchers");
    add_str(out, "0");
}

/* The group from the start, nothing pending. */
static uint32_t setup_group(struct maker *m, struct buf *out)
{
    (void)m;
    add_head(out, 4);
    add_str(out, "XGROUP");
    add_str(out, "DESTROY");
    add_str(out, stream_key);
    add_str(out, "matchers");
    add_group(out, "CREATE");
    return 2;
}

static void add_consumer(struct buf *out, uint32_t conn)
{
    char name[16];
    (void)snprintf(name, sizeof name, "matcher-%u", conn);
    add_str(out, name);
}

/* Acknowledges the entries of the last reply and asks for the next ones. At the end of the
 * stream the group goes back to its start. */
static uint32_t next_xread(struct maker *m, struct turn *t)
{
    (void)m;
    uint32_t commands = 1;
    if (t->kept_count > 1) {
        add_head(t->out, 2 + t->kept_count);
        add_str(t->out, "XACK");
        add_str(t->out, stream_key);
        add_str(t->out, "matchers");
        for (uint32_t i = 1; i < t->kept_count; i++)
            add_arg(t->out, t->kept[i].text, t->kept[i].len);
        commands++;
    } else if (t->step > 0) {
        add_group(t->out, "SETID");
        commands++;
    }
    add_head(t->out, 9);
    add_str(t->out, "XREADGROUP");
    add_str(t->out, "GROUP");
    add_str(t->out, "matchers");
    add_consumer(t->out, t->conn);
    add_str(t->out, "COUNT");
    add_str(t->out, "100");
    add_str(t->out, "STREAMS");
    add_str(t->out, stream_key);
    add_str(t->out, ">");
    return commands;
}

/* All entries pending at one consumer. */
static uint32_t setup_claim(struct maker *m, struct buf *out)
{
    uint32_t commands = setup_group(m, out);
    add_head(out, 9);
    add_str(out, "XREADGROUP");
    add_str(out, "GROUP");
    add_str(out, "matchers");
    add_str(out, "lost");
    add_str(out, "COUNT");
    add_number(out, m->o->keys);
    add_str(out, "STREAMS");
    add_str(out, stream_key);
    add_str(out, ">");
    return commands + 1;
}

static uint32_t next_xclaim(struct maker *m, struct turn *t)
{
    (void)m;
    add_head(t->out, 8);
    add_str(t->out, "XAUTOCLAIM");
    add_str(t->out, stream_key);
    add_str(t->out, "matchers");
    add_consumer(t->out, t->conn);
    add_str(t->out, "0");
    if (t->kept_count > 0 && t->step > 0)
        add_arg(t->out, t->kept[0].text, t->kept[0].len); /* where the last one ended */
    else
        add_str(t->out, "0-0");
    add_str(t->out, "COUNT");
    add_str(t->out, "100");
    return 1;
}

/* ---- locks ---- */

static uint32_t setup_lock(struct maker *m, struct buf *out)
{
    (void)m;
    add_head(out, 3);
    add_str(out, "SCRIPT");
    add_str(out, "LOAD");
    add_str(out, "if redis.call('get', KEYS[1]) == ARGV[1] then "
                 "return redis.call('del', KEYS[1]) else return 0 end");
    return 1;
}

/* In turn: takes a lock, and gives it back by comparing its token. */
static uint32_t next_lock(struct maker *m, struct turn *t)
{
    uint64_t lock = (t->step / 2 * 1000 + t->conn) % 100000000;
    if (t->step % 2 == 0) {
        add_raw(t->out, "*6\r\n$3\r\nSET\r\n");
        add_member(t->out, lock);
        add_raw(t->out, "$16\r\nmatcher-0:token1\r\n$2\r\nNX\r\n$2\r\nPX\r\n$5\r\n10000\r\n");
    } else {
        add_raw(t->out, "*5\r\n$7\r\nEVALSHA\r\n$40\r\n");
        buf_add(t->out, m->sha, SHA);
        add_raw(t->out, "\r\n$1\r\n1\r\n");
        add_member(t->out, lock);
        add_raw(t->out, "$16\r\nmatcher-0:token1\r\n");
    }
    return 1;
}

/* ---- the board ---- */

static void fill_board(struct maker *m, struct buf *out, uint64_t n)
{
    add_raw(out, "*4\r\n$4\r\nZADD\r\n$5\r\nboard\r\n");
    add_number(out, rng_below(&m->rng, 1000000));
    add_member(out, n);
}

static uint32_t next_zincrby(struct maker *m, struct turn *t)
{
    add_raw(t->out, "*4\r\n$7\r\nZINCRBY\r\n$5\r\nboard\r\n");
    add_number(t->out, 1 + rng_below(&m->rng, 1000));
    add_member(t->out, any_key(m));
    return 1;
}

static uint32_t next_ztop(struct maker *m, struct turn *t)
{
    (void)m;
    add_raw(t->out, "*4\r\n$9\r\nZREVRANGE\r\n$5\r\nboard\r\n$1\r\n0\r\n$1\r\n9\r\n");
    return 1;
}

static uint32_t next_zrank(struct maker *m, struct turn *t)
{
    add_raw(t->out, "*3\r\n$8\r\nZREVRANK\r\n$5\r\nboard\r\n");
    add_member(t->out, any_key(m));
    return 1;
}

/* ---- families, for their memory ---- */

static void fill_set_100(struct maker *m, struct buf *out, uint64_t n)
{
    (void)m;
    add_raw(out, "*3\r\n$3\r\nSET\r\n");
    add_member(out, n);
    buf_addf(out, "$100\r\n%0100d\r\n", 0);
}

/* The key of the small value that the n-th element goes to: ten elements each. */
static void add_small_key(struct buf *out, uint64_t n)
{
    add_member(out, n / 10);
}

static void fill_hash_small(struct maker *m, struct buf *out, uint64_t n)
{
    (void)m;
    add_raw(out, "*4\r\n$4\r\nHSET\r\n");
    add_small_key(out, n);
    add_number(out, n % 10);
    add_member(out, n);
}

static void fill_hash_big(struct maker *m, struct buf *out, uint64_t n)
{
    (void)m;
    add_raw(out, "*4\r\n$4\r\nHSET\r\n$3\r\nbig\r\n");
    add_member(out, n);
    add_raw(out, "$16\r\n0123456789abcdef\r\n");
}

static void fill_list_small(struct maker *m, struct buf *out, uint64_t n)
{
    (void)m;
    add_raw(out, "*3\r\n$5\r\nRPUSH\r\n");
    add_small_key(out, n);
    add_member(out, n);
}

static void fill_list_big(struct maker *m, struct buf *out, uint64_t n)
{
    (void)m;
    add_raw(out, "*3\r\n$5\r\nRPUSH\r\n$3\r\nbig\r\n");
    add_member(out, n);
}

static void fill_set_small(struct maker *m, struct buf *out, uint64_t n)
{
    (void)m;
    add_raw(out, "*3\r\n$4\r\nSADD\r\n");
    add_small_key(out, n);
    add_member(out, n);
}

static void fill_set_ints(struct maker *m, struct buf *out, uint64_t n)
{
    (void)m;
    add_raw(out, "*3\r\n$4\r\nSADD\r\n");
    add_small_key(out, n);
    add_number(out, n);
}

static void fill_set_big(struct maker *m, struct buf *out, uint64_t n)
{
    (void)m;
    add_raw(out, "*3\r\n$4\r\nSADD\r\n$3\r\nbig\r\n");
    add_member(out, n);
}

static void fill_zset_small(struct maker *m, struct buf *out, uint64_t n)
{
    add_raw(out, "*4\r\n$4\r\nZADD\r\n");
    add_small_key(out, n);
    add_number(out, rng_below(&m->rng, 1000000));
    add_member(out, n);
}

static void fill_stream_small(struct maker *m, struct buf *out, uint64_t n)
{
    add_raw(out, "*15\r\n$4\r\nXADD\r\n");
    add_small_key(out, n);
    add_str(out, "*");
    add_fields(m, out);
}

const struct workload *workload_find(const char *name)
{
    static const struct workload all[] = {
        /* name        setup        fill                next */
        {"ping", NULL, NULL, next_ping, false},
        {"set", NULL, fill_set, next_set, false},
        {"get", NULL, fill_set, next_get, false},
        {"geoadd", NULL, fill_geo, next_geoadd, false},
        {"geonear", NULL, fill_geo, next_geonear, false},
        {"geosearch", NULL, fill_geo, next_geosearch, false},
        {"geomix", NULL, fill_geo, next_geomix, false},
        {"xadd", NULL, NULL, next_xadd, false},
        {"xread", setup_group, fill_stream, next_xread, true},
        {"xclaim", setup_claim, fill_stream, next_xclaim, true},
        {"lock", setup_lock, NULL, next_lock, false},
        {"zincrby", NULL, fill_board, next_zincrby, false},
        {"ztop", NULL, fill_board, next_ztop, false},
        {"zrank", NULL, fill_board, next_zrank, false},
        {"hash-small", NULL, fill_hash_small, NULL, false},
        {"set-100", NULL, fill_set_100, NULL, false},
        {"hash-big", NULL, fill_hash_big, NULL, false},
        {"list-small", NULL, fill_list_small, NULL, false},
        {"list-big", NULL, fill_list_big, NULL, false},
        {"set-small", NULL, fill_set_small, NULL, false},
        {"set-ints", NULL, fill_set_ints, NULL, false},
        {"set-big", NULL, fill_set_big, NULL, false},
        {"zset-small", NULL, fill_zset_small, NULL, false},
        {"search-range", NULL, search_fill, search_next_range, false},
        {"search-place", NULL, search_fill, search_next_place, false},
        {"search-text", NULL, search_fill, search_next_text, false},
        {"search-update", NULL, search_fill, search_next_update, false},
        {"search-rewrite", NULL, search_fill, search_next_rewrite, false},
        {"search-vector", NULL, vectors_fill, vectors_next, false},
        {"stream-small", NULL, fill_stream_small, NULL, false},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i].name, name) == 0) return &all[i];
    return workload_find_family(name);
}
