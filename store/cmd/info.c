/* info: INFO and its sections. */
#include "base/clock.h"
#include "base/mem.h"
#include "store/cmd/exec.h"
#include "store/cmd/session_state.h"
#include "store/engine/pubsub.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Lines the process around us adds to a section. */
static void add_hook(const struct engine *e, const char *section, struct buf *out)
{
    if (e->hooks != NULL && e->hooks->info != NULL) e->hooks->info(e->hooks->data, section, out);
}

static void info_server(struct engine *e, struct buf *out)
{
    struct utsname os;
    int64_t up_s = (e->now_ms - e->started_ms) / 1000;
    if (uname(&os) != 0) os = (struct utsname){.sysname = "unknown"};
    buf_addf(out, "redis_version:%s\r\nhansom_store_version:%s\r\n", REDIS_VERSION_TEXT,
             HANSOM_VERSION);
    buf_addf(out, "redis_git_sha1:00000000\r\nredis_git_dirty:0\r\nredis_build_id:0\r\n"
                  "redis_mode:standalone\r\n");
    buf_addf(out, "os:%s %s %s\r\narch_bits:64\r\nmonotonic_clock:POSIX clock_gettime\r\n",
             os.sysname, os.release, os.machine);
    buf_addf(out, "multiplexing_api:epoll\r\natomicvar_api:c11-builtin\r\ngcc_version:%s\r\n",
             __VERSION__);
    buf_addf(out, "process_id:%d\r\nprocess_supervised:no\r\nrun_id:%s\r\ntcp_port:%lld\r\n",
             (int)getpid(), e->run_id, (long long)e->config.port);
    buf_addf(out, "server_time_usec:%lld\r\nuptime_in_seconds:%lld\r\nuptime_in_days:%lld\r\n",
             (long long)e->now_us, (long long)up_s, (long long)(up_s / 86400));
    buf_addf(out, "hz:%lld\r\nconfigured_hz:%lld\r\nlru_clock:%u\r\n", (long long)e->config.hz,
             (long long)e->config.hz, e->now_s & 0xffffffU);
    buf_addf(out, "executable:\r\nconfig_file:%s\r\nio_threads_active:0\r\n",
             e->config.file == NULL ? "" : e->config.file);
    add_hook(e, "server", out);
}

static void info_clients(struct engine *e, struct buf *out)
{
    uint32_t pubsub = 0;
    list_each(at, &e->sessions) pubsub +=
        session_sub_count(list_entry(at, struct session, all)) > 0;
    buf_addf(out,
             "connected_clients:%u\r\ncluster_connections:0\r\nmaxclients:%lld\r\n"
             "client_recent_max_input_buffer:0\r\nclient_recent_max_output_buffer:0\r\n"
             "blocked_clients:%u\r\ntracking_clients:0\r\nclients_in_timeout_table:%zu\r\n"
             "pubsub_clients:%u\r\n",
             e->session_count, (long long)e->config.maxclients, e->blocked_count,
             e->deadlines.count, pubsub);
    add_hook(e, "clients", out);
}

static size_t resident_bytes(void)
{
    unsigned long pages = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL) return 0;
    if (fscanf(f, "%lu %lu", &pages, &resident) != 2) resident = 0;
    (void)fclose(f);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void human(char out[static 32], size_t n)
{
    static const char units[] = "BKMGT";
    double d = (double)n;
    size_t u = 0;
    for (; d >= 1024 && units[u + 1] != '\0'; u++)
        d /= 1024;
    (void)snprintf(out, 32, u == 0 ? "%.0f%c" : "%.2f%c", d, units[u]);
}

