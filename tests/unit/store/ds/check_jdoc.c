#include "store/ds/jdoc.h"

#include "base/rng.h"
#include "tests/lib/unit.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

static const struct jdoc_format plain;

static bool parse(const char *text, struct buf *out, struct jdoc_error *error)
{
    struct arena arena = {0};
    size_t before = out->len;
    bool ok = jdoc_parse(slice_of(text), JDOC_DEPTH_MAX, &arena, out, error);
    if (ok) ck_assert(jdoc_valid(slice_from(buf_slice(out), before), &arena));
    arena_fini(&arena);
    return ok;
}

static void expect(const char *text, const char *printed)
{
    struct buf doc = {0}, out = {0};
    struct jdoc_error error = {0};
    ck_assert_msg(parse(text, &doc, &error), "%s: %s", text, error.what);
    jdoc_print(doc.p, &plain, &out);
    buf_add_char(&out, '\0');
    ck_assert_str_eq(out.p, printed);
    buf_fini(&doc);
    buf_fini(&out);
}

START_TEST(text_comes_back_with_numbers_as_they_were_written)
{
    expect(" [ 1 , -2.50 , 1e400, 12345678901234567890, -0, 0.1000 ] ",
           "[1,-2.50,1e400,12345678901234567890,-0,0.1000]");
    expect("{\"a\":{},\"b\":[],\"c\":null,\"d\":true,\"e\":false}",
           "{\"a\":{},\"b\":[],\"c\":null,\"d\":true,\"e\":false}");
    expect("\"\\u0041\\/\\b\\f\\n\\r\\t\\\\\\\"\\u001f\\ud83d\\ude00\"",
           "\"A/\\b\\f\\n\\r\\t\\\\\\\"\\u001f\xf0\x9f\x98\x80\"");
    expect("[-128,127,-129,128,-32768,32768,-2147483649,2147483648,-9223372036854775808]",
           "[-128,127,-129,128,-32768,32768,-2147483649,2147483648,-9223372036854775808]");
    expect("{\"a\":1,\"b\":2,\"a\":3}", "{\"b\":2,\"a\":3}");
}
END_TEST

START_TEST(what_is_no_json_is_refused_where_it_stops)
{
    static const struct {
        const char *text;
        size_t at;
    } bad[] = {{"", 0},
               {"[1,]", 3},
               {"{\"a\"}", 4},
               {"{a:1}", 1},
               {"01", 0},
               {"1.", 0},
               {"-", 0},
               {"tru", 0},
               {"[1 2]", 3},
               {"\"a", 2},
               {"\"\\x\"", 3},
               {"\"\x01\"", 1},
               {"\"\\ud800\"", 7},
               {"\"\xff\"", 3},
               {"1 1", 2},
               {"\"\\u12g4\"", 5},
               {"\"\xc0\x80\"", 4},
               {"\"\xed\xa0\x80\"", 5}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct buf out = {0};
        struct jdoc_error error = {0};
        ck_assert_msg(!parse(bad[i].text, &out, &error), "%s", bad[i].text);
        ck_assert_msg(error.at == bad[i].at, "%s: %s at %zu", bad[i].text, error.what, error.at);
        ck_assert_uint_eq(out.len, 0);
        buf_fini(&out);
    }
}
END_TEST

START_TEST(depth_is_limited)
{
    char text[2 * JDOC_DEPTH_MAX + 3];
    struct buf out = {0};
    struct jdoc_error error = {0};
    memset(text, '[', JDOC_DEPTH_MAX);
    memset(text + JDOC_DEPTH_MAX, ']', JDOC_DEPTH_MAX);
    text[2 * JDOC_DEPTH_MAX] = '\0';
    ck_assert(parse(text, &out, &error));
    ck_assert_uint_eq(jval_depth(out.p), JDOC_DEPTH_MAX);
    buf_clear(&out);
    memset(text, '[', JDOC_DEPTH_MAX + 1);
    ck_assert(!parse(text, &out, &error));
    ck_assert_str_eq(error.what, "recursion limit exceeded");
    buf_fini(&out);
}
END_TEST

START_TEST(many_members_that_stand_twice_leave_the_last_of_each)
{
    struct buf text = {0}, doc = {0};
    struct jdoc_error error = {0};
    buf_add_char(&text, '{');
    for (int i = 0; i < 5000; i++)
        buf_addf(&text, "%s\"k%d\":%d", i == 0 ? "" : ",", i % 700, i);
    buf_add(&text, "}", 2);
    ck_assert(parse(text.p, &doc, &error));
    ck_assert_uint_eq(jval_count(doc.p), 700);
    for (int i = 4300; i < 5000; i++) {
        char name[16];
        snprintf(name, sizeof name, "k%d", i % 700);
        ck_assert_int_eq(jval_i64(jval_member(doc.p, slice_of(name))), i);
    }
    buf_fini(&text);
    buf_fini(&doc);
}
END_TEST

