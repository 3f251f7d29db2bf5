#include "tests/world/bugs.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/ride.h"
#include "services/ws-gateway/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A line of the library and what it becomes. The line must be there, exactly once. */
struct patch {
    const char *bug;
    const char *line;
    const char *instead;
};

static const struct patch patches[] = {
    {"no-lease-check", "if text(r, 'lease') ~= a[3] or text(r, 'lease') == '' then",
     "if false then"},
    {"no-lease-check", "if text(r, 'driver_id') ~= a[2] then return nil, reply(c, 'not_found') end",
     ""},
    {"no-idle-check", "if not has_room(r, d) then return 'not_idle' end", ""},
    {"no-idle-check", "local to = DRIVER[event][d.fields.state]\n    if event == 'free'",
     "local to = DRIVER[event][d.fields.state] or 'offered'\n    if event == 'free'"},
    {"pop-then-apply", "if not due or due > now then return reply(c, 'ok', nil,",
     "if false then return reply(c, 'ok', nil,"},
    {"unchecked-swap", "if text(r, 'lease') ~= lease then return refuse('stale_lease', id) end",
     ""},
    {"unchecked-swap",
     "if r.fields.version ~= version then return refuse('version_conflict', id) end", ""},
};
enum { PATCHES = sizeof patches / sizeof patches[0] };

static const struct bug {
    const char *name;
    const char *about;
    enum stress stress; /* under which it shows soonest */
} bugs[] = {
    {"no-lease-check", "a driver's late call is carried out on a lease that is no longer his",
     STRESS_LATE_CALLS},
    {"acknowledge-early", "the matcher acknowledges an entry when it reads it", STRESS_NONE},
    {"split-dead-letter", "a dead letter is acknowledged first and written by a second call",
     STRESS_NONE},
    {"pop-then-apply", "due timers are taken out when they are looked at", STRESS_NONE},
    {"reply-before-sync", "replies leave before what they tell is on the disk", STRESS_NONE},
    {"no-idle-check", "a ride is offered to a driver who is not idle", STRESS_NONE},
    {"unchecked-swap", "drivers are exchanged whatever became of their rides meanwhile",
     STRESS_EXCHANGES},
    {"no-party-check", "the gateway shows a ride to whoever asks for it", STRESS_NONE},
    {"silent-gap", "the gateway drops frames of a slow client and does not say so", STRESS_TUNNELS},
};
enum { BUGS = sizeof bugs / sizeof bugs[0] };

static const struct bug *bug_find(const char *name)
{
    for (size_t i = 0; i < BUGS; i++)
        if (strcmp(bugs[i].name, name) == 0) return &bugs[i];
    return NULL;
}

const char *bugs_name(size_t i)
{
    return i < BUGS ? bugs[i].name : NULL;
}

const char *bugs_about(const char *name)
{
    const struct bug *b = bug_find(name);
    return b == NULL ? NULL : b->about;
}

enum stress bugs_stress(const char *name)
{
    return bug_find(name)->stress;
}

bool __real_ride_party_driver(const struct ride *r, struct slice sub);
bool __wrap_ride_party_driver(const struct ride *r, struct slice sub);
bool __wrap_ride_party_driver(const struct ride *r, struct slice sub)
{
    return world_has_bug("no-party-check") || __real_ride_party_driver(r, sub);
}

bool __real_outbox_take_gap(struct outbox *o);
bool __wrap_outbox_take_gap(struct outbox *o);
bool __wrap_outbox_take_gap(struct outbox *o)
{
    return __real_outbox_take_gap(o) && !world_has_bug("silent-gap");
}

static struct map poison; /* a ride's id -> a reason to be there */

void bugs_begin(void)
{
    poison = (struct map){0};
}

void bugs_end(void)
{
    map_fini(&poison);
}

void bugs_poison(struct slice ride_id)
{
    (void)map_put(&poison, ride_id, &poison);
}

bool bugs_is_poison(const struct slice *argv, uint32_t argc)
{
    if (poison.count == 0 || argc < 4 || !slice_is(argv[1], "rides_match_v1")) return false;
    for (uint32_t i = 4; i < argc; i++)
        if (map_find(&poison, argv[i]) != NULL) return true;
    return false;
}

/* The library's text with the patches of the bug that is on; owned by the caller. */
static char *patched(struct slice text, size_t *len)
{
    char *now = mem_alloc(text.len + 1);
    memcpy(now, text.p, text.len);
    now[text.len] = '\0';
    for (size_t i = 0; i < PATCHES; i++) {
        const struct patch *p = &patches[i];
        if (!world_has_bug(p->bug)) continue;
        char *at = strstr(now, p->line);
        if (at == NULL || strstr(at + 1, p->line) != NULL) {
            (void)fprintf(stderr, "bug %s: its line is not once in the library: %s\n", p->bug,
                          p->line);
            abort();
        }
        struct buf next = {0};
        buf_add(&next, now, (size_t)(at - now));
        buf_add_cstr(&next, p->instead);
        buf_add_cstr(&next, at + strlen(p->line));
        buf_add_char(&next, '\0');
        mem_free(now);
        now = buf_take(&next, NULL);
    }
    *len = strlen(now);
    return now;
}

