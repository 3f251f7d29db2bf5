#include "log.h"

#include "base/clock.h"
#include "base/json.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static struct {
    const char *service;
    atomic_int level;
    atomic_int fd;
    atomic_int console; /* -1: not looked at yet */
    atomic_uint_fast64_t dropped;
} log_state = {.level = LOG_INFO, .fd = STDERR_FILENO, .console = -1};

static const char *const level_names[] = {"debug", "info", "warn", "error", "off"};

void log_init(const char *service, enum log_level level)
{
    log_state.service = service;
    log_set_level(level);
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&log_state.level, (int)level, memory_order_relaxed);
}

enum log_level log_get_level(void)
{
    return (enum log_level)atomic_load_explicit(&log_state.level, memory_order_relaxed);
}

bool log_level_parse(struct slice word, enum log_level *out)
{
    for (int i = LOG_DEBUG; i <= LOG_OFF; i++) {
        if (!slice_word(word, level_names[i])) continue;
        *out = (enum log_level)i;
        return true;
    }
    return false;
}

void log_to(int fd, bool console)
{
    atomic_store(&log_state.fd, fd);
    atomic_store(&log_state.console, console ? 1 : 0);
}

static bool log_is_console(void)
{
    int console = atomic_load_explicit(&log_state.console, memory_order_relaxed);
    if (console < 0) {
        console = isatty(atomic_load(&log_state.fd)) == 1 ? 1 : 0;
        atomic_store(&log_state.console, console);
    }
    return console == 1;
}

static void put_value(struct json *j, const struct log_field *f)
{
    switch (f->kind) {
    case LOG_KIND_STR:
        json_str(j, f->str);
        break;
    case LOG_KIND_INT:
        json_i64(j, f->number);
        break;
    case LOG_KIND_DOUBLE:
        json_double(j, f->real);
        break;
    case LOG_KIND_BOOL:
        json_bool(j, f->number != 0);
        break;
    case LOG_END:
        break;
    }
}

static void format_json(struct buf *line, enum log_level level, const char *event,
                        const struct log_field *fields, size_t n, uint64_t dropped)
{
    struct json j = json_start(line);
    json_object_start(&j);
    json_put_time(&j, "ts", clock_wall_ms());
    json_put_cstr(&j, "level", level_names[level]);
    if (log_state.service != NULL) json_put_cstr(&j, "service", log_state.service);
    json_put_cstr(&j, "event", event);
    if (dropped > 0) json_put_u64(&j, "log_lines_dropped", dropped);
    for (size_t i = 1; i < n && fields[i].kind != LOG_END; i++) {
        size_t before = line->len;
        struct json kept = j;
        json_key(&j, fields[i].key);
        put_value(&j, &fields[i]);
        if (line->len <= LOG_LINE_MAX - 32) continue;
        line->len = before; /* a field that does not fit is left out, so the line stays JSON */
        j = kept;
        json_put_bool(&j, "cut", true);
        break;
    }
    json_object_end(&j);
    buf_add_char(line, '\n');
}

static void format_console(struct buf *line, enum log_level level, const char *event,
                           const struct log_field *fields, size_t n, uint64_t dropped)
{
    static const char *const marks[] = {"debug", "info ", "WARN ", "ERROR", ""};
    char ts[CLOCK_TEXT];
    clock_format(clock_wall_ms(), ts);
    buf_addf(line, "%.12s %s %s", ts + 11, marks[level], event);
    if (dropped > 0) buf_addf(line, " log_lines_dropped=%llu", (unsigned long long)dropped);
    for (size_t i = 1; i < n && fields[i].kind != LOG_END; i++) {
        struct json j = json_start(line);
        buf_addf(line, " %s=", fields[i].key);
        put_value(&j, &fields[i]);
    }
    if (line->len > LOG_LINE_MAX - 1) line->len = LOG_LINE_MAX - 1;
    buf_add_char(line, '\n');
}

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
    if (level >= LOG_OFF || level < log_get_level()) return;

    int fd = atomic_load(&log_state.fd);
    struct pollfd writable = {.fd = fd, .events = POLLOUT};
    if (poll(&writable, 1, 0) == 0) {
        atomic_fetch_add(&log_state.dropped, 1);
        return;
    }

    uint64_t dropped = atomic_exchange(&log_state.dropped, 0);
    struct buf line = {0};
    if (log_is_console())
        format_console(&line, level, event, fields, n, dropped);
    else
        format_json(&line, level, event, fields, n, dropped);

    ssize_t written = 0;
    do {
        written = write(fd, line.p, line.len);
    } while (written < 0 && errno == EINTR);
    if (written < 0) atomic_fetch_add(&log_state.dropped, dropped + 1);
    buf_fini(&line);
}

bool log_gate_open(struct log_gate *g, int64_t now_ms, int64_t every_ms, uint64_t *held)
{
    if (now_ms < g->next_ms) {
        g->held++;
        return false;
    }
    g->next_ms = now_ms + every_ms;
    *held = g->held;
    g->held = 0;
    return true;
}
