/* A loop that records has transfers of the network that are also written into files. */
#ifndef BELUGA__CASSETTE_RECORD_H
#define BELUGA__CASSETTE_RECORD_H

#include "loop/loop.h"

/* Put the functions of such transfers into a table. */
void beluga__record_set_ops(beluga__loop_ops *ops);

#endif
