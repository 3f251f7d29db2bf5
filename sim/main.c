/* hansom-sim: a city of riders and drivers, as their apps would behave, and the books of it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "sim/world.h"

enum { FILES_WANTED = 65536 };

static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= FILES_WANTED) return;
    limit.rlim_cur = limit.rlim_max < FILES_WANTED ? limit.rlim_max : FILES_WANTED;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* with fewer files a large run fails by itself */
}

/* False after it has said why the file could not be written. */
static bool write_report(const char *path, struct report *report)
{
    struct buf json = {0};
    report_json(report, &json);
    FILE *file = fopen(path, "w");
    bool good = file != NULL && fwrite(json.p, 1, json.len, file) == json.len;
    if (file != NULL && fclose(file) != 0) good = false;
    if (!good) fprintf(stderr, "hansom-sim: %s: %s\n", path, strerror(errno));
    buf_fini(&json);
    return good;
}

static void print_report(struct world *w)
{
    struct buf text = {0};
    report_text(&w->report, &text);
    struct slice notes = judge_notes(w->judge);
    if (notes.len > 0) fprintf(stderr, "%.*s", (int)notes.len, notes.p);
    fwrite(text.p, 1, text.len, stdout);
    buf_fini(&text);
}

int main(int argc, char **argv)
{
    struct options opt;
    struct world w;
    int status = options_read(&opt, argc, argv);
    if (status >= 0) {
        options_fini(&opt);
        return status;
    }
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    uv_loop_t loop;
    if (uv_loop_init(&loop) != 0) return EXIT_FAILURE;

    bool opened = world_open(&w, &opt, &loop);
    status = opened ? world_run(&w) : w.status;
    if (opened && status <= 1) {
        print_report(&w);
        if (opt.report != NULL && !write_report(opt.report, &w.report)) status = EXIT_FAILURE;
    }
    world_close(&w);
    uv_loop_close(&loop);
    options_fini(&opt);
    return status;
}
