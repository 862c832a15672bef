#include "batch/sidecar.h"

#include "base/new_file.h"
#include "batch/digest.h"
#include "batch/files.h"
#include "exit.h"
#include "input.h"
#include "output.h"

#include <beluga/provider/json.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_BYTES ((size_t)1024 * 1024)
#define VERSION   1

/* Print why the file can't be used. This program chose the file's name, so the reason may be that
 * the path belongs to something else, such as a directory. */
static int complain(const char *path, int error)
{
    char text[128];
    out_error("%s can't be used: %s", path, beluga__file_explain(error, text, sizeof text));
    return CLI_EXIT_OUTPUT;
}

static int save(const char *path, const batch_facts *facts)
{
    batch_new_file file;
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
                                                        : batch_new_file_begin(&file, path, false);
    if (rc == 0 && (batch_new_file_add(&file, text, length) || batch_new_file_add(&file, "\n", 1) ||
                    batch_new_file_finish(&file, NULL))) {
        batch_new_file_drop(&file);
        rc = -1;
    }
    beluga_json_writer_free(w);
    return rc == 0 ? 0 : complain(path, errno);
}

static int refuse(const char *out, const char *what)
{
    out_error("%s %s: choose another --out, or remove the file to begin again", out, what);
    return CLI_EXIT_USAGE;
}

/* ---- differences
 * ------------------------------------------------------------------------------ */

/* One setting of a text "name=value name=value". Values are numbers, words, or digests of longer
 * texts. */
typedef struct named_setting {
    const char *name, *value;
    int name_length, value_length;
} named_setting;

static const char *take_setting(const char *text, named_setting *setting)
{
    text += strspn(text, " ");
    if (!*text) return NULL;
    setting->name = text;
    setting->name_length = (int)strcspn(text, "=");
    text += setting->name_length;
    setting->value = text + (*text == '=');
    setting->value_length = (int)strcspn(setting->value, " ");
    return setting->value + setting->value_length;
}

static bool find_setting(const char *text, const named_setting *wanted, named_setting *found)
{
    while ((text = take_setting(text, found)) != NULL)
        if (found->name_length == wanted->name_length &&
            strncmp(found->name, wanted->name, (size_t)wanted->name_length) == 0)
            return true;
    return false;
}

static bool is_digest(const named_setting *s)
{
    return s->value_length == BATCH_DIGEST_TEXT - 1;
}

/* Describe how one option differs; `was` or `is` may be NULL: the option was not or is not set. */
static void tell_setting(const named_setting *was, const named_setting *is, char *text, size_t size)
{
    static const char own[] = "provider_specific";
    const named_setting *s = was ? was : is;
    if ((size_t)s->name_length == sizeof own - 1 && strncmp(s->name, own, sizeof own - 1) == 0)
        snprintf(text, size, "other options of the provider");
    else if (is_digest(s))
        snprintf(text, size, "another %.*s", s->name_length, s->name);
    else if (was)
        snprintf(text, size, "another %.*s (%.*s)", s->name_length, s->name, s->value_length,
                 s->value);
    else
        snprintf(text, size, "no %.*s", s->name_length, s->name);
}

/* Describe the first option that differs. */
static void tell_options(const char *was, const char *is, char *text, size_t size)
{
    named_setting old, new;
    snprintf(text, size, "other options");
    for (const char *at = was; (at = take_setting(at, &old)) != NULL;) {
        bool there = find_setting(is, &old, &new);
        if (there &&
            old.value_length ==
                new.value_length &&strncmp(old.value, new.value, (size_t)old.value_length) == 0)
            continue;
        tell_setting(&old, there ? &new : NULL, text, size);
        return;
    }
    for (const char *at = is; (at = take_setting(at, &new)) != NULL;)
        if (!find_setting(was, &new, &old)) {
            tell_setting(NULL, &new, text, size);
            return;
        }
}

static void tell_fact(const batch_fact *fact, const char *was, char *text, size_t size)
{
    if (strcmp(fact->name, "options") == 0)
        tell_options(was, fact->value, text, size);
    else if (strcmp(fact->name, "model") == 0)
        snprintf(text, size, "another model (%.80s)", was);
    else if (strcmp(fact->name, "format") == 0)
        snprintf(text, size, "another format, delimiter or column");
    else if (strcmp(fact->name, "tools") == 0)
        snprintf(text, size, "%s", *was ? "other tools" : "no tools");
    else
        snprintf(text, size, "another %s%s", fact->name,
                 strcmp(fact->name, "system") == 0 ? " text" : "");
}

/* Describe the first difference. A difference of the input is described only if nothing else
 * differs. */
void batch_facts_compare(const batch_facts *facts, const beluga_json *root, batch_difference *out)
{
    int used = snprintf(out->text, sizeof out->text, "was begun with ");
    out->kind = BATCH_SAME;
    for (size_t i = 0; i < facts->count; i++) {
        const batch_fact *fact = &facts->items[i];
        const char *was = beluga_json_get_string(root, fact->name, NULL);
        if (!was) was = ""; /* an earlier version did not record the fact */
        if (strcmp(was, fact->value) == 0 || out->kind == BATCH_OTHER) continue;
        out->kind = strcmp(fact->name, "input") == 0 ? BATCH_OTHER_INPUT : BATCH_OTHER;
        tell_fact(fact, was, out->text + used, sizeof out->text - (size_t)used);
    }
}

static int read_and_compare(const char *path, const char *out, const batch_facts *facts,
                            batch_difference *difference)
{
    cli_text text = {0};
    struct stat info;
    beluga_json_doc *doc = NULL;
    if (lstat(path, &info) != 0)
        return refuse(out, "was not written by beluga batch (there is no OUT.batch file beside it "
                           "that describes the run)");
    if (!S_ISREG(info.st_mode)) return complain(path, S_ISLNK(info.st_mode) ? ELOOP : EINVAL);
    int rc = input_read_file(path, MAX_BYTES, &text);
    if (rc == 0 && beluga_json_parse(text.data, text.length, &doc, NULL) != 0)
        rc = refuse(out, "can't be continued: the file OUT.batch beside it is damaged");
    const beluga_json *root = beluga_json_doc_root(doc);
    if (rc == 0 && beluga_json_get_int(root, "version", 0) != VERSION)
        rc = refuse(out, "was begun by another version of beluga");
    if (rc == 0) batch_facts_compare(facts, root, difference);
    beluga_json_doc_free(doc);
    text_free(&text);
    return rc;
}

int batch_sidecar_compare(const char *out, const batch_facts *facts, batch_difference *difference)
{
    char *path = NULL;
    if (asprintf(&path, "%s.batch", out) < 0) return out_no_memory();
    int rc = read_and_compare(path, out, facts, difference);
    free(path);
    return rc;
}

int batch_sidecar_write(const char *out, const batch_facts *facts)
{
    char *path = NULL;
    if (asprintf(&path, "%s.batch", out) < 0) return out_no_memory();
    int rc = save(path, facts);
    free(path);
    return rc;
}

int batch_sidecar_refuse(const char *out, const batch_difference *difference)
{
    return refuse(out, difference->text);
}
