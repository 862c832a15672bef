/* The functions of a mailbox for its loop; the functions for senders are in loop.h. */
#ifndef BELUGA__MAILBOX_H
#define BELUGA__MAILBOX_H

#include "loop/loop.h"

/* Make a mailbox. Returns 0, NO_MEMORY, or LIMIT_EXCEEDED if no file descriptor is left. */
int beluga__mailbox_new(beluga__runtime *runtime, beluga__mailbox **out);
int beluga__mailbox_fd(const beluga__mailbox *box);
void beluga__mailbox_read(beluga__mailbox *box, beluga_loop *loop);
/* Close the mailbox. Waiting mail is run now, with a NULL loop. Mail that is sent later is run by
 * the thread that sends it. */
void beluga__mailbox_close(beluga__mailbox *box);

#endif
