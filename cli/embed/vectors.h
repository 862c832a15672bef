/* Vectors as lines of JSON: {"index", "id", "model", "text", "embedding"}. */
#ifndef BELUGA_CLI_EMBED_VECTORS_H
#define BELUGA_CLI_EMBED_VECTORS_H

#include <beluga/chat_model.h>
#include <beluga/provider/json.h>

#include <stddef.h>
#include <stdint.h>

#define VECTORS_MAX_DIMENSIONS ((size_t)65536)
#define VECTORS_MODEL_BYTES    512

typedef struct vectors_row {
    int64_t index;     /* -1: unknown */
    const char *id;    /* NULL: none */
    const char *model; /* PROVIDER/MODEL; NULL: unknown */
    const char *text;  /* NULL: unknown */
    size_t text_length;
    const float *vector;
    size_t dimensions;
} vectors_row;

/* Write the name of a model as PROVIDER/MODEL. */
void vectors_name_model(const beluga_chat_model *model, char name[VECTORS_MODEL_BYTES]);

/* Write a vector as an array. @param key  NULL inside an array. */
void vectors_put_numbers(beluga_json_writer *w, const char *key, const float *vector, size_t n);

/* Write a row as an object. */
void vectors_put(beluga_json_writer *w, const vectors_row *row);

/* Memory for a row that was read. Zero-initialise this struct. */
typedef struct vectors_line {
    vectors_row row; /* points into the two members below */
    beluga_json_doc *doc;
    float *numbers;
} vectors_line;

/*
 * Read a line, which replaces the previous one.
 * @param why  Receives a static text that says what is wrong with the line.
 * @return 0; BELUGA_ERROR_INVALID_INPUT; BELUGA_ERROR_NO_MEMORY.
 */
int vectors_read(vectors_line *line, const char *bytes, size_t n, const char **why);
void vectors_free(vectors_line *line);

#endif
