/*
 * The files of OpenAI and of services with the same API, at /v1/files…; the answers have Mistral's
 * members beside OpenAI's, since both use the same path. Sources: OpenAI's API reference, the types
 * of Mistral's client for Python (3.7), and Together's pages and client (3.1). Together's client
 * first requests an upload address, while its page on files uploads in one request.
 */
#include "peer/batch_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_BOUNDARY  200
#define MAX_PART_HEAD ((size_t)4096)
/* OpenAI's and Azure's pages give 200 MB as the limit, Together's page 100 MB for the file of a
 * batch. */
#define MAX_OPENAI_BYTES   ((size_t)200 * 1024 * 1024)
#define MAX_TOGETHER_BYTES ((size_t)100 * 1024 * 1024)

/* ---- multipart ------------------------------------------------------------------------------- */

/* A part of a form: its head, and the position of its contents. */
typedef struct part {
    const char *head;
    size_t head_len;
    const char *data;
    size_t n;
} part;

static bool read_boundary(const batch_call *call, char delimiter[static MAX_BOUNDARY])
{
    const char *type = peer__find_header(call->req, "content-type");
    const char *at = type ? strcasestr(type, "boundary=") : NULL;
    if (!at || strncasecmp(type, "multipart/form-data", 19) != 0) return false;
    at += 9;
    bool quoted = *at == '"';
    at += quoted;
    size_t n = strcspn(at, quoted ? "\"" : "; ");
    if (n == 0 || n + 5 > MAX_BOUNDARY) return false;
    snprintf(delimiter, MAX_BOUNDARY, "\r\n--%.*s", (int)n, at);
    return true;
}

/* Read the part at `*at`, which follows a delimiter. Returns false at the end of the form. */
static bool take_part(const char **at, const char *end, const char *delimiter, part *p)
{
    if (end - *at < 2 || memcmp(*at, "\r\n", 2) != 0) return false;
    p->head = *at + 2;
    size_t left = (size_t)(end - p->head);
    const char *data = memmem(p->head, left < MAX_PART_HEAD ? left : MAX_PART_HEAD, "\r\n\r\n", 4);
    if (!data) return false;
    p->head_len = (size_t)(data - p->head);
    p->data = data + 4;
    const char *behind = memmem(p->data, (size_t)(end - p->data), delimiter, strlen(delimiter));
    if (!behind) return false;
    p->n = (size_t)(behind - p->data);
    *at = behind + strlen(delimiter);
    return true;
}

/* Copy name="…" or filename="…" from a part's head; "" if it is missing. */
static void copy_parameter(const part *p, const char *name, char *out, size_t size)
{
    char wanted[32];
    int len = snprintf(wanted, sizeof wanted, "; %s=\"", name);
    const char *at = memmem(p->head, p->head_len, wanted, (size_t)len);
    const char *end = p->head + p->head_len;
    *out = '\0';
    if (!at) return;
    at += len;
    const char *quote = memchr(at, '"', (size_t)(end - at));
    if (quote) snprintf(out, size, "%.*s", (int)(quote - at), at);
}

/* The fields of a form from which a file is made. */
typedef struct form {
    char purpose[64], name[256];
    part file; /* data is NULL if the form has no file */
} form;

static void take_field(form *f, const part *p)
{
    char name[64];
    copy_parameter(p, "name", name, sizeof name);
    if (strcmp(name, "file") == 0) {
        f->file = *p;
        if (!*f->name) copy_parameter(p, "filename", f->name, sizeof f->name);
    } else if (strcmp(name, "purpose") == 0) {
        snprintf(f->purpose, sizeof f->purpose, "%.*s", (int)p->n, p->data);
    } else if (strcmp(name, "file_name") == 0) {
        snprintf(f->name, sizeof f->name, "%.*s", (int)p->n, p->data);
    }
}

static bool read_form(const batch_call *call, form *f)
{
    char delimiter[MAX_BOUNDARY];
    part p;
    *f = (form){0};
    if (!read_boundary(call, delimiter)) return false;
    /* The first delimiter has no line break before it. */
    size_t n = strlen(delimiter) - 2;
    const char *at = call->req->body.data, *end = at + call->req->body.len;
    if ((size_t)(end - at) < n || memcmp(at, delimiter + 2, n) != 0) return false;
    at += n;
    while (take_part(&at, end, delimiter, &p)) take_field(f, &p);
    return true;
}

