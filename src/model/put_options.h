/* Writes the options of a call into its request. The public function for this is
 * beluga_http_request_put_options. */
#ifndef BELUGA__PUT_OPTIONS_H
#define BELUGA__PUT_OPTIONS_H

#include "model/call.h"

/* Returns whether the encoder read an option. Key 0 means the tools. */
bool beluga__reads_has(const uint64_t *reads, int key);
/* Warn of each option that is set and shapes the answer, but was not read. */
void beluga__warn_of_unread(const beluga_call *call, const uint64_t *reads,
                            beluga_http_request *request);

#endif
