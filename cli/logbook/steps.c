#include "logbook/steps.h"

#include "logbook/message.h"

#include <string.h>

/* ---- writing --------------------------------------------------------------------------------- */

static void put_result(beluga_json_writer *w, const beluga_message *message)
{
    size_t length;
    const char *text = beluga_message_text(message, &length);
    beluga_json_put_string(w, "role", "tool");
    beluga_json_put_string(w, "id", beluga_message_tool_call_id(message));
    beluga_json_put_string_n(w, "text", text, length);
    if (beluga_message_is_tool_error(message)) beluga_json_put_bool(w, "error", true);
}

static void put_step(beluga_json_writer *w, const beluga_message *message)
{
    beluga_json_begin_object(w, NULL);
    if (beluga_message_role(message) == BELUGA_ROLE_TOOL) {
        put_result(w, message);
    } else {
        beluga_json_put_string(w, "role", "ai");
        logbook_message_put(w, "parts", message);
    }
    beluga_json_end_object(w);
}

void logbook_steps_put(beluga_json_writer *w, const beluga_messages *messages, size_t first)
{
    beluga_json_begin_array(w, NULL);
    for (size_t i = first; i < beluga_messages_count(messages); i++)
        put_step(w, beluga_messages_get(messages, i));
    beluga_json_end_array(w);
}

/* ---- reading --------------------------------------------------------------------------------- */

static beluga_message *read_result(const beluga_json *step)
{
    size_t n = 0;
    const char *text = beluga_json_get_string(step, "text", &n);
    const char *id = beluga_json_get_string(step, "id", NULL);
    beluga_message *message = text && id ? beluga_tool_message_n(id, text, n) : NULL;
    if (message && beluga_json_bool(beluga_json_get(step, "error"), false))
        beluga_message_set_tool_error(message, true);
    return message;
}

static beluga_message *read_ai(const beluga_json *step, beluga_json_doc *doc)
{
    size_t n;
    bool left_out = false;
    const beluga_json *parts = beluga_json_get(step, "parts");
    const char *json = parts ? beluga_json_text(doc, parts, &n) : NULL;
    return json ? logbook_message_read(BELUGA_ROLE_AI, json, NULL, &left_out) : NULL;
}

static int visit_step(const beluga_json *step, beluga_json_doc *doc, logbook_step_fn visit,
                      void *payload)
{
    const char *role = beluga_json_get_string(step, "role", NULL);
    bool is_tool = role && strcmp(role, "tool") == 0;
    beluga_message *message = is_tool ? read_result(step) : read_ai(step, doc);
    int rc = message ? visit(payload, message) : -1;
    beluga_message_unref(message);
    return rc;
}

int logbook_steps_each(const char *json, logbook_step_fn visit, void *payload)
{
    beluga_json_doc *doc = NULL;
    if (!json) return 0;
    int rc = beluga_json_parse(json, strlen(json), &doc, NULL) ? -1 : 0;
    const beluga_json *steps = rc == 0 ? beluga_json_doc_root(doc) : NULL;
    if (rc == 0 && !beluga_json_is_array(steps)) rc = -1;
    for (const beluga_json *s = beluga_json_first(steps); s && rc == 0;
         s = beluga_json_next(steps, s))
        rc = visit_step(s, doc, visit, payload);
    beluga_json_doc_free(doc);
    return rc;
}
