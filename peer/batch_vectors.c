/*
 * Writes the vectors of lines that embed texts. Sources: OpenAI's API reference (a list of objects
 * with "index" and "embedding", which is an array or, if the request says so, base64 of 32-bit
 * floats, the lowest byte first), which Mistral's client shares; google-genai 3.6, types.py
 * (SingleEmbedContentResponse).
 */
#include "peer/batch.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define USUAL_DIMENSIONS 3
#define MAX_DIMENSIONS   4096

static size_t dimensions_of(json request)
{
    static const char *const names[] = {"dimensions", "output_dimension", "outputDimensionality"};
    json value = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names && !value.at; i++)
        value = peer__json_get(request, names[i]);
    unsigned long n = value.at ? strtoul(value.at, NULL, 10) : 0;
    return n >= 1 && n <= MAX_DIMENSIONS ? n : USUAL_DIMENSIONS;
}

/* Return number i of a text's vector. Each number is a byte of the text divided by 128, so tests
 * know the vectors, and floats are exact. */
static float number_of(const bytes *text, size_t i)
{
    return text->len ? (float)(unsigned char)text->data[i % text->len] / 128 : 0;
}

static bool put_array(const bytes *text, size_t dimensions, bytes *out)
{
    bool ok = peer__put(out, "[");
    for (size_t i = 0; ok && i < dimensions; i++)
        ok = peer__putf(out, "%s%.9g", i ? "," : "", (double)number_of(text, i));
    return ok && peer__put(out, "]");
}

/* Return byte i of the vector's numbers; 0 after their end. */
static unsigned byte_of(const bytes *text, size_t dimensions, size_t i)
{
    uint32_t bits;
    float number = i / 4 < dimensions ? number_of(text, i / 4) : 0;
    memcpy(&bits, &number, sizeof bits);
    return bits >> 8 * (i % 4) & 255;
}

static bool put_base64(const bytes *text, size_t dimensions, bytes *out)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = dimensions * 4;
    bool ok = peer__put(out, "\"");
    for (size_t i = 0; ok && i < n; i += 3) {
        unsigned three = byte_of(text, dimensions, i) << 16 |
                         byte_of(text, dimensions, i + 1) << 8 | byte_of(text, dimensions, i + 2);
        char four[] = {letters[three >> 18], letters[three >> 12 & 63],
                       i + 1 < n ? letters[three >> 6 & 63] : '=',
                       i + 2 < n ? letters[three & 63] : '='};
        ok = peer__put_n(out, four, sizeof four);
    }
    return ok && peer__put(out, "\"");
}

/* Append the vector of one text to OpenAI's list, and add its tokens to *tokens. */
static bool put_item(json input, json request, size_t index, size_t *tokens, bytes *out)
{
    bytes text = {0};
    bool base64 = peer__json_is(peer__json_get(request, "encoding_format"), "base64");
    bool ok = peer__json_text(input, &text) &&
              peer__putf(out, "%s{\"object\":\"embedding\",\"index\":%zu,\"embedding\":",
                         index ? "," : "", index);
    if (ok) ok = (base64 ? put_base64 : put_array)(&text, dimensions_of(request), out);
    *tokens += text.len / 4 + 1;
    peer__bytes_free(&text);
    return ok && peer__put(out, "}");
}

static bool put_list(json request, const char *model, bytes *out)
{
    json input = peer__json_get(request, "input"), item = {0};
    size_t n = 0, tokens = 0;
    bool ok = peer__put(out, "{\"object\":\"list\",\"data\":[");
    if (ok && input.at && *input.at == '"')
        ok = put_item(input, request, n, &tokens, out);
    else
        while (ok && peer__json_next(input, &item)) ok = put_item(item, request, n++, &tokens, out);
    return ok && peer__put(out, "],\"model\":") && peer__put_string(out, model) &&
           peer__putf(out, ",\"usage\":{\"prompt_tokens\":%zu,\"total_tokens\":%zu}}", tokens,
                      tokens);
}

bool peer__batch_put_vectors(const batch_job *job, const batch_line *line, const char *model,
                             bytes *out)
{
    bytes text = {0};
    if (job->shape != BATCH_GEMINI) return put_list(line->request, model, out);
    bool ok = peer__batch_line_text(line, &text) && peer__put(out, "{\"embedding\":{\"values\":") &&
              put_array(&text, dimensions_of(line->request), out) &&
              peer__putf(out, "},\"tokenCount\":\"%zu\"}", text.len / 4 + 1);
    peer__bytes_free(&text);
    return ok;
}
