/* Converts requests to Chat Completions or Responses, and lists of messages, into messages, tools
 * and options. */
#ifndef BELUGA_CLI_BATCH_REQUEST_H
#define BELUGA_CLI_BATCH_REQUEST_H

#include "batch/item.h"

/* Read the body of a request in the protocol of the item. @return as batch_item_parse. */
int batch_request_parse(const batch_plan *plan, const beluga_json *body, batch_item *item);
/* Read a list of messages: [{"role": …, "content": …}, …]. @return as batch_item_parse. */
int batch_request_parse_messages(const beluga_json *list, batch_item *item);

#endif
