#include "streamlog.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/must.h"

struct streamblock {
    struct stream_id first; /* of the first entry ever appended here: the base of all */
    struct stream_id last;  /* of the last one */
    uint32_t used;          /* bytes */
    uint32_t cap;
    uint32_t start;   /* offset of the first live entry */
    uint32_t entries; /* offset of the first entry: names stand before it */
    uint32_t model;   /* offset of the first entry's values */
    uint32_t fields;  /* names */
    uint32_t count;   /* entries, deleted ones too */
    uint8_t bytes[];
};

/* A record of streamlog.blocks. */
struct blockref {
    struct stream_id first;
    struct streamblock *block; /* owned */
    uint64_t live;
};

enum { ENTRY_DELETED = 1, ENTRY_SAME_NAMES = 2 };
enum { TAG_SHORT_MAX = 191, TAG_INT = 192 /* + bytes - 1 */, TAG_LONG = 200 };
enum { TAG_ALIKE = 201 /* + bytes alike - ALIKE_MIN */, ALIKE_MIN = 3, ALIKE_MAX = 57 };
enum { SMALL = 512 /* bytes of a block that is kept without room to spare */ };
enum { NUMBER_MAX = 10, VALUE_OVERHEAD = 9, ENTRY_OVERHEAD = 4 * NUMBER_MAX };

/* ---- bytes ---- */

static inline uint64_t get_number(const uint8_t **at)
{
    uint64_t n = *(*at)++;
    if (n < 128) return n;
    n &= 127;
    for (uint32_t shift = 7;; shift += 7) {
        uint64_t byte = *(*at)++;
        n |= (byte & 127) << shift;
        if (byte < 128) return n;
    }
}

static uint8_t *put_number(uint8_t *to, uint64_t n)
{
    while (n >= 128) {
        *to++ = (uint8_t)(n | 128);
        n >>= 7;
    }
    *to++ = (uint8_t)n;
    return to;
}

/* n in exactly `width` bytes, so that it can be written before it is known. */
static void put_number_wide(uint8_t *to, uint64_t n, uint32_t width)
{
    for (uint32_t i = 1; i < width; i++) {
        *to++ = (uint8_t)(n | 128);
        n >>= 7;
    }
    must(n < 128);
    *to = (uint8_t)n;
}

static uint32_t number_width(uint64_t n)
{
    uint32_t width = 1;
    while (n >= 128) {
        n >>= 7;
        width++;
    }
    return width;
}

/* Differences of sequence numbers may be negative: 0 -1 1 -2 ... become 0 1 2 3 ... */
static uint64_t zigzag(uint64_t diff)
{
    return (diff << 1) ^ (0 - (diff >> 63));
}

static uint64_t unzigzag(uint64_t n)
{
    return (n >> 1) ^ (0 - (n & 1));
}

static uint8_t *put_text(uint8_t *to, struct slice s)
{
    if (s.len <= TAG_SHORT_MAX) {
        *to++ = (uint8_t)s.len;
    } else {
        uint32_t len = (uint32_t)s.len;
        *to++ = TAG_LONG;
        memcpy(to, &len, sizeof len);
        to += sizeof len;
    }
    if (s.len > 0) memcpy(to, s.p, s.len);
    return to + s.len;
}

static uint8_t *put_text_like(uint8_t *to, struct slice s, struct slice model)
{
    uint32_t alike = 0;
    while (alike < ALIKE_MAX && alike < s.len && alike < model.len && s.p[alike] == model.p[alike])
        alike++;
    if (alike < ALIKE_MIN || s.len > STREAMLOG_JOINED_MAX) return put_text(to, s);
    *to++ = (uint8_t)(TAG_ALIKE + alike - ALIKE_MIN);
    *to++ = (uint8_t)(s.len - alike);
    memcpy(to, s.p + alike, s.len - alike);
    return to + (s.len - alike);
}

static uint8_t *put_value(uint8_t *to, struct slice s, struct slice model)
{
    int64_t n = 0;
    bool maybe = s.len > 1 && s.len <= 20 && s.p[s.len - 1] <= '9' && s.p[0] <= '9';
    if (!maybe || !slice_i64(s, &n)) return put_text_like(to, s, model);
    uint32_t width = 1;
    while (width < 8 &&
           (n < -((int64_t)1 << (width * 8 - 1)) || n >= (int64_t)1 << (width * 8 - 1)))
        width++;
    if (width >= s.len) return put_text(to, s);
    *to++ = (uint8_t)(TAG_INT + width - 1);
    memcpy(to, &n, width); /* little endian */
    return to + width;
}

