/* Mail from other threads: a list behind a lock, and a descriptor that wakes the loop's poller.
 * The lock is held for a few instructions only. A reference to a mailbox does not keep the client
 * alive, so whoever has one must also have a reference that does. */
#include "loop/mailbox.h"

#include "base/mem.h"
#include "base/wake.h"

#include <pthread.h>
#include <stdatomic.h>

struct beluga__mailbox {
    atomic_uint refs;
    beluga__runtime *runtime;
    pthread_mutex_t lock;
    beluga__mail *first, **last;
    beluga__wake wake; /* readable when there is mail */
    bool closed;
};

int beluga__mailbox_new(beluga__runtime *runtime, beluga__mailbox **out)
{
    beluga__mailbox *box = beluga__zalloc(&runtime->allocator, sizeof *box);
    if (!box) return BELUGA_ERROR_NO_MEMORY;
    if (!beluga__wake_open(&box->wake)) {
        beluga__release(&runtime->allocator, box);
        return BELUGA_ERROR_LIMIT_EXCEEDED;
    }
    atomic_init(&box->refs, 1);
    box->runtime = runtime;
    box->last = &box->first;
    pthread_mutex_init(&box->lock, NULL);
    *out = box;
    return 0;
}

int beluga__mailbox_fd(const beluga__mailbox *box)
{
    return box->wake.fd;
}

beluga__mailbox *beluga__mailbox_ref(beluga__mailbox *box)
{
    atomic_fetch_add_explicit(&box->refs, 1, memory_order_relaxed);
    return box;
}

void beluga__mailbox_unref(beluga__mailbox *box)
{
    if (!box || atomic_fetch_sub_explicit(&box->refs, 1, memory_order_acq_rel) != 1) return;
    beluga__wake_close(&box->wake);
    pthread_mutex_destroy(&box->lock);
    beluga__release(&box->runtime->allocator, box);
}

void beluga__mailbox_post(beluga__mailbox *box, beluga__mail *mail)
{
    mail->next = NULL;
    pthread_mutex_lock(&box->lock);
    bool closed = box->closed, first = !box->first;
    if (!closed) {
        *box->last = mail;
        box->last = &mail->next;
    }
    /* while the lock is held, so that the descriptor can't be closed meanwhile */
    if (!closed && first) beluga__wake_up(&box->wake);
    pthread_mutex_unlock(&box->lock);
    if (closed) mail->run(mail, NULL);
}

static beluga__mail *take(beluga__mailbox *box, bool close_it)
{
    pthread_mutex_lock(&box->lock);
    beluga__wake_quiet(&box->wake);
    beluga__mail *mail = box->first;
    box->first = NULL;
    box->last = &box->first;
    if (close_it) box->closed = true;
    pthread_mutex_unlock(&box->lock);
    return mail;
}

static void run_all(beluga__mail *mail, beluga_loop *loop)
{
    while (mail) {
        beluga__mail *next = mail->next; /* `run` frees the mail, so its link is read first */
        mail->run(mail, loop);
        mail = next;
    }
}

void beluga__mailbox_read(beluga__mailbox *box, beluga_loop *loop)
{
    run_all(take(box, false), loop);
}

void beluga__mailbox_close(beluga__mailbox *box)
{
    run_all(take(box, true), NULL);
}
