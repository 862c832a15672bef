#include "embed/vectors.h"

#include <beluga/error.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void vectors_name_model(const beluga_chat_model *model, char name[VECTORS_MODEL_BYTES])
{
    snprintf(name, VECTORS_MODEL_BYTES, "%s/%s", beluga_provider_name(model),
             beluga_model_name(model));
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Round a float to nine digits, which are enough to distinguish all floats. Otherwise it would be
 * printed with the seventeen digits of a double. */
static double shorten(float number)
{
    char text[32];
    snprintf(text, sizeof text, "%.7g", (double)number);
    if (strtof(text, NULL) != number) snprintf(text, sizeof text, "%.9g", (double)number);
    return strtod(text, NULL);
}

void vectors_put_numbers(beluga_json_writer *w, const char *key, const float *vector, size_t n)
{
    beluga_json_begin_array(w, key);
    for (size_t i = 0; i < n; i++) beluga_json_put_double(w, NULL, shorten(vector[i]));
    beluga_json_end_array(w);
}

void vectors_put(beluga_json_writer *w, const vectors_row *row)
{
    beluga_json_begin_object(w, NULL);
    if (row->index >= 0) beluga_json_put_int(w, "index", row->index);
    if (row->id) beluga_json_put_string(w, "id", row->id);
    if (row->model) beluga_json_put_string(w, "model", row->model);
    if (row->text) beluga_json_put_string_n(w, "text", row->text, row->text_length);
    vectors_put_numbers(w, "embedding", row->vector, row->dimensions);
    beluga_json_end_object(w);
}

/* ---- reading --------------------------------------------------------------------------------- */

static int refuse(const char **why, const char *what)
{
    *why = what;
    return BELUGA_ERROR_INVALID_INPUT;
}

static int take_numbers(vectors_line *line, const beluga_json *array, const char **why)
{
    size_t n = beluga_json_is_array(array) ? beluga_json_count(array) : 0, i = 0;
    if (!n || n > VECTORS_MAX_DIMENSIONS)
        return refuse(why, "it has no \"embedding\" with 1 to 65,536 numbers: give a file that "
                           "beluga embed wrote without --json and --float32");
    float *numbers = realloc(line->numbers, n * sizeof *numbers);
    if (!numbers) return BELUGA_ERROR_NO_MEMORY;
    line->numbers = numbers;
    for (const beluga_json *v = beluga_json_first(array); v; v = beluga_json_next(array, v)) {
        numbers[i] = (float)beluga_json_double(v, (double)NAN);
        if (!isfinite(numbers[i++]))
            return refuse(why, "its \"embedding\" contains something that is not a number");
    }
    line->row.vector = numbers;
    line->row.dimensions = n;
    return 0;
}

int vectors_read(vectors_line *line, const char *bytes, size_t n, const char **why)
{
    beluga_error err;
    beluga_json_doc_free(line->doc);
    line->doc = NULL;
    line->row = (vectors_row){.index = -1};
    int rc = beluga_json_parse(bytes, n, &line->doc, &err);
    if (rc == BELUGA_ERROR_NO_MEMORY) return rc;
    if (rc)
        return refuse(why, "it is not valid JSON: give a file that beluga embed wrote without "
                           "--json and --float32");
    const beluga_json *root = beluga_json_doc_root(line->doc), *id = beluga_json_get(root, "id");
    line->row.index = beluga_json_get_int(root, "index", -1);
    line->row.id = beluga_json_string(id, NULL);
    if (!line->row.id && beluga_json_is_number(id))
        line->row.id = beluga_json_text(line->doc, id, NULL);
    line->row.model = beluga_json_get_string(root, "model", NULL);
    line->row.text = beluga_json_get_string(root, "text", &line->row.text_length);
    return take_numbers(line, beluga_json_get(root, "embedding"), why);
}

void vectors_free(vectors_line *line)
{
    beluga_json_doc_free(line->doc);
    free(line->numbers);
    *line = (vectors_line){.doc = NULL};
}