static struct slice get_text(const uint8_t **at)
{
    uint32_t len = *(*at)++;
    if (len == TAG_LONG) {
        memcpy(&len, *at, sizeof len);
        *at += sizeof len;
    }
    struct slice s = {(const char *)*at, len};
    *at += len;
    return s;
}

/* The next value of a first entry; nothing if it is an integer, which is like no other. */
static struct slice get_model(const uint8_t **at)
{
    uint32_t tag = **at;
    if (tag < TAG_INT || tag == TAG_LONG) return get_text(at);
    *at += 1 + (tag - TAG_INT + 1);
    return (struct slice){NULL, 0};
}

static struct slice get_alike(const uint8_t **at, struct slice model, char *text)
{
    uint32_t alike = (uint32_t) * *at - TAG_ALIKE + ALIKE_MIN;
    uint32_t rest = (*at)[1];
    must(alike <= model.len);
    must(alike + rest <= STREAMLOG_JOINED_MAX);
    memcpy(text, model.p, alike);
    memcpy(text + alike, *at + 2, rest);
    *at += 2 + rest;
    return (struct slice){text, alike + rest};
}

static struct slice get_value(const uint8_t **at, struct slice model, char *text)
{
    uint32_t tag = **at;
    if (tag >= TAG_ALIKE) return get_alike(at, model, text);
    if (tag < TAG_INT || tag == TAG_LONG) return get_text(at);
    uint32_t width = tag - TAG_INT + 1;
    int64_t n = (int8_t)(*at)[width] < 0 ? -1 : 0; /* the sign fills the upper bytes */
    memcpy(&n, *at + 1, width);
    *at += 1 + width;
    return (struct slice){text, fmt_i64(text, n)};
}

/* ---- one entry ---- */

/* The head of the entry at offset; *next is where the following one begins. */
static inline uint8_t entry_head(const struct streamblock *b, uint32_t offset, struct stream_id *id,
                                 uint32_t *next, const uint8_t **body)
{
    const uint8_t *at = b->bytes + offset;
    uint64_t size = get_number(&at);
    *next = (uint32_t)((uint64_t)(at - b->bytes) + size);
    uint8_t flags = *at++;
    id->ms = b->first.ms + get_number(&at);
    id->seq = b->first.seq + unzigzag(get_number(&at));
    *body = at;
    return flags;
}

static void entry_open(const struct streamblock *b, struct stream_id id, uint8_t flags,
                       const uint8_t *body, struct stream_entry *e)
{
    e->id = id;
    e->at = body;
    if ((flags & ENTRY_SAME_NAMES) != 0) {
        e->names = b->bytes;
        e->model = b->bytes + b->model;
        e->fields = b->fields;
    } else {
        e->names = NULL;
        e->model = NULL;
        e->fields = (uint32_t)get_number(&e->at);
    }
}

void stream_entry_pair(struct stream_entry *e, struct slice *name, struct slice *value)
{
    must(e->fields > 0);
    e->fields--;
    struct slice model = {NULL, 0};
    *name = get_text(e->names != NULL ? &e->names : &e->at);
    if (e->model != NULL) model = get_model(&e->model);
    *value = get_value(&e->at, model, e->text);
}

/* The offset of the first live entry whose id is >= id, or b->used; it is read as well. */
static uint32_t block_seek(const struct streamblock *b, struct stream_id id, struct stream_entry *e,
                           uint32_t *next)
{
    uint32_t offset = b->start;
    if (stream_id_cmp(id, b->last) > 0) return b->used;
    while (offset < b->used) {
        const uint8_t *body = NULL;
        struct stream_id at;
        uint8_t flags = entry_head(b, offset, &at, next, &body);
        if ((flags & ENTRY_DELETED) == 0 && stream_id_cmp(at, id) >= 0) {
            entry_open(b, at, flags, body, e);
            return offset;
        }
        offset = *next;
    }
    return offset;
}

/* ---- the log ---- */

void streamlog_init(struct streamlog *l)
{
    idtable_init(&l->blocks, sizeof(struct blockref));
    l->length = 0;
}

