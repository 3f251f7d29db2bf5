#include "tally.h"

#include "base/mem.h"
#include "services/kit/core/samples.h"

/* An entry is read in the round after it was written, or in the one after that. */
enum { SETTLED_MS = 60000 };

struct product_tally {
    char product[33];
    struct samples demand; /* rides asked for, by bucket */
    int64_t idle;
    struct recorder_series *told_demand, *told_supply; /* borrowed; may be NULL */
};

struct tally {
    struct recorder *recorder; /* borrowed; may be NULL */
    char region[33];
    struct recorder_series *told_surge; /* borrowed; may be NULL */
    int64_t from_ms;                    /* the first bucket that is counted whole */
    int64_t told_ms;                    /* buckets before it do not change any more */
    struct product_tally products[PRODUCTS_MAX];
    size_t count;
};

static int64_t bucket_ms(void)
{
    return recorded_level_info(RECORDED_RAW)->bucket_ms;
}

struct tally *tally_new(struct recorder *r, struct slice region)
{
    struct tally *t = mem_new(struct tally);
    t->recorder = r;
    (void)slice_cstr(region, t->region, sizeof t->region);
    t->told_surge = recorder_series(r, region, RECORDED_SURGE, SLICE(""));
    return t;
}

void tally_free(struct tally *t)
{
    mem_free(t);
}

void tally_begin(struct tally *t, int64_t from_ms)
{
    t->from_ms = from_ms + bucket_ms() - 1 - (from_ms + bucket_ms() - 1) % bucket_ms();
    t->told_ms = t->from_ms;
    for (size_t i = 0; i < t->count; i++)
        t->products[i].demand.count = 0;
}

static struct product_tally *product_of(struct tally *t, struct slice product)
{
    for (size_t i = 0; i < t->count; i++)
        if (slice_is(product, t->products[i].product)) return &t->products[i];
    return NULL;
}

void tally_know(struct tally *t, const struct region *region)
{
    struct slice of = slice_of(t->region);
    for (uint32_t i = 0; region != NULL && i < region->products_count; i++) {
        struct slice id = region->products[i].id;
        if (product_of(t, id) != NULL || t->count == PRODUCTS_MAX) continue;
        struct product_tally *p = &t->products[t->count++];
        (void)slice_cstr(id, p->product, sizeof p->product);
        p->demand = (struct samples){.fold = SAMPLES_SUM, .bucket_ms = bucket_ms()};
        p->told_demand = recorder_series(t->recorder, of, RECORDED_DEMAND, id);
        p->told_supply = recorder_series(t->recorder, of, RECORDED_SUPPLY, id);
    }
}

void tally_demand(struct tally *t, struct slice product, int64_t at_ms)
{
    struct product_tally *p = product_of(t, product);
    if (p != NULL && at_ms >= t->from_ms) samples_add(&p->demand, at_ms, 1);
}

void tally_supply(struct tally *t, struct slice product, int64_t drivers)
{
    struct product_tally *p = product_of(t, product);
    if (p != NULL) p->idle = drivers;
}

void tally_tell(struct tally *t, int64_t now_ms, double multiplier)
{
    for (size_t i = 0; i < t->count; i++) {
        struct product_tally *p = &t->products[i];
        if (now_ms >= t->from_ms)
            samples_add(&p->demand, now_ms, 0); /* nobody asked: that is known */
        for (size_t k = 0; k < p->demand.count; k++) {
            const struct sample *s = &p->demand.all[k];
            if (s->at_ms >= t->told_ms) recorder_add(p->told_demand, s->at_ms, s->value);
        }
        recorder_add(p->told_supply, now_ms, (double)p->idle);
    }
    recorder_add(t->told_surge, now_ms, multiplier);
    if (now_ms - SETTLED_MS > t->told_ms) t->told_ms = now_ms - SETTLED_MS;
}
