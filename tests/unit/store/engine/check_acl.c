#include "base/rng.h"
#include "store/engine/acl.h"
#include "tests/lib/unit.h"

/* A small table: plain commands, one container with two subcommands, one free for all. */
enum { GET, SET, SELECT, CONFIG, CONFIG_GET, CONFIG_SET, PUBLISH, SUBSCRIBE, COMMANDS };

static struct acl_command all[COMMANDS];
static const struct acl_commands table = {.all = all, .count = COMMANDS};

static uint32_t cat(const char *name)
{
    return acl_category_find(slice_of(name));
}

static void start(struct acl *a)
{
    static const char *const names[COMMANDS] = {"get",        "set",        "select",  "config",
                                                "config|get", "config|set", "publish", "subscribe"};
    for (uint32_t i = 0; i < COMMANDS; i++)
        all[i] = (struct acl_command){.name = names[i], .categories = cat("slow"), .parent = -1};
    all[GET].categories = cat("read") | cat("fast");
    all[SET].categories = cat("write") | cat("slow");
    all[CONFIG].has_subs = true;
    all[CONFIG_GET].parent = CONFIG;
    all[CONFIG_SET].parent = CONFIG;
    all[CONFIG_GET].categories = all[CONFIG_SET].categories = cat("slow") | cat("admin");
    acl_init(a);
    acl_set_commands(a, &table);
}

static void rules(const struct acl *a, struct acl_user *u, const char *line)
{
    struct slice rest = slice_of(line), word = {0};
    while (slice_cut(&rest, ' ', &word))
        ck_assert_int_eq(acl_user_set(a, u, word), ACL_OK);
    acl_verify(a);
}

static enum acl_verdict ask_key(const struct acl_user *u, uint32_t command, const char *key,
                                uint8_t access)
{
    struct slice argv[] = {SLICE("x"), slice_of(key)};
    struct acl_key k = {.key = argv[1], .at = 1, .access = access};
    struct acl_request q = {.command = command, .argv = argv, .argc = 2, .first_arg = 1};
    uint32_t at = 0;
    if (access != 0) {
        q.keys = &k;
        q.key_count = 1;
    }
    return acl_check(u, &q, &at);
}

static enum acl_verdict ask_channel(const struct acl_user *u, const char *name, bool pattern)
{
    struct slice argv[] = {SLICE("x"), slice_of(name)};
    struct acl_request q = {.command = PUBLISH,
                            .argv = argv,
                            .argc = 2,
                            .first_arg = 1,
                            .channels_at = 1,
                            .channel_count = 1,
                            .channel_patterns = pattern};
    uint32_t at = 0;
    return acl_check(u, &q, &at);
}

static void told(const struct acl *a, const struct acl_user *u, const char *want)
{
    struct buf text = {0};
    acl_user_describe(a, u, &text);
    buf_add_char(&text, '\0');
    ck_assert_str_eq(text.p, want);
    buf_fini(&text);
}

START_TEST(the_default_user_may_do_all_and_a_new_one_nothing)
{
    struct acl a;
    start(&a);
    ck_assert(a.def->all && acl_is_open(&a));
    ck_assert_int_eq(ask_key(a.def, SET, "k", ACL_BOTH), ACL_ALLOWED);
    struct acl_user *u = acl_add(&a, SLICE("u"));
    ck_assert(!u->all && !acl_password_ok(u, SLICE("")));
    ck_assert_int_eq(ask_key(u, GET, "k", 0), ACL_DENIED_COMMAND);
    told(&a, u, "off resetchannels -@all");
    rules(&a, u, "+@all ~* &*");
    ck_assert(u->all);
    rules(&a, u, "-get");
    ck_assert(!u->all);
    acl_fini(&a);
}
END_TEST

