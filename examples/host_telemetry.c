/* A host program with its own tracing and metrics gives its client a sink, which prints the spans
 * and measurements that it gets.
 *
 * Every function of the sink runs on the thread of the call and must not block: a real sink would
 * only store the numbers for its exporter. The value that begin returns is the handle for all later
 * functions. Traces and metrics for an OpenTelemetry backend need no sink: beluga_telemetry_init
 * sends them, and the last lines here show how. */
#include <beluga/beluga.h>
#include <beluga/provider/provider.h>

#include <stdio.h>
#include <stdlib.h>

/* ---- a provider that measures something that only it knows ----------------------------------- */

static int start(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    const beluga_usage usage = {3, -1, -1, 2, -1, NULL, 0};
    (void)self;
    (void)call;
    (void)err;
    beluga_span_set_string(emit, "oracle.temple", "Delphi");
    beluga_counter_add(emit, "oracle.offerings", "{goat}", 1);
    beluga_emit_text(emit, "It depends.", 11);
    beluga_emit_usage(emit, &usage);
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static void cancel(void *self, beluga_emit *emit)
{
    (void)self;
    (void)emit;
}

static const beluga_provider oracle = {
    BELUGA_PROVIDER_INIT("oracle"),
    .default_model = "pythia",
    .start = start,
    .cancel = cancel,
};

/* --- the sink --------------------------------------------------------------------------------- */

typedef struct span {
    const char *name;
    int depth;
} span;

static const char *name_of(uint32_t kind)
{
    switch (kind) {
    case BELUGA_SPAN_OPERATION: return "operation";
    case BELUGA_SPAN_ATTEMPT: return "attempt";
    case BELUGA_SPAN_TOOL: return "tool";
    case BELUGA_SPAN_BATCH: return "batch";
    case BELUGA_SPAN_TOOL_LOOP: return "tool loop";
    default: return "something newer"; /* later versions may add values */
    }
}

static void *begin(void *payload, void *parent, const beluga_span_start *start)
{
    span *s = malloc(sizeof *s);
    (void)payload;
    if (!s) return NULL; /* NULL: the library reports nothing more about this call */
    s->name = name_of(start->kind);
    s->depth = parent ? ((span *)parent)->depth + 1 : 0;
    printf("%*s%s begins: %s/%s\n", 2 * s->depth, "", s->name, start->provider, start->model);
    return s;
}

static void event(void *payload, void *handle, beluga_span_event_kind kind,
                  const beluga_error *error)
{
    const span *s = handle;
    (void)payload;
    if (kind == BELUGA_SPAN_RETRY)
        printf("%*stries again after %s\n", 2 * s->depth + 2, "", beluga_error_name(error->code));
}

static void attribute(void *payload, void *handle, const beluga_span_attribute *a)
{
    const span *s = handle;
    (void)payload;
    if (a->type == BELUGA_ATTRIBUTE_STRING)
        printf("%*s%s is %.*s\n", 2 * s->depth + 2, "", a->name, (int)a->length, a->value.string);
}

static void measure(void *payload, void *handle, const beluga_measurement *m)
{
    const span *s = handle;
    (void)payload;
    printf("%*s%s + %g %s\n", 2 * s->depth + 2, "", m->name, m->value, m->unit);
}

static void end(void *payload, void *handle, const beluga_span_end *how)
{
    span *s = handle;
    (void)payload;
    printf("%*s%s ends: %s, %lld + %lld tokens\n", 2 * s->depth, "", s->name,
           beluga_error_name(how->status), (long long)how->usage.input_total,
           (long long)how->usage.output_total);
    free(s);
}

/* --- a call ----------------------------------------------------------------------------------- */

static int ask(beluga_client *client)
{
    beluga_registry *registry = beluga_client_registry(client);
    beluga_chat_model *model = NULL;
    beluga_response *response = NULL;
    beluga_error err = {0};
    int status = beluga_registry_register(registry, &oracle, &err);
    if (!status) status = beluga_registry_open(registry, "oracle", NULL, &model, &err);
    if (!status)
        status = beluga_invoke(model, NULL, beluga_input_text("Shall we?"), &response, &err);
    if (status)
        fprintf(stderr, "%s\n", err.message);
    else
        printf("answer: %s\n", beluga_response_text(response, NULL));
    beluga_response_free(response);
    beluga_chat_model_unref(model);
    return status;
}

/* Export telemetry without a sink, as OpenTelemetry's variables say. Here they name no receiver, so
 * with `only_if_asked` nothing is sent. */
static int export_instead(beluga_client *client)
{
    static const char *const variables[] = {"OTEL_SERVICE_NAME=oracle", NULL};
    const beluga_telemetry_settings settings = {
        .size = sizeof settings, .variables = variables, .only_if_asked = true};
    beluga_telemetry *telemetry = NULL;
    beluga_error err = {0};
    int status = beluga_telemetry_init(client, &settings, &telemetry, &err);
    if (status) fprintf(stderr, "%s\n", err.message);
    if (!status) status = ask(client);
    /* Send the remaining data, since nothing is sent at exit. */
    beluga_telemetry_shutdown(telemetry, 1000);
    beluga_telemetry_unref(telemetry);
    return status;
}

int main(void)
{
    const beluga_telemetry_sink sink = {
        .size = sizeof sink,
        .begin = begin,
        .event = event,
        .end = end,
        .attribute = attribute,
        .measure = measure,
    };
    const beluga_client_settings settings = {.size = sizeof settings, .telemetry = &sink};
    beluga_client *watched = NULL, *plain = NULL;
    int status = beluga_client_new(&settings, &watched);
    if (!status) status = ask(watched);
    beluga_client_unref(watched);
    if (!status) status = beluga_client_new(NULL, &plain);
    if (!status) status = export_instead(plain);
    beluga_client_unref(plain);
    return status ? 1 : 0;
}
