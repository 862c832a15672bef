/* A mailbox from the side of the loop that reads it. loop.h has what senders need. */
#ifndef BELUGA__MAILBOX_H
#define BELUGA__MAILBOX_H

#include "loop/loop.h"

/* Returns 0, NO_MEMORY, or LIMIT_EXCEEDED without a descriptor. */
int beluga__mailbox_new(beluga__runtime *runtime, beluga__mailbox **out);
int beluga__mailbox_fd(const beluga__mailbox *box);
void beluga__mailbox_read(beluga__mailbox *box, beluga_loop *loop);
/* Run what is left, and from now on what comes, without a loop. */
void beluga__mailbox_close(beluga__mailbox *box);

#endif
