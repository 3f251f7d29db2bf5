/* acl_selector: one set of rules: its words, what it allows, and how it is told again. */
#include "acl.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/ds/globs.h"

static const char *const categories[ACL_CATEGORIES] = {
    "keyspace", "read",   "write",       "set",       "sortedset",  "list",        "hash",
    "string",   "bitmap", "hyperloglog", "geo",       "stream",     "pubsub",      "admin",
    "fast",     "slow",   "blocking",    "dangerous", "connection", "transaction", "scripting"};

uint32_t acl_category_find(struct slice name)
{
    for (uint32_t i = 0; i < ACL_CATEGORIES; i++)
        if (slice_word(name, categories[i])) return 1U << i;
    return 0;
}

const char *acl_category_name(uint32_t i)
{
    must(i < ACL_CATEGORIES);
    return categories[i];
}

static struct slice keep(struct slice s)
{
    return slice_make(mem_dup(s.p == NULL ? "" : s.p, s.len), s.len);
}

static void drop(struct slice s)
{
    mem_free((char *)(uintptr_t)s.p);
}

/* --- patterns --- */

static void patterns_clear(struct acl_patterns *p)
{
    for (uint32_t i = 0; i < p->count; i++)
        drop(p->all[i].text);
    mem_free(p->all);
    *p = (struct acl_patterns){0};
}

/* A pattern that is there already only gets more rights. */
static void patterns_add(struct acl_patterns *p, struct slice text, uint8_t access)
{
    for (uint32_t i = 0; i < p->count; i++) {
        if (!slice_eq(p->all[i].text, text)) continue;
        p->all[i].access |= access;
        return;
    }
    p->all = mem_realloc(p->all, (p->count + 1) * sizeof p->all[0]);
    p->all[p->count++] = (struct acl_pattern){.text = keep(text), .access = access};
}

static void patterns_copy(struct acl_patterns *to, const struct acl_patterns *from)
{
    *to = (struct acl_patterns){0};
    for (uint32_t i = 0; i < from->count; i++)
        patterns_add(to, from->all[i].text, from->all[i].access);
}

/* --- commands --- */

static bool bit(const struct acl_selector *s, uint32_t command)
{
    return (s->allowed[command / 64] >> (command % 64) & 1) != 0;
}

/* Whether commands that do not exist yet are allowed: the bit that only "+@all" sets. */
static bool allows_future(const struct acl_selector *s)
{
    return bit(s, ACL_COMMANDS_MAX - 1);
}

static void first_args_drop(struct acl_selector *s, uint32_t command)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->first_arg_count; i++) {
        if (s->first_args[i].command == command)
            drop(s->first_args[i].text);
        else
            s->first_args[kept++] = s->first_args[i];
    }
    s->first_arg_count = kept;
}

static void first_args_clear(struct acl_selector *s)
{
    for (uint32_t i = 0; i < s->first_arg_count; i++)
        drop(s->first_args[i].text);
    mem_free(s->first_args);
    s->first_args = NULL;
    s->first_arg_count = 0;
}

static void first_args_add(struct acl_selector *s, uint32_t command, struct slice text)
{
    for (uint32_t i = 0; i < s->first_arg_count; i++)
        if (s->first_args[i].command == command && slice_ieq(s->first_args[i].text, text)) return;
    s->first_args = mem_realloc(s->first_args, (s->first_arg_count + 1) * sizeof s->first_args[0]);
    s->first_args[s->first_arg_count++] =
        (struct acl_first_arg){.command = command, .text = keep(text)};
}

/* One command; a container takes its subcommands along. */
static void change(const struct acl_commands *c, struct acl_selector *s, uint32_t command, bool on)
{
    uint64_t mask = 1ULL << (command % 64);
    if (on) {
        s->allowed[command / 64] |= mask;
    } else {
        s->allowed[command / 64] &= ~mask;
        s->flags &= ~(uint32_t)ACL_ALL_COMMANDS;
    }
    first_args_drop(s, command);
    if (!c->all[command].has_subs) return;
    for (uint32_t i = 0; i < c->count; i++)
        if (c->all[i].parent == (int32_t)command) change(c, s, i, on);
}

static void change_category(const struct acl_commands *c, struct acl_selector *s, uint32_t category,
                            bool on)
{
    for (uint32_t i = 0; i < c->count; i++)
        if ((c->all[i].categories & category) != 0) change(c, s, i, on);
}

static void change_all(struct acl_selector *s, bool on)
{
    memset(s->allowed, on ? 0xff : 0, sizeof s->allowed);
    s->flags = on ? s->flags | ACL_ALL_COMMANDS : s->flags & ~(uint32_t)ACL_ALL_COMMANDS;
    first_args_clear(s);
}

