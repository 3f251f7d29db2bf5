/* log: one event a line on stderr, as JSON, or in a readable form on a terminal.
 *
 *     log_info("ride_created", LOG_STR("ride_id", id), LOG_INT("attempt", 1));
 *     {"ts":"2026-11-23T12:00:00.000Z","level":"info","service":"hansom-dispatcher",
 *      "event":"ride_created","ride_id":"la-01J9","attempt":1}
 *
 * Who logs: the handler or main that decides what happens, once, with ids. Never a token, a
 * start code, a secret or (at info and above) a precise position.
 *
 * Cost:  a line that is off costs one load and a branch. A line is at most LOG_LINE_MAX bytes,
 *        so that writing it to a pipe which poll calls writable never blocks; when the reader of
 *        our stderr is too slow, lines are dropped and the next one that fits says how many.
 * Owner: one log a process; any thread may write.
 */
#ifndef HANSOM_BASE_LOG_H
#define HANSOM_BASE_LOG_H

#include "base/slice.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF };

enum { LOG_LINE_MAX = 4096 };

enum log_kind { LOG_END, LOG_KIND_STR, LOG_KIND_INT, LOG_KIND_DOUBLE, LOG_KIND_BOOL };

struct log_field {
    const char *key;
    enum log_kind kind;
    struct slice str;
    int64_t number;
    double real;
};

#define LOG_STR(name, value)                                                                       \
    ((struct log_field){.key = (name), .kind = LOG_KIND_STR, .str = (value)})
#define LOG_CSTR(name, value) LOG_STR((name), slice_of(value))
#define LOG_INT(name, value)                                                                       \
    ((struct log_field){.key = (name), .kind = LOG_KIND_INT, .number = (int64_t)(value)})
#define LOG_DOUBLE(name, value)                                                                    \
    ((struct log_field){.key = (name), .kind = LOG_KIND_DOUBLE, .real = (value)})
#define LOG_BOOL(name, value)                                                                      \
    ((struct log_field){.key = (name), .kind = LOG_KIND_BOOL, .number = (value) ? 1 : 0})

/* Names the process in every line (service is borrowed for ever) and sets the least level
 * that is written. Before this call lines carry no service and the level is info. */
void log_init(const char *service, enum log_level level);

void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* "debug", "info", "warn", "error" or "off". */
bool log_level_parse(struct slice word, enum log_level *out);

/* Lines go to fd instead of stderr; console picks the readable form. For tests. */
void log_to(int fd, bool console);

/* Writes one line. fields[0] is ignored (the macros need it); an entry of kind LOG_END after
 * it ends the list early. */
void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n);

#define LOG_AT(level, event, ...)                                                                  \
    do {                                                                                           \
        if ((level) >= log_get_level()) {                                                          \
            const struct log_field log_fields_[] = {{.key = NULL}, ##__VA_ARGS__};                 \
            log_write((level), (event), log_fields_, sizeof log_fields_ / sizeof log_fields_[0]);  \
        }                                                                                          \
    } while (0)

#define log_debug(event, ...) LOG_AT(LOG_DEBUG, event, ##__VA_ARGS__)
#define log_info(event, ...)  LOG_AT(LOG_INFO, event, ##__VA_ARGS__)
#define log_warn(event, ...)  LOG_AT(LOG_WARN, event, ##__VA_ARGS__)
#define log_error(event, ...) LOG_AT(LOG_ERROR, event, ##__VA_ARGS__)

/* A gate for events that may come in floods: true at most once every `every_ms`; *held is
 * how many were refused since. Zero it to start.
 *
 *     static struct log_gate gate;
 *     if (log_gate_open(&gate, now_ms, 1000, &held)) log_warn("store_down", LOG_INT("held", held)); */
struct log_gate {
    int64_t next_ms;
    uint64_t held;
};
bool log_gate_open(struct log_gate *g, int64_t now_ms, int64_t every_ms, uint64_t *held);

#endif
