#include "encode.h"

#include "base/mem.h"
#include "model/call_kind.h"
#include "parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_OPTIONS = 64, MAX_TOOLS = 16, MAX_INPUTS = 8 };

struct encode_script {
    char *text; /* owns the texts to which the options point */
    beluga_messages *messages;
    beluga_message *last; /* the message that is being read; it is not in the list yet */
    beluga_option options[MAX_OPTIONS];
    size_t n_options;
    beluga_tool *tools[MAX_TOOLS];
    size_t n_tools;
    bool streamed;
    beluga_kind_of_call kind;
    beluga__input inputs[MAX_INPUTS];
    size_t n_inputs;
    const char *base_url, *page, *key, *variable;
};

/* ---- reading the text ------------------------------------------------------------------------ */

/* Cut off the next word and return it; `*rest` then points behind the space that follows the
 * word. */
static char *word(char **rest)
{
    char *at = *rest, *space = strchr(at, ' ');
    *rest = space ? space + 1 : at + strlen(at);
    if (space) *space = '\0';
    return at;
}

static const char *or_none(const char *text)
{
    return strcmp(text, "-") == 0 ? NULL : text;
}

static void flush(encode_script *s)
{
    if (s->last) assert_int_equal(beluga_messages_add(s->messages, s->last), 0);
    s->last = NULL;
}

static beluga_part_kind kind_of(const char *name)
{
    if (strcmp(name, "image") == 0) return BELUGA_PART_IMAGE;
    if (strcmp(name, "audio") == 0) return BELUGA_PART_AUDIO;
    assert_string_equal(name, "file");
    return BELUGA_PART_FILE;
}

static void read_bytes(encode_script *s, char *rest)
{
    beluga_part_kind kind = kind_of(word(&rest));
    const char *type = or_none(word(&rest)), *name = or_none(word(&rest));
    assert_int_equal(beluga_message_add_data(s->last, kind, type, rest, strlen(rest), name), 0);
}

static void read_part(encode_script *s, char *rest)
{
    const char *what = word(&rest);
    assert_non_null(s->last);
    if (strcmp(what, "text") == 0) {
        assert_int_equal(beluga_message_add_text(s->last, rest, strlen(rest)), 0);
    } else if (strcmp(what, "reasoning") == 0) {
        assert_int_equal(beluga_message_add_reasoning(s->last, rest, strlen(rest), "sig", 3), 0);
    } else if (strcmp(what, "signed") == 0) {
        const char *by = word(&rest);
        assert_int_equal(beluga_message_add_reasoning(s->last, rest, strlen(rest), by, strlen(by)),
                         0);
    } else if (strcmp(what, "thought") == 0) {
        assert_int_equal(beluga_message_add_reasoning(s->last, rest, strlen(rest), NULL, 0), 0);
    } else if (strcmp(what, "signature") == 0) {
        assert_int_equal(beluga_message_add_reasoning(s->last, "", 0, rest, strlen(rest)), 0);
    } else if (strcmp(what, "state") == 0) {
        const char *of = word(&rest);
        assert_int_equal(beluga_message_add_state(s->last, of, rest, strlen(rest)), 0);
    } else if (strcmp(what, "kept") == 0) {
        const char *of = word(&rest);
        assert_int_equal(beluga_message_set_state(s->last, of, rest, strlen(rest)), 0);
    } else if (strcmp(what, "call") == 0) {
        const char *id = word(&rest), *name = word(&rest);
        assert_int_equal(beluga_message_add_tool_call(s->last, id, name, rest, strlen(rest)), 0);
    } else if (strcmp(what, "cache") == 0) {
        assert_int_equal(beluga_message_mark_cache(s->last, atoi(rest)), 0);
    } else if (strcmp(what, "failed") == 0) {
        beluga_message_set_tool_error(s->last, true);
    } else if (strcmp(what, "bytes") == 0) {
        read_bytes(s, rest);
    } else {
        assert_int_equal(beluga_message_add_url(s->last, kind_of(what), rest, NULL), 0);
    }
}

