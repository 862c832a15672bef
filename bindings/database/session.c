#include "session.h"

#include <beluga/registry.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int db_no_memory(beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for a call");
}

int db_check_text(const char *text, size_t length, beluga_error *err)
{
    const char *nul = length ? memchr(text, 0, length) : NULL;
    if (!nul) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_RESPONSE,
                            "the answer has a NUL byte at byte %zu, which a text of a database "
                            "can't have",
                            (size_t)(nul - text));
}

/* ---- the length of answers ------------------------------------------------------------------- */

static int64_t longest(const db_session *session)
{
    int64_t most = session->policy.max_answer_bytes;
    return most > 0 ? most : DB_MAX_ANSWER_BYTES;
}

static int too_long(const db_session *session, beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_LIMIT_EXCEEDED,
                            "the answer is longer than %lld bytes: the administrator can allow "
                            "more (%s)",
                            (long long)longest(session), session->policy.max_answer_setting);
}

int db_session_check_length(const db_session *session, size_t length, beluga_error *err)
{
    return length > (uint64_t)longest(session) ? too_long(session, err) : 0;
}

void db_session_explain(const db_session *session, beluga_error *err)
{
    const char *option = beluga_option_get_info(BELUGA_OPTION_MAX_RESPONSE_BYTES)->name;
    beluga_error plain;
    if (err->code != BELUGA_ERROR_LIMIT_EXCEEDED || !strstr(err->message, option)) return;
    too_long(session, &plain);
    memcpy(err->message, plain.message, sizeof err->message);
}

/* ---- beginning and end ----------------------------------------------------------------------- */

/* The client needs few threads, since they only read keys from files and commands. */
int db_session_new(db_wait_fn wait, void *payload, db_session **out, beluga_error *err)
{
    const beluga_client_settings settings = {
        .size = sizeof settings, .max_threads = 2, .max_idle_loops = 1};
    db_session *session = calloc(1, sizeof *session);
    *out = NULL;
    if (!session) return db_no_memory(err);
    session->wait = wait;
    session->payload = payload;
    session->usage.cost_known = true;
    if (beluga_client_new(&settings, &session->client) ||
        beluga_loop_new(session->client, &session->loop)) {
        db_session_free(session);
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY,
                                "no memory or descriptors to begin with");
    }
    *out = session;
    return 0;
}

static void free_model(db_model *model)
{
    beluga_chat_model_unref(model->model);
    free(model->reference);
    free(model->system);
    *model = (db_model){0};
}

static void close_models(db_session *session)
{
    while (session->n_models) free_model(&session->models[--session->n_models]);
}

static void forget(db_session *session)
{
    close_models(session);
    beluga_config_free(session->config);
    beluga_prices_free(session->prices);
    session->config = NULL;
    session->prices = NULL;
    free(session->config_file);
    free(session->allowed_hosts);
    free(session->allowed_models);
    free(session->prices_file);
    session->config_file = session->allowed_hosts = NULL;
    session->allowed_models = session->prices_file = NULL;
    session->policy.config_file = session->policy.allowed_hosts = NULL;
    session->policy.allowed_models = session->policy.prices = NULL;
}

void db_session_free(db_session *session)
{
    if (!session) return;
    forget(session);
    beluga_loop_free(session->loop);
    beluga_client_unref(session->client);
    free(session);
}

/* ---- the policy ------------------------------------------------------------------------------ */

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_file(const db_session *session)
{
    struct stat now = {0};
    const struct stat *then = &session->file;
    if (!session->config_file || !*session->config_file) return true;
    if (stat(session->config_file, &now)) now = (struct stat){0};
    return now.st_ino == then->st_ino && now.st_size == then->st_size &&
           now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == then->st_mtim.tv_nsec;
}

static bool same_policy(const db_session *session, const db_policy *policy)
{
    return session->config && same_text(session->config_file, policy->config_file) &&
           same_text(session->allowed_hosts, policy->allowed_hosts) &&
           same_text(session->allowed_models, policy->allowed_models) &&
           same_text(session->prices_file, policy->prices) && same_file(session);
}

static char *copy(const char *text, bool *ok)
{
    char *own = strdup(text ? text : "");
    if (!own) *ok = false;
    return own;
}

static int copy_policy(db_session *session, const db_policy *policy, beluga_error *err)
{
    bool ok = true;
    session->config_file = copy(policy->config_file, &ok);
    session->allowed_hosts = copy(policy->allowed_hosts, &ok);
    session->allowed_models = copy(policy->allowed_models, &ok);
    session->prices_file = copy(policy->prices, &ok);
    return ok ? 0 : db_no_memory(err);
}

