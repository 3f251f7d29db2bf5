#include "hash.h"

#include "base/rng.h"

static uint64_t key[2];
static bool seeded;

void hash_seed(uint64_t k0, uint64_t k1)
{
    key[0] = k0;
    key[1] = k1;
    seeded = true;
}

static inline uint64_t rotl(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

struct sip {
    uint64_t a, b, c, d;
};

static inline void sip_round(struct sip *v)
{
    v->a += v->b;
    v->b = rotl(v->b, 13) ^ v->a;
    v->a = rotl(v->a, 32);
    v->c += v->d;
    v->d = rotl(v->d, 16) ^ v->c;
    v->a += v->d;
    v->d = rotl(v->d, 21) ^ v->a;
    v->c += v->b;
    v->b = rotl(v->b, 17) ^ v->c;
    v->c = rotl(v->c, 32);
}

static inline uint64_t sip13(struct slice s, uint64_t k0, uint64_t k1)
{
    struct sip v = {k0 ^ 0x736f6d6570736575U, k1 ^ 0x646f72616e646f6dU, k0 ^ 0x6c7967656e657261U,
                    k1 ^ 0x7465646279746573U};
    const char *p = s.p;
    size_t words = s.len / 8;
    for (size_t i = 0; i < words; i++, p += 8) {
        uint64_t m = 0;
        memcpy(&m, p, 8);
        v.d ^= m;
        sip_round(&v);
        v.a ^= m;
    }
    uint64_t last = (uint64_t)s.len << 56;
    size_t rest = s.len % 8;
    if (rest > 0 && words > 0) { /* they are the end of eight bytes that are there */
        uint64_t m = 0;
        memcpy(&m, p + rest - 8, 8);
        last |= m >> (64 - 8 * rest);
    } else {
        for (size_t i = 0; i < rest; i++)
            last |= (uint64_t)(unsigned char)p[i] << (8 * i);
    }
    v.d ^= last;
    sip_round(&v);
    v.a ^= last;
    v.c ^= 0xff;
    sip_round(&v);
    sip_round(&v);
    sip_round(&v);
    return v.a ^ v.b ^ v.c ^ v.d;
}

uint64_t hash_sip13(struct slice s, uint64_t k0, uint64_t k1)
{
    return sip13(s, k0, k1);
}

uint64_t hash_slice(struct slice s)
{
    if (__builtin_expect(!seeded, 0)) {
        uint64_t k[2];
        rng_secret(k, sizeof k);
        hash_seed(k[0], k[1]);
    }
    return sip13(s, key[0], key[1]);
}
