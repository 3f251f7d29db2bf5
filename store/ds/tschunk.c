#include "tschunk.h"

#include "base/mem.h"
#include "store/ds/rdb.h"

enum { WORD = 64, WORDS_FIRST = 4, LEAD_MAX = 31, WINDOW_BITS = 5 + 6 };

/* Classes of differences between distances: bits of each, and of its mark. */
static const struct {
    uint8_t bits, mark_bits, mark;
} classes[] = {{0, 1, 0}, {7, 2, 1}, {10, 3, 3}, {14, 4, 7}, {32, 5, 15}, {64, 5, 31}};
enum { CLASSES = sizeof classes / sizeof classes[0] };

static uint64_t bits_of(double d)
{
    uint64_t n = 0;
    memcpy(&n, &d, sizeof n);
    return n;
}

static double double_of(uint64_t n)
{
    double d = 0;
    memcpy(&d, &n, sizeof d);
    return d;
}

static uint32_t words_of(uint32_t bits)
{
    return (bits + WORD - 1) / WORD;
}

void tschunk_init(struct tschunk *c, bool compressed, uint32_t bytes_max)
{
    must(bytes_max >= TSCHUNK_BYTES_MIN && bytes_max <= TSCHUNK_BYTES_MAX && bytes_max % 8 == 0);
    *c = (struct tschunk){.compressed = compressed, .bytes_max = bytes_max};
}

void tschunk_fini(struct tschunk *c)
{
    mem_free(c->words);
    *c = (struct tschunk){0};
}

struct tschunk tschunk_copy(const struct tschunk *c)
{
    struct tschunk copy = *c;
    copy.word_cap = words_of(c->bits);
    copy.words = copy.word_cap == 0 ? NULL : mem_dup(c->words, copy.word_cap * sizeof *c->words);
    return copy;
}

/* --- writing --- */

static void reserve(struct tschunk *c, uint32_t bits)
{
    uint32_t need = words_of(c->bits + bits);
    if (need <= c->word_cap) return;
    uint32_t cap = c->word_cap == 0 ? WORDS_FIRST : 2 * c->word_cap;
    if (cap > c->bytes_max / 8) cap = c->bytes_max / 8;
    if (cap < need) cap = need;
    c->words = mem_realloc(c->words, cap * sizeof *c->words);
    memset(c->words + c->word_cap, 0, (cap - c->word_cap) * sizeof *c->words);
    c->word_cap = cap;
}

/* Adds the lowest n bits of v, whose others are zero. There is room. */
static inline void put(struct tschunk *c, uint64_t v, uint32_t n)
{
    uint32_t at = c->bits / WORD, shift = c->bits % WORD;
    c->words[at] |= v << shift;
    if (shift + n > WORD) c->words[at + 1] |= v >> (WORD - shift);
    c->bits += n;
}

static inline uint64_t lowest(uint64_t v, uint32_t n)
{
    return n >= WORD ? v : v & ((UINT64_C(1) << n) - 1);
}

static inline uint32_t class_of(int64_t change)
{
    if (change == 0) return 0;
    for (uint32_t k = 1; k < CLASSES - 1; k++) {
        int64_t limit = INT64_C(1) << (classes[k].bits - 1);
        if (change >= -limit && change < limit) return k;
    }
    return CLASSES - 1;
}

/* How a value is going to be written. */
struct code {
    uint64_t mark, bits;
    uint32_t mark_bits, width;
    uint8_t lead;
};

static struct code code_of(const struct tschunk *c, uint64_t bits)
{
    uint64_t x = bits ^ c->last_bits;
    if (x == 0) return (struct code){.mark_bits = 1, .width = 0, .lead = c->lead};
    uint32_t lead = (uint32_t)__builtin_clzll(x), trail = (uint32_t)__builtin_ctzll(x);
    if (lead > LEAD_MAX) lead = LEAD_MAX;
    uint32_t width = WORD - lead - trail;
    if (c->width > 0) {
        uint32_t kept = (uint32_t)WORD - c->lead - c->width; /* zeros behind the window */
        if (lead >= c->lead && trail >= kept && c->width <= width + WINDOW_BITS)
            return (struct code){
                .mark = 1, .mark_bits = 2, .bits = x >> kept, .width = c->width, .lead = c->lead};
    }
    return (struct code){.mark = 3 | (uint64_t)lead << 2 | (uint64_t)(width - 1) << 7,
                         .mark_bits = 2 + WINDOW_BITS,
                         .bits = x >> trail,
                         .width = width,
                         .lead = (uint8_t)lead};
}

