/* Helpers shared by the suites about beluga trace. */
#ifndef TESTS_CLI_TRACED_H
#define TESTS_CLI_TRACED_H

#include "expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIXTURES "/tests/cli/traces/"

#define PATH_BYTES 512

static const char *in_root(char path[PATH_BYTES], const char *name)
{
    snprintf(path, PATH_BYTES, "%s%s", getenv("BELUGA_SOURCE_ROOT"), name);
    return path;
}

static const char *fixture(const char *name)
{
    static char path[PATH_BYTES], relative[PATH_BYTES / 2];
    snprintf(relative, sizeof relative, "%s%s", FIXTURES, name);
    return in_root(path, relative);
}

static char *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    *length = fread(text, 1, (1 << 20) - 1, file);
    fclose(file);
    return text;
}

/* Run `beluga trace` with this text as stdin. */
static int trace_text(cli_process *cli, const char *text, const char *option)
{
    cli->input = text;
    cli->input_length = strlen(text);
    int code = cli_run(cli, "trace", "-", option, NULL);
    cli->input = NULL;
    return code;
}

#endif
