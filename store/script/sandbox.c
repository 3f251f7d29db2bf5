/* sandbox: what scripts may see, and that they may change none of it. */
#include "host.h"

#include "base/must.h"

#include <lualib.h>
#include <math.h>
#include <stdlib.h>

int luaopen_cjson(lua_State *lua);

#define READONLY "Attempt to modify a readonly table"

/* ---- fronts ---- */

static int on_write(lua_State *lua)
{
    return luaL_error(lua, READONLY);
}

static int on_missing(lua_State *lua)
{
    const char *name = lua_tostring(lua, 2);
    return luaL_error(lua, "Script attempted to access nonexistent global variable '%s'",
                      name == NULL ? "?" : name);
}

/* Whether the value at index is a front. */
static bool is_front(lua_State *lua, int index)
{
    if (!lua_istable(lua, index) || !lua_getmetatable(lua, index)) return false;
    lua_pushliteral(lua, "__newindex");
    lua_rawget(lua, -2);
    bool front = lua_tocfunction(lua, -1) == on_write;
    lua_pop(lua, 2);
    return front;
}

int lua_front(lua_State *lua)
{
    int real = lua_gettop(lua);
    lua_newtable(lua);
    lua_newtable(lua);
    lua_pushvalue(lua, real);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, on_write);
    lua_setfield(lua, -2, "__newindex");
    lua_newtable(lua); /* what getmetatable gives: empty, and a front itself */
    lua_newtable(lua);
    lua_pushcfunction(lua, on_write);
    lua_setfield(lua, -2, "__newindex");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_setmetatable(lua, -2);
    lua_setfield(lua, -2, "__metatable");
    lua_setmetatable(lua, -2);
    lua_replace(lua, real);
    return 1;
}

/* ---- functions of Lua that have to know of fronts ---- */

static int on_rawset(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_checkany(lua, 2);
    luaL_checkany(lua, 3);
    lua_settop(lua, 3);
    if (is_front(lua, 1)) {
        lua_pushliteral(lua, READONLY);
        return lua_error(lua);
    }
    lua_rawset(lua, 1);
    return 1;
}

static int on_setmetatable(lua_State *lua)
{
    int kind = lua_type(lua, 2);
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_argcheck(lua, kind == LUA_TNIL || kind == LUA_TTABLE, 2, "nil or table expected");
    if (is_front(lua, 1)) {
        lua_pushliteral(lua, READONLY);
        return lua_error(lua);
    }
    if (luaL_getmetafield(lua, 1, "__metatable"))
        return luaL_error(lua, "cannot change a protected metatable");
    lua_settop(lua, 2);
    lua_setmetatable(lua, 1);
    return 1;
}

/* pairs: a front is walked as a copy of what it hides. */
static int on_pairs(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 1);
    if (is_front(lua, 1)) {
        lua_newtable(lua);
        lua_getmetatable(lua, 1);
        lua_pushliteral(lua, "__index");
        lua_rawget(lua, -2);
        if (lua_istable(lua, -1)) {
            lua_pushnil(lua);
            while (lua_next(lua, -2) != 0) {
                lua_pushvalue(lua, -2);
                lua_insert(lua, -2);
                lua_rawset(lua, 2);
            }
        }
        lua_settop(lua, 2);
        lua_replace(lua, 1);
    }
    lua_pushvalue(lua, lua_upvalueindex(1)); /* next */
    lua_insert(lua, 1);
    lua_pushnil(lua);
    return 3;
}

/* pcall: an error of the redis table is handed to the script as its text. */
static int on_pcall(lua_State *lua)
{
    luaL_checkany(lua, 1);
    int argc = lua_gettop(lua);
    lua_pushboolean(lua, 1);
    lua_insert(lua, 1);
    if (lua_pcall(lua, argc - 1, LUA_MULTRET, 0) != 0) {
        lua_remove(lua, 1);
        if (lua_istable(lua, -1)) {
            lua_getfield(lua, -1, "err");
            if (lua_isstring(lua, -1))
                lua_replace(lua, -2);
            else
                lua_pop(lua, 1);
        }
        lua_pushboolean(lua, 0);
        lua_insert(lua, 1);
    }
    return lua_gettop(lua);
}

