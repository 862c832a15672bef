#include "tape.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

/* ---- the directory --------------------------------------------------------------------------- */

static int is_file(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
}

static void path_of(const tape *t, const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", t->directory, name);
}

static void remove_all(const tape *t)
{
    struct dirent **entries;
    char path[512];
    int n = scandir(t->directory, &entries, is_file, alphasort);
    for (int i = 0; i < n; i++) {
        path_of(t, entries[i]->d_name, path, sizeof path);
        unlink(path);
        free(entries[i]);
    }
    if (n >= 0) free(entries);
    rmdir(t->directory);
}

int tape_set_up(void **state)
{
    tape *t = calloc(1, sizeof *t);
    if (!t) return -1;
    snprintf(t->directory, sizeof t->directory, "/tmp/beluga-tape-XXXXXX");
    if (!mkdtemp(t->directory) || !(t->peer = peer_start())) return -1;
    snprintf(t->url, sizeof t->url, "%s", peer_url(t->peer));
    *state = t;
    return 0;
}

int tape_tear_down(void **state)
{
    tape *t = *state;
    tape_stop();
    peer_stop(t->peer);
    remove_all(t);
    free(t);
    return 0;
}

size_t tape_count(const tape *t)
{
    struct dirent **entries;
    int n = scandir(t->directory, &entries, is_file, alphasort);
    assert_true(n >= 0);
    for (int i = 0; i < n; i++) free(entries[i]);
    free(entries);
    return (size_t)n;
}

const char *tape_name(const tape *t, size_t i)
{
    static char name[256];
    struct dirent **entries;
    int n = scandir(t->directory, &entries, is_file, alphasort);
    assert_true(n > 0 && i < (size_t)n);
    snprintf(name, sizeof name, "%s", entries[i]->d_name);
    for (int j = 0; j < n; j++) free(entries[j]);
    free(entries);
    return name;
}

static char *read_text(const char *path, size_t *length)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long n = ftell(file);
    rewind(file);
    char *text = calloc((size_t)n + 1, 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)n, file), n);
    fclose(file);
    if (length) *length = (size_t)n;
    return text;
}

char *tape_text(const tape *t, size_t i)
{
    char path[512];
    path_of(t, tape_name(t, i), path, sizeof path);
    return read_text(path, NULL);
}

void tape_put(const tape *t, const char *name, const char *text)
{
    char path[512];
    path_of(t, name, path, sizeof path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

void tape_edit(const tape *t, size_t i, const char *from, const char *to)
{
    char *text = tape_text(t, i), *at = strstr(text, from), *edited = NULL;
    if (!at) fail_msg("no \"%s\" in %s", from, text);
    *at = '\0';
    assert_true(asprintf(&edited, "%s%s%s", text, to, at + strlen(from)) > 0);
    tape_put(t, tape_name(t, i), edited);
    free(edited);
    free(text);
}

bool tape_has(const tape *t, const char *bytes)
{
    char path[512];
    bool has = false;
    for (size_t i = 0, n = tape_count(t); i < n && !has; i++) {
        size_t length;
        path_of(t, tape_name(t, i), path, sizeof path);
        char *text = read_text(path, &length);
        has = memmem(text, length, bytes, strlen(bytes)) != NULL;
        free(text);
    }
    return has;
}

/* ---- the client ------------------------------------------------------------------------------ */

int tape_try(const tape *t, beluga_cassette_mode mode, beluga_error *err)
{
    const beluga_cassette cassette = {
        .size = sizeof cassette, .directory = t->directory, .mode = mode};
    return beluga_client_set_cassette(beluga_client_default(), &cassette, err);
}

static void switch_to(const tape *t, beluga_cassette_mode mode)
{
    beluga_error err = {0};
    if (tape_try(t, mode, &err)) fail_msg("%s", err.message);
}

void tape_record(tape *t)
{
    switch_to(t, BELUGA_CASSETTE_RECORD);
}

void tape_replay(tape *t)
{
    switch_to(t, BELUGA_CASSETTE_REPLAY);
}

void tape_stop(void)
{
    assert_int_equal(beluga_client_set_cassette(beluga_client_default(), NULL, NULL), 0);
}

void tape_silence(tape *t)
{
    peer_stop(t->peer);
    t->peer = NULL;
}

beluga_chat_model *tape_open_n(const tape *t, const beluga_option *opts, size_t n)
{
    beluga_error err = {0};
    beluga_chat_model *model = NULL;
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(t->url), beluga_with_api_key(TAPE_KEY),
                          beluga_with_model_name("peer-chat"), beluga_with_max_retries(0),
                          beluga_with_retry_delay_ms(100), beluga_with_timeout_ms(PATIENCE_MS));
    assert_non_null(config);
    assert_int_equal(beluga_config_set_n(config, opts, n), 0);
    if (beluga_registry_open(beluga_registry_default(), "openai", config, &model, &err))
        fail_msg("open: %s", err.message);
    beluga_config_free(config);
    return model;
}

void tape_answer(tape *t, beluga_chat_model *model, const char *text)
{
    script(t->peer, ANSWERS(text));
    tape_record(t);
    assert_int_equal(generate(model, text, NULL), 0);
}

const char *tape_refusal(beluga_chat_model *model, const char *text)
{
    static beluga_error err;
    beluga_response *response = NULL;
    memset(&err, 0, sizeof err);
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text(text), &response, &err),
                     BELUGA_ERROR_NOT_FOUND);
    assert_null(response);
    assert_int_equal(err.retryable, 0);
    return err.message;
}

void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("no \"%s\" in \"%s\"", part, text);
}
