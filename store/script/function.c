/* function: libraries of functions: FUNCTION LOAD and its kin, FCALL. */
#include "host.h"

#include "base/mem.h"
#include "base/must.h"

#include <ctype.h>

static struct slice own(struct slice s)
{
    return (struct slice){mem_dup(s.p, s.len), s.len};
}

static void disown(struct slice s)
{
    mem_free((void *)(uintptr_t)s.p);
}

static bool is_name(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        char ch = s.p[i];
        bool fine = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
                    (ch >= '0' && ch <= '9') || ch == '_';
        if (!fine) return false;
    }
    return s.len > 0;
}

#define BAD_NAME                                                                                   \
    "Library names can only contain letters, numbers, or underscores(_) and must be at least one " \
    "character long"

/* ---- libraries ---- */

static void function_free(struct host *h, struct function *f)
{
    if (h->functions.lua != NULL) luaL_unref(h->functions.lua, LUA_REGISTRYINDEX, f->ref);
    list_del(&f->of_library);
    disown(f->name);
    disown(f->description);
    mem_free(f);
}

void function_library_free(struct host *h, struct library *l)
{
    if (l == NULL) return;
    while (!list_empty(&l->functions))
        function_free(h, list_entry(l->functions.next, struct function, of_library));
    disown(l->name);
    disown(l->code);
    mem_free(l);
}

static struct slice in_small(struct slice name, struct buf *small)
{
    buf_clear(small);
    for (size_t i = 0; i < name.len; i++)
        buf_add_char(small, (char)tolower((unsigned char)name.p[i]));
    return buf_slice(small);
}

/* The function of this name, in letters of any case: so Redis calls them. */
static struct function *function_find(const struct host *h, struct slice name)
{
    struct buf small = {0};
    struct function *f = map_find(&h->by_name, in_small(name, &small));
    buf_fini(&small);
    return f;
}

/* Takes l and its functions out of the tables, and leaves them whole. */
static void detach(struct host *h, struct library *l)
{
    (void)map_take(&h->libraries, l->name);
    struct buf small = {0};
    list_each(at, &l->functions)
    {
        struct slice name = list_entry(at, struct function, of_library)->name;
        (void)map_take(&h->by_name, in_small(name, &small));
    }
    buf_fini(&small);
}

void function_library_take(struct host *h, struct library *l)
{
    detach(h, l);
    function_library_free(h, l);
}

void function_library_put(struct host *h, struct library *l)
{
    struct buf small = {0};
    (void)map_put(&h->libraries, l->name, l);
    list_each(at, &l->functions)
    {
        struct function *f = list_entry(at, struct function, of_library);
        (void)map_put(&h->by_name, in_small(f->name, &small), f);
    }
    buf_fini(&small);
}

static bool take_first(struct slice key, void *value, void *data)
{
    (void)key;
    *(void **)data = value;
    return false;
}

void function_drop_all(struct host *h)
{
    for (;;) {
        struct library *l = NULL;
        map_each(&h->libraries, take_first, &l);
        if (l == NULL) break;
        function_library_take(h, l);
    }
    map_fini(&h->libraries);
    map_fini(&h->by_name);
}

/* ---- redis.register_function ---- */

static int refuse(lua_State *lua, struct function *f, const char *text)
{
    struct host *h = box_of(lua)->host;
    f->ref = LUA_NOREF;
    function_free(h, f);
    return api_raise(lua, text);
}

static const char *read_flag_table(lua_State *lua, uint32_t *flags)
{
    if (!lua_istable(lua, -1))
        return "flags argument to redis.register_function must be a table representing function "
               "flags";
    for (int i = 1;; i++) {
        lua_rawgeti(lua, -1, i);
        bool end = lua_isnil(lua, -1);
        size_t len = 0;
        const char *text = lua_type(lua, -1) == LUA_TSTRING ? lua_tolstring(lua, -1, &len) : NULL;
        bool known = text != NULL && flags_add(slice_make(text, len), flags);
        lua_pop(lua, 1);
        if (end) return NULL;
        if (!known) return "unknown flag given";
    }
}

/* The named form: {function_name=, callback=, description=, flags=}; the callback is left on
 * the stack. */
