#include "store/search/aggregate.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <math.h>
#include <stdio.h>

/* Documents: `city`, `price`, `tags`; some lack a price. */
struct document {
    const char *city;
    double price; /* NaN: none */
    const char *tags;
};

static const struct document few[] = {
    {"Paris", 10, "a,b"}, {"Rome", 5, "b"},     {"Paris", 30, ""},   {"Oslo", (double)NAN, "c"},
    {"Rome", 5, "a"},     {"Paris", 20, "a,c"}, {"Rome", 50, "b,c"},
};

struct table {
    const struct document *rows;
    uint32_t n, at; /* at: one behind where it stands */
    uint32_t over;  /* time is up after so many; 0: never */
};

static bool next(void *data)
{
    struct table *t = data;
    return t->at < t->n && t->at++ < t->n;
}

static struct search_value field(const struct document *d, struct slice name)
{
    if (slice_is(name, "city")) return search_text(slice_of(d->city));
    if (slice_is(name, "price") && !isnan(d->price)) return search_number(d->price);
    if (slice_is(name, "tags")) return search_text(slice_of(d->tags));
    if (slice_is(name, "dist")) return search_number(1);
    return (struct search_value){0};
}

static struct search_value read_field(void *data, struct slice name, struct arena *arena)
{
    struct table *t = data;
    struct search_value v = field(&t->rows[t->at - 1], name);
    if (v.kind == SEARCH_TEXT) v.text = arena_copy(arena, v.text);
    return v;
}

static void read_all(void *data, struct arena *arena,
                     void (*fn)(void *to, struct slice name, struct search_value v), void *to)
{
    static const char *const names[] = {"city", "price", "tags"};
    for (int i = 0; i < 3; i++) {
        struct search_value v = read_field(data, slice_of(names[i]), arena);
        if (v.kind != SEARCH_NULL) fn(to, slice_of(names[i]), v);
    }
}

static bool is_over(void *data)
{
    const struct table *t = data;
    return t->over > 0 && t->at >= t->over;
}

struct pipeline {
    struct arena arena;
    struct schema schema;
    struct agg_result result;
    const char *error;
};

static void begin(struct pipeline *p)
{
    *p = (struct pipeline){0};
    schema_init(&p->schema, SLICE("test"));
    schema_add_field(&p->schema, &(struct search_field){.kind = FIELD_TEXT,
                                                        .path = SLICE("city"),
                                                        .name = SLICE("city"),
                                                        .weight = 1});
    schema_add_field(&p->schema, &(struct search_field){.kind = FIELD_NUMERIC,
                                                        .path = SLICE("price"),
                                                        .name = SLICE("price"),
                                                        .weight = 1});
}

static void end(struct pipeline *p)
{
    agg_result_fini(&p->result);
    schema_fini(&p->schema);
    arena_fini(&p->arena);
}

/* Reads the words of `text` (between bars, so that they may hold spaces) and runs over t. */
static bool run(struct pipeline *p, struct table *t, const char *text, size_t bytes_max)
{
    struct slice rest = slice_of(text), word = {0}, argv[64];
    uint32_t argc = 0, at = 0;
    while (argc < 64 && slice_cut(&rest, '|', &word))
        argv[argc++] = slice_trim(word);
    struct agg_plan *plan = agg_plan_new(&p->schema, &p->arena);
    while (at < argc && agg_plan_read(plan, argv, argc, &at, &p->error)) {
    }
    if (at < argc && p->error == NULL) p->error = "not a clause";
    struct slice name = agg_plan_unknown(plan, 0);
    if (name.len > 0 && !slice_is(name, "dist") && p->error == NULL) p->error = "unknown name";
    if (p->error != NULL) return false;
    t->at = 0;
    struct agg_source source = {next, read_field, read_all, is_over, t};
    return agg_run(plan, &source, bytes_max, &p->result, &p->error);
}

/* The rows as text: "name=value name=value; ..." */
static struct slice text_of(struct pipeline *p)
{
    struct slice out = SLICE("");
    const struct agg_result *r = &p->result;
    for (uint32_t i = 0; i < r->n; i++) {
        if (i > 0) out = arena_printf(&p->arena, "%.*s;", (int)out.len, out.p);
        for (uint32_t c = 0; c < r->columns; c++) {
            if (!agg_row_has(r->rows[i], c)) continue;
            struct search_value v = r->rows[i]->values[c];
            struct slice s = v.kind == SEARCH_NULL ? SLICE("null") : expr_text(v, &p->arena);
            out = arena_printf(&p->arena, "%.*s%s%.*s=%.*s", (int)out.len, out.p,
                               out.len > 0 ? " " : "", (int)r->names[c].len, r->names[c].p,
                               (int)s.len, s.p);
        }
    }
    return out;
}

static void gives(const char *text, const char *want)
{
    struct pipeline p;
    struct table t = {.rows = few, .n = sizeof few / sizeof few[0]};
    begin(&p);
    bool ok = run(&p, &t, text, 1 << 20);
    struct slice got = ok ? text_of(&p) : slice_of(p.error);
    ck_assert_msg(slice_is(got, want), "%s\n gives %.*s\n not   %s", text, (int)got.len, got.p,
                  want);
    end(&p);
}

