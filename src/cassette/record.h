/* The transfers of a loop that records a cassette: they use the network, and each exchange is also
 * written to a file. */
#ifndef BELUGA__CASSETTE_RECORD_H
#define BELUGA__CASSETTE_RECORD_H

#include "loop/loop.h"

/* Put the functions for recorded transfers into a table. */
void beluga__record_set_ops(beluga__loop_ops *ops);

#endif
