/* token: signs the HS256 bearer tokens of simulated users, and those of `hansom token`.
 *
 * A deployment's tokens come from its identity provider; this is the one for loopback, where
 * the services and the tools share a secret file.
 */
#ifndef HANSOM_SIM_TOKEN_H
#define HANSOM_SIM_TOKEN_H

#include "base/buf.h"

struct token_claims {
    struct slice sub;
    struct slice role;   /* rider, driver or ops */
    struct slice region; /* may be empty: left out */
    struct slice jti;
    int64_t iat_s;
    int64_t exp_s;
};

/* Appends the compact JWS to out. False when a claim holds a byte that would need escaping
 * in JSON; out is then unchanged. */
bool token_sign(struct slice secret, const struct token_claims *claims, struct buf *out);

/* Appends base64url without padding. */
void token_base64url(struct slice in, struct buf *out);

#endif