START_TEST(doubles_are_printed_in_the_fewest_digits)
{
    static const struct {
        double d;
        const char *text;
    } cases[] = {{0.1, "0.1"},
                 {3, "3.0"},
                 {-2.5, "-2.5"},
                 {1e22, "1e22"},
                 {1e-7, "1e-7"},
                 {1.0 / 3, "0.3333333333333333"},
                 {5e-324, "4.94065645841247e-324"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf out = {0};
        jdoc_add_double(&out, cases[i].d);
        ck_assert_double_eq(jval_double(out.p), cases[i].d);
        if (cases[i].d > 1e-300) {
            struct slice s = jval_number(out.p);
            ck_assert_msg(slice_is(s, cases[i].text), "%.*s", (int)s.len, s.p);
        }
        buf_fini(&out);
    }
}
END_TEST

/* --- against jansson --- */

static json_t *random_value(struct rng *rng, int depth)
{
    static const char *const words[] = {"",          "a", "name", "caf\xc3\xa9", "line\nbreak",
                                        "\"quoted\""};
    char long_text[400];
    switch (rng_below(rng, depth > 0 ? 8 : 6)) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(rng_below(rng, 2));
    case 2:
        return json_integer((json_int_t)(rng_u64(rng) >> rng_below(rng, 64)) *
                            (rng_below(rng, 2) == 0 ? 1 : -1));
    case 3:
        return json_real(rng_normal(rng) * 1000);
    case 4:
        return json_string(words[rng_below(rng, 6)]);
    case 5:
        memset(long_text, 'x', sizeof long_text);
        long_text[rng_below(rng, sizeof long_text)] = '\0';
        long_text[sizeof long_text - 1] = '\0';
        return json_string(long_text);
    case 6: {
        json_t *array = json_array();
        for (uint64_t n = rng_below(rng, 5); n > 0; n--)
            json_array_append_new(array, random_value(rng, depth - 1));
        return array;
    }
    default: {
        json_t *object = json_object();
        char name[300] = "";
        for (uint64_t n = rng_below(rng, 5); n > 0; n--) {
            snprintf(name, sizeof name, "k%d", (int)rng_below(rng, 30));
            if (rng_below(rng, 40) == 0) memset(name, 'n', 280);
            json_object_set_new(object, name, random_value(rng, depth - 1));
        }
        return object;
    }
    }
}

static void add_value(const json_t *value, struct buf *out)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    struct jdoc_error error = {0};
    ck_assert_msg(parse(text, out, &error), "%s: %s", text, error.what);
    free(text);
}

static void expect_same(const struct buf *doc, const json_t *model)
{
    struct buf text = {0};
    struct arena arena = {0};
    ck_assert(jdoc_valid(buf_slice(doc), &arena));
    arena_fini(&arena);
    jdoc_print(doc->p, &plain, &text);
    json_t *back = json_loadb(text.p, text.len, JSON_DECODE_ANY, NULL);
    ck_assert_ptr_nonnull(back);
    ck_assert(json_equal(back, model));
    json_decref(back);
    buf_fini(&text);
}

/* A random container of both, at the same place. */
static json_t *pick(struct rng *rng, json_t *model, const struct buf *doc, uint32_t *at)
{
    *at = 0;
    while (rng_below(rng, 4) != 0) {
        json_t *next = NULL;
        jval v = doc->p + *at;
        struct slice name = {0};
        if (json_is_array(model) && json_array_size(model) > 0) {
            uint32_t i = (uint32_t)rng_below(rng, json_array_size(model));
            next = json_array_get(model, i);
            v = jval_element(v, i);
        } else if (json_is_object(model) && json_object_size(model) > 0) {
            struct jval_iter it = jval_each(v);
            for (uint64_t i = rng_below(rng, jval_count(v)) + 1; i > 0; i--)
                v = jval_next(&it, &name);
            char text[400];
            next = json_object_get(model, slice_cstr(name, text, sizeof text));
        }
        if (next == NULL || !(json_is_array(next) || json_is_object(next))) break;
        model = next;
        *at = (uint32_t)(v - doc->p);
    }
    return model;
}

static void change_object(struct rng *rng, json_t *model, struct buf *doc, uint32_t at)
{
    char name[16];
    struct buf value = {0};
    snprintf(name, sizeof name, "k%d", (int)rng_below(rng, 30));
    json_t *fresh = random_value(rng, 2);
    jval there = jval_member(doc->p + at, slice_of(name));
    ck_assert_int_eq(there != NULL, json_object_get(model, name) != NULL);
    add_value(fresh, &value);
    if (there == NULL) {
        jdoc_add_member(doc, at, slice_of(name), buf_slice(&value));
        json_object_set(model, name, fresh);
    } else if (rng_below(rng, 2) == 0) {
        jdoc_replace(doc, (uint32_t)(there - doc->p), buf_slice(&value));
        json_object_set(model, name, fresh);
    } else {
        uint32_t container = 0, place = 0;
        ck_assert(jdoc_parent(doc, (uint32_t)(there - doc->p), &container, &place));
        ck_assert_uint_eq(container, at);
        jdoc_remove(doc, container, place, 1);
        json_object_del(model, name);
    }
    json_decref(fresh);
    buf_fini(&value);
}

