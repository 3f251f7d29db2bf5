#include "token.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/must.h"

void token_base64url(struct slice in, struct buf *out)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *p = (const unsigned char *)in.p;
    for (size_t i = 0; i < in.len; i += 3) {
        uint32_t n = (uint32_t)p[i] << 16;
        if (i + 1 < in.len) n |= (uint32_t)p[i + 1] << 8;
        if (i + 2 < in.len) n |= p[i + 2];
        buf_add_char(out, alphabet[n >> 18]);
        buf_add_char(out, alphabet[n >> 12 & 63]);
        if (i + 1 < in.len) buf_add_char(out, alphabet[n >> 6 & 63]);
        if (i + 2 < in.len) buf_add_char(out, alphabet[n & 63]);
    }
}

static bool plain(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\') return false;
    }
    return true;
}

bool token_sign(struct slice secret, const struct token_claims *c, struct buf *out)
{
    if (!plain(c->sub) || !plain(c->role) || !plain(c->region) || !plain(c->jti)) return false;

    struct buf body = {0};
    buf_addf(&body, "{\"sub\":\"%.*s\",\"role\":\"%.*s\",\"aud\":\"hansom\"", (int)c->sub.len,
             c->sub.p, (int)c->role.len, c->role.p);
    if (c->region.len > 0) {
        buf_addf(&body, ",\"region\":\"%.*s\"", (int)c->region.len, c->region.p);
    }
    buf_addf(&body, ",\"iat\":%lld,\"exp\":%lld,\"jti\":\"%.*s\"}", (long long)c->iat_s,
             (long long)c->exp_s, (int)c->jti.len, c->jti.p);

    size_t from = out->len;
    token_base64url(SLICE("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"), out);
    buf_add_char(out, '.');
    token_base64url(buf_slice(&body), out);
    buf_fini(&body);

    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int mac_len = 0;
    must(secret.len <= INT32_MAX);
    must(HMAC(EVP_sha256(), secret.p, (int)secret.len, (unsigned char *)out->p + from,
              out->len - from, mac, &mac_len) != NULL);
    buf_add_char(out, '.');
    token_base64url(slice_make(mac, mac_len), out);
    return true;
}
