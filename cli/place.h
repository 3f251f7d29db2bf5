/* place: the directory that `hansom up` works in, and the machine around it.
 *
 *     DIR/state.json      what runs, for `hansom status`, the simulator and scripts
 *     DIR/jwt-secret      shared by services and tools, mode 0600
 *     DIR/log/NAME.log    what each process wrote to stderr
 *     DIR/store/          the store's log and snapshots
 */
#ifndef HANSOM_CLI_PLACE_H
#define HANSOM_CLI_PLACE_H

#include <stdint.h>

#include "base/buf.h"

/* Makes DIR, DIR/log and DIR/store, and the secret if it is absent; *out is DIR's absolute path.
 * False after it has said why it cannot. */
bool place_make(const char *dir, struct buf *out);

/* Appends the secret's text. */
bool place_read_secret(const char *dir, struct buf *out);

/* Appends a whole file; false when it cannot be read. */
bool place_read_file(const char *path, struct buf *out);

/* The directory of this very program, where its siblings are. */
bool place_of_programs(struct buf *out);

/* The regions file: `given` if not empty, else config/regions.json here or by the programs. */
bool place_find_regions(const char *given, const char *programs, struct buf *out);

/* Calls fn with `region` or, when that is "", with each region of the regions file (place_find_regions).
 * False when fn once gave false, or after it has said that there is no such file. */
bool place_each_region(const char *program, const char *region, const char *regions_file,
                       bool (*fn)(void *data, const char *region), void *data);

/* The first port from `wanted` on that nobody listens on and that is not among the n taken. 0
 * when there is none in the next thousand. */
uint16_t place_free_port(uint16_t wanted, const uint16_t *taken, size_t n);

#endif