static bool is_call(const struct slice *argv, uint32_t argc, const char *function)
{
    return argc > 3 && slice_is(argv[0], "FCALL") && slice_is(argv[1], function);
}

/* --- one call made into two --- */

/* The rest of a call, on its way by itself: lost when the store goes first. */
struct late {
    struct event event;
    struct slice *argv; /* owned, the bytes behind it */
    uint32_t argc;
};

static void nowhere(void *data, struct slice bytes)
{
    (void)data;
    (void)bytes;
}

static void late_free(void *data)
{
    struct late *l = data;
    mem_free(l->argv);
    mem_free(l);
}

static void on_late(void *data)
{
    struct late *l = data;
    struct link *link = chance(0.3) ? NULL : link_open(nowhere, NULL);
    if (link != NULL) link_command(link, l->argv, l->argc);
    link_close(link);
    late_free(l);
}

static void later(const struct slice *argv, uint32_t argc, uint32_t without)
{
    struct late *l = mem_new(struct late);
    size_t bytes = 0;
    for (uint32_t i = 0; i < argc; i++)
        bytes += argv[i].len;
    l->argv = mem_alloc(argc * sizeof *argv + bytes);
    l->argc = argc;
    char *to = (char *)(l->argv + argc);
    for (uint32_t i = 0; i < argc; i++) {
        if (argv[i].len > 0) memcpy(to, argv[i].p, argv[i].len);
        l->argv[i] = slice_make(to, i == without ? 0 : argv[i].len);
        to += argv[i].len;
    }
    world_after(NULL, between(1, 2 * SECOND), on_late, l)->drop = late_free;
}

/* --- commands --- */

static void load_patched(struct link *l, const struct slice *argv, uint32_t argc)
{
    struct slice copy[8];
    must(argc <= 8);
    memcpy(copy, argv, argc * sizeof *argv);
    char *text = patched(argv[argc - 1], &copy[argc - 1].len);
    copy[argc - 1].p = text;
    link_command(l, copy, argc);
    mem_free(text);
}

/* A reader that acknowledges what it was given before it has done anything about it. */
static void read_acknowledged(struct link *l, const struct slice *argv, uint32_t argc)
{
    struct slice ack[] = {
        SLICE("EVAL"),
        SLICE("for _, p in ipairs(redis.call('XPENDING', KEYS[1], 'matchers', '-', '+', '100')) do "
              "redis.call('XACK', KEYS[1], 'matchers', p[1]) end"),
        SLICE("1"), SLICE("rides:incoming:{la}")};
    struct link *other = link_open(nowhere, NULL);
    link_command(other, ack, 4);
    link_close(other);
    link_command(l, argv, argc);
}

static void dead_letter_split(struct link *l, const struct slice *argv, uint32_t argc)
{
    enum { ENTRY = 6 }; /* FCALL name 1 key ride attempt ENTRY … */
    struct slice ack[] = {SLICE("XACK"), SLICE("rides:incoming:{la}"), SLICE("matchers"),
                          argv[ENTRY]};
    later(argv, argc, ENTRY);
    link_command(l, ack, 4);
}

static void timers_popped(struct link *l, const struct slice *argv, uint32_t argc)
{
    struct slice pop[] = {
        SLICE("EVAL"),
        SLICE("for _, t in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])) do "
              "redis.call('ZREM', KEYS[1], t) end"),
        SLICE("1"), SLICE("timers:{la}"), SLICE("")};
    char now[24];
    pop[4] = slice_make(now, fmt_i64(now, primary_wall_ms()));
    struct link *other = link_open(nowhere, NULL);
    link_command(l, argv, argc);
    link_command(other, pop, 5);
    link_close(other);
}

void bugs_command(struct link *l, const struct slice *argv, uint32_t argc)
{
    if (world.bug == NULL)
        link_command(l, argv, argc);
    else if (argc > 2 && slice_is(argv[0], "FUNCTION") && slice_is(argv[1], "LOAD"))
        load_patched(l, argv, argc);
    else if (world_has_bug("acknowledge-early") && argc > 4 && slice_is(argv[0], "XREADGROUP") &&
             slice_is(argv[2], "matchers"))
        read_acknowledged(l, argv, argc);
    else if (world_has_bug("split-dead-letter") && is_call(argv, argc, "ride_dead_letter_v1"))
        dead_letter_split(l, argv, argc);
    else if (world_has_bug("pop-then-apply") && is_call(argv, argc, "timers_due_v1"))
        timers_popped(l, argv, argc);
    else
        link_command(l, argv, argc);
}
