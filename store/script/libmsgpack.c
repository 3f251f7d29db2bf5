/* libmsgpack: cmsgpack, Lua values as MessagePack and back. */
#include "host.h"

#include <math.h>

enum { NESTING_MAX = 16 };

/* ---- packing ---- */

static void add_be(luaL_Buffer *out, char tag, uint64_t n, int size)
{
    luaL_addchar(out, tag);
    for (int i = size - 1; i >= 0; i--)
        luaL_addchar(out, (char)(n >> 8 * i & 255));
}

/* A head of one of three sizes: fix (n <= fix_max), 16 and 32 bits. */
static void add_head(luaL_Buffer *out, size_t n, int fix, size_t fix_max, int tag16)
{
    if (n <= fix_max)
        luaL_addchar(out, (char)(fix | (int)n));
    else if (n <= UINT16_MAX)
        add_be(out, (char)tag16, n, 2);
    else
        add_be(out, (char)(tag16 + 1), n, 4);
}

static void pack_integer(luaL_Buffer *out, int64_t n)
{
    if (n >= 0 && n <= 127)
        luaL_addchar(out, (char)n);
    else if (n >= 0 && n <= UINT8_MAX)
        add_be(out, (char)0xcc, (uint64_t)n, 1);
    else if (n >= 0 && n <= UINT16_MAX)
        add_be(out, (char)0xcd, (uint64_t)n, 2);
    else if (n >= 0 && n <= UINT32_MAX)
        add_be(out, (char)0xce, (uint64_t)n, 4);
    else if (n >= 0)
        add_be(out, (char)0xcf, (uint64_t)n, 8);
    else if (n >= -32)
        luaL_addchar(out, (char)n);
    else if (n >= INT8_MIN)
        add_be(out, (char)0xd0, (uint64_t)n, 1);
    else if (n >= INT16_MIN)
        add_be(out, (char)0xd1, (uint64_t)n, 2);
    else if (n >= INT32_MIN)
        add_be(out, (char)0xd2, (uint64_t)n, 4);
    else
        add_be(out, (char)0xd3, (uint64_t)n, 8);
}

static void pack_number(luaL_Buffer *out, double d)
{
    if (d >= -9007199254740992.0 && d <= 9007199254740992.0 && d == floor(d)) {
        pack_integer(out, (int64_t)d);
        return;
    }
    float f = (float)d;
    if ((double)f == d) {
        uint32_t bits = 0;
        memcpy(&bits, &f, sizeof bits);
        add_be(out, (char)0xca, bits, 4);
        return;
    }
    uint64_t bits = 0;
    memcpy(&bits, &d, sizeof bits);
    add_be(out, (char)0xcb, bits, 8);
}

static void pack_text(luaL_Buffer *out, const char *p, size_t n)
{
    if (n > 31 && n <= UINT8_MAX)
        add_be(out, (char)0xd9, n, 1);
    else
        add_head(out, n, 0xa0, 31, 0xda);
    luaL_addlstring(out, p, n);
}

/* How many elements the table at index has if its keys are 1..n; -1 if they are not. */
static int64_t array_length(lua_State *lua, int index)
{
    int64_t n = 0;
    double top = 0;
    lua_pushnil(lua);
    while (lua_next(lua, index) != 0) {
        lua_pop(lua, 1);
        double key = lua_type(lua, -1) == LUA_TNUMBER ? lua_tonumber(lua, -1) : 0;
        if (key < 1 || key != floor(key)) {
            lua_pop(lua, 1);
            return -1;
        }
        if (key > top) top = key;
        n++;
    }
    return top == (double)n ? n : -1;
}

/* Packs the value at index into the table of pieces at `pieces`. */
static void pack_value(lua_State *lua, int index, int pieces, int level);

static void add_piece(lua_State *lua, luaL_Buffer *b, int pieces)
{
    luaL_pushresult(b);
    lua_rawseti(lua, pieces, (int)lua_objlen(lua, pieces) + 1);
}

