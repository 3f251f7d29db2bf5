#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/slice.h"

enum { EXIT_USAGE_BAD = 64 };

static const char help[] =
    "usage: hansom-sim --jwt-secret-file FILE [options]\n"
    "\n"
    "Drives a city of riders and drivers through the public APIs and checks the books.\n"
    "\n"
    "  --jwt-secret-file FILE  the secret that the services check tokens with\n"
    "  --dispatcher URL[,URL]  (http://127.0.0.1:8080)\n"
    "  --ingest URL            (http://127.0.0.1:8081)\n"
    "  --pricing URL           (http://127.0.0.1:8082)\n"
    "  --gateway URL           (http://127.0.0.1:8083)\n"
    "  --trips FILE            recorded trips or a trace, CSV, may be gzipped; else generated\n"
    "  --from TIME             where in the file to begin (RFC 3339); else its busiest window\n"
    "  --region ID             else told from the file's places (la when generated)\n"
    "  --drivers N             (200)\n"
    "  --seconds N             length of the run in wall time (60)\n"
    "  --speedup X             demand and motion are so much faster (1)\n"
    "  --drain N               seconds that rides may take to finish afterwards (120)\n"
    "  --seed N                (1)\n"
    "  --report FILE           write the report there as JSON\n"
    "  --help, --version\n"
    "\n"
    "Exits 0 when the books balance, 1 when they do not, 64 for wrong options, 69 when the\n"
    "services cannot be reached.\n";

static int refuse(const char *option, const char *value)
{
    fprintf(stderr, "hansom-sim: --%s: not a valid value: %s\n", option, value);
    return EXIT_USAGE_BAD;
}

static bool number(const char *text, double min, double max, double *out)
{
    double d = 0;
    if (!slice_double(slice_of(text), &d) || d < min || d > max) return false;
    *out = d;
    return true;
}

static bool whole(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t n = 0;
    if (!slice_u64(slice_of(text), &n) || n < min || n > max) return false;
    *out = n;
    return true;
}

static bool dispatchers_read(struct options *o, const char *list)
{
    mem_free(o->dispatcher_list);
    o->dispatcher_list = mem_dup(list, strlen(list) + 1);
    o->dispatchers_count = 0;
    char *save = NULL;
    for (char *url = strtok_r(o->dispatcher_list, ",", &save); url != NULL;
         url = strtok_r(NULL, ",", &save)) {
        if (o->dispatchers_count == DISPATCHERS_MAX) return false;
        o->dispatchers[o->dispatchers_count++] = url;
    }
    return o->dispatchers_count > 0;
}

static const struct option known[] = {
    {"jwt-secret-file", required_argument, NULL, 'j'},
    {"dispatcher", required_argument, NULL, 'd'},
    {"ingest", required_argument, NULL, 'i'},
    {"pricing", required_argument, NULL, 'p'},
    {"gateway", required_argument, NULL, 'g'},
    {"trips", required_argument, NULL, 't'},
    {"from", required_argument, NULL, 'f'},
    {"region", required_argument, NULL, 'r'},
    {"drivers", required_argument, NULL, 'n'},
    {"seconds", required_argument, NULL, 's'},
    {"speedup", required_argument, NULL, 'x'},
    {"drain", required_argument, NULL, 'w'},
    {"seed", required_argument, NULL, 'e'},
    {"report", required_argument, NULL, 'o'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},
    {NULL, 0, NULL, 0},
};

/* False when the value is not valid. */
static bool option_take(struct options *o, int letter, const char *value)
{
    uint64_t n = 0;
    switch (letter) {
    case 'j':
        o->secret_file = value;
        return true;
    case 'd':
        return dispatchers_read(o, value);
    case 'i':
        o->ingest = value;
        return true;
    case 'p':
        o->pricing = value;
        return true;
    case 'g':
        o->gateway = value;
        return true;
    case 't':
        o->trips = value;
        return true;
    case 'f':
        return clock_parse(slice_of(value), &o->from_ms) == 0;
    case 'r':
        o->region = value;
        return true;
    case 'n':
        if (!whole(value, 1, 20000, &n)) return false;
        o->drivers = (uint32_t)n;
        return true;
    case 's':
        return number(value, 0.1, 86400, &o->seconds);
    case 'x':
        return number(value, 0.01, 1000, &o->speedup);
    case 'w':
        return number(value, 0, 3600, &o->drain_s);
    case 'e':
        return whole(value, 0, UINT64_MAX, &o->seed);
    case 'o':
        o->report = value;
        return true;
    default:
        return false;
    }
}

int options_read(struct options *o, int argc, char **argv)
{
    *o = (struct options){
        .from_ms = -1,
        .seconds = 60,
        .speedup = 1,
        .drain_s = 120,
        .seed = 1,
        .drivers = 200,
        .ingest = "http://127.0.0.1:8081",
        .pricing = "http://127.0.0.1:8082",
        .gateway = "http://127.0.0.1:8083",
    };
    dispatchers_read(o, "http://127.0.0.1:8080");
    int letter = 0;
    int index = 0;
    while ((letter = getopt_long(argc, argv, "", known, &index)) != -1) {
        if (letter == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (letter == 'v') {
            puts("hansom-sim " HANSOM_VERSION);
            return 0;
        }
        if (letter == '?') return EXIT_USAGE_BAD;
        if (!option_take(o, letter, optarg)) return refuse(known[index].name, optarg);
    }
    if (optind < argc) {
        fprintf(stderr, "hansom-sim: not an option: %s\n", argv[optind]);
        return EXIT_USAGE_BAD;
    }
    if (o->secret_file == NULL) {
        fputs("hansom-sim: --jwt-secret-file is needed (try --help)\n", stderr);
        return EXIT_USAGE_BAD;
    }
    return -1;
}

void options_fini(struct options *o)
{
    mem_free(o->dispatcher_list);
    o->dispatcher_list = NULL;
}