START_TEST(passwords_are_kept_as_hashes_only)
{
    static const char hash[] = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
    struct acl a;
    start(&a);
    struct acl_user *u = acl_add(&a, SLICE("u"));
    rules(&a, u, "on >secret >secret");
    ck_assert_uint_eq(u->password_count, 1);
    ck_assert(slice_is(slice_make(u->passwords[0], ACL_HASH_LEN), hash));
    ck_assert(acl_password_ok(u, SLICE("secret")));
    ck_assert(!acl_password_ok(u, SLICE("Secret")));
    ck_assert(!acl_password_ok(u, SLICE("")));
    rules(&a, u, "off");
    ck_assert(!acl_password_ok(u, SLICE("secret")));
    ck_assert_int_eq(acl_user_set(&a, u, SLICE("<other")), ACL_NO_PASSWORD);
    ck_assert_int_eq(acl_user_set(&a, u, SLICE("#2BB8")), ACL_BAD_HASH);
    rules(&a, u, "<secret on");
    ck_assert(!acl_password_ok(u, SLICE("secret")));
    rules(&a, u, "nopass");
    ck_assert(acl_password_ok(u, SLICE("anything")));
    rules(&a, u, ">x");
    ck_assert(!acl_password_ok(u, SLICE("anything")));
    acl_fini(&a);
}
END_TEST

START_TEST(containers_categories_and_first_arguments_work_on_the_bitmap)
{
    struct acl a;
    start(&a);
    struct acl_user *u = acl_add(&a, SLICE("u"));
    rules(&a, u, "+config -config|set");
    ck_assert_int_eq(ask_key(u, CONFIG_GET, "k", 0), ACL_ALLOWED);
    ck_assert_int_eq(ask_key(u, CONFIG_SET, "k", 0), ACL_DENIED_COMMAND);
    rules(&a, u, "nocommands +select|1");
    ck_assert_int_eq(ask_key(u, SELECT, "1", 0), ACL_ALLOWED);
    ck_assert_int_eq(ask_key(u, SELECT, "2", 0), ACL_DENIED_COMMAND);
    told(&a, u, "off resetchannels -@all +select|1");
    rules(&a, u, "-select");
    ck_assert_int_eq(ask_key(u, SELECT, "1", 0), ACL_DENIED_COMMAND);
    rules(&a, u, "+@all -@admin -set");
    ck_assert_int_eq(ask_key(u, CONFIG_GET, "1", 0), ACL_DENIED_COMMAND);
    told(&a, u, "off resetchannels +@all -@admin -@write");
    ck_assert_int_eq(acl_user_set(&a, u, SLICE("+nope")), ACL_UNKNOWN);
    ck_assert_int_eq(acl_user_set(&a, u, SLICE("-@nope")), ACL_UNKNOWN);
    ck_assert_int_eq(acl_user_set(&a, u, SLICE("+config|get|x")), ACL_SUB_FIRST_ARG);
    ck_assert_int_eq(acl_user_set(&a, u, SLICE("+select|")), ACL_SYNTAX);
    ck_assert_int_eq(acl_user_set(&a, u, SLICE("select")), ACL_SYNTAX);
    acl_fini(&a);
}
END_TEST

START_TEST(key_patterns_say_who_reads_and_who_writes)
{
    struct acl a;
    start(&a);
    struct acl_user *u = acl_add(&a, SLICE("u"));
    rules(&a, u, "+@all %R~r* %W~w* ~b* %R~x %W~x");
    ck_assert_int_eq(ask_key(u, GET, "r1", ACL_READ), ACL_ALLOWED);
    ck_assert_int_eq(ask_key(u, GET, "r1", ACL_WRITE), ACL_DENIED_KEY);
    ck_assert_int_eq(ask_key(u, GET, "w1", ACL_READ), ACL_DENIED_KEY);
    ck_assert_int_eq(ask_key(u, GET, "w1", ACL_WRITE), ACL_ALLOWED);
    ck_assert_int_eq(ask_key(u, GET, "b1", ACL_BOTH), ACL_ALLOWED);
    ck_assert_int_eq(ask_key(u, GET, "x", ACL_BOTH), ACL_ALLOWED);
    ck_assert_int_eq(ask_key(u, GET, "z", ACL_READ), ACL_DENIED_KEY);
    ck_assert_int_eq(acl_user_set(&a, u, SLICE("%")), ACL_SYNTAX);
    ck_assert_int_eq(acl_user_set(&a, u, SLICE("%~a")), ACL_SYNTAX);
    ck_assert_int_eq(acl_user_set(&a, u, SLICE("%RR~a")), ACL_SYNTAX);
    ck_assert_int_eq(acl_user_set(&a, u, SLICE("~a b")), ACL_SYNTAX);
    rules(&a, u, "allkeys");
    ck_assert_int_eq(acl_user_set(&a, u, SLICE("~a")), ACL_AFTER_ALL_KEYS);
    acl_fini(&a);
}
END_TEST

