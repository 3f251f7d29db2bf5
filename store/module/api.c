#include "api.h"

#include <string.h>

#define API(result, name, arguments) result(*rm_##name) arguments;
#include "store/module/api.def"
#undef API

const char *rm_api_load(struct rm_ctx *ctx)
{
    static const struct {
        const char *name;
        void *to;
    } all[] = {
#define API(result, name, arguments) {"RedisModule_" #name, &rm_##name},
#include "store/module/api.def"
#undef API
    };
    /* The context begins with the function that finds the others. */
    int (*find)(const char *name, void *to) = NULL;
    memcpy(&find, ctx, sizeof find);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (find(all[i].name, all[i].to) != RM_OK) return all[i].name;
    return NULL;
}