static void read_tool(encode_script *s, char *rest)
{
    beluga_tool_definition definition = {.size = sizeof definition, .name = word(&rest)};
    beluga_error err;
    char *schema = strchr(rest, '{');
    assert_true(s->n_tools < MAX_TOOLS);
    if (strncmp(rest, "strict ", 7) == 0) {
        definition.strict = true;
        rest += 7;
    }
    definition.parameters = schema ? strdup(schema) : NULL;
    if (schema && schema > rest) schema[-1] = '\0';
    if (schema != rest) definition.description = rest;
    assert_int_equal(beluga_tool_new(&definition, &s->tools[s->n_tools++], &err), 0);
    free((void *)(uintptr_t)definition.parameters);
}

static void read_option(encode_script *s, char *rest, bool typed)
{
    beluga_error err;
    assert_true(s->n_options < MAX_OPTIONS);
    beluga_option *option = &s->options[s->n_options++];
    if (typed) {
        char *value = strchr(rest, '=');
        *value++ = '\0';
        *option = beluga_with_provider_specific_bool(rest, strcmp(value, "true") == 0);
    } else if (beluga_option_parse(rest, option, &err)) {
        fail_msg("%s", err.message);
    }
}

static void read_message(encode_script *s, const char *role, char *rest)
{
    flush(s);
    bool empty = !*rest;
    if (strcmp(role, "system") == 0)
        s->last = empty ? beluga_message_new(BELUGA_ROLE_SYSTEM) : beluga_system_message(rest);
    else if (strcmp(role, "human") == 0)
        s->last = empty ? beluga_message_new(BELUGA_ROLE_HUMAN) : beluga_human_message(rest);
    else if (strcmp(role, "ai") == 0)
        s->last = empty ? beluga_message_new(BELUGA_ROLE_AI) : beluga_ai_message(rest);
    else if (strcmp(role, "result") == 0) {
        const char *id = or_none(word(&rest));
        s->last = id ? beluga_tool_message(id, rest) : beluga_message_new(BELUGA_ROLE_TOOL);
    } else
        fail_msg("what is \"%s\"?", role);
}

static void read_line(encode_script *s, char *line)
{
    char *rest = line;
    if (!*line || *line == '#') return;
    const char *what = word(&rest);
    if (strcmp(what, "stream") == 0)
        s->streamed = true;
    else if (strcmp(what, "models") == 0 || strcmp(what, "count") == 0) {
        s->kind = *what == 'm' ? BELUGA_CALL_MODELS : BELUGA_CALL_COUNT;
        if (s->kind == BELUGA_CALL_COUNT) needs_part("embeddings");
        s->page = *rest ? rest : NULL;
    } else if (strcmp(what, "embed") == 0) {
        needs_part("embeddings");
        assert_true(s->n_inputs < MAX_INPUTS);
        s->kind = BELUGA_CALL_EMBED;
        s->inputs[s->n_inputs++] = (beluga__input){rest, strlen(rest)};
    } else if (strcmp(what, "key") == 0) {
        s->variable = or_none(word(&rest));
        s->key = rest;
    } else if (strcmp(what, "base_url") == 0)
        s->base_url = rest;
    else if (strcmp(what, "option") == 0)
        read_option(s, rest, false);
    else if (strcmp(what, "bool") == 0)
        read_option(s, rest, true);
    else if (strcmp(what, "tool") == 0)
        read_tool(s, rest);
    else if (strcmp(what, "+") == 0)
        read_part(s, rest);
    else
        read_message(s, what, rest);
}

/* ---- writing the request --------------------------------------------------------------------- */

static void print_request(const beluga_http_request *request, beluga__buf *out)
{
    beluga__buf_printf(out, "%s %s\n", beluga_http_request_method(request),
                       beluga_http_request_url(request));
    for (const beluga__header *h = request->headers; h; h = h->next)
        beluga__buf_printf(out, "%s: %s\n", h->name, h->value);
    for (size_t i = 0; i < request->n_warnings; i++)
        beluga__buf_printf(out, "warning: %s\n", request->warnings[i]);
    beluga__buf_putc(out, '\n');
    beluga__buf_append(out, request->body.data, request->body.length);
    if (request->has_body) beluga__buf_putc(out, '\n');
}

static void print_error_line(const beluga_error *err, beluga__buf *out)
{
    beluga__buf_printf(out, "error %s: %s\n", beluga_error_name(err->code), err->message);
}

