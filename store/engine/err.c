#include "err.h"

#include "base/must.h"

#include <stddef.h>

static const char *const texts[ERR_COUNT] = {
    [ERR_OK] = "OK",
#define ERR(code, text) [ERR_##code] = (text),
#include "store/engine/err.def"
#undef ERR
};

const char *err_text(enum err e)
{
    must(e > ERR_OK);
    must(e < ERR_COUNT);
    return texts[e];
}
