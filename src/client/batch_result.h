#ifndef BELUGA__BATCH_RESULT_H
#define BELUGA__BATCH_RESULT_H

#include "client/chat_model.h"

#include <beluga/batch.h>

/*
 * Decode a BELUGA_EVENT_BATCH_RESULT with a body. The loop's scratch is used meanwhile.
 * @param result  All zeros but for its error, whose code is 0. Receives a response, or an error and
 *                what came before it.
 */
void beluga__batch_result_decode(const beluga_chat_model *model, beluga_loop *loop,
                                 const beluga_event *event, beluga_batch_result *result);

#endif
