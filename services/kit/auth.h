/* auth: who a bearer token speaks for.
 *
 * Tokens are JWTs (RFC 7519) signed with HS256, RS256 or ES256. A key knows its one algorithm
 * and is only ever used for that, so a token that names another algorithm for the key (the
 * classic: HS256 with the bytes of an RSA public key as the secret) is refused, and so is
 * "none". Keys come from a shared secret or from a JWKS file (kty oct, RSA, EC P-256), are
 * chosen by kid where the token has one, and are kept parsed.
 *
 * Claims: sub, role (rider, driver, ops), exp and aud "hansom" are required; region, iat, nbf
 * and jti are optional. 30 s of clock difference are allowed.
 *
 * Cost:  HS256 about 3 µs, RS256 and ES256 20 to 60 µs; a token verified before and still
 *        valid costs a hash and a comparison.
 * Owner: struct auth owns keys and cache. Loop thread only. Time is an argument.
 */
#ifndef HANSOM_KIT_AUTH_H
#define HANSOM_KIT_AUTH_H

#include "base/buf.h"

struct auth;

enum auth_role {
    ROLE_PUBLIC = 0, /* in a route: no token needed */
    ROLE_RIDER = 1,
    ROLE_DRIVER = 2,
    ROLE_OPS = 4,
    ROLE_ANY = 7 /* in a route: any valid token */
};

enum { AUTH_SUB_MAX = 64, AUTH_REGION_MAX = 32, AUTH_JTI_MAX = 64, AUTH_TOKEN_MAX = 4096 };

struct auth_claims {
    char sub[AUTH_SUB_MAX + 1];       /* a valid id (ids.h) */
    char region[AUTH_REGION_MAX + 1]; /* "" when the token has none */
    char jti[AUTH_JTI_MAX + 1];       /* "" when the token has none */
    enum auth_role role;              /* exactly one */
    int64_t exp_ms;
    int64_t iat_ms; /* 0 when the token has none */
};

enum auth_result {
    AUTH_OK,
    AUTH_MALFORMED,     /* not a JWT, or a claim has a wrong type */
    AUTH_BAD_SIGNATURE, /* forged, unknown key, or an algorithm that is not the key's */
    AUTH_EXPIRED,
    AUTH_NOT_YET,    /* nbf or iat lies ahead */
    AUTH_BAD_CLAIMS, /* aud, role or sub is missing or not ours */
    AUTH_REVOKED
};

/* A short phrase for error_description and logs. */
const char *auth_result_text(enum auth_result r);

struct auth *auth_new(void);
void auth_free(struct auth *a);

/* Adds a shared secret for HS256; at least 16 bytes. False (and *why) when it is too short. */
bool auth_add_secret(struct auth *a, struct slice secret, struct buf *why);

/* Adds all usable keys of a JWKS (its text); false and *why when it has none or one is broken. */
bool auth_add_jwks(struct auth *a, struct slice jwks, struct buf *why);

/* Forgets keys and cache; for a reload. */
void auth_clear(struct auth *a);

/* Asked for each token with a jti; true refuses it. */
void auth_on_revoked(struct auth *a, bool (*fn)(void *data, struct slice jti), void *data);

/* Verifies `token` (without "Bearer ") and writes *out on AUTH_OK. */
enum auth_result auth_verify(struct auth *a, struct slice token, int64_t now_ms,
                             struct auth_claims *out);

/* Appends an HS256 token with these claims (iat and exp as they stand there) to out. */
void auth_sign_hs256(struct slice secret, const struct auth_claims *claims, struct buf *out);

/* "rider", "driver" or "ops". */
const char *auth_role_name(enum auth_role role);
bool auth_role_parse(struct slice word, enum auth_role *out);

/* Appends base64url without padding; reads it strictly (false on anything else). */
void base64url_encode(struct slice bytes, struct buf *out);
bool base64url_decode(struct slice text, struct buf *out);

/* HMAC-SHA-256, for quote tokens and other signed texts. */
void auth_hmac_sha256(struct slice secret, struct slice text, uint8_t out[static 32]);

#endif