/* ---- a file ---------------------------------------------------------------------------------- */

static size_t count_lines(const batch_file *file)
{
    const char *at = file->blob->bytes.data + file->blob->from, *end = at + file->blob->n;
    size_t n = 0;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline ? newline + 1 : end;
        n++;
    }
    return n;
}

static bool put_mistral_members(const batch_file *file, bytes *out)
{
    return peer__putf(
        out, ",\"sample_type\":\"%s\",\"source\":\"%s\",\"num_lines\":%zu,\"deleted\":false",
        file->is_result ? "batch_result" : "batch_request", file->is_result ? "mistral" : "upload",
        count_lines(file));
}

/* Write the members that only one of the APIs has. */
static bool put_members(batch_shape shape, const batch_file *file, bytes *out)
{
    if (shape == BATCH_TOGETHER)
        return peer__putf(out, ",\"Processed\":true,\"FileType\":\"jsonl\",\"LineCount\":%zu",
                          count_lines(file));
    return peer__putf(out, ",\"status\":\"%s\",\"expires_at\":null,\"status_details\":null",
                      file->is_pending ? "pending" : "processed") &&
           put_mistral_members(file, out);
}

static bool put_file(batch_shape shape, const batch_file *file, bytes *out)
{
    return peer__put(out, "{\"id\":") && peer__put_string(out, file->id) &&
           peer__putf(out, ",\"object\":\"file\",\"bytes\":%zu,\"created_at\":%lld,\"filename\":",
                      file->blob->n, (long long)file->created) &&
           peer__put_string(out, file->name ? file->name : "") && peer__put(out, ",\"purpose\":") &&
           peer__put_string(out, file->purpose ? file->purpose : "") &&
           put_members(shape, file, out) && peer__put(out, "}");
}

static void send_file(batch_call *call, const batch_file *file)
{
    bytes text = {0};
    bool ok = put_file(call->shape, file, &text);
    peer__batch_send(call, 200, &text, ok);
}

/* Make a file from the form. The file takes over the request's whole body, which contains the
 * part. */
static batch_file *add_file(batch_call *call, const form *f)
{
    size_t from = (size_t)(f->file.data - call->req->body.data);
    batch_blob *blob = peer__batch_blob_new(&call->req->body);
    if (!blob) return NULL;
    blob->from = from;
    blob->n = f->file.n;
    batch_file *file = peer__batch_file_add(call->b, "file-", call->key, blob);
    if (!file) return NULL;
    file->name = strdup(f->name);
    file->purpose = strdup(f->purpose);
    file->is_pending =
        call->shape == BATCH_OPENAI && peer__batch_plays(call->b, FAULT_PENDING_FILE);
    call->b->uploads++;
    return file;
}

static void upload(batch_call *call, const char *id)
{
    form f;
    (void)id;
    if (!read_form(call, &f) || !f.file.data) {
        peer__batch_refuse(call, 400, "'file' is a required property");
        return;
    }
    if (!*f.purpose) {
        peer__batch_refuse(call, 400, "'purpose' is a required property");
        return;
    }
    if (f.file.n > (call->shape == BATCH_TOGETHER ? MAX_TOGETHER_BYTES : MAX_OPENAI_BYTES)) {
        peer__batch_refuse(call, 400, "File is too large.");
        return;
    }
    batch_file *file = add_file(call, &f);
    if (!file)
        peer__batch_refuse(call, 500, "the scripted peer has no room for this file");
    else if (peer__batch_plays(call->b, FAULT_LOST_UPLOAD))
        peer__batch_lose(call);
    else
        send_file(call, file);
}

/* ---- Together's way -------------------------------------------------------------------------- */

static void send_address(batch_call *call, const batch_file *file)
{
    char address[160];
    snprintf(address, sizeof address, "http://127.0.0.1:%d/together/upload/%s",
             peer_port(call->b->owner), file->id);
    peer_step_status(call->r, 302, NULL);
    peer_step_header(call->r, "Location", address);
    peer_step_header(call->r, "X-Together-File-Id", file->id);
    peer_step_body(call->r, "", 0);
}

/* Together's client describes a file, uploads it to the address in the answer, and then confirms
 * the upload. */