static void pack_table(lua_State *lua, int index, int pieces, int level)
{
    luaL_Buffer b;
    int64_t n = array_length(lua, index);
    luaL_checkstack(lua, 4, "in function table_to_msgpack");
    if (n >= 0) {
        luaL_buffinit(lua, &b);
        add_head(&b, (size_t)n, 0x90, 15, 0xdc);
        add_piece(lua, &b, pieces);
        for (int i = 1; i <= n; i++) {
            lua_rawgeti(lua, index, i);
            pack_value(lua, lua_gettop(lua), pieces, level);
            lua_pop(lua, 1);
        }
        return;
    }
    size_t pairs = 0;
    lua_pushnil(lua);
    while (lua_next(lua, index) != 0) {
        lua_pop(lua, 1);
        pairs++;
    }
    luaL_buffinit(lua, &b);
    add_head(&b, pairs, 0x80, 15, 0xde);
    add_piece(lua, &b, pieces);
    lua_pushnil(lua);
    while (lua_next(lua, index) != 0) {
        int top = lua_gettop(lua);
        pack_value(lua, top - 1, pieces, level);
        pack_value(lua, top, pieces, level);
        lua_pop(lua, 1);
    }
}

static void pack_value(lua_State *lua, int index, int pieces, int level)
{
    luaL_Buffer b;
    int type = lua_type(lua, index);
    if (type == LUA_TTABLE && level < NESTING_MAX) {
        pack_table(lua, index, pieces, level + 1);
        return;
    }
    size_t len = 0;
    const char *text = type == LUA_TSTRING ? lua_tolstring(lua, index, &len) : NULL;
    luaL_buffinit(lua, &b);
    if (type == LUA_TSTRING)
        pack_text(&b, text, len);
    else if (type == LUA_TNUMBER)
        pack_number(&b, lua_tonumber(lua, index));
    else if (type == LUA_TBOOLEAN)
        luaL_addchar(&b, (char)(lua_toboolean(lua, index) != 0 ? 0xc3 : 0xc2));
    else
        luaL_addchar(&b, (char)0xc0);
    add_piece(lua, &b, pieces);
}

static int on_pack(lua_State *lua)
{
    int argc = lua_gettop(lua);
    luaL_Buffer all;
    if (argc == 0) return luaL_argerror(lua, 0, "MessagePack pack needs input.");
    lua_newtable(lua);
    for (int i = 1; i <= argc; i++)
        pack_value(lua, i, argc + 1, 0);
    int n = (int)lua_objlen(lua, argc + 1);
    luaL_buffinit(lua, &all);
    for (int i = 1; i <= n; i++) {
        lua_rawgeti(lua, argc + 1, i);
        luaL_addvalue(&all);
    }
    luaL_pushresult(&all);
    return 1;
}

/* ---- unpacking ---- */

struct input {
    const unsigned char *p;
    size_t left;
};

static const unsigned char *take(lua_State *lua, struct input *in, size_t n)
{
    if (in->left < n) (void)luaL_error(lua, "Missing bytes in input.");
    const unsigned char *at = in->p;
    in->p += n;
    in->left -= n;
    return at;
}

static uint64_t take_be(lua_State *lua, struct input *in, size_t size)
{
    const unsigned char *p = take(lua, in, size);
    uint64_t n = 0;
    for (size_t i = 0; i < size; i++)
        n = n << 8 | p[i];
    return n;
}

static void unpack_value(lua_State *lua, struct input *in, int level);

static void unpack_text(lua_State *lua, struct input *in, size_t n)
{
    lua_pushlstring(lua, (const char *)take(lua, in, n), n);
}

static void unpack_array(lua_State *lua, struct input *in, size_t n, int level)
{
    lua_newtable(lua);
    for (size_t i = 1; i <= n; i++) {
        unpack_value(lua, in, level + 1);
        lua_rawseti(lua, -2, (int)i);
    }
}

static void unpack_map(lua_State *lua, struct input *in, size_t n, int level)
{
    lua_newtable(lua);
    for (size_t i = 0; i < n; i++) {
        unpack_value(lua, in, level + 1);
        unpack_value(lua, in, level + 1);
        bool bad = lua_isnil(lua, -2) || (lua_isnumber(lua, -2) && isnan(lua_tonumber(lua, -2)));
        if (bad) (void)luaL_error(lua, "Bad data format in input.");
        lua_rawset(lua, -3);
    }
}

static void unpack_float(lua_State *lua, struct input *in, bool wide)
{
    uint64_t bits = take_be(lua, in, wide ? 8 : 4);
    uint32_t low = (uint32_t)bits;
    double d = 0;
    float f = 0;
    memcpy(&d, &bits, sizeof d);
    memcpy(&f, &low, sizeof f);
    lua_pushnumber(lua, wide ? d : (double)f);
}

static void unpack_signed(lua_State *lua, struct input *in, size_t size)
{
    uint64_t n = take_be(lua, in, size);
    uint64_t sign = 1ULL << (8 * size - 1);
    lua_pushnumber(lua, (double)(int64_t)((n ^ sign) - sign));
}

