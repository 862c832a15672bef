/* A loop that records has these transfers: the network's, which are also written into files. */
#ifndef BELUGA__CASSETTE_RECORD_H
#define BELUGA__CASSETTE_RECORD_H

#include "loop/loop.h"

int beluga__record_start(beluga_loop *loop, const beluga__transfer_spec *spec,
                         beluga__transfer **out, beluga_error *err);
void beluga__record_cancel(beluga__transfer *transfer, const beluga_error *why);
void beluga__record_finish(beluga__transfer *transfer);
void beluga__record_pause(beluga__transfer *transfer, bool paused);

#endif
