/* config: the settings of a store, by Redis's names; config.def is the table.
 *
 * Why: flags, the configuration file, CONFIG GET/SET and --help are one list.
 */
#ifndef HANSOM_STORE_ENGINE_CONFIG_H
#define HANSOM_STORE_ENGINE_CONFIG_H

#include "base/buf.h"

enum config_flag {
    CONFIG_FIXED = 1 << 0,  /* only at start: CONFIG SET refuses it */
    CONFIG_SECRET = 1 << 1, /* never printed in logs */
    CONFIG_INERT = 1 << 2,  /* known for compatibility; changes nothing */
};

enum policy {
    POLICY_VOLATILE_LRU,
    POLICY_VOLATILE_LFU,
    POLICY_VOLATILE_RANDOM,
    POLICY_VOLATILE_TTL,
    POLICY_ALLKEYS_LRU,
    POLICY_ALLKEYS_LFU,
    POLICY_ALLKEYS_RANDOM,
    POLICY_NOEVICTION,
};
enum debug_command { DEBUG_NO, DEBUG_YES, DEBUG_LOCAL };
enum tls_auth { TLS_AUTH_NO, TLS_AUTH_YES, TLS_AUTH_OPTIONAL };
enum fsync_policy { FSYNC_ALWAYS, FSYNC_EVERYSEC, FSYNC_NO };

enum { SAVE_RULES_MAX = 32, CONFIG_WORDS = 4 };

struct config {
#define CONFIG_INT(field, name, def, min, max, flags, help)  int64_t field;
#define CONFIG_SIZE(field, name, def, min, max, flags, help) int64_t field;
#define CONFIG_BOOL(field, name, def, flags, help)           int64_t field;
#define CONFIG_ENUM(field, name, words, def, flags, help)    int64_t field;
#define CONFIG_TEXT(field, name, def, flags, help)           char *field; /* owned, never NULL */
#define CONFIG_LIMIT(field, name, kind, def, min, max, help)
#include "store/engine/config.def"
#undef CONFIG_INT
#undef CONFIG_SIZE
#undef CONFIG_BOOL
#undef CONFIG_ENUM
#undef CONFIG_TEXT
#undef CONFIG_LIMIT
    int64_t save_s[SAVE_RULES_MAX], save_changes[SAVE_RULES_MAX]; /* rules of `save` */
    uint32_t save_rules;
    int64_t obuf_hard[3], obuf_soft[3], obuf_soft_s[3]; /* normal, replica, pubsub; bytes, s */
    uint64_t given[CONFIG_WORDS]; /* a bit for each setting that somebody set */
    char *file;                   /* absolute path of the file it came from; owned, NULL for none */
};

void config_init(struct config *c);
void config_fini(struct config *c);

/* Sets one by its text ("100mb", "yes", "everysec"). NULL, or static words why not. Only
 * `at_start` may set a CONFIG_FIXED one. */
const char *config_set(struct config *c, struct slice name, struct slice value, bool at_start);

/* Whether there is a setting of this name. */
bool config_known(struct slice name);

/* Appends the text of a setting's value; false when there is none of this name. */
bool config_get(const struct config *c, struct slice name, struct buf *out);

/* Whether `value` is a way to write what the setting is now. */
bool config_same(const struct config *c, struct slice name, struct slice value);

bool config_is_default(const struct config *c, struct slice name);

/* Whether somebody set it, be it to its default. */
bool config_given(const struct config *c, struct slice name);

/* Calls fn for each setting in the table's order. */
void config_each(void (*fn)(const char *name, const char *help, uint32_t flags, void *data),
                 void *data);

/* Reads "10", "1k", "1kb", "1mb", "2gb" … as Redis's memtoll. */
bool config_bytes(struct slice text, int64_t *out);

#endif
