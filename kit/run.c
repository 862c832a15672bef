#include "kit/run.h"

#include "base/hint.h"
#include "kit/samples.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void check_problem(check_run *run, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    check_text_printf(&run->problems, "%s\n", line);
}

void check_note_breach(check_run *run, const beluga_error *err)
{
    static const int breaches[] = {
        [BELUGA__RULE_ENDS] = CHECK_RULE_ENDS + 1,
        [BELUGA__RULE_ONE_END] = CHECK_RULE_ONE_END + 1,
        [BELUGA__RULE_UTF8] = CHECK_RULE_UTF8 + 1,
        [BELUGA__RULE_OWN_TURN] = CHECK_RULE_OWN_TURN + 1,
        [BELUGA__RULE_ERROR_CODE] = CHECK_RULE_ERROR_CODE + 1,
    };
    size_t rule = beluga__hint_get_rule(err);
    if (!run->breach && rule < sizeof breaches / sizeof *breaches) run->breach = breaches[rule];
}

void check_call_begin(check_run *run)
{
    run->call = (check_call){.prompt = check_profile_get(run->profile, "prompt"),
                             .attach = check_profile_get(run->profile, "attach"),
                             .messages = beluga_messages_new()};
    run->scenario->write(&run->call);
}

void check_call_end(check_run *run)
{
    for (size_t i = 0; i < run->call.n_tools; i++) beluga_tool_unref(run->call.tools[i]);
    beluga_messages_free(run->call.messages);
    run->call = (check_call){0};
}

const char *check_question(const check_call *call, const char *usual)
{
    return call->prompt ? call->prompt : usual;
}

beluga_message *check_human(const check_call *call, const char *text)
{
    beluga_part_kind kind;
    beluga_message *message = beluga_human_message(text);
    if (call->attach && check_sample_kind(call->attach, &kind)) check_sample_add(message, kind);
    return message;
}

bool check_asks_the_same(const check_run *run, const char *other)
{
    for (const check_scenario *s = run->scenarios; s->name; s++)
        if (other && strcmp(s->name, other) == 0) return s->write == run->scenario->write;
    return false;
}

int64_t check_patience_ms(const check_run *run)
{
    int64_t patience = run->settings->patience_ms;
    return patience > 0 ? patience : CHECK_PATIENCE_MS;
}

bool check_is_http(const check_run *run)
{
    return run->provider->encode_request != NULL;
}

bool check_streams(const check_run *run)
{
    return run->provider->capabilities & BELUGA_CAPABILITY_STREAM;
}

void check_run_copy(check_run *copy, const check_run *run)
{
    *copy = *run;
    copy->n_changes = 0;
    copy->story = copy->problems = copy->reason = copy->notes = (check_text){0};
}

bool check_run_end_copy(check_run *run, check_run *copy, bool tell)
{
    bool wrong = copy->problems.length > 0;
    if (wrong && tell) check_text_puts(&run->problems, check_text_get(&copy->problems));
    if (wrong && !run->breach) run->breach = copy->breach;
    check_text_free(&copy->story);
    check_text_free(&copy->problems);
    check_text_free(&copy->reason);
    return wrong;
}