static void info_memory(struct engine *e, struct buf *out)
{
    size_t used = mem_used(), peak = mem_peak(), rss = resident_bytes();
    char text[32];
    human(text, used);
    buf_addf(out, "used_memory:%zu\r\nused_memory_human:%s\r\n", used, text);
    human(text, rss);
    buf_addf(out, "used_memory_rss:%zu\r\nused_memory_rss_human:%s\r\n", rss, text);
    human(text, peak);
    buf_addf(out, "used_memory_peak:%zu\r\nused_memory_peak_human:%s\r\n", peak, text);
    buf_addf(out, "used_memory_peak_perc:%.2f%%\r\n",
             peak == 0 ? 0.0 : 100.0 * (double)used / (double)peak);
    human(text, (size_t)e->config.maxmemory);
    struct buf policy = {0};
    (void)config_get(&e->config, SLICE("maxmemory-policy"), &policy);
    buf_addf(out, "maxmemory:%lld\r\nmaxmemory_human:%s\r\nmaxmemory_policy:%.*s\r\n",
             (long long)e->config.maxmemory, text, (int)policy.len, policy.p);
    buf_fini(&policy);
    buf_addf(
        out,
        "mem_fragmentation_ratio:%.2f\r\nmem_allocator:libc\r\nlazyfree_pending_objects:%llu\r\n",
        used == 0 ? 0.0 : (double)rss / (double)used, (unsigned long long)e->trash_count);
    add_hook(e, "memory", out);
}

static void info_persistence(struct engine *e, struct buf *out)
{
    buf_addf(out, "loading:%d\r\nasync_loading:0\r\n", e->loading);
    add_hook(e, "persistence", out);
}

static void info_stats(struct engine *e, struct buf *out)
{
    const struct engine_stats *s = &e->stats;
    uint64_t ops = 0;
    for (size_t i = 0; i < 16; i++)
        ops += s->ops_sample[i];
    buf_addf(out,
             "total_connections_received:%llu\r\ntotal_commands_processed:%llu\r\n"
             "instantaneous_ops_per_sec:%llu\r\ntotal_net_input_bytes:%llu\r\n"
             "total_net_output_bytes:%llu\r\nrejected_connections:%llu\r\n"
             "evicted_clients:%llu\r\nclient_query_buffer_limit_disconnections:%llu\r\n"
             "client_output_buffer_limit_disconnections:%llu\r\n",
             (unsigned long long)s->connections, (unsigned long long)s->commands,
             (unsigned long long)(ops / 16), (unsigned long long)s->net_in,
             (unsigned long long)s->net_out, (unsigned long long)s->rejected_connections,
             (unsigned long long)s->evicted_clients, (unsigned long long)s->query_limit_ends,
             (unsigned long long)s->output_limit_ends);
    buf_addf(out,
             "expired_keys:%llu\r\nevicted_keys:%llu\r\nkeyspace_hits:%llu\r\n"
             "keyspace_misses:%llu\r\npubsub_channels:%zu\r\npubsub_patterns:%zu\r\n"
             "pubsubshard_channels:%zu\r\ntotal_error_replies:%llu\r\n",
             (unsigned long long)s->expired_keys, (unsigned long long)s->evicted_keys,
             (unsigned long long)s->hits, (unsigned long long)s->misses, e->channels.count,
             e->patterns.count, e->shard_channels.count, (unsigned long long)s->errors);
    add_hook(e, "stats", out);
}

static void info_replication(struct engine *e, struct buf *out)
{
    buf_addf(out,
             "role:master\r\nconnected_slaves:0\r\nmaster_failover_state:no-failover\r\n"
             "master_replid:%s\r\nmaster_replid2:%040d\r\nmaster_repl_offset:0\r\n"
             "second_repl_offset:-1\r\nrepl_backlog_active:0\r\nrepl_backlog_size:1048576\r\n"
             "repl_backlog_first_byte_offset:0\r\nrepl_backlog_histlen:0\r\n",
             e->run_id, 0);
}

static void info_cpu(struct engine *e, struct buf *out)
{
    (void)e;
    struct rusage us;
    if (getrusage(RUSAGE_SELF, &us) != 0) return;
    buf_addf(out, "used_cpu_sys:%ld.%06ld\r\nused_cpu_user:%ld.%06ld\r\n", us.ru_stime.tv_sec,
             us.ru_stime.tv_usec, us.ru_utime.tv_sec, us.ru_utime.tv_usec);
}

static void info_modules(struct engine *e, struct buf *out)
{
    add_hook(e, "modules", out);
}