static int32_t command_find(const struct acl_commands *c, struct slice name)
{
    for (uint32_t i = 0; i < c->count; i++)
        if (slice_word(name, c->all[i].name)) return (int32_t)i;
    return -1;
}

/* "+config|get" is a subcommand, "+select|1" a first argument. */
static enum acl_error add_with_bar(const struct acl_commands *c, struct acl_selector *s,
                                   struct slice name, size_t bar)
{
    struct slice head = slice_make(name.p, bar);
    struct slice sub = slice_from(name, bar + 1);
    int32_t command = command_find(c, head);
    if (command < 0) return ACL_UNKNOWN;
    if (c->all[command].parent >= 0) return ACL_SUB_FIRST_ARG;
    if (sub.len == 0) return ACL_SYNTAX;
    if (!c->all[command].has_subs) {
        first_args_add(s, (uint32_t)command, sub);
        return ACL_OK;
    }
    command = command_find(c, name);
    if (command < 0) return ACL_UNKNOWN;
    change(c, s, (uint32_t)command, true);
    return ACL_OK;
}

static enum acl_error command_rule(const struct acl_commands *c, struct acl_selector *s,
                                   struct slice rule)
{
    bool on = rule.p[0] == '+';
    struct slice name = slice_from(rule, 1);
    if (name.len > 0 && name.p[0] == '@') {
        uint32_t category = acl_category_find(slice_from(name, 1));
        if (category == 0) return ACL_UNKNOWN;
        change_category(c, s, category, on);
        return ACL_OK;
    }
    size_t bar = name.len;
    for (size_t i = 0; i < name.len; i++)
        if (name.p[i] == '|') bar = i;
    if (on && bar < name.len) return add_with_bar(c, s, name, bar);
    int32_t command = command_find(c, name);
    if (command < 0) return ACL_UNKNOWN;
    change(c, s, (uint32_t)command, on);
    return ACL_OK;
}

/* --- rules --- */

/* "~pattern" "%R~pattern" "%W~pattern" "%RW~pattern" */
static enum acl_error key_rule(struct acl_selector *s, struct slice rule)
{
    if ((s->flags & ACL_ALL_KEYS) != 0) return ACL_AFTER_ALL_KEYS;
    uint8_t access = rule.p[0] == '~' ? ACL_BOTH : 0;
    size_t at = 1;
    for (; rule.p[0] == '%' && at < rule.len && rule.p[at] != '~'; at++) {
        char letter = rule.p[at];
        uint8_t more = letter == 'R' || letter == 'r'   ? ACL_READ
                       : letter == 'W' || letter == 'w' ? ACL_WRITE
                                                        : 0;
        if (more == 0 || (access & more) != 0) return ACL_SYNTAX;
        access |= more;
    }
    if (access == 0) return ACL_SYNTAX;
    struct slice text = slice_from(rule, rule.p[0] == '~' ? 1 : at + 1);
    if (!acl_name_ok(text)) return ACL_SYNTAX;
    patterns_add(&s->keys, text, access);
    return ACL_OK;
}

static enum acl_error channel_rule(struct acl_selector *s, struct slice rule)
{
    if ((s->flags & ACL_ALL_CHANNELS) != 0) return ACL_AFTER_ALL_CHANNELS;
    struct slice text = slice_from(rule, 1);
    if (!acl_name_ok(text)) return ACL_SYNTAX;
    patterns_add(&s->channels, text, 0);
    return ACL_OK;
}

static bool is_either(struct slice rule, const char *a, const char *b)
{
    return slice_word(rule, a) || slice_word(rule, b);
}

enum acl_error acl_selector_set(const struct acl_commands *c, struct acl_selector *s,
                                struct slice rule)
{
    if (is_either(rule, "allcommands", "+@all")) {
        change_all(s, true);
    } else if (is_either(rule, "nocommands", "-@all")) {
        change_all(s, false);
    } else if (is_either(rule, "allkeys", "~*")) {
        s->flags |= ACL_ALL_KEYS;
        patterns_clear(&s->keys);
    } else if (slice_word(rule, "resetkeys")) {
        s->flags &= ~(uint32_t)ACL_ALL_KEYS;
        patterns_clear(&s->keys);
    } else if (is_either(rule, "allchannels", "&*")) {
        s->flags |= ACL_ALL_CHANNELS;
        patterns_clear(&s->channels);
    } else if (slice_word(rule, "resetchannels")) {
        s->flags &= ~(uint32_t)ACL_ALL_CHANNELS;
        patterns_clear(&s->channels);
    } else if (rule.p[0] == '~' || rule.p[0] == '%') {
        return key_rule(s, rule);
    } else if (rule.p[0] == '&') {
        return channel_rule(s, rule);
    } else if (rule.p[0] == '+' || rule.p[0] == '-') {
        return command_rule(c, s, rule);
    } else {
        return ACL_SYNTAX;
    }
    return ACL_OK;
}

