/* server: commands on the process: saving, ending, memory, debugging, roles. */
#include "base/mem.h"
#include "store/cmd/exec.h"
#include "store/cmd/monitor.h"
#include "store/cmd/session_state.h"

#include <malloc.h>
#include <time.h>

/* TIME */
void cmd_time(struct cmd *c)
{
    reply_array(c->reply, 2);
    reply_bulk_i64(c->reply, c->engine->now_us / 1000000);
    reply_bulk_i64(c->reply, c->engine->now_us % 1000000);
}

/* ROLE */
void cmd_role(struct cmd *c)
{
    reply_array(c->reply, 3);
    reply_cstr(c->reply, "master");
    reply_int(c->reply, 0);
    reply_array(c->reply, 0);
}

/* WAIT numreplicas timeout: there are no replicas, so the answer is known at once. */
void cmd_wait(struct cmd *c)
{
    int64_t replicas = 0, timeout = 0;
    args_i64(c->args, &replicas);
    args_range(c->args, INT64_MIN, INT64_MAX, NULL, &timeout);
    if (c->args->error != NULL && c->args->at == 3)
        c->args->error = "ERR timeout is not an integer or out of range";
    if (args_ok(c->args) && timeout < 0) args_fail(c->args, "ERR timeout is negative");
    if (args_end(c->args, c->reply)) reply_int(c->reply, 0);
}

/* LOLWUT */
void cmd_lolwut(struct cmd *c)
{
    reply_verbatim(
        c->reply,
        arena_printf(c->arena, "  ___\n /   \\__\n `o---o-'\nRedis ver. %s\n", REDIS_VERSION_TEXT),
        "txt");
}

/* MODULE LIST */
void cmd_module_list(struct cmd *c)
{
    reply_array(c->reply, 0);
}

/* MODULE HELP */
void cmd_module_help(struct cmd *c)
{
    static const char *const lines[] = {"LIST", "    Return a list of loaded modules.", NULL};
    cmd_help(c, lines);
}

/* --- persistence: the process around us does it --- */

static void reply_done(struct cmd *c, const char *why, const char *done)
{
    if (why != NULL)
        reply_error(c->reply, why);
    else
        reply_status(c->reply, done);
}

/* LASTSAVE */
void cmd_lastsave(struct cmd *c)
{
    const struct engine_hooks *h = c->engine->hooks;
    bool known = h != NULL && h->lastsave_s != NULL;
    reply_int(c->reply, known ? h->lastsave_s(h->data) : c->engine->started_ms / 1000);
}

static void save(struct cmd *c, enum save_how how)
{
    const struct engine_hooks *h = c->engine->hooks;
    const char *done = "OK";
    const char *why = h == NULL || h->save == NULL ? "ERR snapshots are not available"
                                                   : h->save(h->data, how, &done);
    reply_done(c, why, done);
}

/* SAVE */
void cmd_save(struct cmd *c)
{
    save(c, SAVE_NOW);
}

/* BGSAVE [SCHEDULE] */
void cmd_bgsave(struct cmd *c)
{
    bool schedule = args_maybe(c->args, "SCHEDULE");
    if (args_end(c->args, c->reply)) save(c, schedule ? SAVE_SCHEDULE : SAVE_BACKGROUND);
}

/* BGREWRITEAOF */
void cmd_bgrewriteaof(struct cmd *c)
{
    const struct engine_hooks *h = c->engine->hooks;
    const char *done = "OK";
    const char *why = h == NULL || h->bgrewriteaof == NULL ? "ERR there is no append log"
                                                           : h->bgrewriteaof(h->data, &done);
    reply_done(c, why, done);
}

/* SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE] [ABORT] */
void cmd_shutdown(struct cmd *c)
{
    struct args *a = c->args;
    bool save_it = false, nosave = false, now = false, force = false, abort_it = false;
    while (args_ok(a) && args_left(a) > 0) {
        if (!nosave && args_maybe(a, "SAVE"))
            save_it = true;
        else if (!save_it && args_maybe(a, "NOSAVE"))
            nosave = true;
        else if (args_maybe(a, "NOW"))
            now = true;
        else if (args_maybe(a, "FORCE"))
            force = true;
        else if (args_maybe(a, "ABORT"))
            abort_it = true;
        else
            args_syntax(a);
    }
    if (abort_it && (save_it || nosave || now || force)) args_syntax(a);
    if (!args_end(a, c->reply)) return;
    if (abort_it) {
        reply_error(c->reply, "ERR No shutdown in progress.");
        return;
    }
    const struct engine_hooks *h = c->engine->hooks;
    const char *why = h == NULL || h->shutdown == NULL
                          ? "ERR Errors trying to SHUTDOWN. Check logs."
                          : h->shutdown(h->data,
                                        save_it  ? SHUTDOWN_SAVE
                                        : nosave ? SHUTDOWN_NOSAVE
                                                 : SHUTDOWN_BY_RULES,
                                        force);
    if (why != NULL) reply_error(c->reply, why);
}

/* --- MEMORY --- */

/* MEMORY USAGE key [SAMPLES count] */
void cmd_memory_usage(struct cmd *c)
{
    struct slice key = {0};
    int64_t samples = 5;
    args_key(c->args, &key);
    while (args_ok(c->args) && args_left(c->args) > 0) {
        args_word(c->args, "SAMPLES");
        args_range(c->args, 0, UINT32_MAX, err_text(ERR_SYNTAX), &samples);
    }
    if (!args_end(c->args, c->reply)) return;
    const struct entry *e = db_entry(c->db, key);
    if (e == NULL) {
        reply_null(c->reply);
        return;
    }
    size_t bytes = mem_size(e) + e->value->type->memory(e->value, (uint32_t)samples);
    if (e->expire_ms != EXPIRE_NEVER) bytes += 16;
    reply_int(c->reply, (int64_t)bytes);
}

/* MEMORY PURGE */
void cmd_memory_purge(struct cmd *c)
{
    (void)malloc_trim(0);
    reply_ok(c->reply);
}

/* MEMORY DOCTOR */
void cmd_memory_doctor(struct cmd *c)
{
    reply_verbatim(c->reply,
                   SLICE("Sam, I can't find any memory issue in your instance. I can "
                         "only account for what occurs on this base.\n"),
                   "txt");
}

/* MEMORY STATS */
void cmd_memory_stats(struct cmd *c)
{
    struct reply *r = c->reply;
    uint64_t keys = 0, tables = 0;
    for (uint32_t i = 0; i < ENGINE_DBS; i++) {
        keys += db_count(&c->engine->db[i]);
        tables += dict_memory(&c->engine->db[i].keys) + dict_memory(&c->engine->db[i].expires);
    }
    reply_map(r, 5);
    reply_cstr(r, "peak.allocated");
    reply_int(r, (int64_t)mem_peak());
    reply_cstr(r, "total.allocated");
    reply_int(r, (int64_t)mem_used());
    reply_cstr(r, "keys.count");
    reply_int(r, (int64_t)keys);
    reply_cstr(r, "keys.bytes-per-key");
    reply_int(r, keys == 0 ? 0 : (int64_t)(mem_used() / keys));
    reply_cstr(r, "overhead.hashtable.main");
    reply_int(r, (int64_t)tables);
}

/* MEMORY MALLOC-STATS */
void cmd_memory_malloc_stats(struct cmd *c)
{
    struct mallinfo2 m = mallinfo2();
    reply_verbatim(
        c->reply,
        arena_printf(c->arena,
                     "allocator: libc\nheap bytes: %zu\nmapped bytes: %zu in %zu pieces\n"
                     "in use: %zu\nfree in the heap: %zu in %zu chunks\n",
                     m.arena, m.hblkhd, m.hblks, m.uordblks, m.fordblks, m.ordblks),
        "txt");
}

/* MEMORY HELP */
void cmd_memory_help(struct cmd *c)
{
    static const char *const lines[] = {
        "DOCTOR",
        "    Return memory problems reports.",
        "MALLOC-STATS",
        "    Return internal statistics report from the memory allocator.",
        "PURGE",
        "    Attempt to purge dirty pages for reclamation by the allocator.",
        "STATS",
        "    Return information about the memory usage of the server.",
        "USAGE <key> [SAMPLES <count>]",
        "    Return memory in bytes used by <key> and its value. Nested values are",
        "    sampled up to <count> times (default: 5, 0 means sample all).",
        NULL};
    cmd_help(c, lines);
}

