#include "depends.h"

#include "base/mem.h"

void depends_set(struct depends *d, bool exact)
{
    if (exact == (d->newest != NULL)) return;
    depends_fini(d);
    if (!exact) return;
    d->newest = mem_array(DEPENDS_SLOTS, uint64_t);
    d->all = d->end; /* what was not noted by key */
}

void depends_fini(struct depends *d)
{
    mem_free(d->newest);
    d->newest = NULL;
}