static bool push_compressed(struct tschunk *c, struct tssample sample)
{
    int64_t delta = sample.ms - c->last_ms, change = delta - c->delta_ms;
    uint32_t k = class_of(change);
    struct code code = code_of(c, bits_of(sample.value));
    uint32_t need = classes[k].mark_bits + classes[k].bits + code.mark_bits + code.width;
    if (c->bits + need > c->bytes_max * 8) return false;
    reserve(c, need);
    put(c, classes[k].mark, classes[k].mark_bits);
    if (k > 0) put(c, lowest((uint64_t)change, classes[k].bits), classes[k].bits);
    put(c, code.mark, code.mark_bits);
    if (code.width > 0) {
        put(c, code.bits, code.width);
        c->lead = code.lead;
        c->width = (uint8_t)code.width;
    }
    c->delta_ms = delta;
    return true;
}

static bool push_plain(struct tschunk *c, struct tssample sample)
{
    enum { EACH = 2 * WORD };
    if (c->bits + EACH > c->bytes_max * 8) return false;
    reserve(c, EACH);
    put(c, (uint64_t)sample.ms, WORD);
    put(c, bits_of(sample.value), WORD);
    return true;
}

bool tschunk_push(struct tschunk *c, struct tssample sample)
{
    must(sample.ms >= 0);
    must(c->count == 0 || sample.ms > c->last_ms);
    if (c->count == TSCHUNK_SAMPLES_MAX) return false;
    if (!c->compressed && !push_plain(c, sample)) return false;
    if (c->count == 0) {
        c->first_ms = sample.ms;
        c->first_bits = bits_of(sample.value);
    } else if (c->compressed && !push_compressed(c, sample)) {
        return false;
    }
    c->last_ms = sample.ms;
    c->last_bits = bits_of(sample.value);
    c->count++;
    return true;
}

/* --- reading --- */

struct reader {
    const struct tschunk *c;
    uint32_t at; /* bit */
    bool bad;    /* it went past the end, or a mark makes no sense */
    int64_t ms, delta_ms;
    uint64_t bits;
    uint8_t lead, width;
};

static inline uint64_t take(struct reader *r, uint32_t n)
{
    if (n > r->c->bits - r->at) {
        r->bad = true;
        return 0;
    }
    uint32_t at = r->at / WORD, shift = r->at % WORD;
    uint64_t v = r->c->words[at] >> shift;
    if (shift + n > WORD) v |= r->c->words[at + 1] << (WORD - shift);
    r->at += n;
    return lowest(v, n);
}

static inline int64_t take_change(struct reader *r)
{
    uint32_t k = 0;
    while (k < CLASSES - 1 && take(r, 1) == 1)
        k++;
    if (k == 0) return 0;
    uint32_t unused = WORD - classes[k].bits;
    return (int64_t)(take(r, classes[k].bits) << unused) >> unused;
}

static inline void take_value(struct reader *r)
{
    if (take(r, 1) == 0) return;
    if (take(r, 1) == 1) {
        r->lead = (uint8_t)take(r, 5);
        r->width = (uint8_t)(take(r, 6) + 1);
    }
    if (r->width == 0 || r->lead + r->width > WORD) {
        r->bad = true;
        return;
    }
    r->bits ^= take(r, r->width) << (WORD - r->lead - r->width);
}

/* Moves to the next sample, which there is by the count; r->bad when the bits say otherwise. */
static inline void read_next(struct reader *r)
{
    uint64_t change = (uint64_t)take_change(r);
    r->delta_ms = (int64_t)((uint64_t)r->delta_ms + change);
    r->ms = (int64_t)((uint64_t)r->ms + (uint64_t)r->delta_ms);
    take_value(r);
}

static struct reader reader_of(const struct tschunk *c)
{
    return (struct reader){.c = c, .ms = c->first_ms, .bits = c->first_bits};
}

void tschunk_read(const struct tschunk *c, struct tssample *out)
{
    if (!c->compressed) {
        for (uint32_t i = 0; i < c->count; i++)
            out[i] = (struct tssample){(int64_t)c->words[2 * i], double_of(c->words[2 * i + 1])};
        return;
    }
    struct reader r = reader_of(c);
    for (uint32_t i = 0; i < c->count; i++) {
        if (i > 0) read_next(&r);
        out[i] = (struct tssample){r.ms, double_of(r.bits)};
    }
    must(!r.bad);
}

