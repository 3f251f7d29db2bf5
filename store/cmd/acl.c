/* acl: ACL and its subcommands; the rules are store/engine/acl's, the asking is guard's. */
#include "store/cmd/exec_inside.h"
#include "store/cmd/guard.h"

enum { GENPASS_BITS_MAX = 4096 };

static void wrong_sub(struct cmd *c)
{
    reply_errorf(c->reply,
                 "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try ACL HELP.",
                 (int)c->argv[1].len, c->argv[1].p);
}

/* ACL WHOAMI */
void cmd_acl_whoami(struct cmd *c)
{
    reply_bulk(c->reply, c->session->user->name);
}

/* ACL USERS */
void cmd_acl_users(struct cmd *c)
{
    const struct acl *a = &c->engine->acl;
    reply_array(c->reply, a->count);
    for (uint32_t i = 0; i < a->count; i++)
        reply_bulk(c->reply, a->users[i]->name);
}

/* ACL LIST */
void cmd_acl_list(struct cmd *c)
{
    const struct acl *a = &c->engine->acl;
    struct buf line = {0};
    reply_array(c->reply, a->count);
    for (uint32_t i = 0; i < a->count; i++) {
        buf_clear(&line);
        buf_add_cstr(&line, "user ");
        buf_add_slice(&line, a->users[i]->name);
        buf_add_char(&line, ' ');
        acl_user_describe(a, a->users[i], &line);
        reply_bulk(c->reply, buf_slice(&line));
    }
    buf_fini(&line);
}

static void reply_flags(struct reply *r, const struct acl_user *u)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {{ACL_USER_NOPASS, "nopass"},
                 {ACL_USER_SKIP_SANITIZE, "skip-sanitize-payload"},
                 {ACL_USER_SANITIZE, "sanitize-payload"}};
    uint64_t n = 1;
    size_t head = reply_later(r);
    reply_cstr(r, (u->flags & ACL_USER_ON) != 0 ? "on" : "off");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((u->flags & names[i].bit) == 0) continue;
        reply_cstr(r, names[i].name);
        n++;
    }
    reply_later_end(r, head, '~', n);
}

/* Three pairs: commands, keys, channels. */
static void reply_selector(struct cmd *c, const struct acl_selector *s)
{
    struct buf text = {0};
    reply_cstr(c->reply, "commands");
    acl_describe_commands(&c->engine->acl, s, &text);
    reply_bulk(c->reply, buf_slice(&text));
    buf_clear(&text);
    reply_cstr(c->reply, "keys");
    acl_describe_keys(s, &text);
    reply_bulk(c->reply, buf_slice(&text));
    buf_clear(&text);
    reply_cstr(c->reply, "channels");
    acl_describe_channels(s, &text);
    reply_bulk(c->reply, buf_slice(&text));
    buf_fini(&text);
}

/* ACL GETUSER name */
void cmd_acl_getuser(struct cmd *c)
{
    struct reply *r = c->reply;
    const struct acl_user *u = acl_find(&c->engine->acl, c->argv[2]);
    if (u == NULL) {
        reply_null(r);
        return;
    }
    reply_map(r, 6);
    reply_cstr(r, "flags");
    reply_flags(r, u);
    reply_cstr(r, "passwords");
    reply_array(r, u->password_count);
    for (uint32_t i = 0; i < u->password_count; i++)
        reply_bulk(r, slice_make(u->passwords[i], ACL_HASH_LEN));
    reply_selector(c, &u->selectors[0]);
    reply_cstr(r, "selectors");
    reply_array(r, u->selector_count - 1);
    for (uint32_t i = 1; i < u->selector_count; i++) {
        reply_map(r, 3);
        reply_selector(c, &u->selectors[i]);
    }
}

/* Tries the rules on a copy of the user, so that all hold or none. */
static bool apply_rules(struct cmd *c, struct acl_user *next, const struct slice *rules, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        enum acl_error e = acl_user_set(&c->engine->acl, next, rules[i]);
        if (e == ACL_OK) continue;
        reply_errorf(c->reply, "ERR Error in ACL SETUSER modifier '%.*s': %s", (int)rules[i].len,
                     rules[i].p, acl_error_text(e));
        return false;
    }
    return true;
}

