#ifndef BELUGA__BATCH_RESULT_H
#define BELUGA__BATCH_RESULT_H

#include "client/chat_model.h"

#include <beluga/batch.h>

/* Decode a BELUGA_EVENT_BATCH_RESULT that has a body. Uses the loop's scratch memory.
 * @param result  Must be zeroed. Receives a response, or an error and the part of the answer that
 *                arrived before the error. */
void beluga__batch_result_decode(const beluga_chat_model *model, beluga_loop *loop,
                                 const beluga_event *event, beluga_batch_result *result);

#endif