static const char *read_named(lua_State *lua, struct function *f)
{
    bool has_callback = false;
    lua_pushnil(lua); /* 2: the callback */
    lua_pushnil(lua);
    while (lua_next(lua, 1) != 0) {
        size_t len = 0;
        const char *key = lua_type(lua, -2) == LUA_TSTRING ? lua_tostring(lua, -2) : NULL;
        if (key == NULL)
            return "named argument key given to redis.register_function is not a string";
        if (strcmp(key, "function_name") == 0) {
            const char *text = lua_tolstring(lua, -1, &len);
            if (text == NULL)
                return "function_name argument given to redis.register_function must be a string";
            disown(f->name);
            f->name = own(slice_make(text, len));
        } else if (strcmp(key, "description") == 0) {
            const char *text = lua_tolstring(lua, -1, &len);
            if (text == NULL)
                return "description argument given to redis.register_function must be a string";
            disown(f->description);
            f->description = own(slice_make(text, len));
        } else if (strcmp(key, "callback") == 0) {
            if (!lua_isfunction(lua, -1))
                return "callback argument given to redis.register_function must be a function";
            lua_pushvalue(lua, -1);
            lua_replace(lua, 2);
            has_callback = true;
        } else if (strcmp(key, "flags") == 0) {
            const char *wrong = read_flag_table(lua, &f->flags);
            if (wrong != NULL) return wrong;
        } else {
            return "unknown argument given to redis.register_function";
        }
        lua_pop(lua, 1);
    }
    if (f->name.p == NULL) return "redis.register_function must get a function name argument";
    if (!has_callback) return "redis.register_function must get a callback argument";
    return NULL;
}

static const char *read_plain(lua_State *lua, struct function *f)
{
    size_t len = 0;
    const char *text = lua_tolstring(lua, 1, &len);
    if (text == NULL) return "first argument to redis.register_function must be a string";
    if (!lua_isfunction(lua, 2))
        return "second argument to redis.register_function must be a function";
    f->name = own(slice_make(text, len));
    return NULL;
}

int function_register(lua_State *lua)
{
    struct host *h = box_of(lua)->host;
    struct library *l = h->loading;
    int argc = lua_gettop(lua);
    if (argc < 1 || argc > 2)
        return api_raise(lua, "wrong number of arguments to redis.register_function");
    if (argc == 1 && !lua_istable(lua, 1))
        return api_raise(lua, "calling redis.register_function with a single argument is only "
                              "applicable to Lua table (representing named arguments).");
    if (l == NULL)
        return api_raise(lua, "redis.register_function can only be called on FUNCTION LOAD "
                              "command");
    struct function *f = mem_new(struct function);
    list_init(&f->of_library);
    f->library = l;
    const char *wrong = argc == 1 ? read_named(lua, f) : read_plain(lua, f);
    if (wrong != NULL) return refuse(lua, f, wrong);
    if (!is_name(f->name)) return refuse(lua, f, BAD_NAME);
    list_each(at, &l->functions) if (
        slice_eq(list_entry(at, struct function, of_library)->name,
                 f->name)) return refuse(lua, f, "Function already exists in the library");
    list_add(&l->functions, &f->of_library);
    f->ref = LUA_NOREF;
    lua_pushvalue(lua, 2);
    f->ref = luaL_ref(lua, LUA_REGISTRYINDEX);
    return 0;
}

/* ---- loading ---- */

static struct slice error_of(lua_State *lua, struct arena *a, const char *before)
{
    const char *text = NULL;
    if (lua_istable(lua, -1)) {
        lua_pushliteral(lua, "err");
        lua_rawget(lua, -2);
        text = lua_tostring(lua, -1);
        lua_pop(lua, 1);
    } else {
        text = lua_tostring(lua, -1);
    }
    return arena_printf(a, "ERR %s: %s", before, text == NULL ? "unknown error" : text);
}

/* Reads "#!lua name=x"; *line_end is where the code goes on. NULL, or the error line. */
static const char *read_metadata(struct cmd *c, struct slice code, struct slice *name,
                                 size_t *line_end)
{
    if (!slice_starts(code, SLICE("#!"))) return "ERR Missing library metadata";
    *line_end = slice_find(code, '\n');
    if (*line_end == code.len) return "ERR Invalid library metadata";
    struct slice line = {code.p + 2, *line_end - 2};
    struct slice engine = {0};
    (void)slice_cut(&line, ' ', &engine);
    while (line.len > 0) {
        struct slice word = {0};
        (void)slice_cut(&line, ' ', &word);
        if (word.len == 0) continue;
        bool is_the_name = word.len >= 5 && slice_ieq((struct slice){word.p, 5}, SLICE("name="));
        if (!is_the_name)
            return arena_printf(c->arena, "ERR Invalid metadata value given: %.*s", (int)word.len,
                                word.p)
                .p;
        if (name->p != NULL)
            return "ERR Invalid metadata value, name argument was given multiple times";
        *name = slice_from(word, 5);
    }
    if (name->p == NULL) return "ERR Library name was not given";
    if (!is_name(*name)) return "ERR " BAD_NAME;
    if (!slice_word(engine, "LUA"))
        return arena_printf(c->arena, "ERR Engine '%.*s' not found", (int)engine.len, engine.p).p;
    return NULL;
}

