#include "auth.h"

#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/ids.h"

#include <jansson.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>

enum {
    KEYS_MAX = 32,
    SECRET_MIN = 16,
    RSA_BITS_MIN = 2048,
    LEEWAY_MS = 30 * 1000,
    CACHE_SLOTS = 16384, /* a power of two */
    EC_BYTES = 32,       /* of one P-256 coordinate */
};

enum alg { ALG_HS256, ALG_RS256, ALG_ES256 };

static const char *const alg_names[] = {"HS256", "RS256", "ES256"};

struct key {
    enum alg alg; /* the only one this key is used for */
    char kid[AUTH_SUB_MAX + 1];
    struct buf secret;    /* HS256 */
    EVP_PKEY *public_key; /* owned; the others */
};

/* A token that verified, and what it said. */
struct cached {
    struct auth_claims claims;
    int64_t nbf_ms;
    size_t len;
    char token[];
};

struct auth {
    struct key keys[KEYS_MAX];
    size_t count;
    struct cached *cache[CACHE_SLOTS]; /* owned; by hash, the newest wins */
    bool (*revoked)(void *data, struct slice jti);
    void *revoked_data;
    struct buf scratch[3]; /* header, payload, signature, decoded */
};

const char *auth_result_text(enum auth_result r)
{
    static const char *const texts[] = {
        [AUTH_OK] = "the token is valid",
        [AUTH_MALFORMED] = "the token is not a JWT",
        [AUTH_BAD_SIGNATURE] = "the token's signature is not ours",
        [AUTH_EXPIRED] = "the token has expired",
        [AUTH_NOT_YET] = "the token is not valid yet",
        [AUTH_BAD_CLAIMS] = "the token's aud, role or sub is missing or not ours",
        [AUTH_REVOKED] = "the token was revoked",
    };
    must((size_t)r < sizeof texts / sizeof texts[0]);
    return texts[r];
}

static const struct {
    const char *name;
    enum auth_role role;
} roles[] = {{"rider", ROLE_RIDER}, {"driver", ROLE_DRIVER}, {"ops", ROLE_OPS}};

const char *auth_role_name(enum auth_role role)
{
    for (size_t i = 0; i < 3; i++)
        if (roles[i].role == role) return roles[i].name;
    return "";
}

bool auth_role_parse(struct slice word, enum auth_role *out)
{
    for (size_t i = 0; i < 3; i++) {
        if (!slice_is(word, roles[i].name)) continue;
        *out = roles[i].role;
        return true;
    }
    return false;
}

/* --- base64url --- */

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url_encode(struct slice bytes, struct buf *out)
{
    uint32_t bits = 0;
    int have = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        bits = bits << 8 | (unsigned char)bytes.p[i];
        have += 8;
        while (have >= 6) {
            have -= 6;
            buf_add_char(out, base64url[(bits >> have) & 63]);
        }
    }
    if (have > 0) buf_add_char(out, base64url[(bits << (6 - have)) & 63]);
}

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '-') return 62;
    if (c == '_') return 63;
    return -1;
}

bool base64url_decode(struct slice text, struct buf *out)
{
    if (text.len % 4 == 1) return false;
    size_t start = out->len;
    uint32_t bits = 0;
    int have = 0;
    (void)buf_reserve(out, text.len);
    for (size_t i = 0; i < text.len; i++) {
        int s = sextet(text.p[i]);
        if (s < 0) {
            out->len = start;
            return false;
        }
        bits = bits << 6 | (uint32_t)s;
        have += 6;
        if (have < 8) continue;
        have -= 8;
        buf_add_char(out, (char)(bits >> have & 255));
    }
    if ((bits & ((1u << have) - 1)) == 0) return true;
    out->len = start; /* bits left over: two texts would mean the same bytes */
    return false;
}

void auth_hmac_sha256(struct slice secret, struct slice text, uint8_t out[static 32])
{
    unsigned int n = 0;
    must(secret.len <= 1 << 20);
    must(HMAC(EVP_sha256(), secret.len == 0 ? "" : secret.p, (int)secret.len,
              (const unsigned char *)text.p, text.len, out, &n) != NULL);
    must(n == 32);
}

