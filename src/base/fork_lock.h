/* A lock that a forked child can use even if a thread of its parent held it at the fork. (The child
 * does not have that thread, so nobody would release an ordinary lock.) The first thread of a child
 * that takes the lock learns that it is the first, and whether the lock was held at the fork. If it
 * was held, the guarded data may be half changed. */
#ifndef BELUGA__FORK_LOCK_H
#define BELUGA__FORK_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct beluga__fork_lock {
    pthread_mutex_t mutex;
    atomic_uint generation; /* fork generation when the mutex was initialized */
    /* No thread of this new process has taken the lock yet; guarded by the mutex. */
    bool fresh;
    /* A thread of the parent held the lock at the fork; guarded by the mutex. */
    bool was_held;
} beluga__fork_lock;

void beluga__fork_lock_init(beluga__fork_lock *lock);
void beluga__fork_lock_destroy(beluga__fork_lock *lock);
/* Take the lock. Returns true if this is the first time in a forked child. */
bool beluga__fork_lock_take(beluga__fork_lock *lock);
void beluga__fork_lock_release(beluga__fork_lock *lock);

#endif