void streamlog_fini(struct streamlog *l)
{
    if (l == NULL) return;
    struct idtable_at at = idtable_seek(&l->blocks, STREAM_ID_MIN);
    for (struct blockref *r; (r = idtable_get(&l->blocks, at)) != NULL;
         idtable_step(&l->blocks, &at))
        mem_free(r->block);
    idtable_fini(&l->blocks);
    l->length = 0;
}

bool streamlog_drain(struct streamlog *l, uint64_t n)
{
    struct idtable_at at = {0, 0};
    for (; idtable_seek_le(&l->blocks, STREAM_ID_MAX, &at); n--) {
        if (n == 0) return true;
        const struct blockref *r = idtable_get(&l->blocks, at);
        l->length -= r->live;
        mem_free(r->block);
        idtable_del_at(&l->blocks, &at);
    }
    streamlog_fini(l);
    return false;
}

void streamlog_copy(const struct streamlog *from, struct streamlog *to)
{
    streamlog_init(to);
    struct idtable_at at = idtable_seek(&from->blocks, STREAM_ID_MIN);
    for (const struct blockref *r; (r = idtable_get(&from->blocks, at)) != NULL;
         idtable_step(&from->blocks, &at)) {
        struct blockref *copy = idtable_add(&to->blocks, r->first, NULL);
        copy->block = mem_dup(r->block, sizeof *r->block + r->block->cap);
        copy->live = r->live;
    }
    to->length = from->length;
}

static bool same_names(const struct streamblock *b, const struct slice *pairs, uint32_t n)
{
    if (b->fields != n) return false;
    const uint8_t *at = b->bytes;
    for (uint32_t i = 0; i < n; i++) {
        if (!slice_eq(get_text(&at), pairs[2 * (size_t)i])) return false;
    }
    return true;
}

static size_t pairs_bound(const struct slice *pairs, uint32_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < 2 * (size_t)n; i++)
        bytes += pairs[i].len + VALUE_OVERHEAD;
    return bytes;
}

/* Gives back what b does not use. */
static struct streamblock *block_fit(struct streamblock *b)
{
    b->cap = b->used;
    return mem_realloc(b, sizeof *b + b->cap);
}

/* A fresh last block whose names are those of pairs. */
static struct blockref *block_add(struct streamlog *l, struct stream_id id,
                                  const struct slice *pairs, uint32_t n, size_t room)
{
    struct blockref *old = idtable_last(&l->blocks);
    if (old != NULL) old->block = block_fit(old->block); /* it is closed now */
    struct blockref *r = idtable_add(&l->blocks, id, NULL);
    struct streamblock *b = mem_alloc(sizeof *b + room);
    *b = (struct streamblock){.first = id, .last = id, .cap = (uint32_t)room, .fields = n};
    uint8_t *to = b->bytes;
    for (size_t i = 0; i < n; i++)
        to = put_text(to, pairs[2 * i]);
    b->entries = (uint32_t)(to - b->bytes);
    b->start = b->entries;
    b->used = b->entries;
    r->block = b;
    return r;
}

static struct streamblock *block_room(struct blockref *r, size_t bytes, uint32_t bytes_max)
{
    struct streamblock *b = r->block;
    if (b->cap - b->used >= bytes) return b;
    size_t cap = (size_t)b->cap * 2;
    if (bytes_max > 0 && cap > bytes_max) cap = bytes_max;
    if (cap < b->used + bytes) cap = b->used + bytes;
    must(cap < UINT32_MAX);
    b = mem_realloc(b, sizeof *b + cap);
    b->cap = (uint32_t)cap;
    r->block = b;
    return b;
}

/* Drops the deleted entries behind the last live one: after XSETID their ids may come again. */
static void block_cut_tail(struct streamblock *b)
{
    uint32_t used = b->start;
    uint32_t count = 0, kept = 0;
    for (uint32_t offset = b->entries, next = 0; offset < b->used; offset = next) {
        struct stream_id id;
        const uint8_t *body = NULL;
        uint8_t flags = entry_head(b, offset, &id, &next, &body);
        count++;
        if ((flags & ENTRY_DELETED) != 0) continue;
        used = next;
        kept = count;
        b->last = id;
    }
    b->used = used;
    b->count = kept;
}

