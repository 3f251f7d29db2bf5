/* schema: what an index is made of, as FT.CREATE and FT.ALTER said it.
 *
 * Owner: a schema owns its names. Fields are only ever added, so a field's number holds for the
 * life of its index.
 */
#ifndef HANSOM_STORE_SEARCH_SCHEMA_H
#define HANSOM_STORE_SEARCH_SCHEMA_H

#include "store/search/synonyms.h"

enum { SCHEMA_FIELDS_MAX = 256, SCHEMA_PREFIXES_MAX = 256 };

enum field_kind { FIELD_TEXT, FIELD_NUMERIC, FIELD_TAG, FIELD_GEO, FIELD_VECTOR };

enum vector_algorithm { VECTOR_FLAT, VECTOR_HNSW };
enum vector_metric { VECTOR_L2, VECTOR_IP, VECTOR_COSINE };

struct vector_options {
    enum vector_algorithm algorithm;
    enum vector_metric metric;
    uint32_t dim;
    uint32_t initial_cap, block_size;        /* accepted; memory follows the documents */
    uint32_t m, ef_construction, ef_runtime; /* HNSW */
    double epsilon;                          /* HNSW: of range queries */
};

struct search_field {
    enum field_kind kind;
    struct slice path;            /* owned: of a hash its field, of JSON a path */
    struct slice name;            /* owned: what queries call it (AS) */
    bool sortable;                /* also keeps the value itself, to sort and group by */
    bool unf;                     /* SORTABLE UNF: as it is, case and all */
    bool noindex;                 /* cannot be asked for, only sorted by */
    double weight;                /* TEXT: 1 unless said */
    bool nostem;                  /* TEXT */
    bool suffixes;                /* TEXT, TAG: WITHSUFFIXTRIE */
    char separator;               /* TAG: ',' for hashes, none (0) for JSON unless said */
    bool case_sensitive;          /* TAG */
    struct vector_options vector; /* VECTOR */
};

struct schema {
    struct slice name;      /* owned: the index's */
    bool json;              /* documents are JSON, not hashes */
    struct slice *prefixes; /* owned, and each */
    uint32_t prefix_count;
    struct slice filter;         /* owned: an expression, or empty */
    struct slice language;       /* owned: "english" unless said */
    struct slice language_field; /* owned: or empty */
    double score;                /* of documents without one: 1 unless said */
    struct slice score_field;    /* owned: or empty */
    struct slice payload_field;  /* owned: or empty */
    struct slice *stopwords;     /* owned, and each; used with own_stopwords */
    uint32_t stopword_count;
    bool own_stopwords;                                 /* STOPWORDS was said, be it 0 */
    bool no_offsets, no_highlight, no_fields, no_freqs; /* said; offsets decide about phrases */
    bool max_text_fields, skip_initial_scan;
    struct synonyms synonyms;
    int64_t temporary_s;         /* 0: for ever */
    struct search_field *fields; /* owned */
    uint32_t field_count;
};

/* A zeroed schema becomes an empty one with the defaults, of this name (copied). */
void schema_init(struct schema *s, struct slice name);
void schema_fini(struct schema *s);

/* Replaces an owned text or list of a schema by a copy. */
void schema_set(struct slice *owned, struct slice value);
void schema_set_list(struct slice **owned, uint32_t *count, const struct slice *values, uint32_t n);

/* Adds a copy of f, whose number is then field_count - 1. There must be room for it, and no
 * field of its name. */
void schema_add_field(struct schema *s, const struct search_field *f);

/* The number of the field of this name; -1 when there is none. */
int schema_find(const struct schema *s, struct slice name);

/* Whether a key begins with one of the prefixes, or there are none. */
bool schema_covers(const struct schema *s, struct slice key);

#endif
