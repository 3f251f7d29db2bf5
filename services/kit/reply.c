#include "reply.h"

static const redisReply nil_reply = {.type = REDIS_REPLY_NIL};

bool reply_is_nil(const redisReply *r)
{
    return r == NULL || r->type == REDIS_REPLY_NIL;
}

bool reply_is_error(const redisReply *r)
{
    return r != NULL && r->type == REDIS_REPLY_ERROR;
}

bool reply_is_error_code(const redisReply *r, const char *code)
{
    if (!reply_is_error(r)) return false;
    struct slice text = reply_slice(r);
    struct slice word = {text.p, slice_find(text, ' ')};
    return slice_is(word, code);
}

struct slice reply_slice(const redisReply *r)
{
    if (r == NULL) return SLICE("");
    if (r->type != REDIS_REPLY_STRING && r->type != REDIS_REPLY_STATUS &&
        r->type != REDIS_REPLY_ERROR)
        return SLICE("");
    return slice_make(r->str, r->len);
}

int64_t reply_i64(const redisReply *r, int64_t otherwise)
{
    int64_t n = otherwise;
    if (r == NULL) return otherwise;
    if (r->type == REDIS_REPLY_INTEGER) return r->integer;
    return slice_i64(reply_slice(r), &n) ? n : otherwise;
}

double reply_double(const redisReply *r, double otherwise)
{
    double d = otherwise;
    if (r == NULL) return otherwise;
    if (r->type == REDIS_REPLY_INTEGER) return (double)r->integer;
    return slice_double(reply_slice(r), &d) ? d : otherwise;
}

size_t reply_count(const redisReply *r)
{
    return r != NULL && r->type == REDIS_REPLY_ARRAY ? r->elements : 0;
}

const redisReply *reply_at(const redisReply *r, size_t i)
{
    if (i >= reply_count(r) || r->element[i] == NULL) return &nil_reply;
    return r->element[i];
}

const redisReply *reply_field(const redisReply *r, const char *name)
{
    size_t n = reply_count(r);
    for (size_t i = 0; i + 1 < n; i += 2)
        if (slice_is(reply_slice(r->element[i]), name)) return reply_at(r, i + 1);
    return &nil_reply;
}

struct slice reply_field_slice(const redisReply *r, const char *name)
{
    return reply_slice(reply_field(r, name));
}
