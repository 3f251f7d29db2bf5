#include "acl.h"

#include "base/mem.h"
#include "base/must.h"

#include <openssl/evp.h>

static struct slice keep(struct slice s)
{
    return slice_make(mem_dup(s.p == NULL ? "" : s.p, s.len), s.len);
}

static void drop(struct slice s)
{
    mem_free((char *)(uintptr_t)s.p);
}

/* --- one user --- */

static void see_all(struct acl_user *u)
{
    u->all = false;
    for (uint32_t i = 0; i < u->selector_count; i++)
        u->all |= acl_selector_is_all(&u->selectors[i]);
}

struct acl_user *acl_user_new(struct slice name)
{
    struct acl_user *u = mem_new(struct acl_user);
    u->name = keep(name);
    u->selectors = mem_new(struct acl_selector);
    u->selector_count = 1;
    return u;
}

static void user_clear(struct acl_user *u)
{
    for (uint32_t i = 0; i < u->selector_count; i++)
        acl_selector_fini(&u->selectors[i]);
    mem_free(u->selectors);
    mem_free(u->passwords);
    u->selectors = NULL;
    u->passwords = NULL;
    u->selector_count = 0;
    u->password_count = 0;
}

void acl_user_free(struct acl_user *u)
{
    if (u == NULL) return;
    user_clear(u);
    drop(u->name);
    mem_free(u);
}

void acl_user_copy(struct acl_user *to, const struct acl_user *from)
{
    must(to != from);
    user_clear(to);
    to->flags = from->flags;
    to->all = from->all;
    to->selector_count = from->selector_count;
    to->selectors = mem_array(from->selector_count, struct acl_selector);
    for (uint32_t i = 0; i < from->selector_count; i++)
        acl_selector_copy(&to->selectors[i], &from->selectors[i]);
    to->password_count = from->password_count;
    if (from->password_count > 0)
        to->passwords = mem_dup(from->passwords, from->password_count * sizeof from->passwords[0]);
}

/* --- passwords --- */