static void unpack_value(lua_State *lua, struct input *in, int level)
{
    if (level > 100) (void)luaL_error(lua, "Bad data format in input.");
    luaL_checkstack(lua, 4, "in function mp_decode_to_lua_type");
    uint32_t tag = *take(lua, in, 1);
    if (tag <= 0x7f) {
        lua_pushnumber(lua, tag);
    } else if (tag >= 0xe0) {
        lua_pushnumber(lua, (double)tag - 256);
    } else if (tag <= 0x8f) {
        unpack_map(lua, in, tag & 15, level);
    } else if (tag <= 0x9f) {
        unpack_array(lua, in, tag & 15, level);
    } else if (tag <= 0xbf) {
        unpack_text(lua, in, tag & 31);
    } else if (tag == 0xc0) {
        lua_pushnil(lua);
    } else if (tag == 0xc2 || tag == 0xc3) {
        lua_pushboolean(lua, tag == 0xc3);
    } else if (tag >= 0xc4 && tag <= 0xc6) {
        unpack_text(lua, in, take_be(lua, in, (size_t)1 << (tag - 0xc4)));
    } else if (tag == 0xca || tag == 0xcb) {
        unpack_float(lua, in, tag == 0xcb);
    } else if (tag >= 0xcc && tag <= 0xcf) {
        lua_pushnumber(lua, (double)take_be(lua, in, (size_t)1 << (tag - 0xcc)));
    } else if (tag >= 0xd0 && tag <= 0xd3) {
        unpack_signed(lua, in, (size_t)1 << (tag - 0xd0));
    } else if (tag >= 0xd9 && tag <= 0xdb) {
        unpack_text(lua, in, take_be(lua, in, (size_t)1 << (tag - 0xd9)));
    } else if (tag == 0xdc || tag == 0xdd) {
        unpack_array(lua, in, take_be(lua, in, tag == 0xdc ? 2 : 4), level);
    } else if (tag == 0xde || tag == 0xdf) {
        unpack_map(lua, in, take_be(lua, in, tag == 0xde ? 2 : 4), level);
    } else {
        (void)luaL_error(lua, "Bad data format in input.");
    }
}

/* Unpacks up to limit values (0: all) from offset on; with a limit the next offset, or -1 at
 * the end, comes first. */
static int unpack_from(lua_State *lua, int64_t limit, int64_t offset)
{
    size_t len = 0;
    const char *text = luaL_checklstring(lua, 1, &len);
    if (offset < 0 || limit < 0)
        return luaL_error(lua, "Invalid request to unpack with offset of %d and limit of %d.",
                          (int)offset, (int)len);
    if ((uint64_t)offset > len)
        return luaL_error(lua, "Start offset %d greater than input length %d.", (int)offset,
                          (int)len);
    struct input in = {(const unsigned char *)text + offset, len - (size_t)offset};
    int n = 0;
    lua_settop(lua, 1);
    while (in.left > 0 && (limit == 0 || n < limit)) {
        unpack_value(lua, &in, 0);
        n++;
    }
    if (limit == 0) return n;
    lua_pushnumber(lua, in.left == 0 ? -1 : (double)(len - in.left));
    lua_insert(lua, 2);
    return n + 1;
}

static int on_unpack(lua_State *lua)
{
    return unpack_from(lua, 0, 0);
}

static int on_unpack_one(lua_State *lua)
{
    return unpack_from(lua, 1, (int64_t)luaL_optinteger(lua, 2, 0));
}

static int on_unpack_limit(lua_State *lua)
{
    int64_t limit = (int64_t)luaL_checkinteger(lua, 2);
    return unpack_from(lua, limit, (int64_t)luaL_optinteger(lua, 3, 0));
}

void lib_push_msgpack(lua_State *lua)
{
    static const struct luaL_Reg all[] = {{"pack", on_pack},
                                          {"unpack", on_unpack},
                                          {"unpack_one", on_unpack_one},
                                          {"unpack_limit", on_unpack_limit},
                                          {NULL, NULL}};
    lua_newtable(lua);
    for (const struct luaL_Reg *one = all; one->name != NULL; one++) {
        lua_pushcfunction(lua, one->func);
        lua_setfield(lua, -2, one->name);
    }
    lua_pushliteral(lua, "cmsgpack");
    lua_setfield(lua, -2, "_NAME");
}
