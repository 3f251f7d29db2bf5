#include <arpa/inet.h>
#include <jansson.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/command.h"

struct status_options {
#define OPT OPTION_FIELD
#include "cli/status.def"
#undef OPT
};

static const struct option_spec specs[] = {
#define OPT(field, ...) OPTION_SPEC(struct status_options, field, __VA_ARGS__)
#include "cli/status.def"
#undef OPT
};

enum { ASK_S = 2, ANSWER_MAX = 64, STATUS_LINE_MIN = 12 };

/* The status of GET /readyz at that address; 0 when there is no answer. */
static int ask_readyz(const char *url)
{
    char answer[ANSWER_MAX] = "";
    static const char request[] = "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                                  "Connection: close\r\n\r\n";
    uint16_t port = ask_port_of(url);
    int fd = port == 0 ? -1 : socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return 0;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    struct timeval patience = {.tv_sec = ASK_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    size_t got = 0;
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
        send(fd, request, sizeof request - 1, MSG_NOSIGNAL) > 0) {
        ssize_t n = 0;
        do {
            n = recv(fd, answer + got, sizeof answer - 1 - got, 0);
            if (n > 0) got += (size_t)n;
        } while (n > 0 && got < STATUS_LINE_MIN);
    }
    close(fd);
    uint64_t status = 0;
    if (got < STATUS_LINE_MIN || !slice_u64(slice_make(answer + 9, 3), &status)) return 0;
    return (int)status;
}

static bool print_process(const json_t *p)
{
    const char *admin = ask_text(p, "admin");
    int readyz = ask_readyz(admin);
    json_int_t port = json_integer_value(json_object_get(p, "port"));
    char where[24] = "-";
    if (port != 0) snprintf(where, sizeof where, "%d", (int)port);
    const char *says = readyz == 200 ? "ready" : readyz == 0 ? "no answer" : "not ready";
    printf("%-26s %-7d %-6s %-24s %-9s %d\n", ask_text(p, "name"),
           (int)json_integer_value(json_object_get(p, "pid")), where, admin, says,
           (int)json_integer_value(json_object_get(p, "restarts")));
    return readyz == 200;
}

static bool print_table(const json_t *state)
{
    bool ready = true;
    const json_t *processes = json_object_get(state, "processes");
    printf("%-26s %-7s %-6s %-24s %-9s %s\n", "process", "pid", "port", "admin", "state",
           "restarts");
    for (size_t i = 0; i < json_array_size(processes); i++) {
        if (!print_process(json_array_get(processes, i))) ready = false;
    }
    printf("store %s\n", ask_text(state, "store"));
    return ready;
}

static bool print_alarms_of(const struct ask *a, const char *region)
{
    char path[96];
    json_t *body = NULL;
    snprintf(path, sizeof path, "/v1/ops/overview?region=%s", region);
    int status = ask(a, "GET", path, &body);
    const json_t *alarms = json_object_get(body, "alarms");
    for (size_t i = 0; i < json_array_size(alarms); i++)
        printf("alarm %s %s\n", region, json_string_value(json_array_get(alarms, i)));
    if (status != 200 && status != 404) ask_complain(a, status, body);
    json_decref(body);
    return status == 200 || status == 404; /* a region that is not served here */
}

/* What needs an operator, a line each; docs/operations.md says what to do. */
static void print_alarms(const struct status_options *o)
{
    struct ask a;
    struct ask_options where = {
        .dir = o->dir, .url = "", .token = "", .region = "", .regions_file = ""};
    if (ask_init(&a, "hansom status", &where)) (void)ask_each_region(&a, print_alarms_of);
    ask_fini(&a);
}

static int print_status(const struct status_options *o)
{
    char path[PATH_MAX];
    bool ready = false;
    snprintf(path, sizeof path, "%s/state.json", o->dir);
    json_t *state = json_load_file(path, 0, NULL);
    if (state == NULL) {
        fprintf(stderr, "hansom status: nothing runs in %s (no state.json there)\n", o->dir);
        return EXIT_FAILURE;
    }
    if (o->json) {
        json_dumpf(state, stdout, JSON_INDENT(2));
        puts("");
        ready = json_is_true(json_object_get(state, "ready"));
    } else {
        ready = print_table(state);
        print_alarms(o);
    }
    json_decref(state);
    return ready ? EXIT_SUCCESS : EXIT_FAILURE;
}

int command_status(int argc, char **argv)
{
    struct status_options o;
    const struct option_group group = {"options", specs, sizeof specs / sizeof specs[0], &o};
    struct option_set set = {.program = "hansom status",
                             .summary =
                                 "What runs, and whether it is ready; exits 1 if not all is.",
                             .groups = &group,
                             .groups_count = 1};
    int status = command_options(&set, argc, argv);
    if (status == COMMAND_GOES_ON) status = print_status(&o);
    option_fini(&set);
    return status;
}
