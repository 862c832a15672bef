/* Decodes an answer that did not come over a call of its own, but in the results of a batch job. */
#ifndef BELUGA__DECODE_ANSWER_H
#define BELUGA__DECODE_ANSWER_H

#include "model/model.h"

/* Let the provider of a call decode an answer of this HTTP status, and send what it says to the
 * sink, with METADATA first and a terminal event at the end. The call is of kind ANSWER, and
 * nothing was asked by it; its loop's JSON scratch is used. */
void beluga__decode_answer(beluga_call *call, int status, const char *body, size_t length,
                           beluga__sink *sink);

#endif