void acl_selector_fini(struct acl_selector *s)
{
    patterns_clear(&s->keys);
    patterns_clear(&s->channels);
    first_args_clear(s);
    *s = (struct acl_selector){0};
}

void acl_selector_copy(struct acl_selector *to, const struct acl_selector *from)
{
    *to = (struct acl_selector){.flags = from->flags};
    memcpy(to->allowed, from->allowed, sizeof to->allowed);
    patterns_copy(&to->keys, &from->keys);
    patterns_copy(&to->channels, &from->channels);
    for (uint32_t i = 0; i < from->first_arg_count; i++)
        first_args_add(to, from->first_args[i].command, from->first_args[i].text);
}

/* --- asking --- */

static bool command_ok(const struct acl_selector *s, const struct acl_request *q)
{
    if ((s->flags & ACL_ALL_COMMANDS) != 0 || q->free || bit(s, q->command)) return true;
    if (q->argc <= q->first_arg) return false;
    for (uint32_t i = 0; i < s->first_arg_count; i++)
        if (s->first_args[i].command == q->command &&
            slice_ieq(s->first_args[i].text, q->argv[q->first_arg]))
            return true;
    return false;
}

static bool key_ok(const struct acl_selector *s, const struct acl_key *k)
{
    for (uint32_t i = 0; i < s->keys.count; i++) {
        const struct acl_pattern *p = &s->keys.all[i];
        if ((p->access & k->access) == k->access && slice_glob(p->text, k->key, false)) return true;
    }
    return false;
}

/* A pattern to subscribe to must be one of the user's own; a channel must fit one. */
static bool channel_ok(const struct acl_selector *s, struct slice name, bool is_pattern)
{
    if ((s->flags & ACL_ALL_CHANNELS) != 0) return true;
    for (uint32_t i = 0; i < s->channels.count; i++) {
        struct slice p = s->channels.all[i].text;
        if (is_pattern ? slice_eq(p, name) : slice_glob(p, name, false)) return true;
    }
    return false;
}

static enum acl_verdict check(const struct acl_selector *s, const struct acl_request *q,
                              uint32_t *at)
{
    if (!command_ok(s, q)) return ACL_DENIED_COMMAND;
    for (uint32_t i = 0; (s->flags & ACL_ALL_KEYS) == 0 && i < q->key_count; i++) {
        if (key_ok(s, &q->keys[i])) continue;
        *at = q->keys[i].at;
        return ACL_DENIED_KEY;
    }
    for (uint32_t i = q->channels_at; i < q->channels_at + q->channel_count; i++) {
        if (channel_ok(s, q->argv[i], q->channel_patterns)) continue;
        *at = i;
        return ACL_DENIED_CHANNEL;
    }
    return ACL_ALLOWED;
}

enum acl_verdict acl_check(const struct acl_user *u, const struct acl_request *q, uint32_t *at)
{
    enum acl_verdict worst = ACL_DENIED_COMMAND;
    uint32_t last = 0, here = 0;
    for (uint32_t i = 0; i < u->selector_count; i++) {
        enum acl_verdict v = check(&u->selectors[i], q, &here);
        if (v == ACL_ALLOWED) return ACL_ALLOWED;
        if (v < worst || (v == worst && here <= last)) continue;
        worst = v;
        last = here;
    }
    *at = last;
    return worst;
}

bool acl_check_prefix(const struct acl_user *u, const struct acl_request *q, struct slice prefix,
                      uint8_t access)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < u->selector_count; i++) {
        const struct acl_selector *s = &u->selectors[i];
        bool wide = (s->flags & ACL_ALL_KEYS) != 0;
        for (uint32_t k = 0; k < s->keys.count; k++)
            wide |= glob_covers(s->keys.all[k].text, prefix) &&
                    (s->keys.all[k].access & access) == access;
        if (wide && check(s, q, &at) == ACL_ALLOWED) return true;
    }
    return false;
}

bool acl_channel_ok(const struct acl_user *u, struct slice name, bool is_pattern)
{
    for (uint32_t i = 0; i < u->selector_count; i++)
        if (channel_ok(&u->selectors[i], name, is_pattern)) return true;
    return false;
}

/* --- telling --- */

