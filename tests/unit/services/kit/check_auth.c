#include "services/kit/auth.h"

#include "tests/lib/unit.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define SECRET "0123456789abcdef0123456789abcdef"
#define NOW    1800000000000LL /* ms */
#define GOOD   "{\"aud\":\"hansom\",\"sub\":\"r77\",\"role\":\"rider\",\"exp\":1800000060}"

static struct buf token;
static struct buf why;

static struct slice head_and(const char *header, const char *payload)
{
    buf_clear(&token);
    base64url_encode(slice_of(header), &token);
    buf_add_char(&token, '.');
    base64url_encode(slice_of(payload), &token);
    return buf_slice(&token);
}

static struct slice with_signature(const void *sig, size_t len)
{
    buf_add_char(&token, '.');
    base64url_encode(slice_make(sig, len), &token);
    return buf_slice(&token);
}

static struct slice hs256(const char *header, const char *payload, struct slice secret)
{
    uint8_t mac[32];
    auth_hmac_sha256(secret, head_and(header, payload), mac);
    return with_signature(mac, sizeof mac);
}

static struct slice evp_signed(const char *header, const char *payload, EVP_PKEY *key)
{
    unsigned char sig[512];
    size_t len = sizeof sig;
    struct slice text = head_and(header, payload);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    ck_assert_int_eq(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    ck_assert_int_eq(EVP_DigestSign(ctx, sig, &len, (const unsigned char *)text.p, text.len), 1);
    EVP_MD_CTX_free(ctx);
    if (EVP_PKEY_get_id(key) != EVP_PKEY_EC) return with_signature(sig, len);

    const unsigned char *der = sig;
    unsigned char raw[64];
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)len);
    ck_assert_int_eq(BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, 32), 32);
    ck_assert_int_eq(BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + 32, 32), 32);
    ECDSA_SIG_free(pair);
    return with_signature(raw, sizeof raw);
}

static enum auth_result verify(struct auth *a, struct slice t)
{
    struct auth_claims c;
    return auth_verify(a, t, NOW, &c);
}

#define HS "{\"alg\":\"HS256\"}"

static struct auth *with_secret(void)
{
    struct auth *a = auth_new();
    ck_assert(auth_add_secret(a, SLICE(SECRET), &why));
    return a;
}

static enum auth_result verify_payload(struct auth *a, const char *payload)
{
    return verify(a, hs256(HS, payload, SLICE(SECRET)));
}

START_TEST(base64url_is_strict_and_reads_back)
{
    struct buf text = {0};
    struct buf back = {0};
    for (size_t n = 0; n < 40; n++) {
        char bytes[40];
        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)(i * 37 + n);
        buf_clear(&text);
        buf_clear(&back);
        base64url_encode(slice_make(bytes, n), &text);
        ck_assert(base64url_decode(buf_slice(&text), &back));
        ck_assert(slice_eq(buf_slice(&back), slice_make(bytes, n)));
    }
    ck_assert(!base64url_decode(SLICE("a"), &back));
    ck_assert(!base64url_decode(SLICE("ab=="), &back));
    ck_assert(!base64url_decode(SLICE("a+/b"), &back));
    ck_assert(!base64url_decode(SLICE("ab\n"), &back));
    ck_assert(!base64url_decode(SLICE("ab"), &back)); /* bits left over */
    ck_assert(base64url_decode(SLICE("aQ"), &back));
    buf_fini(&text);
    buf_fini(&back);
}
END_TEST

START_TEST(what_we_sign_verifies_with_all_its_claims)
{
    struct auth *a = with_secret();
    struct auth_claims in = {.sub = "la-839",
                             .region = "la",
                             .jti = "j1",
                             .role = ROLE_DRIVER,
                             .iat_ms = NOW,
                             .exp_ms = NOW + 60000};
    struct auth_claims out = {0};
    struct buf t = {0};
    auth_sign_hs256(SLICE(SECRET), &in, &t);
    for (int i = 0; i < 2; i++) { /* fresh, then from the cache */
        ck_assert_int_eq(auth_verify(a, buf_slice(&t), NOW, &out), AUTH_OK);
        ck_assert_str_eq(out.sub, "la-839");
        ck_assert_str_eq(out.region, "la");
        ck_assert_str_eq(out.jti, "j1");
        ck_assert_int_eq(out.role, ROLE_DRIVER);
        ck_assert_int_eq(out.exp_ms, NOW + 60000);
    }
    /* A cached token still expires, and a changed one is not found. */
    ck_assert_int_eq(auth_verify(a, buf_slice(&t), NOW + 60000 + 29999, &out), AUTH_OK);
    ck_assert_int_eq(auth_verify(a, buf_slice(&t), NOW + 60000 + 30000, &out), AUTH_EXPIRED);
    t.p[t.len - 3] = t.p[t.len - 3] == 'A' ? 'B' : 'A';
    ck_assert_int_eq(auth_verify(a, buf_slice(&t), NOW, &out), AUTH_BAD_SIGNATURE);
    buf_fini(&t);
    auth_free(a);
}
END_TEST