/* Runs the library's code, which registers its functions. False with *error set. */
static bool run_library(struct cmd *c, struct library *l, struct slice body, struct slice *error)
{
    struct host *h = host_of(c);
    struct box *b = &h->functions;
    box_open(b);
    lua_State *lua = b->lua;
    lua_rawgeti(lua, LUA_REGISTRYINDEX, b->on_error);
    if (luaL_loadbuffer(lua, body.p, body.len, "@user_function") != 0) {
        *error = error_of(lua, c->arena, "Error compiling function");
        lua_pop(lua, 2);
        return false;
    }
    h->loading = l;
    h->load_started_us = c->engine->clock.mono_us(c->engine->clock.data);
    sandbox_loading(b, true);
    b->limited = true;
    int failed = lua_pcall(lua, 0, 0, 1);
    b->limited = false;
    sandbox_loading(b, false);
    h->loading = NULL;
    if (failed != 0) {
        *error = error_of(lua, c->arena, "Error registering functions");
        lua_pop(lua, 2);
        return false;
    }
    lua_pop(lua, 1);
    must(lua_gettop(lua) == 0);
    if (!list_empty(&l->functions)) return true;
    *error = SLICE("ERR No functions registered");
    return false;
}

struct library *function_library_load(struct cmd *c, struct slice code, bool replace,
                                      struct slice *error)
{
    struct host *h = host_of(c);
    struct slice name = {0};
    size_t line_end = 0;
    const char *wrong = read_metadata(c, code, &name, &line_end);
    struct library *old = wrong == NULL ? map_find(&h->libraries, name) : NULL;
    if (wrong == NULL && old != NULL && !replace)
        wrong =
            arena_printf(c->arena, "ERR Library '%.*s' already exists", (int)name.len, name.p).p;
    if (wrong != NULL) {
        *error = slice_of(wrong);
        return NULL;
    }
    struct library *l = mem_new(struct library);
    l->name = own(name);
    l->code = own(code);
    list_init(&l->functions);
    if (!run_library(c, l, slice_from(code, line_end), error)) {
        function_library_free(h, l);
        return NULL;
    }
    list_each(at, &l->functions)
    {
        struct slice f = list_entry(at, struct function, of_library)->name;
        const struct function *other = function_find(h, f);
        if (other == NULL || other->library == old) continue;
        *error = arena_printf(c->arena, "ERR Function %.*s already exists", (int)f.len, f.p);
        function_library_free(h, l);
        return NULL;
    }
    if (old != NULL) function_library_take(h, old);
    function_library_put(h, l);
    return l;
}

/* FUNCTION LOAD [REPLACE] code */
void function_load(struct cmd *c)
{
    struct slice error = {0};
    bool replace = false;
    uint32_t i = 2;
    for (; i < c->argc - 1; i++) {
        if (!slice_word(c->argv[i], "REPLACE")) {
            reply_errorf(c->reply, "ERR Unknown option given: %.*s", (int)c->argv[i].len,
                         c->argv[i].p);
            return;
        }
        replace = true;
    }
    const struct library *l = function_library_load(c, c->argv[i], replace, &error);
    if (l == NULL) {
        reply_error_slice(c->reply, error);
        return;
    }
    reply_bulk(c->reply, l->name);
    const struct slice effect[] = {SLICE("FUNCTION"), SLICE("LOAD"), SLICE("REPLACE"), l->code};
    c->engine->dirty++;
    cmd_effect(c, 4, effect);
}

/* FUNCTION DELETE library */
void function_delete(struct cmd *c)
{
    struct library *l = map_find(&host_of(c)->libraries, c->argv[2]);
    if (l == NULL) {
        reply_error(c->reply, "ERR Library not found");
        return;
    }
    function_library_take(host_of(c), l);
    reply_ok(c->reply);
    c->engine->dirty++;
    cmd_effect(c, c->argc, c->argv);
}

