/* script: EVAL, SCRIPT, FCALL and FUNCTION, passed on to the engine's script host. */
#include "script.h"

#include "store/cmd/guard.h"

static void pass(struct cmd *c, enum script_op op)
{
    if (c->engine->script == NULL) {
        reply_error(c->reply, "ERR this store runs no scripts");
        return;
    }
    c->engine->script->handlers[op](c);
}

#define PASS(name, op)                                                                             \
    void name(struct cmd *c)                                                                       \
    {                                                                                              \
        pass(c, op);                                                                               \
    }

PASS(cmd_eval, SCRIPT_EVAL)
PASS(cmd_eval_ro, SCRIPT_EVAL_RO)
PASS(cmd_evalsha, SCRIPT_EVALSHA)
PASS(cmd_evalsha_ro, SCRIPT_EVALSHA_RO)
PASS(cmd_fcall, SCRIPT_FCALL)
PASS(cmd_fcall_ro, SCRIPT_FCALL_RO)
PASS(cmd_script_load, SCRIPT_LOAD)
PASS(cmd_script_exists, SCRIPT_EXISTS)
PASS(cmd_script_flush, SCRIPT_FLUSH)
PASS(cmd_script_kill, SCRIPT_KILL)
PASS(cmd_script_debug, SCRIPT_DEBUG)
PASS(cmd_function_load, SCRIPT_FUNCTION_LOAD)
PASS(cmd_function_delete, SCRIPT_FUNCTION_DELETE)
PASS(cmd_function_flush, SCRIPT_FUNCTION_FLUSH)
PASS(cmd_function_list, SCRIPT_FUNCTION_LIST)
PASS(cmd_function_dump, SCRIPT_FUNCTION_DUMP)
PASS(cmd_function_restore, SCRIPT_FUNCTION_RESTORE)
PASS(cmd_function_stats, SCRIPT_FUNCTION_STATS)
PASS(cmd_function_kill, SCRIPT_FUNCTION_KILL)

void script_while_busy(struct engine *e, struct session *s, const struct slice *argv, uint32_t argc)
{
    struct reply reply = {.out = &s->out, .resp = s->resp, .max = session_out_max(s)};
    const struct cmd_spec *spec = cmd_find(argv[0]);
    if (spec != NULL && argc >= 2 && cmd_is_container(spec)) {
        const struct cmd_spec *sub = cmd_find_sub(spec, argv[1]);
        if (sub != NULL) spec = sub;
    }
    bool fits = spec != NULL && spec->run != NULL &&
                (spec->arity >= 0 ? argc == (uint32_t)spec->arity : argc >= (uint32_t)-spec->arity);
    bool allowed = fits && (spec->flags & CMD_ALLOWBUSY) != 0 &&
                   (s->authenticated || acl_is_open(&e->acl) || (spec->flags & CMD_NOAUTH) != 0);
    if (!allowed) {
        bool known = e->script != NULL && e->script->busy != NULL;
        reply_error(&reply, known ? e->script->busy : "BUSY Redis is busy running a command.");
        return;
    }
    if (!guard_is_free(s) && !guard_admits(s, spec, argv, argc, &reply)) return;
    struct args args = {.argv = argv, .argc = argc, .at = spec->parent != NULL ? 2 : 1};
    struct cmd c = {.engine = e,
                    .db = session_db(s),
                    .session = s,
                    .argv = argv,
                    .argc = argc,
                    .args = &args,
                    .reply = &reply,
                    .arena = &e->arena,
                    .spec = spec,
                    .explicit_effects = true};
    spec->run(&c);
}

void cmd_script_help(struct cmd *c)
{
    static const char *const lines[] = {
        "DEBUG (YES|SYNC|NO)",
        "    Set the debug mode for subsequent scripts executed.",
        "EXISTS <sha1> [<sha1> ...]",
        "    Return information about the existence of the scripts in the script cache.",
        "FLUSH [ASYNC|SYNC]",
        "    Flush the Lua scripts cache. Very dangerous on replicas.",
        "    When called without the optional mode argument, the behavior is determined by the",
        "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
        "    * ASYNC: Asynchronously flush the scripts cache.",
        "    * SYNC: Synchronously flush the scripts cache.",
        "KILL",
        "    Kill the currently executing Lua script.",
        "LOAD <script>",
        "    Load a script into the scripts cache without executing it.",
        NULL};
    cmd_help(c, lines);
}

void cmd_function_help(struct cmd *c)
{
    static const char *const lines[] = {
        "LOAD [REPLACE] <FUNCTION CODE>",
        "    Create a new library with the given library name and code.",
        "DELETE <LIBRARY NAME>",
        "    Delete the given library.",
        "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
        "    Return general information on all the libraries:",
        "    * Library name",
        "    * The engine used to run the Library",
        "    * Library description",
        "    * Functions list",
        "    * Library code (if WITHCODE is given)",
        "    It also possible to get only function that matches a pattern using LIBRARYNAME "
        "argument.",
        "STATS",
        "    Return information about the current function running:",
        "    * Function name",
        "    * Command used to run the function",
        "    * Duration in MS that the function is running",
        "    If no function is running, return nil",
        "    In addition, returns a list of available engines.",
        "KILL",
        "    Kill the current running function.",
        "FLUSH [ASYNC|SYNC]",
        "    Delete all the libraries.",
        "    When called without the optional mode argument, the behavior is determined by the",
        "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
        "    * ASYNC: Asynchronously flush the libraries.",
        "    * SYNC: Synchronously flush the libraries.",
        "DUMP",
        "    Return a serialized payload representing the current libraries, can be restored "
        "using FUNCTION RESTORE command",
        "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
        "    Restore the libraries represented by the given payload, it is possible to give a "
        "restore policy to",
        "    control how to handle existing libraries (default APPEND):",
        "    * FLUSH: delete all existing libraries.",
        "    * APPEND: appends the restored libraries to the existing libraries. On collision, "
        "abort.",
        "    * REPLACE: appends the restored libraries to the existing libraries, On collision, "
        "replace the old",
        "      libraries with the new libraries (notice that even on this option there is a chance "
        "of failure",
        "      in case of functions name collision with another library).",
        NULL};
    cmd_help(c, lines);
}
