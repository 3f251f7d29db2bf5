/* locations: POST /v1/drivers/{id}/locations, the hottest path of all. */
#include "base/json.h"
#include "services/kit/core/ping_scan.h"
#include "services/location-ingest/ingest.h"

/* One post: its points wait for the batch they went into.
 *
 *   judged --nothing accepted--> 202
 *     +-----newest in a batch--> waiting --acknowledged--> 202
 *                                   +-----otherwise------> 503
 *
 * Owner: lives in the arena of its request, which outlives it. */
struct post {
    struct http_req *req;
    struct ping_wait wait;
    uint32_t counts[PING_VERDICTS];
};

static void post_reply(struct post *p)
{
    const struct ingest *in = http_svc(p->req);
    struct json j = json_start(http_out(p->req));
    json_object_start(&j);
    json_put_u64(&j, "accepted", p->counts[PING_ACCEPTED]);
    json_put_object(&j, "dropped");
    for (int v = PING_ACCEPTED + 1; v < PING_VERDICTS; v++)
        json_put_u64(&j, ping_verdict_text((enum ping_verdict)v), p->counts[v]);
    json_object_end(&j);
    json_put_i64(&j, "next_interval_ms", ping_flow_interval_ms(in->flow, in->options.interval_ms));
    json_object_end(&j);
    http_reply_json(p->req, 202);
}

static void on_acknowledged(void *data, enum store_status status)
{
    struct post *p = data;
    if (status == STORE_OK)
        post_reply(p);
    else
        http_store_problem(p->req, (int)status);
}

/* Says what the scanner found wrong. */
static void refuse(struct http_req *req, enum ping_scan verdict, const struct ping_scan_error *e)
{
    if (verdict == PING_SCAN_MALFORMED) {
        http_problem(req, PROBLEM_MALFORMED, e->what);
        return;
    }
    struct buf text = {0};
    struct json j = json_start(&text);
    json_array_start(&j);
    json_object_start(&j);
    json_put_cstr(&j, "pointer", e->where);
    json_put_cstr(&j, "detail", e->what);
    json_object_end(&j);
    json_array_end(&j);
    http_problem_with(req, PROBLEM_INVALID_VALUE, NULL, "errors", buf_slice(&text));
    buf_fini(&text);
}

void locations_post(struct http_req *req)
{
    struct ingest *in = http_svc(req);
    struct slice id = http_param(req, "id");
    if (!slice_is(id, http_claims(req)->sub)) {
        http_problem(req, PROBLEM_FORBIDDEN, "A driver's token speaks for that driver only.");
        return;
    }
    if (!ingest_serves(in, id)) {
        http_problem(req, PROBLEM_NOT_FOUND, "This driver's region is not served here.");
        return;
    }

    struct ping points[PING_POINTS_MAX];
    uint32_t n = 0;
    struct ping_scan_error error;
    enum ping_scan verdict = ping_scan_points(http_body_bytes(req), points, &n, &error);
    if (verdict != PING_SCAN_OK) {
        refuse(req, verdict, &error);
        return;
    }

    struct post *p = arena_new(http_arena(req), struct post);
    p->req = req;
    p->wait.cb = on_acknowledged;
    p->wait.data = p;
    switch (ping_flow_put(in->flow, id, points, n, http_now_ms(req), p->counts, &p->wait)) {
    case PING_FLOW_NOTHING:
        post_reply(p);
        break;
    case PING_FLOW_WAITING:
        break;
    case PING_FLOW_FULL:
        http_problem(req, PROBLEM_RATE_LIMITED, "Too many drivers at once.");
        break;
    }
}