/* FUNCTION FLUSH [ASYNC|SYNC] */
void function_flush(struct cmd *c)
{
    struct host *h = host_of(c);
    bool known =
        c->argc == 2 ||
        (c->argc == 3 && (slice_word(c->argv[2], "SYNC") || slice_word(c->argv[2], "ASYNC")));
    if (!known) {
        reply_error(c->reply, "ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
        return;
    }
    function_drop_all(h);
    box_close(&h->functions);
    reply_ok(c->reply);
    c->engine->dirty++;
    cmd_effect(c, c->argc, c->argv);
}

static bool rewrite_one(struct slice key, void *value, void *data)
{
    (void)key;
    const struct library *l = value;
    struct effects *out = data;
    effects_begin(out, 4);
    effects_arg_cstr(out, "FUNCTION");
    effects_arg_cstr(out, "LOAD");
    effects_arg_cstr(out, "REPLACE");
    effects_arg(out, l->code);
    return true;
}

void function_rewrite(struct engine *e, struct effects *out)
{
    const struct host *h = (const struct host *)(const void *)e->script;
    effects_select(out, 0);
    map_each(&h->libraries, rewrite_one, out);
}

/* ---- calling ---- */

/* FCALL function numkeys key ... arg ... */
void function_run(struct cmd *c, bool readonly)
{
    struct host *h = host_of(c);
    struct call call = {.ro_command = readonly};
    cmd_no_effect(c);
    const struct function *f = function_find(h, c->argv[1]);
    if (f == NULL) {
        reply_error(c->reply, "ERR Function not found");
        return;
    }
    if (!run_parse(c, "ERR Bad number of keys provided", &call)) return;
    call.name = f->name;
    call.ref = f->ref;
    call.flags = f->flags;
    run_call(c, &h->functions, &call);
}

/* ---- telling ---- */

struct listing {
    struct cmd *c;
    struct slice pattern;
    bool with_code;
    uint64_t n;
};

static void reply_flags(struct reply *r, uint32_t flags)
{
    static const char *const names[] = {"no-writes", "allow-oom", "allow-stale", "no-cluster",
                                        "allow-cross-slot-keys"};
    reply_set(r, (uint64_t)__builtin_popcount(flags & 31U));
    for (uint32_t i = 0; i < 5; i++)
        if ((flags & (1U << i)) != 0) reply_status(r, names[i]);
}

static bool list_one(struct slice key, void *value, void *data)
{
    struct listing *to = data;
    const struct library *l = value;
    struct reply *r = to->c->reply;
    uint64_t n = 0;
    if (to->pattern.p != NULL && !slice_glob(to->pattern, key, true)) return true;
    to->n++;
    reply_map(r, to->with_code ? 4 : 3);
    reply_cstr(r, "library_name");
    reply_bulk(r, l->name);
    reply_cstr(r, "engine");
    reply_cstr(r, "LUA");
    reply_cstr(r, "functions");
    list_each(at, &l->functions) n++;
    reply_array(r, n);
    list_each(at, &l->functions)
    {
        const struct function *f = list_entry(at, struct function, of_library);
        reply_map(r, 3);
        reply_cstr(r, "name");
        reply_bulk(r, f->name);
        reply_cstr(r, "description");
        if (f->description.p == NULL)
            reply_null(r);
        else
            reply_bulk(r, f->description);
        reply_cstr(r, "flags");
        reply_flags(r, f->flags);
    }
    if (!to->with_code) return true;
    reply_cstr(r, "library_code");
    reply_bulk(r, l->code);
    return true;
}

/* FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE] */
void function_list(struct cmd *c)
{
    struct listing to = {.c = c};
    for (uint32_t i = 2; i < c->argc; i++) {
        if (!to.with_code && slice_word(c->argv[i], "WITHCODE")) {
            to.with_code = true;
        } else if (to.pattern.p == NULL && slice_word(c->argv[i], "LIBRARYNAME")) {
            if (i + 1 == c->argc) {
                reply_error(c->reply, "ERR library name argument was not given");
                return;
            }
            to.pattern = c->argv[++i];
        } else {
            reply_errorf(c->reply, "ERR Unknown argument %.*s", (int)c->argv[i].len, c->argv[i].p);
            return;
        }
    }
    size_t place = reply_later(c->reply);
    map_each(&host_of(c)->libraries, list_one, &to);
    reply_later_end(c->reply, place, '*', to.n);
}

/* FUNCTION STATS */
void function_stats(struct cmd *c)
{
    const struct host *h = host_of(c);
    const struct run *run = h->run;
    struct reply *r = c->reply;
    if (run != NULL && !run->box->functions) {
        reply_error(r, h->head.busy);
        return;
    }
    reply_map(r, 2);
    reply_cstr(r, "running_script");
    if (run == NULL) {
        reply_null(r);
    } else {
        int64_t now_us = c->engine->clock.mono_us(c->engine->clock.data);
        reply_map(r, 3);
        reply_cstr(r, "name");
        reply_bulk(r, run->name);
        reply_cstr(r, "command");
        reply_array(r, run->c->argc);
        for (uint32_t i = 0; i < run->c->argc; i++)
            reply_bulk(r, run->c->argv[i]);
        reply_cstr(r, "duration_ms");
        reply_int(r, (now_us - run->started_us) / 1000);
    }
    reply_cstr(r, "engines");
    reply_map(r, 1);
    reply_cstr(r, "LUA");
    reply_map(r, 2);
    reply_cstr(r, "libraries_count");
    reply_int(r, (int64_t)h->libraries.count);
    reply_cstr(r, "functions_count");
    reply_int(r, (int64_t)h->by_name.count);
}