/* --- DEBUG --- */

static void debug_sleep(struct cmd *c)
{
    double seconds = 0;
    c->args->at = 2;
    args_double(c->args, &seconds);
    if (!args_end(c->args, c->reply)) return;
    if (seconds > 0 && seconds < 3600) {
        struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
        (void)nanosleep(&t, NULL);
    }
    reply_ok(c->reply);
}

/* One reply of each type, for tests of clients. */
static void debug_protocol(struct cmd *c)
{
    struct reply *r = c->reply;
    struct slice what = c->argv[2];
    if (slice_word(what, "string"))
        reply_cstr(r, "Hello World");
    else if (slice_word(what, "integer"))
        reply_int(r, 12345);
    else if (slice_word(what, "double"))
        reply_double(r, 3.141);
    else if (slice_word(what, "null"))
        reply_null(r);
    else if (slice_word(what, "array") || slice_word(what, "set")) {
        if (slice_word(what, "array"))
            reply_array(r, 3);
        else
            reply_set(r, 3);
        for (int i = 0; i < 3; i++)
            reply_int(r, i);
    } else if (slice_word(what, "map")) {
        reply_map(r, 3);
        for (int i = 0; i < 3; i++) {
            reply_int(r, i);
            reply_bool(r, i == 1);
        }
    } else if (slice_word(what, "verbatim"))
        reply_verbatim(r, SLICE("This is a verbatim\nstring"), "txt");
    else if (slice_word(what, "bignum"))
        reply_bignum(r, SLICE("1234567999999999999999999999999999999"));
    else if (slice_word(what, "true") || slice_word(what, "false"))
        reply_bool(r, slice_word(what, "true"));
    else
        reply_error(r, "ERR Wrong protocol type name. Please use one of the following: "
                       "string|integer|double|null|array|set|map|attrib|push|verbatim|true|false");
}

static bool debug_allowed(struct cmd *c)
{
    int64_t allowed = c->engine->config.enable_debug_command;
    char text[128];
    struct slice from = session_addr(c->session, text, false);
    bool local = (c->session->flags & SESSION_UNIX) != 0 || slice_starts(from, SLICE("127.")) ||
                 slice_starts(from, SLICE("[::1]"));
    if (allowed == DEBUG_YES || (allowed == DEBUG_LOCAL && local)) return true;
    reply_error(c->reply,
                "ERR DEBUG command not allowed. If the enable-debug-command option is set to "
                "\"local\", you can run it from a local connection, otherwise you need to set this "
                "option in the configuration file, and then restart the server.");
    return false;
}

/* DEBUG SLEEP seconds | ERROR text | PROTOCOL type | OBJECT key | SET-ACTIVE-EXPIRE 0|1 */
void cmd_debug(struct cmd *c)
{
    struct slice what = c->argv[1];
    if (!debug_allowed(c)) return;
    if (slice_word(what, "SLEEP") && c->argc == 3) {
        debug_sleep(c);
    } else if (slice_word(what, "PROTOCOL") && c->argc == 3) {
        debug_protocol(c);
    } else if (slice_word(what, "ERROR") && c->argc == 3) {
        reply_error_slice(c->reply, c->argv[2]);
    } else if (slice_word(what, "SET-ACTIVE-EXPIRE") && c->argc == 3) {
        c->engine->passive_expire = slice_is(c->argv[2], "0");
        reply_ok(c->reply);
    } else if (slice_word(what, "OBJECT") && c->argc == 3) {
        const struct entry *e = db_entry(c->db, c->argv[2]);
        if (e == NULL)
            reply_err(c->reply, ERR_NOKEY);
        else
            reply_status(c->reply,
                         arena_printf(c->arena,
                                      "Value at:%p refcount:1 encoding:%s "
                                      "serializedlength:%zu lru:%u lru_seconds_idle:%u",
                                      (void *)e->value, e->value->type->encoding(e->value),
                                      e->value->type->memory(e->value, 5), e->touched_s,
                                      entry_idle_s(c->engine, e))
                             .p);
    } else {
        reply_errorf(c->reply,
                     "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try DEBUG "
                     "HELP.",
                     (int)what.len, what.p);
    }
}