/* ACL SETUSER name [rule …] */
void cmd_acl_setuser(struct cmd *c)
{
    struct acl *a = &c->engine->acl;
    struct slice name = c->argv[2];
    if (!acl_name_ok(name)) {
        reply_error(c->reply, "ERR Usernames can't contain spaces or null characters");
        return;
    }
    struct slice *rules = NULL;
    uint32_t n = 0, bad = 0;
    if (!acl_rules_merge(c->argv + 3, c->argc - 3, &rules, &n, &bad)) {
        struct slice rule = c->argv[3 + bad];
        reply_errorf(c->reply, "ERR Unmatched parenthesis in acl selector starting at '%.*s'.",
                     (int)rule.len, rule.p);
        return;
    }
    struct acl_user *u = acl_find(a, name);
    struct acl_user *next = acl_user_new(name);
    if (u != NULL) acl_user_copy(next, u);
    if (apply_rules(c, next, rules, n)) {
        if (u == NULL)
            u = acl_add(a, name);
        else
            guard_evict_subscribers(c->engine, u, next);
        acl_user_copy(u, next);
        reply_ok(c->reply);
    }
    acl_user_free(next);
    acl_rules_free(rules, n);
}

/* ACL DELUSER name [name …] */
void cmd_acl_deluser(struct cmd *c)
{
    struct acl *a = &c->engine->acl;
    int64_t gone = 0;
    for (uint32_t i = 2; i < c->argc; i++) {
        if (!slice_is(c->argv[i], "default")) continue;
        reply_error(c->reply, "ERR The 'default' user cannot be removed");
        return;
    }
    for (uint32_t i = 2; i < c->argc; i++) {
        struct acl_user *u = acl_find(a, c->argv[i]);
        if (u == NULL) continue;
        guard_evict(c->engine, u);
        acl_del(a, u);
        gone++;
    }
    reply_int(c->reply, gone);
}

/* ACL CAT [category] */
void cmd_acl_cat(struct cmd *c)
{
    if (c->argc > 3) {
        wrong_sub(c);
        return;
    }
    if (c->argc == 2) {
        reply_array(c->reply, ACL_CATEGORIES);
        for (uint32_t i = 0; i < ACL_CATEGORIES; i++)
            reply_cstr(c->reply, acl_category_name(i));
        return;
    }
    uint32_t category = acl_category_find(c->argv[2]);
    if (category == 0) {
        reply_errorf(c->reply, "ERR Unknown category '%.*s'", (int)c->argv[2].len, c->argv[2].p);
        return;
    }
    uint32_t count = 0;
    uint64_t n = 0;
    const struct cmd_spec *specs = cmd_specs(&count);
    size_t head = reply_later(c->reply);
    for (uint32_t i = 0; i < count; i++) {
        if ((guard_categories(&specs[i]) & category) == 0) continue;
        reply_cstr(c->reply, specs[i].name);
        n++;
    }
    reply_later_end(c->reply, head, '*', n);
}