/* Keys and addresses of providers come only from the environment and the configuration file. */
static int read_config(db_session *session, beluga_error *err)
{
    const beluga_option environment = beluga_with_env();
    const char *path = session->config_file;
    session->config = beluga_config_new_n(&environment, 1);
    if (!session->config) return db_no_memory(err);
    session->file = (struct stat){0};
    if (!*path) return 0;
    if (stat(path, &session->file)) session->file = (struct stat){0};
    return beluga_config_load_file(session->config, path, err);
}

/* A list that the administrator names must be readable. Without the installed list, calls work and
 * only their cost is unknown; if a budget is set, the library reads the list again and reports the
 * error. */
static int read_prices(db_session *session, beluga_error *err)
{
    const char *path = session->prices_file;
    int status = beluga_prices_load(*path ? path : NULL, &session->prices, err);
    if (status) session->prices = NULL;
    return *path ? status : 0;
}

/* After an error the session has no configuration, so that the next call reads the files again. */
static int read_files(db_session *session, const db_policy *policy, beluga_error *err)
{
    int status = copy_policy(session, policy, err);
    if (!status) status = read_config(session, err);
    if (!status) status = read_prices(session, err);
    if (status) forget(session);
    return status;
}

int db_session_set_policy(db_session *session, const db_policy *policy, beluga_error *err)
{
    bool same = same_policy(session, policy) && session->policy.budget_cost == policy->budget_cost;
    if (!same) {
        forget(session);
        int status = read_files(session, policy, err);
        if (status) return status;
    }
    session->policy = *policy;
    session->policy.config_file = session->config_file;
    session->policy.allowed_hosts = session->allowed_hosts;
    session->policy.allowed_models = session->allowed_models;
    session->policy.prices = session->prices_file;
    return 0;
}

/* ---- models ---------------------------------------------------------------------------------- */

static const db_model *find(db_session *session, const char *reference)
{
    for (size_t i = 0; i < session->n_models; i++)
        if (strcmp(session->models[i].reference, reference) == 0) return &session->models[i];
    return NULL;
}

static int no_money(const db_session *session, beluga_error *err)
{
    return beluga_error_set(err, BELUGA_ERROR_BUDGET_EXCEEDED,
                            "this session has spent $%.4f of its budget of $%g (budget_cost)",
                            session->usage.cost, session->policy.budget_cost);
}

/* Set the library's budget, which reserves the possible cost of running calls, so that many calls
 * at once can't exceed it together. A smaller budget in the configuration file stays. */
static int limit_cost(const db_session *session, beluga_config *config, beluga_error *err)
{
    const char *prices = session->prices_file;
    double left = session->policy.budget_cost - session->usage.cost, other;
    if (session->policy.budget_cost <= 0) return 0;
    if (left < 1e-9) return no_money(session, err);
    if (beluga_config_get_double(config, BELUGA_OPTION_BUDGET, &other) && other < left)
        left = other;
    const beluga_option options[] = {beluga_with_budget(left), beluga_with_prices(prices)};
    int status = beluga_config_set_n(config, options, *prices ? 2 : 1);
    return status ? db_no_memory(err) : 0;
}

static int open_resolved(db_session *session, const char *reference, beluga_config *config,
                         db_model *model, beluga_error *err)
{
    const char *system = beluga_config_system(config);
    beluga_registry *registry = beluga_client_registry(session->client);
    int status =
        db_policy_check(&session->policy, registry, session->config, reference, config, err);
    if (!status) status = limit_cost(session, config, err);
    if (!status) status = beluga_registry_open(registry, NULL, config, &model->model, err);
    if (status || !system) return status;
    model->system = strdup(system);
    return model->system ? 0 : db_no_memory(err);
}

static int open_model(db_session *session, const char *reference, db_model *model,
                      beluga_error *err)
{
    beluga_config *config;
    beluga_registry *registry = beluga_client_registry(session->client);
    int status = beluga_config_resolve(session->config, registry, reference, &config, err);
    if (status) return status;
    status = open_resolved(session, reference, config, model, err);
    beluga_config_free(config);
    return status;
}

static int make_model(db_session *session, const char *reference, db_model *model,
                      beluga_error *err)
{
    *model = (db_model){.reference = strdup(reference)};
    int status = model->reference ? open_model(session, reference, model, err) : db_no_memory(err);
    if (status) {
        free_model(model);
        return status;
    }
    const char *provider = beluga_provider_name(model->model);
    const char *name = beluga_model_name(model->model);
    if (session->prices)
        model->has_price = beluga_prices_find(session->prices, provider, name, &model->price);
    return 0;
}

