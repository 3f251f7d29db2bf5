/* compiled: scripts that were compiled before, in this world or in one that is over.
 *
 * Why: every store that comes up again reads the lifecycle library from its log, and parsing it took
 * a sixth of a seed's time. What the parser makes of a text depends on nothing else, so its code
 * is kept as Lua itself would write it to a file, with all names and lines for errors. And since a
 * store here does not live long enough to be full of garbage, it is collected more rarely.
 *
 * Owner: nature, until the process ends.
 */
#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/must.h"
#include "tests/world/world.h"

#include <lauxlib.h>

int __real_luaL_loadbuffer(lua_State *lua, const char *text, size_t len, const char *name);
int __wrap_luaL_loadbuffer(lua_State *lua, const char *text, size_t len, const char *name);

enum { PAUSE_PERCENT = 1000 };

static struct map known; /* text -> struct buf, owned */

static int write_code(lua_State *lua, const void *bytes, size_t n, void *data)
{
    (void)lua;
    buf_add(data, bytes, n);
    return 0;
}

static void remember(lua_State *lua, struct slice text)
{
    struct host *me = world_step_out();
    struct buf *code = mem_new(struct buf);
    must(lua_dump(lua, write_code, code) == 0);
    (void)map_put(&known, text, code);
    world_step_in(me);
}

int __wrap_luaL_loadbuffer(lua_State *lua, const char *text, size_t len, const char *name)
{
    const struct slice key = slice_make(text, len);
    const struct buf *code = map_find(&known, key);
    (void)lua_gc(lua, LUA_GCSETPAUSE, PAUSE_PERCENT);
    if (code != NULL) return __real_luaL_loadbuffer(lua, code->p, code->len, name);
    int failed = __real_luaL_loadbuffer(lua, text, len, name);
    if (failed == 0) remember(lua, key);
    return failed;
}
