#include "team.h"

#include "../support/openai.h"

#include <stdlib.h>

static void *member(void *argument)
{
    team *t = argument;
    unsigned number = atomic_fetch_add(&t->numbers, 1);
    pthread_barrier_wait(&t->start);
    t->work(t, number);
    atomic_fetch_add(&t->done, 1);
    return NULL;
}

void team_run(team *t, unsigned n, void (*work)(team *, unsigned))
{
    pthread_t threads[TEAM_MOST];
    pthread_attr_t attributes;
    t->work = work;
    atomic_store(&t->numbers, 0);
    atomic_store(&t->done, 0);
    pthread_barrier_init(&t->start, NULL, n);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 1 << 20);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(pthread_create(&threads[i], &attributes, member, t), 0);
    for (unsigned i = 0; i < n; i++) pthread_join(threads[i], NULL);
    pthread_attr_destroy(&attributes);
    pthread_barrier_destroy(&t->start);
    assert_int_equal(atomic_load(&t->wrong), 0);
    assert_int_equal(atomic_load(&t->done), n);
}

void team_expect(team *t, bool right)
{
    if (!right) atomic_fetch_add(&t->wrong, 1);
}

beluga_chat_model *team_open_in(beluga_client *client, const char *provider, const char *name,
                                const char *url)
{
    beluga_chat_model *model = NULL;
    beluga_error err = {0};
    beluga_config *config =
        beluga_config_new(beluga_with_model_name(name), beluga_with_base_url(url),
                          beluga_with_api_key(SECRET_KEY), beluga_with_max_retries(0));
    if (beluga_registry_open(beluga_client_registry(client), provider, config, &model, &err))
        fail_msg("open: %s", err.message);
    beluga_config_free(config);
    return model;
}

static int set_up_with(void **state, const beluga_client_settings *settings)
{
    team *t = calloc(1, sizeof *t);
    if (!t || beluga_client_new(settings, &t->client)) return -1;
    t->model = team_open_in(t->client, "mock", "echo", NULL);
    t->registry = beluga_client_registry(t->client);
    t->peer = peer_start();
    *state = t;
    return t->peer ? 0 : -1;
}

int team_set_up(void **state)
{
    return set_up_with(state, NULL);
}

int team_set_up_with_a_small_pool(void **state)
{
    const beluga_client_settings settings = {
        .size = sizeof settings, .max_idle_loops = 2, .idle_loop_ms = 1, .max_threads = 2};
    return set_up_with(state, &settings);
}

int team_tear_down(void **state)
{
    team *t = *state;
    beluga_chat_model_unref(t->model);
    beluga_client_unref(t->client);
    peer_stop(t->peer);
    free(t);
    return 0;
}

void team_serve(team *t)
{
    peer_reply *streamed = peer_reply_new(t->peer), *whole = peer_reply_new(t->peer);
    peer_reply_match_streamed(streamed, 1);
    peer_reply_repeat(streamed, PEER_FOR_EVER);
    peer_openai_stream(streamed, "peer-chat says so");
    peer_reply_match_streamed(whole, 0);
    peer_reply_repeat(whole, PEER_FOR_EVER);
    peer_openai_answer(whole, "peer-chat says so");
    beluga_chat_model_unref(t->model);
    t->model = team_open_in(t->client, "openai", "any", peer_url(t->peer));
}