/* ACL GENPASS [bits] */
void cmd_acl_genpass(struct cmd *c)
{
    static const char range[] = "ERR ACL GENPASS argument must be the number of bits for the "
                                "output password, a positive number up to 4096";
    int64_t bits = 256;
    if (c->argc > 3) {
        wrong_sub(c);
        return;
    }
    if (c->argc == 3) args_i64(c->args, &bits);
    if (!args_check(c->args, c->reply)) return;
    if (bits <= 0 || bits > GENPASS_BITS_MAX) {
        reply_error(c->reply, range);
        return;
    }
    unsigned char secret[GENPASS_BITS_MAX / 8];
    char text[GENPASS_BITS_MAX / 4];
    size_t len = (size_t)(bits + 3) / 4;
    rng_secret(secret, (len + 1) / 2);
    for (size_t i = 0; i < len; i++)
        text[i] = "0123456789abcdef"[secret[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
    reply_bulk(c->reply, slice_make(text, len));
}

/* ACL DRYRUN name command [arg …] */
void cmd_acl_dryrun(struct cmd *c)
{
    const struct acl_user *u = acl_find(&c->engine->acl, c->argv[2]);
    if (u == NULL) {
        reply_errorf(c->reply, "ERR User '%.*s' not found", (int)c->argv[2].len, c->argv[2].p);
        return;
    }
    const struct slice *argv = c->argv + 3;
    uint32_t argc = c->argc - 3;
    const struct cmd_spec *spec = effect_resolve(argv, argc);
    if (spec == NULL || (spec->run == NULL && argc > 1)) {
        reply_errorf(c->reply, "ERR Command '%.*s' not found", (int)argv[0].len, argv[0].p);
        return;
    }
    if (!admit_arity(spec, argc)) {
        reply_errorf(c->reply, "ERR wrong number of arguments for '%s' command", spec->name);
        return;
    }
    uint32_t at = 0;
    switch (guard_check(c->engine, u, spec, argv, argc, &at)) {
    case ACL_ALLOWED:
        reply_ok(c->reply);
        break;
    case ACL_DENIED_COMMAND:
        reply_bulkf(c->reply, "This user has no permissions to run the '%s' command", spec->name);
        break;
    case ACL_DENIED_KEY:
        reply_bulkf(c->reply, "This user has no permissions to access the '%.*s' key",
                    (int)argv[at].len, argv[at].p);
        break;
    case ACL_DENIED_CHANNEL:
        reply_bulkf(c->reply, "This user has no permissions to access the '%.*s' channel",
                    (int)argv[at].len, argv[at].p);
        break;
    }
}

static void reply_entry(struct cmd *c, const struct guard_entry *one)
{
    static const char *const reasons[] = {[ACL_ALLOWED] = "auth",
                                          [ACL_DENIED_COMMAND] = "command",
                                          [ACL_DENIED_KEY] = "key",
                                          [ACL_DENIED_CHANNEL] = "channel"};
    static const char *const places[] = {
        [GUARD_TOPLEVEL] = "toplevel", [GUARD_MULTI] = "multi", [GUARD_SCRIPT] = "lua"};
    struct reply *r = c->reply;
    reply_map(r, 7);
    reply_cstr(r, "count");
    reply_int(r, (int64_t)one->count);
    reply_cstr(r, "reason");
    reply_cstr(r, reasons[one->verdict]);
    reply_cstr(r, "context");
    reply_cstr(r, places[one->where]);
    reply_cstr(r, "object");
    reply_bulk(r, one->object);
    reply_cstr(r, "username");
    reply_bulk(r, one->user);
    reply_cstr(r, "age-seconds");
    reply_double(r, (double)(c->engine->now_ms - one->at_ms) / 1000);
    reply_cstr(r, "client-info");
    reply_bulk(r, one->client);
}

/* ACL LOG [count | RESET] */
void cmd_acl_log(struct cmd *c)
{
    int64_t count = 10;
    if (c->argc > 3) {
        wrong_sub(c);
        return;
    }
    if (c->argc == 3 && args_maybe(c->args, "RESET")) {
        guard_log_reset(c->engine);
        reply_ok(c->reply);
        return;
    }
    if (c->argc == 3) args_i64(c->args, &count);
    if (!args_end(c->args, c->reply)) return;
    uint64_t n = count < 0 ? 0 : (uint64_t)count;
    if (n > c->engine->acl_log_count) n = c->engine->acl_log_count;
    reply_array(c->reply, n);
    list_each(at, &c->engine->acl_log)
    {
        if (n-- == 0) break;
        reply_entry(c, list_entry(at, struct guard_entry, link));
    }
}

/* Whether there is a file to load from and save to; else it has replied. */
static bool has_file(struct cmd *c)
{
    if (c->engine->config.aclfile[0] != '\0') return true;
    reply_error(c->reply,
                "ERR This Redis instance is not configured to use an ACL file. You may want to "
                "specify users via the ACL SETUSER command and then issue a CONFIG REWRITE "
                "(assuming you have a Redis configuration file set) in order to store users in "
                "the Redis configuration.");
    return false;
}

/* ACL LOAD */
void cmd_acl_load(struct cmd *c)
{
    if (!has_file(c)) return;
    struct buf why = {0};
    if (guard_load(c->engine, &why)) {
        reply_ok(c->reply);
    } else {
        struct buf line = {0};
        buf_add_cstr(&line, "ERR ");
        buf_add_slice(&line, buf_slice(&why));
        reply_error_slice(c->reply, buf_slice(&line));
        buf_fini(&line);
    }
    buf_fini(&why);
}

/* ACL SAVE */
void cmd_acl_save(struct cmd *c)
{
    if (!has_file(c)) return;
    if (guard_save(c->engine))
        reply_ok(c->reply);
    else
        reply_error(c->reply, "ERR There was an error trying to save the ACLs. Please check the "
                              "server logs for more information");
}

/* ACL HELP */
void cmd_acl_help(struct cmd *c)
{
    static const char *const lines[] = {
        "CAT [<category>]",
        "    List all commands that belong to <category>, or all command categories",
        "    when no category is specified.",
        "DELUSER <username> [<username> ...]",
        "    Delete a list of users.",
        "DRYRUN <username> <command> [<arg> ...]",
        "    Returns whether the user can execute the given command without executing the command.",
        "GETUSER <username>",
        "    Get the user's details.",
        "GENPASS [<bits>]",
        "    Generate a secure 256-bit user password. The optional `bits` argument can",
        "    be used to specify a different size.",
        "LIST",
        "    Show users details in config file format.",
        "LOAD",
        "    Reload users from the ACL file.",
        "LOG [<count> | RESET]",
        "    Show the ACL log entries.",
        "SAVE",
        "    Save the current config to the ACL file.",
        "SETUSER <username> <attribute> [<attribute> ...]",
        "    Create or modify a user with the specified attributes.",
        "USERS",
        "    List all the registered usernames.",
        "WHOAMI",
        "    Return the current connection username.",
        NULL};
    cmd_help(c, lines);
}
