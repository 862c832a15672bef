#include "sidecar.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <beluga/provider/json.h>

#include "../exit.h"
#include "../input.h"
#include "../output.h"
#include "files.h"

#define MAX_BYTES ((size_t)1024 * 1024)
#define VERSION   1

static int save(const char *path, const struct batch_facts *facts)
{
    struct batch_new_file file;
    const char *text;
    size_t length;
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return out_no_memory();
    beluga_json_begin_object(w, NULL);
    beluga_json_put_int(w, "version", VERSION);
    for (size_t i = 0; i < facts->count; i++)
        beluga_json_put_string(w, facts->items[i].name, facts->items[i].value);
    beluga_json_end_object(w);
    int rc = beluga_json_writer_text(w, &text, &length) ? (errno = ENOMEM, -1)
                                                        : batch_new_file_begin(&file, path);
    if (rc == 0 && (batch_new_file_add(&file, text, length) || batch_new_file_add(&file, "\n", 1) ||
                    batch_new_file_finish(&file, NULL))) {
        batch_new_file_drop(&file);
        rc = -1;
    }
    beluga_json_writer_free(w);
    if (rc == 0) return 0;
    out_error("%s can't be written: %s", path, strerror(errno));
    return CLI_EXIT_OUTPUT;
}

static int refuse(const char *out, const char *what)
{
    out_error("%s %s: name another --out, or remove it to begin anew", out, what);
    return CLI_EXIT_USAGE;
}

static int compare(const char *out, const struct batch_facts *facts, const beluga_json *root)
{
    char what[160];
    if (beluga_json_get_int(root, "version", 0) != VERSION)
        return refuse(out, "was begun by another version of beluga");
    for (size_t i = 0; i < facts->count; i++) {
        const struct batch_fact *fact = &facts->items[i];
        const char *was = beluga_json_get_string(root, fact->name, NULL);
        if (was && strcmp(was, fact->value) == 0) continue;
        bool told = strcmp(fact->name, "model") == 0 || strcmp(fact->name, "options") == 0;
        snprintf(what, sizeof what,
                 told ? "was begun with another %s (%.80s)" : "was begun with another %s",
                 fact->name, was ? was : "");
        return refuse(out, what);
    }
    return 0;
}

static int read_and_compare(const char *path, const char *out, const struct batch_facts *facts)
{
    struct text text = {0};
    beluga_json_doc *doc = NULL;
    int rc = input_read_file(path, MAX_BYTES, &text);
    if (rc == 0 && beluga_json_parse(text.bytes, text.length, &doc, NULL) != 0)
        rc = refuse(out, "can't be gone on with: OUT.batch beside it is damaged");
    if (rc == 0) rc = compare(out, facts, beluga_json_doc_root(doc));
    beluga_json_doc_free(doc);
    text_free(&text);
    return rc;
}

int batch_sidecar_check(const char *out, const struct batch_facts *facts, bool begun, bool dry)
{
    char *path = NULL;
    int rc = 0;
    if (asprintf(&path, "%s.batch", out) < 0) return out_no_memory();
    if (!begun)
        rc = dry ? 0 : save(path, facts);
    else if (access(path, F_OK) == 0)
        rc = read_and_compare(path, out, facts);
    else
        rc = refuse(
            out, "was not begun by beluga batch (what it belongs to would be in a file beside it)");
    free(path);
    return rc;
}
