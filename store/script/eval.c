/* eval: scripts named by their SHA-1: EVAL, EVALSHA, SCRIPT. */
#include "host.h"

#include "base/mem.h"
#include "base/must.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>

static void sha_hex(struct slice text, char out[static 41])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[20];
    must(EVP_Digest(text.p == NULL ? "" : text.p, text.len, digest, NULL, EVP_sha1(), NULL) == 1);
    for (size_t i = 0; i < sizeof digest; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[40] = '\0';
}

bool flags_add(struct slice word, uint32_t *flags)
{
    static const char *const names[] = {"no-writes", "allow-oom", "allow-stale", "no-cluster",
                                        "allow-cross-slot-keys"};
    for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!slice_is(word, names[i])) continue;
        *flags |= 1U << i;
        return true;
    }
    return false;
}

static struct slice take_word(struct slice *s, char sep)
{
    struct slice word = {0};
    (void)slice_cut(s, sep, &word);
    return word;
}

static bool read_flags(struct cmd *c, struct slice list, uint32_t *flags)
{
    while (list.len > 0) {
        struct slice flag = take_word(&list, ',');
        if (flags_add(flag, flags)) continue;
        reply_errorf(c->reply, "ERR Unexpected flag in script shebang: %.*s", (int)flag.len,
                     flag.p);
        return false;
    }
    return true;
}

/* Reads "#!lua flags=a,b" off the front of body; *body then begins with its line end, so that
 * line numbers stay. False when it has replied. */
static bool read_shebang(struct cmd *c, struct slice *body, uint32_t *flags)
{
    *flags = FLAG_COMPAT;
    if (!slice_starts(*body, SLICE("#!"))) return true;
    *flags = 0;
    size_t end = slice_find(*body, '\n');
    if (end == body->len) {
        reply_error(c->reply, "ERR Invalid script shebang");
        return false;
    }
    struct slice line = {body->p, end};
    *body = slice_from(*body, end);
    struct slice engine = take_word(&line, ' ');
    if (!slice_is(engine, "#!lua")) {
        reply_errorf(c->reply, "ERR Unexpected engine in script shebang: %.*s", (int)engine.len,
                     engine.p);
        return false;
    }
    while (line.len > 0) {
        struct slice option = take_word(&line, ' ');
        if (option.len == 0) continue;
        if (!slice_starts(option, SLICE("flags="))) {
            reply_errorf(c->reply, "ERR Unknown lua shebang option: %.*s", (int)option.len,
                         option.p);
            return false;
        }
        if (!read_flags(c, slice_from(option, 6), flags)) return false;
    }
    return true;
}

static void cached_free(struct host *h, struct cached *one)
{
    (void)map_take(&h->cached, slice_of(one->sha));
    luaL_unref(h->eval.lua, LUA_REGISTRYINDEX, one->ref);
    list_del(&one->order);
    mem_free(one);
}

/* Compiles body and caches it under its SHA-1; NULL when it has replied. */
static struct cached *compile(struct cmd *c, struct slice body, const char sha[static 41])
{
    struct host *h = host_of(c);
    uint32_t flags = 0;
    if (!read_shebang(c, &body, &flags)) return NULL;
    box_open(&h->eval);
    lua_State *lua = h->eval.lua;
    int failed = 1;
    if (body.len > 0 && body.p[0] == LUA_SIGNATURE[0])
        lua_pushliteral(lua, "bytecode is not accepted");
    else
        failed = luaL_loadbuffer(lua, body.p == NULL ? "" : body.p, body.len, "@user_script");
    if (failed != 0) {
        reply_errorf(c->reply, "ERR Error compiling script (new function): %s",
                     lua_tostring(lua, -1));
        lua_pop(lua, 1);
        return NULL;
    }
    if (h->cached.count >= SCRIPT_CACHE_MAX)
        cached_free(h, list_entry(h->order.next, struct cached, order));
    struct cached *one = mem_new(struct cached);
    memcpy(one->sha, sha, sizeof one->sha);
    one->flags = flags;
    one->ref = luaL_ref(lua, LUA_REGISTRYINDEX);
    list_add(&h->order, &one->order);
    (void)map_put(&h->cached, slice_of(one->sha), one);
    return one;
}

/* EVAL script numkeys key ... arg ...; EVALSHA the same with a SHA-1 */
void eval_run(struct cmd *c, bool by_sha, bool readonly)
{
    struct host *h = host_of(c);
    struct call call = {.ro_command = readonly};
    char sha[41] = "";
    cmd_no_effect(c);
    if (by_sha && c->argv[1].len != 40) {
        reply_error(c->reply, "NOSCRIPT No matching script. Please use EVAL.");
        return;
    }
    if (!run_parse(c, "ERR value is not an integer or out of range", &call)) return;
    const struct cached *one = NULL;
    if (by_sha) { /* nearly all write it in lower case, as it was told */
        one = map_find(&h->cached, c->argv[1]);
        for (size_t i = 0; i < 40 && one == NULL; i++)
            sha[i] = (char)tolower((unsigned char)c->argv[1].p[i]);
    } else {
        sha_hex(c->argv[1], sha);
    }
    if (one == NULL) one = map_find(&h->cached, slice_of(sha));
    if (one == NULL && by_sha) {
        reply_error(c->reply, "NOSCRIPT No matching script. Please use EVAL.");
        return;
    }
    if (one == NULL) one = compile(c, c->argv[1], sha);
    if (one == NULL) return;
    memcpy(sha, one->sha, sizeof sha); /* the script may flush the cache, itself included */
    call.name = slice_of(sha);
    call.ref = one->ref;
    call.flags = one->flags;
    run_call(c, &h->eval, &call);
}

/* SCRIPT LOAD script */
void eval_load(struct cmd *c)
{
    char sha[41];
    sha_hex(c->argv[2], sha);
    if (map_find(&host_of(c)->cached, slice_of(sha)) == NULL && compile(c, c->argv[2], sha) == NULL)
        return;
    reply_cstr(c->reply, sha);
}

/* SCRIPT EXISTS sha ... */
void eval_exists(struct cmd *c)
{
    reply_array(c->reply, c->argc - 2);
    for (uint32_t i = 2; i < c->argc; i++)
        reply_int(c->reply, map_find(&host_of(c)->cached, c->argv[i]) != NULL);
}

void eval_fini(struct host *h)
{
    while (!list_empty(&h->order))
        cached_free(h, list_entry(h->order.next, struct cached, order));
    map_fini(&h->cached);
}

/* SCRIPT FLUSH [ASYNC|SYNC] */
void eval_flush(struct cmd *c)
{
    struct host *h = host_of(c);
    bool known =
        c->argc == 2 ||
        (c->argc == 3 && (slice_word(c->argv[2], "SYNC") || slice_word(c->argv[2], "ASYNC")));
    if (!known) {
        reply_error(c->reply, "ERR SCRIPT FLUSH only support SYNC|ASYNC option");
        return;
    }
    eval_fini(h);
    box_close(&h->eval);
    reply_ok(c->reply);
}
