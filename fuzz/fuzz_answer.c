/* Reads stored answers, such as those of a cache or a file: an array of events as JSON. The events
 * can be folded into a response, and writing them as JSON and reading them again gives the same
 * events. */
#include "base/json.h"
#include "fuzz.h"
#include "schema/event_json.h"

#include <beluga/response.h>

static void write_again(const beluga_event *event)
{
    beluga_json_writer *first = beluga_json_writer_new(), *second = beluga_json_writer_new();
    beluga_json_doc *doc;
    beluga_event again;
    const char *text, *same;
    size_t n, m;
    FUZZ_CHECK(first && second);
    FUZZ_CHECK(beluga__event_to_json(first, event));
    FUZZ_CHECK(beluga_json_writer_text(first, &text, &n) == 0);
    FUZZ_CHECK(beluga_json_parse(text, n, &doc, NULL) == 0);
    FUZZ_CHECK(beluga__event_from_json(beluga_json_doc_root(doc), &again));
    FUZZ_CHECK(beluga__event_to_json(second, &again));
    FUZZ_CHECK(beluga_json_writer_text(second, &same, &m) == 0);
    FUZZ_CHECK(n == m && memcmp(text, same, n) == 0);
    beluga_json_doc_free(doc);
    beluga_json_writer_free(first);
    beluga_json_writer_free(second);
}

static void check_response(beluga_response *response)
{
    beluga_json_doc *doc;
    char *json = NULL;
    size_t n = 0;
    FUZZ_CHECK(beluga_response_to_json(response, &json, &n) == 0);
    FUZZ_CHECK(beluga_json_parse(json, n, &doc, NULL) == 0);
    beluga_json_doc_free(doc);
    beluga_free(json);
    beluga_message_unref(beluga_response_message(response));
}

static void fold(const beluga_json *events)
{
    beluga_response_builder *builder = beluga_response_builder_new();
    beluga_response *response = NULL;
    FUZZ_CHECK(builder);
    for (const beluga_json *e = beluga_json_first(events); e; e = beluga_json_next(events, e)) {
        beluga_event event;
        if (!beluga__event_from_json(e, &event)) continue;
        write_again(&event);
        beluga_response_builder_add(builder, &event);
    }
    beluga_response_builder_finish(builder, &response);
    if (response) check_response(response);
    beluga_response_free(response);
    beluga_response_builder_free(builder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    beluga_json_doc *doc;
    if (beluga_json_parse((const char *)data, size, &doc, NULL)) return 0;
    fold(beluga_json_doc_root(doc));
    beluga_json_doc_free(doc);
    return 0;
}
