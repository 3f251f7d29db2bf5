#include "reach.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <sys/time.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cli/copy.h"
#include "services/kit/keys.h"
#include "services/kit/reply.h"
#include "services/kit/store_url.h"

enum { ANSWER_S = 30 };

static bool find_url(const char *me, const char *dir, const char *store, struct store_url *url)
{
    char path[PATH_MAX];
    struct buf why = {0};
    json_t *state = NULL;
    const char *text = store;
    if (text[0] == '\0') {
        snprintf(path, sizeof path, "%s/state.json", dir);
        state = json_load_file(path, 0, NULL);
        text = json_string_value(json_object_get(state, "store"));
        if (text == NULL)
            return copy_fails(me, "nothing runs in %s (no state.json there): give --store", dir);
    }
    bool good = store_url_parse(slice_of(text), url, &why);
    if (!good) copy_fails(me, "%.*s", (int)why.len, why.p);
    buf_fini(&why);
    json_decref(state);
    return good;
}

static bool log_in(const char *me, redisContext *c, const struct store_url *url)
{
    if (url->password[0] == '\0') return true;
    redisReply *r = url->user[0] == '\0' ? redisCommand(c, "AUTH %s", url->password)
                                         : redisCommand(c, "AUTH %s %s", url->user, url->password);
    bool good = r != NULL && r->type != REDIS_REPLY_ERROR;
    if (!good) copy_fails(me, "%s", r == NULL ? c->errstr : r->str);
    freeReplyObject(r);
    return good;
}

redisContext *reach_store(const char *me, const char *dir, const char *store, const char *password)
{
    struct timeval patience = {.tv_sec = ANSWER_S};
    struct store_url url;
    if (!find_url(me, dir, store, &url)) return NULL;
    if (password[0] != '\0') snprintf(url.password, sizeof url.password, "%s", password);
    redisContext *c = url.path[0] != '\0' ? redisConnectUnixWithTimeout(url.path, patience)
                                          : redisConnectWithTimeout(url.host, url.port, patience);
    bool good = c != NULL && c->err == 0;
    if (!good) {
        struct buf where = {0};
        store_url_show(&url, &where);
        copy_fails(me, "%.*s: %s", (int)where.len, where.p, c == NULL ? "no memory" : c->errstr);
        buf_fini(&where);
    }
    if (good) good = redisSetTimeout(c, patience) == REDIS_OK && log_in(me, c, &url);
    if (good) return c;
    if (c != NULL) redisFree(c);
    return NULL;
}

redisReply *reach_call(const char *me, redisContext *c, const char *function, const char *region,
                       const struct slice *args, size_t n)
{
    struct key_text key;
    char name[64];
    snprintf(name, sizeof name, "%s_v1", function);
    struct slice events = key_make0(&key, KEY_RIDES_EVENTS, slice_of(region));
    const char **argv = mem_alloc((n + 4) * sizeof *argv);
    size_t *lens = mem_alloc((n + 4) * sizeof *lens);
    const struct slice head[] = {SLICE("FCALL"), slice_of(name), SLICE("1"), events};
    for (size_t i = 0; i < n + 4; i++) {
        struct slice one = i < 4 ? head[i] : args[i - 4];
        argv[i] = one.p == NULL ? "" : (const char *)one.p;
        lens[i] = one.len;
    }
    redisReply *r = redisCommandArgv(c, (int)n + 4, argv, lens);
    mem_free(argv);
    mem_free(lens);
    if (r != NULL && r->type == REDIS_REPLY_ARRAY) return r;
    if (r == NULL)
        copy_fails(me, "%s", c->errstr);
    else if (reply_is_error(r) && strstr(r->str, "Function not found") != NULL)
        copy_fails(me, "no dispatcher of this version has run at this store");
    else
        copy_fails(me, "%s: %s", function, reply_is_error(r) ? r->str : "an unknown reply");
    freeReplyObject(r);
    return NULL;
}

struct slice reach_code(const redisReply *reply)
{
    return reply_slice(reply_at(reply, 0));
}

const redisReply *reach_extra(const redisReply *reply, const char *name)
{
    return reply_field(reply_at(reply, 2), name);
}
