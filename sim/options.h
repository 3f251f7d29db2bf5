/* options: what hansom-sim was asked to do. */
#ifndef HANSOM_SIM_OPTIONS_H
#define HANSOM_SIM_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

enum { DISPATCHERS_MAX = 8 };

struct options {
    const char *trips; /* NULL: generate */
    int64_t from_ms;   /* < 0: the busiest window */
    double seconds;    /* of wall time */
    double speedup;
    double drain_s; /* how long rides may take to finish afterwards */
    uint64_t seed;
    uint32_t drivers;
    const char *region; /* NULL: from the file */
    const char *report; /* NULL: none is written */
    const char *secret_file;
    char *dispatchers[DISPATCHERS_MAX]; /* URLs; point into dispatcher_list */
    size_t dispatchers_count;
    char *dispatcher_list; /* owned */
    const char *ingest;
    const char *pricing;
    const char *gateway;
};

/* Reads argv. Returns -1 to go on, or the exit status after --help, --version or a mistake that
 * it has explained in one line. */
int options_read(struct options *o, int argc, char **argv);

void options_fini(struct options *o);

#endif