START_TEST(rows_are_loaded_computed_and_filtered)
{
    gives("LOAD|1|@city|LIMIT|0|2", "city=Paris; city=Rome");
    gives("LOAD|3|@city|AS|town|LIMIT|1|1", "town=Rome");
    gives("APPLY|@price * 2|AS|double|FILTER|@double > 50",
          "price=30 double=60; price=50 double=100");
    gives("LOAD|*|LIMIT|2|2", "city=Paris price=30 tags=; city=Oslo tags=c");
    gives("LOAD|2|@tags|nothing|FILTER|contains(@tags, 'c') && @price|LIMIT|0|1",
          "tags=a,c price=20");
    gives("FILTER|@dist == 1|LIMIT|0|1", "dist=1");
    gives("LOAD|1|@city|LIMIT|0|0", "");
}
END_TEST

START_TEST(groups_are_reduced)
{
    gives("GROUPBY|1|@city|REDUCE|COUNT|0|AS|n|REDUCE|SUM|1|@price|AS|sum|SORTBY|2|@n|DESC",
          "city=Paris n=3 sum=60; city=Rome n=3 sum=60; city=Oslo n=1 sum=0");
    gives("GROUPBY|0|REDUCE|MIN|1|@price|REDUCE|MAX|1|@price|REDUCE|AVG|1|@price",
          "__generated_aliasminprice=5 __generated_aliasmaxprice=50 __generated_aliasavgprice=20");
    gives("GROUPBY|1|@city|REDUCE|MIN|1|@price|AS|m|FILTER|@city == 'Oslo'", "city=Oslo m=null");
    gives("GROUPBY|1|@price|REDUCE|COUNT|0|AS|n|FILTER|!exists(@price)", "price=null n=1");
    gives("GROUPBY|1|@city|REDUCE|STDDEV|1|@price|AS|dev|REDUCE|QUANTILE|2|@price|0.5|AS|half|"
          "SORTBY|1|@city|LIMIT|1|1",
          "city=Paris dev=10 half=20");
    gives("GROUPBY|0|REDUCE|COUNT_DISTINCT|1|@price|AS|a|REDUCE|COUNT_DISTINCTISH|1|@city|AS|b",
          "a=5 b=3");
    gives("LOAD|1|@tags|APPLY|split(@tags)|AS|tag|GROUPBY|1|@tag|REDUCE|COUNT|0|AS|n|FILTER|@tag|"
          "SORTBY|4|@n|DESC|@tag|ASC",
          "tag=a n=3; tag=b n=3; tag=c n=3");
    gives("GROUPBY|1|@city|REDUCE|TOLIST|1|@price|AS|all|SORTBY|1|@city",
          "city=Oslo all=[]; city=Paris all=[10,30,20]; city=Rome all=[5,50]");
    gives("GROUPBY|1|@city|REDUCE|FIRST_VALUE|4|@price|BY|@price|DESC|AS|top|SORTBY|1|@city",
          "city=Oslo top=null; city=Paris top=30; city=Rome top=50");
    gives("GROUPBY|1|@city|REDUCE|FIRST_VALUE|1|@price|AS|f|SORTBY|2|@city|DESC|MAX|1",
          "city=Rome f=5");
    gives("GROUPBY|2|@city|@price|REDUCE|COUNT|0|AS|n|GROUPBY|1|@n|REDUCE|COUNT|0|AS|groups|SORTBY|"
          "1|@n",
          "n=1 groups=5; n=2 groups=1");
    gives("GROUPBY|1|@city|REDUCE|RANDOM_SAMPLE|2|@price|9|AS|s|FILTER|@city=='Paris'",
          "city=Paris s=[10,30,20]");
}
END_TEST

START_TEST(order_and_page)
{
    gives("LOAD|1|@city|SORTBY|4|@city|ASC|@price|DESC|LIMIT|0|3",
          "city=Oslo; city=Paris price=30; city=Paris price=20");
    gives("SORTBY|2|@price|DESC|LIMIT|0|2", "price=50; price=30");
    gives("SORTBY|2|@price|ASC|LIMIT|5|5", "price=50;");
    gives("SORTBY|1|@price|MAX|2", "price=5; price=5");
    gives("SORTBY|1|@price|LIMIT|0|2|APPLY|@price+1|AS|p|SORTBY|2|@p|DESC|LIMIT|0|1",
          "price=5 p=6");
}
END_TEST

