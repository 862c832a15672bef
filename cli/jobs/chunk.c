#include "jobs/chunk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define NAME_PREFIX  "beluga-"
#define NAME_DIGITS  32 /* hexadecimal digits of the digest */
#define PREFIX_BYTES (sizeof NAME_PREFIX - 1)

/* ---- ids ------------------------------------------------------------------------------------- */

void batch_line_id_write(const batch_job_line_id *id, char text[BATCH_LINE_ID_BYTES])
{
    snprintf(text, BATCH_LINE_ID_BYTES, "b-%" PRIu64 "-%016" PRIx64 "-%s", id->line, id->digest,
             id->tag);
}

/* Read an id. The parts are written again and compared with the text, so that only ids in exactly
 * this form are accepted. */
bool batch_line_id_read(const char *text, batch_job_line_id *id)
{
    char again[BATCH_LINE_ID_BYTES], *end;
    if (strncmp(text, "b-", 2) != 0) return false;
    id->line = strtoull(text + 2, &end, 10);
    if (*end != '-') return false;
    id->digest = strtoull(end + 1, &end, 16);
    if (*end != '-' || strlen(end + 1) != BATCH_TAG_BYTES) return false;
    memcpy(id->tag, end + 1, sizeof id->tag);
    batch_line_id_write(id, again);
    return strcmp(again, text) == 0;
}

bool batch_job_name_has_tag(const char *name, const char *tag)
{
    return strncmp(name, NAME_PREFIX, PREFIX_BYTES) == 0 &&
           strncmp(name + PREFIX_BYTES, tag, BATCH_TAG_BYTES) == 0 &&
           name[PREFIX_BYTES + BATCH_TAG_BYTES] == '-';
}

/* ---- chunks ---------------------------------------------------------------------------------- */

/* Make a random tag, so that other runs, and other chunks with the same lines, have different tags.
 */
static int make_tag(char tag[BATCH_TAG_BYTES + 1], beluga_error *err)
{
    uint8_t bytes[BATCH_TAG_BYTES / 2];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return beluga_error_set(err, BELUGA_ERROR_INTERNAL,
                                "the system can't provide random bytes");
    for (size_t i = 0; i < sizeof bytes; i++) snprintf(tag + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

int batch_chunk_begin(batch_chunk *c, beluga_chat_model *model, beluga_error *err)
{
    *c = (batch_chunk){0};
    batch_digest_begin(&c->digest);
    int rc = make_tag(c->tag, err);
    return rc ? rc : beluga_batch_requests_new(model, &c->requests, err);
}

static int add_texts(batch_chunk *c, const batch_item *item, const char *id, beluga_error *err)
{
    return beluga_batch_requests_add_embedding_n(c->requests, id, item->texts, item->lengths,
                                                 item->n_texts, err, item->request.options,
                                                 item->request.n_options);
}

static int add_request(batch_chunk *c, const batch_item *item, const char *id, const char *schema,
                       beluga_error *err)
{
    const protocol_request *request = &item->request;
    beluga_option options[PROTOCOL_MAX_OPTIONS + 1] = {beluga_with_response_schema(schema)};
    size_t n = schema != NULL; /* a line's own schema comes after this option, and overrides it */
    memcpy(options + n, request->options, request->n_options * sizeof *options);
    return beluga_batch_requests_add_n(c->requests, item->model, id,
                                       beluga_input_messages(request->messages), err, options,
                                       n + request->n_options);
}

int batch_chunk_add(batch_chunk *c, const batch_item *item, const char *schema, beluga_error *err)
{
    char id[BATCH_LINE_ID_BYTES];
    batch_job_line_id parts = {.line = item->line, .digest = item->digest};
    memcpy(parts.tag, c->tag, sizeof parts.tag);
    batch_line_id_write(&parts, id);
    if (beluga_batch_requests_bytes(c->requests) >= BATCH_CHUNK_BYTES)
        return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED, "the batch job is full");
    int rc = item->n_texts ? add_texts(c, item, id, err) : add_request(c, item, id, schema, err);
    if (rc) return rc;
    batch_digest_bytes(&c->digest, id, strlen(id));
    if (batch_ranges_add(&c->lines, item->line) == 0) return 0;
    return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory");
}

void batch_chunk_name(batch_chunk *c, char name[BATCH_JOB_NAME_BYTES])
{
    char digest[BATCH_DIGEST_TEXT];
    batch_digest_finish(&c->digest, digest);
    snprintf(name, BATCH_JOB_NAME_BYTES, NAME_PREFIX "%s-%.*s", c->tag, NAME_DIGITS, digest);
}

void batch_chunk_free(batch_chunk *c)
{
    beluga_batch_requests_free(c->requests);
    batch_ranges_free(&c->lines);
    *c = (batch_chunk){0};
}
