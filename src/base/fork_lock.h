/* A forked child can use this lock even if a thread of its parent held it at the fork: the
 * child does not have that thread, which would have to release the lock. The first thread of a new
 * process that takes the lock learns this, and whether the lock was held; if so, the guarded data
 * may be half changed. */
#ifndef BELUGA__FORK_LOCK_H
#define BELUGA__FORK_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct beluga__fork_lock {
    pthread_mutex_t mutex;
    atomic_uint generation; /* the count of forks when the mutex was made */
    /* no thread of this new process has taken the lock yet; guarded by the mutex */
    bool fresh;
    /* a thread of the parent held the lock at the fork; guarded by the mutex */
    bool was_held;
} beluga__fork_lock;

void beluga__fork_lock_init(beluga__fork_lock *lock);
void beluga__fork_lock_destroy(beluga__fork_lock *lock);
/* Returns true to the first caller in a child. */
bool beluga__fork_lock_take(beluga__fork_lock *lock);
void beluga__fork_lock_release(beluga__fork_lock *lock);

#endif
