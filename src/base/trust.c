#include "base/trust.h"

#include "base/access_list.h"
#include "base/errno_text.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_LINKS = 40, SHOWN = 300, ROOM = 4096 };

static int refuse(beluga_error *err, int error)
{
    char text[128];
    bool missing = error == ENOENT || error == ENOTDIR;
    return beluga_error_set(
        err, missing ? BELUGA_ERROR_NOT_FOUND : BELUGA_ERROR_INVALID_INPUT, "%s",
        missing ? "there is no such file" : beluga__errno_text(error, text, sizeof text));
}

static int check_owner(const struct stat *info, const char *what, beluga_error *err)
{
    if (info->st_uid == 0 || info->st_uid == geteuid()) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                            "%s belongs to user %lu, not to you or root", what,
                            (unsigned long)info->st_uid);
}

/* Returns whether a group belongs to its user alone. Many systems give each user a group of the
 * same name, and a umask that lets the group write. Such a group is the user's own if it has no
 * other members. Any other group may be shared, even if it is the user's primary group. If the
 * names can't be read, for example when memory runs out, the answer is no. */
static bool is_own_group(gid_t group, uid_t owner)
{
    char user_text[ROOM], group_text[ROOM];
    struct passwd user, *found = NULL;
    struct group entry, *named = NULL;
    if (!owner || getpwuid_r(owner, &user, user_text, sizeof user_text, &found) || !found)
        return false;
    if (user.pw_gid != group || getgrgid_r(group, &entry, group_text, sizeof group_text, &named))
        return false;
    if (!named || strcmp(entry.gr_name, user.pw_name) != 0) return false;
    for (char **member = entry.gr_mem; *member; member++)
        if (strcmp(*member, user.pw_name) != 0) return false;
    return true;
}

int beluga__trust_check(const struct stat *info, const char *path, const char *what,
                        beluga_error *err)
{
    int status = check_owner(info, what, err);
    if (status || (S_ISDIR(info->st_mode) && info->st_mode & S_ISVTX)) return status;
    if (info->st_mode & S_IWOTH)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "everybody may write to %s: forbid it with chmod o-w", what);
    /* With an access list the group bits of the mode show the list's maximum rights, which the list
     * may give to anybody. */
    if (info->st_mode & S_IWGRP &&
        (!path || beluga__has_access_list(path) || !is_own_group(info->st_gid, info->st_uid)))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "group %lu may write to %s: forbid it with chmod g-w",
                                (unsigned long)info->st_gid, what);
    return 0;
}

/* --- the folders of the path ------------------------------------------------------------------ */

typedef struct walk {
    char *real;              /* the part of the path that was checked; "" is the root */
    char rest[2 * PATH_MAX]; /* the part of the path that was not checked yet */
    int links;
    beluga_error *err;
} walk;

static void step_back(walk *w)
{
    char *slash = strrchr(w->real, '/');
    if (slash) *slash = '\0';
}

/* Follow a link: its target is checked before the rest of the path. */
static int follow(walk *w)
{
    char target[PATH_MAX], rest[PATH_MAX];
    ssize_t n = readlink(w->real, target, sizeof target - 1);
    if (n < 0) return refuse(w->err, errno);
    target[n] = '\0';
    size_t length = strlen(w->rest);
    if (++w->links > MAX_LINKS) return refuse(w->err, ELOOP);
    if (length >= sizeof rest) return refuse(w->err, ENAMETOOLONG);
    memcpy(rest, w->rest, length + 1);
    snprintf(w->rest, sizeof w->rest, "%s%s%s", target, *rest ? "/" : "", rest);
    if (*target == '/')
        *w->real = '\0';
    else
        step_back(w);
    return 0;
}

/* Returns a name for a folder of the path, for an error. The folder that contains the file is
 * called "its folder". */
static const char *name_folder(const walk *w, char text[SHOWN + 1])
{
    const char *more = strchr(w->rest, '/');
    if (!more && *w->rest) return "its folder";
    snprintf(text, SHOWN + 1, "%s", *w->real ? w->real : "/");
    return text;
}

static int check_place(walk *w)
{
    char text[SHOWN + 1];
    struct stat info;
    const char *path = *w->real ? w->real : "/";
    if (lstat(path, &info)) return refuse(w->err, errno);
    if (S_ISLNK(info.st_mode)) {
        int status = check_owner(&info, "a link on the way to it", w->err);
        return status ? status : follow(w);
    }
    if (!*w->rest) return 0; /* the file itself is checked after it was opened */
    if (!S_ISDIR(info.st_mode)) return refuse(w->err, ENOTDIR);
    return beluga__trust_check(&info, path, name_folder(w, text), w->err);
}

/* Check the next part of the path, which may be a folder, a link or the file. */
static int step(walk *w)
{
    size_t n = strcspn(w->rest, "/"), used = strlen(w->real);
    char part[PATH_MAX];
    if (n >= sizeof part || used + n + 2 > PATH_MAX) return refuse(w->err, ENAMETOOLONG);
    memcpy(part, w->rest, n);
    part[n] = '\0';
    char *after = w->rest + n + strspn(w->rest + n, "/");
    memmove(w->rest, after, strlen(after) + 1);
    if (n == 0 || strcmp(part, ".") == 0) return 0;
    if (strcmp(part, "..") == 0) {
        step_back(w);
        return 0;
    }
    w->real[used] = '/';
    memcpy(w->real + used + 1, part, n + 1);
    return check_place(w);
}

static int begin(walk *w, const char *path)
{
    char here[PATH_MAX] = "";
    if (*path != '/' && !getcwd(here, sizeof here)) return refuse(w->err, errno);
    if (strlen(path) >= PATH_MAX) return refuse(w->err, ENAMETOOLONG);
    *w->real = '\0';
    snprintf(w->rest, sizeof w->rest, "%s/%s", here, path);
    return check_place(w); /* the root folder is checked first */
}

int beluga__trusted_open(const char *path, char real[PATH_MAX], beluga_error *err)
{
    walk w = {.real = real, .err = err};
    struct stat info;
    int status = begin(&w, path);
    while (!status && *w.rest) status = step(&w);
    if (status) return -1;
    if (!*real) strcpy(real, "/");
    /* O_NONBLOCK, because opening a pipe would otherwise wait for its writer. */
    int file = open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (file < 0) {
        refuse(err, errno);
        return -1;
    }
    status = fstat(file, &info) ? refuse(err, errno) : beluga__trust_check(&info, real, "it", err);
    if (!status) return file;
    close(file);
    return -1;
}
