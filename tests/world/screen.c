#include "tests/world/screen.h"

#include "base/mem.h"
#include "base/must.h"
#include "services/kit/core/ping_filter.h"
#include "tests/world/check.h"
#include "tests/world/line.h"
#include "tests/world/past.h"
#include "tests/world/people.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { SCREENS_MAX = RIDERS_MAX + DRIVERS_MAX, UNANSWERED_MAX = 8 };

static struct screen {
    enum auth_role role;
    const char *id; /* borrowed */
    struct line *line;
    struct event next; /* connects, or does something to the connection */
    struct map told;   /* ride -> int64_t, owned: the highest version this person was shown */
    /* Of this connection: */
    int64_t seq;
    int64_t generation;
    bool anew;     /* another primary answers, since this frame: it is a new beginning */
    bool settled;  /* a snapshot came, and no gap after it */
    char ride[64]; /* "": none */
    int64_t version;
    int64_t asked[UNANSWERED_MAX]; /* messages that have no answer yet; 0: free */
} screens[SCREENS_MAX];
static int screens_count;
static int64_t messages;

/* --- what a frame says --- */

static const char *text(const json_t *object, const char *name)
{
    const char *s = json_string_value(json_object_get(object, name));
    return s == NULL ? "" : s;
}

static int64_t whole(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* The person is shown the ride at this version, which was of this status, and may be. */
static void must_be_true(struct screen *s, const json_t *ride)
{
    const char *id = text(ride, "ride_id");
    const char *driver = text(json_object_get(ride, "driver"), "driver_id");
    int64_t version = whole(ride, "version");
    const struct past *p = past_find(id, version);
    if (p == NULL || strcmp(ride_status_text(p->status), text(ride, "status")) != 0) {
        world_fail("%s is shown ride %s as %s at version %" PRId64 ", which was %s", s->id, id,
                   text(ride, "status"), version, p == NULL ? "none" : ride_status_text(p->status));
        return;
    }
    bool his = s->role == ROLE_RIDER ? strcmp(text(ride, "rider_id"), s->id) == 0
                                     : strcmp(driver, s->id) == 0 && strcmp(p->holder, s->id) == 0;
    if (!his)
        world_fail("%s is shown ride %s of %s and %s at version %" PRId64, s->id, id,
                   text(ride, "rider_id"), driver, version);
    bool has_code = text(ride, "start_code")[0] != '\0';
    if (has_code != (s->role == ROLE_RIDER))
        world_fail("%s is shown ride %s %s its start code", s->id, id,
                   has_code ? "with" : "without");
}

/* No older version than this person has seen of the ride, whatever the connection. */
static void must_be_newest(struct screen *s, const char *id, int64_t version)
{
    int64_t *told = map_find(&s->told, slice_of(id));
    if (told == NULL) {
        told = mem_new(int64_t);
        (void)map_put(&s->told, slice_of(id), told);
    }
    if (version < *told)
        world_fail("%s has seen ride %s at version %" PRId64 " and is shown %" PRId64, s->id, id,
                   *told, version);
    *told = version;
}

static void show(struct screen *s, const char *id, int64_t version)
{
    must_be_newest(s, id, version);
    (void)snprintf(s->ride, sizeof s->ride, "%s", id);
    s->version = version;
}

static void show_nothing(struct screen *s)
{
    s->ride[0] = '\0';
    s->version = 0;
}

/* The ride that he will drive after the one he is on: not what the screen is about. */
static bool is_next(const json_t *ride)
{
    return json_is_true(json_object_get(ride, "queued"));
}

static void must_be_offered(struct screen *s, const char *id, int64_t version)
{
    const struct past *p = past_find(id, version);
    bool open = s->role == ROLE_DRIVER && p != NULL && among(p->asked, s->id);
    if (!open)
        world_fail("%s is offered ride %s at version %" PRId64 ", which is not offered to him",
                   s->id, id, version);
}

static void on_snapshot(struct screen *s, const json_t *data)
{
    const json_t *ride = json_object_get(data, "ride");
    s->settled = true;
    show_nothing(s);
    if (json_is_object(ride)) {
        must_be_true(s, ride);
        show(s, text(ride, "ride_id"), whole(ride, "version"));
    }
    if (json_is_object(json_object_get(data, "offer")) && s->role != ROLE_DRIVER)
        world_fail("%s is shown an offer", s->id);
}

static void on_update(struct screen *s, const json_t *frame, const json_t *data)
{
    const char *id = text(data, "ride_id");
    int64_t version = whole(frame, "version");
    if (json_is_true(json_object_get(data, "released"))) {
        if (s->role != ROLE_DRIVER || !past_knew(id, s->id))
            world_fail("%s is released from ride %s, which was never his", s->id, id);
        must_be_newest(s, id, version);
        if (strcmp(s->ride, id) == 0) show_nothing(s);
        return;
    }
    must_be_true(s, data);
    bool same = strcmp(s->ride, id) == 0;
    if (same && s->settled && !s->anew && version != s->version + 1)
        world_fail("%s is shown version %" PRId64 " of ride %s after %" PRId64, s->id, version, id,
                   s->version);
    if (is_next(data) && !same && s->ride[0] != '\0')
        must_be_newest(s, id, version);
    else
        show(s, id, version);
}

static void on_offer(struct screen *s, const json_t *frame, const json_t *data, bool revoked)
{
    const char *id = text(data, "ride_id");
    int64_t version = whole(frame, "version");
    if (!revoked) {
        must_be_offered(s, id, version);
        must_be_newest(s, id, version);
        if (strcmp(s->ride, id) == 0) s->version = version;
        return;
    }
    id = text(frame, "ride_id");
    if (s->role != ROLE_DRIVER || !past_knew(id, s->id))
        world_fail("%s loses an offer of ride %s, which he never had", s->id, id);
    if (strcmp(s->ride, id) == 0) show_nothing(s);
}

/* Exactly one answer for each message. */
static void on_answer(struct screen *s, const json_t *data)
{
    int64_t re = whole(data, "re");
    const json_t *ride = json_object_get(data, "ride");
    int at = 0;
    while (at < UNANSWERED_MAX && s->asked[at] != re)
        at++;
    if (re == 0 || at == UNANSWERED_MAX) {
        world_fail("%s gets an answer to message %" PRId64 ", which has had one", s->id, re);
        return;
    }
    s->asked[at] = 0;
    if (!json_is_object(ride)) return;
    must_be_true(s, ride);
    bool current = strcmp(text(data, "status"), "accepted") == 0 && !is_next(ride);
    int64_t version = whole(ride, "version");
    if (current && (strcmp(s->ride, text(ride, "ride_id")) != 0 || version > s->version))
        show(s, text(ride, "ride_id"), version);
}

static void on_location(struct screen *s, const json_t *frame, const json_t *data)
{
    const struct past *p = past_find(text(frame, "ride_id"), whole(frame, "version"));
    if (s->role != ROLE_RIDER || p == NULL || strcmp(p->holder, text(data, "driver_id")) != 0)
        world_fail("%s is shown where %s is", s->id, text(data, "driver_id"));
}

static void on_frame(void *data, struct slice bytes)
{
    struct screen *s = data;
    json_t *frame = json_loadb(bytes.p, bytes.len, 0, NULL);
    const json_t *body = json_object_get(frame, "data");
    const char *type = text(frame, "type");
    int64_t generation = whole(body, "generation");
    world_tell(s->id, "is sent %s %s %s", type, text(frame, "ride_id"), text(body, "status"));
    if (frame == NULL || whole(frame, "seq") != ++s->seq)
        world_fail("%s gets frame %" PRId64 " as number %" PRId64, s->id, whole(frame, "seq"),
                   s->seq);
    if ((s->seq == 1) != (strcmp(type, "hello") == 0))
        world_fail("%s gets %s as number %" PRId64, s->id, type, s->seq);
    if (generation != 0 && generation < s->generation)
        world_fail("%s goes back to generation %" PRId64, s->id, generation);
    s->anew = generation > s->generation;
    if (s->anew) s->generation = generation;
    if (strcmp(type, "snapshot") == 0)
        on_snapshot(s, body);
    else if (strcmp(type, "ride.updated") == 0)
        on_update(s, frame, body);
    else if (strcmp(type, "offer.created") == 0)
        on_offer(s, frame, body, false);
    else if (strcmp(type, "offer.revoked") == 0)
        on_offer(s, frame, body, true);
    else if (strcmp(type, "ack") == 0 || strcmp(type, "error") == 0)
        on_answer(s, body);
    else if (strcmp(type, "driver.location") == 0)
        on_location(s, frame, body);
    else if (strcmp(type, "gap") == 0)
        s->settled = false;
    json_decref(frame);
}

/* --- the connection --- */

static void on_closed(void *data, int code)
{
    struct screen *s = data;
    world_tell(s->id, "is cut off (%d)", code);
    s->line = NULL;
    world_cancel(&s->next);
    world_post(&s->next, between(100 * MS, 4 * SECOND));
}

static const struct line_events line_events = {.on_frame = on_frame, .on_closed = on_closed};

static void on_next(void *data)
{
    struct screen *s = data;
    world_post(&s->next, between(SECOND, 20 * SECOND));
    if (s->line == NULL) {
        int64_t token_us =
            !people_are_calm && chance(0.2) ? between(1, 60) * SECOND : 7200 * (int64_t)SECOND;
        s->seq = 0;
        s->generation = 0;
        s->settled = false;
        memset(s->asked, 0, sizeof s->asked);
        show_nothing(s);
        s->line = line_open(s->role, s->id, token_us, &line_events, s);
    } else if (!people_are_calm && chance(temper.hangs_up)) {
        line_close(s->line);
        s->line = NULL;
    } else if (!people_are_calm && chance(temper.tunnels)) {
        line_tunnel(s->line, between(1, world.stress == STRESS_TUNNELS ? 30 : 50) * SECOND);
    }
}

static struct screen *find(const char *id)
{
    for (int i = 0; i < screens_count; i++)
        if (strcmp(screens[i].id, id) == 0) return &screens[i];
    must(false);
    return NULL;
}

bool screen_answer(const char *driver_id, const char *offer_id, bool accepts)
{
    struct screen *s = find(driver_id);
    int at = 0;
    while (at < UNANSWERED_MAX && s->asked[at] != 0)
        at++;
    if (s->line == NULL || !s->settled || at == UNANSWERED_MAX) return false;
    char message[160];
    s->asked[at] = ++messages;
    int n = snprintf(message, sizeof message,
                     "{\"type\":\"%s\",\"id\":%" PRId64 ",\"offer_id\":\"%s\"}",
                     accepts ? "accept" : "decline", messages, offer_id);
    line_send(s->line, slice_make(message, (size_t)n));
    return true;
}

bool screen_ping(const char *driver_id, const struct ping *p)
{
    const struct screen *s = find(driver_id);
    char message[160];
    if (s->line == NULL || !s->settled) return false;
    int n = snprintf(
        message, sizeof message,
        "{\"type\":\"location\",\"points\":[{\"lat\":%.6f,\"lon\":%.6f,\"ts_ms\":%" PRId64 "}]}",
        p->at.lat, p->at.lon, p->time_ms);
    line_send(s->line, slice_make(message, (size_t)n));
    return true;
}

/* --- all of them --- */

void screens_begin(void)
{
    screens_count = 0;
    messages = 0;
}

static bool free_value(struct slice key, void *value, void *data)
{
    (void)key;
    (void)data;
    mem_free(value);
    return true;
}

void screens_end(void)
{
    for (int i = 0; i < screens_count; i++) {
        if (screens[i].line != NULL) line_close(screens[i].line);
        map_each(&screens[i].told, free_value, NULL);
        map_fini(&screens[i].told);
    }
    screens_count = 0;
}

void screen_add(enum auth_role role, const char *id)
{
    must(screens_count < SCREENS_MAX);
    struct screen *s = &screens[screens_count++];
    *s = (struct screen){.role = role, .id = id};
    s->next = (struct event){.fn = on_next, .data = s};
    world_post(&s->next, between(0, 10 * SECOND));
}

static bool is_right(const struct screen *s)
{
    if (s->line == NULL || !s->settled) return false;
    return s->ride[0] == '\0' || check_version(s->ride) == s->version;
}

bool screens_are_right(void)
{
    for (int i = 0; i < screens_count; i++)
        if (!is_right(&screens[i])) return false;
    return true;
}

void screens_check(void)
{
    for (int i = 0; i < screens_count; i++) {
        const struct screen *s = &screens[i];
        if (!is_right(s))
            world_fail("%s is %s and shows ride '%s' at version %" PRId64, s->id,
                       s->line == NULL ? "not connected" : "connected", s->ride, s->version);
    }
}
