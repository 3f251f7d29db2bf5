/* libstruct: struct, which packs Lua values into binary text and back.
 *
 * Format: < > = set the byte order, !n the alignment; b B h H i[n] I[n] l L are integers,
 *         f d floats, x a padding byte, s a text that ends in NUL, c[n] a text of n bytes (c0:
 *         all of it when packing; as long as the number before it says when unpacking).
 */
#include "host.h"

enum { ALIGN_DEFAULT = 8, SIZE_MAX_INT = 8 };

struct format {
    const char *at;
    bool little;
    uint32_t align;
    uint64_t total; /* bytes so far, for alignment */
};

/* One item of a format. */
struct item {
    char kind;
    uint64_t size; /* bytes of a number, or of c */
};

static uint64_t read_count(lua_State *lua, struct format *f, uint64_t missing)
{
    if (*f->at < '0' || *f->at > '9') return missing;
    uint64_t n = 0;
    while (*f->at >= '0' && *f->at <= '9') {
        if (n > INT32_MAX / 10 - 1) (void)luaL_error(lua, "integral size overflow");
        n = n * 10 + (uint64_t)(*f->at++ - '0');
    }
    return n;
}

static uint64_t int_size(lua_State *lua, struct format *f, uint64_t missing)
{
    uint64_t n = read_count(lua, f, missing);
    if (n < 1 || n > SIZE_MAX_INT)
        (void)luaL_error(lua, "integral size %d is larger than limit of %d", (int)n, SIZE_MAX_INT);
    return n;
}

/* The next item that moves bytes; false at the end of the format. */
static bool next_item(lua_State *lua, struct format *f, struct item *item)
{
    while (*f->at != '\0') {
        char kind = *f->at++;
        *item = (struct item){.kind = kind};
        switch (kind) {
        case ' ':
            continue;
        case '<':
        case '=':
            f->little = true;
            continue;
        case '>':
            f->little = false;
            continue;
        case '!': {
            uint64_t align = read_count(lua, f, ALIGN_DEFAULT);
            if (align == 0 || (align & (align - 1)) != 0 || align > 16)
                (void)luaL_error(lua, "alignment is not a power of 2");
            f->align = (uint32_t)align;
            continue;
        }
        case 'b':
        case 'B':
        case 'x':
            item->size = 1;
            return true;
        case 'h':
        case 'H':
            item->size = 2;
            return true;
        case 'i':
        case 'I':
            item->size = int_size(lua, f, 4);
            return true;
        case 'l':
        case 'L':
        case 'T':
        case 'd':
            item->size = 8;
            return true;
        case 'f':
            item->size = 4;
            return true;
        case 's':
            return true;
        case 'c':
            item->size = read_count(lua, f, 1);
            return true;
        default:
            (void)luaL_error(lua, "invalid format option '%c'", kind);
        }
    }
    return false;
}

/* Bytes of padding before an item. */
static uint64_t padding(const struct format *f, const struct item *item)
{
    if (item->kind == 'c' || item->kind == 's' || item->kind == 'x' || f->align < 2) return 0;
    uint64_t to = item->size < f->align ? item->size : f->align;
    if (to < 2 || (to & (to - 1)) != 0) return 0;
    return (to - (f->total & (to - 1))) & (to - 1);
}

static void add_number(luaL_Buffer *out, uint64_t n, uint64_t size, bool little)
{
    for (uint64_t i = 0; i < size; i++) {
        uint64_t shift = 8 * (little ? i : size - 1 - i);
        luaL_addchar(out, (char)(n >> shift & 255));
    }
}

static uint64_t get_number(const char *p, uint64_t size, bool little)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < size; i++)
        n |= (uint64_t)(unsigned char)p[i] << 8 * (little ? i : size - 1 - i);
    return n;
}

static uint64_t pack_value(lua_State *lua, const struct item *item, int at)
{
    double d = luaL_checknumber(lua, at);
    if (item->kind == 'd') {
        uint64_t bits = 0;
        memcpy(&bits, &d, sizeof bits);
        return bits;
    }
    if (item->kind == 'f') {
        float f = (float)d;
        uint32_t bits = 0;
        memcpy(&bits, &f, sizeof bits);
        return bits;
    }
    if (!(d > -9223372036854775808.0 && d < 18446744073709551616.0)) return 0;
    return d < 0 ? (uint64_t)(int64_t)d : (uint64_t)d;
}

