/* The options of a call in its request; beluga_http_request_put_options is public. */
#ifndef BELUGA__PUT_OPTIONS_H
#define BELUGA__PUT_OPTIONS_H

#include "model/call.h"

/* Returns whether the encoder looked at an option; key 0 stands for the tools. */
bool beluga__reads_has(const uint64_t *reads, int key);
/* Warn of each option that shapes the answer, is set, and was not looked at. */
void beluga__warn_of_unread(const beluga_call *call, const uint64_t *reads,
                            beluga_http_request *request);

#endif
