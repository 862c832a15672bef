/* Files, jobs and texts that a server of batch APIs keeps. */
#include "peer/batch.h"
#include "peer/timer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILES      ((size_t)65536)
#define MAX_FILE_BYTES ((size_t)4 * 1024 * 1024 * 1024)
#define MAX_JOBS       ((size_t)65536)

/* ---- chance ---------------------------------------------------------------------------------- */

/* Mix the bits with the steps of splitmix64. */
uint64_t peer__batch_mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t peer__batch_random(batches *b)
{
    return peer__batch_mix(b->random++);
}

/* Hash with the steps of FNV-1a, eight bytes at a time. */
uint64_t peer__batch_hash(const void *data, size_t n)
{
    const unsigned char *at = data;
    uint64_t hash = UINT64_C(0xcbf29ce484222325), word;
    for (; n >= 8; n -= 8, at += 8) {
        memcpy(&word, at, 8);
        hash = (hash ^ word) * UINT64_C(0x100000001b3);
        hash ^= hash >> 32;
    }
    for (; n > 0; n--, at++) hash = (hash ^ *at) * UINT64_C(0x100000001b3);
    return hash;
}

bool peer__batch_plays(batches *b, batch_fault_kind kind)
{
    batch_fault *fault = &b->faults[kind];
    if (fault->every) return ++fault->seen % fault->every == 0;
    return fault->chance > 0 && (double)(peer__batch_random(b) >> 11) < fault->chance * 0x1p53;
}

/* ---- ids ------------------------------------------------------------------------------------- */

/* Make an id. The number in it is the index of the object, and the rest makes ids look
 * different. */
static void make_id(batches *b, char id[static BATCH_ID_SIZE], const char *prefix, size_t number)
{
    snprintf(id, BATCH_ID_SIZE, "%s%08zx%016" PRIx64, prefix, number, peer__batch_random(b));
}

/* Make an id in the form of a UUID that begins with the number. */
static void make_uuid(batches *b, char id[static BATCH_ID_SIZE], size_t number)
{
    uint64_t x = peer__batch_random(b), y = peer__batch_random(b);
    snprintf(id, BATCH_ID_SIZE, "%08zx-%04x-4%03x-a%03x-%012" PRIx64, number,
             (unsigned)(x & 0xffff), (unsigned)(x >> 16 & 0xfff), (unsigned)(x >> 32 & 0xfff),
             y & UINT64_C(0xffffffffffff));
}

static void name_it(batches *b, char id[static BATCH_ID_SIZE], const char *prefix, size_t number)
{
    if (*prefix)
        make_id(b, id, prefix, number);
    else
        make_uuid(b, id, number);
}

/* Return the number in an id: its first eight consecutive hexadecimal digits. */
static size_t number_of(const char *id)
{
    for (; *id; id++) {
        char digits[9] = {0};
        strncpy(digits, id, 8);
        if (strspn(digits, "0123456789abcdef") == 8) return (size_t)strtoul(digits, NULL, 16);
    }
    return SIZE_MAX;
}

static bool grow(void ***list, size_t n, size_t *cap, size_t max)
{
    if (n < *cap) return true;
    size_t more = *cap ? 2 * *cap : 64;
    if (n >= max) return false;
    void **larger = realloc(*list, more * sizeof *larger);
    if (!larger) return false;
    *list = larger;
    *cap = more;
    return true;
}

static void copy_text(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from);
}

/* ---- files ----------------------------------------------------------------------------------- */

batch_blob *peer__batch_blob_new(bytes *taken)
{
    batch_blob *blob = calloc(1, sizeof *blob);
    if (!blob) {
        peer__bytes_free(taken);
        return NULL;
    }
    *blob = (batch_blob){.bytes = *taken, .n = taken->len, .refs = 1};
    *taken = (bytes){0};
    return blob;
}

void peer__batch_blob_drop(batch_blob *blob)
{
    if (!blob || --blob->refs > 0) return;
    peer__bytes_free(&blob->bytes);
    free(blob);
}

static batch_file *file_new(batch_blob *blob)
{
    batch_file *file = blob ? calloc(1, sizeof *file) : NULL;
    if (!file) {
        peer__batch_blob_drop(blob);
        return NULL;
    }
    file->blob = blob;
    file->created = time(NULL);
    return file;
}

static void file_free(batch_file *file)
{
    if (!file) return;
    peer__batch_blob_drop(file->blob);
    free(file->name);
    free(file->purpose);
    free(file->type);
    free(file);
}

batch_file *peer__batch_file_add(batches *b, const char *prefix, const char *key, batch_blob *blob)
{
    batch_file *file = file_new(blob);
    void **list = (void **)b->files;
    bool ok = file && blob->n <= MAX_FILE_BYTES - b->file_bytes &&
              grow(&list, b->n_files, &b->cap_files, MAX_FILES);
    b->files = (batch_file **)list;
    if (!ok) {
        file_free(file);
        return NULL;
    }
    name_it(b, file->id, prefix, b->n_files);
    copy_text(file->key, sizeof file->key, key);
    b->file_bytes += blob->n;
    b->files[b->n_files++] = file;
    return file;
}

static batch_file *find_file(batches *b, const char *id)
{
    size_t i = number_of(id);
    batch_file *file = i < b->n_files ? b->files[i] : NULL;
    return file && !file->deleted && strcmp(file->id, id) == 0 ? file : NULL;
}