/* --- keys --- */

struct auth *auth_new(void)
{
    return mem_new(struct auth);
}

void auth_clear(struct auth *a)
{
    for (size_t i = 0; i < a->count; i++) {
        struct key *k = &a->keys[i];
        if (k->secret.p != NULL) memset(k->secret.p, 0, k->secret.len);
        buf_fini(&k->secret);
        EVP_PKEY_free(k->public_key);
        *k = (struct key){0};
    }
    a->count = 0;
    for (size_t i = 0; i < CACHE_SLOTS; i++) {
        mem_free(a->cache[i]);
        a->cache[i] = NULL;
    }
}

void auth_free(struct auth *a)
{
    if (a == NULL) return;
    auth_clear(a);
    for (size_t i = 0; i < 3; i++)
        buf_fini(&a->scratch[i]);
    mem_free(a);
}

static struct key *key_add(struct auth *a, enum alg alg, const char *kid, struct buf *why)
{
    if (a->count == KEYS_MAX) {
        buf_addf(why, "more than %d keys", KEYS_MAX);
        return NULL;
    }
    struct key *k = &a->keys[a->count++];
    *k = (struct key){.alg = alg};
    if (kid != NULL) (void)slice_cstr(slice_of(kid), k->kid, sizeof k->kid);
    return k;
}

static bool add_oct(struct auth *a, struct slice secret, const char *kid, struct buf *why)
{
    if (secret.len < SECRET_MIN) {
        buf_addf(why, "a shared secret needs at least %d bytes", SECRET_MIN);
        return false;
    }
    struct key *k = key_add(a, ALG_HS256, kid, why);
    if (k == NULL) return false;
    buf_add_slice(&k->secret, secret);
    return true;
}

bool auth_add_secret(struct auth *a, struct slice secret, struct buf *why)
{
    return add_oct(a, secret, NULL, why);
}

/* The decoded bytes of a base64url member; false if it is absent or broken. */
static bool member_bytes(const json_t *jwk, const char *name, struct buf *out)
{
    const char *text = json_string_value(json_object_get(jwk, name));
    buf_clear(out);
    return text != NULL && base64url_decode(slice_of(text), out) && out->len > 0;
}

static EVP_PKEY *pkey_of(const char *type, OSSL_PARAM_BLD *bld)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return key;
}

static EVP_PKEY *rsa_key(struct slice n, struct slice e)
{
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    BIGNUM *bn_n = BN_bin2bn((const unsigned char *)n.p, (int)n.len, NULL);
    BIGNUM *bn_e = BN_bin2bn((const unsigned char *)e.p, (int)e.len, NULL);
    must(bld != NULL && bn_n != NULL && bn_e != NULL);
    must(OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn_n) == 1);
    must(OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, bn_e) == 1);
    EVP_PKEY *key = pkey_of("RSA", bld);
    OSSL_PARAM_BLD_free(bld);
    BN_free(bn_n);
    BN_free(bn_e);
    if (key != NULL && EVP_PKEY_get_bits(key) < RSA_BITS_MIN) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

static EVP_PKEY *ec_key(struct slice x, struct slice y)
{
    if (x.len != EC_BYTES || y.len != EC_BYTES) return NULL;
    unsigned char point[1 + 2 * EC_BYTES] = {4};
    memcpy(point + 1, x.p, EC_BYTES);
    memcpy(point + 1 + EC_BYTES, y.p, EC_BYTES);
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    must(bld != NULL);
    must(OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1);
    must(OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) == 1);
    EVP_PKEY *key = pkey_of("EC", bld);
    OSSL_PARAM_BLD_free(bld);
    return key;
}

/* Adds one JWK. Keys for encryption or of kinds we do not know are passed over (*added stays);
 * false for one that is broken. */
