#include "output.h"

#include "base/mem.h"
#include "base/must.h"

static uint64_t end_of(const struct output *o, const struct buf *own)
{
    return o->sent + output_unread(o, own);
}

static void lent_clear(struct output *o)
{
    while (o->lent_first < o->lent_end)
        shared_unref(o->lent[o->lent_first++].block);
    o->lent_first = 0;
    o->lent_end = 0;
    o->lent_bytes = 0;
}

void output_fini(struct output *o)
{
    lent_clear(o);
    mem_free(o->lent);
    *o = (struct output){0};
}

void output_drop(struct output *o, const struct buf *own)
{
    lent_clear(o);
    o->own_base += own->len;
    o->own_sent = o->own_base;
    o->may = o->sent;
    o->mark_count = 0;
}

/* ---- what is added ---- */

static struct piece_lent *lent_room(struct output *o)
{
    if (o->lent_end == o->lent_cap && o->lent_first > o->lent_cap / 2) {
        o->lent_end -= o->lent_first;
        memmove(o->lent, o->lent + o->lent_first, o->lent_end * sizeof *o->lent);
        o->lent_first = 0;
    }
    if (o->lent_end == o->lent_cap) {
        o->lent_cap = o->lent_cap == 0 ? 8 : o->lent_cap * 2;
        o->lent = mem_realloc(o->lent, o->lent_cap * sizeof *o->lent);
    }
    return &o->lent[o->lent_end++];
}

void output_lend(struct output *o, const struct buf *own, struct shared *block, size_t from,
                 size_t len)
{
    uint64_t at = o->own_base + own->len;
    struct piece_lent *last = o->lent_first == o->lent_end ? NULL : &o->lent[o->lent_end - 1];
    must(from + len <= block->len);
    o->lent_bytes += len;
    if (last != NULL && last->block == block && last->at == at && last->from + last->len == from) {
        last->len += len;
        return;
    }
    shared_ref(block);
    *lent_room(o) = (struct piece_lent){at, block, from, len};
}

void output_release(struct output *o, uint64_t released)
{
    uint32_t n = 0;
    while (n < o->mark_count && o->marks[n].position <= released)
        o->may = o->marks[n++].end;
    if (n == 0) return;
    o->mark_count -= n;
    memmove(o->marks, o->marks + n, o->mark_count * sizeof *o->marks);
}

void output_gate(struct output *o, const struct buf *own, uint64_t position, uint64_t released,
                 uint64_t taken)
{
    uint64_t end = end_of(o, own);
    struct mark *last = o->mark_count == 0 ? NULL : &o->marks[o->mark_count - 1];
    if (end <= (last == NULL ? o->may : last->end)) return;
    if (last == NULL && position <= released) {
        o->may = end;
        return;
    }
    bool join = last != NULL && (last->position >= position || o->mark_count == MARKS_MAX ||
                                 last->position > taken);
    if (!join) {
        last = &o->marks[o->mark_count++];
        last->position = 0;
    }
    last->end = end;
    if (last->position < position) last->position = position;
}

/* ---- what leaves ---- */

uint32_t output_next(const struct output *o, const struct buf *own, struct iovec *parts,
                     uint32_t max)
{
    size_t left = (size_t)(o->may - o->sent);
    uint64_t at = o->own_sent;
    uint32_t n = 0;
    for (uint32_t i = o->lent_first; left > 0 && n < max; i++) {
        bool behind = i >= o->lent_end; /* only own bytes are left */
        uint64_t own_end = behind ? o->own_base + own->len : o->lent[i].at;
        size_t len = own_end - at < left ? (size_t)(own_end - at) : left;
        if (len > 0) parts[n++] = (struct iovec){own->p + (at - o->own_base), len};
        left -= len;
        at = own_end;
        if (behind || left == 0 || n == max) break;
        len = o->lent[i].len < left ? o->lent[i].len : left;
        parts[n++] = (struct iovec){o->lent[i].block->bytes + o->lent[i].from, len};
        left -= len;
    }
    return n;
}

/* The first piece has left up to n of its bytes; what is left of n. */
static size_t lent_sent(struct output *o, size_t n)
{
    struct piece_lent *p = &o->lent[o->lent_first];
    size_t len = n < p->len ? n : p->len;
    p->from += len;
    p->len -= len;
    o->lent_bytes -= len;
    if (p->len == 0) {
        shared_unref(p->block);
        o->lent_first++;
    }
    if (o->lent_first == o->lent_end) o->lent_first = o->lent_end = 0;
    return n - len;
}

static void own_shrink(struct output *o, struct buf *own)
{
    size_t gone = (size_t)(o->own_sent - o->own_base);
    if (gone == own->len) {
        o->own_base = o->own_sent;
        if (own->cap > OUT_KEEP)
            buf_fini(own);
        else
            buf_clear(own);
    } else if (gone > OUT_KEEP && gone > own->len / 2) {
        buf_drop(own, gone);
        o->own_base = o->own_sent;
    }
}

void output_sent(struct output *o, struct buf *own, size_t n)
{
    must(n <= o->may - o->sent);
    o->sent += n;
    while (n > 0) {
        bool lent = o->lent_first < o->lent_end;
        uint64_t own_end = lent ? o->lent[o->lent_first].at : o->own_base + own->len;
        size_t len = own_end - o->own_sent < n ? (size_t)(own_end - o->own_sent) : n;
        o->own_sent += len;
        n -= len;
        must(n == 0 || lent);
        if (n > 0) n = lent_sent(o, n);
    }
    own_shrink(o, own);
}
