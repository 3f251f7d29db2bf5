#include "lifecycle_call.h"

#include <math.h>
#include <stdio.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/ids.h"
#include "services/kit/keys.h"
#include "services/kit/lifecycle_lua.h"
#include "services/kit/reply.h"
#include "services/kit/store.h"

enum { CALL_MS = 3000, LOAD_MS = 10000, LOADS_MAX = 3, REGION_TEXT = 33 };

struct lifecycle {
    struct store *store; /* borrowed: outlives us */
    size_t calls;        /* under way */
    bool freed;          /* by its owner; the last call takes the memory along */
    bool repairing;      /* our library is being loaded again, or the store refuses it */
};

/* One FCALL, kept whole until it is answered, because it may have to be sent again.
 *
 *    SENT --Function not found--> ASK --absent or older--> LOAD --> ASK ... --> SENT, once
 *
 * A bare install begins at ASK and ends where SENT would follow. */
enum call_at { CALL_SENT, CALL_ASK, CALL_LOAD };

struct call {
    struct lifecycle *l; /* borrowed: stays while calls are under way */
    life_cb cb;
    void *data;
    void **datas;     /* owned; of a call about several rides, each of which has its own answer */
    size_t rides;     /* how many */
    struct buf bytes; /* the arguments, one behind the other */
    size_t *lens;     /* owned */
    size_t n;
    size_t cap;
    char region[REGION_TEXT];
    enum call_at at;
    int loads;
    bool install_only;
};

static const char *const code_texts[LIFE_CODES_N] = {
#define CODE(name, text) [LIFE_##name] = text,
    LIFE_CODES(CODE)
#undef CODE
};

const char *life_code_text(enum life_code code)
{
    must((unsigned)code < LIFE_CODES_N);
    return code_texts[code];
}

static enum life_code code_of(struct slice text)
{
    for (unsigned i = 0; i < LIFE_CODES_N; i++) {
        if (slice_is(text, code_texts[i])) return (enum life_code)i;
    }
    return LIFE_BROKEN;
}

struct lifecycle *lifecycle_new(struct store *store)
{
    struct lifecycle *l = mem_new(struct lifecycle);
    l->store = store;
    return l;
}

static void free_when_idle(struct lifecycle *l)
{
    if (l->freed && l->calls == 0) mem_free(l);
}

void lifecycle_free(struct lifecycle *l)
{
    if (l == NULL) return;
    l->freed = true;
    free_when_idle(l);
}

/* ---- arguments ---- */

void call_arg(struct call *c, struct slice s)
{
    if (c->n == c->cap) {
        c->cap = c->cap == 0 ? 16 : c->cap * 2;
        c->lens = mem_realloc(c->lens, c->cap * sizeof *c->lens);
    }
    c->lens[c->n++] = s.len;
    buf_add_slice(&c->bytes, s);
}

void call_i64(struct call *c, int64_t n)
{
    char text[24];
    call_arg(c, slice_make(text, fmt_i64(text, n)));
}

void call_i64_or(struct call *c, int64_t n, int64_t none)
{
    if (n == none)
        call_arg(c, (struct slice){0});
    else
        call_i64(c, n);
}

void call_degrees(struct call *c, double degrees)
{
    char text[40];
    if (isnan(degrees)) {
        call_arg(c, (struct slice){0});
        return;
    }
    int n = snprintf(text, sizeof text, "%.7f", degrees);
    call_arg(c, slice_make(text, n > 0 && (size_t)n < sizeof text ? (size_t)n : 0));
}

void call_field(struct call *c, const char *name, struct slice value)
{
    call_arg(c, slice_of(name));
    call_arg(c, value);
}

void call_field_i64(struct call *c, const char *name, int64_t value)
{
    call_arg(c, slice_of(name));
    call_i64(c, value);
}

void call_field_degrees(struct call *c, const char *name, double value)
{
    call_arg(c, slice_of(name));
    call_degrees(c, value);
}

