#include "protocol_kit.h"

#include "base/buf.h"

#include <beluga/allocator.h>
#include <beluga/error.h>
#include <beluga/option.h>
#include <beluga/response.h>

#include <stdio.h>

const protocol_identity kit_identity = {.id = "id-1", .created = 1700000000, .model = "m"};

/* ---- requests -------------------------------------------------------------------------------- */

int kit_read(protocol_request *request, const protocol *table, const char *body)
{
    *request = (protocol_request){0};
    int rc = protocol_request_parse(request, table, body, strlen(body));
    return rc ? rc : protocol_request_read(request);
}

static void put_media(FILE *to, const char *kind, const beluga_part *part)
{
    if (part->url)
        fprintf(to, "%s(%s)", kind, part->url);
    else
        fprintf(to, "%s(%s %s %zu bytes)", kind, part->media_type, part->name ? part->name : "-",
                part->data_length);
}

static void put_part(FILE *to, const beluga_part *part)
{
    const char *mark = part->flags & BELUGA_PART_CACHE_1H   ? " [cache 1h]"
                       : part->flags & BELUGA_PART_CACHE_5M ? " [cache 5m]"
                       : part->flags & BELUGA_PART_CACHE    ? " [cache]"
                                                            : "";
    fputc(' ', to);
    switch (part->kind) {
    case BELUGA_PART_TEXT: fprintf(to, "\"%.*s\"", (int)part->text_length, part->text); break;
    case BELUGA_PART_REASONING:
        fprintf(to, "thought \"%.*s\"", (int)part->text_length, part->text);
        if (part->signature)
            fprintf(to, " signed %.*s", (int)part->signature_length, part->signature);
        break;
    case BELUGA_PART_TOOL_CALL:
        fprintf(to, "%s:%s(%.*s)", part->id, part->name, (int)part->text_length, part->text);
        break;
    case BELUGA_PART_IMAGE: put_media(to, "image", part); break;
    case BELUGA_PART_AUDIO: put_media(to, "audio", part); break;
    case BELUGA_PART_FILE: put_media(to, "file", part); break;
    default: break;
    }
    if (part->state)
        fprintf(to, " {%s %.*s}", part->state_provider, (int)part->state_length, part->state);
    fputs(mark, to);
}

static void put_message(FILE *to, const beluga_message *message)
{
    static const char *const roles[] = {
        [BELUGA_ROLE_SYSTEM] = "system",
        [BELUGA_ROLE_HUMAN] = "human",
        [BELUGA_ROLE_AI] = "ai",
        [BELUGA_ROLE_TOOL] = "tool",
    };
    const char *id = beluga_message_tool_call_id(message);
    fputs(roles[beluga_message_role(message)], to);
    if (id) fprintf(to, " %s", id);
    if (beluga_message_is_tool_error(message)) fputs(" failed", to);
    fputc(':', to);
    for (size_t i = 0; i < beluga_message_count(message); i++)
        put_part(to, beluga_message_part(message, i));
    fputc('\n', to);
}

static void put_option(FILE *to, const beluga_option *option)
{
    const beluga_option_info *info = beluga_option_get_info(option->key);
    fprintf(to, "%s=", info->name);
    if (info->type == BELUGA_OPTION_STRING || info->type == BELUGA_OPTION_LIST)
        fprintf(to, "%.*s\n", (int)option->length, option->value.string);
    else if (info->type == BELUGA_OPTION_DOUBLE)
        fprintf(to, "%g\n", option->value.number);
    else
        fprintf(to, "%lld\n", (long long)option->value.integer);
}

static void put_tool(FILE *to, const protocol_request *request, const beluga_tool *tool)
{
    const char *name = beluga_tool_name(tool), *space;
    const char *own = protocol_tool_name(request, name, &space);
    fprintf(to, "tool %s", name);
    if (strcmp(own, name) != 0) fprintf(to, " is %s of %s", own, space ? space : "-");
    if (beluga_tool_is_strict(tool)) fputs(" strict", to);
    if (*beluga_tool_description(tool)) fprintf(to, " \"%s\"", beluga_tool_description(tool));
    fprintf(to, " %s\n", beluga_tool_parameters(tool, NULL));
}