batch_file *peer__batch_file_find(batches *b, const char *id, const char *key)
{
    batch_file *file = find_file(b, id);
    return file && !file->is_open && strcmp(file->key, key) == 0 ? file : NULL;
}

batch_file *peer__batch_upload_find(batches *b, const char *id)
{
    batch_file *file = find_file(b, id);
    return file && file->is_open ? file : NULL;
}

bool peer__batch_upload_add(batches *b, batch_file *file, bytes *piece)
{
    batch_blob *blob = file->blob;
    size_t n = piece->len;
    if (n > MAX_FILE_BYTES - b->file_bytes) return false;
    if (n && !blob->bytes.len) {
        peer__bytes_free(&blob->bytes);
        blob->bytes = *piece;
        *piece = (bytes){0};
    } else if (!peer__bytes_add(&blob->bytes, piece->data, n, b->max_body)) {
        return false;
    }
    blob->n += n;
    b->file_bytes += n;
    return true;
}

void peer__batch_file_delete(batches *b, batch_file *file)
{
    b->file_bytes -= file->blob->n;
    b->deleted_files++;
    file->deleted = true;
    peer__batch_blob_drop(file->blob);
    file->blob = NULL;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

batch_job *peer__batch_job_new(batches *b, batch_shape shape)
{
    batch_job *job = calloc(1, sizeof *job);
    if (!job) return NULL;
    job->shape = shape;
    job->url = peer_url(b->owner);
    job->made_ns = peer__now_ns();
    job->created = time(NULL);
    return job;
}

void peer__batch_job_free(batch_job *job)
{
    if (!job) return;
    peer__batch_blob_drop(job->blob);
    free(job->lines);
    free(job->endpoint);
    free(job->model);
    free(job->name);
    free(job->metadata);
    free(job);
}

void peer__batch_job_use(batch_job *job, const batch_file *file)
{
    memcpy(job->input, file->id, sizeof job->input);
    job->blob = file->blob;
    job->blob->refs++;
}

bool peer__batch_job_read_metadata(batch_job *job, json body)
{
    json metadata = peer__json_get(body, "metadata");
    if (!metadata.at || *metadata.at != '{') return true;
    job->metadata = strndup(metadata.at, metadata.n);
    job->name = peer__json_string(peer__json_first(metadata)); /* shown by /control/batches */
    return job->metadata != NULL;
}

bool peer__batch_job_add(batches *b, batch_job *job, const char *prefix)
{
    void **list = (void **)b->jobs;
    bool ok = grow(&list, b->n_jobs, &b->cap_jobs, MAX_JOBS);
    b->jobs = (batch_job **)list;
    if (!ok) return false;
    name_it(b, job->id, prefix, b->n_jobs);
    b->jobs[b->n_jobs++] = job;
    return true;
}

static bool is_of(const batch_job *job, batch_shape shape, const char *key)
{
    return !job->deleted && job->shape == shape && strcmp(job->key, key) == 0;
}

batch_job *peer__batch_job_find(batches *b, batch_shape shape, const char *id, const char *key)
{
    size_t i = number_of(id);
    batch_job *job = i < b->n_jobs ? b->jobs[i] : NULL;
    return job && is_of(job, shape, key) && strcmp(job->id, id) == 0 ? job : NULL;
}

bool peer__batch_job_is_listed(const batches *b, const batch_job *job, batch_shape shape,
                               const char *key)
{
    return is_of(job, shape, key) && peer__now_ns() - job->made_ns >= b->late_list_ns;
}

/* ---- texts ----------------------------------------------------------------------------------- */

static batch_text **place_of(batches *b, uint64_t hash, size_t n)
{
    for (size_t i = (size_t)hash;; i++) {
        batch_text **place = &b->texts[i & (b->cap_texts - 1)];
        if (!*place || ((*place)->hash == hash && (*place)->n == n)) return place;
    }
}

/* Keep half of the table free, so that a search is short. */
static bool grow_texts(batches *b)
{
    if (b->n_texts * 2 < b->cap_texts) return true;
    batch_text **old = b->texts;
    size_t n = b->cap_texts, cap = n ? 2 * n : 1024;
    batch_text **larger = calloc(cap, sizeof *larger);
    if (!larger) return false;
    b->texts = larger;
    b->cap_texts = cap;
    for (size_t i = 0; i < n; i++)
        if (old[i]) *place_of(b, old[i]->hash, old[i]->n) = old[i];
    free(old);
    return true;
}

batch_text *peer__batch_text(batches *b, const char *text, size_t n)
{
    if (!grow_texts(b)) return NULL;
    uint64_t hash = peer__batch_hash(text, n);
    batch_text **place = place_of(b, hash, n);
    if (*place) return *place;
    batch_text *entry = *place = calloc(1, sizeof *entry);
    if (!entry) return NULL;
    size_t shown = n < BATCH_SHOWN_TEXT ? n : BATCH_SHOWN_TEXT;
    while (shown < n && shown > 0 && ((unsigned char)text[shown] & 0xc0) == 0x80) shown--;
    if (shown) memcpy(entry->shown, text, shown);
    entry->hash = hash;
    entry->n = n;
    b->n_texts++;
    return entry;
}

void peer__batch_store_free(batches *b)
{
    for (size_t i = 0; i < b->n_files; i++) file_free(b->files[i]);
    for (size_t i = 0; i < b->n_jobs; i++) peer__batch_job_free(b->jobs[i]);
    for (size_t i = 0; i < b->cap_texts; i++) free(b->texts[i]);
    free(b->files);
    free(b->jobs);
    free(b->texts);
}