/* How many commands of a category are allowed, and how many are not. */
static void count_category(const struct acl_commands *c, const struct acl_selector *s,
                           uint32_t category, uint32_t *on, uint32_t *off)
{
    *on = 0;
    *off = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        if ((c->all[i].categories & category) == 0) continue;
        if (bit(s, i))
            ++*on;
        else
            ++*off;
    }
}

/* The category that brings us nearest to what is left to tell, or -1. */
static int32_t best_category(const struct acl_commands *c, const struct acl_selector *left,
                             bool additive, uint32_t told)
{
    int32_t best = -1;
    uint32_t fewest = UINT32_MAX, most = 0;
    for (uint32_t i = 0; i < ACL_CATEGORIES; i++) {
        if ((told >> i & 1) != 0) continue;
        uint32_t on = 0, off = 0;
        count_category(c, left, 1U << i, &on, &off);
        uint32_t differ = additive ? off : on;
        uint32_t same = additive ? on : off;
        if (same <= differ) continue;
        if (differ > fewest || (differ == fewest && same <= most)) continue;
        best = (int32_t)i;
        fewest = differ;
        most = same;
    }
    return best;
}

static void tell_one(const struct acl_commands *c, const struct acl_selector *s,
                     struct acl_selector *told, uint32_t i, struct buf *out)
{
    if (bit(s, i) != bit(told, i)) {
        buf_addf(out, " %c%s", bit(s, i) ? '+' : '-', c->all[i].name);
        change(c, told, i, bit(s, i));
    }
    for (uint32_t k = 0; c->all[i].has_subs && k < c->count; k++)
        if (c->all[k].parent == (int32_t)i) tell_one(c, s, told, k, out);
    for (uint32_t k = 0; !bit(s, i) && k < s->first_arg_count; k++)
        if (s->first_args[k].command == i)
            buf_addf(out, " +%s|%.*s", c->all[i].name, (int)s->first_args[k].text.len,
                     s->first_args[k].text.p);
}

/* From all or nothing, by whole categories while they help, and then by single commands. The
 * rules found so far are applied to `told`, and taken out of `left`. */
void acl_describe_commands(const struct acl *a, const struct acl_selector *s, struct buf *out)
{
    const struct acl_commands *c = a->commands;
    bool additive = !allows_future(s);
    struct acl_selector told = {0}, left = {0};
    change_all(&told, !additive);
    memcpy(left.allowed, s->allowed, sizeof left.allowed);
    buf_add_cstr(out, additive ? "-@all" : "+@all");
    uint32_t applied = 0;
    for (int32_t best = best_category(c, &left, additive, 0); best >= 0;
         best = best_category(c, &left, additive, applied)) {
        buf_addf(out, " %c@%s", additive ? '+' : '-', categories[best]);
        change_category(c, &told, 1U << best, additive);
        change_category(c, &left, 1U << best, !additive);
        applied |= 1U << best;
    }
    for (uint32_t i = 0; i < c->count; i++)
        if (c->all[i].parent < 0) tell_one(c, s, &told, i, out);
    acl_selector_fini(&told);
    acl_selector_fini(&left);
}

void acl_describe_keys(const struct acl_selector *s, struct buf *out)
{
    if ((s->flags & ACL_ALL_KEYS) != 0) buf_add_cstr(out, "~*");
    for (uint32_t i = 0; i < s->keys.count; i++) {
        const struct acl_pattern *p = &s->keys.all[i];
        if (i > 0) buf_add_char(out, ' ');
        buf_add_cstr(out, p->access == ACL_BOTH ? "~" : p->access == ACL_READ ? "%R~" : "%W~");
        buf_add_slice(out, p->text);
    }
}

void acl_describe_channels(const struct acl_selector *s, struct buf *out)
{
    if ((s->flags & ACL_ALL_CHANNELS) != 0) buf_add_cstr(out, "&*");
    for (uint32_t i = 0; i < s->channels.count; i++) {
        if (i > 0) buf_add_char(out, ' ');
        buf_add_char(out, '&');
        buf_add_slice(out, s->channels.all[i].text);
    }
}

void acl_selector_describe(const struct acl *a, const struct acl_selector *s, struct buf *out)
{
    if ((s->flags & ACL_ALL_KEYS) != 0 || s->keys.count > 0) {
        acl_describe_keys(s, out);
        buf_add_char(out, ' ');
    }
    if ((s->flags & ACL_ALL_CHANNELS) == 0) buf_add_cstr(out, "resetchannels ");
    if ((s->flags & ACL_ALL_CHANNELS) != 0 || s->channels.count > 0) {
        acl_describe_channels(s, out);
        buf_add_char(out, ' ');
    }
    acl_describe_commands(a, s, out);
}
