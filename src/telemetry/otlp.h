/* Sends messages by OTLP over HTTP. */
#ifndef BELUGA__OTLP_H
#define BELUGA__OTLP_H

#include "telemetry/exporter.h"

#include <protobuf-c/protobuf-c.h>

typedef enum beluga__export_result {
    BELUGA__EXPORTED,
    BELUGA__REFUSED,
    BELUGA__TOO_LATE
} beluga__export_result;

/* Send a message of a signal. Failures are retried by OTLP's rules until `deadline_ns`, a time of
 * the monotonic clock. If the receiver accepts only some items, `rejected` receives the number of
 * the others. */
beluga__export_result beluga__otlp_send(beluga__exporter *e, const beluga__signal *signal,
                                        const char *name, const ProtobufCMessage *message,
                                        int64_t deadline_ns, int64_t *rejected);

#endif
