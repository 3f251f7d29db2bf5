#include "services/kit/store_url.h"

#include "tests/lib/unit.h"

static struct store_url u;
static struct buf why;

static bool parse(const char *text)
{
    buf_clear(&why);
    return store_url_parse(slice_of(text), &u, &why);
}

START_TEST(urls_are_read)
{
    ck_assert(parse("unix:///run/hansom/store.sock"));
    ck_assert_str_eq(u.path, "/run/hansom/store.sock");
    ck_assert(parse("redis://127.0.0.1:6379"));
    ck_assert_str_eq(u.path, "");
    ck_assert_str_eq(u.host, "127.0.0.1");
    ck_assert_int_eq(u.port, 6379);
    ck_assert(parse("redis://store.example/"));
    ck_assert_int_eq(u.port, STORE_PORT);
    ck_assert(parse("redis://[::1]:7000"));
    ck_assert_str_eq(u.host, "::1");
    ck_assert_int_eq(u.port, 7000);
    ck_assert(parse("redis://me:p%40ss:w%2Frd@h:1"));
    ck_assert_str_eq(u.user, "me");
    ck_assert_str_eq(u.password, "p@ss:w/rd");
    ck_assert(parse("redis://:only@h:1"));
    ck_assert_str_eq(u.user, "");
    ck_assert_str_eq(u.password, "only");
}
END_TEST

START_TEST(other_texts_are_refused_with_a_reason)
{
    static const char *const bad[] = {"",
                                      "redis:/",
                                      "redis://",
                                      "redis://:1",
                                      "redis://h:0",
                                      "redis://h:65536",
                                      "redis://h:x",
                                      "redis://h:",
                                      "redis://user@h:1",
                                      "redis://a:%4@h:1",
                                      "redis://a:%00@h:1",
                                      "redis://[::1",
                                      "redis://[::1]x",
                                      "redis://h/1",
                                      "redis://h1,h2",
                                      "rediss://h:1",
                                      "http://h",
                                      "unix://",
                                      "unix://relative",
                                      "h:1",
                                      "redis://a b:1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        u = (struct store_url){.port = 77};
        ck_assert_msg(!parse(bad[i]), "%s", bad[i]);
        ck_assert_uint_gt(why.len, 0);
        ck_assert_int_eq(u.port, 77);
    }
    char long_path[STORE_PATH_MAX + 8] = "unix:///";
    memset(long_path + 8, 'x', sizeof long_path - 9);
    ck_assert(!parse(long_path));
    ck_assert(!parse("redis+sentinel://a:1,b:2/name"));
    ck_assert_ptr_nonnull(memmem(why.p, why.len, "not supported", 13));
    ck_assert(!parse("redis+cluster://a:1"));
}
END_TEST

START_TEST(what_is_shown_has_no_login)
{
    struct buf out = {0};
    ck_assert(parse("redis://me:secret@h:1"));
    store_url_show(&u, &out);
    ck_assert(slice_is(buf_slice(&out), "redis://h:1"));
    buf_clear(&out);
    ck_assert(parse("redis://[::1]:1"));
    store_url_show(&u, &out);
    ck_assert(slice_is(buf_slice(&out), "redis://[::1]:1"));
    ck_assert(!parse("redis://me:secret@h:99999"));
    ck_assert_ptr_null(memmem(why.p, why.len, "secret", 6));
    buf_fini(&out);
}
END_TEST

UNIT_SUITE("store_url", urls_are_read, other_texts_are_refused_with_a_reason,
           what_is_shown_has_no_login)
