/* tokens: taking a token back before it expires. */
#include "base/json.h"
#include "services/dispatcher/answer.h"
#include "services/dispatcher/dispatcher.h"

/* How long a token whose end is not told is remembered: longer than any is good for. */
#define REVOKED_MS (366 * INT64_C(86400000))

/* A revocation on its way to each region. Lives in the request's arena. */
struct revocation {
    struct http_req *req;
    struct slice jti;
    int64_t expires_ms;
    size_t waiting;
    enum life_code code; /* the last that is not LIFE_OK */
};

static void on_revoked(void *data, const struct life_result *r)
{
    struct revocation *v = data;
    if (r->code != LIFE_OK) v->code = r->code;
    if (--v->waiting > 0) return;
    if (v->code != LIFE_OK) {
        answer_problem(v->req, &(struct life_result){.code = v->code, .error = r->error});
        return;
    }
    struct json j = json_start(http_out(v->req));
    json_object_start(&j);
    json_put_str(&j, "jti", v->jti);
    json_put_time(&j, "expires_at", v->expires_ms);
    json_object_end(&j);
    http_reply_json(v->req, 200);
}

/* In every region, since a token may name none; by an operator of one region, in his. */
void tokens_revoke(struct http_req *req)
{
    struct dispatcher *d = dispatcher_of(req);
    const struct regions *regions = app_regions(d->app);
    struct slice own = slice_of(http_claims(req)->region);
    struct revocation *v = arena_new(http_arena(req), struct revocation);
    struct body *b = http_body(req);
    *v = (struct revocation){req, SLICE(""), http_now_ms(req) + REVOKED_MS, 0, LIFE_OK};
    body_str(b, "jti", 1, AUTH_JTI_MAX, &v->jti);
    if (body_maybe(b, "expires_at")) body_time(b, "expires_at", &v->expires_ms);
    if (!body_end(b)) return;
    for (uint32_t i = 0; i < regions->count; i++)
        if (own.len == 0 || slice_eq(own, regions->all[i].id)) v->waiting++;
    if (v->waiting == 0) {
        http_problem(req, PROBLEM_NOT_FOUND, "The token's region is none.");
        return;
    }
    for (uint32_t i = 0; i < regions->count; i++)
        if (own.len == 0 || slice_eq(own, regions->all[i].id))
            life_token_revoke(d->life, regions->all[i].id, v->jti, v->expires_ms, on_revoked, v);
}
