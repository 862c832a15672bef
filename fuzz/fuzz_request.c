/* Lets a provider's encoder write the request of a host program. The input is a provider's name,
 * one line for each option, an empty line, and the messages as JSON or as one text. The result is
 * one request: no header, path or query contains a line end, a NUL or another control character,
 * and the body is JSON. */
#include "protocol/chat.h"
#include "stage.h"

#include <beluga/provider/json.h>

enum { MAX_OPTIONS = 16 };

static void check_clean(const char *text, size_t n)
{
    FUZZ_CHECK(strlen(text) == n);
    for (size_t i = 0; i < n; i++) FUZZ_CHECK((unsigned char)text[i] >= ' ' && text[i] != 0x7f);
}

static void on_request(const beluga__transfer_spec *spec)
{
    const beluga_http_request *request = spec->request;
    beluga_json_doc *doc;
    static const char base[] = "http://127.0.0.1:1/";
    check_clean(request->url.data, request->url.length);
    FUZZ_CHECK(!strchr(request->url.data, ' ') && !strchr(request->url.data, '#'));
    FUZZ_CHECK(strncmp(request->url.data, base, sizeof base - 1) == 0);
    for (const beluga__header *h = request->headers; h; h = h->next) {
        check_clean(h->name, strlen(h->name));
        FUZZ_CHECK(!strpbrk(h->value, "\r\n"));
    }
    if (!request->has_body) return;
    FUZZ_CHECK(beluga_json_parse(request->body.data, request->body.length, &doc, NULL) == 0);
    beluga_json_doc_free(doc);
}

static size_t read_options(char **rest, beluga_option *options)
{
    size_t n = 0;
    for (char *line; n < MAX_OPTIONS && (line = fuzz_line(rest)) && *line;)
        if (!beluga_option_parse(line, &options[n], NULL)) n++;
    return n;
}

static void read_messages(const char *text, size_t n, beluga_messages *messages)
{
    protocol_request request = {.messages = messages};
    beluga_json_doc *doc = NULL;
    const beluga_json *list = NULL;
    if (!beluga_json_parse(text, n, &doc, NULL)) list = beluga_json_doc_root(doc);
    if (!beluga_json_is_array(list))
        beluga_messages_add(messages, beluga_human_message_n(text, n));
    else if (protocol_chat_read_messages(&request, list))
        fuzz_check_line(request.why);
    beluga_json_doc_free(doc);
}

static void on_event(void *payload, const beluga_event *event)
{
    (void)payload;
    if (event->kind == BELUGA_EVENT_ERROR) fuzz_check_error(event->u.error->code, event->u.error);
}

/* Make a call, and drop it once its request was written. */
static void ask(beluga_chat_model *model, const beluga_messages *messages,
                const beluga_option *options, size_t n)
{
    static const stage_answer none = {.head = ""};
    beluga_error err = {0};
    beluga_op *op = NULL;
    stage_begin(&none);
    int code = beluga__chat_model_start(model, stage_loop(), BELUGA__CALL_STREAM, NULL, NULL,
                                        messages, options, n, on_event, NULL, &op, &err);
    if (code) {
        fuzz_check_error(code, &err);
    } else {
        FUZZ_CHECK(stage_requests() == 1);
        beluga__operation_abort(op);
        beluga_op_free(op);
    }
    stage_end();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    stage_open();
    stage_on_request(on_request);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    beluga_option options[MAX_OPTIONS];
    char *text = fuzz_text(data, size), *rest = text;
    beluga_messages *messages = beluga_messages_new();
    FUZZ_CHECK(messages);
    beluga_chat_model *model = stage_model(fuzz_line(&rest));
    size_t n = read_options(&rest, options);
    if (rest) read_messages(rest, size - (size_t)(rest - text), messages);
    ask(model, messages, options, n);
    beluga_messages_free(messages);
    free(text);
    return 0;
}
