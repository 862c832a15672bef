/* The transfers of a loop that replays a cassette: they are answered from files. */
#ifndef BELUGA__CASSETTE_REPLAY_H
#define BELUGA__CASSETTE_REPLAY_H

#include "loop/loop.h"

void beluga__replay_set_ops(beluga__loop_ops *ops);

#endif
