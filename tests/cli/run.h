/*
 * Runs the real command and keeps its output. The command gets a separate environment: an empty
 * folder as home, and only variables that the test sets. A command that does not end in time is
 * killed and fails the test.
 */
#ifndef TESTS_CLI_RUN_H
#define TESTS_CLI_RUN_H

#include <beluga/provider/json.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CLI_MAX_VARIABLES 64

typedef struct cli_process {
    char home[64];
    char *variables[CLI_MAX_VARIABLES];
    size_t n_variables;
    const char *input; /* text for stdin; NULL: none */
    size_t input_length;
    bool terminal;        /* stdin, stdout and stderr are a terminal; all output is in `out` */
    unsigned short width; /* columns of the terminal; 0: 80 */
    const char *program;  /* the program to run; NULL: the command */
    bool out_is_closed;   /* stdout is a pipe whose reading end is closed */
    bool in_stays_open;   /* stdin stays open until cli_finish */
    const char *out_path; /* stdout is this file; NULL: a pipe */
    const char *closed;   /* digits of the descriptors that are closed at the start; NULL: none */
    /* valid while the command runs */
    int pid;
    int in_fd, out_fd, err_fd;
    /* the results */
    int code;   /* exit code, or -1 */
    int signal; /* the signal that ended the command, or 0 */
    char *out, *err;
    size_t out_length, err_length;
} cli_process;

/* Fixtures for cmocka: *state is a cli_process. */
int cli_setup(void **state);
int cli_teardown(void **state);

/* Return the path of the command; static. */
const char *cli_program(void);

/* Set a variable of the command's environment, and replace its old value. */
void cli_set(cli_process *cli, const char *name, const char *value);
/* Write a file into the command's home. Returns its path; borrowed until the next call. */
const char *cli_write_file(cli_process *cli, const char *name, const void *bytes, size_t n);

/* Run the command to its end; the arguments end with NULL. Returns the exit code. */
int cli_run(cli_process *cli, ...);

/* Start the command and return while it runs; cli_finish waits for its end. */
void cli_start(cli_process *cli, ...);
/* Wait until the command's output on stdout (or the terminal) contains `text`. */
void cli_wait_for(cli_process *cli, const char *text);
void cli_type(cli_process *cli, const char *text);
/* Wait until the command's output on stderr contains `text`. */
void cli_wait_for_err(cli_process *cli, const char *text);
/* Change the width of the terminal. */
void cli_resize(cli_process *cli, unsigned short width);
void cli_signal(cli_process *cli, int number);
int cli_finish(cli_process *cli);

/* Parse the output on stdout, which must be JSON. Free the result with beluga_json_doc_free. */
beluga_json_doc *cli_parse_out(const cli_process *cli);

/* Assert that a text contains a part, and print both on failure. */
void assert_contains(const char *text, const char *part);
void assert_lacks(const char *text, const char *part);

#endif
