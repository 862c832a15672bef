#include "kit/recording.h"

#include "kit/text.h"

#include <beluga/provider/json.h>

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a body ---------------------------------------------------------------------------------- */

static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

static bool add_base64(check_text *out, const char *text, size_t n)
{
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < n && text[i] != '='; i++) {
        int digit = digit_of(text[i]);
        if (digit < 0) return false;
        bits = bits << 6 | (unsigned)digit;
        if ((count += 6) < 8) continue;
        count -= 8;
        char byte = (char)(bits >> count & 0xff);
        check_text_add(out, &byte, 1);
    }
    return true;
}

static bool add_string(check_text *out, const beluga_json *value, bool base64)
{
    size_t n;
    const char *text = beluga_json_string(value, &n);
    if (!text) return false;
    if (base64) return add_base64(out, text, n);
    check_text_add(out, text, n);
    return true;
}

/* Add a text, which is a string or an array of strings that are joined. */
static bool add_strings(check_text *out, const beluga_json *value, bool base64)
{
    if (!beluga_json_is_array(value)) return add_string(out, value, base64);
    for (const beluga_json *v = beluga_json_first(value); v; v = beluga_json_next(value, v))
        if (!add_string(out, v, base64)) return false;
    return true;
}

static bool add_piece(check_text *out, beluga_json_doc *doc, const beluga_json *piece)
{
    const beluga_json *json = beluga_json_get(piece, "json"),
                      *text = beluga_json_get(piece, "text");
    const beluga_json *base64 = beluga_json_get(piece, "base64");
    size_t n;
    if (text || base64) return add_strings(out, text ? text : base64, !text);
    const char *compact = json ? beluga_json_text(doc, json, &n) : NULL;
    if (compact) check_text_add(out, compact, n);
    return compact != NULL;
}

/* ---- an answer ------------------------------------------------------------------------------- */

/* Write the answer as `curl -i` does. @return NULL, or a description of the fault. */
static const char *write_answer(check_text *out, beluga_json_doc *doc)
{
    const beluga_json *root = beluga_json_doc_root(doc);
    const beluga_json *response = beluga_json_get(root, "response");
    const beluga_json *headers = beluga_json_get(response, "headers");
    const beluga_json *chunks = beluga_json_get(response, "chunks");
    int64_t status = beluga_json_get_int(response, "status", 0);
    if (!beluga_json_get(root, "beluga_cassette")) return "the file is not a recording of --record";
    if (status < 200) return "the recording has no answer";
    check_text_printf(out, "HTTP/1.1 %d\n", (int)status);
    for (const beluga_json *h = beluga_json_first(headers); h; h = beluga_json_next(headers, h)) {
        if (!add_string(out, h, false)) return "a header in the recording is not text";
        check_text_puts(out, "\n");
    }
    check_text_puts(out, "\n");
    for (const beluga_json *c = beluga_json_first(chunks); c; c = beluga_json_next(chunks, c))
        if (!add_piece(out, doc, c))
            return "a piece of the answer has neither json, text nor base64";
    return out->status ? "it is too long" : NULL;
}

static int read_recording(const char *path, check_text *answer, beluga_error *err)
{
    check_text text = {0};
    beluga_json_doc *doc = NULL;
    const char *wrong = "the file is not JSON";
    bool there = check_text_read(&text, path);
    if (there && !beluga_json_parse(check_text_get(&text), text.length, &doc, NULL))
        wrong = write_answer(answer, doc);
    beluga_json_doc_free(doc);
    check_text_free(&text);
    if (!there) return beluga_error_set(err, BELUGA_ERROR_NOT_FOUND, "%s can't be read", path);
    if (!wrong) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG, "%s: %s", path, wrong);
}

/* ---- files ----------------------------------------------------------------------------------- */

static int write_new(const char *path, const check_text *answer, beluga_error *err)
{
    FILE *out = fopen(path, "wbxe");
    if (!out && errno == EEXIST)
        return beluga_error_set(
            err, BELUGA_ERROR_INVALID_CONFIG,
            "%s exists already, and an answer is never replaced: remove the file first", path);
    bool written = out && fwrite(answer->data, 1, answer->length, out) == answer->length;
    written = out && fclose(out) == 0 && written;
    if (written) return 0;
    if (out) remove(path);
    return beluga_error_set(err, BELUGA_ERROR_INTERNAL, "%s can't be written: %s", path,
                            strerror(errno));
}

static int take_one(const char *folder, const char *scenario, size_t n, const char *from,
                    check_text *written, beluga_error *err)
{
    char path[2 * CHECK_MAX_PATH], number[24] = "";
    check_text answer = {0};
    if (n > 1) snprintf(number, sizeof number, ".%zu", n);
    snprintf(path, sizeof path, "%s/%s%s" CHECK_ANSWER_ENDING, folder, scenario, number);
    int code = n > CHECK_MAX_EXCHANGES
                   ? beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                      "%s: a case has at most %d answers: name one file", from,
                                      CHECK_MAX_EXCHANGES)
                   : read_recording(from, &answer, err);
    if (!code) code = write_new(path, &answer, err);
    if (!code) check_text_printf(written, "%s: answer\n", path);
    check_text_free(&answer);
    return code;
}

static int is_recording(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);
    return n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0;
}

static int take_all(const char *folder, const char *scenario, const char *from, check_text *written,
                    beluga_error *err)
{
    struct dirent **entries = NULL;
    char path[2 * CHECK_MAX_PATH];
    int code = 0, n = scandir(from, &entries, is_recording, alphasort);
    /* The path names a file, not a folder. */
    if (n < 0) return take_one(folder, scenario, 1, from, written, err);
    if (n == 0) code = beluga_error_set(err, BELUGA_ERROR_NOT_FOUND, "%s has no recordings", from);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", from, entries[i]->d_name);
        if (!code) code = take_one(folder, scenario, (size_t)i + 1, path, written, err);
        free(entries[i]);
    }
    free(entries);
    return code;
}

int check_recording_take(const check_profile *profile, const char *scenario, const char *from,
                         check_text *written, beluga_error *err)
{
    char folder[CHECK_MAX_PATH];
    if (!profile->n_levels || profile->borrowed)
        return beluga_error_set(
            err, BELUGA_ERROR_NOT_FOUND,
            "no folder for the recorded case: make the folder fixtures/check first");
    snprintf(folder, sizeof folder, "%s", profile->levels[0].path);
    char *slash = strrchr(folder, '/');
    if (slash) *slash = '\0';
    return take_all(folder, scenario, from, written, err);
}
