/* Reads the files of -f, and puts their names and texts before the prompt. */
#ifndef BELUGA_CLI_CONTEXT_CONTEXT_H
#define BELUGA_CLI_CONTEXT_CONTEXT_H

#include "args.h"
#include "text.h"

/* The maximum size of all files of -f together, if --max-context is not given. */
#define CONTEXT_DEFAULT_BYTES ((size_t)512 * 1024)
/* The maximum that --max-context allows, which is that of a message part. */
#define CONTEXT_MOST_BYTES ((size_t)60 * 1024 * 1024)

/*
 * Read the files and folders of -f, and report their size, and the files that were left out.
 * @param text  The texts are added here; without -f nothing is added.
 * @return 0, or an exit code after reporting the error.
 */
int context_read(const cli_args *args, cli_text *text);

#endif
