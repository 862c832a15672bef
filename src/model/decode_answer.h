/* Decodes one result of a batch job, which is an answer that had no HTTP request of its own. */
#ifndef BELUGA__DECODE_ANSWER_H
#define BELUGA__DECODE_ANSWER_H

#include "model/model.h"

/* Let the provider of a call decode an answer with this HTTP status, and send the events to the
 * sink: METADATA first if the status is 2xx, and a terminal event last. The call must be of kind
 * ANSWER or EMBED and has sent no request. The JSON scratch memory of the call's loop is used. */
void beluga__decode_answer(beluga_call *call, int status, const char *body, size_t length,
                           beluga__sink *sink);

#endif