START_TEST(clauses_that_make_no_sense_are_refused)
{
    gives("LOAD|2|@a", "Bad arguments: more arguments expected behind: 2");
    gives("LOAD|x", "Bad arguments: expected a number in range: x");
    gives("SORTBY|1|@nope", "unknown name");
    gives("SORTBY|1|@", "Property `` not loaded nor in pipeline");
    gives("GROUPBY|1|@city|REDUCE|COUNT|0|AS|n|APPLY|@price|AS|p",
          "Property `price` not loaded nor in pipeline");
    gives("GROUPBY|1|@city|LOAD|1|@price", "LOAD must come before GROUPBY");
    gives("GROUPBY|0|REDUCE|NOPE|0", "No such reducer: NOPE");
    gives("GROUPBY|0|REDUCE|SUM|0", "Bad arguments for REDUCE SUM: wrong number of arguments");
    gives("GROUPBY|0|REDUCE|QUANTILE|2|@price|2",
          "Bad arguments for REDUCE QUANTILE: expected a share from 0 to 1");
    gives("GROUPBY|0|REDUCE|FIRST_VALUE|2|@price|BY",
          "Bad arguments for REDUCE FIRST_VALUE: expected BY");
    gives("GROUPBY|0|REDUCE|RANDOM_SAMPLE|2|@price|1001",
          "Bad arguments for REDUCE RANDOM_SAMPLE: expected a sample of 1 to 1000");
    gives("APPLY|1 +|AS|x", "Syntax error at offset 3 near '': expected a value");
    gives("LIMIT|0", "Syntax error: more arguments expected at the end");
    gives("LIMIT|-1|5", "Bad arguments: expected a number in range: -1");
    gives("NONSENSE", "not a clause");
}
END_TEST

enum { MANY = 20000, CITIES = 50 };

static void make_many(struct document *rows)
{
    static char names[CITIES][8];
    struct rng rng;
    rng_init(&rng, 5);
    for (uint32_t i = 0; i < CITIES; i++)
        (void)snprintf(names[i], sizeof names[i], "c%u", i);
    for (uint32_t i = 0; i < MANY; i++)
        rows[i] = (struct document){names[rng_below(&rng, CITIES)],
                                    (double)rng_below(&rng, 1000) / 4, "t"};
}

START_TEST(many_rows_give_what_an_array_gives)
{
    static struct document rows[MANY];
    struct table t = {.rows = rows, .n = MANY};
    struct pipeline p;
    make_many(rows);
    begin(&p);
    ck_assert(
        run(&p, &t,
            "GROUPBY|1|@city|REDUCE|COUNT|0|AS|n|REDUCE|SUM|1|@price|AS|s|REDUCE|COUNT_DISTINCT|"
            "1|@price|AS|d",
            16 << 20));
    ck_assert_uint_eq(p.result.n, CITIES);
    ck_assert_uint_eq(p.result.total, CITIES);
    for (uint32_t i = 0; i < CITIES; i++) {
        const struct search_value *v = p.result.rows[i]->values; /* city, price, n, s, d */
        double n = 0, sum = 0, distinct = 0;
        bool seen[1000] = {false};
        for (uint32_t j = 0; j < MANY; j++) {
            if (!slice_is(v[0].text, rows[j].city)) continue;
            n++;
            sum += rows[j].price;
            distinct += !seen[(uint32_t)(rows[j].price * 4)];
            seen[(uint32_t)(rows[j].price * 4)] = true;
        }
        ck_assert_double_eq(v[2].number, n);
        ck_assert_double_eq(v[3].number, sum);
        ck_assert_double_eq(v[4].number, distinct);
    }
    end(&p);

    begin(&p);
    ck_assert(run(&p, &t, "SORTBY|2|@price|DESC|LIMIT|100|50", 1 << 20));
    ck_assert_uint_eq(p.result.n, 50);
    ck_assert_uint_eq(p.result.total, MANY);
    for (uint32_t i = 0; i < 50; i++) {
        double x = p.result.rows[i]->values[0].number;
        uint32_t above = 0, equal = 0;
        for (uint32_t j = 0; j < MANY; j++) {
            above += rows[j].price > x;
            equal += rows[j].price == x;
        }
        ck_assert_uint_le(above, 100 + i);
        ck_assert_uint_gt(above + equal, 100 + i);
    }
    end(&p);
}
END_TEST

START_TEST(memory_and_time_have_limits)
{
    static struct document rows[MANY];
    struct table t = {.rows = rows, .n = MANY};
    struct pipeline p;
    make_many(rows);
    static const char *const hungry[] = {"LOAD|1|@city", "SORTBY|1|@price|MAX|1000000",
                                         "GROUPBY|2|@city|@price",
                                         "GROUPBY|0|REDUCE|QUANTILE|2|@price|0.5"};
    for (size_t i = 0; i < sizeof hungry / sizeof hungry[0]; i++) {
        begin(&p);
        ck_assert(!run(&p, &t, hungry[i], 64 << 10));
        ck_assert_str_eq(p.error, "Aggregation needs more memory than it may take");
        end(&p);
    }
    begin(&p);
    t.over = 5000;
    ck_assert(run(&p, &t, "GROUPBY|0|REDUCE|COUNT|0|AS|n", 1 << 20));
    ck_assert(p.result.timed_out);
    ck_assert_double_le(p.result.rows[0]->values[0].number, 5200);
    end(&p);
}
END_TEST

UNIT_SUITE("aggregate", rows_are_loaded_computed_and_filtered, groups_are_reduced, order_and_page,
           clauses_that_make_no_sense_are_refused, many_rows_give_what_an_array_gives,
           memory_and_time_have_limits)
