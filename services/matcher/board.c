#include "board.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/matcher/plan.h"

struct product {
    char id[33];
    uint32_t waiting;
    uint32_t idle;
};

/* A driver whose last ride or offer has ended. */
struct freed {
    int64_t at_ms;
};

struct board {
    struct map rides;   /* id -> struct board_ride, owned */
    struct map drivers; /* id -> struct freed, owned */
    struct list waiting;
    struct list coming;
    struct product products[BOARD_PRODUCTS_MAX];
    uint32_t product_count;
};

struct board *board_new(void)
{
    struct board *b = mem_new(struct board);
    list_init(&b->waiting);
    list_init(&b->coming);
    return b;
}

static bool free_value(struct slice key, void *value, void *data)
{
    (void)key;
    (void)data;
    mem_free(value);
    return true;
}

static void forget_drivers(struct board *b)
{
    map_each(&b->drivers, free_value, NULL);
    map_fini(&b->drivers);
    b->drivers = (struct map){0};
}

void board_free(struct board *b)
{
    if (b == NULL) return;
    forget_drivers(b);
    map_each(&b->rides, free_value, NULL);
    map_fini(&b->rides);
    mem_free(b);
}

uint32_t board_product(struct board *b, struct slice id)
{
    for (uint32_t i = 0; i < b->product_count; i++)
        if (slice_is(id, b->products[i].id)) return i;
    if (b->product_count == BOARD_PRODUCTS_MAX || id.len >= sizeof b->products[0].id)
        return BOARD_PRODUCTS_MAX;
    struct product *p = &b->products[b->product_count];
    (void)slice_cstr(id, p->id, sizeof p->id);
    p->idle = UINT32_MAX; /* not counted yet: nothing is waited for on a guess */
    return b->product_count++;
}

struct slice board_product_id(const struct board *b, uint32_t product)
{
    must(product < b->product_count);
    return slice_of(b->products[product].id);
}

static void drop(struct board *b, struct board_ride *r)
{
    if (!r->coming) b->products[r->product].waiting--;
    list_del(&r->link);
    must(map_take(&b->rides, slice_of(r->ride_id)) == r);
    mem_free(r);
}

/* The ride of an event that keeps it here; NULL when there is no room. */
static struct board_ride *take_in(struct board *b, const struct board_event *e)
{
    uint32_t product = board_product(b, e->product);
    if (product == BOARD_PRODUCTS_MAX || b->rides.count >= BOARD_RIDES_MAX) return NULL;
    struct board_ride *r = mem_new(struct board_ride);
    list_init(&r->link);
    (void)slice_cstr(e->ride_id, r->ride_id, sizeof r->ride_id);
    r->product = product;
    r->coming = true; /* not among those counted as waiting yet */
    (void)map_put(&b->rides, e->ride_id, r);
    return r;
}

static void note_freed(struct board *b, const struct board_event *e)
{
    if (e->driver_id.len == 0) return;
    struct freed *f = map_find(&b->drivers, e->driver_id);
    if (f == NULL) {
        if (b->drivers.count >= BOARD_RIDES_MAX) forget_drivers(b);
        f = mem_new(struct freed);
        (void)map_put(&b->drivers, e->driver_id, f);
    }
    if (e->at_ms > f->at_ms) f->at_ms = e->at_ms;
}

static bool fits(const struct board_event *e)
{
    return e->ride_id.len > 0 && e->ride_id.len <= ID_MAX && e->driver_id.len <= ID_MAX &&
           e->lease.len < sizeof((struct board_ride *)0)->lease;
}

void board_take(struct board *b, const struct board_event *e)
{
    if (!fits(e)) return;
    bool waits = slice_is(e->to, "requested");
    bool comes = slice_is(e->to, "assigned");
    bool over = !waits && !comes && !slice_is(e->to, "offered") && !slice_is(e->to, "arrived") &&
                !slice_is(e->to, "in_progress");
    struct board_ride *r = map_find(&b->rides, e->ride_id);
    if (r != NULL && e->version <= r->version) return;
    if (waits || over) note_freed(b, e);
    if (!waits && !comes) {
        if (r != NULL) drop(b, r);
        return;
    }
    if (r == NULL) r = take_in(b, e);
    if (r == NULL) return;
    if (!r->coming) b->products[r->product].waiting--;
    if (waits) b->products[r->product].waiting++;
    r->swaps = comes && r->coming ? r->swaps + slice_is(e->type, "swap") : 0;
    r->coming = comes;
    r->held = comes && e->queued;
    r->version = e->version;
    r->at_ms = e->at_ms;
    r->lat = e->lat;
    r->lon = e->lon;
    (void)slice_cstr(comes ? e->driver_id : (struct slice){0}, r->driver_id, sizeof r->driver_id);
    (void)slice_cstr(comes ? e->lease : (struct slice){0}, r->lease, sizeof r->lease);
    list_del(&r->link);
    list_add(comes ? &b->coming : &b->waiting, &r->link);
}

static void sweep_list(struct board *b, struct list *rides, int64_t now_ms)
{
    while (!list_empty(rides)) {
        struct board_ride *r = list_entry(rides->next, struct board_ride, link);
        if (now_ms - r->at_ms < BOARD_SILENT_MS) return;
        drop(b, r);
    }
}

void board_sweep(struct board *b, int64_t now_ms)
{
    sweep_list(b, &b->waiting, now_ms);
    sweep_list(b, &b->coming, now_ms);
}

uint32_t board_waiting(const struct board *b, uint32_t product)
{
    return product < b->product_count ? b->products[product].waiting : 0;
}

void board_note_idle(struct board *b, uint32_t product, uint32_t idle)
{
    if (product < b->product_count) b->products[product].idle = idle;
}

int64_t board_gather_ms(const struct board *b, int64_t max_ms)
{
    int64_t longest_ms = 0;
    for (uint32_t i = 0; i < b->product_count; i++) {
        int64_t ms = plan_gather_ms(b->products[i].waiting, b->products[i].idle, max_ms);
        if (ms > longest_ms) longest_ms = ms;
    }
    return longest_ms;
}

int64_t board_idle_ms(const struct board *b, struct slice driver_id, int64_t now_ms)
{
    const struct freed *f = map_find(&b->drivers, driver_id);
    if (f == NULL || now_ms - f->at_ms > BOARD_SILENT_MS) return BOARD_SILENT_MS;
    return now_ms > f->at_ms ? now_ms - f->at_ms : 0;
}

const struct list *board_coming(const struct board *b)
{
    return &b->coming;
}

void board_hold(struct board *b, struct slice ride_id)
{
    struct board_ride *r = map_find(&b->rides, ride_id);
    if (r != NULL) r->held = true;
}
