/* feed: POST /v1/locations:batch, the fixes of a fleet whose cars report through its operator. */
#include "base/json.h"
#include "services/kit/core/ping_scan.h"
#include "services/kit/ids.h"
#include "services/location-ingest/ingest.h"

/* One feed: each accepted line waits for the batch it went into.
 *
 *   reading --each line--> refused, or waiting --all acknowledged--> 200
 *                                          +-----any was not-------> 503
 *
 * Owner: lives in the arena of its request, which outlives it. */
struct feed {
    struct http_req *req;
    size_t waiting; /* lines, and 1 while reading */
    enum store_status status;
    uint64_t accepted;
    struct buf rejected; /* owned: the finished members of the array */
    struct json json;    /* writes into rejected */
};

static void feed_end(struct feed *f)
{
    if (--f->waiting > 0) return;
    json_array_end(&f->json);
    if (f->status != STORE_OK) {
        http_store_problem(f->req, (int)f->status);
    } else {
        struct json j = json_start(http_out(f->req));
        json_object_start(&j);
        json_put_u64(&j, "accepted", f->accepted);
        json_put_raw(&j, "rejected", buf_slice(&f->rejected));
        json_object_end(&j);
        http_reply_json(f->req, 200);
    }
    buf_fini(&f->rejected);
}

static void on_acknowledged(void *data, enum store_status status)
{
    struct feed *f = data;
    if (status != STORE_OK) f->status = status;
    feed_end(f);
}

static void reject(struct feed *f, uint64_t line, const char *code)
{
    json_object_start(&f->json);
    json_put_u64(&f->json, "line", line);
    json_put_cstr(&f->json, "code", code);
    json_object_end(&f->json);
}

static void feed_line(struct feed *f, struct slice text, uint64_t line)
{
    struct ingest *in = http_svc(f->req);
    struct ping ping;
    char name[PING_ID_MAX + 1];
    struct ping_scan_error error;
    uint32_t counts[PING_VERDICTS] = {0};
    enum ping_scan verdict = ping_scan_line(text, &ping, name, &error);
    if (verdict != PING_SCAN_OK) {
        reject(f, line, verdict == PING_SCAN_MALFORMED ? "malformed" : "invalid_value");
        return;
    }
    struct slice id = slice_of(name);
    if (!id_valid(id)) {
        reject(f, line, "invalid_value");
        return;
    }
    if (!ingest_serves(in, id)) {
        reject(f, line, "not_found");
        return;
    }

    struct ping_wait *wait = arena_new(http_arena(f->req), struct ping_wait);
    wait->cb = on_acknowledged;
    wait->data = f;
    switch (ping_flow_put(in->flow, id, &ping, 1, http_now_ms(f->req), counts, wait)) {
    case PING_FLOW_WAITING:
        f->waiting++;
        f->accepted++;
        break;
    case PING_FLOW_FULL:
        reject(f, line, "rate_limited");
        break;
    case PING_FLOW_NOTHING:
        for (int v = PING_ACCEPTED + 1; v < PING_VERDICTS; v++)
            if (counts[v] > 0) reject(f, line, ping_verdict_text((enum ping_verdict)v));
        break;
    }
}

void feed_post(struct http_req *req)
{
    struct feed *f = arena_new(http_arena(req), struct feed);
    f->req = req;
    f->waiting = 1;
    f->status = STORE_OK;
    f->json = json_start(&f->rejected);
    json_array_start(&f->json);

    struct slice rest = http_body_bytes(req);
    struct slice text = {0};
    for (uint64_t line = 1; slice_cut(&rest, '\n', &text); line++) {
        text = slice_trim(text);
        if (text.len > 0) feed_line(f, text, line);
    }
    feed_end(f);
}
