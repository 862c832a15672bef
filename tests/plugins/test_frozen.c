/* The frozen plug-in of version 1, built with the declarations of that time, in the present
 * library. */
#include "../support/calls.h"
#include "../support/scoped_peer.h"
#include "loading.h"

static beluga_chat_model *open_frozen(loading *l, const char *provider, const beluga_config *config)
{
    return open_plugged(l, test_plugin(l, "frozen_v1"), provider, config);
}

static void a_full_provider_of_version_1_streams(void **state)
{
    record r;
    SCOPED(beluga_chat_model) *model = open_frozen(*state, "frozen-full", NULL);
    assert_int_equal(stream_with(model, &r, beluga_with_temperature(0.5),
                                 beluga_with_provider_specific("frozen-full.mood", "good")),
                     0);
    assert_contains(r.story, "start(frozen 1)");
    assert_contains(r.story, "[2 f Hi 0.5 good] usage(3,4) finish(stop)");
}

static void a_tool_is_called_by_version_1(void **state)
{
    record r;
    SCOPED(beluga_tool) *tool = NULL;
    beluga_tool_definition definition = {.size = sizeof definition, .name = "look"};
    SCOPED(beluga_chat_model) *model = open_frozen(*state, "frozen-full", NULL), *bound = NULL;
    assert_int_equal(beluga_tool_new(&definition, &tool, NULL), 0);
    assert_int_equal(beluga_bind_tools(model, &tool, 1, &bound, NULL), 0);
    assert_int_equal(stream_whole(bound, &r), 0);
    assert_contains(r.story, "begin(0 look)");
    assert_contains(r.story, "finish(tool_calls)");
}

static void a_model_of_version_1_checks_its_configuration(void **state)
{
    loading *l = *state;
    beluga_chat_model *model = NULL;
    SCOPED(beluga_config) *config =
        beluga_config_new(beluga_with_provider_specific("frozen-full.mood", "bad"));
    assert_loads(l, test_plugin(l, "frozen_v1"));
    assert_int_equal(beluga_registry_open(l->registry, "frozen-full", config, &model, &l->err),
                     BELUGA_ERROR_INVALID_CONFIG);
    assert_string_equal(l->err.message, "no bad mood");
}

static beluga_chat_model *open_http(loading *l, peer *p)
{
    beluga_config *config = beluga_config_new(
        beluga_with_base_url(peer_url(p)), beluga_with_api_key("ice"), beluga_with_max_retries(0));
    beluga_chat_model *model = open_frozen(l, "frozen-http", config);
    beluga_config_free(config);
    return model;
}

static void an_http_provider_of_version_1_streams(void **state)
{
    record r;
    SCOPED(peer) *p = peer_start();
    SCOPED(beluga_chat_model) *model = open_http(*state, p);
    peer_reply *reply = peer_reply_new(p);
    peer_step_sse(reply, "{\"text\":\"cold\"}");
    peer_step_sse(reply, "{}");
    peer_step_end(reply);
    assert_int_equal(stream_whole(model, &r), 0);
    assert_contains(r.story, "[cold] finish(stop)");
    assert_contains(peer_request_path(p, 0), "/frozen?v=1");
    assert_string_equal(peer_request_header(p, 0, "x-frozen-key"), "ice");
    assert_string_equal(peer_request_body(p, 0, NULL), "{\"text\":\"Hi\",\"stream\":true}");
}

static void an_error_code_of_version_1_arrives(void **state)
{
    beluga_error err;
    SCOPED(peer) *p = peer_start();
    SCOPED(beluga_chat_model) *model = open_http(*state, p);
    peer_reply *reply = peer_reply_new(p);
    peer_step_status(reply, 503, "X-Frozen-Code: too_warm\r\n");
    peer_step_body(reply, "", 0);
    assert_int_not_equal(generate(model, NULL, &err), 0);
    assert_int_equal(err.http_status, 503);
    assert_string_equal(err.provider_code, "too_warm");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOADING(a_full_provider_of_version_1_streams),
        LOADING(a_tool_is_called_by_version_1),
        LOADING(a_model_of_version_1_checks_its_configuration),
        LOADING(an_http_provider_of_version_1_streams),
        LOADING(an_error_code_of_version_1_arrives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
