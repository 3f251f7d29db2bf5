#include "quote_keys.h"

#include "services/kit/auth.h"

bool quote_keys_from(const struct kit_options *options, struct quote_keys *out, struct buf *why)
{
    struct slice given = slice_of(options->quote_secret);
    struct slice one = {0};
    struct quote_keys keys = {0};
    while (slice_cut(&given, ',', &one)) {
        if (quote_keys_add(&keys, one)) continue;
        buf_addf(why, "quote-secret: each of at most %d secrets needs %d to %d bytes",
                 QUOTE_KEYS_MAX, QUOTE_SECRET_MIN, QUOTE_SECRET_MAX);
        return false;
    }
    if (keys.count == 0 && options->jwt_secret[0] != '\0') {
        uint8_t derived[32];
        auth_hmac_sha256(slice_of(options->jwt_secret), SLICE("hansom quote tokens"), derived);
        (void)quote_keys_add(&keys, slice_make(derived, sizeof derived));
    }
    if (keys.count == 0) {
        buf_add_cstr(why, "quote-secret: needed where there is no jwt-secret to derive it from");
        return false;
    }
    *out = keys;
    return true;
}
