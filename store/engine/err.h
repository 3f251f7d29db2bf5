/* err: what can go wrong in the world, and what a RESP client is told about it. */
#ifndef HANSOM_STORE_ENGINE_ERR_H
#define HANSOM_STORE_ENGINE_ERR_H

enum err {
    ERR_OK,
#define ERR(code, text) ERR_##code,
#include "store/engine/err.def"
#undef ERR
    ERR_COUNT
};

/* The error's line without the leading '-'; static. e is not ERR_OK. */
const char *err_text(enum err e);

#endif