static int write_request(const beluga_provider *provider, const beluga_call *call,
                         const encode_script *s, beluga_http_request *request, beluga_error *err)
{
    beluga_credential credential = {
        .size = sizeof credential, .key = s->key, .variable = s->variable, .call = call};
    (void)provider;
    int code = beluga__call_kind_encoder(call)(call, request, err);
    beluga__http_request_seal(request);
    if (!code && s->key) code = provider->authorize(request, &credential, 0, err);
    return code ? code : beluga__http_request_finish(request, err);
}

static int encode(const beluga_provider *provider, const beluga_call *call, const encode_script *s,
                  beluga__buf *out)
{
    beluga_http_request request;
    beluga__arena arena;
    beluga_error err;
    beluga__arena_init(&arena, beluga_allocator_default(), NULL, 0, 1 << 24);
    beluga__http_request_init(&request, beluga_allocator_default(), &arena, call->target->base_url);
    int code = write_request(provider, call, s, &request, &err);
    if (code)
        print_error_line(&err, out);
    else
        print_request(&request, out);
    beluga__http_request_free(&request);
    beluga__arena_free(&arena);
    return code;
}

static bool needs_messages(const encode_script *s)
{
    return s->kind == BELUGA_CALL_ANSWER || s->kind == BELUGA_CALL_COUNT;
}

static void no_reference(beluga__runtime *runtime)
{
    (void)runtime;
}

int encode_run(const beluga_provider *provider, const encode_script *s, beluga__buf *out)
{
    static beluga__runtime runtime;
    static beluga__target target;
    beluga_call *call;
    beluga_error err;
    runtime = (beluga__runtime){
        .allocator = *beluga_allocator_default(), .ref = no_reference, .unref = no_reference};
    memset(&target, 0, sizeof target);
    /* The second reference keeps the target from being freed, because no client made it. */
    atomic_init(&target.refs, 2);
    target.runtime = &runtime;
    target.provider = target.protocol = provider;
    target.model_name = provider->default_model;
    target.base_url = s->base_url ? s->base_url : provider->base_url;
    beluga__call_spec spec = {.target = &target,
                              .messages = needs_messages(s) ? s->messages : NULL,
                              .operation = "generate",
                              .streamed = s->streamed,
                              .kind = s->kind,
                              .inputs = s->inputs,
                              .n_inputs = s->n_inputs,
                              .page = s->page,
                              .opts = s->options,
                              .n_opts = s->n_options,
                              .tools = s->tools,
                              .n_tools = s->n_tools};
    int code = beluga__call_new(&spec, &call, &err);
    if (code) {
        print_error_line(&err, out);
        return code;
    }
    code = encode(provider, call, s, out);
    beluga__call_unref(call);
    return code;
}

encode_script *encode_read(const char *text)
{
    encode_script *s = calloc(1, sizeof *s);
    char *next;
    assert_non_null(s);
    s->messages = beluga_messages_new();
    s->text = strdup(text);
    assert_true(s->messages && s->text);
    for (char *line = s->text; line; line = next) {
        next = strchr(line, '\n');
        if (next) *next++ = '\0';
        read_line(s, line);
    }
    flush(s);
    return s;
}

void encode_free(encode_script *s)
{
    for (size_t i = 0; i < s->n_tools; i++) beluga_tool_unref(s->tools[i]);
    beluga_messages_free(s->messages);
    free(s->text);
    free(s);
}

void encode_call(const beluga_provider *provider, const char *text, beluga__buf *out)
{
    encode_script *s = encode_read(text);
    encode_run(provider, s, out);
    encode_free(s);
}

void encode_compact(const char *request, beluga__buf *out)
{
    const char *blank = strstr(request, "\n\n");
    size_t head = blank ? (size_t)(blank - request) + 2 : strlen(request), n;
    beluga_json_doc *doc;
    beluga_error err;
    beluga__buf_append(out, request, head);
    if (!request[head]) return;
    if (beluga_json_parse(request + head, strlen(request + head), &doc, &err))
        fail_msg("%s", err.message);
    const char *json = beluga_json_text(doc, beluga_json_doc_root(doc), &n);
    beluga__buf_append(out, json, n);
    beluga__buf_putc(out, '\n');
    beluga_json_doc_free(doc);
}