START_TEST(channels_match_and_patterns_must_be_the_users_own)
{
    struct acl a;
    start(&a);
    struct acl_user *u = acl_add(&a, SLICE("u"));
    rules(&a, u, "+@all ~* &news.* &chat");
    ck_assert_int_eq(ask_channel(u, "news.1", false), ACL_ALLOWED);
    ck_assert_int_eq(ask_channel(u, "chat", false), ACL_ALLOWED);
    ck_assert_int_eq(ask_channel(u, "other", false), ACL_DENIED_CHANNEL);
    ck_assert_int_eq(ask_channel(u, "news.*", true), ACL_ALLOWED);
    ck_assert_int_eq(ask_channel(u, "news.1", true), ACL_DENIED_CHANNEL);
    ck_assert(acl_channel_ok(u, SLICE("chat"), true));
    acl_fini(&a);
}
END_TEST

START_TEST(one_selector_must_allow_all_of_a_command)
{
    struct acl a;
    start(&a);
    struct acl_user *u = acl_add(&a, SLICE("u"));
    struct slice parts[] = {SLICE("on"), SLICE("(+get"), SLICE("~a*)"), SLICE("(+set ~b*)")};
    struct slice *merged = NULL;
    uint32_t n = 0, bad = 0;
    ck_assert(acl_rules_merge(parts, 4, &merged, &n, &bad));
    ck_assert_uint_eq(n, 3);
    for (uint32_t i = 0; i < n; i++)
        ck_assert_int_eq(acl_user_set(&a, u, merged[i]), ACL_OK);
    acl_rules_free(merged, n);
    ck_assert_int_eq(ask_key(u, GET, "a", ACL_READ), ACL_ALLOWED);
    ck_assert_int_eq(ask_key(u, GET, "b", ACL_READ), ACL_DENIED_KEY);
    ck_assert_int_eq(ask_key(u, SET, "b", ACL_WRITE), ACL_ALLOWED);
    ck_assert_int_eq(ask_key(u, SELECT, "b", 0), ACL_DENIED_COMMAND);
    told(&a, u,
         "on resetchannels -@all (~a* resetchannels -@all +@read) "
         "(~b* resetchannels -@all +@write)");
    ck_assert(!acl_rules_merge(parts, 2, &merged, &n, &bad));
    ck_assert_uint_eq(bad, 1);
    rules(&a, u, "clearselectors");
    ck_assert_int_eq(ask_key(u, GET, "a", ACL_READ), ACL_DENIED_COMMAND);
    acl_fini(&a);
}
END_TEST

START_TEST(a_failed_rule_and_a_copy_leave_the_user_as_it_was)
{
    struct acl a;
    start(&a);
    struct acl_user *u = acl_add(&a, SLICE("u"));
    rules(&a, u, "on >pw ~a +get &c +select|1");
    static const char line[] =
        "on #30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4 ~a resetchannels &c "
        "-@all +@read +select|1";
    told(&a, u, line);
    ck_assert_int_eq(acl_user_set(&a, u, SLICE("(+set ~b +nope)")), ACL_UNKNOWN);
    told(&a, u, line);
    struct acl_user *copy = acl_user_new(SLICE("copy"));
    acl_user_copy(copy, u);
    rules(&a, u, "reset");
    told(&a, copy, line);
    told(&a, u, "off sanitize-payload resetchannels -@all");
    acl_user_free(copy);
    acl_fini(&a);
}
END_TEST

/* Goal: what a user is told to be makes the same user again.
 * Method: 20,000 random rules; now and then the description is applied to a new user, who must
 * then have the same bits, patterns and words. */
