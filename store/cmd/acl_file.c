/* acl_file: users in a file: one line "user name rules…" each, as ACL LIST shows them. */
#include "store/cmd/guard.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 64 << 20 };

void guard_requirepass(struct engine *e)
{
    const char *password = e->config.requirepass;
    (void)acl_user_set(&e->acl, e->acl.def, SLICE("resetpass"));
    if (password[0] == '\0') {
        (void)acl_user_set(&e->acl, e->acl.def, SLICE("nopass"));
        return;
    }
    struct buf rule = {0};
    buf_addf(&rule, ">%s", password);
    (void)acl_user_set(&e->acl, e->acl.def, buf_slice(&rule));
    buf_fini(&rule);
}

/* --- reading --- */

/* A file that is being read; errors pile up, so that one look at them mends all. */
struct reading {
    const char *path;
    struct acl next;
    struct buf *why;
    bool has_default;
    uint32_t line;
};

static void complain(struct reading *r, const char *what)
{
    buf_addf(r->why, "%s:%u%s", r->path, r->line, what);
}

/* Puts name and rules of one line into force in r->next. */
static void read_user(struct reading *r, struct slice name, struct slice rest)
{
    bool is_default = slice_is(name, "default");
    struct acl_user *u = acl_find(&r->next, name);
    if (u != NULL && (!is_default || r->has_default)) {
        buf_addf(r->why, "WARNING: Duplicate user '%.*s' found on line %u. ", (int)name.len, name.p,
                 r->line);
        return;
    }
    if (u == NULL) u = acl_add(&r->next, name);
    if (is_default) {
        struct acl_user *fresh = acl_user_new(name);
        acl_user_copy(u, fresh);
        acl_user_free(fresh);
        r->has_default = true;
    }
    struct slice *words = mem_array(rest.len + 1, struct slice);
    uint32_t count = 0, n = 0, bad = 0;
    struct slice word = {0}, *rules = NULL;
    while (slice_cut(&rest, ' ', &word))
        words[count++] = slice_trim(word);
    if (!acl_rules_merge(words, count, &rules, &n, &bad)) {
        complain(r, ": Unmatched parenthesis in selector definition.");
    } else {
        for (uint32_t i = 0; i < n; i++) {
            enum acl_error e = acl_user_set(&r->next, u, rules[i]);
            if (e == ACL_UNKNOWN)
                buf_addf(r->why, "%s:%u: Error in applying operation '%.*s': %s. ", r->path,
                         r->line, (int)rules[i].len, rules[i].p, acl_error_text(e));
            else if (e != ACL_OK)
                buf_addf(r->why, "%s:%u: %s. ", r->path, r->line, acl_error_text(e));
        }
        acl_rules_free(rules, n);
    }
    mem_free(words);
}

static void read_line(struct reading *r, struct slice line)
{
    struct slice rest = slice_trim(line), user = {0}, name = {0};
    if (rest.len == 0) return;
    (void)slice_cut(&rest, ' ', &user);
    if (!slice_is(user, "user") || rest.p == NULL || user.len == slice_trim(line).len) {
        complain(r, " should start with user keyword followed by the username. ");
        return;
    }
    (void)slice_cut(&rest, ' ', &name);
    if (!acl_name_ok(name)) {
        buf_addf(r->why, "'%s:%u: username '%.*s' contains invalid characters. ", r->path, r->line,
                 (int)name.len, name.p);
        return;
    }
    read_user(r, name, rest);
}

/* The whole file; false with errno in *why. */
static bool read_all(const char *path, struct buf *text, struct buf *why)
{
    FILE *f = fopen(path, "re");
    size_t got = 0;
    if (f != NULL) {
        do {
            char *to = buf_reserve(text, 65536);
            got = fread(to, 1, 65536, f);
            text->len += got;
        } while (got > 0 && text->len < FILE_BYTES_MAX);
        int failed = ferror(f);
        (void)fclose(f);
        if (failed == 0 && got == 0) return true;
        errno = failed != 0 ? EIO : EFBIG;
    }
    char reason[128];
    buf_addf(why, "Error loading ACLs, opening file '%s': %s", path,
             strerror_r(errno, reason, sizeof reason));
    return false;
}

bool guard_load(struct engine *e, struct buf *why)
{
    struct buf text = {0};
    if (!read_all(e->config.aclfile, &text, why)) {
        buf_fini(&text);
        return false;
    }
    struct reading r = {.path = e->config.aclfile, .why = why};
    acl_init(&r.next);
    acl_set_commands(&r.next, guard_commands());
    struct slice rest = buf_slice(&text), line = {0};
    while (slice_cut(&rest, '\n', &line)) {
        r.line++;
        read_line(&r, line);
    }
    buf_fini(&text);
    if (why->len > 0) {
        acl_fini(&r.next);
        buf_add_cstr(why, "WARNING: ACL errors detected, no change to the previously active ACL "
                          "rules was performed");
        return false;
    }
    for (uint32_t i = 0; i < e->acl.count; i++)
        if (e->acl.users[i] != e->acl.def) guard_evict(e, e->acl.users[i]);
    acl_replace(&e->acl, &r.next);
    return true;
}

/* --- writing --- */

static bool write_all(int fd, struct slice text)
{
    while (text.len > 0) {
        ssize_t n = write(fd, text.p, text.len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        text = slice_from(text, (size_t)n);
    }
    return true;
}

bool guard_save(const struct engine *e)
{
    struct buf text = {0}, path = {0};
    for (uint32_t i = 0; i < e->acl.count; i++) {
        buf_add_cstr(&text, "user ");
        buf_add_slice(&text, e->acl.users[i]->name);
        buf_add_char(&text, ' ');
        acl_user_describe(&e->acl, e->acl.users[i], &text);
        buf_add_char(&text, '\n');
    }
    buf_addf(&path, "%s.tmp-%ld", e->config.aclfile, (long)getpid());
    buf_add_char(&path, '\0');
    int fd = open(path.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0;
    if (ok) {
        ok = write_all(fd, buf_slice(&text)) && fsync(fd) == 0;
        ok = close(fd) == 0 && ok && rename(path.p, e->config.aclfile) == 0;
        if (!ok) (void)unlink(path.p);
    }
    buf_fini(&path);
    buf_fini(&text);
    return ok;
}

bool guard_start(struct engine *e, char *why, size_t size)
{
    guard_requirepass(e);
    if (e->config.aclfile[0] == '\0') return true;
    struct buf text = {0};
    bool ok = guard_load(e, &text);
    if (!ok) (void)slice_cstr(buf_slice(&text), why, size);
    buf_fini(&text);
    return ok;
}
