/* state_file: DIR/state.json, where tools read what runs.
 *
 *     {"pid": 1, "dir": "/…", "ready": true, "region": …, "jwt_secret_file": "/…/jwt-secret",
 *      "store": "unix:///…", "ops": "http://127.0.0.1:8083/ops/",
 *      "urls": {"dispatcher": ["http://127.0.0.1:8080"], "ingest": …, "pricing": …, "gateway": …},
 *      "processes": [{"name": "hansom-store", "pid": 2, "state": "ready", "restarts": 0,
 *                     "port": 7379, "admin": "http://127.0.0.1:9379"}]}
 *
 * It is replaced whole, by rename: a reader never sees half of one.
 */
#ifndef HANSOM_CLI_STATE_FILE_H
#define HANSOM_CLI_STATE_FILE_H

#include "cli/child.h"

struct state_file {
    const char *dir;
    const char *store_url;
    const char *ops_url; /* "" when there is no ops page */
    const struct child *children;
    size_t count;
};

/* False when it could not be written. */
bool state_file_write(const struct state_file *s);

void state_file_remove(const char *dir);

#endif
