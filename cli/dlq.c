#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "cli/ask.h"
#include "cli/command.h"

static const struct option_spec specs[] = {
#define OPT(field, ...) OPTION_SPEC(struct ask_options, field, __VA_ARGS__)
#include "cli/ask.def"
#undef OPT
};

enum { PATH_TEXT = 256, ID_TEXT = 48 };

static void print_letter(const char *region, const json_t *letter)
{
    printf("%-8s %-20s %-34s %-16s %10s  %s\n", region, ask_text(letter, "id"),
           ask_text(letter, "ride_id"), ask_text(letter, "reason"), ask_text(letter, "deliveries"),
           ask_text(letter, "last_error"));
}

/* All letters of a region, newest first, a page after the other. */
static bool list_region(const struct ask *a, const char *region)
{
    char cursor[ID_TEXT] = "";
    do {
        char path[PATH_TEXT];
        json_t *body = NULL;
        snprintf(path, sizeof path, "/v1/ops/dead-letters?region=%s%s%s", region,
                 cursor[0] == '\0' ? "" : "&cursor=", cursor);
        int status = ask(a, "GET", path, &body);
        bool elsewhere = status == 404 && a->options->region[0] == '\0';
        if (status != 200) {
            if (!elsewhere) ask_complain(a, status, body);
            json_decref(body);
            return elsewhere;
        }
        const json_t *items = json_object_get(body, "items");
        for (size_t i = 0; i < json_array_size(items); i++)
            print_letter(region, json_array_get(items, i));
        snprintf(cursor, sizeof cursor, "%s", ask_text(body, "next_cursor"));
        json_decref(body);
    } while (cursor[0] != '\0');
    return true;
}

static int dlq_list(const struct ask *a)
{
    printf("%-8s %-20s %-34s %-16s %10s  %s\n", "region", "id", "ride", "reason", "deliveries",
           "last error");
    return ask_each_region(a, list_region) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* show, redrive, discard: one request about one letter; what it says is printed. */
static int dlq_one(const struct ask *a, const char *method, const char *id, const char *act)
{
    char path[PATH_TEXT];
    json_t *body = NULL;
    if (a->options->region[0] == '\0') {
        fprintf(stderr, "%s: --region is needed\n", a->program);
        return EXIT_USAGE_BAD;
    }
    if (strlen(id) >= ID_TEXT || id[strspn(id, "0123456789-")] != '\0') {
        fprintf(stderr, "%s: %s is no id of a dead letter\n", a->program, id);
        return EXIT_USAGE_BAD;
    }
    snprintf(path, sizeof path, "/v1/ops/dead-letters/%s%s?region=%s", id, act, a->options->region);
    int status = ask(a, method, path, &body);
    bool done = status >= 200 && status < 300;
    if (!done) ask_complain(a, status, body);
    if (done && body != NULL) {
        json_dumpf(body, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        puts("");
    }
    json_decref(body);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

static const struct {
    const char *name;
    const char *method;
    const char *path; /* behind the letter's */
} acts[] = {
    {"show", "GET", ""},
    {"redrive", "POST", "/redrive"},
    {"discard", "POST", "/discard"},
};

static int run(const struct ask *a, const char **args, size_t n)
{
    if (n == 1 && strcmp(args[0], "list") == 0) return dlq_list(a);
    for (size_t i = 0; n == 2 && i < sizeof acts / sizeof acts[0]; i++)
        if (strcmp(args[0], acts[i].name) == 0)
            return dlq_one(a, acts[i].method, args[1], acts[i].path);
    fprintf(stderr, "%s: list, or show, redrive or discard and an id\n", a->program);
    return EXIT_USAGE_BAD;
}

int command_dlq(int argc, char **argv)
{
    struct ask_options o;
    struct ask a;
    const struct option_group group = {"options", specs, sizeof specs / sizeof specs[0], &o};
    struct option_set set = {.program = "hansom dlq",
                             .summary = "Work that was given up: look at it, send it back to be "
                                        "matched, or forget it.",
                             .operands = "list | show ID | redrive ID | discard ID",
                             .groups = &group,
                             .groups_count = 1};
    int status = command_options(&set, argc, argv);
    if (status == COMMAND_GOES_ON) {
        status = EXIT_FAILURE;
        if (ask_init(&a, set.program, &o)) status = run(&a, set.args, set.args_count);
        ask_fini(&a);
    }
    option_fini(&set);
    return status;
}
