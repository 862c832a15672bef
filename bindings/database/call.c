#include "call.h"

#include <beluga/message.h>

#include <stdlib.h>
#include <string.h>

int db_call_begin(db_call *call, db_session *session, const db_request *request, beluga_error *err)
{
    const db_model *model;
    call->session = session;
    int status = db_session_open(session, request->model, request->setting, &model, err);
    if (status) return status;
    call->model = beluga_chat_model_ref(model->model);
    call->price = model->price;
    call->has_price = model->has_price;
    call->system = model->system ? strdup(model->system) : NULL;
    if (model->system && !call->system) return db_no_memory(err);
    status = db_options_read(&call->options, request, session->policy.max_answer_bytes, err);
    if (status) return status;
    call->context = beluga_context_new_timeout(NULL, call->options.timeout_ms);
    return call->context ? 0 : db_no_memory(err);
}

const beluga_price *db_call_price(const db_call *call)
{
    return call->has_price ? &call->price : NULL;
}

void db_call_end(db_call *call)
{
    db_options_free(&call->options);
    beluga_context_unref(call->context);
    beluga_chat_model_unref(call->model);
    free(call->system);
    call->system = NULL;
    call->context = NULL;
    call->model = NULL;
}

beluga_messages *db_call_messages(const db_call *call, const char *prompt, size_t length)
{
    const db_options *options = &call->options;
    const char *system = options->system ? options->system : call->system;
    size_t n = options->system ? options->system_length : system ? strlen(system) : 0;
    beluga_messages *messages = beluga_messages_new();
    if (messages && system) beluga_messages_add(messages, beluga_system_message_n(system, n));
    if (messages) beluga_messages_add(messages, beluga_human_message_n(prompt, length));
    return messages;
}

bool db_call_drain(db_session *session, const bool *ended)
{
    for (int i = 0; i < 16 && !*ended; i++)
        if (db_session_step(session, NULL)) break;
    return *ended;
}
