#include "state_file.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"

static const struct {
    const char *program;
    const char *url_name;
} public_ones[] = {
    {"hansom-dispatcher", "dispatcher"},
    {"hansom-location-ingest", "ingest"},
    {"hansom-pricing", "pricing"},
    {"hansom-ws-gateway", "gateway"},
};

static json_t *urls_json(const struct state_file *s)
{
    json_t *urls = json_object();
    for (size_t i = 0; i < sizeof public_ones / sizeof public_ones[0]; i++) {
        json_t *list = json_array();
        for (size_t k = 0; k < s->count; k++) {
            const struct child *c = &s->children[k];
            if (strcmp(c->program, public_ones[i].program) != 0) continue;
            json_array_append_new(list, json_sprintf("http://127.0.0.1:%d", c->port));
        }
        json_object_set_new(urls, public_ones[i].url_name, list);
    }
    return urls;
}

static json_t *child_json(const struct child *c)
{
    static const char *const states[] = {"down", "starting", "ready"};
    json_t *j = json_pack("{s:s, s:i, s:s, s:i, s:i}", "name", c->name, "pid", (int)c->pid, "state",
                          states[c->state], "restarts", (int)c->restarts, "port", (int)c->port);
    if (c->admin_port != 0) {
        json_object_set_new(j, "admin", json_sprintf("http://127.0.0.1:%d", c->admin_port));
    }
    return j;
}

bool state_file_write(const struct state_file *s)
{
    char path[PATH_MAX];
    char fresh[PATH_MAX];
    bool ready = true;
    json_t *processes = json_array();
    for (size_t i = 0; i < s->count; i++) {
        json_array_append_new(processes, child_json(&s->children[i]));
        if (s->children[i].state != CHILD_READY) ready = false;
    }
    json_t *j = json_object();
    json_object_set_new(j, "pid", json_integer(getpid()));
    json_object_set_new(j, "dir", json_string(s->dir));
    json_object_set_new(j, "ready", json_boolean(ready));
    json_object_set_new(j, "jwt_secret_file", json_sprintf("%s/jwt-secret", s->dir));
    json_object_set_new(j, "store", json_string(s->store_url));
    json_object_set_new(j, "ops", s->ops_url[0] == '\0' ? json_null() : json_string(s->ops_url));
    json_object_set_new(j, "urls", urls_json(s));
    json_object_set_new(j, "processes", processes);

    snprintf(path, sizeof path, "%s/state.json", s->dir);
    snprintf(fresh, sizeof fresh, "%s/state.json.new", s->dir);
    bool good = json_dump_file(j, fresh, JSON_INDENT(2)) == 0 && rename(fresh, path) == 0;
    json_decref(j);
    return good;
}

void state_file_remove(const char *dir)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/state.json", dir);
    unlink(path);
}
