/* command: what every command of `hansom` is: a function of its own arguments. */
#ifndef HANSOM_CLI_COMMAND_H
#define HANSOM_CLI_COMMAND_H

#include "base/option.h"

enum { EXIT_USAGE_BAD = 64, EXIT_CONFIG_BAD = 78, COMMAND_GOES_ON = -1 };

/* argv[0] is the command's name. Each returns the exit status. */
int command_up(int argc, char **argv);
int command_token(int argc, char **argv);
int command_status(int argc, char **argv);
int command_lag(int argc, char **argv);
int command_dlq(int argc, char **argv);
int command_backup(int argc, char **argv);
int command_restore(int argc, char **argv);
int command_archive(int argc, char **argv);
int command_erase(int argc, char **argv);
int command_index(int argc, char **argv);

/* Takes the word behind the command's name, if that is not an option, out of the arguments. */
const char *command_take_word(int *argc, char ***argv);

/* Reads the options; COMMAND_GOES_ON, or the exit status after it has said why not. */
int command_options(struct option_set *set, int argc, char **argv);

#endif
