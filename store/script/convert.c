/* convert: replies into Lua values and back.
 *
 * An inner command writes RESP into the host's own buffer, complete and of our own making, so
 * it is read here without checks.
 */
#include "host.h"

#include <math.h>

/* ---- RESP to Lua ---- */

static int64_t read_number(const char **p)
{
    const char *at = *p;
    bool negative = *at == '-';
    if (negative) at++;
    uint64_t n = 0;
    while (*at != '\r')
        n = n * 10 + (uint64_t)(*at++ - '0');
    *p = at + 2;
    return negative ? (int64_t)(0 - n) : (int64_t)n;
}

static struct slice read_line(const char **p)
{
    const char *end = *p;
    while (*end != '\r')
        end++;
    struct slice line = {*p, (size_t)(end - *p)};
    *p = end + 2;
    return line;
}

static void set_text(lua_State *lua, const char *field, struct slice s)
{
    lua_pushlstring(lua, s.p, s.len);
    lua_setfield(lua, -2, field);
}

static const char *read_bulk(lua_State *lua, const char *p)
{
    int64_t len = read_number(&p);
    if (len < 0) {
        lua_pushboolean(lua, 0);
        return p;
    }
    lua_pushlstring(lua, p, (size_t)len);
    return p + len + 2;
}

static const char *read_array(lua_State *lua, const char *p)
{
    int64_t n = read_number(&p);
    if (n < 0) {
        lua_pushboolean(lua, 0);
        return p;
    }
    lua_createtable(lua, n < 1 << 20 ? (int)n : 0, 0);
    for (int64_t i = 1; i <= n; i++) {
        p = convert_to_lua(lua, p);
        lua_rawseti(lua, -2, (int)i);
    }
    return p;
}

/* A map becomes {map = {...}}, a set {set = {member = true, ...}}. */
static const char *read_table(lua_State *lua, const char *p, bool map)
{
    int64_t n = read_number(&p);
    lua_createtable(lua, 0, 1);
    lua_createtable(lua, 0, n < 1 << 20 ? (int)n : 0);
    for (int64_t i = 0; i < n; i++) {
        p = convert_to_lua(lua, p);
        if (map)
            p = convert_to_lua(lua, p);
        else
            lua_pushboolean(lua, 1);
        lua_rawset(lua, -3);
    }
    lua_setfield(lua, -2, map ? "map" : "set");
    return p;
}

static const char *read_verbatim(lua_State *lua, const char *p)
{
    int64_t len = read_number(&p);
    lua_createtable(lua, 0, 1);
    lua_createtable(lua, 0, 2);
    set_text(lua, "format", slice_make(p, 3));
    set_text(lua, "string", slice_make(p + 4, (size_t)len - 4));
    lua_setfield(lua, -2, "verbatim_string");
    return p + len + 2;
}

static double read_double(const char **p)
{
    struct slice text = read_line(p);
    double d = (double)NAN;
    (void)slice_double(text, &d);
    return d;
}

/* Pushes the value at p and returns what follows it. */
const char *convert_to_lua(lua_State *lua, const char *p)
{
    luaL_checkstack(lua, 6, "reply nested too deep");
    char kind = *p++;
    switch (kind) {
    case ':':
        lua_pushnumber(lua, (double)read_number(&p));
        return p;
    case '$':
        return read_bulk(lua, p);
    case '*':
    case '>':
        return read_array(lua, p);
    case '%':
        return read_table(lua, p, true);
    case '~':
        return read_table(lua, p, false);
    case '+':
        lua_createtable(lua, 0, 1);
        set_text(lua, "ok", read_line(&p));
        return p;
    case '-': {
        const char *line = p - 1;
        struct slice text = read_line(&p);
        api_push_error(lua, slice_make(line, text.len + 1));
        return p;
    }
    case '_':
        lua_pushnil(lua);
        return p + 2;
    case '#':
        lua_pushboolean(lua, *p == 't');
        return p + 3;
    case ',':
        lua_createtable(lua, 0, 1);
        lua_pushnumber(lua, read_double(&p));
        lua_setfield(lua, -2, "double");
        return p;
    case '(':
        lua_createtable(lua, 0, 1);
        set_text(lua, "big_number", read_line(&p));
        return p;
    case '=':
        return read_verbatim(lua, p);
    default:
        lua_pushnil(lua);
        return p;
    }
}

/* ---- Lua to RESP ---- */

/* A table may hold itself, twice even: such a reply has no end. So a script's reply ends at this
 * depth and at the bytes that its own memory may have. */
enum { DEPTH_MAX = 1000 };

struct writing {
    lua_State *lua;
    struct reply *r;
    size_t from;
    uint32_t depth;
    uint8_t script_resp;
    const char *failed; /* the error line that takes the reply's place */
};

static void write_value(struct writing *w);

/* Pushes table[name] if it has this type; else pushes nothing and is false. */
static bool field(lua_State *lua, const char *name, int type)
{
    lua_pushstring(lua, name);
    lua_rawget(lua, -2);
    if (lua_type(lua, -1) == type) return true;
    lua_pop(lua, 1);
    return false;
}

