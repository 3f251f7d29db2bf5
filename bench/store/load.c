/* load: a pipelined RESP client that keeps a store busy, and says how fast it answered.
 *
 *     load --port 6379 --workload geoadd --conns 32 --pipeline 16 --seconds 5 --keys 100000
 *
 * Each connection sends `pipeline` commands at once and sends the next ones when all are
 * answered; with --rate they are sent at set times instead, and latency counts from those. One
 * thread; pin it to another CPU than the store (taskset). Prints one line of JSON. With --fill
 * it only loads the data of the workload, once. The workload "publish" has one publisher and
 * `keys` subscribers.
 */
#include "load.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

int load_connect(const struct options *o)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)o->port)};
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&in, sizeof in) != 0) {
        (void)fprintf(stderr, "load: port %d: %s\n", o->port, strerror(errno));
        exit(EXIT_FAILURE);
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t quantile(const struct tally *t, double q)
{
    if (t->sample_count == 0) return 0;
    return t->samples[(uint32_t)(q * (t->sample_count - 1))];
}

static void report(const struct options *o, struct tally *t)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    qsort(t->samples, t->sample_count, sizeof *t->samples, by_size);
    (void)printf("{\"workload\":\"%s\",\"conns\":%u,\"pipeline\":%u,\"keys\":%u,\"ops\":%" PRIu64
                 ",\"seconds\":%.3f,\"ops_s\":%.0f,\"p50_us\":%u,\"p99_us\":%u,\"errors\":%" PRIu64
                 ",\"first_error\":\"%s\",\"client_cpu_s\":%.2f}\n",
                 o->workload, o->conns, o->pipeline, o->keys, t->answered, t->seconds,
                 (double)t->answered / t->seconds, quantile(t, 0.5), quantile(t, 0.99), t->errors,
                 t->first_error,
                 (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
                     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

static bool read_option(struct options *o, const char *name, const char *value)
{
    if (strcmp(name, "--port") == 0)
        o->port = atoi(value);
    else if (strcmp(name, "--workload") == 0)
        o->workload = value;
    else if (strcmp(name, "--places") == 0)
        o->places = value;
    else if (strcmp(name, "--conns") == 0)
        o->conns = (uint32_t)atoi(value);
    else if (strcmp(name, "--pipeline") == 0)
        o->pipeline = (uint32_t)atoi(value);
    else if (strcmp(name, "--keys") == 0)
        o->keys = (uint32_t)atoi(value);
    else if (strcmp(name, "--seconds") == 0)
        o->seconds = atof(value);
    else if (strcmp(name, "--rate") == 0)
        o->rate = atof(value);
    else if (strcmp(name, "--radius-km") == 0)
        o->radius_km = value;
    else if (strcmp(name, "--count") == 0)
        o->count = value;
    else
        return false;
    return true;
}

static bool read_options(struct options *o, int argc, char **argv)
{
    *o = (struct options){.port = 7379,
                          .workload = "set",
                          .places = "city",
                          .conns = 32,
                          .pipeline = 16,
                          .keys = 100000,
                          .seconds = 5,
                          .radius_km = "2",
                          .count = "5"};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--fill") == 0) {
            o->fill = true;
            continue;
        }
        if (i + 1 >= argc || !read_option(o, argv[i], argv[i + 1])) return false;
        i++;
    }
    return o->conns > 0 && o->pipeline > 0 && o->keys > 0;
}

int main(int argc, char **argv)
{
    struct options o;
    bool good = read_options(&o, argc, argv);
    bool fanout = good && strcmp(o.workload, "publish") == 0;
    const struct workload *w = good ? workload_find(o.workload) : NULL;
    if (!fanout && (w == NULL || (o.fill ? w->fill == NULL : w->next == NULL))) {
        (void)fprintf(stderr,
                      "usage: load --port N --workload NAME [--conns N] [--pipeline N] "
                      "[--seconds S] [--keys N]\n"
                      "            [--rate N] [--places city|airport|apron|FILE] [--radius-km R] "
                      "[--count N] [--fill]\n"
                      "The workloads are in bench/store/workload.c.\n");
        return 64;
    }
    struct tally t = {.samples = mem_array(SAMPLES_MAX, uint32_t)};
    if (fanout)
        load_fanout(&o, &t);
    else
        load_run(&o, w, &t);
    report(&o, &t);
    mem_free(t.samples);
    return t.errors > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
