/* primary: the store's process: the real engine, scripts and log, on a disk in memory.
 *
 * Clients are links (wire.c). What a command produced is held until the log is durable up to what
 * it depends on, as store/server does it with appendfsync always. A crash keeps of the disk what a
 * machine would find; what was acknowledged must be among it.
 */
#ifndef HANSOM_TESTS_WORLD_PRIMARY_H
#define HANSOM_TESTS_WORLD_PRIMARY_H

#include "base/buf.h"
#include "base/slice.h"
#include "tests/world/world.h"

/* The store's end of one connection. */
struct link;

/* Bytes for the client have left the store. */
typedef void (*link_out)(void *data, struct slice bytes);

void primary_begin(void);
void primary_end(void);

bool primary_is_up(void);
void primary_crash(void); /* the machine loses power */
void primary_doom(void);  /* the same, in the middle of the next write */
void primary_start(void);
void primary_pause(int64_t us);

/* How long it still does nothing; 0: it runs. Nothing arrives meanwhile. */
int64_t primary_busy_us(void);
void primary_step_clock(int64_t us);

/* The store's wall clock, as its commands see it. */
int64_t primary_wall_ms(void);

/* NULL when nobody listens. out runs whenever bytes leave; never after link_close. */
struct link *link_open(link_out out, void *data);
void link_close(struct link *l);

/* The link's end, which is told once the store has gone by itself. */
void link_on_gone(struct link *l, void (*gone)(void *data));

/* A command arrives. Copied when it must wait. */
void link_command(struct link *l, const struct slice *argv, uint32_t argc);

#endif
