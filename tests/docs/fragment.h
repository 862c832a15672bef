/* Declarations for the C fragments in the documentation: run_pages compiles each fragment after
 * this header. */
#include "../../examples/custom_provider/custom_provider.h"

#include <beluga/beluga.h>
#include <beluga/provider/provider.h>

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern beluga_chat_model *model, *with_tools;
extern beluga_context *ctx;
extern beluga_messages *messages;
extern beluga_response *response;
extern beluga_stream *stream;
extern beluga_tool *tool;
extern beluga_loop *loop;
extern beluga_op *op;
extern beluga_emit *emit;
extern beluga_error err;
extern void *payload;
extern const char *region, *traceparent, *tracestate;
extern int status;

void on_event(void *payload, const beluga_event *event);
int report(const beluga_error *err);
beluga_tool_execute_fn look_up;
