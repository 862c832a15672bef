#include "telemetry/names.h"

#include <beluga/telemetry.h>

#include <string.h>

const beluga__attribute_row beluga__attribute_rows[] = {
#define XX(constant, name, latest, spans, meaning) {{name, latest}, spans, meaning},
    BELUGA__ATTRIBUTE_MAP(XX)
#undef XX
};

const beluga__metric_row beluga__metric_rows[] = {
#define XX(name, latest, type, unit, quantity, calls, attributes, meaning) \
    {{name, latest}, BELUGA__##type, unit, BELUGA__##quantity, calls, attributes, meaning},
    BELUGA__METRIC_MAP(XX)
#undef XX
        {{NULL, NULL}, BELUGA__COUNTER, NULL, BELUGA__CALLS, 0, 0, NULL},
};

/* Providers whose names in the semantic conventions differ from their names in this library. */
static const char *const providers[][2] = {
    {"anthropic", "anthropic"},  {"azure", "azure.ai.openai"},   {"bedrock", "aws.bedrock"},
    {"gemini", "gcp.gemini"},    {"vertex", "gcp.vertex_ai"},    {"mistral", "mistral_ai"},
    {"moonshot", "moonshot_ai"}, {"openai-responses", "openai"}, {"xai", "x_ai"},
};

const char *beluga_telemetry_provider_name(const char *provider)
{
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++)
        if (strcmp(provider, providers[i][0]) == 0) return providers[i][1];
    return provider;
}

bool beluga_metric_get_info(size_t index, beluga_metric_info *info)
{
    static const char *const types[] = {"counter", "histogram", "updowncounter"};
    enum { ROWS = sizeof beluga__metric_rows / sizeof *beluga__metric_rows - 1 };
    if (index >= ROWS) return false;
    const beluga__metric_row *row = &beluga__metric_rows[index];
    *info = (beluga_metric_info){.name = *row->names[0] ? row->names[0] : NULL,
                                 .latest_name = *row->names[1] ? row->names[1] : NULL,
                                 .type = types[row->type],
                                 .unit = row->unit,
                                 .meaning = row->meaning};
    return true;
}

bool beluga_attribute_get_info(size_t index, beluga_attribute_info *info)
{
    if (index >= BELUGA__NAMES) return false;
    *info = (beluga_attribute_info){.name = beluga__attribute_rows[index].names[0],
                                    .latest_name = beluga__attribute_rows[index].names[1],
                                    .spans = beluga__attribute_rows[index].spans,
                                    .meaning = beluga__attribute_rows[index].meaning};
    return true;
}
