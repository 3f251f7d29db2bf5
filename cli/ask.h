/* ask: an operator's requests to a dispatcher, one after the other, each waited for.
 *
 * Owner: ask_init to ask_fini. A place's dispatcher is on loopback, so is an address given by hand;
 * elsewhere one forwards a port.
 */
#ifndef HANSOM_CLI_ASK_H
#define HANSOM_CLI_ASK_H

#include <jansson.h>

#include "base/buf.h"
#include "base/option.h"

struct ask_options {
#define OPT OPTION_FIELD
#include "cli/ask.def"
#undef OPT
};

struct ask {
    const char *program; /* "hansom dlq": begins what is said on stderr */
    const struct ask_options *options;
    uint16_t port;
    struct buf token;
};

/* Finds address and token. False after it has said why it cannot. */
bool ask_init(struct ask *a, const char *program, const struct ask_options *options);
void ask_fini(struct ask *a);

/* One request without a body. Gives the status, and 0 after it has said that there was no answer;
 * *body is what came, owned by the caller, NULL when it was no JSON. */
int ask(const struct ask *a, const char *method, const char *path, json_t **body);

/* Says on stderr what a refusal (status and problem document) says. */
void ask_complain(const struct ask *a, int status, const json_t *problem);

/* Calls fn with --region, or with each region of the regions file. False when fn once gave false, or
 * there are no regions. */
bool ask_each_region(const struct ask *a, bool (*fn)(const struct ask *a, const char *region));

/* The loopback port of "http://127.0.0.1:PORT" (or localhost); 0 for anything else. */
uint16_t ask_port_of(const char *url);

/* The text of a member; "" when there is none. Borrowed from object. */
const char *ask_text(const json_t *object, const char *name);

#endif
