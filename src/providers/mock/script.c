/* Reads and checks the options of `mock`. */
#include "providers/mock/script.h"

#include <string.h>

#define ERROR_PREFIX "error-"

static int resolve_finish(mock_script *s, int code, beluga_error *err)
{
    if (strcmp(s->finish, "none") == 0) {
        s->endless = true;
        return 0;
    }
    for (uint32_t r = BELUGA_FINISH_STOP; r <= BELUGA_FINISH_PAUSE; r++) {
        if (strcmp(s->finish, beluga_finish_reason_name(r)) != 0) continue;
        s->reason = (beluga_finish_reason)r;
        return 0;
    }
    return beluga_error_set(err, code,
                            "mock.finish_reason is \"%s\"; it takes stop, length, tool_calls, "
                            "content_filter, other, pause or none",
                            s->finish);
}

static int resolve_error(mock_script *s, const char *name, int code, beluga_error *err)
{
    s->failure = beluga_error_code_from_name(name);
    if (s->failure) return 0;
    return beluga_error_set(err, code,
                            "\"%s\" is not the name of an error, such as rate_limit, timeout, "
                            "authentication_error or network_error (see error.h)",
                            name);
}

static int check_tool_calls(piece json, int code, beluga_error *err)
{
    beluga_json_doc *doc = NULL;
    int status = beluga_json_parse(json.text, json.length, &doc, err);
    if (status == BELUGA_ERROR_NO_MEMORY) return status;
    const beluga_json *list = doc ? beluga_json_doc_root(doc) : NULL;
    bool fits = beluga_json_is_array(list) && beluga_json_count(list) > 0;
    for (const beluga_json *v = beluga_json_first(list); v && fits; v = beluga_json_next(list, v))
        fits = beluga_json_get_string(v, "name", NULL) != NULL;
    beluga_json_doc_free(doc);
    if (fits) return 0;
    return beluga_error_set(err, code,
                            "mock.tool_calls takes a JSON array of "
                            "{\"id\": …, \"name\": …, \"arguments\": {…}}; id may be missing");
}

int beluga__mock_script_resolve(mock_script *s, const char *model, int code, beluga_error *err)
{
    int status = 0;
    if (model && *model == *ERROR_PREFIX && strncmp(model, ERROR_PREFIX, strlen(ERROR_PREFIX)) == 0)
        status = resolve_error(s, model + strlen(ERROR_PREFIX), BELUGA_ERROR_INVALID_MODEL, err);
    if (status == 0 && s->error) status = resolve_error(s, s->error, code, err);
    if (status == 0 && s->finish) status = resolve_finish(s, code, err);
    if (status == 0 && s->tool_calls.text) status = check_tool_calls(s->tool_calls, code, err);
    return status;
}

void beluga__mock_script_read(mock_script *s, const beluga_call *call)
{
    if (!beluga_call_has_own(call)) return;
    s->responses.text = beluga_call_get_own_string(call, "mock.responses", &s->responses.length);
    s->reasoning.text = beluga_call_get_own_string(call, "mock.reasoning", &s->reasoning.length);
    s->tool_calls.text = beluga_call_get_own_string(call, "mock.tool_calls", &s->tool_calls.length);
    s->error = beluga_call_get_own_string(call, "mock.error", NULL);
    s->finish = beluga_call_get_own_string(call, "mock.finish_reason", NULL);
    beluga_call_get_own_int(call, "mock.latency_ms", &s->latency_ms);
    beluga_call_get_own_int(call, "mock.word_delay_ms", &s->word_delay_ms);
    beluga_call_get_own_int(call, "mock.error_count", &s->error_count);
    beluga_call_get_own_int(call, "mock.error_after_words", &s->error_after_words);
}

int beluga__mock_script_check(const beluga_config *config, beluga_error *err)
{
    mock_script s = {.error_count = -1};
    const char *model = NULL;
    beluga_config_get_string(config, BELUGA_OPTION_MODEL_NAME, &model);
    beluga_config_get_own_string(config, "mock.error", &s.error, NULL);
    beluga_config_get_own_string(config, "mock.finish_reason", &s.finish, NULL);
    beluga_config_get_own_string(config, "mock.tool_calls", &s.tool_calls.text,
                                 &s.tool_calls.length);
    return beluga__mock_script_resolve(&s, model, BELUGA_ERROR_INVALID_CONFIG, err);
}

piece beluga__mock_pick_response(piece lines, uint64_t turn)
{
    size_t count = 1;
    if (lines.length && lines.text[lines.length - 1] == '\n') lines.length--;
    for (size_t i = 0; i < lines.length; i++) count += lines.text[i] == '\n';
    const char *at = lines.text, *end = at + lines.length;
    for (uint64_t skip = turn % count; skip > 0; skip--)
        at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
    const char *stop = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    return (piece){at, (size_t)((stop ? stop : end) - at)};
}
