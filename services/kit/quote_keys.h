/* quote_keys: the keys of quote tokens, as pricing and dispatcher are both given them. */
#ifndef HANSOM_KIT_QUOTE_KEYS_H
#define HANSOM_KIT_QUOTE_KEYS_H

#include "services/kit/app.h"
#include "services/kit/core/quote_token.h"

/* Takes --quote-secret (several may be given, comma separated: the first signs, all verify); without
 * it the key is derived from --jwt-secret, so that one secret is enough for a small installation.
 * False and one line in *why when there is neither, or a secret is too short or one too many. */
bool quote_keys_from(const struct kit_options *options, struct quote_keys *out, struct buf *why);

#endif