START_TEST(times_have_thirty_seconds_of_leeway)
{
    struct auth *a = with_secret();
    ck_assert_int_eq(verify_payload(a, GOOD), AUTH_OK);
    ck_assert_int_eq(
        verify_payload(a, "{\"aud\":\"hansom\",\"sub\":\"r\",\"role\":\"ops\",\"exp\":1799999971}"),
        AUTH_OK);
    ck_assert_int_eq(
        verify_payload(a, "{\"aud\":\"hansom\",\"sub\":\"r\",\"role\":\"ops\",\"exp\":1799999970}"),
        AUTH_EXPIRED);
    ck_assert_int_eq(verify_payload(a, "{\"aud\":\"hansom\",\"sub\":\"r\",\"role\":\"ops\",\"exp\":"
                                       "1900000000,\"nbf\":1800000031}"),
                     AUTH_NOT_YET);
    ck_assert_int_eq(verify_payload(a, "{\"aud\":\"hansom\",\"sub\":\"r\",\"role\":\"ops\",\"exp\":"
                                       "1900000000,\"iat\":1800000031}"),
                     AUTH_NOT_YET);
    ck_assert_int_eq(verify_payload(a, "{\"aud\":\"hansom\",\"sub\":\"r\",\"role\":\"ops\",\"exp\":"
                                       "1900000000,\"iat\":1800000029}"),
                     AUTH_OK);
    auth_free(a);
}
END_TEST

START_TEST(claims_must_be_ours)
{
    static const struct {
        const char *payload;
        enum auth_result want;
    } cases[] = {
        {"{\"sub\":\"r\",\"role\":\"rider\",\"exp\":1900000000}", AUTH_BAD_CLAIMS},
        {"{\"aud\":\"other\",\"sub\":\"r\",\"role\":\"rider\",\"exp\":1900000000}",
         AUTH_BAD_CLAIMS},
        {"{\"aud\":[\"x\",\"hansom\"],\"sub\":\"r\",\"role\":\"rider\",\"exp\":1900000000}",
         AUTH_OK},
        {"{\"aud\":\"hansom\",\"role\":\"rider\",\"exp\":1900000000}", AUTH_BAD_CLAIMS},
        {"{\"aud\":\"hansom\",\"sub\":\"a b\",\"role\":\"rider\",\"exp\":1900000000}",
         AUTH_BAD_CLAIMS},
        {"{\"aud\":\"hansom\",\"sub\":\"r\",\"role\":\"god\",\"exp\":1900000000}", AUTH_BAD_CLAIMS},
        {"{\"aud\":\"hansom\",\"sub\":\"r\",\"exp\":1900000000}", AUTH_BAD_CLAIMS},
        {"{\"aud\":\"hansom\",\"sub\":\"r\",\"role\":\"rider\"}", AUTH_BAD_CLAIMS},
        {"{\"aud\":\"hansom\",\"sub\":\"r\",\"role\":\"rider\",\"exp\":\"soon\"}", AUTH_MALFORMED},
        {"{\"aud\":\"hansom\",\"sub\":\"r\",\"role\":\"rider\",\"exp\":-1}", AUTH_MALFORMED},
        {"{\"aud\":\"hansom\",\"sub\":7,\"role\":\"rider\",\"exp\":1900000000}", AUTH_MALFORMED},
        {"{\"aud\":\"hansom\",\"sub\":\"r\",\"role\":\"rider\",\"region\":\"{x}\",\"exp\":"
         "1900000000}",
         AUTH_BAD_CLAIMS},
        {"{\"aud\":\"hansom\",\"sub\":\"r\",\"sub\":\"s\",\"role\":\"rider\",\"exp\":1900000000}",
         AUTH_MALFORMED},
        {"[]", AUTH_MALFORMED},
        {"not json", AUTH_MALFORMED},
    };
    struct auth *a = with_secret();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_msg(verify_payload(a, cases[i].payload) == cases[i].want, "%s", cases[i].payload);
    auth_free(a);
}
END_TEST