static struct slice text_at(lua_State *lua, int index)
{
    size_t len = 0;
    const char *p = lua_tolstring(lua, index, &len);
    return slice_make(p, len);
}

static void write_status(struct reply *r, struct slice text)
{
    buf_add_char(r->out, '+');
    for (size_t i = 0; i < text.len; i++)
        buf_add_char(r->out, text.p[i] == '\r' || text.p[i] == '\n' ? ' ' : text.p[i]);
    buf_add(r->out, "\r\n", 2);
}

/* The pairs of the table on top: a map, or with keys_only a set. */
static void write_pairs(struct writing *w, bool keys_only)
{
    lua_State *lua = w->lua;
    struct reply *r = w->r;
    uint64_t n = 0;
    size_t place = reply_later(r);
    lua_pushnil(lua);
    while (w->failed == NULL && lua_next(lua, -2) != 0) {
        if (keys_only) {
            lua_pop(lua, 1);
            lua_pushvalue(lua, -1);
        } else {
            lua_pushvalue(lua, -2);
            write_value(w);
        }
        write_value(w);
        n++;
    }
    if (w->failed != NULL) lua_pop(lua, 1); /* the key that lua_next would have taken */
    if (keys_only)
        reply_later_end(r, place, r->resp < 3 ? '*' : '~', n);
    else if (r->resp < 3)
        reply_later_end(r, place, '*', 2 * n);
    else
        reply_later_end(r, place, '%', n);
}

static void write_array(struct writing *w)
{
    lua_State *lua = w->lua;
    struct reply *r = w->r;
    int n = 0;
    for (;;) {
        lua_rawgeti(lua, -1, n + 1);
        bool end = lua_isnil(lua, -1);
        lua_pop(lua, 1);
        if (end) break;
        n++;
    }
    reply_array(r, (uint64_t)n);
    for (int i = 1; i <= n && w->failed == NULL; i++) {
        lua_rawgeti(lua, -1, i);
        write_value(w);
    }
}

/* A table that stands for something RESP knows; false when it is an array. */
static bool write_special(struct writing *w)
{
    lua_State *lua = w->lua;
    struct reply *r = w->r;
    if (field(lua, "err", LUA_TSTRING)) {
        reply_error_slice(r, text_at(lua, -1));
    } else if (field(lua, "ok", LUA_TSTRING)) {
        write_status(r, text_at(lua, -1));
    } else if (field(lua, "double", LUA_TNUMBER)) {
        reply_double(r, lua_tonumber(lua, -1));
    } else if (field(lua, "map", LUA_TTABLE)) {
        write_pairs(w, false);
    } else if (field(lua, "set", LUA_TTABLE)) {
        write_pairs(w, true);
    } else if (field(lua, "big_number", LUA_TSTRING)) {
        reply_bignum(r, text_at(lua, -1));
    } else if (field(lua, "verbatim_string", LUA_TTABLE)) {
        struct slice format = {0};
        bool has_format = field(lua, "format", LUA_TSTRING);
        if (has_format) format = text_at(lua, -1);
        if (has_format) lua_pop(lua, 1);
        char ext[4] = "txt";
        if (format.len == 3) memcpy(ext, format.p, 3);
        if (!field(lua, "string", LUA_TSTRING)) lua_pushliteral(lua, "");
        reply_verbatim(r, text_at(lua, -1), ext);
        lua_pop(lua, 1);
    } else {
        return false;
    }
    lua_pop(lua, 1);
    return true;
}

/* Writes the value on top and pops it. */
static void write_value(struct writing *w)
{
    lua_State *lua = w->lua;
    struct reply *r = w->r;
    if (w->depth == DEPTH_MAX || !lua_checkstack(lua, 6))
        w->failed = "ERR reached lua stack limit";
    else if (r->out->len - w->from > SCRIPT_LUA_BYTES_MAX)
        w->failed = "ERR the script's reply is too large";
    if (w->failed != NULL) {
        lua_pop(lua, 1);
        return;
    }
    w->depth++;
    switch (lua_type(lua, -1)) {
    case LUA_TSTRING:
        reply_bulk(r, text_at(lua, -1));
        break;
    case LUA_TNUMBER: {
        double d = lua_tonumber(lua, -1);
        bool fits = d > -9223372036854775808.0 && d < 9223372036854775808.0;
        reply_int(r, fits ? (int64_t)d : INT64_MIN);
        break;
    }
    case LUA_TBOOLEAN:
        if (w->script_resp >= 3)
            reply_bool(r, lua_toboolean(lua, -1) != 0);
        else if (lua_toboolean(lua, -1) != 0)
            reply_int(r, 1);
        else
            reply_null(r);
        break;
    case LUA_TTABLE:
        if (!write_special(w)) write_array(w);
        break;
    default:
        reply_null(r);
    }
    w->depth--;
    lua_pop(lua, 1);
}

/* Replies with the value on top and pops it. */
void convert_to_reply(lua_State *lua, struct reply *r, uint8_t script_resp)
{
    struct writing w = {.lua = lua, .r = r, .from = r->out->len, .script_resp = script_resp};
    write_value(&w);
    if (w.failed == NULL) return;
    r->out->len = w.from;
    reply_error(r, w.failed);
}
