#include "profile.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/ids.h"
#include "services/kit/reply.h"

#include <jansson.h>

/* The members that are plain text in the store. */
static const struct {
    const char *name;
    size_t at;
} texts[] = {
    {"name", offsetof(struct profile, name)},
    {"make", offsetof(struct profile, make)},
    {"model", offsetof(struct profile, model)},
    {"plate", offsetof(struct profile, plate)},
    {"color", offsetof(struct profile, color)},
    {"products", offsetof(struct profile, products)},
    {"languages", offsetof(struct profile, languages)},
};
enum { TEXTS = sizeof texts / sizeof texts[0] };

/* Stores one field of the hash in p. */
static void field(struct profile *p, struct slice name, struct slice text, struct arena *arena)
{
    for (size_t i = 0; i < TEXTS; i++) {
        if (!slice_is(name, texts[i].name)) continue;
        *(struct slice *)(void *)((char *)p + texts[i].at) = arena_copy(arena, text);
        return;
    }
    if (slice_is(name, "rating"))
        (void)slice_double(text, &p->rating);
    else if (slice_is(name, "accessible"))
        p->accessible = slice_is(text, "1");
    else if (slice_is(name, "completed_trips"))
        (void)slice_i64(text, &p->completed_trips);
}

bool profile_parse(const struct redisReply *reply, struct slice driver_id, struct arena *arena,
                   struct profile *out)
{
    if (reply_count(reply) < 2) return false;
    struct profile p = {.driver_id = arena_copy(arena, driver_id),
                        .name = SLICE(""),
                        .make = SLICE(""),
                        .model = SLICE(""),
                        .plate = SLICE(""),
                        .color = SLICE(""),
                        .products = SLICE(""),
                        .languages = SLICE("")};
    for (size_t i = 0; i + 1 < reply_count(reply); i += 2)
        field(&p, reply_slice(reply_at(reply, i)), reply_slice(reply_at(reply, i + 1)), arena);
    *out = p;
    return true;
}

bool profile_lists(struct slice list, struct slice word)
{
    struct slice one = {0};
    while (slice_cut(&list, ',', &one))
        if (slice_ieq(slice_trim(one), word)) return true;
    return false;
}

const char *profile_unmet(const struct profile *p, const struct constraints *c)
{
    if (c->min_rating > 0 && p->rating < c->min_rating) return "rating";
    if (c->vehicle.len > 0 && !slice_ieq(p->make, c->vehicle) && !slice_ieq(p->model, c->vehicle))
        return "vehicle";
    if (c->language.len > 0 && !profile_lists(p->languages, c->language)) return "language";
    if (c->accessible && !p->accessible) return "accessible";
    return NULL;
}

static struct slice string_member(const json_t *object, const char *name, struct arena *arena)
{
    const json_t *v = json_object_get(object, name);
    if (!json_is_string(v)) return SLICE("");
    return arena_copy(arena, slice_make(json_string_value(v), json_string_length(v)));
}

bool constraints_parse(struct slice json, struct arena *arena, struct constraints *out)
{
    struct constraints c = {.vehicle = SLICE(""), .language = SLICE("")};
    if (json.len > 0) {
        json_t *object = json_loadb(json.p, json.len, JSON_REJECT_DUPLICATES, NULL);
        if (!json_is_object(object)) {
            json_decref(object);
            return false;
        }
        c.min_rating = json_number_value(json_object_get(object, "min_rating"));
        c.vehicle = string_member(object, "vehicle", arena);
        c.language = string_member(object, "language", arena);
        c.accessible = json_is_true(json_object_get(object, "accessible"));
        json_decref(object);
    }
    *out = c;
    return true;
}

struct profile_call {
    profile_cb cb;
    void *data;
    size_t id_len;
    char id[ID_MAX];
};

static void on_profile(void *data, const struct life_result *r)
{
    struct profile_call *call = data;
    struct arena arena = {0};
    struct profile p;
    const redisReply *fields = reply_at(reply_field(r->extras, "profiles"), 0);
    bool found =
        r->code == LIFE_OK && profile_parse(fields, slice_make(call->id, call->id_len), &arena, &p);
    call->cb(call->data, r, found ? &p : NULL);
    arena_fini(&arena);
    mem_free(call);
}

void profile_get(struct lifecycle *l, struct slice driver_id, profile_cb cb, void *data)
{
    must(driver_id.len <= ID_MAX);
    struct profile_call *call = mem_new(struct profile_call);
    call->cb = cb;
    call->data = data;
    call->id_len = driver_id.len;
    memcpy(call->id, driver_id.p, driver_id.len);
    life_profiles(l, id_region(driver_id), (struct life_names){&driver_id, 1}, on_profile, call);
}

void profile_put(struct lifecycle *l, const struct profile *p, life_cb cb, void *data)
{
    enum { MORE = 2 }; /* rating and accessible */
    struct slice pairs[2 * (TEXTS + MORE)];
    struct buf rating = {0};
    struct json j = json_start(&rating);
    size_t n = 0;
    for (size_t i = 0; i < TEXTS; i++) {
        pairs[n++] = slice_of(texts[i].name);
        pairs[n++] = *(const struct slice *)(const void *)((const char *)p + texts[i].at);
    }
    pairs[n++] = SLICE("accessible");
    pairs[n++] = p->accessible ? SLICE("1") : SLICE("0");
    if (p->rating > 0) {
        pairs[n++] = SLICE("rating");
        json_double(&j, p->rating);
        pairs[n++] = buf_slice(&rating);
    }
    life_profile_put(l, p->driver_id, (struct life_names){pairs, n}, cb, data);
    buf_fini(&rating);
}

static void card_members(struct json *j, const struct profile *p)
{
    json_put_str(j, "name", p->name);
    json_put_fixed(j, "rating", p->rating, 2);
    json_put_object(j, "vehicle");
    json_put_str(j, "make", p->make);
    json_put_str(j, "model", p->model);
    json_put_str(j, "plate", p->plate);
    json_put_str(j, "color", p->color);
    json_object_end(j);
}

void profile_card_json(struct buf *out, const struct profile *p)
{
    struct json j = json_start(out);
    json_object_start(&j);
    card_members(&j, p);
    json_object_end(&j);
}

static void list_json(struct json *j, const char *name, struct slice list)
{
    struct slice word = {0};
    json_put_array(j, name);
    while (slice_cut(&list, ',', &word))
        json_str(j, word);
    json_array_end(j);
}

void profile_members_json(struct json *j, const struct profile *p)
{
    json_put_str(j, "driver_id", p->driver_id);
    card_members(j, p);
    list_json(j, "products", p->products);
    list_json(j, "languages", p->languages);
    json_put_bool(j, "accessible", p->accessible);
    json_put_i64(j, "completed_trips", p->completed_trips);
}

void profile_json(struct buf *out, const struct profile *p)
{
    struct json j = json_start(out);
    json_object_start(&j);
    profile_members_json(&j, p);
    json_object_end(&j);
}
