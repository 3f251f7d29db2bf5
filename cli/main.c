/* hansom: runs and inspects a Hansom installation. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"up", command_up, "run the store and the services here, restarting what dies"},
    {"status", command_status, "what runs here, whether it is ready, and what needs an operator"},
    {"lag", command_lag, "how far the groups of the streams are"},
    {"dlq", command_dlq, "dead letters: list, show, redrive, discard"},
    {"token", command_token, "print a bearer token for a rider, a driver or ops"},
    {"backup", command_backup, "copy the running store into a new folder"},
    {"restore", command_restore, "put a backup where a store will be started"},
    {"archive", command_archive, "move old finished rides out of the store, into files"},
    {"erase", command_erase, "forget a rider"},
    {"index", command_index, "search indexes: upgrade"},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void usage(FILE *to)
{
    fputs("usage: hansom COMMAND [--option value...]\n\n", to);
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].help);
    }
    fputs("\nhansom COMMAND --help tells more.\n", to);
}

int command_options(struct option_set *set, int argc, char **argv)
{
    struct buf why = {0};
    enum option_result r = option_parse(set, argc, argv, &why);
    int status = COMMAND_GOES_ON;
    switch (r) {
    case OPTION_OK:
        break;
    case OPTION_DONE:
    case OPTION_CHECK:
        status = 0;
        break;
    case OPTION_BAD_USAGE:
        status = EXIT_USAGE_BAD;
        break;
    case OPTION_BAD_CONFIG:
        status = EXIT_CONFIG_BAD;
        break;
    }
    if (why.len > 0) fprintf(stderr, "%s: %.*s\n", set->program, (int)why.len, why.p);
    buf_fini(&why);
    return status;
}

const char *command_take_word(int *argc, char ***argv)
{
    if (*argc < 2 || (*argv)[1][0] == '-') return NULL;
    char *word = (*argv)[1];
    (*argv)[1] = (*argv)[0];
    (*argv)++;
    (*argc)--;
    return word;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--help";
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(name, commands[i].name) == 0) return commands[i].run(argc - 1, argv + 1);
    }
    if (strcmp(name, "--version") == 0) {
        puts("hansom " HANSOM_VERSION);
        return 0;
    }
    bool asked = strcmp(name, "--help") == 0 || strcmp(name, "help") == 0;
    if (!asked) fprintf(stderr, "hansom: no such command: %s\n\n", name);
    usage(asked ? stdout : stderr);
    return asked && argc > 1 ? 0 : EXIT_USAGE_BAD;
}