void streamlog_append(struct streamlog *l, struct stream_id id, const struct slice *pairs,
                      uint32_t n, struct streamlog_limits limits)
{
    size_t bound = pairs_bound(pairs, n) + ENTRY_OVERHEAD;
    must(bound < UINT32_MAX / 2);
    uint32_t entries_max = limits.entries == 0 || limits.entries > STREAMLOG_BLOCK_ENTRIES
                               ? STREAMLOG_BLOCK_ENTRIES
                               : limits.entries;
    struct blockref *r = idtable_last(&l->blocks);
    if (r != NULL && stream_id_cmp(r->block->last, id) >= 0) block_cut_tail(r->block);
    bool full = r == NULL || r->block->count >= entries_max ||
                (limits.bytes > 0 && r->block->used + bound - ENTRY_OVERHEAD > limits.bytes);
    if (full) r = block_add(l, id, pairs, n, 2 * bound);
    must(full || stream_id_cmp(r->block->last, id) < 0);
    struct streamblock *b = block_room(r, bound, limits.bytes);

    bool same = full || same_names(b, pairs, n);
    uint32_t width = number_width(bound);
    uint8_t *size_at = b->bytes + b->used;
    uint8_t *to = size_at + width;
    *to++ = same ? ENTRY_SAME_NAMES : 0;
    to = put_number(to, id.ms - b->first.ms);
    to = put_number(to, zigzag(id.seq - b->first.seq));
    if (!same) to = put_number(to, n);
    if (full) b->model = (uint32_t)(to - b->bytes);
    const struct slice no_model = {NULL, 0};
    const uint8_t *model = same && !full ? b->bytes + b->model : NULL;
    for (size_t i = 0; i < n; i++) {
        if (!same) to = put_text(to, pairs[2 * i]);
        to = put_value(to, pairs[2 * i + 1], model != NULL ? get_model(&model) : no_model);
    }
    put_number_wide(size_at, (uint64_t)(to - size_at) - width, width);
    b->used = (uint32_t)(to - b->bytes);
    must(b->used <= b->cap);
    b->last = id;
    b->count++;
    r->live++;
    l->length++;
    if (b->used <= SMALL) r->block = block_fit(b);
}

/* The place of the block that would hold id; false if there is none. */
static bool find_block(const struct streamlog *l, struct stream_id id, struct idtable_at *at)
{
    return idtable_seek_le(&l->blocks, id, at);
}

/* Moves start over deleted entries. Only while an entry lives. */
static void block_skip_deleted(struct streamblock *b)
{
    for (;;) {
        struct stream_id id;
        uint32_t next = 0;
        const uint8_t *body = NULL;
        must(b->start < b->used);
        uint8_t flags = entry_head(b, b->start, &id, &next, &body);
        if ((flags & ENTRY_DELETED) == 0) return;
        b->start = next;
    }
}

/* Marks the entry at offset; frees the block with its last entry, which *at then has left. */
static void entry_del(struct streamlog *l, struct idtable_at *at, uint32_t offset)
{
    struct blockref *r = idtable_get(&l->blocks, *at);
    l->length--;
    r->live--;
    if (r->live == 0) {
        mem_free(r->block);
        idtable_del_at(&l->blocks, at);
        return;
    }
    const uint8_t *flags = r->block->bytes + offset;
    (void)get_number(&flags);
    r->block->bytes[flags - r->block->bytes] |= ENTRY_DELETED;
    if (offset == r->block->start) block_skip_deleted(r->block);
}

bool streamlog_find(const struct streamlog *l, struct stream_id id, struct stream_entry *e)
{
    struct idtable_at at;
    uint32_t next = 0;
    if (!find_block(l, id, &at)) return false;
    const struct blockref *r = idtable_get(&l->blocks, at);
    if (block_seek(r->block, id, e, &next) == r->block->used) return false;
    return stream_id_cmp(e->id, id) == 0;
}

bool streamlog_del(struct streamlog *l, struct stream_id id)
{
    struct idtable_at at;
    struct stream_entry e;
    uint32_t next = 0;
    if (!find_block(l, id, &at)) return false;
    const struct blockref *r = idtable_get(&l->blocks, at);
    uint32_t offset = block_seek(r->block, id, &e, &next);
    if (offset == r->block->used || stream_id_cmp(e.id, id) != 0) return false;
    entry_del(l, &at, offset);
    return true;
}

