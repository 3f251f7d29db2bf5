/* families: the value types of the module families. */
#include "host.h"

#include "store/cmd/json.h"
#include "store/cmd/series.h"
#include "store/cmd/sketch.h"

void families_register(void)
{
    static struct family_type *const types[] = {&bloom_type, &cuckoo_type,  &countmin_type,
                                                &topk_type,  &tdigest_type, &json_type,
                                                &series_type};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        family_register(types[i]);
}
