#include "reconciler.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "services/dispatcher/dispatcher.h"

enum { ID_TEXT = 33, CURSOR_TEXT = 40, COMPLAIN_MS = 10000 };

struct reconciler {
    struct lifecycle *life; /* borrowed */
    struct metric **metric; /* borrowed */
    int64_t count;
    char region[ID_TEXT];
    char products[PRODUCTS_MAX][ID_TEXT];
    size_t products_count;
    char cursor[CURSOR_TEXT]; /* "" begins a round */
    int64_t unreadable;       /* of this round */
    bool asking;
    bool closing;
    struct log_gate gate;
};

/* What it can mend; docs/operations.md explains each. Shown as 0 before the first. */
static const char *const kinds[] = {"timer",        "work",  "ride_holder", "driver_ride",
                                    "driver_offer", "rider", "index",       "idle",
                                    "silence",      "time",  "kept"};

static void count_repairs(const struct reconciler *r, const struct life_result *result)
{
    struct slice kind = {0};
    struct slice id = {0};
    for (size_t i = 0;
         life_list(result, "repairs", i, &kind) && life_list(result, "repairs", i + 1, &id);
         i += 2) {
        metric_inc(METRIC_AT(r->metric[M_REPAIRS], kind));
        log_error("repaired", LOG_CSTR("region", r->region), LOG_STR("kind", kind),
                  LOG_STR("id", id));
    }
}

static void count_unreadable(struct reconciler *r, const struct life_result *result)
{
    uint64_t missed = 0;
    int64_t n = life_extra_i64(result, "unreadable", 0);
    r->unreadable += n;
    if (n > 0 && log_gate_open(&r->gate, clock_mono_ms(), COMPLAIN_MS, &missed))
        log_error("records_unreadable", LOG_CSTR("region", r->region),
                  LOG_STR("error", life_extra(result, "why")), LOG_INT("missed", missed));
}

static void on_looked(void *data, const struct life_result *result)
{
    struct reconciler *r = data;
    uint64_t missed = 0;
    r->asking = false;
    if (result->code == LIFE_OK) {
        count_repairs(r, result);
        count_unreadable(r, result);
        (void)slice_cstr(life_extra(result, "cursor"), r->cursor, sizeof r->cursor);
        if (r->cursor[0] == '\0') {
            metric_inc(METRIC_AT(r->metric[M_ROUNDS], slice_of(r->region)));
            metric_set(METRIC_AT(r->metric[M_UNREADABLE], slice_of(r->region)),
                       (double)r->unreadable);
            r->unreadable = 0;
        }
    } else if (result->code == LIFE_BROKEN &&
               log_gate_open(&r->gate, clock_mono_ms(), COMPLAIN_MS, &missed)) {
        log_error("reconcile_failed", LOG_CSTR("region", r->region),
                  LOG_STR("error", result->error), LOG_INT("missed", missed));
    }
    if (r->closing) mem_free(r);
}

struct reconciler *reconciler_new(const struct reconciler_config *config)
{
    struct reconciler *r = mem_new(struct reconciler);
    r->life = config->life;
    r->metric = config->metric;
    r->count = config->count;
    (void)slice_cstr(config->region->id, r->region, sizeof r->region);
    for (; r->products_count < config->region->products_count; r->products_count++)
        (void)slice_cstr(config->region->products[r->products_count].id,
                         r->products[r->products_count], ID_TEXT);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        (void)METRIC_AT(r->metric[M_REPAIRS], slice_of(kinds[i]));
    return r;
}

void reconciler_step(struct reconciler *r)
{
    if (r->asking || r->closing) return;
    struct slice products[PRODUCTS_MAX];
    for (size_t i = 0; i < r->products_count; i++)
        products[i] = slice_of(r->products[i]);
    r->asking = true;
    life_reconcile(r->life, slice_of(r->region), slice_of(r->cursor), r->count,
                   (struct life_names){products, r->products_count}, on_looked, r);
}

void reconciler_close(struct reconciler *r)
{
    if (r == NULL) return;
    r->closing = true;
    if (!r->asking) mem_free(r);
}
