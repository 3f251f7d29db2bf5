/* search: what the FT commands share: the indexes there are, and how documents reach them.
 *
 * Why: an index stands beside the keyspace. The keyspace names the keys that changed
 * (store/engine/observer.h); when the command that changed them ends, or the next FT command
 * begins, each is read through the host and put into, or taken out of, the indexes whose prefixes
 * it has. So an index is in step with every command, and a key that changes ten times in a
 * transaction is read once or twice.
 *
 * A key whose time has come is taken out of the indexes before a query, whether or not the
 * keyspace has found it yet: they remember which documents expire, soonest first.
 *
 * Keys that were there before an index are read in slices between commands; FT.INFO says how far
 * it is. After a restart all is read before the first client is served.
 *
 * Owner: struct search belongs to the host, as its observer.
 */
#ifndef HANSOM_STORE_CMD_SEARCH_H
#define HANSOM_STORE_CMD_SEARCH_H

#include "base/heap.h"
#include "base/map.h"
#include "store/cmd/host.h"
#include "store/ds/jpath.h"
#include "store/search/index.h"
#include "store/search/query.h"

enum { SEARCH_INDEXES_MAX = 256, SEARCH_ALIASES_MAX = 4096, SEARCH_NAME_MAX = 4096 };

/* A document whose key has an expiry. */
struct search_due {
    struct heap_node node; /* by time */
    uint32_t doc;
};

struct search_entry {
    struct search_index *index;
    struct slice *create; /* owned, and each: FT.CREATE as it was said, ALTERs added */
    uint32_t create_argc;
    struct arena paths_arena; /* of compiled paths */
    struct jpath *paths;      /* by field; of a JSON index */
    uint32_t path_count;
    struct expr *filter;     /* in paths_arena; NULL: all documents of the prefixes */
    struct heap dues;        /* of struct search_due */
    struct search_due **due; /* owned, and each; by document; NULL while no key expires */
    uint32_t due_cap;
    bool scanning;
    uint64_t cursor, scanned; /* of the keyspace */
    uint64_t uses;            /* commands that named it */
    int64_t indexing_us;
    uint64_t dialects[5]; /* whether each was used */
};

struct search_settings {
    int64_t dialect, timeout_ms, min_prefix, max_expansions, max_search_results, max_aggregate_mb;
    bool fail_on_timeout;
};

struct search {
    struct host_keys *keys;
    struct map indexes;        /* by name, of struct search_entry */
    struct map aliases;        /* name to entry */
    struct map dictionaries;   /* by name, of struct terms (search_words.c) */
    uint32_t dictionary_words; /* of all of them */
    struct buf changed;        /* keys to look at: length and bytes */
    size_t settled;            /* bytes of it that were looked at */
    bool settling;
    uint32_t scans;     /* entries that are scanning */
    struct arena arena; /* of one document */
    struct search_settings settings;
    struct cursors *cursors; /* owned; NULL while there were none (search_aggregate.c) */
};

/* What stands beside this host's keyspace, in step with it; made when there is none. */
struct search *search_of(struct host *h);

/* The same, or NULL when no index was ever made. */
struct search *search_find(struct host *h);

/* The index of this name or alias; NULL when there is none. Counts the use. */
struct search_entry *search_entry(struct search *s, struct slice name);

/* Makes an index known; its keys are read from now on. argv is the command to log and to make it
 * anew with; copied. */
struct search_entry *search_add(struct search *s, struct search_index *x, const struct slice *argv,
                                uint32_t argc, bool loading);

/* Begins to read all keys (again). */
void search_scan(struct search *s, struct search_entry *e);

/* Compiles the FILTER, and the JSON paths of fields that are new in the schema. */
void search_compile(struct search_entry *e);

/* Adds words to the command that makes the index anew. */
void search_remember(struct search_entry *e, const struct slice *argv, uint32_t argc);

/* Forgets the index and its aliases. */
void search_drop(struct search *s, struct search_entry *e);

/* Reads documents for queries (value.h); lives in the arena. */
struct doc_source search_source(struct search *s, const struct search_entry *e,
                                struct arena *arena);

/* The schema of FT.CREATE's or FT.ALTER's fields, from a->at to the end. False, and a->error
 * is set, when it makes no sense. */
bool search_parse_fields(struct args *a, struct arena *arena, struct schema *s);

/* Frees the cursors of FT.AGGREGATE; NULL is fine. */
struct cursors;
void search_cursors_free(struct cursors *all);

/* Whether the user may read (with `writes` change) all keys that an index takes: its answers tell of
 * any of them. Replies when not. */
bool search_may(struct host *h, const struct schema *s, bool writes);

/* Adds what makes the synonyms of an index, and all dictionaries, anew. */
void search_rewrite_synonyms(const struct search_entry *e, struct effects *out);
void search_rewrite_dictionaries(const struct search *s, struct effects *out);

void search_drop_dictionaries(struct search *s);

/* "<name>: no such index". */
void search_no_index(struct host *h, struct slice name);

#endif
