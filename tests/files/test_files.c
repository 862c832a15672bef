/* Files that the library makes. If other users have put files or links in their place, the library
 * must neither follow nor empty these. */
#include "base/file.h"
#include "base/new_file.h"
#include "base/trust.h"

#include <beluga/allocator.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { SOMEBODY = 12345, PATH_BYTES = 128 };

typedef struct room {
    char folder[64];
} room;

/* Return the path of a file in the test's folder, valid until the fourth call after this one. */
static const char *in(const room *r, const char *name)
{
    static char paths[4][PATH_BYTES];
    static unsigned used;
    char *path = paths[used++ % 4];
    snprintf(path, PATH_BYTES, "%s/%s", r->folder, name);
    return path;
}

static int set_up(void **state)
{
    room *r = calloc(1, sizeof *r);
    strcpy(r->folder, "/tmp/beluga-files-XXXXXX");
    assert_non_null(mkdtemp(r->folder));
    *state = r;
    return 0;
}

static int count_entries(const room *r, bool remove)
{
    DIR *folder = opendir(r->folder);
    int n = 0;
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            n++;
            if (remove) unlinkat(dirfd(folder), entry->d_name, 0);
        }
    closedir(folder);
    return n;
}

static int tear_down(void **state)
{
    room *r = *state;
    count_entries(r, true);
    assert_int_equal(rmdir(r->folder), 0);
    free(r);
    return 0;
}

static void write_text(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(beluga__file_write(fd, text, strlen(text)), 0);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void assert_text(const char *path, const char *text)
{
    char got[64] = "";
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_true(read(fd, got, sizeof got - 1) >= 0);
    close(fd);
    assert_string_equal(got, text);
}

static mode_t mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    return info.st_mode & 07777;
}

static bool is_link(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
}

static int replace(const char *path, const char *text, bool follow)
{
    beluga__new_file file;
    if (beluga__new_file_begin(&file, path, follow)) return -1;
    int rc = beluga__file_write(file.fd, text, strlen(text));
    if (rc == 0) rc = beluga__new_file_replace(&file);
    beluga__new_file_end(&file);
    return rc;
}

/* Give a file to another user, as if that user had made it in a folder like /tmp. Returns false if
 * the test does not run as root. */
static bool give_away(const room *r, const char *path)
{
    if (lchown(path, SOMEBODY, (gid_t)-1) != 0) return false;
    assert_int_equal(chown(r->folder, geteuid(), (gid_t)-1), 0);
    assert_int_equal(chmod(r->folder, 01777), 0);
    return true;
}

/* ---- files that are renamed when they are complete ------------------------------------------- */

static void a_new_file_is_private_and_an_old_ones_mode_is_kept(void **state)
{
    room *r = *state;
    assert_int_equal(replace(in(r, "new"), "one", true), 0);
    assert_int_equal(mode_of(in(r, "new")), 0600);
    assert_int_equal(chmod(in(r, "new"), 0644), 0);
    assert_int_equal(replace(in(r, "new"), "two", true), 0);
    assert_int_equal(mode_of(in(r, "new")), 0644);
    assert_text(in(r, "new"), "two");
    assert_int_equal(count_entries(r, false), 1);
}

static void an_old_ones_owner_is_kept(void **state)
{
    room *r = *state;
    struct stat info;
    write_text(in(r, "old"), "one", 0640);
    if (chown(in(r, "old"), SOMEBODY, SOMEBODY + 1)) {
        print_message("# needs root to give a file away\n");
        skip();
    }
    assert_int_equal(replace(in(r, "old"), "two", true), 0);
    assert_int_equal(stat(in(r, "old"), &info), 0);
    assert_int_equal(info.st_uid, SOMEBODY);
    assert_int_equal(info.st_gid, SOMEBODY + 1);
    assert_int_equal(info.st_mode & 0777, 0640);
}

static void one_that_is_given_up_leaves_nothing(void **state)
{
    room *r = *state;
    beluga__new_file file;
    assert_int_equal(beluga__new_file_begin(&file, in(r, "new"), true), 0);
    assert_int_equal(beluga__file_write(file.fd, "half", 4), 0);
    beluga__new_file_end(&file);
    beluga__new_file_end(&file);
    assert_int_equal(count_entries(r, false), 0);
}

static void a_link_is_followed_only_where_the_caller_wants_it(void **state)
{
    room *r = *state;
    write_text(in(r, "target"), "precious", 0600);
    assert_int_equal(symlink("target", in(r, "link")), 0);
    assert_int_equal(replace(in(r, "link"), "lost", false), -1);
    assert_int_equal(errno, ELOOP);
    assert_text(in(r, "target"), "precious");
    assert_int_equal(replace(in(r, "link"), "new", true), 0);
    assert_text(in(r, "target"), "new");
    assert_true(is_link(in(r, "link")));
}

