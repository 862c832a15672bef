#include "model/watchdog.h"

#include "base/clock.h"

#include <inttypes.h>

/* Returns a timeout option in milliseconds. All of these options are at most a week, which fits
 * into 32 bits. */
static int32_t setting(const beluga_call *call, int key, int32_t otherwise)
{
    return (int32_t)beluga__settings_int(call->settings, key, otherwise);
}

static int64_t due(int64_t since_ns, int64_t ms)
{
    return ms ? since_ns + ms * BELUGA__NS_PER_MS : INT64_MAX;
}

static int64_t event_due(const beluga__watchdog *dog)
{
    return due(dog->last_ns, dog->got_event ? dog->idle_ms : dog->first_ms);
}

static void arm(beluga__watchdog *dog)
{
    int64_t next = event_due(dog), total = due(dog->start_ns, dog->total_ms);
    int64_t progress = due(dog->moved_ns, dog->progress_ms);
    if (total < next) next = total;
    if (progress < next) next = progress;
    if (next == INT64_MAX) return;
    dog->loop->ops->timer_set(dog->loop, &dog->timer, next + dog->loop->unpolled_ns);
}

/* Set the error for a timeout without progress. If there were signs of life, it is not retryable:
 * the server was working, and a retry would make it start over. */
static void stuck(const beluga__watchdog *dog, beluga_error *err)
{
    beluga_error_set(err, BELUGA_ERROR_STREAM_TIMEOUT,
                     "no text, reasoning or tool call within %" PRId32 " ms (progress_timeout)",
                     dog->progress_ms);
    if (dog->last_ns > dog->moved_ns) err->retryable = 0;
}

/* If the server sent only signs of life, such as blank lines before an answer in one piece, the
 * error is not retryable. */
int beluga__watchdog_late(const beluga__watchdog *dog, beluga_error *err)
{
    beluga_error_set(err, BELUGA_ERROR_TIMEOUT, "no complete answer within %" PRId32 " ms",
                     dog->total_ms);
    if (!dog->got_event && dog->last_ns > dog->start_ns) err->retryable = 0;
    return err->code;
}

static void shift(beluga__watchdog *dog, int64_t ns)
{
    dog->start_ns += ns;
    dog->last_ns += ns;
    dog->moved_ns += ns;
    arm(dog);
}

/* Extend the timeouts if the loop did not run for a while, since nothing could be received
 * meanwhile. Returns false if it did run, and after the third time, since a host program may stop
 * its loop again and again. */
static bool spare(beluga__watchdog *dog)
{
    if (dog->stops == dog->loop->stops || dog->spared == BELUGA__MAX_SPARED) return false;
    dog->stops = dog->loop->stops;
    dog->spared++;
    shift(dog, (int64_t)BELUGA__SPARED_MS * BELUGA__NS_PER_MS);
    return true;
}

static bool is_due(const beluga__watchdog *dog, int64_t now_ns)
{
    return now_ns >= event_due(dog) || now_ns >= due(dog->start_ns, dog->total_ms) ||
           now_ns >= due(dog->moved_ns, dog->progress_ms);
}

/* The deadline is computed again, since events after the timer was set may have moved it. */
static void fire(beluga__timer *timer)
{
    beluga__watchdog *dog = beluga__container_of(timer, beluga__watchdog, timer);
    int64_t now = beluga__loop_active_ns(dog->loop);
    beluga_error err;
    if (!is_due(dog, now)) {
        arm(dog);
        return;
    }
    if (spare(dog)) return;
    if (now >= due(dog->start_ns, dog->total_ms))
        beluga__watchdog_late(dog, &err);
    else if (now >= due(dog->moved_ns, dog->progress_ms))
        stuck(dog, &err);
    else if (dog->got_event)
        beluga_error_set(&err, BELUGA_ERROR_STREAM_TIMEOUT,
                         "the stream was silent for %" PRId32 " ms", dog->idle_ms);
    else
        beluga_error_set(&err, BELUGA_ERROR_TIMEOUT, "no first event within %" PRId32 " ms",
                         dog->first_ms);
    dog->bark(dog, &err);
}

/* Add time to send the requests of a batch job, which are up to 256 MiB. */
static void add_time_to_send(beluga__watchdog *dog, const beluga__job_question *job)
{
    enum { BYTES_A_MS = 256 };
    int32_t more = (int32_t)(job->length / BYTES_A_MS);
    if (dog->first_ms) dog->first_ms += more;
    if (!dog->whole) dog->total_ms += more;
}

void beluga__watchdog_init(beluga__watchdog *dog, const beluga_call *call,
                           void (*bark)(beluga__watchdog *, const beluga_error *))
{
    int32_t timeout = setting(call, BELUGA_OPTION_TIMEOUT, BELUGA__DEFAULT_TIMEOUT_MS);
    *dog = (beluga__watchdog){.loop = call->loop, .bark = bark};
    dog->timer.fire = fire;
    dog->first_ms = setting(call, BELUGA_OPTION_FIRST_EVENT_TIMEOUT, call->streamed ? timeout : 0);
    dog->idle_ms = setting(call, BELUGA_OPTION_IDLE_TIMEOUT, call->streamed ? timeout : 0);
    int32_t most = BELUGA__PROGRESS_TIMEOUT_MS;
    if (dog->first_ms > most) most = dog->first_ms;
    if (dog->idle_ms > most) most = dog->idle_ms;
    dog->progress_ms = setting(call, BELUGA_OPTION_PROGRESS_TIMEOUT, most);
    if (!call->streamed) dog->progress_ms = 0;
    dog->whole = beluga__settings_has(call->settings, BELUGA_OPTION_TOTAL_TIMEOUT);
    dog->total_ms = setting(call, BELUGA_OPTION_TOTAL_TIMEOUT, call->streamed ? 0 : timeout);
    const beluga__job_question *job = beluga__call_job(call);
    if (job) add_time_to_send(dog, job);
}

void beluga__watchdog_start(beluga__watchdog *dog)
{
    dog->start_ns = beluga__now_ns() - dog->loop->unpolled_ns;
    dog->last_ns = dog->moved_ns = dog->start_ns;
    dog->pause_ns = 0;
    dog->stops = dog->loop->stops;
    dog->spared = 0;
    arm(dog);
}

void beluga__watchdog_next(beluga__watchdog *dog)
{
    int64_t since = dog->start_ns;
    beluga__watchdog_start(dog);
    if (!dog->whole || !since) return;
    dog->start_ns = since;
    arm(dog);
}

int64_t beluga__watchdog_end_ns(const beluga__watchdog *dog)
{
    if (!dog->whole || !dog->start_ns || !dog->total_ms) return INT64_MAX;
    return due(dog->start_ns, dog->total_ms) + dog->loop->unpolled_ns;
}

void beluga__watchdog_first(beluga__watchdog *dog)
{
    dog->got_event = true;
    if (dog->start_ns && !dog->pause_ns) arm(dog);
}

void beluga__watchdog_stop(beluga__watchdog *dog)
{
    beluga__timer_clear(dog->loop, &dog->timer);
}

void beluga__watchdog_pause(beluga__watchdog *dog, bool paused)
{
    int64_t now = beluga__now_ns() - dog->loop->unpolled_ns;
    if (paused && !dog->pause_ns) {
        dog->pause_ns = now;
        beluga__watchdog_stop(dog);
    } else if (!paused && dog->pause_ns) {
        int64_t slept = now - dog->pause_ns;
        dog->pause_ns = 0;
        shift(dog, slept);
    }
}
