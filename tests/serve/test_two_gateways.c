/* Two gateways that share a budget, in a bucket of a real NATS server. */
#include "../queue/servers.h"
#include "gate.h"
#include "queue/nats_library.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STEP_MS 100
/* SHA-256 of "secret" */
#define KEYS                                                    \
    "  keys:\n"                                                 \
    "  - {name: alice, budget_per_day: 3, page: true, sha256: " \
    "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b}\n"
#define BEARER "Authorization: Bearer secret\r\n"
/* The output of this model costs two dollars for a million tokens (data/prices.yaml). */
#define MODELS "models:\n  m: {model: openai/gpt-5-mini, max_retries: 0}\n"
#define FOR_A_DOLLAR                                                                               \
    JSON("{\"id\":\"x\",\"model\":\"gpt-5-mini\",\"choices\":[{\"message\":{\"content\":\"Yes\"}," \
         "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":"      \
         "500000}}")

typedef struct stand {
    servers nats;
    gate *gates[2];
    char config[1024];
} stand;

static int make(void **state)
{
    stand *s = calloc(1, sizeof *s);
    if (!s) return -1;
    *state = s;
    for (int i = 0; i < 2; i++) {
        void *made = NULL;
        if (gate_setup(&made)) return -1;
        s->gates[i] = made;
    }
    return 0;
}

static int end(void **state)
{
    stand *s = *state;
    for (int i = 0; i < 2; i++) {
        void *made = s->gates[i];
        gate_teardown(&made);
    }
    servers_stop(&s->nats);
    free(s);
    return 0;
}

static void serve(stand *s, int which)
{
    gate_serve(s->gates[which], s->config);
}

static void start(stand *s)
{
    char address[256];
    beluga_error err;
    if (!nats_load(&err)) {
        print_message("# %s\n", err.message);
        skip();
    }
    servers_start(&s->nats, 1, NULL);
    servers_address(&s->nats, "budgets", NULL, address, sizeof address);
    snprintf(s->config, sizeof s->config, "%sserve:\n  spend: %s\n%s", GATE_PROVIDERS MODELS,
             address, KEYS);
    serve(s, 0);
    serve(s, 1);
}

static int ask(gate *g)
{
    return gate_request(g, "POST", "/v1/chat/completions", BEARER, GATE_CHAT("m", "false"));
}

static void spend_a_dollar(gate *g)
{
    script(g->peer, FOR_A_DOLLAR);
    assert_int_equal(ask(g), 200);
}

/* Wait until the metrics of a gateway contain this line. */
static void wait_for(gate *g, const char *line)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000};
    for (int waited = 0; waited < GATE_WAIT_MS; waited += STEP_MS) {
        assert_int_equal(gate_request(g, "GET", "/metrics", BEARER, NULL), 200);
        if (strstr(g->text, line)) return;
        nanosleep(&step, NULL);
    }
    fail_msg("no %s", line);
}

static void wait_for_spent(gate *g, int dollars)
{
    char line[96];
    snprintf(line, sizeof line, "beluga_key_spent_usd{key=\"alice\",period=\"day\"} %d\n", dollars);
    wait_for(g, line);
}

static void a_budget_that_is_spent_at_one_is_refused_at_the_other(void **state)
{
    stand *s = *state;
    start(s);
    spend_a_dollar(s->gates[0]);
    spend_a_dollar(s->gates[1]);
    spend_a_dollar(s->gates[0]);
    wait_for_spent(s->gates[0], 3);
    wait_for_spent(s->gates[1], 3);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ask(s->gates[i]), 429);
        assert_contains(s->gates[i]->text, "insufficient_quota");
    }
    assert_int_equal(gate_stop(s->gates[0]), 0);
    assert_int_equal(gate_stop(s->gates[1]), 0);
}

static void kill_gate(gate *g)
{
    cli_signal(g->cli, SIGKILL);
    cli_finish(g->cli);
}

/* A gateway is killed and started again. It gets the sum of both gateways' spending from the
 * bucket, continues from there, and counts nothing twice. */
static void a_gateway_that_is_killed_goes_on_where_it_was(void **state)
{
    stand *s = *state;
    start(s);
    spend_a_dollar(s->gates[0]);
    wait_for_spent(s->gates[1], 1);
    kill_gate(s->gates[0]);
    spend_a_dollar(s->gates[1]);
    serve(s, 0);
    wait_for_spent(s->gates[0], 2);
    spend_a_dollar(s->gates[0]);
    wait_for_spent(s->gates[1], 3);
    assert_int_equal(ask(s->gates[1]), 429);
    assert_int_equal(ask(s->gates[0]), 429);
}

static void they_answer_while_the_server_is_away(void **state)
{
    stand *s = *state;
    start(s);
    spend_a_dollar(s->gates[0]);
    wait_for_spent(s->gates[1], 1);
    servers_kill(&s->nats, 0);
    spend_a_dollar(s->gates[0]);
    spend_a_dollar(s->gates[1]);
    wait_for(s->gates[0], "beluga_spend_failing 1\n");
    spend_a_dollar(s->gates[0]); /* this gateway knows of two dollars now */
    cli_wait_for_err(s->gates[0]->cli, "kept in memory until it can be written");
    assert_int_equal(ask(s->gates[0]), 429);
    servers_start_again(&s->nats, 0);
    wait_for_spent(s->gates[0], 4);
    wait_for_spent(s->gates[1], 4);
    wait_for(s->gates[0], "beluga_spend_failing 0\n");
    assert_int_equal(ask(s->gates[1]), 429);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_budget_that_is_spent_at_one_is_refused_at_the_other),
        TEST(a_gateway_that_is_killed_goes_on_where_it_was),
        TEST(they_answer_while_the_server_is_away),
    };
    return cmocka_run_group_tests_name("two-gateways", tests, NULL, NULL);
}