static void describe(batch_call *call)
{
    form f;
    bytes nothing = {0};
    if (!read_form(call, &f) || !*f.purpose || !*f.name) {
        peer__batch_refuse(call, 400, "purpose and file_name are required");
        return;
    }
    batch_blob *blob = peer__batch_blob_new(&nothing);
    batch_file *file = blob ? peer__batch_file_add(call->b, "file-", call->key, blob) : NULL;
    if (!file) {
        peer__batch_refuse(call, 500, "the scripted peer has no room for this file");
        return;
    }
    file->is_open = true;
    file->name = strdup(f.name);
    file->purpose = strdup(f.purpose);
    send_address(call, file);
}

/* A request to the upload address needs no key, since the address is secret. */
static void put_contents(batch_call *call, const char *id)
{
    batch_file *file = peer__batch_upload_find(call->b, id);
    if (file && !file->blob->n && peer__batch_upload_add(call->b, file, &call->req->body))
        peer_step_json(call->r, 200, "{}");
    else
        peer__batch_refuse(call, 404, "There is no such upload.");
}

static void end_upload(batch_call *call, const char *id)
{
    batch_file *file = peer__batch_upload_find(call->b, id);
    if (!file || strcmp(file->key, call->key) != 0) {
        peer__batch_refuse(call, 404, "There is no such upload.");
        return;
    }
    file->is_open = false;
    call->b->uploads++;
    send_file(call, file);
}

static void upload_or_describe(batch_call *call, const char *id)
{
    if (call->shape == BATCH_TOGETHER)
        describe(call);
    else
        upload(call, id);
}

/* ---- existing files -------------------------------------------------------------------------- */

static batch_file *file_of(batch_call *call, const char *id)
{
    char message[BATCH_ID_SIZE * 2 + 32];
    batch_file *file = peer__batch_file_find(call->b, id, call->key);
    if (file) return file;
    snprintf(message, sizeof message, "No such File object: %s", id);
    peer__batch_refuse(call, 404, message);
    return NULL;
}

static void get(batch_call *call, const char *id)
{
    batch_file *file = file_of(call, id);
    if (!file) return;
    file->is_pending = false;
    send_file(call, file);
}

static void content(batch_call *call, const char *id)
{
    const batch_file *file = file_of(call, id);
    if (!file) return;
    const batch_blob *blob = file->blob;
    peer__batch_download(call, "application/octet-stream", blob->bytes.data + blob->from, blob->n);
}

/* Answer with an address from which anyone can download the file (Mistral's). */
static void sign(batch_call *call, const char *id)
{
    bytes text = {0};
    const batch_file *file = file_of(call, id);
    if (!file) return;
    bool ok = peer__putf(&text, "{\"url\":\"http://127.0.0.1:%d/v1/files/%s/content?key=%s\"}",
                         peer_port(call->b->owner), file->id, file->key);
    peer__batch_send(call, 200, &text, ok);
}

static void delete(batch_call *call, const char *id)
{
    bytes text = {0};
    batch_file *file = file_of(call, id);
    if (!file) return;
    peer__batch_file_delete(call->b, file);
    bool ok = peer__put(&text, "{\"id\":") && peer__put_string(&text, file->id) &&
              peer__put(&text, ",\"object\":\"file\",\"deleted\":true}");
    peer__batch_send(call, 200, &text, ok);
}

static void list(batch_call *call, const char *id)
{
    bytes text = {0};
    bool ok = peer__put(&text, "{\"object\":\"list\",\"data\":[");
    (void)id;
    size_t n = 0;
    for (size_t i = call->b->n_files; ok && i-- > 0;) {
        const batch_file *file = call->b->files[i];
        if (file->deleted || file->is_open || strcmp(file->key, call->key) != 0) continue;
        ok = (n++ == 0 || peer__put(&text, ",")) && put_file(call->shape, file, &text);
    }
    ok = ok && peer__putf(&text, "],\"total\":%zu,\"has_more\":false}", n);
    peer__batch_send(call, 200, &text, ok);
}

bool peer__batch_files(batch_call *call)
{
    static const batch_route routes[] = {
        {"POST", "/v1/files", upload_or_describe},
        {"PUT", "/upload/{}", put_contents},
        {"POST", "/v1/files/{}/preprocess", end_upload},
        {"POST", "/v1/files/upload", upload}, /* the path of Together */
        {"GET", "/v1/files", list},
        {"GET", "/v1/files/{}", get},
        {"GET", "/v1/files/{}/content", content},
        {"GET", "/v1/files/{}/url", sign},
        {"DELETE", "/v1/files/{}", delete},
    };
    return peer__batch_route(call, routes, sizeof routes / sizeof *routes);
}
