/* The files of -f: their names and texts, before the prompt. */
#ifndef BELUGA_CLI_CONTEXT_CONTEXT_H
#define BELUGA_CLI_CONTEXT_CONTEXT_H

#include "args.h"
#include "text.h"

/* The bytes that all files of -f may have together, unless --max-context says otherwise. */
#define CONTEXT_DEFAULT_BYTES ((size_t)512 * 1024)
/* The most that --max-context allows: the longest part of a message. */
#define CONTEXT_MOST_BYTES ((size_t)60 * 1024 * 1024)

/*
 * Read the files and folders of -f, and tell how much they are and what was left out.
 * @param text  They are added here; nothing is without -f.
 * @return 0, or an exit code, reported.
 */
int context_read(const cli_args *args, cli_text *text);

#endif
