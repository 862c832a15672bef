/* Decodes an answer that was not requested by a call of its own: one result of a batch job. */
#ifndef BELUGA__DECODE_ANSWER_H
#define BELUGA__DECODE_ANSWER_H

#include "model/model.h"

/* Let the provider of a call decode an answer with this HTTP status, and send the events to the
 * sink: METADATA first, a terminal event last. The call must be of kind ANSWER and has sent no
 * request. The JSON scratch memory of the call's loop is used. */
void beluga__decode_answer(beluga_call *call, int status, const char *body, size_t length,
                           beluga__sink *sink);

#endif
