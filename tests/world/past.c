#include "tests/world/past.h"

#include "base/mem.h"
#include "base/must.h"

#include <string.h>

struct story {
    struct past *all; /* owned; by version, from 1 */
    int64_t count;
};

static struct map stories; /* ride -> struct story, owned */

void past_begin(void)
{
    stories = (struct map){0};
}

static bool free_story(struct slice key, void *value, void *data)
{
    (void)key;
    (void)data;
    struct story *s = value;
    mem_free(s->all);
    mem_free(s);
    return true;
}

void past_end(void)
{
    map_each(&stories, free_story, NULL);
    map_fini(&stories);
}

void past_note(const char *ride_id, int64_t version, const struct past *p)
{
    struct story *s = map_find(&stories, slice_of(ride_id));
    must(version > 0);
    if (s == NULL) {
        s = mem_new(struct story);
        (void)map_put(&stories, slice_of(ride_id), s);
    }
    if (version > s->count) {
        s->all = mem_realloc(s->all, (size_t)version * sizeof *s->all);
        memset(s->all + s->count, 0, (size_t)(version - s->count) * sizeof *s->all);
        s->count = version;
    }
    s->all[version - 1] = *p;
}

const struct past *past_find(const char *ride_id, int64_t version)
{
    const struct story *s = map_find(&stories, slice_of(ride_id));
    return s == NULL || version < 1 || version > s->count ? NULL : &s->all[version - 1];
}

bool past_knew(const char *ride_id, const char *driver_id)
{
    const struct story *s = map_find(&stories, slice_of(ride_id));
    for (int64_t i = 0; s != NULL && i < s->count; i++)
        if (strcmp(s->all[i].holder, driver_id) == 0 || among(s->all[i].asked, driver_id))
            return true;
    return false;
}

bool among(const char *list, const char *id)
{
    struct slice rest = slice_of(list);
    struct slice one = SLICE("");
    while (slice_cut(&rest, ' ', &one))
        if (slice_is(one, id)) return true;
    return false;
}
