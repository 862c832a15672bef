/* Two gateways that read the keys of their clients from a bucket of a real NATS server. */
#include "../queue/servers.h"
#include "gate.h"
#include "queue/nats_bucket.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STEP_MS 100
/* The SHA-256 sums of "secret" and "other". */
#define SHA_SECRET "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
#define SHA_OTHER  "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa"
#define ALICE      "  keys: [{name: alice, page: true, sha256: " SHA_SECRET "}]\n"
#define MODELS     "models:\n  m: {model: openai/gpt-5-mini, max_retries: 0}\n"

typedef struct stand {
    servers nats;
    gate *gates[2];
    cli_process *maker; /* the process that creates keys */
    char config[1024], address[256], path[160];
} stand;

static int make(void **state)
{
    stand *s = calloc(1, sizeof *s);
    void *made = NULL;
    if (!s) return -1;
    *state = s;
    for (int i = 0; i < 2; i++) {
        if (gate_setup(&made)) return -1;
        s->gates[i] = made;
    }
    if (cli_setup(&made)) return -1;
    s->maker = made;
    return 0;
}

static int end(void **state)
{
    stand *s = *state;
    void *made = s->maker;
    cli_teardown(&made);
    for (int i = 0; i < 2; i++) {
        made = s->gates[i];
        gate_teardown(&made);
    }
    servers_stop(&s->nats);
    free(s);
    return 0;
}

/* Start a NATS server, and write a configuration with its bucket and these keys. */
static void start(stand *s, const char *keys)
{
    beluga_error err;
    if (!nats_load(&err)) {
        print_message("# %s\n", err.message);
        skip();
    }
    servers_start(&s->nats, 1, NULL);
    servers_address(&s->nats, "clients", NULL, s->address, sizeof s->address);
    snprintf(s->config, sizeof s->config, "%sserve:\n  keys_from: %s\n%s", GATE_PROVIDERS MODELS,
             s->address, keys);
    char alone[512];
    snprintf(alone, sizeof alone, "serve:\n  keys_from: %s\n%s", s->address, keys);
    snprintf(s->path, sizeof s->path, "%s",
             cli_write_file(s->maker, "serve.yaml", alone, strlen(alone)));
}

static void serve_both(stand *s)
{
    for (int i = 0; i < 2; i++) gate_serve(s->gates[i], s->config);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static int run_maker(stand *s, const char *name)
{
    return cli_run(s->maker, "serve", "--new-key", name, "--config", s->path, NULL);
}

static void make_key(stand *s, const char *name, char key[64])
{
    assert_int_equal(run_maker(s, name), 0);
    const char *at = strstr(s->maker->out, "bk-");
    assert_non_null(at);
    char command[128];
    snprintf(command, sizeof command, "nats -s nats://127.0.0.1:%d kv del clients %s\n",
             s->nats.ports[0], name);
    assert_contains(s->maker->out, command);
    size_t n = strcspn(at, "\n");
    assert_true(n < 64);
    memcpy(key, at, n);
    key[n] = '\0';
}

static int ask(gate *g, const char *key)
{
    char header[128];
    snprintf(header, sizeof header, "Authorization: Bearer %s\r\n", key);
    return gate_request(g, "GET", "/v1/models", header, NULL);
}

/* Wait until a request with this key is answered with this status. */
static void wait_for(gate *g, const char *key, int status)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000};
    int got = 0;
    for (int waited = 0; waited < GATE_WAIT_MS; waited += STEP_MS) {
        if ((got = ask(g, key)) == status) return;
        nanosleep(&step, NULL);
    }
    fail_msg("it is answered %d, not %d", got, status);
}

/* Return whether /metrics contains this text. The request has a key that may see the metrics. */
static bool metrics_have(gate *g, const char *line)
{
    assert_int_equal(gate_request(g, "GET", "/metrics", "Authorization: Bearer secret\r\n", NULL),
                     200);
    return strstr(g->text, line) != NULL;
}

static void wait_for_both(stand *s, const char *key, int status)
{
    for (int i = 0; i < 2; i++) wait_for(s->gates[i], key, status);
}

/* ---- entries --------------------------------------------------------------------------------- */

