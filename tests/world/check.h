/* check: the promises, read from what the store writes to its log, by code that shares nothing
 * with the Lua but the table of moves.
 *
 * Why the log: a record is what one call changed, all of it or nothing. So after each record the
 * whole must be right, in the middle of any exchange; and what survives a crash is a prefix of the
 * records, which the same code reads again.
 *
 * Layout:  model.c folds effects into rides, drivers, riders, timers and open work; check.c looks
 *          at them after each record.
 */
#ifndef HANSOM_TESTS_WORLD_CHECK_H
#define HANSOM_TESTS_WORLD_CHECK_H

#include "tests/world/model.h"

struct redisReply;

void check_begin(void);
void check_end(void);

/* One effect of a record, and the end of the record. */
void check_effect(const struct slice *argv, uint32_t argc);
void check_record(void);

/* The log is read back: nothing is known but what is read. At the end nothing that anybody was
 * told may be missing. */
void check_recovery_begins(void);
void check_recovery_ends(void);

/* A lifecycle call's reply reached a process: from now on the ride is at least at that version. No
 * process of ours asks for what can only be a mistake. */
void check_seen(const struct redisReply *reply);

/* A rider's request was answered with this ride: for ever, and with no other. */
void check_created(const char *rider, const char *key, const char *ride_id);

/* A command is about to be carried out; argc 0: it was. */
void check_command(const struct slice *argv, uint32_t argc);

/* The version that the ride is at; 0: there is none. */
int64_t check_version(const char *ride_id);

/* After quiet time: every ride has ended and every driver is free. */
bool check_is_quiet(void);
void check_quiet(void);

#endif
