#include "scorepack.h"

#include "base/buf.h"
#include "base/must.h"

#include <math.h>

/* Up to here every whole double is an integer of its own. */
#define WHOLE_MAX 9007199254740992.0

/* A score as the bytes of an entry. */
static struct slice score_bytes(double score, char text[static PACK_TEXT])
{
    bool whole = score >= -WHOLE_MAX && score <= WHOLE_MAX && score == floor(score) &&
                 !(score == 0 && signbit(score));
    if (whole) return slice_make(text, fmt_i64(text, (int64_t)score));
    text[0] = '\0';
    memcpy(text + 1, &score, sizeof score);
    return slice_make(text, 1 + sizeof score);
}

static double score_at(const struct pack *k, uint32_t at, uint32_t *next)
{
    int64_t n = 0;
    double score = 0;
    char text[PACK_TEXT];
    if (pack_get_i64(k, at, &n)) {
        *next = pack_next(k, at);
        return (double)n;
    }
    struct slice s = pack_get(k, at, next, text);
    must(s.len == 1 + sizeof score);
    memcpy(&score, s.p + 1, sizeof score);
    return score;
}

uint32_t scorepack_count(const struct pack *k)
{
    return pack_count(k) / 2;
}

bool scorepack_find(const struct pack *k, struct slice name, uint32_t *at)
{
    uint32_t found = pack_find(k, 2, name);
    if (found == pack_len(k)) return false;
    *at = found;
    return true;
}

double scorepack_score(const struct pack *k, uint32_t at)
{
    return score_at(k, pack_next(k, at), &at);
}

/* Where a member of this score and name belongs. */
static uint32_t place_of(const struct pack *k, struct slice name, double score)
{
    uint32_t at = 0;
    while (at < pack_len(k)) {
        uint32_t score_from = pack_next(k, at), next = 0, end = 0;
        char text[PACK_TEXT];
        double there = score_at(k, score_from, &next);
        if (there > score) break;
        if (there == score && slice_cmp(pack_get(k, at, &end, text), name) > 0) break;
        at = next;
    }
    return at;
}

void scorepack_add(struct pack *k, struct slice name, double score)
{
    must(name.len <= SCOREPACK_NAME_MAX);
    must(!isnan(score));
    char text[PACK_TEXT];
    uint32_t at = pack_insert(k, place_of(k, name, score), name);
    (void)pack_insert(k, at, score_bytes(score, text));
}

void scorepack_set(struct pack *k, uint32_t at, double score)
{
    char text[PACK_TEXT], copy[SCOREPACK_NAME_MAX];
    uint32_t end = 0;
    struct slice name = pack_get(k, at, &end, text);
    must(name.len <= sizeof copy);
    if (name.len > 0) memcpy(copy, name.p, name.len);
    scorepack_del(k, at);
    scorepack_add(k, slice_make(copy, name.len), score);
}

void scorepack_del(struct pack *k, uint32_t at)
{
    pack_erase(k, at, pack_next(k, pack_next(k, at)), 2);
}

void scorepack_del_range(struct pack *k, uint32_t from, uint32_t n)
{
    uint32_t at = pack_seek(k, 2 * from);
    pack_erase(k, at, pack_seek(k, 2 * (from + n)), 2 * n);
}

uint32_t scorepack_rank(const struct pack *k, uint32_t at)
{
    uint32_t rank = 0;
    for (uint32_t i = 0; i < at; rank++)
        i = pack_next(k, pack_next(k, i));
    return rank;
}

uint32_t scorepack_below(const struct pack *k, double score, bool or_equal)
{
    uint32_t n = 0;
    for (uint32_t at = 0; at < pack_len(k); n++) {
        double there = score_at(k, pack_next(k, at), &at);
        if (there > score || (there == score && !or_equal)) break;
    }
    return n;
}

uint32_t scorepack_below_name(const struct pack *k, struct slice name, bool or_equal)
{
    uint32_t n = 0;
    for (uint32_t at = 0; at < pack_len(k); n++) {
        char text[PACK_TEXT];
        int c = slice_cmp(pack_get(k, at, &at, text), name);
        if (c > 0 || (c == 0 && !or_equal)) break;
        at = pack_next(k, at);
    }
    return n;
}

void scorepack_each(const struct pack *k, uint32_t from, uint32_t n, bool reverse, scored_fn fn,
                    void *data)
{
    if (from >= scorepack_count(k)) return;
    uint32_t at = pack_seek(k, 2 * from);
    for (; n > 0 && at < pack_len(k); n--) {
        char text[PACK_TEXT];
        uint32_t here = at;
        struct slice name = pack_get(k, at, &at, text);
        double score = score_at(k, at, &at);
        if (!fn(name, score, data)) return;
        if (!reverse) continue;
        if (here == 0) return;
        at = pack_before(k, pack_before(k, here));
    }
}

void scorepack_check(const struct pack *k)
{
    double last_score = -(double)INFINITY;
    char last[PACK_TEXT], text[PACK_TEXT];
    struct slice last_name = {NULL, 0};
    pack_check(k);
    must(pack_count(k) % 2 == 0);
    for (uint32_t at = 0, next = 0; at < pack_len(k);) {
        struct slice name = pack_get(k, at, &next, text);
        double score = score_at(k, next, &next);
        must(!isnan(score));
        must(name.len <= SCOREPACK_NAME_MAX);
        must(at == 0 || last_score <= score);
        must(at == 0 || last_score < score || slice_cmp(last_name, name) < 0);
        must(pack_find(k, 2, name) == at); /* each name once */
        last_score = score;
        if (name.p == text) memcpy(last, text, sizeof text);
        last_name = name.p == text ? slice_make(last, name.len) : name;
        at = next;
    }
}
