/* calls: drives the C calls of lifecycle.h against a running store and prints what each answers.
 *
 *     lifecycle-calls redis://127.0.0.1:PORT [install | beat]
 *
 * One line a call: its name, the code, the ride's status and version, and some extras. The Python
 * test beside it starts the store and reads the lines. With "install" it only loads the library;
 * with "beat" it sends four heartbeats and nothing else.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <uv.h>

#include "base/buf.h"
#include "base/must.h"
#include "services/kit/lifecycle.h"
#include "services/kit/store.h"

static struct {
    uv_loop_t loop;
    struct store *store;
    struct lifecycle *life;
    bool install_only;
    bool beat_only;
    size_t step;
    char offer[128];
    const char *name; /* of the call under way */
    bool returned;    /* the call has returned: its callback may come */
} t;

#define TEXT(s) ((int)(s).len), (s).p == NULL ? "" : (s).p

static void next(void);

/* Names the next call's line; it needs no data of its own. */
static void *named(const char *name)
{
    t.name = name;
    return NULL;
}

static void show(const char *name, const struct life_result *r)
{
    must(t.returned);
    printf("%s %s", name, life_code_text(r->code));
    if (r->has_ride) printf(" %s v%" PRId64, ride_status_text(r->ride.status), r->ride.version);
    if (life_extra(r, "state").len > 0) printf(" state=%.*s", TEXT(life_extra(r, "state")));
    if (life_extra(r, "did").len > 0) printf(" did=%.*s", TEXT(life_extra(r, "did")));
    for (size_t i = 0; i < life_list_len(r, "versions"); i++) {
        struct slice v = {0};
        must(life_list(r, "versions", i, &v));
        printf(" %.*s", TEXT(v));
    }
    if (r->code == LIFE_BROKEN) printf(" (%.*s)", TEXT(r->error));
    printf("\n");
    if (life_extra(r, "offer_id").len > 0) {
        (void)slice_cstr(life_extra(r, "offer_id"), t.offer, sizeof t.offer);
    }
}

static void on_step(void *data, const struct life_result *r)
{
    (void)data;
    show(t.name, r);
    next();
}

static const struct slice the_ride = {"la-RIDE1", 8};
static const struct slice the_driver = {"la-d1", 5};
static const struct slice the_rider = {"r 7\"", 4};

static struct life_act act_of(void)
{
    return (struct life_act){.ride_id = the_ride,
                             .actor_id = the_driver,
                             .lease = slice_of(t.offer),
                             .lat = (double)NAN,
                             .lon = (double)NAN};
}

static struct life_create create_of(void)
{
    return (struct life_create){
        .ride_id = the_ride,
        .rider_id = the_rider,
        .idem_key = SLICE("key"),
        .body_hash = SLICE("hash"),
        .start_code = SLICE("1234"),
        .product = SLICE("economy"),
        .pickup = SLICE("{\"lat\":34.05,\"lon\":-118.24}"),
        .dropoff = SLICE("{\"lat\":34.1,\"lon\":-118.3}"),
        .stops = SLICE("[]"),
        .pickup_lat = 34.05,
        .pickup_lon = -118.24,
        .dropoff_lat = 34.1,
        .dropoff_lon = -118.3,
        .note = SLICE("a \"note\""),
        .pickup_eta_s = 90,
        .fare = SLICE("{\"amount_minor\":900,\"currency\":\"USD\"}"),
        .currency = SLICE("USD"),
    };
}

static void on_flush(void *data, enum store_status status, const redisReply *reply)
{
    (void)data;
    (void)reply;
    must(status == STORE_OK);
    next();
}

