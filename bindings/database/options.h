/* Options of one call. In SQL they are a JSON object. */
#ifndef BELUGA_DATABASE_OPTIONS_H
#define BELUGA_DATABASE_OPTIONS_H

#include <beluga/error.h>
#include <beluga/option.h>
#include <beluga/provider/json.h>

#include <stddef.h>
#include <stdint.h>

/* The request of one call. All texts are borrowed until the call has started. */
typedef struct db_request {
    const char *model;   /* NULL or "": the default model of the configuration file */
    const char *setting; /* how a user of the host sets the default model, for error messages */
    const char *options; /* a JSON object, such as {"temperature": 0.2}; NULL: none */
    size_t options_length;
    const char *schema;  /* the JSON Schema that the answer must fit; NULL: none */
    int64_t timeout_ms;  /* for a whole call; 0: DB_TIMEOUT_MS */
    int64_t max_tokens;  /* 0: the model's setting */
    double temperature;  /* -1: the model's setting */
    int64_t concurrency; /* how many calls of a db_many run at once; 0: 8 */
} db_request;

#define DB_TIMEOUT_MS INT64_C(60000)

enum { DB_MAX_OPTIONS = 128 };

/* Options that were read. Zero-initialise this struct; free it with db_options_free. */
typedef struct db_options {
    beluga_option list[DB_MAX_OPTIONS];
    size_t n;
    char *texts[DB_MAX_OPTIONS]; /* texts "name=value", to which the options point; owned */
    size_t n_texts;
    beluga_json_doc *doc;
    const char *system; /* system text; NULL: none; borrowed from `doc` */
    size_t system_length;
    int64_t timeout_ms;
} db_options;

/*
 * Read the options of a request. Options in its JSON object win over its other fields.
 *
 * @return 0; BELUGA_ERROR_INVALID_INPUT: the options are not a JSON object, or have an option that
 * can't be set from SQL or has a value of the wrong type.
 */
int db_options_read(db_options *options, const db_request *request, int64_t max_answer_bytes,
                    beluga_error *err);
void db_options_free(db_options *options);

#endif
