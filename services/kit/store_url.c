#include "store_url.h"

#include <stdlib.h>

static bool refuse(struct buf *why, const char *text)
{
    buf_add_cstr(why, text);
    return false;
}

/* Copies s with %XX decoded; false when it does not fit, is broken or holds a NUL. */
static bool unescape(struct slice s, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned c = (unsigned char)s.p[i];
        if (c == '%') {
            if (i + 2 >= s.len) return false;
            char hex[3] = {s.p[i + 1], s.p[i + 2], '\0'};
            if (strspn(hex, "0123456789abcdefABCDEF") != 2) return false;
            c = (unsigned)strtoul(hex, NULL, 16);
            i += 2;
        }
        if (c == 0 || n + 1 >= size) return false;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return true;
}

static bool parse_login(struct slice login, struct store_url *u)
{
    size_t colon = slice_find(login, ':');
    if (colon == login.len) return false; /* a user without a password is a slip */
    struct slice user = {login.p, colon};
    return unescape(user, u->user, sizeof u->user) &&
           unescape(slice_from(login, colon + 1), u->password, sizeof u->password);
}

static bool parse_host(struct slice rest, struct store_url *u, struct buf *why)
{
    struct slice host = rest;
    struct slice port;
    if (rest.len > 0 && rest.p[0] == '[') {
        size_t close = slice_find(rest, ']');
        if (close == rest.len) return refuse(why, "the store URL's address lacks its ']'");
        host = (struct slice){rest.p + 1, close - 1};
        port = slice_from(rest, close + 1);
        if (port.len > 0 && port.p[0] != ':')
            return refuse(why, "the store URL has something other than a port behind its address");
    } else {
        size_t colon = slice_find(rest, ':');
        host.len = colon;
        port = slice_from(rest, colon);
    }

    u->port = STORE_PORT;
    if (port.len > 0) {
        uint64_t n = 0;
        if (!slice_u64(slice_from(port, 1), &n) || n == 0 || n > 65535)
            return refuse(why, "the store URL's port is not a number from 1 to 65535");
        u->port = (uint16_t)n;
    }
    if (host.len == 0 || !unescape(host, u->host, sizeof u->host))
        return refuse(why, "the store URL names no host");
    for (const char *p = u->host; *p != '\0'; p++)
        if (*p <= ' ' || *p == '/' || *p == ',')
            return refuse(why, "the store URL's host has a character that no host has");
    return true;
}

bool store_url_parse(struct slice text, struct store_url *out, struct buf *why)
{
    struct store_url u = {0};
    static const struct slice unix_scheme = {"unix://", 7};
    static const struct slice redis_scheme = {"redis://", 8};

    if (slice_starts(text, SLICE("redis+sentinel://")) ||
        slice_starts(text, SLICE("redis+cluster://")))
        return refuse(why, "redis+sentinel and redis+cluster URLs are not supported by this "
                           "version: name the primary as redis://host:port");

    if (slice_starts(text, unix_scheme)) {
        struct slice path = slice_from(text, unix_scheme.len);
        if (path.len == 0 || path.p[0] != '/')
            return refuse(why, "a unix store URL needs an absolute path: unix:///run/store.sock");
        if (path.len >= sizeof u.path)
            return refuse(why, "the store URL's socket path is longer than 107 bytes");
        if (memchr(path.p, '\0', path.len) != NULL)
            return refuse(why, "the store URL's socket path holds a zero byte");
        memcpy(u.path, path.p, path.len);
        *out = u;
        return true;
    }

    if (!slice_starts(text, redis_scheme))
        return refuse(why, "a store URL begins with unix:// or redis://");
    struct slice rest = slice_from(text, redis_scheme.len);
    if (rest.len > 0 && rest.p[rest.len - 1] == '/') rest.len--;
    size_t at = rest.len;
    while (at > 0 && rest.p[at - 1] != '@')
        at--;
    if (at > 0) {
        struct slice login = {rest.p, at - 1};
        if (!parse_login(login, &u))
            return refuse(why, "the store URL's login is not user:password (%XX for special "
                               "characters)");
        rest = slice_from(rest, at);
    }
    if (!parse_host(rest, &u, why)) return false;
    *out = u;
    return true;
}

void store_url_show(const struct store_url *u, struct buf *out)
{
    if (u->path[0] != '\0')
        buf_addf(out, "unix://%s", u->path);
    else if (strchr(u->host, ':') != NULL)
        buf_addf(out, "redis://[%s]:%u", u->host, (unsigned)u->port);
    else
        buf_addf(out, "redis://%s:%u", u->host, (unsigned)u->port);
}