static int load_text(lua_State *lua, const char *text, size_t len, const char *name)
{
    int failed = 1;
    if (len > 0 && text[0] == LUA_SIGNATURE[0])
        lua_pushliteral(lua, "attempt to load bytecode");
    else
        failed = luaL_loadbuffer(lua, text, len, name);
    if (failed == 0) return 1;
    lua_pushnil(lua);
    lua_insert(lua, -2);
    return 2;
}

static int on_loadstring(lua_State *lua)
{
    size_t len = 0;
    const char *text = luaL_checklstring(lua, 1, &len);
    return load_text(lua, text, len, luaL_optstring(lua, 2, text));
}

/* load(function [, name]): the pieces are put together first. */
static int on_load(lua_State *lua)
{
    luaL_Buffer all;
    const char *name = luaL_optstring(lua, 2, "=(load)");
    luaL_checktype(lua, 1, LUA_TFUNCTION);
    lua_settop(lua, 2);
    lua_newtable(lua);
    int n = 0;
    for (;;) {
        lua_pushvalue(lua, 1);
        lua_call(lua, 0, 1);
        if (!lua_isstring(lua, -1) || lua_objlen(lua, -1) == 0) break;
        lua_rawseti(lua, 3, ++n);
    }
    luaL_buffinit(lua, &all);
    for (int i = 1; i <= n; i++) {
        lua_rawgeti(lua, 3, i);
        luaL_addvalue(&all);
    }
    luaL_pushresult(&all);
    size_t len = 0;
    const char *text = lua_tolstring(lua, -1, &len);
    return load_text(lua, text, len, name);
}

static int on_collectgarbage(lua_State *lua)
{
    const char *what = luaL_optstring(lua, 1, "collect");
    if (strcmp(what, "count") == 0) {
        lua_pushnumber(lua, (double)box_of(lua)->bytes / 1024);
        return 1;
    }
    if (strcmp(what, "collect") == 0) (void)lua_gc(lua, LUA_GCCOLLECT, 0);
    lua_pushinteger(lua, 0);
    return 1;
}

/* ---- random numbers: the same sequence in every process, as effects are what is logged ---- */

static int on_random(lua_State *lua)
{
    double r = (double)(nrand48(box_of(lua)->random) % INT32_MAX) / (double)INT32_MAX;
    int argc = lua_gettop(lua);
    if (argc == 0) {
        lua_pushnumber(lua, r);
    } else if (argc == 1) {
        int high = luaL_checkint(lua, 1);
        luaL_argcheck(lua, 1 <= high, 1, "interval is empty");
        lua_pushnumber(lua, floor(r * high) + 1);
    } else if (argc == 2) {
        int low = luaL_checkint(lua, 1);
        int high = luaL_checkint(lua, 2);
        luaL_argcheck(lua, low <= high, 2, "interval is empty");
        lua_pushnumber(lua, floor(r * ((double)high - low + 1)) + low);
    } else {
        return luaL_error(lua, "wrong number of arguments");
    }
    return 1;
}

static int on_randomseed(lua_State *lua)
{
    uint32_t seed = (uint32_t)luaL_checkint(lua, 1);
    struct box *b = box_of(lua);
    b->random[0] = 0x330E;
    b->random[1] = (unsigned short)(seed & 0xffff);
    b->random[2] = (unsigned short)(seed >> 16);
    return 0;
}

/* ---- filling ---- */

static void open_library(lua_State *lua, const char *name, lua_CFunction open)
{
    lua_pushcfunction(lua, open);
    lua_pushstring(lua, name);
    lua_call(lua, 1, 0);
}

static void set_function(lua_State *lua, const char *name, lua_CFunction f)
{
    lua_pushcfunction(lua, f);
    lua_setglobal(lua, name);
}

