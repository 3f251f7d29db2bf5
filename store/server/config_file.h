/* config_file: CONFIG REWRITE: the configuration file made to say what the settings are now.
 *
 * Comments, blank lines, includes and lines that are still right stay as they are. A line whose
 * setting has changed says the new value, a setting that stands twice is left standing once, and
 * what stands nowhere is added at the end unless it is the default. An include may set anything,
 * so what was set before the last one is said again behind it.
 */
#ifndef HANSOM_STORE_SERVER_CONFIG_FILE_H
#define HANSOM_STORE_SERVER_CONFIG_FILE_H

#include "store/engine/config.h"
#include "store/persist/io.h"

/* The new text of a file that held `text`. Pure. */
void config_file_text(const struct config *c, struct slice text, struct buf *out);

/* Rewrites c->file, which must not be NULL: whole, or not at all. 0, or a negative errno. */
int config_file_rewrite(const struct config *c, const struct io *io);

#endif
