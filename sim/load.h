/* load: reads whole files, unpacking gzip by itself. */
#ifndef HANSOM_SIM_LOAD_H
#define HANSOM_SIM_LOAD_H

#include "base/buf.h"

/* Appends the file's (unpacked) bytes, at most max of them. False when it cannot be read or is
 * larger; errno or a note on stderr says why. */
bool load_file(const char *path, size_t max, struct buf *out);

#endif
