/*
 * Decides which files the .gitignore files of a tree exclude, according to gitignore(5): later
 * rules override earlier ones, rules of a deeper folder override those above, and "!" includes a
 * file again, but not in a folder that is excluded. The command reads these files itself, and does
 * not run git, for two reasons. The result is the same without git and outside of a repository. And
 * `git ls-files` would run programs that the repository's configuration names (core.fsmonitor),
 * which is not safe in somebody else's folder.
 */
#ifndef BELUGA_CLI_CONTEXT_IGNORE_H
#define BELUGA_CLI_CONTEXT_IGNORE_H

#include "text.h"

#include <stdbool.h>
#include <stddef.h>

/* More rules, or more bytes in one file, are an error. */
#define IGNORE_MAX_RULES 100000
#define IGNORE_MAX_BYTES ((size_t)1024 * 1024)

typedef struct ignore_rule {
    size_t pattern, base; /* offsets in `texts`, where the two strings begin */
    bool negated, only_folders, anchored;
} ignore_rule;

/* Zero-initialise this struct. */
typedef struct ignore_rules {
    ignore_rule *rules;
    size_t count, room;
    cli_text texts;
} ignore_rules;

/*
 * Add the rules of a file, after the existing ones.
 * @param base  The folder to which the rules apply, relative to the top of the tree: "" or
 * "src/lib".
 * @return 0, or an errno; E2BIG if there are too many rules.
 */
int ignore_add(ignore_rules *rules, const char *base, const char *text, size_t length);

/* Remove the rules after the first `count`. */
void ignore_truncate(ignore_rules *rules, size_t count);

/* Return whether the rules exclude a path, which is relative to the top of the tree, such as
 * "src/a.o". The caller must have checked the folders of the path. */
bool ignore_hides(const ignore_rules *rules, const char *path, bool is_folder);

void ignore_free(ignore_rules *rules);

#endif
