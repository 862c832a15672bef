/* The functions of the sink that beluga/telemetry.h declares. They run on the threads of calls. */
#ifndef BELUGA__TELEMETRY_RECORD_H
#define BELUGA__TELEMETRY_RECORD_H

#include <beluga/telemetry.h>

void *beluga__record_begin(void *payload, void *parent, const beluga_span_start *start);
void beluga__record_event(void *payload, void *span, beluga_span_event_kind kind,
                          const beluga_error *error);
void beluga__record_end(void *payload, void *span, const beluga_span_end *end);
void beluga__record_attribute(void *payload, void *span, const beluga_span_attribute *attribute);
void beluga__record_measure(void *payload, void *span, const beluga_measurement *measurement);
bool beluga__record_trace_context(void *payload, void *span, beluga_trace_context *context);
void beluga__record_content(void *payload, void *span, const beluga_event *event);

#endif
