#include "telemetry/exporter.h"

#include "base/clock.h"
#include "base/thread.h"

bool beluga__exporter_sleep(beluga__exporter *e, int64_t ms, int64_t deadline_ns)
{
    beluga_telemetry *t = e->t;
    int64_t end = beluga__now_ns() + ms * BELUGA__NS_PER_MS;
    bool in_time = true;
    pthread_mutex_lock(&t->lock);
    while (in_time && beluga__now_ns() < end) {
        int64_t most = beluga__hurry_ns(t) < deadline_ns ? beluga__hurry_ns(t) : deadline_ns;
        /* if the next attempt would be after the deadline, there is no use in waiting */
        in_time = end < most;
        if (in_time) beluga__wait_until(&t->wake, &t->lock, end);
    }
    pthread_mutex_unlock(&t->lock);
    return in_time;
}
