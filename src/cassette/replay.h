/* A loop that replays has these transfers, which are read from files. */
#ifndef BELUGA__CASSETTE_REPLAY_H
#define BELUGA__CASSETTE_REPLAY_H

#include "loop/loop.h"

int beluga__replay_start(beluga_loop *loop, const beluga__transfer_spec *spec,
                         beluga__transfer **out, beluga_error *err);
void beluga__replay_cancel(beluga__transfer *transfer, const beluga_error *why);
void beluga__replay_finish(beluga__transfer *transfer);
void beluga__replay_pause(beluga__transfer *transfer, bool paused);

#endif
