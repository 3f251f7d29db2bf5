/* Goal: on every input the location scanner says what jansson says.
 * Method: libFuzzer over tests/lib/ping_oracle.h; any disagreement aborts. */
#include "base/must.h"
#include "tests/lib/ping_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    must(ping_oracle_agrees(slice_make(data, size)));
    return 0;
}
