#include <stdio.h>
#include <stdlib.h>

#include "cli/ask.h"
#include "cli/command.h"

static const struct option_spec specs[] = {
#define OPT(field, ...) OPTION_SPEC(struct ask_options, field, __VA_ARGS__)
#include "cli/ask.def"
#undef OPT
};

static long long number(const json_t *object, const char *name)
{
    return (long long)json_integer_value(json_object_get(object, name));
}

static void print_group(const char *region, const json_t *g)
{
    const char *state = json_is_false(json_object_get(g, "registered")) ? "unregistered"
                        : json_is_false(json_object_get(g, "exists"))   ? "missing"
                                                                        : "registered";
    printf("%-8s %-15s %-16s %-12s %6lld %6lld %11.1f %7lld %11.1f %10lld\n", region,
           ask_text(g, "stream"), ask_text(g, "name"), state, number(g, "consumers"),
           number(g, "lag"), (double)number(g, "oldest_undelivered_ms") / 1000.0,
           number(g, "pending"), (double)number(g, "oldest_pending_ms") / 1000.0,
           number(g, "deliveries_max"));
}

/* A region that this dispatcher does not serve is none of its business. */
static bool print_region(const struct ask *a, const char *region)
{
    char path[96];
    json_t *body = NULL;
    snprintf(path, sizeof path, "/v1/ops/streams?region=%s", region);
    int status = ask(a, "GET", path, &body);
    const json_t *items = json_object_get(body, "items");
    bool elsewhere = status == 404 && a->options->region[0] == '\0';
    if (status != 200 && !elsewhere) ask_complain(a, status, body);
    for (size_t i = 0; status == 200 && i < json_array_size(items); i++)
        print_group(region, json_array_get(items, i));
    json_decref(body);
    return status == 200 || elsewhere;
}

int command_lag(int argc, char **argv)
{
    struct ask_options o;
    struct ask a;
    const struct option_group group = {"options", specs, sizeof specs / sizeof specs[0], &o};
    struct option_set set = {.program = "hansom lag",
                             .summary =
                                 "How far the groups of the streams are: what waits, what is "
                                 "held, and for how many seconds.",
                             .groups = &group,
                             .groups_count = 1};
    int status = command_options(&set, argc, argv);
    if (status == COMMAND_GOES_ON) {
        status = EXIT_FAILURE;
        if (ask_init(&a, set.program, &o)) {
            printf("%-8s %-15s %-16s %-12s %6s %6s %11s %7s %11s %10s\n", "region", "stream",
                   "group", "state", "readers", "lag", "waiting s", "pending", "pending s",
                   "deliveries");
            if (ask_each_region(&a, print_region)) status = EXIT_SUCCESS;
        }
        ask_fini(&a);
    }
    option_fini(&set);
    return status;
}
