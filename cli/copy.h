/* copy: what `hansom backup` and `hansom restore` share: a folder that holds one snapshot and says
 * what it must be.
 *
 *     FOLDER/dump.snapshot    as the store wrote it, checksummed by record (store/persist)
 *     FOLDER/backup.json      {"hansom_backup": 1, "snapshot": "dump.snapshot", "bytes": N,
 *                              "crc32c": "1a2b3c4d", "keys": N, "taken": unix seconds,
 *                              "store_version": "…"}
 *
 * Invariants: backup.json is made last, and whole: a folder without it is no backup.
 *
 * Functions print one line on stderr, after "hansom COMMAND: ", when they give false.
 */
#ifndef HANSOM_CLI_COPY_H
#define HANSOM_CLI_COPY_H

#include <stdbool.h>
#include <stdint.h>

#define COPY_SNAPSHOT "dump.snapshot"

struct copy_facts {
    uint64_t bytes;
    uint32_t crc; /* crc32c of the snapshot's bytes */
    uint64_t keys;
    int64_t taken_s;
    char store_version[32];
};

/* Says what went wrong; false, so that it can be returned. */
__attribute__((format(printf, 2, 3))) bool copy_fails(const char *command, const char *format, ...);

/* Makes the folder when it is missing; it must be empty. */
bool copy_make_folder(const char *command, const char *dir);

/* Copies everything that can be read from `from` to dir/name, on the disk, under another name
 * first. Sets bytes and crc of *facts. On an error nothing of that name is there. */
bool copy_write(const char *command, int from, const char *dir, const char *name,
                struct copy_facts *facts);

/* Writes and reads dir/backup.json. */
bool copy_facts_write(const char *command, const char *dir, const struct copy_facts *facts);
bool copy_facts_read(const char *command, const char *dir, struct copy_facts *facts);

/* Has `hansom-store --check` look at a folder; it prints what it found when that is not whole. */
bool copy_check(const char *command, const char *dir);

#endif