START_TEST(broken_tokens_are_malformed_or_forged)
{
    struct auth *a = with_secret();
    static const char *const broken[] = {
        "",          ".",     "..",      "...",      "a",
        "a.b",       "a.b.c", "a.b.c.d", "e30.e30.", "e30.e30.e30.e30",
        "!!.e30.e30"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        ck_assert_int_ne(verify(a, slice_of(broken[i])), AUTH_OK);

    ck_assert_int_eq(verify(a, hs256(HS, GOOD, SLICE("another secret of 16+"))),
                     AUTH_BAD_SIGNATURE);
    ck_assert_int_eq(verify(a, hs256("{\"alg\":\"none\"}", GOOD, SLICE(SECRET))),
                     AUTH_BAD_SIGNATURE);
    ck_assert_int_eq(verify(a, hs256("{\"alg\":\"hs256\"}", GOOD, SLICE(SECRET))),
                     AUTH_BAD_SIGNATURE);
    ck_assert_int_eq(verify(a, hs256("{\"alg\":\"HS512\"}", GOOD, SLICE(SECRET))),
                     AUTH_BAD_SIGNATURE);
    ck_assert_int_eq(verify(a, hs256("{}", GOOD, SLICE(SECRET))), AUTH_BAD_SIGNATURE);
    ck_assert_int_eq(
        verify(a, hs256("{\"alg\":\"HS256\",\"crit\":[\"b64\"]}", GOOD, SLICE(SECRET))),
        AUTH_BAD_SIGNATURE);
    (void)head_and("{\"alg\":\"none\"}", GOOD);
    buf_add_char(&token, '.');
    ck_assert_int_ne(verify(a, buf_slice(&token)), AUTH_OK);

    struct slice good = hs256(HS, GOOD, SLICE(SECRET));
    ck_assert_int_ne(verify(a, slice_make(good.p, good.len - 1)), AUTH_OK);
    buf_add_char(&token, '.');
    ck_assert_int_ne(verify(a, buf_slice(&token)), AUTH_OK);
    auth_free(a);
}
END_TEST

/* Every byte of a good token is changed once: none may pass. */
START_TEST(no_single_changed_byte_passes)
{
    struct auth *a = with_secret();
    struct slice good = hs256(HS, GOOD, SLICE(SECRET));
    for (size_t i = 0; i < good.len; i++) {
        char was = token.p[i];
        token.p[i] = was == 'x' ? 'y' : 'x';
        ck_assert_int_ne(verify(a, buf_slice(&token)), AUTH_OK);
        token.p[i] = was;
    }
    ck_assert_int_eq(verify(a, buf_slice(&token)), AUTH_OK);
    auth_free(a);
}
END_TEST

static void add_bn(struct buf *out, EVP_PKEY *key, const char *param, int pad)
{
    BIGNUM *n = NULL;
    unsigned char bytes[512];
    ck_assert_int_eq(EVP_PKEY_get_bn_param(key, param, &n), 1);
    int len = pad > 0 ? BN_bn2binpad(n, bytes, pad) : BN_bn2bin(n, bytes);
    ck_assert_int_gt(len, 0);
    base64url_encode(slice_make(bytes, (size_t)len), out);
    BN_free(n);
}

static void rsa_jwk(struct buf *out, EVP_PKEY *key, const char *more)
{
    buf_add_cstr(out, "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"");
    add_bn(out, key, OSSL_PKEY_PARAM_RSA_N, 0);
    buf_add_cstr(out, "\",\"e\":\"");
    add_bn(out, key, OSSL_PKEY_PARAM_RSA_E, 0);
    buf_addf(out, "\"%s}]}", more);
}

START_TEST(rsa_tokens_verify_and_their_key_is_no_shared_secret)
{
    EVP_PKEY *key = EVP_RSA_gen(2048);
    struct auth *a = auth_new();
    struct buf jwks = {0};
    rsa_jwk(&jwks, key, ",\"kid\":\"k1\",\"use\":\"sig\"");
    ck_assert_msg(auth_add_jwks(a, buf_slice(&jwks), &why), "%.*s", (int)why.len, why.p);
    ck_assert_int_eq(verify(a, evp_signed("{\"alg\":\"RS256\",\"kid\":\"k1\"}", GOOD, key)),
                     AUTH_OK);
    ck_assert_int_eq(verify(a, evp_signed("{\"alg\":\"RS256\"}", GOOD, key)), AUTH_OK);
    ck_assert_int_eq(verify(a, evp_signed("{\"alg\":\"RS256\",\"kid\":\"k2\"}", GOOD, key)),
                     AUTH_BAD_SIGNATURE);
    ck_assert_int_eq(verify(a, evp_signed("{\"alg\":\"HS256\"}", GOOD, key)), AUTH_BAD_SIGNATURE);
    ck_assert_int_eq(verify(a, evp_signed("{\"alg\":\"ES256\"}", GOOD, key)), AUTH_BAD_SIGNATURE);

    /* Algorithm confusion: HS256 with the public key's bytes as the secret, in DER and as the
     * JWKS text. */
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(key, &der);
    ck_assert_int_gt(n, 0);
    ck_assert_int_eq(verify(a, hs256(HS, GOOD, slice_make(der, (size_t)n))), AUTH_BAD_SIGNATURE);
    ck_assert_int_eq(verify(a, hs256(HS, GOOD, buf_slice(&jwks))), AUTH_BAD_SIGNATURE);
    OPENSSL_free(der);

    auth_clear(a);
    ck_assert_int_eq(verify(a, evp_signed("{\"alg\":\"RS256\"}", GOOD, key)), AUTH_BAD_SIGNATURE);
    EVP_PKEY_free(key);
    buf_fini(&jwks);
    auth_free(a);
}
END_TEST

START_TEST(ec_tokens_verify)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY *other = EVP_EC_gen("P-256");
    struct auth *a = auth_new();
    struct buf jwks = {0};
    buf_add_cstr(&jwks, "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"");
    add_bn(&jwks, key, OSSL_PKEY_PARAM_EC_PUB_X, 32);
    buf_add_cstr(&jwks, "\",\"y\":\"");
    add_bn(&jwks, key, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
    buf_add_cstr(&jwks, "\"}]}");
    ck_assert_msg(auth_add_jwks(a, buf_slice(&jwks), &why), "%.*s", (int)why.len, why.p);
    ck_assert_int_eq(verify(a, evp_signed("{\"alg\":\"ES256\"}", GOOD, key)), AUTH_OK);
    ck_assert_int_eq(verify(a, evp_signed("{\"alg\":\"ES256\"}", GOOD, other)), AUTH_BAD_SIGNATURE);
    (void)head_and("{\"alg\":\"ES256\"}", GOOD);
    char zeros[64] = {0};
    ck_assert_int_eq(verify(a, with_signature(zeros, 64)), AUTH_BAD_SIGNATURE);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
    buf_fini(&jwks);
    auth_free(a);
}
END_TEST

START_TEST(bad_key_sets_are_refused)
{
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"keys\":{}}",
        "{\"keys\":[]}",
        "{\"keys\":[{}]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2hvcnQ\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQAB\",\"y\":\"AQAB\"}]}",
        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQAB\"}]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZg\",\"use\":\"enc\"}]}",
    };
    struct auth *a = auth_new();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        buf_clear(&why);
        ck_assert_msg(!auth_add_jwks(a, slice_of(bad[i]), &why), "%s", bad[i]);
        ck_assert_uint_gt(why.len, 0);
    }
    EVP_PKEY *weak = EVP_RSA_gen(1024);
    struct buf jwks = {0};
    rsa_jwk(&jwks, weak, "");
    ck_assert(!auth_add_jwks(a, buf_slice(&jwks), &why));
    EVP_PKEY_free(weak);
    buf_fini(&jwks);
    ck_assert(!auth_add_secret(a, SLICE("fifteen bytes.."), &why));
    ck_assert(auth_add_jwks(
        a, SLICE("{\"keys\":[{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZg\"}]}"), &why));
    ck_assert_int_eq(verify(a, hs256(HS, GOOD, SLICE("0123456789abcdef"))), AUTH_OK);
    auth_free(a);
}
END_TEST

static bool revoked_is_j9(void *data, struct slice jti)
{
    (*(int *)data)++;
    return slice_is(jti, "j9");
}

START_TEST(revoked_tokens_are_refused_even_when_cached)
{
    int asked = 0;
    struct auth *a = with_secret();
    const char *payload = "{\"aud\":\"hansom\",\"sub\":\"r\",\"role\":\"ops\",\"exp\":1900000000,"
                          "\"jti\":\"j9\"}";
    ck_assert_int_eq(verify_payload(a, payload), AUTH_OK);
    auth_on_revoked(a, revoked_is_j9, &asked);
    ck_assert_int_eq(verify_payload(a, payload), AUTH_REVOKED);
    ck_assert_int_eq(verify_payload(a, GOOD), AUTH_OK);
    ck_assert_int_eq(asked, 1);
    auth_free(a);
}
END_TEST

UNIT_SUITE("auth", base64url_is_strict_and_reads_back, what_we_sign_verifies_with_all_its_claims,
           times_have_thirty_seconds_of_leeway, claims_must_be_ours,
           broken_tokens_are_malformed_or_forged, no_single_changed_byte_passes,
           rsa_tokens_verify_and_their_key_is_no_shared_secret, ec_tokens_verify,
           bad_key_sets_are_refused, revoked_tokens_are_refused_even_when_cached)
