/* words: how a line of text holds words: in inline commands and in the configuration file.
 *
 * A word ends at white space. In "…" a backslash begins an escape (\n \r \t \b \a \xHH, any other byte
 * stands for itself), in '…' only \' is one. A closed quote ends its word.
 */
#ifndef HANSOM_STORE_ENGINE_WORDS_H
#define HANSOM_STORE_ENGINE_WORDS_H

#include "base/buf.h"

/* Reads the quoted part that begins at p[*i], behind *len bytes of `to`, which may be p itself: what is
 * read is never shorter than what it stands for. False when the quote does not end before
 * `end`, or something other than white space follows it. */
bool words_unquote(const char *p, size_t end, size_t *i, char *to, size_t *len);

/* Takes the next word off *rest, into *word; an empty word when there is none. False when a
 * quote does not end. */
bool words_next(struct slice *rest, struct buf *word);

/* Appends text such that words_next reads it as one word: as it is where that will do, else
 * in "…". */
void words_quote(struct slice text, struct buf *out);

#endif
