/* Options of one call, as SQL gives them: a JSON object of what a user may set. */
#ifndef BELUGA_DATABASE_OPTIONS_H
#define BELUGA_DATABASE_OPTIONS_H

#include <beluga/error.h>
#include <beluga/option.h>
#include <beluga/provider/json.h>

#include <stddef.h>
#include <stdint.h>

/* What a call asks for. All texts are borrowed until the call was started. */
typedef struct db_request {
    const char *model;   /* NULL or "": that of the configuration file */
    const char *setting; /* what the host calls its own default model, for messages */
    const char *options; /* a JSON object, such as {"temperature": 0.2}; NULL: none */
    size_t options_length;
    const char *schema;  /* the JSON Schema that the answer must fit; NULL: none */
    int64_t timeout_ms;  /* of a call in all; 0: DB_TIMEOUT_MS */
    int64_t max_tokens;  /* 0: as the model is configured */
    double temperature;  /* -1: likewise */
    int64_t concurrency; /* calls of many that run at once; 0: 8 */
} db_request;

#define DB_TIMEOUT_MS INT64_C(60000)

enum { DB_MAX_OPTIONS = 128 };

/* Options that were read. Zero-initialise this struct; free it with db_options_free. */
typedef struct db_options {
    beluga_option list[DB_MAX_OPTIONS];
    size_t n;
    char *texts[DB_MAX_OPTIONS]; /* "name=value", into which the options point */
    size_t n_texts;
    beluga_json_doc *doc;
    const char *system; /* system text; NULL: none; borrowed of `doc` */
    size_t system_length;
    int64_t timeout_ms;
} db_options;

/*
 * Read the options of a request. The user's own win over the request's defaults.
 *
 * @return 0; BELUGA_ERROR_INVALID_INPUT no JSON object, an option that can't be set from SQL, or a
 * value of another type.
 */
int db_options_read(db_options *options, const db_request *request, int64_t max_answer_bytes,
                    beluga_error *err);
void db_options_free(db_options *options);

#endif
