#include "batch/request.h"

#include "batch/why.h"
#include "protocol/chat.h"
#include "protocol/read.h"

#include <beluga/error.h>

/* Copy the reason of an error from the request into the item. */
static int tell(batch_item *item, int rc)
{
    if (rc == 0 || rc == BELUGA_ERROR_NO_MEMORY) return rc;
    batch_say_why(item->why, "%s", item->request.why);
    return BELUGA_ERROR_INVALID_INPUT;
}

/* Pass members of the body for which the library has no option to the provider, unchanged. */
static int send_extra(protocol_request *request)
{
    if (!request->extra) return 0;
    return protocol_add_option(request, beluga_with_extra_body(request->extra));
}

/* Refuse a line if a part of it would be dropped. A warning would not be enough, since nobody reads
 * a warning for each line of a batch. */
static int refuse_dropped(protocol_request *request)
{
    if (!*request->dropped) return 0;
    return protocol_refuse(request, NULL, "body", "a batch can't send this: %s", request->dropped);
}

static int bind_tools(const batch_plan *plan, batch_item *item)
{
    beluga_error err;
    protocol_request *request = &item->request;
    if (!request->n_tools || !plan->model) return 0;
    int rc = beluga_bind_tools(plan->model, request->tools, request->n_tools, &item->model, &err);
    if (rc == 0 || rc == BELUGA_ERROR_NO_MEMORY) return rc;
    return protocol_refuse(request, NULL, "tools", "%s", err.message);
}

int batch_request_parse(const batch_plan *plan, const beluga_json *body, batch_item *item)
{
    protocol_request *request = &item->request;
    int rc = 0;
    request->body = body;
    if (!beluga_json_is_object(body))
        rc = protocol_refuse(request, NULL, "body", "it is missing or not an object");
    if (rc == 0) rc = protocol_request_read(request);
    if (rc == 0) rc = refuse_dropped(request);
    if (rc == 0) rc = send_extra(request);
    if (rc == 0) rc = bind_tools(plan, item);
    return tell(item, rc);
}

int batch_request_parse_messages(const beluga_json *list, batch_item *item)
{
    return tell(item, protocol_chat_read_messages(&item->request, list));
}
