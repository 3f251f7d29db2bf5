#include "words.h"

#include <ctype.h>

static bool is_space(char c)
{
    return isspace((unsigned char)c) != 0;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Reads one escape of a double-quoted word, *i behind the backslash. */
static char unescape(const char *p, size_t end, size_t *i)
{
    if (p[*i] == 'x' && *i + 2 < end && hex(p[*i + 1]) >= 0 && hex(p[*i + 2]) >= 0) {
        int byte = hex(p[*i + 1]) * 16 + hex(p[*i + 2]);
        *i += 3;
        return (char)byte;
    }
    char c = p[(*i)++];
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'b':
        return '\b';
    case 'a':
        return '\a';
    default:
        return c;
    }
}

bool words_unquote(const char *p, size_t end, size_t *i, char *to, size_t *len)
{
    char quote = p[(*i)++];
    while (*i < end && p[*i] != quote) {
        if (p[*i] == '\\' && quote == '"' && *i + 1 < end) {
            ++*i;
            to[(*len)++] = unescape(p, end, i);
        } else if (p[*i] == '\\' && quote == '\'' && *i + 1 < end && p[*i + 1] == '\'') {
            to[(*len)++] = '\'';
            *i += 2;
        } else {
            to[(*len)++] = p[(*i)++];
        }
    }
    if (*i >= end) return false;
    ++*i;
    return *i >= end || is_space(p[*i]);
}

bool words_next(struct slice *rest, struct buf *word)
{
    buf_clear(word);
    *rest = slice_trim(*rest);
    char *to = buf_reserve(word, rest->len);
    size_t i = 0;
    bool ok = true;
    while (ok && i < rest->len && !is_space(rest->p[i])) {
        if (rest->p[i] == '"' || rest->p[i] == '\'')
            ok = words_unquote(rest->p, rest->len, &i, to, &word->len);
        else
            to[word->len++] = rest->p[i++];
    }
    *rest = slice_from(*rest, i);
    return ok;
}

static bool is_plain(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.p[i];
        if (c <= ' ' || c > '~' || c == '"' || c == '\'' || c == '\\') return false;
    }
    return text.len > 0 && text.p[0] != '#';
}

void words_quote(struct slice text, struct buf *out)
{
    if (is_plain(text)) {
        buf_add_slice(out, text);
        return;
    }
    buf_add_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        char c = text.p[i];
        if (c == '"' || c == '\\')
            buf_addf(out, "\\%c", c);
        else if (c < ' ' || c > '~')
            buf_addf(out, "\\x%02x", (unsigned)(unsigned char)c);
        else
            buf_add_char(out, c);
    }
    buf_add_char(out, '"');
}
