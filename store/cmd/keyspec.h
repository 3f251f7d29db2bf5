/* keyspec: what a command does to each of its keys, and what tools are told of it.
 *
 * Why: COMMAND INFO, COMMAND GETKEYSANDFLAGS and the rights of users (%R~, %W~) are one table,
 * keyspecs.def. Where the keys are when a command runs is cmd_find_keys, which is faster and
 * knows more (SORT … STORE).
 */
#ifndef HANSOM_STORE_CMD_KEYSPEC_H
#define HANSOM_STORE_CMD_KEYSPEC_H

#include "store/cmd/cmd.h"

enum key_flag {
    KEY_RO = 1 << 0,     /* the value is only read */
    KEY_RW = 1 << 1,     /* read and written */
    KEY_OW = 1 << 2,     /* written, whatever it was */
    KEY_RM = 1 << 3,     /* deleted, whatever it was */
    KEY_ACCESS = 1 << 4, /* what the user stored is told or copied */
    KEY_UPDATE = 1 << 5,
    KEY_INSERT = 1 << 6,
    KEY_DELETE = 1 << 7,
    KEY_NOT = 1 << 8,        /* routed like a key, but is none: channels */
    KEY_INCOMPLETE = 1 << 9, /* there may be more keys than the line says */
    KEY_VARIABLE = 1 << 10,  /* options decide: keyspec_flags knows */
};

struct keyspec {
    const char *command;
    uint32_t flags;
    const char *keyword; /* where to begin: behind this word, or NULL */
    int begin;           /* argument to begin at or to look from; 0: anywhere */
    bool counted;        /* the number of keys stands at `begin`, and they begin `step` behind it */
    int last, step, limit; /* last: from `begin`, or negative from the end */
    const char *note;
};

/* The lines of a command, *n of them. */
const struct keyspec *keyspec_of(const struct cmd_spec *spec, uint32_t *n);

/* What the command does to the key in argv[at], which cmd_find_keys gave: of enum key_flag. */
uint32_t keyspec_flags(const struct cmd_spec *spec, const struct slice *argv, uint32_t argc,
                       uint32_t at);

/* Replies with the lines of a command, and with the words of a set of flags. */
void keyspec_reply(struct reply *r, const struct cmd_spec *spec);
void keyspec_reply_flags(struct reply *r, uint32_t flags);

#endif
