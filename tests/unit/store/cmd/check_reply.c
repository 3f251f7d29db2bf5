/* What replies look like whose length is known at their end only. */
#include "store/cmd/reply.h"

#include "tests/lib/unit.h"

static struct buf out;

static void is(const char *text)
{
    ck_assert_msg(slice_is(buf_slice(&out), text), "%.*s", (int)out.len, out.p);
    buf_fini(&out);
}

START_TEST(what_was_added_behind_a_place_becomes_a_bulk_string)
{
    struct reply r = {.out = &out, .resp = 2};
    reply_int(&r, 1);
    size_t place = reply_later(&r);
    buf_add_cstr(&out, "twelve bytes");
    reply_later_bulk(&r, place);
    reply_later_bulk(&r, reply_later(&r));
    is(":1\r\n$12\r\ntwelve bytes\r\n$0\r\n\r\n");
}
END_TEST

START_TEST(it_is_left_out_when_the_reply_was_full_before)
{
    struct reply r = {.out = &out, .resp = 2, .max = 5};
    reply_int(&r, 1);
    size_t place = reply_later(&r);
    buf_add_cstr(&out, "that is told");
    reply_later_bulk(&r, place);
    place = reply_later(&r);
    buf_add_cstr(&out, "that is not");
    reply_later_bulk(&r, place);
    is(":1\r\n$12\r\nthat is told\r\n");
}
END_TEST

UNIT_SUITE("reply", what_was_added_behind_a_place_becomes_a_bulk_string,
           it_is_left_out_when_the_reply_was_full_before)
