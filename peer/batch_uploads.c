/*
 * Gemini's files. Sources: Google's guide to the Files API (the resumable protocol in REST), and
 * its client for Python (google-genai 3.6), which sends pieces with their offset, reads
 * X-Goog-Upload-Status, and downloads only files that the service made.
 */
#include "peer/batch_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY             86400
#define LONGEST_DELETED 40

static bool put_file(const batch_file *file, bytes *out)
{
    return peer__putf(out, "{\"name\":\"files/%s\",\"displayName\":", file->id) &&
           peer__put_string(out, file->name ? file->name : "") &&
           peer__put(out, ",\"mimeType\":") &&
           peer__put_string(out, file->type ? file->type : "application/octet-stream") &&
           peer__putf(out, ",\"sizeBytes\":\"%zu\",\"createTime\":", file->blob->n) &&
           peer__batch_put_time(out, file->created) && peer__put(out, ",\"updateTime\":") &&
           peer__batch_put_time(out, file->created) && peer__put(out, ",\"expirationTime\":") &&
           peer__batch_put_time(out, file->created + 2 * DAY) &&
           peer__putf(out,
                      ",\"uri\":\"https://generativelanguage.googleapis.com/v1beta/files/%s\","
                      "\"state\":\"ACTIVE\",\"source\":\"%s\"}",
                      file->id, file->is_result ? "GENERATED" : "UPLOADED");
}

/* ---- uploading ------------------------------------------------------------------------------- */

static const char *header_of(const batch_call *call, const char *name)
{
    const char *value = peer__find_header(call->req, name);
    return value ? value : "";
}

/* Return the name in the metadata, or else the name in the header. */
static char *display_name(const batch_call *call)
{
    json body = peer__json_parse(call->req->body.data, call->req->body.len);
    json file = peer__json_get(body, "file");
    json name = peer__json_get(file, "displayName");
    if (!name.at) name = peer__json_get(file, "display_name");
    return name.at ? peer__json_string(name) : strdup(header_of(call, "x-goog-upload-file-name"));
}

/* Answer with the address for the upload, which needs no key. */
static void send_address(batch_call *call, const batch_file *file)
{
    char address[256];
    snprintf(address, sizeof address,
             "http://127.0.0.1:%d/upload/v1beta/files?upload_id=%s&upload_protocol=resumable",
             peer_port(call->b->owner), file->id);
    peer_step_status(call->r, 200, NULL);
    peer_step_header(call->r, "X-Goog-Upload-URL", address);
    peer_step_header(call->r, "X-Goog-Upload-Status", "active");
    peer_step_body(call->r, "", 0);
}

static void start(batch_call *call)
{
    bytes nothing = {0};
    char *name = display_name(call);
    batch_blob *blob = peer__batch_blob_new(&nothing);
    batch_file *file = blob ? peer__batch_file_add(call->b, "g", call->key, blob) : NULL;
    if (!file) {
        free(name);
        peer__batch_refuse(call, 500, "the scripted peer has no room for this file");
        return;
    }
    file->is_open = true;
    file->name = name;
    file->type = strdup(header_of(call, "x-goog-upload-header-content-type"));
    send_address(call, file);
}

/* Return the open upload to which the request's address belongs. */
static batch_file *open_upload(batch_call *call)
{
    char id[BATCH_ID_SIZE];
    return peer__batch_query(call, "upload_id", id, sizeof id)
               ? peer__batch_upload_find(call->b, id)
               : NULL;
}

static void send_progress(batch_call *call, const batch_file *file)
{
    char received[32];
    snprintf(received, sizeof received, "%zu", file->blob->n);
    peer_step_status(call->r, 200, NULL);
    peer_step_header(call->r, "X-Goog-Upload-Status", "active");
    peer_step_header(call->r, "X-Goog-Upload-Size-Received", received);
    peer_step_body(call->r, "", 0);
}

static void send_final(batch_call *call, const batch_file *file)
{
    bytes text = {0};
    if (peer__batch_plays(call->b, FAULT_LOST_UPLOAD)) {
        peer__batch_lose(call);
        return;
    }
    peer_step_status(call->r, 200, NULL);
    peer_step_header(call->r, "X-Goog-Upload-Status", "final");
    if (peer__put(&text, "{\"file\":") && put_file(file, &text) && peer__put(&text, "}"))
        peer_step_body(call->r, text.data, text.len);
    else
        peer_step_body(call->r, "", 0);
    peer__bytes_free(&text);
}