struct call *call_new(struct lifecycle *l, const char *name, struct slice region, life_cb cb,
                      void *data)
{
    struct call *c = mem_new(struct call);
    struct key_text key;

    if (!region_id_valid(region)) region = SLICE("none");
    c->l = l;
    c->cb = cb;
    c->data = data;
    (void)slice_cstr(region, c->region, sizeof c->region);
    l->calls++;
    call_arg(c, slice_of(name));
    call_arg(c, SLICE("1"));
    call_arg(c, key_make0(&key, KEY_RIDES_EVENTS, region));
    return c;
}

void call_ride(struct call *c, void *data)
{
    c->datas = mem_realloc(c->datas, (c->rides + 1) * sizeof *c->datas);
    c->datas[c->rides++] = data;
}

/* ---- the answer ---- */

/* Tells the i-th ride of a call its own part of the answer, or what befell the call. */
static void one_ride(struct call *c, const struct life_result *all, size_t i)
{
    struct life_result r = *all;
    if (r.code == LIFE_OK) {
        const redisReply *part = reply_at(reply_field(all->extras, "results"), i);
        r.code = code_of(reply_slice(reply_at(part, 0)));
        r.extras = reply_at(part, 2);
        if (r.code == LIFE_BROKEN) r.error = life_extra(&r, "error");
    }
    c->cb(c->datas[i], &r);
}

static void call_end(struct call *c, const struct life_result *r)
{
    struct lifecycle *l = c->l;
    for (size_t i = 0; i < c->rides; i++)
        one_ride(c, r, i);
    if (c->rides == 0 && c->cb != NULL) c->cb(c->data, r);
    buf_fini(&c->bytes);
    mem_free(c->datas);
    mem_free(c->lens);
    mem_free(c);
    l->calls--;
    free_when_idle(l);
}

static void call_fail(struct call *c, enum life_code code, struct slice words)
{
    struct life_result r = {.code = code, .error = words};
    call_end(c, &r);
}

/* Errors of a store that cannot serve just now, as opposed to those of a call that is wrong. */
static bool error_passes(const redisReply *reply)
{
    static const char *const words[] = {"LOADING",    "BUSY",     "READONLY",    "MASTERDOWN",
                                        "OOM",        "MISCONF",  "CLUSTERDOWN", "TRYAGAIN",
                                        "NOREPLICAS", "UNBLOCKED"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (reply_is_error_code(reply, words[i])) return true;
    }
    return false;
}

static void on_repaired(void *data, const struct life_result *r)
{
    struct lifecycle *l = data;
    l->repairing = r->code == LIFE_BROKEN; /* refused: asking at each call would be in vain */
}

/* Asking for the revision and loading are two steps: of two builds that both found the library
 * old, the older may load last. Each reply says which revision gave it, so whoever has a newer
 * one sees that at the next call, and brings it back. */
static void repair_if_older(struct lifecycle *l, struct slice region, int64_t revision)
{
    if (revision >= lifecycle_revision || l->repairing || l->freed) return;
    l->repairing = true;
    lifecycle_install(l, region, on_repaired, l);
}

static void call_answer(struct call *c, const redisReply *reply)
{
    struct life_result r = {.code = code_of(reply_slice(reply_at(reply, 0)))};

    r.extras = reply_at(reply, 2);
    r.has_ride = ride_parse(reply_at(reply, 1), &r.ride);
    r.now_ms = life_extra_i64(&r, "now_ms", 0);
    r.generation = life_extra_i64(&r, "generation", 0);
    if (r.code == LIFE_BROKEN)
        r.error = SLICE("a reply of an unknown form");
    else
        repair_if_older(c->l, slice_of(c->region), life_extra_i64(&r, "revision", 0));
    call_end(c, &r);
}

static void call_ask(struct call *c);
static void call_load(struct call *c);

static bool is_missing(const redisReply *reply)
{
    return reply_is_error(reply) &&
           slice_starts(reply_slice(reply), SLICE("ERR Function not found"));
}