static int on_pack(lua_State *lua)
{
    luaL_Buffer out;
    struct format f = {.at = luaL_checkstring(lua, 1), .little = true, .align = 1};
    struct item item;
    int arg = 2;
    lua_pushnil(lua);
    luaL_buffinit(lua, &out);
    while (next_item(lua, &f, &item)) {
        for (uint64_t n = padding(&f, &item); n > 0; n--, f.total++)
            luaL_addchar(&out, 0);
        if (item.kind == 'x') {
            luaL_addchar(&out, 0);
        } else if (item.kind == 's' || item.kind == 'c') {
            size_t len = 0;
            const char *text = luaL_checklstring(lua, arg++, &len);
            if (item.kind == 's' || item.size == 0) item.size = len;
            luaL_argcheck(lua, len >= item.size, arg - 1, "string too short");
            luaL_addlstring(&out, text, (size_t)item.size);
            if (item.kind == 's') {
                luaL_addchar(&out, 0);
                f.total++;
            }
        } else {
            add_number(&out, pack_value(lua, &item, arg++), item.size, f.little);
        }
        f.total += item.size;
    }
    luaL_pushresult(&out);
    return 1;
}

static void push_value(lua_State *lua, const struct item *item, uint64_t bits)
{
    if (item->kind == 'd') {
        double d = 0;
        memcpy(&d, &bits, sizeof d);
        lua_pushnumber(lua, d);
    } else if (item->kind == 'f') {
        uint32_t low = (uint32_t)bits;
        float f = 0;
        memcpy(&f, &low, sizeof f);
        lua_pushnumber(lua, (double)f);
    } else if (item->kind >= 'a') { /* small letters are signed */
        uint64_t sign = 1ULL << (8 * item->size - 1);
        lua_pushnumber(lua, (double)(int64_t)((bits ^ sign) - sign));
    } else {
        lua_pushnumber(lua, (double)bits);
    }
}

static int on_unpack(lua_State *lua)
{
    size_t len = 0;
    struct format f = {.at = luaL_checkstring(lua, 1), .little = true, .align = 1};
    const char *data = luaL_checklstring(lua, 2, &len);
    double first = luaL_optnumber(lua, 3, 1);
    luaL_argcheck(lua, first >= 1 && first <= (double)len + 1, 3, "offset must be 1 or greater");
    uint64_t pos = (uint64_t)first - 1;
    struct item item;
    int n = 0;
    lua_settop(lua, 2);
    while (next_item(lua, &f, &item)) {
        f.total = pos;
        pos += padding(&f, &item);
        luaL_argcheck(lua, pos <= len && item.size <= len - pos, 2, "data string too short");
        luaL_checkstack(lua, 2, "too many results");
        if (item.kind == 'x') {
            pos++;
            continue;
        }
        n++;
        if (item.kind == 's') {
            const char *end = memchr(data + pos, 0, len - pos);
            if (end == NULL) return luaL_error(lua, "unfinished string in data");
            lua_pushlstring(lua, data + pos, (size_t)(end - (data + pos)));
            pos = (uint64_t)(end - data) + 1;
            continue;
        }
        if (item.kind == 'c') {
            if (item.size == 0) {
                if (n == 1 || !lua_isnumber(lua, -1))
                    return luaL_error(lua, "format 'c0' needs a previous size");
                double size = lua_tonumber(lua, -1);
                lua_pop(lua, 1);
                n--;
                luaL_argcheck(lua, size >= 0 && size <= (double)(len - pos), 2,
                              "data string too short");
                item.size = (uint64_t)size;
            }
            lua_pushlstring(lua, data + pos, (size_t)item.size);
        } else {
            push_value(lua, &item, get_number(data + pos, item.size, f.little));
        }
        pos += item.size;
    }
    lua_pushnumber(lua, (double)pos + 1);
    return n + 1;
}

static int on_size(lua_State *lua)
{
    struct format f = {.at = luaL_checkstring(lua, 1), .little = true, .align = 1};
    struct item item;
    while (next_item(lua, &f, &item)) {
        if (item.kind == 's') luaL_argerror(lua, 1, "variable-size format in struct.size");
        if (item.kind == 'c' && item.size == 0)
            luaL_argerror(lua, 1, "variable-length format in struct.size");
        f.total += padding(&f, &item) + item.size;
    }
    lua_pushnumber(lua, (double)f.total);
    return 1;
}

void lib_push_struct(lua_State *lua)
{
    lua_newtable(lua);
    lua_pushcfunction(lua, on_pack);
    lua_setfield(lua, -2, "pack");
    lua_pushcfunction(lua, on_unpack);
    lua_setfield(lua, -2, "unpack");
    lua_pushcfunction(lua, on_size);
    lua_setfield(lua, -2, "size");
}
