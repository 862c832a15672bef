#include "base/fork_lock.h"

#include "base/runtime.h"

/* This bit is set while a child initializes the mutex again. */
#define BEING_MADE 0x80000000u

void beluga__fork_lock_init(beluga__fork_lock *lock)
{
    pthread_mutex_init(&lock->mutex, NULL);
    atomic_init(&lock->generation, beluga__fork_generation());
    lock->fresh = lock->was_held = false;
}

void beluga__fork_lock_destroy(beluga__fork_lock *lock)
{
    pthread_mutex_destroy(&lock->mutex);
}

/* Initialize the mutex again in a child. If several threads call this at once, one initializes the
 * mutex and the others spin, since that takes very little time. */
static void make_anew(beluga__fork_lock *lock, unsigned now)
{
    unsigned seen;
    while ((seen = atomic_load(&lock->generation)) != now) {
        if (seen == (now | BEING_MADE) ||
            !atomic_compare_exchange_strong(&lock->generation, &seen, now | BEING_MADE))
            continue;
        lock->was_held = pthread_mutex_trylock(&lock->mutex) != 0;
        if (lock->was_held)
            pthread_mutex_init(&lock->mutex, NULL);
        else
            pthread_mutex_unlock(&lock->mutex);
        lock->fresh = true;
        atomic_store(&lock->generation, now);
    }
}

bool beluga__fork_lock_take(beluga__fork_lock *lock)
{
    unsigned now = beluga__fork_generation();
    if (atomic_load(&lock->generation) != now) make_anew(lock, now);
    pthread_mutex_lock(&lock->mutex);
    bool fresh = lock->fresh;
    lock->fresh = false;
    return fresh;
}

void beluga__fork_lock_release(beluga__fork_lock *lock)
{
    pthread_mutex_unlock(&lock->mutex);
}