static void go_on(batch_call *call, const char *command)
{
    batch_file *file = open_upload(call);
    size_t offset = strtoul(header_of(call, "x-goog-upload-offset"), NULL, 10);
    if (!file) {
        peer__batch_refuse(call, 404, "There is no such upload.");
    } else if (strcmp(command, "query") == 0) {
        send_progress(call, file);
    } else if (offset != file->blob->n ||
               !peer__batch_upload_add(call->b, file, &call->req->body)) {
        peer__batch_refuse(call, 400,
                           "The piece of the upload does not begin where the last one ended.");
    } else if (strstr(command, "finalize")) {
        file->is_open = false;
        call->b->uploads++;
        send_final(call, file);
    } else {
        send_progress(call, file);
    }
}

static void upload(batch_call *call, const char *id)
{
    const char *command = header_of(call, "x-goog-upload-command");
    (void)id;
    if (strcmp(command, "start") == 0 && *call->key)
        start(call);
    else if (strcmp(command, "start") == 0)
        peer__batch_refuse(call, 401, "The request has no API key.");
    else
        go_on(call, command);
}

/* ---- files ----------------------------------------------------------------------------------- */

static batch_file *file_of(batch_call *call, const char *id)
{
    batch_file *file = peer__batch_file_find(call->b, id, call->key);
    if (file) return file;
    peer__batch_refuse(call, 404, "The file does not exist.");
    return NULL;
}

static void get(batch_call *call, const char *id)
{
    bytes text = {0};
    const batch_file *file = file_of(call, id);
    if (!file) return;
    bool ok = put_file(file, &text);
    peer__batch_send(call, 200, &text, ok);
}

/* The service gives the files of results names that it then refuses to delete: see issue 1759 of
 * python-genai, and issue 1227 of js-genai. */
static void delete(batch_call *call, const char *id)
{
    batch_file *file = file_of(call, id);
    if (!file) return;
    if (strlen(id) > LONGEST_DELETED) {
        peer__batch_refuse(call, 400,
                           "* DeleteFileRequest.name: File ID (name excluding 'files/') cannot be "
                           "more than 40 characters.\n");
        return;
    }
    peer__batch_file_delete(call->b, file);
    peer_step_json(call->r, 200, "{}");
}

static void download(batch_call *call, const char *id)
{
    char alt[16] = "";
    const batch_file *file = file_of(call, id);
    if (!file) return;
    peer__batch_query(call, "alt", alt, sizeof alt);
    if (!file->is_result || strcmp(alt, "media") != 0) {
        peer__batch_refuse(call, 400,
                           "Only files that the service made can be downloaded, as media.");
        return;
    }
    peer__batch_download(call, "application/octet-stream",
                         file->blob->bytes.data + file->blob->from, file->blob->n);
}

/* Write the newest files after the file with this id ("": from the newest), at most `most`; set
 * `*next` to the last file if there are more. */
static bool put_page(const batch_call *call, const char *after, size_t most,
                     const batch_file **next, bytes *out)
{
    const batch_file *last = NULL;
    bool begun = !*after, ok = true;
    *next = NULL;
    for (size_t i = call->b->n_files, n = 0; ok && i-- > 0 && !*next;) {
        const batch_file *file = call->b->files[i];
        if (file->deleted || file->is_open || strcmp(file->key, call->key) != 0) continue;
        if (begun && n == most) *next = last;
        if (begun && n++ < most) ok = (n == 1 || peer__put(out, ",")) && put_file(file, out);
        begun = begun || strcmp(file->id, after) == 0;
        last = file;
    }
    return ok;
}

static void list(batch_call *call, const char *id)
{
    char after[BATCH_ID_SIZE] = "";
    bytes text = {0};
    const batch_file *next;
    (void)id;
    peer__batch_query(call, "pageToken", after, sizeof after);
    size_t most = peer__batch_page_size(call, "pageSize", 10, 100);
    bool ok = peer__put(&text, "{\"files\":[") && put_page(call, after, most, &next, &text) &&
              peer__put(&text, "]");
    if (ok && next) ok = peer__putf(&text, ",\"nextPageToken\":\"%s\"", next->id);
    ok = ok && peer__put(&text, "}");
    peer__batch_send(call, 200, &text, ok);
}

bool peer__batch_uploads(batch_call *call)
{
    static const batch_route routes[] = {
        {"POST", "/upload/v1beta/files", upload},
        {"PUT", "/upload/v1beta/files", upload},
        {"GET", "/v1beta/files", list},
        {"GET", "/v1beta/files/{}:download", download}, /* the client's path */
        {"GET", "/v1beta/files/{}", get},
        {"DELETE", "/v1beta/files/{}", delete},
        {"GET", "/download/v1beta/files/{}:download", download},
    };
    return peer__batch_route(call, routes, sizeof routes / sizeof *routes);
}
