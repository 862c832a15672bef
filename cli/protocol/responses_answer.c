/* Writes a whole answer: the parts of the model's message become the items of `output`. */
#include "base/buf.h"
#include "base/limits.h"
#include "protocol/put.h"
#include "protocol/responses.h"

#include <beluga/allocator.h>

#include <string.h>

/* The state of writing the output. */
typedef struct output {
    beluga_json_writer *w;
    const protocol_request *request;
    const protocol_identity *identity;
    size_t n;     /* number of items written */
    bool cut;     /* the answer ended before it was complete */
    size_t at;    /* index of the current part of the message */
    size_t parts; /* number of parts of the message */
} output;

static void put(output *o, responses_item *item)
{
    item->index = o->n++;
    item->cut = o->cut && o->at + 1 == o->parts;
    protocol_responses_put_item(o->w, NULL, o->request, o->identity, item);
}

static void put_call(output *o, const beluga_part *part)
{
    responses_item item = {.kind = protocol_responses_call_kind(o->request, part->name),
                           .text = part->text,
                           .length = part->text_length,
                           .id = part->id,
                           .name = part->name};
    beluga_json_doc *doc = NULL;
    if (item.kind == RESPONSES_CUSTOM_CALL &&
        protocol_responses_custom_input(&item.text, &item.length, &doc) != 0)
        protocol_give_up(o->w);
    put(o, &item);
    beluga_json_doc_free(doc);
}

static void put_image(output *o, const beluga_part *part)
{
    responses_item item = {
        .kind = RESPONSES_IMAGE, .text = part->data, .length = part->data_length};
    if (part->data) {
        put(o, &item);
        return;
    }
    item =
        (responses_item){.kind = RESPONSES_MESSAGE, .text = part->url, .length = strlen(part->url)};
    put(o, &item);
}

/* Write the state of a part as an item after the part. When the client sends the items back, the
 * state is read from that item. */
static void put_state(output *o, const beluga_part *part)
{
    beluga__buf text;
    responses_item item = {.kind = RESPONSES_REASONING, .text = ""};
    if (!part->state) return;
    beluga__buf_init(&text, beluga_allocator_default(), BELUGA__MAX_PART_BYTES);
    if (protocol_responses_put_state(&text, part->kind, part->state_provider, part->state,
                                     part->state_length) != 0)
        protocol_give_up(o->w);
    item.signature = text.data;
    item.signature_length = text.length;
    if (item.signature_length) put(o, &item);
    beluga__buf_free(&text);
}

static void put_part(output *o, const beluga_part *part)
{
    responses_item item = {.kind = RESPONSES_MESSAGE,
                           .text = part->text,
                           .length = part->text_length,
                           .signature = part->signature,
                           .signature_length = part->signature_length};
    switch (part->kind) {
    case BELUGA_PART_TEXT: put(o, &item); break;
    case BELUGA_PART_REASONING:
        item.kind = RESPONSES_REASONING;
        put(o, &item);
        break;
    case BELUGA_PART_TOOL_CALL: put_call(o, part); break;
    case BELUGA_PART_IMAGE: put_image(o, part); break;
    default: break; /* Responses has no items for sound and files */
    }
    put_state(o, part);
}

static void put_output(output *o, const beluga_response *response)
{
    beluga_message *message = beluga_response_message(response);
    o->parts = beluga_message_count(message);
    beluga_json_begin_array(o->w, "output");
    if (!message) protocol_give_up(o->w);
    for (o->at = 0; o->at < o->parts; o->at++) put_part(o, beluga_message_part(message, o->at));
    beluga_json_end_array(o->w);
    beluga_message_unref(message);
}

void protocol_responses_answer(beluga_json_writer *w, const protocol_request *request,
                               const protocol_identity *identity, const beluga_response *response)
{
    responses_outcome outcome = {.usage = beluga_response_usage(response), .echo = true};
    protocol_identity own = *identity;
    if (!own.model) own.model = beluga_response_model(response);
    protocol_responses_outcome_of(&outcome, beluga_response_finish_reason(response),
                                  beluga_response_raw_finish_reason(response));
    output o = {.w = w, .request = request, .identity = &own, .cut = outcome.incomplete != NULL};
    protocol_responses_put_members(w, request, &own, &outcome);
    put_output(&o, response);
}