static void change_array(struct rng *rng, json_t *model, struct buf *doc, uint32_t at)
{
    struct buf values = {0};
    uint32_t n = (uint32_t)json_array_size(model), i = (uint32_t)rng_below(rng, n + 1);
    ck_assert_uint_eq(jval_count(doc->p + at), n);
    if (rng_below(rng, 2) == 0 || n == 0) {
        for (uint32_t k = 0; k < 2; k++) {
            json_t *fresh = random_value(rng, 2);
            add_value(fresh, &values);
            json_array_insert_new(model, i + k, fresh);
        }
        jdoc_insert(doc, at, i, buf_slice(&values), 2);
    } else {
        uint32_t count = i < n ? 1 + (uint32_t)rng_below(rng, n - i) : 0;
        jdoc_remove(doc, at, i, count);
        for (uint32_t k = 0; k < count; k++)
            json_array_remove(model, i);
    }
    buf_fini(&values);
}

START_TEST(random_changes_agree_with_jansson)
{
    struct rng rng;
    rng_init(&rng, 12);
    json_t *model = json_object();
    struct buf doc = {0};
    jdoc_add_empty(&doc, true);
    for (int step = 0; step < 100000; step++) {
        uint32_t at = 0;
        json_t *container = pick(&rng, model, &doc, &at);
        if (json_is_array(container))
            change_array(&rng, container, &doc, at);
        else
            change_object(&rng, container, &doc, at);
        if (doc.len > 20000) { /* begin again */
            json_object_clear(model);
            buf_clear(&doc);
            jdoc_add_empty(&doc, true);
        }
        if (step % 50 == 0) expect_same(&doc, model);
    }
    expect_same(&doc, model);
    json_decref(model);
    buf_fini(&doc);
}
END_TEST

static void drop_odd(void *data, uint32_t i, struct buf *value)
{
    (void)i;
    int64_t n = jval_i64(value->p);
    *(int64_t *)data += n;
    buf_clear(value);
    if (n % 2 == 0) jdoc_add_string(value, SLICE("even"));
}

START_TEST(many_changes_are_one_pass)
{
    struct buf doc = {0}, out = {0};
    struct jdoc_error error = {0};
    ck_assert(parse("{\"a\":[1,2,[3,4],5],\"b\":6,\"c\":{\"d\":7}}", &doc, &error));
    uint32_t at[7], n = 0;
    for (uint32_t i = 0; i < doc.len; i++) /* INT8 values are two bytes: a tag of 3, the number */
        if (doc.p[i] == 3 && i + 1 < doc.len && doc.p[i + 1] == (char)(n + 1)) at[n++] = i;
    ck_assert_uint_eq(n, 7);
    int64_t sum = 0;
    jdoc_change_all(&doc, at, n, drop_odd, &sum);
    jdoc_print(doc.p, &plain, &out);
    buf_add_char(&out, '\0');
    ck_assert_int_eq(sum, 28);
    ck_assert_str_eq(out.p, "{\"a\":[\"even\",[\"even\"]],\"b\":\"even\",\"c\":{}}");
    buf_fini(&doc);
    buf_fini(&out);
}
END_TEST

START_TEST(torn_or_damaged_bytes_are_no_document)
{
    struct buf doc = {0};
    struct jdoc_error error = {0};
    struct arena arena = {0};
    ck_assert(
        parse("{\"a\":[1,300,70000,5000000000,2.5,\"text\"],\"b\":{\"c\":null}}", &doc, &error));
    for (size_t cut = 0; cut < doc.len; cut++)
        ck_assert(!jdoc_valid(slice_make(doc.p, cut), &arena));
    uint32_t valid = 0;
    for (size_t i = 0; i < doc.len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            doc.p[i] ^= (char)(1 << bit);
            if (jdoc_valid(buf_slice(&doc), &arena)) { /* another document: it must print */
                struct buf text = {0};
                jdoc_print(doc.p, &plain, &text);
                buf_fini(&text);
                valid++;
            }
            doc.p[i] ^= (char)(1 << bit);
        }
    }
    ck_assert_uint_gt(valid, 0);
    arena_fini(&arena);
    buf_fini(&doc);
}
END_TEST

UNIT_SUITE("jdoc", text_comes_back_with_numbers_as_they_were_written,
           what_is_no_json_is_refused_where_it_stops, depth_is_limited,
           many_members_that_stand_twice_leave_the_last_of_each,
           doubles_are_printed_in_the_fewest_digits, random_changes_agree_with_jansson,
           many_changes_are_one_pass, torn_or_damaged_bytes_are_no_document)