struct tssample tschunk_last(const struct tschunk *c)
{
    must(c->count > 0);
    return (struct tssample){c->last_ms, double_of(c->last_bits)};
}

void tschunk_shrink(struct tschunk *c)
{
    uint32_t need = words_of(c->bits);
    if (need == c->word_cap || need == 0) return;
    c->words = mem_realloc(c->words, need * sizeof *c->words);
    c->word_cap = need;
}

size_t tschunk_memory(const struct tschunk *c)
{
    return mem_size(c->words);
}

/* --- bytes --- */

void tschunk_save(const struct tschunk *c, struct buf *out)
{
    rdb_add_length(out, c->count);
    rdb_add_length(out, c->bits);
    if (c->compressed && c->count > 0) {
        rdb_add_length(out, (uint64_t)c->first_ms);
        rdb_add_little(out, c->first_bits, 8);
    }
    for (uint32_t i = 0; i < words_of(c->bits); i++)
        rdb_add_little(out, c->words[i], 8);
}

/* Reads through all, so that what it is now can be gone on with; false when it makes no sense. */
static bool settle_compressed(struct tschunk *c)
{
    struct reader r = reader_of(c);
    for (uint32_t i = 1; i < c->count; i++) {
        int64_t before = r.ms;
        read_next(&r);
        if (r.bad || r.ms <= before) return false;
    }
    c->last_ms = r.ms;
    c->last_bits = r.bits;
    c->delta_ms = r.delta_ms;
    c->lead = r.lead;
    c->width = r.width;
    return r.at == c->bits;
}

static bool settle_plain(struct tschunk *c)
{
    if (c->bits != c->count * 2 * WORD) return false;
    for (uint32_t i = 0; i < c->count; i++) {
        int64_t ms = (int64_t)c->words[2 * i];
        if (ms < 0 || (i > 0 && ms <= c->last_ms)) return false;
        c->last_ms = ms;
        c->last_bits = c->words[2 * i + 1];
    }
    c->first_ms = (int64_t)c->words[0];
    c->first_bits = c->words[1];
    return true;
}

static bool load_words(struct tschunk *c, struct slice *in)
{
    uint32_t n = words_of(c->bits);
    if (in->len / 8 < n) return false;
    c->words = n == 0 ? NULL : mem_array(n, uint64_t);
    c->word_cap = n;
    for (uint32_t i = 0; i < n; i++)
        if (!rdb_little(in, 8, &c->words[i])) return false;
    return c->bits % WORD == 0 || c->words[n - 1] >> (c->bits % WORD) == 0;
}

bool tschunk_load(struct slice *in, bool compressed, uint32_t bytes_max, struct tschunk *out)
{
    uint64_t count = 0, bits = 0, first_ms = 0, first_bits = 0;
    struct tschunk c;
    tschunk_init(&c, compressed, bytes_max);
    if (!rdb_length(in, &count) || !rdb_length(in, &bits)) return false;
    if (count == 0 || count > TSCHUNK_SAMPLES_MAX || bits > bytes_max * UINT64_C(8)) return false;
    if (compressed && (!rdb_length(in, &first_ms) || !rdb_little(in, 8, &first_bits))) return false;
    if (first_ms > INT64_MAX) return false;
    c.count = (uint32_t)count;
    c.bits = (uint32_t)bits;
    c.first_ms = (int64_t)first_ms;
    c.first_bits = first_bits;
    bool ok = load_words(&c, in) && (compressed ? settle_compressed(&c) : settle_plain(&c));
    if (!ok) {
        tschunk_fini(&c);
        return false;
    }
    *out = c;
    return true;
}

void tschunk_check(const struct tschunk *c)
{
    must(c->bits <= c->bytes_max * 8);
    must(words_of(c->bits) <= c->word_cap);
    must(c->count > 0 && c->count <= TSCHUNK_SAMPLES_MAX);
    struct tschunk again = tschunk_copy(c);
    must(c->compressed ? settle_compressed(&again) : settle_plain(&again));
    must(again.first_ms == c->first_ms && again.first_bits == c->first_bits);
    must(again.last_ms == c->last_ms && again.last_bits == c->last_bits);
    must(again.delta_ms == c->delta_ms && again.lead == c->lead && again.width == c->width);
    for (uint32_t i = c->bits; i < c->word_cap * WORD; i++)
        must((c->words[i / WORD] >> (i % WORD) & 1) == 0);
    tschunk_fini(&again);
}
