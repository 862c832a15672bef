/* A mailbox as the loop that reads it uses it. loop.h has the functions for senders. */
#ifndef BELUGA__MAILBOX_H
#define BELUGA__MAILBOX_H

#include "loop/loop.h"

/* Returns 0, NO_MEMORY, or LIMIT_EXCEEDED without a descriptor. */
int beluga__mailbox_new(beluga__runtime *runtime, beluga__mailbox **out);
int beluga__mailbox_fd(const beluga__mailbox *box);
void beluga__mailbox_read(beluga__mailbox *box, beluga_loop *loop);
/* Run the remaining mail, and from now on each new mail, without a loop. */
void beluga__mailbox_close(beluga__mailbox *box);

#endif
