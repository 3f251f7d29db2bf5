/* sample: every measured value, kept, for exact quantiles at the end of a run.
 *
 * Cost: 8 bytes a value; a run measures some hundred thousand at most. Quantiles sort once.
 */
#ifndef HANSOM_SIM_SAMPLE_H
#define HANSOM_SIM_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>

struct sample {
    double *values; /* owned */
    size_t count;
    size_t cap;
    bool sorted;
};

void sample_add(struct sample *s, double value);

/* The smallest value that at least this part (0 to 1) of all values does not exceed; 0 when
 * there is none. Sorts the values in place. */
double sample_quantile(struct sample *s, double part);

double sample_max(struct sample *s);
double sample_mean(const struct sample *s);
void sample_fini(struct sample *s);

#endif
