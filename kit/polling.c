/* The scenario of calls that poll. */
#include "kit/polling.h"

#include "kit/delays.h"
#include "kit/exchange.h"
#include "kit/perform.h"

#include <string.h>

enum {
    /* The least delay, in milliseconds, between two requests with the same method and URL. */
    LEAST_MS = 20,
    MOST_MS = 60000 /* milliseconds to which the library limits a delay */
};

/* Check the delays of a provider that polls, for example for the state of a job: it must leave the
 * service some time between requests. */
static void judge(check_run *run)
{
    check_delay asked[CHECK_MAX_DELAYS];
    size_t n = check_delays_take(asked);
    for (size_t i = 0; i < n; i++) {
        const check_delay *a = &asked[i];
        bool again = i && strcmp(a->token, a[-1].token) == 0;
        if (again && a->delay_ms < LEAST_MS)
            check_problem(run,
                          "the same request is sent again after %lld ms: give "
                          "beluga_emit_next_request a delay in milliseconds, such as 500, or what "
                          "the service says",
                          (long long)a->delay_ms);
        else if (a->delay_ms > MOST_MS)
            check_problem(run,
                          "a delay of %lld ms before a request is limited to a minute: delays are "
                          "in milliseconds",
                          (long long)a->delay_ms);
    }
}

static void ask(check_run *run, bool streamed)
{
    check_delay before[CHECK_MAX_DELAYS];
    check_delays_take(before);
    if (run->problems.length || !check_load_usual_answer(run, streamed)) return;
    check_play_whole(run);
    (streamed ? check_stream : check_generate)(run);
    run->asked = peer_requests(run->peer);
    judge(run);
}

void check_run_delays(check_run *run)
{
    const beluga_provider *p = run->provider;
    if (!run->settings->plugin) {
        check_text_puts(&run->reason, "only plug-ins can be watched for this");
        return;
    }
    if (p->decode_response) ask(run, false);
    if (p->decode_event && check_streams(run)) ask(run, true);
}