char *kit_describe(const protocol_request *request)
{
    char *text;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    assert_non_null(to);
    for (size_t i = 0; i < beluga_messages_count(request->messages); i++)
        put_message(to, beluga_messages_get(request->messages, i));
    for (size_t i = 0; i < request->n_tools; i++) put_tool(to, request, request->tools[i]);
    for (size_t i = 0; i < request->n_options; i++) put_option(to, &request->options[i]);
    if (request->stream) fputs(request->include_usage ? "stream with usage\n" : "stream\n", to);
    if (request->extra) fprintf(to, "extra %s\n", request->extra);
    if (request->affinity) fprintf(to, "affinity %s\n", request->affinity);
    if (*request->dropped) fprintf(to, "dropped %s\n", request->dropped);
    fclose(to);
    return text;
}

void kit_reads(const protocol *table, const char *body, const char *expected)
{
    protocol_request request;
    int rc = kit_read(&request, table, body);
    if (rc) fail_msg("%s: %s\n%s", beluga_error_name(rc), request.why, body);
    char *seen = kit_describe(&request);
    assert_string_equal(seen, expected);
    free(seen);
    protocol_request_free(&request);
}

void kit_refuses(const protocol *table, const char *body, const char *why)
{
    protocol_request request;
    assert_int_equal(kit_read(&request, table, body), BELUGA_ERROR_INVALID_INPUT);
    assert_string_equal(request.why, why);
    protocol_request_free(&request);
}

/* ---- answers --------------------------------------------------------------------------------- */

char *kit_stream(const protocol *table, const char *body, const beluga_event *events, size_t n)
{
    protocol_request request;
    beluga__buf out;
    assert_int_equal(kit_read(&request, table, body), 0);
    beluga__buf_init(&out, beluga_allocator_default(), 16 << 20);
    protocol_stream *stream = protocol_stream_new(&request, &kit_identity, &out);
    assert_non_null(stream);
    for (size_t i = 0; i < n; i++) {
        if (events[i].kind == BELUGA_EVENT_ERROR)
            assert_int_equal((table->fail)(stream, events[i].u.error), 0);
        else
            assert_int_equal(table->event(stream, &events[i]), 0);
    }
    protocol_stream_free(stream);
    protocol_request_free(&request);
    char *text = strdup(out.data);
    beluga__buf_free(&out);
    assert_non_null(text);
    return text;
}

static char *take_text(beluga_json_writer *w)
{
    const char *text;
    assert_int_equal(beluga_json_writer_text(w, &text, NULL), 0);
    char *copy = strdup(text);
    assert_non_null(copy);
    beluga_json_writer_free(w);
    return copy;
}

char *kit_answer(const protocol *table, const char *body, const beluga_event *events, size_t n)
{
    protocol_request request;
    beluga_response *response;
    beluga_response_builder *builder = beluga_response_builder_new();
    beluga_json_writer *w = beluga_json_writer_new();
    assert_true(builder && w);
    assert_int_equal(kit_read(&request, table, body), 0);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(beluga_response_builder_add(builder, &events[i]), 0);
    assert_int_equal(beluga_response_builder_finish(builder, &response), 0);
    beluga_json_begin_object(w, NULL);
    table->answer(w, &request, &kit_identity, response);
    beluga_json_end_object(w);
    beluga_response_free(response);
    beluga_response_builder_free(builder);
    protocol_request_free(&request);
    return take_text(w);
}

char *kit_error(const protocol *table, const beluga_error *error)
{
    beluga_json_writer *w = beluga_json_writer_new();
    assert_non_null(w);
    beluga_json_begin_object(w, NULL);
    table->error(w, error, "req-1");
    beluga_json_end_object(w);
    return take_text(w);
}
