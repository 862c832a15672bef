/* Turns the body of a request to Chat Completions or Responses into messages and options. */
#ifndef BELUGA_CLI_BATCH_REQUEST_H
#define BELUGA_CLI_BATCH_REQUEST_H

#include "batch/item.h"

/* Read a body; the item knows of which interface it is. @return as batch_item_parse. */
int batch_request_parse(const batch_plan *plan, const beluga_json *body, batch_item *item);

#endif
