/* The transfers of a loop that records: they use the network, and are also written to files. */
#ifndef BELUGA__CASSETTE_RECORD_H
#define BELUGA__CASSETTE_RECORD_H

#include "loop/loop.h"

/* Put the functions for recorded transfers into a table. */
void beluga__record_set_ops(beluga__loop_ops *ops);

#endif