static bool add_jwk(struct auth *a, const json_t *jwk, size_t *added, struct buf *why)
{
    const char *kty = json_string_value(json_object_get(jwk, "kty"));
    const char *kid = json_string_value(json_object_get(jwk, "kid"));
    const char *alg = json_string_value(json_object_get(jwk, "alg"));
    const char *use = json_string_value(json_object_get(jwk, "use"));
    if (kty == NULL) {
        buf_add_cstr(why, "a key has no kty");
        return false;
    }
    enum alg ours = strcmp(kty, "oct") == 0   ? ALG_HS256
                    : strcmp(kty, "RSA") == 0 ? ALG_RS256
                                              : ALG_ES256;
    if (ours == ALG_ES256 && strcmp(kty, "EC") != 0) return true;
    if (use != NULL && strcmp(use, "sig") != 0) return true;
    if (alg != NULL && strcmp(alg, alg_names[ours]) != 0) return true;

    struct buf one = {0};
    struct buf two = {0};
    bool ok = false;
    if (ours == ALG_HS256) {
        ok = member_bytes(jwk, "k", &one) && add_oct(a, buf_slice(&one), kid, why);
    } else {
        bool rsa = ours == ALG_RS256;
        EVP_PKEY *public_key = NULL;
        if (member_bytes(jwk, rsa ? "n" : "x", &one) && member_bytes(jwk, rsa ? "e" : "y", &two))
            public_key = rsa ? rsa_key(buf_slice(&one), buf_slice(&two))
                             : ec_key(buf_slice(&one), buf_slice(&two));
        struct key *k = public_key == NULL ? NULL : key_add(a, ours, kid, why);
        if (k != NULL)
            k->public_key = public_key;
        else
            EVP_PKEY_free(public_key);
        ok = k != NULL;
    }
    if (ok)
        (*added)++;
    else if (why->len == 0)
        buf_addf(why, "key \"%.40s\" is broken or too weak", kid == NULL ? "" : kid);
    buf_fini(&one);
    buf_fini(&two);
    return ok;
}

bool auth_add_jwks(struct auth *a, struct slice jwks, struct buf *why)
{
    json_error_t e;
    json_t *root = json_loadb(jwks.p, jwks.len, JSON_REJECT_DUPLICATES, &e);
    json_t *keys = json_object_get(root, "keys");
    size_t added = 0;
    bool ok = json_is_array(keys);
    if (!ok) buf_add_cstr(why, "not a JWKS: no array named keys");
    for (size_t i = 0; ok && i < json_array_size(keys); i++)
        ok = add_jwk(a, json_array_get(keys, i), &added, why);
    if (ok && added == 0) {
        buf_add_cstr(why, "the JWKS has no key for HS256, RS256 or ES256");
        ok = false;
    }
    json_decref(root);
    return ok;
}

void auth_on_revoked(struct auth *a, bool (*fn)(void *data, struct slice jti), void *data)
{
    a->revoked = fn;
    a->revoked_data = data;
}

/* --- signatures --- */

static bool verify_hs256(const struct key *k, struct slice text, struct slice sig)
{
    uint8_t want[32];
    auth_hmac_sha256(buf_slice(&k->secret), text, want);
    return slice_eq_secret(slice_make(want, sizeof want), sig);
}