static void only_files_are_replaced(void **state)
{
    room *r = *state;
    assert_int_equal(mkfifo(in(r, "pipe"), 0600), 0);
    assert_int_equal(replace(in(r, "pipe"), "x", true), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(replace(r->folder, "x", true), -1);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(replace("/dev/null", "x", true), -1);
    assert_int_equal(count_entries(r, false), 1);
}

static void a_name_that_is_taken_stays_whose_it_is(void **state)
{
    room *r = *state;
    beluga__new_file file;
    write_text(in(r, "taken"), "first", 0600);
    assert_int_equal(beluga__new_file_begin(&file, in(r, "any"), false), 0);
    assert_int_equal(beluga__file_write(file.fd, "second", 6), 0);
    assert_int_equal(beluga__new_file_name(&file, "taken"), -1);
    assert_int_equal(errno, EEXIST);
    assert_int_equal(beluga__new_file_name(&file, "free"), 0);
    beluga__new_file_end(&file);
    assert_text(in(r, "taken"), "first");
    assert_text(in(r, "free"), "second");
    assert_int_equal(count_entries(r, false), 2);
}

static void what_another_put_into_a_shared_folder_is_not_replaced(void **state)
{
    room *r = *state;
    write_text(in(r, "target"), "precious", 0600);
    assert_int_equal(symlink("target", in(r, "link")), 0);
    if (!give_away(r, in(r, "link"))) {
        print_message("# needs root to give a link away\n");
        skip();
    }
    assert_int_equal(replace(in(r, "link"), "lost", true), -1);
    assert_int_equal(errno, EPERM);
    assert_text(in(r, "target"), "precious");
}

/* In a shared folder another user may have made a hard link to one of our files. */
static void a_files_second_name_in_a_shared_folder_is_not_written(void **state)
{
    room *r = *state;
    write_text(in(r, "target"), "precious", 0644);
    assert_int_equal(link(in(r, "target"), in(r, "second")), 0);
    assert_int_equal(chmod(r->folder, 01777), 0);
    assert_int_equal(replace(in(r, "second"), "lost", true), -1);
    assert_int_equal(errno, EMLINK);
    assert_int_equal(beluga__file_open(in(r, "second"), O_WRONLY | O_APPEND, 0600), -1);
    assert_int_equal(errno, EMLINK);
    assert_text(in(r, "target"), "precious");
    assert_int_equal(chmod(r->folder, 0700), 0);
    assert_int_equal(replace(in(r, "second"), "new", true), 0);
    assert_text(in(r, "target"), "precious");
}

/* ---- files whose names a user chose ---------------------------------------------------------- */

static void a_named_file_is_made_private_and_less_where_the_umask_says_so(void **state)
{
    room *r = *state;
    int fd = beluga__file_open(in(r, "private"), O_WRONLY, BELUGA__PRIVATE_MODE);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(mode_of(in(r, "private")), 0600);
    mode_t before = umask(0277);
    fd = beluga__file_open(in(r, "less"), O_WRONLY, BELUGA__PRIVATE_MODE);
    umask(before);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(mode_of(in(r, "less")), 0400);
}

static void a_named_file_that_is_there_keeps_its_mode_and_is_emptied_on_request(void **state)
{
    room *r = *state;
    write_text(in(r, "old"), "old text", 0644);
    int fd = beluga__file_open(in(r, "old"), O_WRONLY | O_APPEND, BELUGA__PRIVATE_MODE);
    assert_int_equal(beluga__file_write(fd, ".", 1), 0);
    close(fd);
    assert_text(in(r, "old"), "old text.");
    fd = beluga__file_open(in(r, "old"), O_WRONLY | O_TRUNC, BELUGA__PRIVATE_MODE);
    close(fd);
    assert_text(in(r, "old"), "");
    assert_int_equal(mode_of(in(r, "old")), 0644);
}

static void ones_own_links_and_devices_are_opened_as_they_stand(void **state)
{
    room *r = *state;
    assert_int_equal(symlink("later", in(r, "link")), 0);
    int fd = beluga__file_open(in(r, "link"), O_WRONLY | O_TRUNC, BELUGA__PRIVATE_MODE);
    assert_true(fd >= 0);
    close(fd);
    assert_true(is_link(in(r, "link")));
    assert_int_equal(mode_of(in(r, "later")), 0600);
    fd = beluga__file_open("/dev/null", O_WRONLY | O_TRUNC, BELUGA__PRIVATE_MODE);
    assert_true(fd >= 0);
    close(fd);
    int ends[2];
    char name[40], byte;
    assert_int_equal(pipe(ends), 0);
    snprintf(name, sizeof name, "/dev/fd/%d", ends[1]);
    fd = beluga__file_open(name, O_WRONLY | O_TRUNC, BELUGA__PRIVATE_MODE);
    assert_int_equal(beluga__file_write(fd, "x", 1), 0);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(fd);
    close(ends[0]);
    close(ends[1]);
}

static void a_pipe_without_a_reader_is_not_waited_for(void **state)
{
    room *r = *state;
    assert_int_equal(mkfifo(in(r, "pipe"), 0600), 0);
    assert_int_equal(beluga__file_open(in(r, "pipe"), O_WRONLY | O_NONBLOCK, 0600), -1);
    assert_int_equal(errno, ENXIO);
}

static void what_another_put_into_a_shared_folder_is_not_opened(void **state)
{
    room *r = *state;
    write_text(in(r, "target"), "precious", 0600);
    assert_int_equal(symlink("target", in(r, "link")), 0);
    write_text(in(r, "file"), "", 0666);
    if (!give_away(r, in(r, "link")) || !give_away(r, in(r, "file"))) {
        print_message("# needs root to give a link away\n");
        skip();
    }
    assert_int_equal(beluga__file_open(in(r, "link"), O_WRONLY | O_TRUNC, 0600), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(beluga__file_open(in(r, "file"), O_WRONLY | O_TRUNC, 0600), -1);
    assert_int_equal(errno, EPERM);
    assert_text(in(r, "target"), "precious");
}

static void a_folder_that_another_put_into_a_shared_one_is_not_written_into(void **state)
{
    room *r = *state;
    char slash[300];
    assert_int_equal(symlink(".", in(r, "link")), 0);
    snprintf(slash, sizeof slash, "%s/", in(r, "link"));
    assert_int_equal(beluga__file_check_folder(slash), 0);
    if (!give_away(r, in(r, "link"))) {
        print_message("# needs root to give a link away\n");
        skip();
    }
    assert_int_equal(beluga__file_check_folder(slash), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(beluga__file_check_folder(in(r, "link")), -1);
    assert_int_equal(errno, EPERM);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void a_pipe_is_read_to_its_end_where_pipes_may_be(void **state)
{
    (void)state;
    beluga__buf text;
    beluga_error err;
    int ends[2];
    char name[40];
    beluga__buf_init(&text, beluga_allocator_default(), 100);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(beluga__file_write(ends[1], "a: 1\n", 5), 0);
    close(ends[1]);
    snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    assert_int_equal(beluga__file_read_regular(name, &text, &err), BELUGA_ERROR_INVALID_INPUT);
    assert_non_null(strstr(err.message, "it is not a regular file"));
    assert_int_equal(beluga__file_read(name, &text, &err), 0);
    assert_string_equal(text.data, "a: 1\n");
    close(ends[0]);
    beluga__buf_free(&text);
}

static void what_never_ends_is_read_to_the_limit(void **state)
{
    (void)state;
    beluga__buf text;
    beluga_error err;
    beluga__buf_init(&text, beluga_allocator_default(), 100000);
    assert_int_equal(beluga__file_read("/dev/zero", &text, &err), BELUGA_ERROR_LIMIT_EXCEEDED);
    beluga__buf_free(&text);
}

/* Become the user "daemon", which every system has, with a group of the same name. */
static bool become_daemon(struct stat *info)
{
    const struct passwd *user = getpwnam("daemon");
    if (geteuid() != 0 || !user) return false;
    *info =
        (struct stat){.st_uid = user->pw_uid, .st_gid = user->pw_gid, .st_mode = S_IFREG | 0664};
    const struct group *group = getgrgid(user->pw_gid);
    return group && strcmp(group->gr_name, "daemon") == 0 && !*group->gr_mem &&
           seteuid(info->st_uid) == 0;
}

static void a_group_of_a_users_own_is_the_user(void **state)
{
    struct stat info;
    beluga_error err;
    const char *path = in(*state, "x");
    if (!become_daemon(&info)) {
        print_message("# needs root, and the user daemon with a group of its own\n");
        skip();
    }
    int own = beluga__trust_check(&info, path, "it", &err);
    int without_path = beluga__trust_check(&info, NULL, "it", &err);
    info.st_gid++;
    int others = beluga__trust_check(&info, path, "it", &err);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(own, 0);
    assert_int_equal(without_path, BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(others, BELUGA_ERROR_INVALID_INPUT);
    assert_non_null(strstr(err.message, "chmod g-w"));
}

#define FILES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILES(a_new_file_is_private_and_an_old_ones_mode_is_kept),
        FILES(an_old_ones_owner_is_kept),
        FILES(one_that_is_given_up_leaves_nothing),
        FILES(a_link_is_followed_only_where_the_caller_wants_it),
        FILES(only_files_are_replaced),
        FILES(a_name_that_is_taken_stays_whose_it_is),
        FILES(what_another_put_into_a_shared_folder_is_not_replaced),
        FILES(a_files_second_name_in_a_shared_folder_is_not_written),
        FILES(a_named_file_is_made_private_and_less_where_the_umask_says_so),
        FILES(a_named_file_that_is_there_keeps_its_mode_and_is_emptied_on_request),
        FILES(ones_own_links_and_devices_are_opened_as_they_stand),
        FILES(a_pipe_without_a_reader_is_not_waited_for),
        FILES(what_another_put_into_a_shared_folder_is_not_opened),
        FILES(a_folder_that_another_put_into_a_shared_one_is_not_written_into),
        FILES(a_pipe_is_read_to_its_end_where_pipes_may_be),
        FILES(what_never_ends_is_read_to_the_limit),
        FILES(a_group_of_a_users_own_is_the_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
