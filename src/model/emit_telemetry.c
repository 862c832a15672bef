/* The public functions with which a provider adds attributes to its span and records
 * measurements. */
#include "model/emit.h"
#include "schema/event.h"

#include <beluga/telemetry.h>

static int set(beluga_emit *emit, uint32_t kind, beluga_span_attribute attribute)
{
    beluga__any_event what = {.attribute = {.kind = kind, .value = attribute}};
    if (!attribute.name || !*attribute.name) return BELUGA_ERROR_INVALID_INPUT;
    return beluga__emit_send(emit, &what.event);
}

#define ATTRIBUTE(value_type, member, given)                                       \
    (beluga_span_attribute)                                                        \
    {                                                                              \
        .size = sizeof(beluga_span_attribute), .name = name, .type = (value_type), \
        .value.member = (given)                                                    \
    }

int beluga_span_set_string(beluga_emit *emit, const char *name, const char *value)
{
    if (!value) return BELUGA_ERROR_INVALID_INPUT;
    return set(emit, BELUGA__EVENT_STRING_ATTRIBUTE,
               ATTRIBUTE(BELUGA_ATTRIBUTE_STRING, string, value));
}

int beluga_span_set_int(beluga_emit *emit, const char *name, int64_t value)
{
    return set(emit, BELUGA__EVENT_ATTRIBUTE, ATTRIBUTE(BELUGA_ATTRIBUTE_INT, integer, value));
}

int beluga_span_set_double(beluga_emit *emit, const char *name, double value)
{
    return set(emit, BELUGA__EVENT_ATTRIBUTE, ATTRIBUTE(BELUGA_ATTRIBUTE_DOUBLE, number, value));
}

int beluga_span_set_bool(beluga_emit *emit, const char *name, bool value)
{
    return set(emit, BELUGA__EVENT_ATTRIBUTE, ATTRIBUTE(BELUGA_ATTRIBUTE_BOOL, boolean, value));
}

static int measure(beluga_emit *emit, beluga_measurement_kind kind, const char *name,
                   const char *unit, double value)
{
    beluga__any_event what = {.measurement = {.kind = BELUGA__EVENT_MEASUREMENT,
                                              .value = {.size = sizeof(beluga_measurement),
                                                        .name = name,
                                                        .unit = unit ? unit : "",
                                                        .kind = kind,
                                                        .value = value}}};
    if (!name || !*name) return BELUGA_ERROR_INVALID_INPUT;
    return beluga__emit_send(emit, &what.event);
}

int beluga_counter_add(beluga_emit *emit, const char *name, const char *unit, double value)
{
    if (!(value >= 0)) return BELUGA_ERROR_INVALID_INPUT;
    return measure(emit, BELUGA_MEASUREMENT_COUNTER, name, unit, value);
}

int beluga_histogram_record(beluga_emit *emit, const char *name, const char *unit, double value)
{
    if (value != value) return BELUGA_ERROR_INVALID_INPUT;
    return measure(emit, BELUGA_MEASUREMENT_HISTOGRAM, name, unit, value);
}
