/*
 * Which files the .gitignore files of a tree hide, as gitignore(5) says: later rules win over
 * earlier ones, those of a deeper folder over those above, and "!" takes a file back, but none of a
 * folder that is hidden. We read these files ourselves: the answer is the same without git and
 * outside of a repository, and `git ls-files` would run what the configuration of a folder that
 * somebody else made asks for (core.fsmonitor).
 */
#ifndef BELUGA_CLI_CONTEXT_IGNORE_H
#define BELUGA_CLI_CONTEXT_IGNORE_H

#include "text.h"

#include <stdbool.h>
#include <stddef.h>

/* More rules than these are an error, as are more bytes in one file. */
#define IGNORE_MAX_RULES 100000
#define IGNORE_MAX_BYTES ((size_t)1024 * 1024)

typedef struct ignore_rule {
    size_t pattern, base; /* offsets in `texts` of two strings */
    bool negated, only_folders, anchored;
} ignore_rule;

/* Zero-initialise it. */
typedef struct ignore_rules {
    ignore_rule *rules;
    size_t count, room;
    cli_text texts;
} ignore_rules;

/*
 * Add the rules of a file's text behind the others.
 * @param base  The folder that they are for, as a path from the top: "" or "src/lib".
 * @return 0, or an errno; E2BIG when there are too many.
 */
int ignore_add(ignore_rules *rules, const char *base, const char *text, size_t length);

/* Forget the rules behind the first `count`. */
void ignore_truncate(ignore_rules *rules, size_t count);

/* Return whether the rules hide a path from the top, such as "src/a.o". That its folders are not
 * hidden is the caller's business. */
bool ignore_hides(const ignore_rules *rules, const char *path, bool is_folder);

void ignore_free(ignore_rules *rules);

#endif
