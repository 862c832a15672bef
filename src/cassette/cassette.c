#include "cassette/cassette.h"

#include "base/mem.h"
#include "base/new_file.h"
#include "base/sized.h"
#include "cassette/match.h"
#include "cassette/record.h"
#include "cassette/replay.h"
#include "wire/http.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int no_memory(beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the cassette");
}

static int system_error(const char *directory, beluga_error *err)
{
    char text[128];
    int error = errno;
    int code =
        error == ENOENT || error == ENOTDIR ? BELUGA_ERROR_NOT_FOUND : BELUGA_ERROR_INVALID_INPUT;
    return beluga_error_set(err, code, "the cassette %.200s: %s", directory,
                            beluga__file_explain(error, text, sizeof text));
}

/* --- files ------------------------------------------------------------------------------------ */

/* Returns whether an entry may be a recording. Only files and links count, since opening a pipe
 * would wait for its other end. */
static bool is_recording(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    bool file = entry->d_type == DT_REG || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN;
    return file && *entry->d_name != '.' && dot && strcmp(dot, ".json") == 0;
}

/* Call `visit` with the name of each recording, until one call fails. */
static int each_file(beluga__open_cassette *cassette,
                     int (*visit)(beluga__open_cassette *, const char *, beluga_error *),
                     beluga_error *err)
{
    DIR *directory = opendir(cassette->directory);
    int status = 0;
    if (!directory) return system_error(cassette->directory, err);
    for (struct dirent *entry; !status && (entry = readdir(directory));)
        if (is_recording(entry)) status = visit(cassette, entry->d_name, err);
    closedir(directory);
    return status;
}

static int count_on(beluga__open_cassette *cassette, const char *name, beluga_error *err)
{
    (void)err;
    unsigned long number = strtoul(name, NULL, 10);
    if (number <= BELUGA__MAX_CASSETTE_FILES && number > cassette->number)
        atomic_init(&cassette->number, (unsigned)number);
    return 0;
}

static int grow(beluga__open_cassette *cassette)
{
    size_t size = sizeof *cassette->tapes, old = cassette->tapes_capacity,
           capacity = old ? 2 * old : 16;
    if (cassette->n_tapes < old) return 0;
    beluga__tape *tapes =
        beluga__resize(&cassette->runtime->allocator, cassette->tapes, old * size, capacity * size);
    if (!tapes) return BELUGA_ERROR_NO_MEMORY;
    cassette->tapes = tapes;
    cassette->tapes_capacity = capacity;
    return 0;
}

/* Append a tape. Its name, method and URL share one block of memory. */
static int keep(beluga__open_cassette *cassette, const char *name, const char *method,
                const char *url, uint64_t body)
{
    size_t n = strlen(name) + 1, m = strlen(method) + 1, u = strlen(url) + 1;
    char *block = grow(cassette) ? NULL : beluga__alloc(&cassette->runtime->allocator, n + m + u);
    if (!block) return BELUGA_ERROR_NO_MEMORY;
    memcpy(block, name, n);
    memcpy(block + n, method, m);
    memcpy(block + n + m, url, u);
    beluga__tape *tape = &cassette->tapes[cassette->n_tapes++];
    *tape = (beluga__tape){.name = block, .method = block + n, .url = block + n + m, .body = body};
    return 0;
}

static int digest(beluga__recording *recording, const char *name, uint64_t *out, beluga_error *err)
{
    beluga__asked asked = {.json = beluga_json_get(recording->request, "json")};
    beluga__buf body;
    beluga__buf_init(&body, recording->scratch.allocator, BELUGA__MAX_CASSETTE_BODY);
    int status =
        asked.json ? 0 : beluga__recording_bytes(recording, recording->request, name, &body, err);
    asked.body = body.data;
    asked.length = body.length;
    if (!status) *out = beluga__asked_digest(&asked);
    beluga__buf_free(&body);
    return status;
}

static int take_tape(beluga__open_cassette *cassette, const char *name, beluga_error *err)
{
    beluga__recording recording;
    uint64_t body = 0;
    if (cassette->n_tapes == BELUGA__MAX_CASSETTE_FILES)
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                                "the cassette %.200s has more than %u recordings",
                                cassette->directory, BELUGA__MAX_CASSETTE_FILES);
    int status = beluga__recording_read(&recording, cassette, name, err);
    if (!status) status = digest(&recording, name, &body, err);
    if (!status && keep(cassette, name, recording.method, recording.url, body))
        status = no_memory(err);
    beluga__recording_free(&recording);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const beluga__tape *)a)->name, ((const beluga__tape *)b)->name);
}

/* --- opening ---------------------------------------------------------------------------------- */

static int open_to_replay(beluga__open_cassette *cassette, beluga_error *err)
{
    beluga__replay_set_ops(&cassette->ops);
    int status = each_file(cassette, take_tape, err);
    if (!status && cassette->n_tapes)
        qsort(cassette->tapes, cassette->n_tapes, sizeof *cassette->tapes, by_name);
    return status;
}

static int open_to_record(beluga__open_cassette *cassette, beluga_error *err)
{
    beluga__record_set_ops(&cassette->ops);
    const char *folder = cassette->directory;
    if (mkdir(folder, 0700) && (errno != EEXIST || beluga__file_check_folder(folder)))
        return system_error(folder, err);
    int status = each_file(cassette, count_on, err);
    if (!status && access(cassette->directory, W_OK | X_OK))
        status = system_error(cassette->directory, err);
    return status;
}

static int fill(beluga__open_cassette *cassette, const beluga_cassette *given, beluga_error *err)
{
    cassette->directory =
        beluga__copy(&cassette->runtime->allocator, given->directory, strlen(given->directory));
    if (!cassette->directory) return no_memory(err);
    cassette->realtime = given->realtime;
    cassette->repeat = given->repeat;
    if (given->mode == BELUGA_CASSETTE_RECORD) return open_to_record(cassette, err);
    if (given->mode == BELUGA_CASSETTE_REPLAY) return open_to_replay(cassette, err);
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                            "the cassette's mode is not set: choose recording or replay");
}

int beluga__cassette_new(beluga__runtime *runtime, const beluga_cassette *given,
                         const beluga__loop_ops *network, beluga__open_cassette **out,
                         beluga_error *err)
{
    *out = NULL;
    beluga_cassette known;
    int status = beluga__sized_read(&known, given, offsetof(beluga_cassette, realtime), true);
    if (!known.directory || !*known.directory)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "set the members `size` and `directory` of the beluga_cassette");
    if (status)
        return beluga_error_set(
            err, status,
            "the cassette sets a member that this version of the library does not know");
    beluga__open_cassette *cassette = beluga__zalloc(&runtime->allocator, sizeof *cassette);
    if (!cassette) return no_memory(err);
    cassette->runtime = runtime;
    cassette->network = network;
    cassette->ops = *network;
    status = fill(cassette, &known, err);
    if (status)
        beluga__cassette_free(cassette);
    else
        *out = cassette;
    return status;
}

void beluga__cassette_free(beluga__open_cassette *cassette)
{
    for (beluga__open_cassette *next; cassette; cassette = next) {
        const beluga_allocator *allocator = &cassette->runtime->allocator;
        next = cassette->replaced;
        for (size_t i = 0; i < cassette->n_tapes; i++)
            beluga__release(allocator, cassette->tapes[i].name);
        beluga__release(allocator, cassette->tapes);
        beluga__release(allocator, cassette->directory);
        beluga__release(allocator, cassette);
    }
}
