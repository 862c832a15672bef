/* Reads a record of the input into a request: its id, messages and options. */
#ifndef BELUGA_CLI_BATCH_ITEM_H
#define BELUGA_CLI_BATCH_ITEM_H

#include "batch/reader.h"
#include "batch/template.h"
#include "protocol/protocol.h"

#include <beluga/chat_model.h>

#define BATCH_MAX_ID_BYTES ((size_t)512)

/* The settings that all records share. */
typedef struct batch_plan {
    const batch_template *template; /* NULL: none */
    const char *system;             /* system text; NULL: none */
    /* column or member that contains the prompt; NULL: one of the usual names */
    const char *prompt_name;
    const batch_reader *reader; /* knows the names of the columns */
    /* model to which the tools of a record are bound; NULL: the tools are only checked */
    beluga_chat_model *model;
    const char *attach_name; /* column or member with files and addresses to attach; NULL: none */
    uint64_t takes;          /* capabilities of the model's provider */
    /* indices of columns in a CSV file; -1: none */
    long id_column, prompt_column, attach_column;
} batch_plan;

typedef struct batch_item {
    uint64_t line, digest; /* of the record */
    char id[BATCH_MAX_ID_BYTES + 1];
    bool has_id; /* the record has an id, and not just a line number */
    /* the request; a record that is not a request itself becomes a Chat Completions request with
     * only messages */
    protocol_request request;
    /* the texts of a request for embeddings, which has no messages; the arrays are owned */
    const char **texts;
    size_t *lengths, n_texts;
    beluga_chat_model *model; /* model to which the tools of this request are bound; NULL: none */
    char why[BATCH_FAULT_BYTES];
} batch_item;

/* Find the columns of a CSV file. @return 0, or -1 with the name of the missing column in `why`. */
int batch_plan_columns(batch_plan *plan, char why[BATCH_FAULT_BYTES]);

/* Read only the id of a record. The line number replaces an id that is missing or can't be read.
 * @return as batch_item_parse. */
int batch_item_parse_id(const batch_plan *plan, const batch_record *record, batch_item *item);

/*
 * Read a record. Free the item in either case. Its id is the record's id, or else the line's
 * number.
 * @return 0; BELUGA_ERROR_INVALID_INPUT with the reason in `why`; BELUGA_ERROR_NO_MEMORY.
 */
int batch_item_parse(const batch_plan *plan, const batch_record *record, batch_item *item);

void batch_item_free(batch_item *item);

#endif
