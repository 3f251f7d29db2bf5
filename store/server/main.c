/* hansom-store: reads its settings, makes an engine and a server around it, and runs. */
#include "base/log.h"
#include "base/mem.h"
#include "store/cmd/exec.h"
#include "store/script/script.h"
#include "store/server/huge.h"
#include "store/server/options.h"
#include "store/server/server.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

extern char **environ;

static void set_log(const struct config *config)
{
    enum log_level level = LOG_INFO;
    static const struct {
        const char *word;
        enum log_level level;
    } words[] = {
        {"debug", LOG_DEBUG}, {"verbose", LOG_DEBUG}, {"notice", LOG_INFO}, {"warning", LOG_WARN}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(config->loglevel, words[i].word) == 0) level = words[i].level;
    log_init("hansom-store", level);
    if (config->logfile[0] == '\0') return;
    int fd = open(config->logfile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (fd >= 0) log_to(fd, false);
}

/* Ends the process for settings that are not for running; -1: run. */
static int settle(enum options_verdict verdict, const char *why)
{
    struct buf text = {0};
    switch (verdict) {
    case OPTIONS_RUN:
        return -1;
    case OPTIONS_HELP:
        options_help(&text);
        (void)fwrite(text.p, 1, text.len, stdout);
        buf_fini(&text);
        return EX_OK;
    case OPTIONS_VERSION:
        (void)printf("hansom-store %s\n", HANSOM_VERSION);
        return EX_OK;
    case OPTIONS_CHECK:
        (void)printf("hansom-store: the configuration is right\n");
        return EX_OK;
    case OPTIONS_BAD_FLAG:
        (void)fprintf(stderr, "hansom-store: %s\n", why);
        return EX_USAGE;
    case OPTIONS_BAD_VALUE:
        (void)fprintf(stderr, "hansom-store: %s\n", why);
        return EX_CONFIG;
    }
    return EX_SOFTWARE;
}

static void set_ephemeral(struct engine *e)
{
    struct slice rest = slice_of(e->config.ephemeral_keys);
    struct slice word = {0};
    struct slice *patterns = mem_array(rest.len / 2 + 1, struct slice);
    uint32_t count = 0;
    while (slice_cut(&rest, ' ', &word))
        if (word.len > 0) patterns[count++] = word;
    engine_ephemeral_set(e, patterns, count);
    mem_free(patterns);
}

static void write_pid(const struct config *config)
{
    if (config->pidfile[0] == '\0') return;
    FILE *f = fopen(config->pidfile, "we");
    if (f == NULL) return;
    (void)fprintf(f, "%ld\n", (long)getpid());
    (void)fclose(f);
}

static int serve(struct engine *e)
{
    char why[SERVER_ERROR] = "";
    struct server *s = server_new(e, &io_real);
    if (!server_open(s, why)) {
        log_error("cannot_start", LOG_CSTR("why", why));
        server_free(s);
        return EX_CONFIG;
    }
    write_pid(&e->config);
    (void)printf("hansom-store ready port=%d unixsocket=%s admin=%d\n", server_port(s),
                 e->config.unixsocket[0] == '\0' ? "-" : e->config.unixsocket,
                 server_admin_port(s));
    (void)fflush(stdout);
    int code = server_run(s);
    server_free(s);
    if (e->config.pidfile[0] != '\0') (void)unlink(e->config.pidfile);
    return code;
}

int main(int argc, char **argv)
{
    huge_restart(argv);
    char why[OPTIONS_ERROR] = "";
    (void)signal(SIGPIPE, SIG_IGN);
    /* Small blocks go back to where they came from one by one. Kept in a list of their own, a million
     * of them are merged by some later allocation, all at once: 0.2 s that nobody expects. */
    (void)mallopt(M_MXFAST, 0);
    (void)signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error of the write, not an end */
    int mended = options_mend(argc, argv, &io_real);
    if (mended >= 0) return mended;
    struct engine *e = engine_new();
    exec_attach(e);
    script_open(e);
    int code = settle(options_read(&e->config, argc, argv, environ, why), why);
    if (code < 0) {
        set_log(&e->config);
        if (e->config.huge_pages == 0) huge_refuse();
        set_ephemeral(e);
        const char *no = engine_settle(e);
        if (no != NULL) (void)fprintf(stderr, "hansom-store: notify-keyspace-events: %s\n", no);
        code = no == NULL ? serve(e) : EX_CONFIG;
    }
    script_close(e);
    exec_detach(e);
    engine_free(e);
    return code;
}
