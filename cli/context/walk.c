#include "context/walk.h"

#include "context/ignore.h"
#include "exit.h"
#include "output.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file or folder that the walk has reached: its path for opening it, and its path relative to the
 * top of the tree, to which the rules apply. */
typedef struct place {
    const char *path, *from_top;
    int depth;
} place;

typedef struct walker {
    walk_list *list;
    ignore_rules rules;
} walker;

static int complain(const char *path, int error)
{
    if (error == ENOMEM) return out_no_memory();
    out_error("%s can't be read: %s", path, strerror(error));
    return CLI_EXIT_USAGE;
}

/* Join a folder and a name. Returns owned text, or NULL if memory runs out. An empty folder or "."
 * adds nothing. */
static char *join(const char *folder, const char *name)
{
    char *path = NULL;
    bool bare = !*folder || strcmp(folder, ".") == 0;
    const char *slash = bare || folder[strlen(folder) - 1] == '/' ? "" : "/";
    return asprintf(&path, "%s%s%s", bare ? "" : folder, slash, name) < 0 ? NULL : path;
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* Read a file of rules; it may be missing. Returns 0, or an errno. */
static int read_rules(const char *path, cli_text *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t n = fd < 0 ? 0 : 1;
    if (fd < 0) return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : errno;
    while (n > 0 && text->length <= IGNORE_MAX_BYTES && !text_reserve(text, 65536)) {
        n = read(fd, text->data + text->length, 65536);
        if (n > 0) text->length += (size_t)n;
    }
    int error = n < 0 ? errno : text->status ? ENOMEM : 0;
    if (!error && text->length > IGNORE_MAX_BYTES) error = EFBIG;
    close(fd);
    return error;
}

static int add_rules(walker *w, const char *path, const char *base)
{
    cli_text text = {0};
    int error = read_rules(path, &text);
    if (!error && text.length) error = ignore_add(&w->rules, base, text.data, text.length);
    text_free(&text);
    return error ? complain(path, error) : 0;
}

static int add_rules_of(walker *w, const char *folder, const char *name, const char *base)
{
    char *path = join(folder, name);
    if (!path) return out_no_memory();
    int rc = add_rules(w, path, base);
    free(path);
    return rc;
}

static int add_rules_of_user(walker *w)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (config && *config) return add_rules_of(w, config, "git/ignore", "");
    return home && *home ? add_rules_of(w, home, ".config/git/ignore", "") : 0;
}

/* ---- the repository -------------------------------------------------------------------------- */

static bool has_repository(const char *folder)
{
    char *path = join(folder, ".git");
    bool has = path && access(path, F_OK) == 0;
    free(path);
    return has;
}

/* Return the length of the part of an absolute path that names the top of its repository; the
 * length of the whole path if it is not in a repository. */
static size_t top_of(char *path)
{
    size_t length = strlen(path), n = length;
    for (;;) {
        char kept = path[n];
        path[n] = '\0';
        bool found = has_repository(n ? path : "/");
        path[n] = kept;
        if (found) return n;
        if (!n) return length;
        while (n && path[--n] != '/') continue;
    }
}

/* Add the rules of each folder from the top down to the one above `path`. */
static int add_rules_above(walker *w, char *path, size_t top)
{
    size_t n = top, length = strlen(path);
    int rc = 0;
    while (n < length && rc == 0) {
        char kept = path[n];
        path[n] = '\0';
        rc = add_rules_of(w, n ? path : "/", ".gitignore", n > top ? path + top + 1 : "");
        path[n] = kept;
        n += 1 + strcspn(path + n + 1, "/");
    }
    return rc;
}

/* ---- the walk -------------------------------------------------------------------------------- */

static int walk(walker *w, const place *at);

static int add_file(walk_list *list, const char *path)
{
    if (list->count == WALK_MAX_FILES)
        return out_usage(
            "-f: more than %d files; name fewer files, or exclude some with a .gitignore",
            WALK_MAX_FILES);
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 64;
        char **grown = realloc(list->paths, room * sizeof(char *));
        if (!grown) return out_no_memory();
        list->paths = grown;
        list->room = room;
    }
    if (!(list->paths[list->count] = strdup(path))) return out_no_memory();
    list->count++;
    return 0;
}

static bool has_dot(const char *path)
{
    const char *slash = strrchr(path, '/');
    return (slash ? slash + 1 : path)[0] == '.';
}

static int visit_at(walker *w, const place *at)
{
    struct stat info;
    if (lstat(at->path, &info) != 0) return errno == ENOENT ? 0 : complain(at->path, errno);
    if (ignore_hides(&w->rules, at->from_top, S_ISDIR(info.st_mode))) return 0;
    if (has_dot(at->path)) {
        w->list->hidden++;
        return 0;
    }
    if (S_ISDIR(info.st_mode)) return walk(w, at);
    if (S_ISREG(info.st_mode)) return add_file(w->list, at->path);
    ++*(S_ISLNK(info.st_mode) ? &w->list->links : &w->list->others);
    return 0;
}

static int visit(walker *w, const place *folder, const char *name)
{
    static const char *const passed[] = {".", "..", ".git", ".gitignore"};
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
        if (strcmp(name, passed[i]) == 0) return 0;
    char *path = join(folder->path, name), *from_top = join(folder->from_top, name);
    const place at = {path, from_top, folder->depth + 1};
    int rc = path && from_top ? visit_at(w, &at) : out_no_memory();
    free(path);
    free(from_top);
    return rc;
}

static int walk(walker *w, const place *at)
{
    struct dirent **names;
    size_t rules = w->rules.count;
    if (at->depth > WALK_MAX_DEPTH)
        return out_usage("%s: folders are nested more than %d deep", at->path, WALK_MAX_DEPTH);
    int n = scandir(at->path, &names, NULL, NULL);
    if (n < 0) return complain(at->path, errno);
    int rc = add_rules_of(w, at->path, ".gitignore", at->from_top);
    for (int i = 0; i < n; i++) {
        if (rc == 0) rc = visit(w, at, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    ignore_truncate(&w->rules, rules);
    return rc;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int walk_folder(const char *folder, walk_list *list)
{
    walker w = {.list = list};
    char *path = realpath(folder, NULL);
    if (!path) return complain(folder, errno);
    size_t top = top_of(path);
    int rc = add_rules_of_user(&w);
    char kept = path[top];
    path[top] = '\0';
    if (rc == 0) rc = add_rules_of(&w, top ? path : "/", ".git/info/exclude", "");
    path[top] = kept;
    if (rc == 0) rc = add_rules_above(&w, path, top);
    const place at = {folder, path[top] ? path + top + 1 : "", 0};
    if (rc == 0) rc = walk(&w, &at);
    if (list->count) qsort(list->paths, list->count, sizeof(char *), by_bytes);
    ignore_free(&w.rules);
    free(path);
    return rc;
}

void walk_free(walk_list *list)
{
    for (size_t i = 0; i < list->count; i++) free(list->paths[i]);
    free(list->paths);
    *list = (walk_list){0};
}