bool streamlog_first(const struct streamlog *l, struct stream_id *id)
{
    const struct blockref *r = idtable_first(&l->blocks);
    if (r == NULL) return false;
    uint32_t next = 0;
    const uint8_t *body = NULL;
    (void)entry_head(r->block, r->block->start, id, &next, &body);
    return true;
}

bool streamlog_last(const struct streamlog *l, struct stream_id *id)
{
    struct streamlog_iter it;
    struct stream_entry e;
    streamlog_walk(&it, l, STREAM_ID_MIN, STREAM_ID_MAX, true);
    if (!streamlog_next(&it, &e)) return false;
    *id = e.id;
    return true;
}

static uint64_t block_count_after(const struct streamblock *b, struct stream_id id)
{
    uint64_t n = 0;
    for (uint32_t offset = b->start, next = 0; offset < b->used; offset = next) {
        struct stream_id at;
        const uint8_t *body = NULL;
        uint8_t flags = entry_head(b, offset, &at, &next, &body);
        if ((flags & ENTRY_DELETED) == 0 && stream_id_cmp(at, id) > 0) n++;
    }
    return n;
}

uint64_t streamlog_count_after(const struct streamlog *l, struct stream_id id)
{
    struct idtable_at at;
    if (!find_block(l, id, &at)) return l->length;
    const struct blockref *r = idtable_get(&l->blocks, at);
    uint64_t n = stream_id_cmp(id, r->block->last) >= 0 ? 0 : block_count_after(r->block, id);
    for (;;) {
        idtable_step(&l->blocks, &at);
        r = idtable_get(&l->blocks, at);
        if (r == NULL) return n;
        n += r->live;
    }
}

/* How many entries the front block may lose one by one. */
static uint64_t trim_block(struct streamlog *l, const struct streamlog_trim *how)
{
    uint64_t deleted = 0;
    while (l->length > 0 && (how->limit == 0 || deleted < how->limit)) {
        struct stream_id first = {0};
        struct idtable_at at = {0, 0};
        if (!how->by_id && l->length <= how->length_max) break;
        (void)streamlog_first(l, &first);
        if (how->by_id && stream_id_cmp(first, how->id_min) >= 0) break;
        const struct blockref *r = idtable_first(&l->blocks);
        entry_del(l, &at, r->block->start);
        deleted++;
    }
    return deleted;
}

uint64_t streamlog_trim(struct streamlog *l, const struct streamlog_trim *how)
{
    uint64_t deleted = 0;
    for (;;) {
        const struct blockref *r = idtable_first(&l->blocks);
        if (r == NULL) return deleted;
        bool whole = how->by_id ? stream_id_cmp(r->block->last, how->id_min) < 0
                                : l->length - r->live >= how->length_max;
        if (!how->by_id && l->length <= how->length_max) return deleted;
        if (how->limit > 0 && deleted + r->live > how->limit) return deleted;
        if (!whole) break;
        deleted += r->live;
        l->length -= r->live;
        mem_free(r->block);
        struct idtable_at at = {0, 0};
        idtable_del_at(&l->blocks, &at);
    }
    if (how->approx) return deleted;
    return deleted + trim_block(l, how);
}

/* ---- walks ---- */

/* Enters the block at it->at, if the range still reaches it. */
static bool walk_enter(struct streamlog_iter *it)
{
    const struct blockref *r = idtable_get(&it->log->blocks, it->at);
    if (r == NULL) return false;
    it->block = r->block;
    if (!it->reverse) {
        it->offset = r->block->start;
        return stream_id_cmp(r->first, it->to) <= 0;
    }
    it->left = 0;
    for (uint32_t offset = r->block->start, next = 0; offset < r->block->used; offset = next) {
        struct stream_id id;
        const uint8_t *body = NULL;
        uint8_t flags = entry_head(r->block, offset, &id, &next, &body);
        if (stream_id_cmp(id, it->to) > 0) break;
        if ((flags & ENTRY_DELETED) == 0) it->offsets[it->left++] = offset;
    }
    return stream_id_cmp(r->block->last, it->from) >= 0;
}

void streamlog_walk(struct streamlog_iter *it, const struct streamlog *l, struct stream_id from,
                    struct stream_id to, bool reverse)
{
    it->log = l;
    it->from = from;
    it->to = to;
    it->reverse = reverse;
    it->block = NULL;
    it->left = 0;
    it->offset = 0;
    bool found = idtable_seek_le(&l->blocks, reverse ? to : from, &it->at);
    if (!found) it->at = (struct idtable_at){0, 0};
    it->done = (!found && reverse) || !walk_enter(it);
}

