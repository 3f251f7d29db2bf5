#include "ids.h"

#include "base/buf.h"
#include "base/rng.h"

#include <stdio.h>

/* Random bytes are drawn a block at a time: one system call for 51 names. */
static void draw(void *out, size_t n)
{
    static uint8_t block[512];
    static size_t left;
    if (left < n) {
        rng_secret(block, sizeof block);
        left = sizeof block;
    }
    left -= n;
    memcpy(out, block + left, n);
    memset(block + left, 0, n);
}

char *id_ulid(int64_t now_ms, char out[static ULID_LEN + 1])
{
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    static int64_t last_ms;
    static uint64_t last_high; /* 16 bits */
    static uint64_t last_low;

    uint64_t high = 0;
    uint64_t low = 0;
    if (now_ms == last_ms) {
        high = last_high;
        low = last_low + 1;
        if (low == 0) high = (high + 1) & 0xffff;
    } else {
        uint8_t bytes[10];
        draw(bytes, sizeof bytes);
        memcpy(&low, bytes, 8);
        high = (uint64_t)bytes[8] << 8 | bytes[9];
        high &= 0x7fff; /* leaves room to count up within the millisecond */
        last_ms = now_ms;
    }
    last_high = high;
    last_low = low;

    uint64_t time = (uint64_t)now_ms & 0xffffffffffffULL;
    for (int i = 9; i >= 0; i--) {
        out[i] = alphabet[time & 31];
        time >>= 5;
    }
    for (int i = 25; i >= 10; i--) {
        out[i] = alphabet[low & 31];
        low = low >> 5 | (high & 31) << 59;
        high >>= 5;
    }
    out[ULID_LEN] = '\0';
    return out;
}

size_t id_ride(struct slice region, int64_t now_ms, char out[static ID_MAX + 1])
{
    if (region.len == 0 || region.len + 1 + ULID_LEN > ID_MAX) return 0;
    memcpy(out, region.p, region.len);
    out[region.len] = '-';
    id_ulid(now_ms, out + region.len + 1);
    return region.len + 1 + ULID_LEN;
}

size_t id_offer(struct slice ride, uint32_t n, char out[static ID_MAX + 1])
{
    char digits[24];
    size_t len = fmt_u64(digits, n);
    if (ride.len == 0 || ride.len + 1 + len > ID_MAX) return 0;
    memcpy(out, ride.p, ride.len);
    out[ride.len] = '.';
    memcpy(out + ride.len + 1, digits, len);
    out[ride.len + 1 + len] = '\0';
    return ride.len + 1 + len;
}

char *id_start_code(char out[static START_CODE_LEN + 1])
{
    uint16_t n = 0;
    do {
        draw(&n, sizeof n);
    } while (n >= 60000); /* 6 * 10,000: no code is likelier than another */
    n = (uint16_t)(n % 10000);
    for (int i = START_CODE_LEN - 1; i >= 0; i--) {
        out[i] = (char)('0' + n % 10);
        n /= 10;
    }
    out[START_CODE_LEN] = '\0';
    return out;
}

char *id_hex(size_t bytes, char *out)
{
    for (size_t i = 0; i < bytes; i++) {
        uint8_t b = 0;
        draw(&b, 1);
        out[2 * i] = "0123456789abcdef"[b >> 4];
        out[2 * i + 1] = "0123456789abcdef"[b & 15];
    }
    out[2 * bytes] = '\0';
    return out;
}

bool id_valid(struct slice id)
{
    if (id.len == 0 || id.len > ID_MAX) return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.p[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '.' || c == '-';
        if (!fine) return false;
    }
    return !slice_is(id, ".") && !slice_is(id, "..");
}

bool region_id_valid(struct slice region)
{
    if (region.len == 0 || region.len > 32) return false;
    for (size_t i = 0; i < region.len; i++) {
        char c = region.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
    }
    return true;
}

struct slice id_region(struct slice id)
{
    size_t dash = slice_find(id, '-');
    struct slice region = {id.p, dash};
    if (dash == id.len || !region_id_valid(region)) return SLICE("");
    return region;
}

int64_t id_entry_ms(struct slice id)
{
    struct slice ms_text = {0};
    uint64_t n = 0;
    int64_t ms = 0;
    bool is_one = slice_cut(&id, '-', &ms_text) && slice_i64(ms_text, &ms) && slice_u64(id, &n);
    return is_one && ms >= 0 ? ms : -1;
}

struct slice id_offer_ride(struct slice offer)
{
    size_t dot = offer.len;
    while (dot > 0 && offer.p[dot - 1] != '.')
        dot--;
    if (dot <= 1) return SLICE("");
    return (struct slice){offer.p, dot - 1};
}