static void hash(struct slice password, char out[static ACL_HASH_LEN])
{
    unsigned char digest[32];
    must(EVP_Digest(password.p == NULL ? "" : password.p, password.len, digest, NULL, EVP_sha256(),
                    NULL) == 1);
    for (size_t i = 0; i < sizeof digest; i++) {
        out[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
}

static bool is_hash(struct slice s)
{
    if (s.len != ACL_HASH_LEN) return false;
    for (size_t i = 0; i < s.len; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f'))) return false;
    return true;
}

/* The password's place, or the count. Looks at all, so that time tells nothing. */
static uint32_t password_find(const struct acl_user *u, struct slice hashed)
{
    uint32_t found = u->password_count;
    for (uint32_t i = 0; i < u->password_count; i++)
        if (slice_eq_secret(slice_make(u->passwords[i], ACL_HASH_LEN), hashed)) found = i;
    return found;
}

static void password_add(struct acl_user *u, struct slice hashed)
{
    u->flags &= ~(uint32_t)ACL_USER_NOPASS;
    if (password_find(u, hashed) < u->password_count) return;
    u->passwords = mem_realloc(u->passwords, (u->password_count + 1) * sizeof u->passwords[0]);
    memcpy(u->passwords[u->password_count++], hashed.p, ACL_HASH_LEN);
}

static void passwords_clear(struct acl_user *u)
{
    mem_free(u->passwords);
    u->passwords = NULL;
    u->password_count = 0;
}

/* ">password" "#hash" "<password" "!hash" */
static enum acl_error password_rule(struct acl_user *u, struct slice rule)
{
    char text[ACL_HASH_LEN];
    char form = rule.p[0];
    struct slice hashed = slice_from(rule, 1);
    if (form == '>' || form == '<') {
        hash(hashed, text);
        hashed = slice_make(text, sizeof text);
    } else if (!is_hash(hashed)) {
        return ACL_BAD_HASH;
    }
    if (form == '>' || form == '#') {
        password_add(u, hashed);
        return ACL_OK;
    }
    uint32_t at = password_find(u, hashed);
    if (at == u->password_count) return ACL_NO_PASSWORD;
    u->password_count--;
    memmove(u->passwords[at], u->passwords[at + 1],
            (u->password_count - at) * sizeof u->passwords[0]);
    return ACL_OK;
}

bool acl_password_ok(const struct acl_user *u, struct slice password)
{
    if ((u->flags & ACL_USER_ON) == 0) return false;
    if ((u->flags & ACL_USER_NOPASS) != 0) return true;
    char hashed[ACL_HASH_LEN];
    hash(password, hashed);
    return password_find(u, slice_make(hashed, sizeof hashed)) < u->password_count;
}

/* --- rules --- */

static void selectors_clear(struct acl_user *u)
{
    while (u->selector_count > 1)
        acl_selector_fini(&u->selectors[--u->selector_count]);
}

/* "(+get ~a*)": all of it or none. */
static enum acl_error selector_rule(const struct acl *a, struct acl_user *u, struct slice inner)
{
    struct acl_selector s = {0};
    enum acl_error e = ACL_OK;
    while (e == ACL_OK && inner.len > 0) {
        struct slice word = {0};
        if (!slice_cut(&inner, ' ', &word)) break;
        word = slice_trim(word);
        if (word.len > 0) e = acl_selector_set(a->commands, &s, word);
    }
    if (e != ACL_OK) {
        acl_selector_fini(&s);
        return e;
    }
    u->selectors = mem_realloc(u->selectors, (u->selector_count + 1) * sizeof u->selectors[0]);
    u->selectors[u->selector_count++] = s;
    return ACL_OK;
}

static void user_reset(struct acl_user *u)
{
    passwords_clear(u);
    selectors_clear(u);
    acl_selector_fini(&u->selectors[0]);
    u->flags = ACL_USER_SANITIZE;
}

static bool flag_rule(struct acl_user *u, struct slice rule)
{
    static const struct {
        const char *word;
        uint32_t set, clear;
    } words[] = {{"on", ACL_USER_ON, 0},
                 {"off", 0, ACL_USER_ON},
                 {"skip-sanitize-payload", ACL_USER_SKIP_SANITIZE, ACL_USER_SANITIZE},
                 {"sanitize-payload", ACL_USER_SANITIZE, ACL_USER_SKIP_SANITIZE},
                 {"nopass", ACL_USER_NOPASS, 0},
                 {"resetpass", 0, ACL_USER_NOPASS}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!slice_word(rule, words[i].word)) continue;
        u->flags = (u->flags & ~words[i].clear) | words[i].set;
        if (((words[i].set | words[i].clear) & ACL_USER_NOPASS) != 0) passwords_clear(u);
        return true;
    }
    return false;
}

enum acl_error acl_user_set(const struct acl *a, struct acl_user *u, struct slice rule)
{
    if (rule.len == 0 || flag_rule(u, rule)) return ACL_OK;
    enum acl_error e = ACL_OK;
    char form = rule.p[0];
    if (form == '>' || form == '#' || form == '<' || form == '!')
        return password_rule(u, rule);
    else if (form == '(' && rule.p[rule.len - 1] == ')')
        e = selector_rule(a, u, slice_make(rule.p + 1, rule.len - 2));
    else if (slice_word(rule, "clearselectors"))
        selectors_clear(u);
    else if (slice_word(rule, "reset"))
        user_reset(u);
    else
        e = acl_selector_set(a->commands, &u->selectors[0], rule);
    see_all(u);
    return e;
}

const char *acl_error_text(enum acl_error e)
{
    switch (e) {
    case ACL_OK:
        return "OK";
    case ACL_SYNTAX:
        return "Syntax error";
    case ACL_UNKNOWN:
        return "Unknown command or category name in ACL";
    case ACL_AFTER_ALL_KEYS:
        return "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does "
               "not have any effect. Try 'resetkeys' to start with an empty list of patterns";
    case ACL_AFTER_ALL_CHANNELS:
        return "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and "
               "does not have any effect. Try 'resetchannels' to start with an empty list of "
               "channels";
    case ACL_NO_PASSWORD:
        return "The password you are trying to remove from the user does not exist";
    case ACL_BAD_HASH:
        return "The password hash must be exactly 64 characters and contain only lowercase "
               "hexadecimal characters";
    case ACL_SUB_FIRST_ARG:
        return "Allowing first-arg of a subcommand is not supported";
    }
    return "Wrong format";
}

bool acl_rules_merge(const struct slice *rules, uint32_t count, struct slice **out, uint32_t *n,
                     uint32_t *bad)
{
    struct slice *all = mem_array(count + 1, struct slice);
    struct buf joined = {0};
    uint32_t merged = 0, open_at = count;
    for (uint32_t i = 0; i < count; i++) {
        struct slice r = rules[i];
        bool ends = r.len > 0 && r.p[r.len - 1] == ')';
        if (r.len > 0 && r.p[0] == '(' && !ends) {
            open_at = i;
            buf_clear(&joined);
            buf_add_slice(&joined, r);
            continue;
        }
        if (open_at == count) {
            all[merged++] = keep(r);
            continue;
        }
        buf_add_char(&joined, ' ');
        buf_add_slice(&joined, r);
        if (!ends) continue;
        open_at = count;
        all[merged++] = keep(buf_slice(&joined));
    }
    buf_fini(&joined);
    if (open_at < count) {
        acl_rules_free(all, merged);
        *bad = open_at;
        return false;
    }
    *out = all;
    *n = merged;
    return true;
}

void acl_rules_free(struct slice *rules, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        drop(rules[i]);
    mem_free(rules);
}

/* --- the table --- */

static uint32_t place(const struct acl *a, struct slice name)
{
    uint32_t low = 0, high = a->count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (slice_cmp(a->users[mid]->name, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct acl_user *acl_find(const struct acl *a, struct slice name)
{
    uint32_t at = place(a, name);
    return at < a->count && slice_eq(a->users[at]->name, name) ? a->users[at] : NULL;
}

static void insert(struct acl *a, struct acl_user *u)
{
    uint32_t at = place(a, u->name);
    must(at == a->count || !slice_eq(a->users[at]->name, u->name));
    a->users = mem_realloc(a->users, (a->count + 1) * sizeof a->users[0]);
    memmove(a->users + at + 1, a->users + at, (a->count - at) * sizeof a->users[0]);
    a->users[at] = u;
    a->count++;
}

struct acl_user *acl_add(struct acl *a, struct slice name)
{
    struct acl_user *u = acl_user_new(name);
    insert(a, u);
    return u;
}

void acl_del(struct acl *a, struct acl_user *u)
{
    must(u != a->def);
    uint32_t at = place(a, u->name);
    must(a->users[at] == u);
    a->count--;
    memmove(a->users + at, a->users + at + 1, (a->count - at) * sizeof a->users[0]);
    acl_user_free(u);
}

bool acl_name_ok(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.p[i] == '\0' || name.p[i] == ' ' || (name.p[i] >= '\t' && name.p[i] <= '\r'))
            return false;
    return true;
}

void acl_init(struct acl *a)
{
    static const struct acl_commands none = {0};
    static const char *const rules[] = {"+@all", "~*", "&*", "on", "nopass"};
    *a = (struct acl){.commands = &none};
    a->def = acl_add(a, SLICE("default"));
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        must(acl_user_set(a, a->def, slice_of(rules[i])) == ACL_OK);
}

void acl_fini(struct acl *a)
{
    for (uint32_t i = 0; i < a->count; i++)
        acl_user_free(a->users[i]);
    mem_free(a->users);
    *a = (struct acl){0};
}

void acl_set_commands(struct acl *a, const struct acl_commands *commands)
{
    must(commands->count < ACL_COMMANDS_MAX);
    a->commands = commands;
}

void acl_replace(struct acl *a, struct acl *from)
{
    acl_user_copy(a->def, from->def);
    for (uint32_t i = a->count; i-- > 0;)
        if (a->users[i] != a->def) acl_del(a, a->users[i]);
    for (uint32_t i = 0; i < from->count; i++) {
        if (from->users[i] == from->def) continue;
        insert(a, from->users[i]);
        from->users[i] = NULL;
    }
    acl_fini(from);
}

void acl_user_describe(const struct acl *a, const struct acl_user *u, struct buf *out)
{
    buf_add_cstr(out, (u->flags & ACL_USER_ON) != 0 ? "on " : "off ");
    if ((u->flags & ACL_USER_NOPASS) != 0) buf_add_cstr(out, "nopass ");
    if ((u->flags & ACL_USER_SKIP_SANITIZE) != 0) buf_add_cstr(out, "skip-sanitize-payload ");
    if ((u->flags & ACL_USER_SANITIZE) != 0) buf_add_cstr(out, "sanitize-payload ");
    for (uint32_t i = 0; i < u->password_count; i++) {
        buf_add_char(out, '#');
        buf_add(out, u->passwords[i], ACL_HASH_LEN);
        buf_add_char(out, ' ');
    }
    for (uint32_t i = 0; i < u->selector_count; i++) {
        if (i > 0) buf_add_cstr(out, " (");
        acl_selector_describe(a, &u->selectors[i], out);
        if (i > 0) buf_add_char(out, ')');
    }
}

void acl_verify(const struct acl *a)
{
    must(acl_find(a, SLICE("default")) == a->def);
    for (uint32_t i = 0; i < a->count; i++) {
        const struct acl_user *u = a->users[i];
        must(i == 0 || slice_cmp(a->users[i - 1]->name, u->name) < 0);
        must(u->selector_count >= 1);
        must((u->flags & ACL_USER_NOPASS) == 0 || u->password_count == 0);
        bool all = false;
        for (uint32_t k = 0; k < u->selector_count; k++) {
            const struct acl_selector *s = &u->selectors[k];
            all |= acl_selector_is_all(s);
            must((s->flags & ACL_ALL_KEYS) == 0 || s->keys.count == 0);
            must((s->flags & ACL_ALL_CHANNELS) == 0 || s->channels.count == 0);
        }
        must(u->all == all);
        for (uint32_t k = 0; k < u->password_count; k++)
            must(is_hash(slice_make(u->passwords[k], ACL_HASH_LEN)));
    }
}