static void open_all(struct box *b)
{
    lua_State *lua = b->lua;
    static const char *const gone[] = {"dofile",  "loadfile", "print",
                                       "getfenv", "setfenv",  "newproxy"};
    open_library(lua, "", luaopen_base);
    open_library(lua, LUA_TABLIBNAME, luaopen_table);
    open_library(lua, LUA_STRLIBNAME, luaopen_string);
    open_library(lua, LUA_MATHLIBNAME, luaopen_math);
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) {
        lua_pushnil(lua);
        lua_setglobal(lua, gone[i]);
    }
    set_function(lua, "rawset", on_rawset);
    set_function(lua, "setmetatable", on_setmetatable);
    set_function(lua, "pcall", on_pcall);
    set_function(lua, "load", on_load);
    set_function(lua, "loadstring", on_loadstring);
    set_function(lua, "collectgarbage", on_collectgarbage);
    lua_getglobal(lua, "next");
    lua_pushcclosure(lua, on_pairs, 1);
    lua_setglobal(lua, "pairs");

    lua_getglobal(lua, "math");
    lua_pushcfunction(lua, on_random);
    lua_setfield(lua, -2, "random");
    lua_pushcfunction(lua, on_randomseed);
    lua_setfield(lua, -2, "randomseed");
    lua_pop(lua, 1);

    lua_pushcfunction(lua, luaopen_cjson);
    lua_call(lua, 0, 1);
    lua_setglobal(lua, "cjson");
    lib_push_bit(lua);
    lua_setglobal(lua, "bit");
    lib_push_struct(lua);
    lua_setglobal(lua, "struct");
    lib_push_msgpack(lua);
    lua_setglobal(lua, "cmsgpack");
    api_push(b);
    lua_setglobal(lua, "redis");
    if (!b->functions) set_function(lua, "__redis__err__handler", api_error_handler);
}

/* Puts every library table behind a front, and the metatable of strings. */
static void hide_tables(lua_State *lua)
{
    static const char *const names[] = {"string", "table",     "math",   "redis",   "cjson",
                                        "bit",    "coroutine", "struct", "cmsgpack"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        lua_getglobal(lua, names[i]);
        (void)lua_front(lua);
        lua_setglobal(lua, names[i]);
    }
    lua_pushliteral(lua, "");
    if (lua_getmetatable(lua, -1)) {
        lua_newtable(lua);
        (void)lua_front(lua);
        lua_setfield(lua, -2, "__metatable");
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
}

/* Gives the table on top the metatable that complains of what is missing. */
static void complain(lua_State *lua)
{
    lua_newtable(lua);
    lua_pushcfunction(lua, on_missing);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, -2);
}

void sandbox_fill(struct box *b)
{
    lua_State *lua = b->lua;
    open_all(b);
    hide_tables(lua);

    lua_pushcfunction(lua, api_error_handler);
    b->on_error = luaL_ref(lua, LUA_REGISTRYINDEX);

    lua_newtable(lua);
    api_push_loading(b);
    complain(lua);
    (void)lua_front(lua);
    lua_setfield(lua, -2, "redis");
    complain(lua);
    b->load_globals = luaL_ref(lua, LUA_REGISTRYINDEX);

    lua_pushvalue(lua, LUA_GLOBALSINDEX);
    complain(lua);
    lua_pushvalue(lua, -1);
    b->globals = luaL_ref(lua, LUA_REGISTRYINDEX);
    (void)lua_front(lua);
    lua_pushvalue(lua, -1);
    lua_setglobal(lua, "_G"); /* in the real table, where scripts find it */
    (void)lua_getmetatable(lua, -1);
    b->front = luaL_ref(lua, LUA_REGISTRYINDEX);
    lua_replace(lua, LUA_GLOBALSINDEX);
    must(lua_gettop(lua) == 0);
}

void sandbox_loading(struct box *b, bool loading)
{
    lua_State *lua = b->lua;
    lua_rawgeti(lua, LUA_REGISTRYINDEX, b->front);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, loading ? b->load_globals : b->globals);
    lua_setfield(lua, -2, "__index");
    lua_pop(lua, 1);
}