static bool walk_forward(struct streamlog_iter *it, struct stream_entry *e)
{
    for (;;) {
        uint32_t next = 0;
        uint32_t offset = it->block->used;
        if (it->offset < it->block->used && stream_id_cmp(it->block->last, it->from) >= 0) {
            const uint8_t *body = NULL;
            for (offset = it->offset; offset < it->block->used; offset = next) {
                struct stream_id id;
                uint8_t flags = entry_head(it->block, offset, &id, &next, &body);
                if ((flags & ENTRY_DELETED) != 0 || stream_id_cmp(id, it->from) < 0) continue;
                if (stream_id_cmp(id, it->to) > 0) return false;
                entry_open(it->block, id, flags, body, e);
                it->offset = next;
                return true;
            }
        }
        idtable_step(&it->log->blocks, &it->at);
        if (!walk_enter(it)) return false;
    }
}

static bool walk_back(struct streamlog_iter *it, struct stream_entry *e)
{
    while (it->left == 0) {
        if (!idtable_step_back(&it->log->blocks, &it->at)) return false;
        if (!walk_enter(it)) return false;
    }
    struct stream_id id;
    uint32_t next = 0;
    const uint8_t *body = NULL;
    uint8_t flags = entry_head(it->block, it->offsets[--it->left], &id, &next, &body);
    if (stream_id_cmp(id, it->from) < 0) return false;
    entry_open(it->block, id, flags, body, e);
    return true;
}

bool streamlog_next(struct streamlog_iter *it, struct stream_entry *e)
{
    if (it->done) return false;
    if (it->reverse ? walk_back(it, e) : walk_forward(it, e)) return true;
    it->done = true;
    return false;
}

/* ---- measures ---- */

size_t streamlog_blocks(const struct streamlog *l)
{
    return l->blocks.count;
}

size_t streamlog_memory(const struct streamlog *l)
{
    size_t bytes = idtable_memory(&l->blocks);
    struct idtable_at at = idtable_seek(&l->blocks, STREAM_ID_MIN);
    for (const struct blockref *r; (r = idtable_get(&l->blocks, at)) != NULL;
         idtable_step(&l->blocks, &at))
        bytes += mem_size(r->block);
    return bytes;
}

static void check_block(const struct blockref *r, struct stream_id *last, bool *any)
{
    const struct streamblock *b = r->block;
    uint64_t live = 0;
    uint32_t count = 0;
    uint32_t next = 0;
    bool at_start = false;
    must(b->used <= b->cap);
    must(stream_id_cmp(b->first, r->first) == 0);
    const uint8_t *model = b->bytes + b->model;
    for (uint32_t i = 0; i < b->fields; i++) {
        must(*model < TAG_ALIKE);
        (void)get_model(&model);
    }
    must(model <= b->bytes + b->used);
    for (uint32_t offset = b->entries; offset < b->used; offset = next) {
        struct stream_id id;
        const uint8_t *body = NULL;
        uint8_t flags = entry_head(b, offset, &id, &next, &body);
        must(!*any || stream_id_cmp(*last, id) < 0);
        must(count > 0 || stream_id_cmp(id, b->first) == 0);
        if (offset == b->start) at_start = (flags & ENTRY_DELETED) == 0;
        must(offset >= b->start || (flags & ENTRY_DELETED) != 0);
        if ((flags & ENTRY_DELETED) == 0) live++;
        *last = id;
        *any = true;
        count++;
    }
    must(next == b->used);
    must(at_start);
    must(count == b->count);
    must(count <= STREAMLOG_BLOCK_ENTRIES);
    must(live == r->live);
    must(live > 0);
    must(stream_id_cmp(*last, b->last) == 0);
}

void streamlog_check(const struct streamlog *l)
{
    struct stream_id last = STREAM_ID_MIN;
    bool any = false;
    uint64_t length = 0;
    idtable_check(&l->blocks);
    struct idtable_at at = idtable_seek(&l->blocks, STREAM_ID_MIN);
    for (const struct blockref *r; (r = idtable_get(&l->blocks, at)) != NULL;
         idtable_step(&l->blocks, &at)) {
        check_block(r, &last, &any);
        length += r->live;
    }
    must(length == l->length);
}
