/* Converts the body of a request for embeddings into texts and options. */
#ifndef BELUGA_CLI_BATCH_TEXTS_H
#define BELUGA_CLI_BATCH_TEXTS_H

#include "batch/item.h"

/* The limit of texts in one request; the limits of services are lower. */
#define BATCH_MAX_TEXTS 10000

/* @return as batch_item_parse. */
int batch_texts_parse(const beluga_json *body, batch_item *item);

#endif