static bool verify_evp(EVP_PKEY *key, struct slice text, const unsigned char *sig, size_t len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    must(ctx != NULL);
    bool ok = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestVerify(ctx, sig, len, (const unsigned char *)text.p, text.len) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

/* JWS carries r and s as 32 bytes each; OpenSSL wants them as DER. */
static bool verify_es256(const struct key *k, struct slice text, struct slice sig)
{
    if (sig.len != (size_t)2 * EC_BYTES) return false;
    const unsigned char *bytes = (const unsigned char *)sig.p;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(bytes, EC_BYTES, NULL);
    BIGNUM *s = BN_bin2bn(bytes + EC_BYTES, EC_BYTES, NULL);
    must(pair != NULL && r != NULL && s != NULL);
    must(ECDSA_SIG_set0(pair, r, s) == 1);
    unsigned char *der = NULL;
    int n = i2d_ECDSA_SIG(pair, &der);
    bool ok = n > 0 && verify_evp(k->public_key, text, der, (size_t)n);
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    return ok;
}

static bool verify_with(const struct key *k, struct slice text, struct slice sig)
{
    switch (k->alg) {
    case ALG_HS256:
        return verify_hs256(k, text, sig);
    case ALG_RS256:
        return verify_evp(k->public_key, text, (const unsigned char *)sig.p, sig.len);
    case ALG_ES256:
        return verify_es256(k, text, sig);
    }
    return false;
}

/* --- claims --- */

/* Copies a string claim into out. False when it is there but is no such string. */
static bool claim_str(const json_t *c, const char *name, char *out, size_t size)
{
    const json_t *v = json_object_get(c, name);
    out[0] = '\0';
    if (v == NULL) return true;
    size_t len = json_string_length(v);
    if (!json_is_string(v) || len >= size || memchr(json_string_value(v), '\0', len) != NULL)
        return false;
    memcpy(out, json_string_value(v), len + 1);
    return true;
}

/* Seconds to milliseconds; 0 when absent. */
static bool claim_time(const json_t *c, const char *name, int64_t *out)
{
    const json_t *v = json_object_get(c, name);
    *out = 0;
    if (v == NULL) return true;
    double s = json_number_value(v);
    if (!json_is_number(v) || !(s >= 0 && s < 1e12)) return false;
    *out = (int64_t)(s * 1000.0);
    return true;
}

static bool audience_is_ours(const json_t *aud)
{
    if (json_is_string(aud)) return strcmp(json_string_value(aud), "hansom") == 0;
    for (size_t i = 0; i < json_array_size(aud); i++) {
        const char *one = json_string_value(json_array_get(aud, i));
        if (one != NULL && strcmp(one, "hansom") == 0) return true;
    }
    return false;
}

static enum auth_result read_claims(struct slice payload, struct auth_claims *out, int64_t *nbf_ms)
{
    json_error_t e;
    json_t *c = json_loadb(payload.p, payload.len, JSON_REJECT_DUPLICATES, &e);
    char role[16];
    enum auth_result result = AUTH_MALFORMED;
    if (!json_is_object(c)) goto out;
    if (!claim_str(c, "sub", out->sub, sizeof out->sub) ||
        !claim_str(c, "region", out->region, sizeof out->region) ||
        !claim_str(c, "jti", out->jti, sizeof out->jti) ||
        !claim_str(c, "role", role, sizeof role) || !claim_time(c, "exp", &out->exp_ms) ||
        !claim_time(c, "iat", &out->iat_ms) || !claim_time(c, "nbf", nbf_ms))
        goto out;

    result = AUTH_BAD_CLAIMS;
    if (!id_valid(slice_of(out->sub)) || !auth_role_parse(slice_of(role), &out->role)) goto out;
    if (out->region[0] != '\0' && !region_id_valid(slice_of(out->region))) goto out;
    if (!audience_is_ours(json_object_get(c, "aud"))) goto out;
    if (out->exp_ms == 0) goto out;
    result = AUTH_OK;
out:
    json_decref(c);
    return result;
}

static enum auth_result check_times(const struct auth_claims *c, int64_t nbf_ms, int64_t now_ms)
{
    if (now_ms >= c->exp_ms + LEEWAY_MS) return AUTH_EXPIRED;
    if (nbf_ms > now_ms + LEEWAY_MS || c->iat_ms > now_ms + LEEWAY_MS) return AUTH_NOT_YET;
    return AUTH_OK;
}

/* --- the whole token --- */

/* Reads alg and kid. False when the header is not one we can follow. */
static bool read_header(struct slice text, enum alg *alg, char *kid, size_t kid_size)
{
    json_error_t e;
    json_t *h = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, &e);
    const char *name = json_string_value(json_object_get(h, "alg"));
    bool ok = false;
    if (name != NULL && json_object_get(h, "crit") == NULL && claim_str(h, "kid", kid, kid_size)) {
        for (int i = ALG_HS256; i <= ALG_ES256; i++) {
            if (strcmp(name, alg_names[i]) != 0) continue;
            *alg = (enum alg)i;
            ok = true;
        }
    }
    json_decref(h);
    return ok;
}

static bool signed_by_us(const struct auth *a, enum alg alg, const char *kid, struct slice text,
                         struct slice sig)
{
    for (size_t i = 0; i < a->count; i++) {
        const struct key *k = &a->keys[i];
        if (k->alg != alg) continue;
        if (kid[0] != '\0' && k->kid[0] != '\0' && strcmp(kid, k->kid) != 0) continue;
        if (verify_with(k, text, sig)) return true;
    }
    return false;
}