static void open_bucket(const stand *s, nats_bucket *b)
{
    beluga_error err = {.message = ""};
    assert_int_equal(nats_bucket_begin(b, s->address, &err), 0);
    assert_int_equal(nats_bucket_connect(b, &err), 0);
}

static void remove_bucket(const stand *s)
{
    nats_bucket b;
    open_bucket(s, &b);
    assert_int_equal(b.nats->js_DeleteStream(b.js, b.stream, NULL, NULL), NATS_OK);
    nats_bucket_end(&b);
}

/* Write an entry as the program `nats` does: a message with the subject $KV.BUCKET.NAME. A deleted
 * entry (`text` is NULL) has only the header KV-Operation: DEL. ADR-8 of
 * nats-io/nats-architecture-and-design describes both. */
static void put(stand *s, const char *name, const char *text)
{
    nats_bucket b;
    beluga_error err = {.message = ""};
    char subject[NATS_BUCKET_SUBJECT_BYTES];
    natsMsg *message = NULL;
    nats_bucket_state state;
    open_bucket(s, &b);
    assert_int_equal(nats_bucket_find(&b, "keys", &state, &err), 0);
    snprintf(subject, sizeof subject, "$KV.clients.%s", name);
    int n = text ? (int)strlen(text) : 0;
    assert_int_equal(b.nats->natsMsg_Create(&message, subject, NULL, text, n), NATS_OK);
    if (!text) assert_int_equal(b.nats->natsMsgHeader_Set(message, "KV-Operation", "DEL"), NATS_OK);
    assert_int_equal(b.nats->js_PublishMsg(NULL, b.js, message, NULL, NULL), NATS_OK);
    b.nats->natsMsg_Destroy(message);
    nats_bucket_end(&b);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void a_new_key_is_known_to_both_until_it_is_deleted(void **state)
{
    stand *s = *state;
    char bob[64], again[64];
    start(s, ALICE);
    serve_both(s);
    make_key(s, "bob", bob);
    wait_for_both(s, bob, 200);
    assert_int_equal(ask(s->gates[0], "secret"), 200);
    assert_int_equal(ask(s->gates[1], "bk-nobody"), 401);
    assert_int_not_equal(run_maker(s, "bob"), 0);
    assert_contains(s->maker->err, "already has a key named bob");
    assert_lacks(s->maker->out, "bk-");
    put(s, "bob", NULL);
    wait_for_both(s, bob, 401);
    assert_int_equal(ask(s->gates[0], "secret"), 200);
    make_key(s, "bob", again);
    wait_for_both(s, again, 200);
    assert_int_equal(ask(s->gates[0], bob), 401);
}

static void a_name_that_nats_can_not_have_is_refused(void **state)
{
    stand *s = *state;
    start(s, "");
    static const char *const names[] = {"bob@x", ".bob", "a..b", "b*", "a b"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_not_equal(run_maker(s, names[i]), 0);
        assert_contains(s->maker->err, "the name of a key in NATS");
        assert_lacks(s->maker->out, "bk-");
    }
}

static void an_entry_that_is_wrong_is_told_and_left_out(void **state)
{
    stand *s = *state;
    gate *g = s->gates[0];
    start(s, ALICE);
    put(s, "carol", "{\"sha256\":\"bk-carol\"}");
    put(s, "dave", "dave");
    put(s, "erin", "{\"sha256\":\"" SHA_OTHER "\",\"budget_per_week\":5}");
    gate_serve(g, s->config);
    cli_wait_for_err(g->cli, "the key carol of ");
    cli_wait_for_err(g->cli, "the key dave of ");
    cli_wait_for_err(g->cli, "the key erin of ");
    assert_lacks(g->cli->err, "bk-carol");
    assert_int_equal(ask(g, "other"), 401);
    put(s, "erin", "{\"sha256\":\"" SHA_OTHER "\",\"budget_per_day\":5}");
    wait_for(g, "other", 200);
    assert_int_equal(ask(g, "secret"), 200);
    put(s, "erin", "{}");
    wait_for(g, "other", 401);
    cli_wait_for_err(g->cli, "it has no sha256");
}

/* If an entry of the bucket has the name or the hash of a key in the file, the key in the file is
 * used. */
static void the_file_wins(void **state)
{
    stand *s = *state;
    gate *g = s->gates[0];
    start(s, ALICE);
    put(s, "alice", "{\"sha256\":\"" SHA_OTHER "\"}");
    put(s, "mallory", "{\"sha256\":\"" SHA_SECRET "\",\"models\":[\"none\"]}");
    gate_serve(g, s->config);
    assert_int_equal(ask(g, "other"), 401);
    assert_int_equal(ask(g, "secret"), 200);
    assert_contains(g->text, "\"m\"");
    put(s, "bob", "{\"sha256\":\"" SHA_OTHER "\"}");
    wait_for(g, "other", 200);
}

static void reading_the_configuration_anew_keeps_them(void **state)
{
    stand *s = *state;
    gate *g = s->gates[0];
    start(s, "");
    gate_serve(g, s->config);
    assert_int_equal(ask(g, "other"), 401);
    assert_int_equal(gate_request(g, "GET", "/v1/models", NULL, NULL), 401);
    put(s, "bob", "{\"sha256\":\"" SHA_OTHER "\"}");
    wait_for(g, "other", 200);
    cli_signal(g->cli, SIGHUP);
    cli_wait_for_err(g->cli, "the configuration was read again");
    assert_int_equal(ask(g, "other"), 200);
    gate_configure(g, GATE_PROVIDERS MODELS "serve:\n" ALICE);
    cli_signal(g->cli, SIGHUP);
    cli_wait_for_err(g->cli, "serve.keys_from can't change");
    assert_int_equal(ask(g, "other"), 200);
    assert_int_equal(ask(g, "secret"), 401);
}

/* The bucket is deleted and created again. The new bucket has the same number of messages as the
 * old one, but other entries. */
static void a_bucket_that_was_made_anew_is_read_anew(void **state)
{
    stand *s = *state;
    gate *g = s->gates[0];
    start(s, ALICE);
    put(s, "bob", "{\"sha256\":\"" SHA_OTHER "\"}");
    gate_serve(g, s->config);
    wait_for(g, "other", 200);
    remove_bucket(s);
    put(s, "carol", "{\"sha256\":\"bk-carol\"}");
    wait_for(g, "other", 401);
    cli_wait_for_err(g->cli, "the key carol of ");
    assert_int_equal(ask(g, "secret"), 200);
}

static void they_come_when_the_server_does_and_stay_when_it_goes(void **state)
{
    stand *s = *state;
    gate *g = s->gates[0];
    start(s, ALICE);
    put(s, "bob", "{\"sha256\":\"" SHA_OTHER "\"}");
    servers_kill(&s->nats, 0);
    gate_serve(g, s->config);
    cli_wait_for_err(g->cli, "can't be read, so the keys read last stay valid");
    assert_int_equal(ask(g, "secret"), 200);
    assert_int_equal(ask(g, "other"), 401);
    assert_true(metrics_have(g, "beluga_keys_failing 1\n"));
    servers_start_again(&s->nats, 0);
    wait_for(g, "other", 200);
    cli_wait_for_err(g->cli, "can be read again");
    assert_true(metrics_have(g, "beluga_keys_failing 0\n"));
    servers_kill(&s->nats, 0);
    assert_int_not_equal(run_maker(s, "carol"), 0);
    assert_contains(s->maker->err, "no server answers at this address");
    assert_int_equal(ask(g, "other"), 200);
    assert_int_equal(ask(g, "secret"), 200);
    servers_start_again(&s->nats, 0);
    put(s, "bob", NULL);
    wait_for(g, "other", 401);
    assert_int_equal(gate_stop(g), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_key_is_known_to_both_until_it_is_deleted),
        TEST(a_name_that_nats_can_not_have_is_refused),
        TEST(an_entry_that_is_wrong_is_told_and_left_out),
        TEST(the_file_wins),
        TEST(reading_the_configuration_anew_keeps_them),
        TEST(a_bucket_that_was_made_anew_is_read_anew),
        TEST(they_come_when_the_server_does_and_stay_when_it_goes),
    };
    return cmocka_run_group_tests_name("shared-keys", tests, NULL, NULL);
}
