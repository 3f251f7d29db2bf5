/* libs: bit, the operations on 32-bit numbers that scripts know from Redis. */
#include "host.h"

#include <stdio.h>

static uint32_t bits(lua_State *lua, int at)
{
    union {
        double d;
        uint64_t u;
    } n = {.d = luaL_checknumber(lua, at) + 6755399441055744.0}; /* 2^52 + 2^51: to the low bits */
    return (uint32_t)n.u;
}

static int push_bits(lua_State *lua, uint32_t n)
{
    lua_pushnumber(lua, (int32_t)n);
    return 1;
}

static int on_tobit(lua_State *lua)
{
    return push_bits(lua, bits(lua, 1));
}

static int on_bnot(lua_State *lua)
{
    return push_bits(lua, ~bits(lua, 1));
}

static int on_bswap(lua_State *lua)
{
    return push_bits(lua, __builtin_bswap32(bits(lua, 1)));
}

static int on_band(lua_State *lua)
{
    uint32_t n = bits(lua, 1);
    for (int i = lua_gettop(lua); i > 1; i--)
        n &= bits(lua, i);
    return push_bits(lua, n);
}

static int on_bor(lua_State *lua)
{
    uint32_t n = bits(lua, 1);
    for (int i = lua_gettop(lua); i > 1; i--)
        n |= bits(lua, i);
    return push_bits(lua, n);
}

static int on_bxor(lua_State *lua)
{
    uint32_t n = bits(lua, 1);
    for (int i = lua_gettop(lua); i > 1; i--)
        n ^= bits(lua, i);
    return push_bits(lua, n);
}

static int on_lshift(lua_State *lua)
{
    return push_bits(lua, bits(lua, 1) << (bits(lua, 2) & 31));
}

static int on_rshift(lua_State *lua)
{
    return push_bits(lua, bits(lua, 1) >> (bits(lua, 2) & 31));
}

static int on_arshift(lua_State *lua)
{
    return push_bits(lua, (uint32_t)((int32_t)bits(lua, 1) >> (bits(lua, 2) & 31)));
}

static int on_rol(lua_State *lua)
{
    uint32_t n = bits(lua, 1), by = bits(lua, 2) & 31;
    return push_bits(lua, n << by | n >> ((32 - by) & 31));
}

static int on_ror(lua_State *lua)
{
    uint32_t n = bits(lua, 1), by = bits(lua, 2) & 31;
    return push_bits(lua, n >> by | n << ((32 - by) & 31));
}

static int on_tohex(lua_State *lua)
{
    uint32_t n = bits(lua, 1);
    int32_t digits = lua_isnone(lua, 2) ? 8 : (int32_t)bits(lua, 2);
    bool upper = digits < 0;
    if (upper) digits = digits == INT32_MIN ? 8 : -digits;
    if (digits > 8) digits = 8;
    char text[9];
    (void)snprintf(text, sizeof text, upper ? "%08X" : "%08x", n);
    lua_pushlstring(lua, text + 8 - digits, (size_t)digits);
    return 1;
}

void lib_push_bit(lua_State *lua)
{
    static const struct luaL_Reg all[] = {
        {"tobit", on_tobit},   {"bnot", on_bnot},     {"bswap", on_bswap},
        {"band", on_band},     {"bor", on_bor},       {"bxor", on_bxor},
        {"lshift", on_lshift}, {"rshift", on_rshift}, {"arshift", on_arshift},
        {"rol", on_rol},       {"ror", on_ror},       {"tohex", on_tohex},
        {NULL, NULL}};
    lua_newtable(lua);
    for (const struct luaL_Reg *one = all; one->name != NULL; one++) {
        lua_pushcfunction(lua, one->func);
        lua_setfield(lua, -2, one->name);
    }
}