static enum auth_result verify_fresh(struct auth *a, struct slice token, struct auth_claims *out,
                                     int64_t *nbf_ms)
{
    struct slice rest = token;
    struct slice part[3] = {{0}};
    for (size_t i = 0; i < 3; i++) {
        buf_clear(&a->scratch[i]);
        if (!slice_cut(&rest, '.', &part[i])) return AUTH_MALFORMED;
        if (!base64url_decode(part[i], &a->scratch[i])) return AUTH_MALFORMED;
    }
    if (rest.len > 0 || token.p[token.len - 1] == '.') return AUTH_MALFORMED;

    enum alg alg = ALG_HS256;
    char kid[AUTH_SUB_MAX + 1];
    if (!read_header(buf_slice(&a->scratch[0]), &alg, kid, sizeof kid)) return AUTH_BAD_SIGNATURE;
    struct slice text = {token.p, part[0].len + 1 + part[1].len};
    if (!signed_by_us(a, alg, kid, text, buf_slice(&a->scratch[2]))) return AUTH_BAD_SIGNATURE;
    return read_claims(buf_slice(&a->scratch[1]), out, nbf_ms);
}

static void cache_put(struct auth *a, size_t slot, struct slice token,
                      const struct auth_claims *claims, int64_t nbf_ms)
{
    struct cached *c = mem_alloc(sizeof *c + token.len);
    c->claims = *claims;
    c->nbf_ms = nbf_ms;
    c->len = token.len;
    memcpy(c->token, token.p, token.len);
    mem_free(a->cache[slot]);
    a->cache[slot] = c;
}

enum auth_result auth_verify(struct auth *a, struct slice token, int64_t now_ms,
                             struct auth_claims *out)
{
    if (token.len == 0 || token.len > AUTH_TOKEN_MAX) return AUTH_MALFORMED;

    struct auth_claims claims = {0};
    int64_t nbf_ms = 0;
    size_t slot = (size_t)(hash_slice(token) & (CACHE_SLOTS - 1));
    const struct cached *hit = a->cache[slot];
    if (hit != NULL && slice_eq_secret(slice_make(hit->token, hit->len), token)) {
        claims = hit->claims;
        nbf_ms = hit->nbf_ms;
    } else {
        enum auth_result e = verify_fresh(a, token, &claims, &nbf_ms);
        if (e != AUTH_OK) return e;
        cache_put(a, slot, token, &claims, nbf_ms);
    }

    enum auth_result e = check_times(&claims, nbf_ms, now_ms);
    if (e != AUTH_OK) return e;
    if (claims.jti[0] != '\0' && a->revoked != NULL &&
        a->revoked(a->revoked_data, slice_of(claims.jti)))
        return AUTH_REVOKED;
    *out = claims;
    return AUTH_OK;
}

void auth_sign_hs256(struct slice secret, const struct auth_claims *claims, struct buf *out)
{
    struct buf payload = {0};
    struct json j = json_start(&payload);
    json_object_start(&j);
    json_put_cstr(&j, "aud", "hansom");
    json_put_cstr(&j, "sub", claims->sub);
    json_put_cstr(&j, "role", auth_role_name(claims->role));
    if (claims->region[0] != '\0') json_put_cstr(&j, "region", claims->region);
    if (claims->jti[0] != '\0') json_put_cstr(&j, "jti", claims->jti);
    if (claims->iat_ms != 0) json_put_i64(&j, "iat", claims->iat_ms / 1000);
    json_put_i64(&j, "exp", claims->exp_ms / 1000);
    json_object_end(&j);

    size_t start = out->len;
    base64url_encode(SLICE("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"), out);
    buf_add_char(out, '.');
    base64url_encode(buf_slice(&payload), out);
    uint8_t mac[32];
    auth_hmac_sha256(secret, slice_from(buf_slice(out), start), mac);
    buf_add_char(out, '.');
    base64url_encode(slice_make(mac, sizeof mac), out);
    buf_fini(&payload);
}