static void info_commandstats(struct engine *e, struct buf *out)
{
    uint32_t n = 0;
    const struct cmd_spec *specs = cmd_specs(&n);
    for (uint32_t i = 0; i < n; i++) {
        const struct cmd_stats *s = &e->cmd_stats[i];
        if (s->calls == 0 && s->rejected == 0 && s->failed == 0) continue;
        buf_addf(out,
                 "cmdstat_%s:calls=%llu,usec=%llu,usec_per_call=%.2f,rejected_calls=%llu,"
                 "failed_calls=%llu\r\n",
                 specs[i].name, (unsigned long long)s->calls, (unsigned long long)s->usec,
                 s->calls == 0 ? 0.0 : (double)s->usec / (double)s->calls,
                 (unsigned long long)s->rejected, (unsigned long long)s->failed);
    }
}

static void info_latencystats(struct engine *e, struct buf *out)
{
    uint32_t n = 0;
    const struct cmd_spec *specs = cmd_specs(&n);
    for (uint32_t i = 0; i < n; i++) {
        const uint64_t *took = e->cmd_stats[i].took;
        if (e->cmd_stats[i].calls == 0) continue;
        buf_addf(out, "latency_percentiles_usec_%s:p50=%llu.000,p99=%llu.000,p99.9=%llu.000\r\n",
                 specs[i].name, (unsigned long long)latency_quantile(took, 0.5),
                 (unsigned long long)latency_quantile(took, 0.99),
                 (unsigned long long)latency_quantile(took, 0.999));
    }
}

static void info_errorstats(struct engine *e, struct buf *out)
{
    for (uint32_t i = 0; i < e->error_count; i++)
        buf_addf(out, "errorstat_%s:count=%llu\r\n", e->errors[i].code,
                 (unsigned long long)e->errors[i].count);
}

static void info_cluster(struct engine *e, struct buf *out)
{
    (void)e;
    buf_add_cstr(out, "cluster_enabled:0\r\n");
}

static void info_keyspace(struct engine *e, struct buf *out)
{
    for (uint32_t i = 0; i < ENGINE_DBS; i++) {
        const struct db *db = &e->db[i];
        if (db_count(db) == 0) continue;
        buf_addf(out, "db%u:keys=%llu,expires=%llu,avg_ttl=0\r\n", i,
                 (unsigned long long)db_count(db), (unsigned long long)dict_count(&db->expires));
    }
}

static const struct {
    const char *name, *title;
    void (*add)(struct engine *e, struct buf *out);
    bool by_default;
} sections[] = {
    {"server", "Server", info_server, true},
    {"clients", "Clients", info_clients, true},
    {"memory", "Memory", info_memory, true},
    {"persistence", "Persistence", info_persistence, true},
    {"stats", "Stats", info_stats, true},
    {"replication", "Replication", info_replication, true},
    {"cpu", "CPU", info_cpu, true},
    {"modules", "Modules", info_modules, true},
    {"commandstats", "Commandstats", info_commandstats, false},
    {"errorstats", "Errorstats", info_errorstats, true},
    {"latencystats", "Latencystats", info_latencystats, false},
    {"cluster", "Cluster", info_cluster, true},
    {"keyspace", "Keyspace", info_keyspace, true},
};

static bool is_wanted(const struct cmd *c, const char *name, bool by_default)
{
    if (c->argc == 1) return by_default;
    for (uint32_t i = 1; i < c->argc; i++) {
        if (slice_word(c->argv[i], name) || slice_word(c->argv[i], "all") ||
            slice_word(c->argv[i], "everything"))
            return true;
        if (slice_word(c->argv[i], "default") && by_default) return true;
    }
    return false;
}

/* INFO [section …] */
void cmd_info(struct cmd *c)
{
    struct buf text = {0};
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        if (!is_wanted(c, sections[i].name, sections[i].by_default)) continue;
        if (text.len > 0) buf_add_cstr(&text, "\r\n");
        buf_addf(&text, "# %s\r\n", sections[i].title);
        sections[i].add(c->engine, &text);
    }
    reply_verbatim(c->reply, buf_slice(&text), "txt");
    buf_fini(&text);
}
