#include <stdio.h>

#include "base/clock.h"
#include "base/rng.h"
#include "cli/command.h"
#include "cli/place.h"
#include "services/kit/auth.h"

struct token_options {
#define OPT OPTION_FIELD
#include "cli/token.def"
#undef OPT
};

static const struct option_spec specs[] = {
#define OPT(field, ...) OPTION_SPEC(struct token_options, field, __VA_ARGS__)
#include "cli/token.def"
#undef OPT
};

static int print_token(const struct token_options *o)
{
    struct auth_claims claims = {.role = ROLE_PUBLIC};
    unsigned char id[8];
    if (!auth_role_parse(slice_of(o->role), &claims.role)) {
        fprintf(stderr, "hansom token: --role must be rider, driver or ops\n");
        return EXIT_USAGE_BAD;
    }
    struct buf secret = {0};
    if (o->secret[0] != '\0') {
        buf_add_cstr(&secret, o->secret);
    } else if (!place_read_secret(o->dir, &secret)) {
        fprintf(stderr, "hansom token: no secret in %s: is `hansom up` running there?\n", o->dir);
        return EXIT_CONFIG_BAD;
    }
    rng_secret(id, sizeof id);
    snprintf(claims.jti, sizeof claims.jti, "cli-%02x%02x%02x%02x%02x%02x%02x%02x", id[0], id[1],
             id[2], id[3], id[4], id[5], id[6], id[7]);
    slice_cstr(slice_of(o->sub), claims.sub, sizeof claims.sub);
    slice_cstr(slice_of(o->region), claims.region, sizeof claims.region);
    claims.iat_ms = clock_wall_ms();
    claims.exp_ms = claims.iat_ms + o->ttl_ms;
    struct buf token = {0};
    auth_sign_hs256(buf_slice(&secret), &claims, &token);
    printf("%.*s\n", (int)token.len, token.p);
    buf_fini(&token);
    buf_fini(&secret);
    return 0;
}

int command_token(int argc, char **argv)
{
    struct token_options o;
    const struct option_group group = {"options", specs, sizeof specs / sizeof specs[0], &o};
    struct option_set set = {.program = "hansom token",
                             .summary = "Prints a bearer token signed with this place's secret.",
                             .groups = &group,
                             .groups_count = 1};
    int status = command_options(&set, argc, argv);
    if (status == COMMAND_GOES_ON && o.sub[0] == '\0') {
        fputs("hansom token: --sub is needed\n", stderr);
        status = EXIT_USAGE_BAD;
    }
    if (status == COMMAND_GOES_ON) status = print_token(&o);
    option_fini(&set);
    return status;
}
