#include "loading.h"

#include "../support/scoped.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int set_up_loading(void **state)
{
    loading *l = calloc(1, sizeof *l);
    if (!l || beluga_client_new(NULL, &l->client)) return -1;
    l->registry = beluga_client_registry(l->client);
    *state = l;
    return folder_make(l->folder, "plugins") ? 0 : -1;
}

int tear_down_loading(void **state)
{
    loading *l = *state;
    bool removed = folder_remove(l->folder);
    beluga_client_unref(l->client);
    free(l);
    return removed ? 0 : -1;
}

static const char *built(loading *l, const char *folder, const char *name)
{
    const char *root = getenv("BELUGA_BUILD_ROOT");
    snprintf(l->built, sizeof l->built, "%s/%s/%s.so", root ? root : ".", folder, name);
    return l->built;
}

const char *test_plugin(loading *l, const char *name)
{
    return built(l, "tests/plugins", name);
}

const char *example_plugin(loading *l, const char *name)
{
    return built(l, "plugins", name);
}

char *in_folder(const loading *l, const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s", l->folder, name);
    return path;
}

void write_file(const char *path, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0755), 0);
}

static char *read_file(const char *path, size_t *n)
{
    struct stat s;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &s), 0);
    char *bytes = malloc((size_t)s.st_size);
    assert_non_null(bytes);
    *n = fread(bytes, 1, (size_t)s.st_size, file);
    fclose(file);
    assert_int_equal(*n, s.st_size);
    return bytes;
}

/* The old file may be mapped into this process and must not change, so it is replaced by a new
 * file. */
void copy_plugin(loading *l, const char *plugin, const char *name, char path[PATH_MAX])
{
    size_t n;
    char *bytes = read_file(test_plugin(l, plugin), &n);
    unlink(in_folder(l, name, path));
    write_file(path, bytes, n);
    free(bytes);
}

const Elf64_Phdr *last_segment(const char *path)
{
    static Elf64_Phdr last;
    size_t n;
    char *bytes = read_file(path, &n);
    Elf64_Ehdr head;
    memcpy(&head, bytes, sizeof head);
    last.p_offset = last.p_filesz = 0;
    for (size_t i = 0; i < head.e_phnum; i++) {
        Elf64_Phdr segment;
        memcpy(&segment, bytes + head.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type == PT_LOAD &&
            segment.p_offset + segment.p_filesz > last.p_offset + last.p_filesz)
            last = segment;
    }
    free(bytes);
    return &last;
}

void assert_loads(loading *l, const char *path)
{
    if (beluga_registry_load_plugin(l->registry, path, &l->err))
        fail_msg("%s: %s", path, l->err.message);
}

void assert_contains(const char *text, const char *words)
{
    if (!strstr(text, words)) fail_msg("\"%s\" does not say \"%s\"", text, words);
}

void assert_refused(loading *l, const char *path, int code, const char *words)
{
    size_t before = beluga_registry_list(l->registry, NULL, 0);
    memset(&l->err, 0, sizeof l->err);
    int status = beluga_registry_load_plugin(l->registry, path, &l->err);
    if (status != code) fail_msg("%s: %d, %s", path, status, l->err.message);
    assert_int_equal(l->err.code, code);
    assert_contains(l->err.message, words);
    const char *name = strrchr(path, '/');
    if (*path) assert_contains(l->err.message, name ? name : path);
    assert_int_equal(beluga_registry_list(l->registry, NULL, 0), before);
}

int ask(loading *l, const char *provider, beluga_response **response)
{
    beluga_chat_model *model = NULL;
    *response = NULL;
    memset(&l->err, 0, sizeof l->err);
    int status = beluga_registry_open(l->registry, provider, NULL, &model, &l->err);
    if (!status)
        status = beluga_invoke(model, NULL, beluga_input_text("Hi"), response, &l->err,
                               beluga_with_max_retries(0));
    beluga_chat_model_unref(model);
    return status;
}

void assert_answer(loading *l, const char *provider, const char *text)
{
    SCOPED(beluga_response) *response = NULL;
    if (ask(l, provider, &response)) fail_msg("%s: %s", provider, l->err.message);
    assert_string_equal(beluga_response_text(response, NULL), text);
}

beluga_chat_model *open_plugged(loading *l, const char *path, const char *provider,
                                const beluga_config *config)
{
    beluga_chat_model *model = NULL;
    assert_loads(l, path);
    if (beluga_registry_open(l->registry, provider, config, &model, &l->err))
        fail_msg("%s: %s", provider, l->err.message);
    return model;
}
