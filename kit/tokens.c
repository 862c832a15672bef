/* The scenario of a key that is exchanged for a token. The request for the token goes to a server
 * other than the model's. So a copy of the provider's table is registered with a separate client,
 * and its encode_token sends the request to the peer. */
#include "kit/tokens.h"

#include "kit/exchange.h"
#include "kit/judge.h"
#include "kit/open.h"
#include "kit/perform.h"

#include <beluga/client.h>

#include <stdio.h>
#include <string.h>

/* The copy of the provider's table. Only one scenario at a time uses it. */
static struct {
    const beluga_provider *real;
    beluga_provider table;
    char name[48];
    char server[64]; /* the URL of the peer, such as "http://127.0.0.1:8080" */
} copy;

/* Return the path of a URL with its query, or the whole text if it has no "://". */
static const char *path_of(const char *url)
{
    const char *host = strstr(url, "://");
    return host ? host + 3 + strcspn(host + 3, "/?") : url;
}

static int encode_token(void *self, const beluga_credential *credential, int64_t now,
                        beluga_http_request *request, beluga_error *err)
{
    char url[1024];
    int status = copy.real->encode_token(self, credential, now, request, err);
    const char *given = status ? NULL : beluga_http_request_url(request);
    if (!given) return status;
    snprintf(url, sizeof url, "%s%s", copy.server, path_of(given));
    beluga_http_request_set_url(request, url);
    return 0;
}

static void copy_table(check_run *run)
{
    copy.real = run->provider;
    copy.table = *run->provider;
    copy.table.encode_token = encode_token;
    snprintf(copy.server, sizeof copy.server, "http://127.0.0.1:%d", peer_port(run->peer));
    if (run->settings->plugin) return;
    snprintf(copy.name, sizeof copy.name, "%.40s-token", run->provider->name);
    copy.table.name = copy.name;
}

/* Make the run's call with a new model, which has no token yet, so that it first requests one. */
static void call_anew(check_run *run)
{
    beluga_client *client = NULL;
    beluga_chat_model *before = run->model;
    copy_table(run);
    if (beluga_client_new(NULL, &client)) {
        check_problem(run, "no client could be made");
        return;
    }
    beluga_registry *registry = beluga_client_registry(client);
    run->provider = &copy.table;
    int code = beluga_registry_register(registry, &copy.table, &run->error);
    if (code) check_problem(run, "its table can't be registered: %s", run->error.message);
    run->model = code ? NULL : check_open(run, registry);
    if (run->model) check_generate(run);
    check_let_go(run->model);
    run->model = before;
    run->provider = copy.real;
    beluga_client_close(client, check_patience_ms(run), NULL);
}

/* ---- the results of an exchange -------------------------------------------------------------- */

static bool is_key_sent(const check_run *run, size_t request)
{
    const char *value = peer_request_header(run->peer, request, "authorization");
    return value && strstr(value, CHECK_KEY);
}

static void judge_exchange(check_run *run)
{
    size_t first = run->asked;
    check_play_whole(run);
    if (!check_load_usual_answer(run, false)) return;
    check_play_whole(run);
    call_anew(run);
    size_t sent = peer_requests(run->peer);
    check_request(run, 1);
    run->asked = sent;
    if (!run->finished)
        check_problem(run,
                      "after the token's answer the call did not finish: %s: decode_token must "
                      "give the token to beluga_token_set",
                      run->error.message);
    else if (sent - first < 2)
        check_problem(run, "no call was made with the token");
    else if (is_key_sent(run, first + 1))
        check_problem(run, "the request was sent with the key instead of the token: authorize must "
                           "send the key of the credential that it is given");
}

static void judge_refusal(check_run *run, int status, const char *body)
{
    peer_step_json(peer_reply_new(run->peer), status, body);
    /* If the provider wrongly accepts the answer as a token, it makes the call. */
    if (status < 400) check_play_whole(run);
    call_anew(run);
    run->asked = peer_requests(run->peer);
    if (run->finished)
        check_problem(run,
                      "the service of tokens answered %d %s, and the call was made all the same: "
                      "decode_token must return a negative code",
                      status, body);
}

void check_run_token(check_run *run)
{
    if (!run->provider->encode_token || run->settings->base) {
        check_text_puts(&run->reason, "it exchanges no key");
        return;
    }
    if (!check_load_answer(run, 1)) return;
    run->exchanges = true;
    judge_exchange(run);
    if (!run->problems.length && !run->lead) judge_refusal(run, 401, "{}");
    if (!run->problems.length && !run->lead) judge_refusal(run, 200, "{}");
}
