/* Checks that a plug-in is refused if other users could have changed its file. */
#include "loading.h"
#include "registry/plugin.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- files and folders that others can write ------------------------------------------------- */

static void allow(const char *path, mode_t mode)
{
    assert_int_equal(chmod(path, mode), 0);
}

static void a_file_that_everybody_may_write_is_refused(void **state)
{
    loading *l = *state;
    char path[PATH_MAX];
    copy_plugin(l, "good", "open.so", path);
    allow(path, 0777);
    assert_refused(l, path, BELUGA_ERROR_INVALID_INPUT, "everybody may write to it: forbid it");
}

static void a_folder_that_everybody_may_write_is_refused(void **state)
{
    loading *l = *state;
    char path[PATH_MAX];
    copy_plugin(l, "good", "open.so", path);
    assert_int_equal(chmod(l->folder, 0777), 0);
    assert_refused(l, path, BELUGA_ERROR_INVALID_INPUT, "everybody may write to its folder");
    /* like /tmp, where users can't remove files of others */
    assert_int_equal(chmod(l->folder, 01777), 0);
    assert_loads(l, path);
    chmod(l->folder, 0700);
}

static void a_file_of_another_user_or_group_is_refused(void **state)
{
    loading *l = *state;
    char path[PATH_MAX];
    copy_plugin(l, "good", "others.so", path);
    allow(path, 0775);
    if (chown(path, 12345, (gid_t)-1)) {
        print_message("# needs root to give a file away\n");
        skip();
    }
    assert_refused(l, path, BELUGA_ERROR_INVALID_INPUT, "it belongs to user 12345");
    assert_int_equal(chown(path, geteuid(), 12346), 0);
    allow(path, 0775);
    assert_refused(l, path, BELUGA_ERROR_INVALID_INPUT, "group 12346 may write to it");
    allow(path, 0755);
    assert_loads(l, path);
}

/* On some systems all users have the same first group, and root's group may have other members. */
static void the_first_group_of_a_user_may_be_shared(void **state)
{
    loading *l = *state;
    char path[PATH_MAX];
    if (geteuid() != 0) {
        print_message("# the first group of this user may be the user's own\n");
        skip();
    }
    copy_plugin(l, "good", "shared.so", path);
    allow(path, 0775);
    assert_refused(l, path, BELUGA_ERROR_INVALID_INPUT, "may write to it: forbid it with");
    allow(path, 0755);
    assert_int_equal(chmod(l->folder, 0770), 0);
    assert_refused(l, path, BELUGA_ERROR_INVALID_INPUT, "may write to its folder: forbid it");
    assert_int_equal(chmod(l->folder, 0700), 0);
    assert_loads(l, path);
}

/* A user who may write to a folder above the plug-in's folder can replace that folder. */
static void every_folder_on_the_way_is_judged(void **state)
{
    loading *l = *state;
    char above[PATH_MAX], within[PATH_MAX], path[PATH_MAX], words[PATH_MAX + 64];
    assert_int_equal(mkdir(in_folder(l, "above", above), 0755), 0);
    assert_int_equal(mkdir(in_folder(l, "above/within", within), 0755), 0);
    copy_plugin(l, "good", "above/within/good.so", path);
    assert_loads(l, path);
    assert_int_equal(chmod(above, 0777), 0);
    snprintf(words, sizeof words, "everybody may write to %s: forbid", above);
    assert_refused(l, path, BELUGA_ERROR_INVALID_INPUT, words);
    /* with the sticky bit, nobody can replace the folder of another user */
    assert_int_equal(chmod(above, 01777), 0);
    assert_loads(l, path);
    unlink(path);
    rmdir(within);
    rmdir(above);
}

static void a_link_is_followed_by_steps_that_are_judged(void **state)
{
    loading *l = *state;
    char open[PATH_MAX], path[PATH_MAX], good[PATH_MAX], link[PATH_MAX];
    assert_int_equal(mkdir(in_folder(l, "open", open), 0755), 0);
    copy_plugin(l, "good", "good.so", good);
    assert_int_equal(symlink("../good.so", in_folder(l, "open/first.so", path)), 0);
    assert_int_equal(symlink("open/first.so", in_folder(l, "second.so", link)), 0);
    assert_loads(l, link);
    assert_string_equal(beluga_registry_plugin_file(l->registry, "plugged-good"), good);
    assert_int_equal(chmod(open, 0777), 0); /* now everybody can replace the first link */
    assert_refused(l, link, BELUGA_ERROR_INVALID_INPUT, "everybody may write to its folder");
    assert_int_equal(chmod(open, 01777), 0);
    if (lchown(path, 12345, (gid_t)-1) == 0)
        assert_refused(l, link, BELUGA_ERROR_INVALID_INPUT,
                       "a link on the way to it belongs to user 12345");
    unlink(path);
    assert_int_equal(symlink("first.so", path), 0);
    assert_refused(l, link, BELUGA_ERROR_INVALID_INPUT, "Too many levels of symbolic links");
    unlink(path);
    rmdir(open);
}

static void a_file_that_is_replaced_after_it_was_checked_is_seen(void **state)
{
    loading *l = *state;
    char path[PATH_MAX], other[PATH_MAX];
    beluga__plugin_file file;
    beluga_error err;
    copy_plugin(l, "good", "good.so", path);
    copy_plugin(l, "unruly", "other.so", other);
    assert_int_equal(beluga__plugin_file_check(path, &file, NULL), 0);
    assert_int_equal(beluga__plugin_file_recheck(&file, NULL), 0);
    assert_int_equal(rename(other, path), 0);
    assert_int_equal(beluga__plugin_file_recheck(&file, &err), BELUGA_ERROR_INVALID_INPUT);
    assert_contains(err.message, "the file was replaced while it was loaded");
}

static void a_link_is_judged_by_what_it_leads_to(void **state)
{
    loading *l = *state;
    char path[PATH_MAX], link[PATH_MAX];
    copy_plugin(l, "good", "open.so", path);
    allow(path, 0777);
    assert_int_equal(symlink(path, in_folder(l, "link.so", link)), 0);
    assert_refused(l, link, BELUGA_ERROR_INVALID_INPUT, "everybody may write to it");
    allow(path, 0755);
    assert_loads(l, link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOADING(a_file_that_everybody_may_write_is_refused),
        LOADING(a_folder_that_everybody_may_write_is_refused),
        LOADING(a_file_of_another_user_or_group_is_refused),
        LOADING(the_first_group_of_a_user_may_be_shared),
        LOADING(every_folder_on_the_way_is_judged),
        LOADING(a_link_is_followed_by_steps_that_are_judged),
        LOADING(a_file_that_is_replaced_after_it_was_checked_is_seen),
        LOADING(a_link_is_judged_by_what_it_leads_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
