#include "samples.h"

#include "base/must.h"

#include <stdbool.h>
#include <string.h>

static double fold(enum samples_fold how, double old, double young)
{
    switch (how) {
    case SAMPLES_SUM:
        return old + young;
    case SAMPLES_MAX_OF:
        return old > young ? old : young;
    case SAMPLES_LAST:
        break;
    }
    return young;
}

/* The place of the bucket: where it is, or where it belongs. */
static size_t place_of(const struct samples *s, int64_t at_ms)
{
    size_t i = s->count;
    while (i > 0 && s->all[i - 1].at_ms >= at_ms)
        i--;
    return i;
}

/* Makes room at place i, and says where that is once the oldest has gone. False when the new one
 * would be the oldest of too many. */
static bool make_room(struct samples *s, size_t *i)
{
    if (s->count == SAMPLES_MAX) {
        if (*i == 0) return false;
        s->count--;
        (*i)--;
        memmove(s->all, s->all + 1, s->count * sizeof s->all[0]);
    }
    memmove(s->all + *i + 1, s->all + *i, (s->count - *i) * sizeof s->all[0]);
    s->count++;
    return true;
}

void samples_add(struct samples *s, int64_t at_ms, double value)
{
    must(s->bucket_ms > 0);
    must(at_ms >= 0);
    if (s->count > 0) { /* nearly always the bucket that is open */
        struct sample *newest = &s->all[s->count - 1];
        if (at_ms >= newest->at_ms && at_ms - newest->at_ms < s->bucket_ms) {
            newest->value = fold(s->fold, newest->value, value);
            return;
        }
    }
    int64_t begin_ms = at_ms - at_ms % s->bucket_ms;
    size_t i = place_of(s, begin_ms);
    if (i < s->count && s->all[i].at_ms == begin_ms)
        s->all[i].value = fold(s->fold, s->all[i].value, value);
    else if (make_room(s, &i))
        s->all[i] = (struct sample){begin_ms, value};
}

void samples_restore(struct samples *s, const struct samples *taken)
{
    must(s->bucket_ms == taken->bucket_ms);
    struct samples young = *s;
    *s = *taken;
    for (size_t i = 0; i < young.count; i++)
        samples_add(s, young.all[i].at_ms, young.all[i].value);
}