/* The one place that moves a call on. */
static void on_reply(void *data, enum store_status status, const redisReply *reply)
{
    struct call *c = data;
    bool missing = status == STORE_ERROR && is_missing(reply);

    if (status != STORE_OK && status != STORE_ERROR) {
        call_fail(c, LIFE_UNAVAILABLE, slice_of(store_status_text(status)));
        return;
    }
    if (status == STORE_ERROR && !missing) {
        call_fail(c, error_passes(reply) ? LIFE_UNAVAILABLE : LIFE_BROKEN, reply_slice(reply));
        return;
    }
    switch (c->at) {
    case CALL_SENT:
        if (missing && c->loads == 0)
            call_ask(c);
        else if (missing)
            call_fail(c, LIFE_BROKEN, reply_slice(reply));
        else
            call_answer(c, reply);
        break;
    case CALL_ASK: {
        struct slice text = reply_field_slice(reply_at(reply, 2), "revision");
        int64_t revision = 0;
        if (!missing) (void)slice_i64(text, &revision);
        if (revision < lifecycle_revision && c->loads < LOADS_MAX) {
            call_load(c);
        } else if (revision < lifecycle_revision) {
            call_fail(c, LIFE_BROKEN, SLICE("the library does not stay loaded"));
        } else if (c->install_only) {
            call_answer(c, reply);
        } else {
            c->loads++;
            call_send(c);
        }
        break;
    }
    case CALL_LOAD:
        call_ask(c);
        break;
    }
}

void call_send(struct call *c)
{
    struct store_cmd *cmd = store_cmd(c->l->store, "FCALL");
    size_t at = 0;
    for (size_t i = 0; i < c->n; i++) {
        store_arg(cmd, slice_make(c->bytes.p + at, c->lens[i]));
        at += c->lens[i];
    }
    c->at = CALL_SENT;
    store_send(c->l->store, cmd, CALL_MS, on_reply, c);
}

static void call_ask(struct call *c)
{
    struct key_text key;
    struct slice events = key_make0(&key, KEY_RIDES_EVENTS, slice_of(c->region));
    c->at = CALL_ASK;
    STORE_CALL(c->l->store, CALL_MS, on_reply, c, SLICE("FCALL"), SLICE("revision_v1"), SLICE("1"),
               events);
}

/* A newer library that arrives between the question and this is brought back by its owner: see
 * repair_if_older. */
static void call_load(struct call *c)
{
    c->at = CALL_LOAD;
    c->loads++;
    STORE_CALL(c->l->store, LOAD_MS, on_reply, c, SLICE("FUNCTION"), SLICE("LOAD"),
               SLICE("REPLACE"), slice_make(lifecycle_lua, lifecycle_lua_len));
}

void lifecycle_install(struct lifecycle *l, struct slice region, life_cb cb, void *data)
{
    struct call *c = call_new(l, "revision_v1", region, cb, data);
    c->install_only = true;
    call_ask(c);
}

struct slice life_extra(const struct life_result *r, const char *name)
{
    return reply_field_slice(r->extras, name);
}

int64_t life_extra_i64(const struct life_result *r, const char *name, int64_t fallback)
{
    return reply_i64(reply_field(r->extras, name), fallback);
}

size_t life_list_len(const struct life_result *r, const char *name)
{
    return reply_count(reply_field(r->extras, name));
}

bool life_list(const struct life_result *r, const char *name, size_t i, struct slice *out)
{
    const redisReply *list = reply_field(r->extras, name);
    if (i >= reply_count(list)) return false;
    *out = reply_slice(reply_at(list, i));
    return true;
}

bool life_extra_ride(const struct life_result *r, const char *name, struct ride *out)
{
    return ride_parse(reply_field(r->extras, name), out);
}

bool life_list_ride(const struct life_result *r, const char *name, size_t i, struct ride *out)
{
    return ride_parse(reply_at(reply_field(r->extras, name), i), out);
}