static void begin(size_t step)
{
    struct life_act act = act_of();
    struct life_entry entry = {.ride_id = the_ride, .attempt = 1};
    struct slice rides[] = {the_ride, SLICE("la-NONE")};
    struct lifecycle *l = t.life;

    switch (step) {
    case 0:
        lifecycle_install(l, SLICE("la"), on_step, named("install"));
        break;
    case 1:
        life_heartbeat(l, SLICE("la"), SLICE("run"), on_step, named("heartbeat"));
        break;
    case 2: {
        struct life_online o = {.driver_id = the_driver,
                                .lat = 34.05,
                                .lon = -118.24,
                                .products = SLICE("economy"),
                                .card = SLICE("{\"name\":\"Bo\"}")};
        life_driver_online(l, &o, on_step, named("online"));
        break;
    }
    case 3: {
        struct life_create c = create_of();
        life_ride_create(l, &c, on_step, named("create"));
        break;
    }
    case 4: {
        struct life_create c = create_of();
        life_ride_create(l, &c, on_step, named("create_again"));
        break;
    }
    case 5:
        life_rides_match(
            l, SLICE("la"),
            &(struct life_match){.way = LIFE_OFFER,
                                 .entry = entry,
                                 .candidates = &(struct life_candidate){the_driver, 60, false},
                                 .n = 1,
                                 .data = named("offer")},
            1, on_step);
        break;
    case 6:
        STORE_CALL(t.store, 1000, on_flush, NULL, SLICE("FUNCTION"), SLICE("FLUSH"));
        break;
    case 7:
        life_ride_accept(l, &act, on_step, named("accept_after_flush"));
        break;
    case 8:
        act.if_version = 2;
        life_ride_arrive(l, &act, on_step, named("arrive_if_2"));
        break;
    case 9:
        life_ride_arrive(l, &act, on_step, named("arrive"));
        break;
    case 10:
        life_ride_start(l, &act, SLICE("9999"), on_step, named("start_wrong"));
        break;
    case 11:
        life_ride_start(l, &act, SLICE("1234"), on_step, named("start"));
        break;
    case 12:
        life_ride_reach_stop(l, &act, 1, on_step, named("stop"));
        break;
    case 13:
        act.lat = 34.1;
        act.lon = -118.3;
        life_ride_complete(l, &act, on_step, named("complete"));
        break;
    case 14:
        life_ride_settle(l, the_ride, SLICE("{}"), 9, (struct slice){0}, (struct slice){0}, on_step,
                         named("settle"));
        break;
    case 15:
        life_versions(l, SLICE("la"), rides, 2, on_step, named("versions"));
        break;
    case 16:
        life_snapshot_driver(l, the_driver, on_step, named("snapshot_driver"));
        break;
    case 17:
        life_snapshot_rider(l, SLICE("la"), the_rider, on_step, named("snapshot_rider"));
        break;
    case 18:
        life_ride_cancel(l, &act, RIDE_BY_OPS, SLICE("x"), -1, on_step, named("cancel_completed"));
        break;
    case 19:
        life_ride_get(l, SLICE("no region"), on_step, named("get_nonsense"));
        break;
    case 20:
        life_timer_apply(l, SLICE("la"), SLICE("offer:la-RIDE1"), on_step, named("timer"));
        break;
    case 21:
        life_driver_offline(l, the_driver, on_step, named("offline"));
        break;
    case 22:
        life_rides_match(
            l, SLICE("la"),
            &(struct life_match){.way = LIFE_DEFER,
                                 .entry = {.ride_id = the_ride, .entry_id = SLICE("junk")},
                                 .data = named("defer_junk")},
            1, on_step);
        break;
    default:
        t.returned = true;
        lifecycle_free(t.life);
        store_close(t.store, NULL, NULL);
        return;
    }
    t.returned = true;
}

static void next(void)
{
    size_t step = t.step++;
    if (t.install_only && step > 0) step = SIZE_MAX;
    if (t.beat_only) step = step < 4 ? 1 : SIZE_MAX;
    t.returned = false;
    begin(step);
}

static void on_up(void *data)
{
    (void)data;
    if (t.step == 0) next();
}

int main(int argc, char **argv)
{
    struct store_config config = {.name = "lifecycle-calls"};
    struct buf why = {0};

    if (argc < 2 || !store_url_parse(slice_of(argv[1]), &config.url, &why)) {
        fprintf(stderr, "lifecycle-calls STORE-URL [install]\n");
        return 64;
    }
    t.install_only = argc > 2 && strcmp(argv[2], "install") == 0;
    t.beat_only = argc > 2 && strcmp(argv[2], "beat") == 0;
    must(uv_loop_init(&t.loop) == 0);
    t.store = store_new(&t.loop, &config);
    t.life = lifecycle_new(t.store);
    store_on_up(t.store, on_up, NULL);
    store_open(t.store);
    (void)uv_run(&t.loop, UV_RUN_DEFAULT);
    must(uv_loop_close(&t.loop) == 0);
    buf_fini(&why);
    return 0;
}