START_TEST(a_description_rebuilds_the_user)
{
    static const char *const words[] = {"+get",
                                        "-get",
                                        "+set",
                                        "-set",
                                        "+config",
                                        "-config|get",
                                        "+config|set",
                                        "+@read",
                                        "-@slow",
                                        "+@slow",
                                        "-@admin",
                                        "+@fast",
                                        "-@write",
                                        "+select|1",
                                        "-select",
                                        "+@all",
                                        "-@all",
                                        "~a*",
                                        "%R~b",
                                        "%W~b",
                                        "resetkeys",
                                        "~*",
                                        "&x",
                                        "&*",
                                        ">p",
                                        "nopass",
                                        "resetpass",
                                        "resetchannels",
                                        "(+get ~a)",
                                        "reset",
                                        "on",
                                        "off",
                                        "%RW~c",
                                        "+select|2",
                                        "clearselectors",
                                        "+publish",
                                        "&y",
                                        "(+@all ~* &*)"};
    struct acl a;
    struct rng rng;
    start(&a);
    rng_init(&rng, 7);
    struct acl_user *u = acl_add(&a, SLICE("u"));
    for (int step = 0; step < 20000; step++) {
        size_t n = sizeof words / sizeof words[0];
        (void)acl_user_set(&a, u, slice_of(words[rng_below(&rng, n)]));
        if (u->selector_count > 4) rules(&a, u, "clearselectors");
        acl_verify(&a);
        if (step % 20 != 0) continue;
        struct buf first = {0}, second = {0};
        acl_user_describe(&a, u, &first);
        struct acl_user *twin = acl_user_new(SLICE("twin"));
        struct slice rest = buf_slice(&first), word = {0}, parts[256], *merged = NULL;
        uint32_t count = 0, merged_count = 0, bad = 0;
        while (slice_cut(&rest, ' ', &word))
            parts[count++] = word;
        ck_assert(acl_rules_merge(parts, count, &merged, &merged_count, &bad));
        for (uint32_t i = 0; i < merged_count; i++)
            ck_assert_int_eq(acl_user_set(&a, twin, merged[i]), ACL_OK);
        acl_rules_free(merged, merged_count);
        acl_user_describe(&a, twin, &second);
        ck_assert(slice_eq(buf_slice(&first), buf_slice(&second)));
        ck_assert_uint_eq(u->selector_count, twin->selector_count);
        for (uint32_t i = 0; i < u->selector_count; i++)
            for (uint32_t c = 0; c < COMMANDS; c++)
                ck_assert_uint_eq(u->selectors[i].allowed[0] >> c & 1,
                                  twin->selectors[i].allowed[0] >> c & 1);
        acl_user_free(twin);
        buf_fini(&first);
        buf_fini(&second);
    }
    acl_fini(&a);
}
END_TEST

START_TEST(a_replaced_table_keeps_the_default_user_in_place)
{
    struct acl a, b;
    start(&a);
    start(&b);
    struct acl_user *def = a.def;
    (void)acl_add(&a, SLICE("old"));
    (void)acl_add(&b, SLICE("zoe"));
    (void)acl_add(&b, SLICE("anna"));
    rules(&b, b.def, ">pw");
    acl_replace(&a, &b);
    acl_verify(&a);
    ck_assert_ptr_eq(a.def, def);
    ck_assert(!acl_is_open(&a));
    ck_assert_uint_eq(a.count, 3);
    ck_assert_ptr_null(acl_find(&a, SLICE("old")));
    acl_del(&a, acl_find(&a, SLICE("anna")));
    ck_assert_ptr_nonnull(acl_find(&a, SLICE("zoe")));
    acl_verify(&a);
    acl_fini(&a);
}
END_TEST

UNIT_SUITE("acl", the_default_user_may_do_all_and_a_new_one_nothing,
           passwords_are_kept_as_hashes_only,
           containers_categories_and_first_arguments_work_on_the_bitmap,
           key_patterns_say_who_reads_and_who_writes,
           channels_match_and_patterns_must_be_the_users_own,
           one_selector_must_allow_all_of_a_command,
           a_failed_rule_and_a_copy_leave_the_user_as_it_was, a_description_rebuilds_the_user,
           a_replaced_table_keeps_the_default_user_in_place)
