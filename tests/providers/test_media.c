/* An image in an answer: from the provider's bytes to the caller, and back to the provider in the
 * next request. */
#include "../support/calls.h"
#include "../support/scoped.h"
#include "base/json.h"

#include <stdio.h>

/* Size of a picture that does not fit into the queue of a pull stream. */
enum { PICTURE = 3 * 40000 };

static char *picture_base64(void)
{
    char *text = calloc(1, PICTURE / 3 * 4 + 1);
    assert_non_null(text);
    for (size_t i = 0; i < PICTURE / 3; i++) memcpy(text + 4 * i, "UE5H", 4); /* "PNG" */
    return text;
}

static void answer(peer *p, bool streamed)
{
    char *base64 = picture_base64(), *body = malloc(PICTURE * 2);
    assert_non_null(body);
    snprintf(body, PICTURE * 2,
             "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Here\"},"
             "{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"%s\"},"
             "\"thoughtSignature\":\"c2ln\"}]},\"finishReason\":\"STOP\"}],"
             "\"usageMetadata\":{\"promptTokenCount\":1}}",
             base64);
    peer_reply *reply = peer_reply_new(p);
    if (streamed) {
        peer_step_status(reply, 200, "Content-Type: text/event-stream\r\n");
        peer_step_sse(reply, body);
        peer_step_end(reply);
    } else {
        peer_step_json(reply, 200, body);
    }
    free(base64);
    free(body);
}

static beluga_chat_model *open_gemini(peer *p)
{
    beluga_error err = {0};
    beluga_chat_model *model = NULL;
    beluga_config *config = beluga_config_new(
        beluga_with_base_url(peer_url(p)), beluga_with_api_key("k"), beluga_with_model_name("m"),
        beluga_with_max_retries(0), beluga_with_timeout_ms(PATIENCE_MS));
    if (beluga_registry_open(beluga_registry_default(), "gemini", config, &model, &err))
        fail_msg("open: %s", err.message);
    beluga_config_free(config);
    return model;
}

static void check_picture(const void *bytes, size_t length)
{
    assert_int_equal(length, PICTURE);
    assert_memory_equal(bytes, "PNGPNGPNG", 9);
    assert_memory_equal((const char *)bytes + length - 6, "PNGPNG", 6);
}

static beluga_response *generate_picture(peer *p, beluga_chat_model *model)
{
    beluga_response *response = NULL;
    beluga_error err = {0};
    answer(p, false);
    if (beluga_invoke(model, NULL, beluga_input_text("Draw"), &response, &err))
        fail_msg("%s", err.message);
    return response;
}

static void a_picture_is_part_of_the_response(void **state)
{
    peer *p = *state;
    SCOPED(beluga_chat_model) *model = open_gemini(p);
    SCOPED(beluga_response) *response = generate_picture(p, model);
    assert_string_equal(beluga_response_text(response, NULL), "Here");
    assert_int_equal(beluga_response_media_count(response), 1);
    const beluga_part *media = beluga_response_media(response, 0);
    assert_int_equal(media->kind, BELUGA_PART_IMAGE);
    assert_string_equal(media->media_type, "image/png");
    assert_null(media->url);
    check_picture(media->data, media->data_length);
    assert_null(beluga_response_media(response, 1));
    assert_null(beluga_response_warning(response, 0));
}

static void a_picture_is_in_the_json_of_the_response(void **state)
{
    peer *p = *state;
    SCOPED(char) *json = NULL;
    SCOPED(beluga_chat_model) *model = open_gemini(p);
    SCOPED(beluga_response) *response = generate_picture(p, model);
    assert_int_equal(beluga_response_to_json(response, &json, NULL), 0);
    assert_non_null(strstr(json, "\"media\":[{\"kind\":\"image\",\"media_type\":\"image/png\","
                                 "\"data\":\"UE5HUE5H"));
}

static void a_picture_goes_back_with_its_signature(void **state)
{
    peer *p = *state;
    beluga_error err = {0};
    SCOPED(beluga_chat_model) *model = open_gemini(p);
    SCOPED(beluga_response) *first = generate_picture(p, model), *second = NULL;
    SCOPED(beluga_messages) *messages = beluga_messages_new();
    beluga_messages_add(messages, beluga_human_message("Draw"));
    beluga_messages_add(messages, beluga_response_message(first));
    beluga_messages_add(messages, beluga_human_message("Again"));
    answer(p, false);
    if (beluga_generate(model, NULL, messages, &second, &err)) fail_msg("%s", err.message);
    const char *body = peer_request_body(p, 1, NULL);
    assert_non_null(strstr(body, "{\"text\":\"Here\"},{\"inlineData\":{\"mimeType\":\"image/png\","
                                 "\"data\":\"UE5HUE5H"));
    assert_non_null(strstr(body, "\"},\"thoughtSignature\":\"c2ln\"}"));
}

static void a_picture_is_one_event_of_a_stream(void **state)
{
    peer *p = *state;
    record r = {0};
    answer(p, true);
    SCOPED(beluga_chat_model) *model = open_gemini(p);
    SCOPED(beluga_stream) *stream = begin_stream(model, NULL);
    const beluga_event *event = pull_until(stream, &r, BELUGA_EVENT_MEDIA);
    assert_int_equal(event->u.media.kind, BELUGA_PART_IMAGE);
    assert_string_equal(event->u.media.media_type, "image/png");
    check_picture(event->u.media.bytes, event->u.media.length);
    pull_all(stream, &r);
    assert_int_equal(r.finishes, 1);
}

/* --- base64 ----------------------------------------------------------------------------------- */

static void base64_is_read_in_both_alphabets_and_without_padding(void **state)
{
    static const struct {
        const char *text, *bytes; /* NULL: refused */
        ptrdiff_t length;
    } cases[] = {
        {"", "", 0},
        {"QQ==", "A", 1},
        {"QQ", "A", 1},
        {"QUI=", "AB", 2},
        {"QUI", "AB", 2},
        {"QUJD", "ABC", 3},
        {"QUJDRA==", "ABCD", 4},
        {"+/+/", "\xfb\xff\xbf", 3},
        {"-_-_", "\xfb\xff\xbf", 3},
        {"Q", NULL, -1},
        {"QUJDR", NULL, -1},
        {"QQ=A", NULL, -1},
        {"Q===", NULL, -1},
        {"QQ===", NULL, -1},
        {"Q!==", NULL, -1},
        {"\xc3\xa4QQ", NULL, -1},
        {"==", "", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        beluga__buf out;
        beluga__buf_init(&out, beluga_allocator_default(), 64);
        int code = beluga__base64_decode(&out, cases[i].text, strlen(cases[i].text));
        assert_int_equal(code, cases[i].bytes ? 0 : BELUGA_ERROR_INVALID_INPUT);
        if (cases[i].bytes) assert_int_equal(out.length, cases[i].length);
        if (cases[i].length > 0) assert_memory_equal(out.data, cases[i].bytes, out.length);
        beluga__buf_free(&out);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        ON_PEER(a_picture_is_part_of_the_response),
        ON_PEER(a_picture_is_in_the_json_of_the_response),
        ON_PEER(a_picture_goes_back_with_its_signature),
        ON_PEER(a_picture_is_one_event_of_a_stream),
        cmocka_unit_test(base64_is_read_in_both_alphabets_and_without_padding),
    };
    return cmocka_run_group_tests_name("media", tests, NULL, NULL);
}
