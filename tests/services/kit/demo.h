/* demo: starts the demo service (demo.c) with a store of its own. */
#ifndef HANSOM_TESTS_KIT_DEMO_H
#define HANSOM_TESTS_KIT_DEMO_H

#include "base/clock.h"
#include "services/kit/auth.h"
#include "tests/lib/spawn.h"
#include "tests/lib/unit.h"

#include <signal.h>
#include <stdio.h>

#define DEMO_SECRET "a shared secret of tests"

struct demo_run {
    struct test_store store;
    struct program program;
    uint16_t port;
    uint16_t admin;
};

static inline uint16_t demo_port_of(struct slice line, const char *label)
{
    char text[256];
    slice_cstr(line, text, sizeof text);
    const char *at = strstr(text, label);
    ck_assert_ptr_nonnull(at);
    return (uint16_t)strtoul(at + strlen(label), NULL, 10);
}

/* Starts the program only; extra arguments end with NULL. */
static inline void demo_launch(struct demo_run *d, const char *store_url, const char *const *extra)
{
    const char *argv[24] = {KIT_DEMO,       "--store", store_url,      "--port",   "0",
                            "--admin-port", "0",       "--jwt-secret", DEMO_SECRET};
    size_t n = 9;
    for (; extra != NULL && *extra != NULL; extra++)
        argv[n++] = *extra;
    argv[n] = NULL;
    program_start(&d->program, argv);
}

static inline void demo_wait_ready(struct demo_run *d)
{
    struct slice line = program_wait_line(&d->program, "kit-demo ready", 20000);
    d->port = demo_port_of(line, " http=127.0.0.1:");
    d->admin = demo_port_of(line, " admin=127.0.0.1:");
}

static inline void demo_start_with(struct demo_run *d, const char *const *extra)
{
    *d = (struct demo_run){0};
    test_store_start(&d->store, false, NULL);
    demo_launch(d, d->store.url, extra);
    demo_wait_ready(d);
}

/* Ends it by SIGTERM; a sanitizer's finding would be another exit code. */
static inline void demo_end(struct demo_run *d)
{
    program_signal(&d->program, SIGTERM);
    int code = program_wait(&d->program, 20000);
    if (code != 0) (void)fprintf(stderr, "%.*s\n", (int)d->program.err.len, d->program.err.p);
    ck_assert_int_eq(code, 0);
    program_fini(&d->program);
    test_store_fini(&d->store);
}

/* Sends "METHOD PATH" with headers (each with its line end) and a body; gives the status. */
static inline int demo_ask(uint16_t port, const char *line, const char *headers, const char *body,
                           struct buf *out)
{
    struct buf request = {0};
    buf_addf(&request, "%s HTTP/1.1\r\nHost: x\r\n%s", line, headers == NULL ? "" : headers);
    if (body != NULL) buf_addf(&request, "Content-Length: %zu\r\n", strlen(body));
    buf_addf(&request, "\r\n%s", body == NULL ? "" : body);
    int status = http_ask(port, buf_slice(&request), out);
    buf_fini(&request);
    return status;
}

/* "Authorization: Bearer …\r\n", in out. */
static inline const char *demo_bearer(struct buf *out, enum auth_role role, int64_t exp_ms)
{
    struct auth_claims c = {.sub = "r77", .role = role, .exp_ms = exp_ms};
    buf_clear(out);
    buf_add_cstr(out, "Authorization: Bearer ");
    auth_sign_hs256(SLICE(DEMO_SECRET), &c, out);
    buf_add(out, "\r\n", 3); /* with the NUL */
    return out->p;
}

#endif
