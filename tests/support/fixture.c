#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

void fixture_find(fixture_list *list, const char *folder, const char *file)
{
    char root[200], path[768];
    const char *source = getenv("BELUGA_SOURCE_ROOT");
    struct dirent *entry;
    list->count = 0;
    snprintf(root, sizeof root, "%s/tests/fixtures/%s", source ? source : ".", folder);
    DIR *dir = opendir(root);
    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        snprintf(path, sizeof path, "%s/%s/%s", root, entry->d_name, file);
        if (entry->d_name[0] == '.' || access(path, R_OK) != 0) continue;
        assert_true(list->count < FIXTURE_CASES);
        path[strlen(path) - strlen(file) - 1] = '\0';
        assert_true(strlen(path) < sizeof list->paths[0]);
        strcpy(list->paths[list->count++], path);
    }
    closedir(dir);
    qsort(list->paths, list->count, sizeof list->paths[0], by_name);
}

const char *fixture_name(const char *path)
{
    return strrchr(path, '/') + 1;
}

char *fixture_read(const char *path, const char *file, size_t *length)
{
    char name[512];
    snprintf(name, sizeof name, "%s/%s", path, file);
    FILE *f = fopen(name, "rb");
    if (!f) return NULL;
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    long size = ftell(f);
    rewind(f);
    char *text = malloc((size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, f), (size_t)size);
    fclose(f);
    text[size] = '\0';
    if (length) *length = (size_t)size;
    return text;
}

static void write_file(const char *path, const char *file, const char *text)
{
    char name[512];
    snprintf(name, sizeof name, "%s/%s", path, file);
    FILE *f = fopen(name, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

void fixture_assert(const char *path, const char *file, const char *actual)
{
    if (getenv("BELUGA_UPDATE_FIXTURES")) {
        write_file(path, file, actual);
        return;
    }
    char *expected = fixture_read(path, file, NULL);
    if (!expected) fail_msg("%s has no %s", path, file);
    if (strcmp(actual, expected) != 0)
        print_error("%s/%s differs; expected:\n%sgot:\n%s", path, file, expected, actual);
    assert_string_equal(actual, expected);
    free(expected);
}
