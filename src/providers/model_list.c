#include "providers/model_list.h"

#include "providers/decode.h"
#include "providers/fault.h"

#include <string.h>
#include <strings.h>

/* ---- facts ----------------------------------------------------------------------------------- */

/* Returns the first of the counts `keys` that is present and above 0, or -1. */
static int64_t first_count(const beluga_json *object, const char *const *keys)
{
    for (; *keys; keys++) {
        int64_t n = beluga_json_get_int(object, *keys, -1);
        if (n > 0) return n;
    }
    return -1;
}

/* Returns the value of a number in a string, regardless of the locale; -1 if the string is not a
 * number. */
static double number_of(const char *text, size_t length)
{
    beluga_json_doc *doc = NULL;
    if (beluga_json_parse(text, length, &doc, NULL)) return -1;
    double number = beluga_json_double(beluga_json_doc_root(doc), -1);
    beluga_json_doc_free(doc);
    return number;
}

/* Returns a price, which is a number or a string with a number. A negative number means that the
 * price varies. */
static double price_of(const beluga_json *value, double factor)
{
    size_t length = 0;
    const char *text = beluga_json_string(value, &length);
    double price = text ? number_of(text, length) : beluga_json_double(value, -1);
    return price >= 0 ? price * factor : -1;
}

/* Read the prices. OpenRouter sends the price of one token, Together the price of a million
 * tokens. */
static void read_prices(const beluga_json *pricing, beluga_model_info *info)
{
    const beluga_json *prompt = beluga_json_get(pricing, "prompt");
    if (prompt) {
        info->input_price = price_of(prompt, 1e6);
        info->output_price = price_of(beluga_json_get(pricing, "completion"), 1e6);
    } else if (pricing) {
        info->input_price = price_of(beluga_json_get(pricing, "input"), 1);
        info->output_price = price_of(beluga_json_get(pricing, "output"), 1);
    }
}

static uint32_t read_modalities(const beluga_json *list)
{
    static const char *const names[] = {"text", "image", "audio", "video", "file", "embedding"};
    uint32_t bits = 0;
    for (const beluga_json *v = beluga_json_first(list); v; v = beluga_json_next(list, v)) {
        const char *word = beluga_json_string(v, NULL);
        for (size_t i = 0; word && i < sizeof names / sizeof *names; i++)
            if (strncasecmp(word, names[i], strlen(names[i])) == 0) bits |= UINT32_C(1) << i;
    }
    return bits;
}

void beluga__read_model_facts(const beluga_json *model, beluga_model_info *info)
{
    static const char *const contexts[] = {"context_length",     /* OpenRouter, Together, Cohere */
                                           "context_window",     /* Groq */
                                           "max_model_len",      /* vLLM */
                                           "max_context_length", /* Mistral, LM Studio */
                                           "inputTokenLimit",    /* Gemini */
                                           "max_input_tokens",   /* Anthropic */
                                           "n_ctx", /* from llama.cpp's server, in "meta" */
                                           NULL};
    static const char *const outputs[] = {"max_completion_tokens", "outputTokenLimit",
                                          "max_output_tokens", NULL};
    const beluga_json *shape = beluga_json_get(model, "architecture");
    const beluga_json *best = beluga_json_get(model, "top_provider"); /* sent by OpenRouter */
    info->context_tokens = first_count(model, contexts);
    if (info->context_tokens < 0)
        info->context_tokens = first_count(beluga_json_get(model, "meta"), contexts);
    info->max_output_tokens = first_count(model, outputs);
    if (info->max_output_tokens < 0) info->max_output_tokens = first_count(best, outputs);
    read_prices(beluga_json_get(model, "pricing"), info);
    info->inputs = read_modalities(beluga_json_get(shape, "input_modalities"));
    info->outputs = read_modalities(beluga_json_get(shape, "output_modalities"));
    if (!info->inputs) /* the form that Bedrock sends */
        info->inputs = read_modalities(beluga_json_get(model, "inputModalities"));
    if (!info->outputs) info->outputs = read_modalities(beluga_json_get(model, "outputModalities"));
    int64_t created = beluga_json_get_int(model, "created", 0);
    if (created > 0) info->created = created;
}

/* ---- lists ----------------------------------------------------------------------------------- */

static int emit_names(const beluga_json *models, const char *key, beluga_emit *emit)
{
    int code = 0;
    for (const beluga_json *v = beluga_json_first(models); v && !code;
         v = beluga_json_next(models, v)) {
        size_t n = 0;
        const char *name = beluga_json_get_string(v, key, &n);
        beluga_model_info info = BELUGA_MODEL_INFO_INIT(name);
        if (!n) continue;
        beluga__read_model_facts(v, &info);
        code = beluga_emit_model_info(emit, &info);
    }
    return code;
}

int beluga__decode_models(const char *body, size_t length, const beluga__model_list *shape,
                          beluga_emit *emit)
{
    const beluga_json *root;
    int code = beluga_emit_parse(emit, body, length, &root);
    if (code) return code;
    if (beluga__fault_is(root, false))
        return (shape->emit_fault ? shape->emit_fault
                                  : beluga__fault_emit)(root, BELUGA_ERROR_INTERNAL, emit);
    bool bare = shape->bare && beluga_json_is_array(root);
    const beluga_json *models = bare ? root : beluga_json_get(root, shape->list);
    bool none = shape->maybe && beluga_json_is_null(models);
    if (!none && !beluga_json_is_array(models))
        return beluga__decode_failure(root, BELUGA_ERROR_INVALID_RESPONSE,
                                      "the answer is JSON, but not a list of models", emit);
    code = emit_names(models, shape->name, emit);
    const char *page =
        shape->page ? beluga__filled(beluga_json_get_string(root, shape->page, NULL)) : NULL;
    bool more = !shape->more || beluga_json_bool(beluga_json_get(root, shape->more), false);
    return page && more && !code ? beluga_emit_next_page(emit, page) : code;
}
