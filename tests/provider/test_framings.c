/* Streams whose framing only the provider knows: it gets the pieces as they arrive, or its own
 * function cuts them into frames. Also tests requests whose body is not JSON. */
#include "../support/scene.h"
#include "../support/scoped.h"

#include <beluga/provider/provider.h>

#include <stdio.h>

/* --- two providers ---------------------------------------------------------------------------- */

static int encode_form(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)err;
    size_t n;
    const char *text = beluga_message_text(beluga_call_message(call, 0), &n);
    beluga_http_request_set_path(request, "/say");
    beluga_http_request_add_form_field(request, "text", text, n);
    beluga_http_request_add_form_field(request, "stream", beluga_call_is_streamed(call) ? "1" : "0",
                                       1);
    return 0;
}

static int encode_parts(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    (void)err;
    beluga_http_part part = {.size = sizeof part, .name = "text"};
    part.data = beluga_message_text(beluga_call_message(call, 0), &part.length);
    beluga_http_request_set_path(request, "/say");
    beluga_http_request_add_part(request, &part);
    return 0;
}

static int finish(void *state, beluga_emit *emit)
{
    (void)state;
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

/* Sign the body as it will be sent. */
static int authorize(beluga_http_request *request, const beluga_credential *credential, int64_t now,
                     beluga_error *err)
{
    (void)now;
    (void)err;
    size_t n;
    char text[64];
    const char *body = beluga_http_request_body(request, &n);
    snprintf(text, sizeof text, "%zu %d %s", n, body[n - 1], credential->key);
    beluga_http_request_set_header(request, "X-Signed", text);
    return 0;
}

static int decode_piece(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    (void)state;
    assert_null(frame->event);
    return beluga_emit_text(emit, frame->data, frame->length);
}

static int decode_whole(void *state, const char *body, size_t length, beluga_emit *emit)
{
    int code = beluga_emit_text(emit, body, length);
    return code ? code : finish(state, emit);
}

static const beluga_provider pieces = {
    BELUGA_PROVIDER_INIT("pieces"), .framing = BELUGA_FRAMING_RAW,   .default_model = "pieces-1",
    .encode_request = encode_form,  .decode_response = decode_whole, .decode_event = decode_piece,
    .decode_end = finish,           .authorize = authorize,
};

/* Cut frames: "T5:Hello" is text, "E:" is the end, and "P:" is a sign of life. */
static int cut(const char *bytes, size_t length, bool ended, beluga_cut *out)
{
    (void)ended;
    const char *colon = memchr(bytes, ':', length);
    if (*bytes != 'T' && *bytes != 'E' && *bytes != 'P') return BELUGA_ERROR_MALFORMED_RESPONSE;
    if (!colon) return 0;
    out->data = (size_t)(colon - bytes) + 1;
    out->data_length = (size_t)strtoul(bytes + 1, NULL, 10);
    out->event_length = *bytes != 'P';
    if (out->data_length <= length - out->data) out->end = out->data + out->data_length;
    return 0;
}

static int decode_own(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    if (strcmp(frame->event, "E") == 0) return finish(state, emit);
    return beluga_emit_text(emit, frame->data, frame->length);
}

static const beluga_provider own = {
    BELUGA_PROVIDER_INIT("own"),    .framing = BELUGA_FRAMING_OWN, .default_model = "own-1",
    .encode_request = encode_parts, .decode_event = decode_own,    .cut = cut,
    .authorize = authorize,
};

static void open_provider(scene *s, const beluga_provider *provider, beluga_option more)
{
    beluga_error err = {0};
    beluga_chat_model *model = NULL;
    beluga_registry *registry = beluga_registry_default();
    if (!beluga_registry_contains(registry, provider->name))
        assert_int_equal(beluga_registry_register(registry, provider, &err), 0);
    beluga_config *config =
        beluga_config_new(beluga_with_base_url(peer_url(s->peer)), beluga_with_api_key("k"),
                          beluga_with_max_retries(0), beluga_with_timeout_ms(PATIENCE_MS), more);
    if (beluga_registry_open(registry, provider->name, config, &model, &err))
        fail_msg("open: %s", err.message);
    beluga_config_free(config);
    use_model(s, model);
}

static const beluga_option nothing = {.type = 0};

/* --- pieces ----------------------------------------------------------------------------------- */

#define PLAIN HEAD(200, "Content-Type: text/plain\r\n")

static void a_raw_body_comes_piece_by_piece_from_its_first_byte(scene *s)
{
    open_provider(s, &pieces, nothing);
    script(s->peer, PLAIN, BODY("d"));
    expect_stream(s, 0, "start metadata [d] finish(stop)");
    script(s->peer, PLAIN, BODY("{\"a\":1}\ndata: x\n\n"));
    expect_stream(s, 0, "start metadata [{\"a\":1}\ndata: x\n\n] finish(stop)");
    script(s->peer, PLAIN, BODY(" \n  x"));
    expect_stream(s, 0, "start metadata [ \n  x] finish(stop)");
    assert_string_equal(peer_request_body(s->peer, 0, NULL), "text=Hi&stream=1");
}

static void a_raw_body_that_was_not_streamed_is_decoded_whole(scene *s)
{
    open_provider(s, &pieces, nothing);
    script(s->peer, PLAIN, BODY(" {\"a\":1}{\"b\":2}"));
    expect_text(s, " {\"a\":1}{\"b\":2}");
    assert_string_equal(peer_request_header(s->peer, 0, "Content-Type"),
                        "application/x-www-form-urlencoded");
}

static void a_web_page_is_no_raw_answer(scene *s)
{
    open_provider(s, &pieces, nothing);
    script(s->peer, PLAIN, TRICKLES(3, 0), BODY("\n<!DOCTYPE html><title>Login</title>"));
    expect_end(s, BELUGA_ERROR_MALFORMED_RESPONSE);
    script(s->peer, PLAIN, TRICKLES(1, 0), BODY("<hr> is a line"));
    expect_end(s, 0);
    assert_int_equal(s->r.bytes, 14);
}

/* --- an own cutter ---------------------------------------------------------------------------- */

static void frames_of_an_own_cutter_are_decoded_however_they_arrive(scene *s)
{
    open_provider(s, &own, nothing);
    for (int step = 1; step < 12; step++) {
        script(s->peer, PLAIN, TRICKLES(step, 0), BODY("T5:HelloP:T6: worldE:"));
        expect_stream(s, 0, "start metadata [Hello] [ world] finish(stop)");
    }
}

static void a_frame_over_the_limit_fails_the_call(scene *s)
{
    char body[4096];
    open_provider(s, &own, beluga_with_max_event_bytes(1024));
    snprintf(body, sizeof body, "T3000:%03000d", 0);
    script(s->peer, PLAIN, BODY(body));
    expect_end(s, BELUGA_ERROR_LIMIT_EXCEEDED);
}

static void bytes_that_are_no_frame_fail_the_call(scene *s)
{
    open_provider(s, &own, nothing);
    script(s->peer, PLAIN, BODY("T5:Hello?"));
    expect_stream(s, BELUGA_ERROR_MALFORMED_RESPONSE, "start metadata [Hello]");
    assert_string_equal(s->r.error.message, "a frame of the stream is damaged");
}

static beluga_cut lie;
static int lie_status;

static int cut_lies(const char *bytes, size_t length, bool ended, beluga_cut *out)
{
    (void)bytes;
    (void)ended;
    lie.size = out->size;
    *out = lie;
    if (lie.end == SIZE_MAX - 1) out->end = length + 1;
    return lie_status;
}

static void expect_lie(scene *s, beluga_cut cut, int returned, const char *message)
{
    lie = cut;
    lie_status = returned;
    script(s->peer, PLAIN, BODY("T5:Hello"));
    expect_end(s, BELUGA_ERROR_INVALID_RESPONSE);
    assert_string_equal(s->r.error.message, message);
}

static void a_cutter_that_lies_fails_the_call_and_nothing_is_read(scene *s)
{
    static const char within[] =
        "the provider's function cut returned a frame outside the bytes that it was given";
    beluga_provider liar = own;
    liar.name = "liar";
    liar.cut = cut_lies;
    open_provider(s, &liar, nothing);
    expect_lie(s, (beluga_cut){.end = SIZE_MAX - 1}, 0, within);
    expect_lie(s, (beluga_cut){.end = SIZE_MAX}, 0, within);
    expect_lie(s, (beluga_cut){.end = 4, .data = 5}, 0, within);
    expect_lie(s, (beluga_cut){.end = 4, .data = 2, .data_length = 3}, 0, within);
    expect_lie(s, (beluga_cut){.end = 4, .data = 2, .data_length = SIZE_MAX - 1}, 0, within);
    expect_lie(s, (beluga_cut){.end = 4, .event = SIZE_MAX, .event_length = 2}, 0, within);
    expect_lie(s, (beluga_cut){.end = 1}, 7, within);
    expect_lie(s, (beluga_cut){.end = 1}, -99999,
               "the provider failed with -99999, which is not an error code");
}

static void a_body_that_ends_within_a_frame_is_stream_closed(scene *s)
{
    open_provider(s, &own, nothing);
    script(s->peer, PLAIN, BODY("T5:HelloT9:half"));
    expect_stream(s, BELUGA_ERROR_STREAM_CLOSED, "start metadata [Hello]");
}

static void an_own_framing_needs_its_function(scene *s)
{
    beluga_error err = {0};
    beluga_provider lame = own;
    lame.name = "lame";
    lame.cut = NULL;
    assert_int_equal(beluga_registry_register(beluga_registry_default(), &lame, &err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_non_null(strstr(err.message, "cut is missing"));
    expect_requests(s, 0);
}

/* --- bodies ----------------------------------------------------------------------------------- */

static void a_body_of_parts_is_whole_when_it_is_signed(scene *s)
{
    open_provider(s, &own, nothing);
    script(s->peer, PLAIN, BODY("T1:xE:"));
    expect_end(s, 0);
    size_t n;
    char signature[64];
    peer_request_body(s->peer, 0, &n);
    snprintf(signature, sizeof signature, "%zu %d k", n, '\n');
    assert_string_equal(peer_request_header(s->peer, 0, "X-Signed"), signature);
    assert_string_equal(peer_request_header(s->peer, 0, "Content-Type"),
                        "multipart/form-data; boundary=beluga_boundary_0000000000000000");
}

static void what_is_merged_into_json_can_not_be_merged_into_a_form(scene *s)
{
    beluga_error err = {0};
    beluga_response *response = NULL;
    open_provider(s, &pieces, nothing);
    assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("Hi"), &response, &err,
                                   beluga_with_extra_body("{\"a\":1}")),
                     BELUGA_ERROR_NOT_SUPPORTED);
    assert_string_equal(err.message, "extra_body can't be merged: this request's body is not JSON");
    assert_int_equal(beluga_invoke(s->model, NULL, beluga_input_text("Hi"), &response, &err,
                                   beluga_with_request_body("{\"a\":1}")),
                     BELUGA_ERROR_NOT_SUPPORTED);
    expect_requests(s, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(a_raw_body_comes_piece_by_piece_from_its_first_byte),
        SCENE(a_raw_body_that_was_not_streamed_is_decoded_whole),
        SCENE(a_web_page_is_no_raw_answer),
        SCENE(frames_of_an_own_cutter_are_decoded_however_they_arrive),
        SCENE(a_frame_over_the_limit_fails_the_call),
        SCENE(bytes_that_are_no_frame_fail_the_call),
        SCENE(a_cutter_that_lies_fails_the_call_and_nothing_is_read),
        SCENE(a_body_that_ends_within_a_frame_is_stream_closed),
        SCENE(an_own_framing_needs_its_function),
        SCENE(a_body_of_parts_is_whole_when_it_is_signed),
        SCENE(what_is_merged_into_json_can_not_be_merged_into_a_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
