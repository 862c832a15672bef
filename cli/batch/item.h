/* The question of a record: its id, messages and options. */
#ifndef BELUGA_CLI_BATCH_ITEM_H
#define BELUGA_CLI_BATCH_ITEM_H

#include "batch/reader.h"
#include "batch/template.h"

#include <beluga/chat_model.h>
#include <beluga/provider/json.h>

#define BATCH_MAX_ID_BYTES ((size_t)512)
/* Members of a request that are options here; the others go to the provider as they are. */
#define BATCH_MAX_OPTIONS 24
#define BATCH_MAX_STOPS   8
#define BATCH_MAX_TOOLS   128

/* The same for all records. */
typedef struct batch_plan {
    const batch_template *template; /* NULL: none */
    const char *system;             /* NULL: none */
    const batch_reader *reader;     /* for its columns */
    beluga_chat_model *model;       /* that tools are bound to; NULL: tools are only checked */
    long id_column, prompt_column;  /* of CSV; -1: none */
} batch_plan;

typedef struct batch_item {
    uint64_t line;
    char id[BATCH_MAX_ID_BYTES + 1];
    bool has_id; /* of its own, and not just the line's number */
    beluga_messages *messages;
    beluga_option options[BATCH_MAX_OPTIONS + BATCH_MAX_STOPS];
    size_t n_options;
    int64_t max_tokens;       /* that the request asks for; 0: none */
    beluga_chat_model *model; /* with the request's tools; NULL: none */
    char *extra;              /* JSON of what the provider gets as it is */
    char *schema;
    beluga_json_doc *doc; /* that the options' texts are in */
    char why[BATCH_FAULT_BYTES];
} batch_item;

/* Find the columns of a CSV. @return 0, or -1 with what is missing in `why`. */
int batch_plan_columns(batch_plan *plan, char why[BATCH_FAULT_BYTES]);

/* Read only the id. @return as batch_item_parse. */
int batch_item_parse_id(const batch_plan *plan, const batch_record *record, batch_item *item);

/*
 * Read a record. Free the item in either case; its id is set when there is one, and else the line's
 * number.
 * @return 0; BELUGA_ERROR_INVALID_INPUT with the reason in `why`; BELUGA_ERROR_NO_MEMORY.
 */
int batch_item_parse(const batch_plan *plan, const batch_record *record, batch_item *item);

void batch_item_free(batch_item *item);

#endif