int db_session_open(db_session *session, const char *reference, const char *setting,
                    const db_model **out, beluga_error *err)
{
    db_model made;
    if (!reference || !*reference) reference = beluga_config_default_model(session->config);
    if (!reference)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                "no model is named: give one as an argument, such as "
                                "'openai/gpt-5-mini', or set %s, or \"model\" in the "
                                "configuration file",
                                setting);
    *out = find(session, reference);
    if (*out) return 0;
    int status = make_model(session, reference, &made, err);
    if (status) return status;
    if (session->n_models == DB_MAX_MODELS) close_models(session);
    session->models[session->n_models] = made;
    *out = &session->models[session->n_models++];
    return 0;
}

bool db_session_name(const db_session *session, size_t index, const char **name,
                     const char **meaning, const char **kind)
{
    size_t n = 0;
    if (!session->config) return false;
    *kind = "alias";
    for (; beluga_config_alias(session->config, n, name, meaning); n++)
        if (n == index) return true;
    *kind = "provider";
    return beluga_config_provider(session->config, index - n, name, meaning);
}

/* ---- what is spent --------------------------------------------------------------------------- */

static int over(beluga_error *err, const char *what, int64_t limit)
{
    return beluga_error_set(err, BELUGA_ERROR_BUDGET_EXCEEDED,
                            "this session has used up its budget of %lld %s", (long long)limit,
                            what);
}

int db_session_begin_call(db_session *session, beluga_error *err)
{
    const db_policy *policy = &session->policy;
    db_usage *usage = &session->usage;
    int64_t tokens = usage->input_tokens + usage->output_tokens;
    if (policy->budget_calls > 0 && usage->calls >= policy->budget_calls)
        return over(err, "calls (budget_calls)", policy->budget_calls);
    if (policy->budget_tokens > 0 && tokens >= policy->budget_tokens)
        return over(err, "tokens (budget_tokens)", policy->budget_tokens);
    if (policy->budget_cost > 0 && usage->cost >= policy->budget_cost)
        return no_money(session, err);
    usage->calls++;
    return 0;
}

/* Return the reported number of tokens, or else an estimate: a token has about four bytes in
 * English text. */
static int64_t told_or_estimated(int64_t told, size_t bytes)
{
    return told >= 0 ? told : (int64_t)(bytes + 3) / 4;
}

void db_session_end_call(db_session *session, const beluga_price *price, const beluga_usage *usage,
                         size_t bytes_in, size_t bytes_out, bool failed)
{
    beluga_usage counted = *usage;
    counted.input_total = told_or_estimated(usage->input_total, bytes_in);
    counted.output_total = told_or_estimated(usage->output_total, bytes_out);
    session->usage.failed += failed;
    /* A call that failed before the provider reported usage or sent text is counted as free. */
    if (failed && usage->input_total < 0 && bytes_out == 0) return;
    session->usage.input_tokens += counted.input_total;
    session->usage.output_tokens += counted.output_total;
    if (price)
        session->usage.cost += beluga_price_cost(price, &counted);
    else
        session->usage.cost_known = false;
}

/* ---- steps and waits ------------------------------------------------------------------------- */

static bool is_pending(int signal)
{
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, signal) == 1;
}

/* Remove a pending SIGPIPE. A write to a closed connection may have raised it, and it stays pending
 * because it is blocked. */
static void take_sigpipe(void)
{
    const struct timespec now = {0, 0};
    sigset_t pipe_only;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigtimedwait(&pipe_only, NULL, &now);
}

/* libcurl may start a thread that resolves a host name. That thread inherits this thread's signal
 * mask, so all signals are blocked here. */
int db_session_step(db_session *session, beluga_error *err)
{
    sigset_t all, before;
    sigfillset(&all);
    bool had_one = is_pending(SIGPIPE);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = beluga_loop_step(session->loop);
    if (!had_one && is_pending(SIGPIPE)) take_sigpipe();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!status) return 0;
    return beluga_error_set(err, status, "%s", beluga_error_text(status));
}

int db_session_wait(db_session *session, const bool *done, beluga_error *err)
{
    for (;;) {
        int status = db_session_step(session, err);
        if (status || *done) return status;
        if (session->wait(session->payload, beluga_loop_fd(session->loop)))
            return beluga_error_set(err, BELUGA_ERROR_CONTEXT_CANCELED, "interrupted");
    }
}
