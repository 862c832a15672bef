/* Hosts that speak Chat Completions. A new one is a row here and a folder of fixtures. */
#include "providers/openai/embed.h"
#include "providers/openai/openai.h"
#include "providers/table.h"

/* The beginning of every row. */
#define HOST(host_name, url)                                                      \
    BELUGA__OVER_HTTP(host_name, "Chat Completions", openai, BELUGA_FRAMING_SSE), \
        .encode_request = beluga__openai_encode_request,                          \
        .decode_error = beluga__fault_decode_error, .base_url = (url)

#define LISTS_MODELS BELUGA__LISTS_MODELS(openai)

/* A host that embeds at most so many texts in one request; 0: any number. */
#define EMBEDS(most) BELUGA__EMBEDS(openai), .max_inputs = (most)

/* The differences of a host, and notes for people: quirks, the field for the reasoning of earlier
 * answers ("" for none), and more notes. */
#define OTHERWISE(bits, field, ...)                                                            \
    .quirks = (bits), .reasoning_field = sizeof(field) > 1 ? (field) : NULL,                   \
    .provider.notes = BELUGA__TEXTS(                                                           \
        NOTE((bits) & BELUGA__OPENAI_TOP_K, "Takes top_k."),                                   \
        NOTE((bits) & BELUGA__OPENAI_NO_TOOLS, "Takes no tools."),                             \
        NOTE((bits) & BELUGA__OPENAI_NO_STOP, "Takes no stop sequences."),                     \
        NOTE((bits) & BELUGA__OPENAI_NO_SEED, "Takes no seed."),                               \
        NOTE((bits) & BELUGA__OPENAI_NO_USER, "Takes no user."),                               \
        NOTE((bits) & BELUGA__OPENAI_NO_STREAM_OPTIONS,                                        \
             "Tells the usage of a stream without being asked."),                              \
        NOTE((bits) & BELUGA__OPENAI_ENABLE_THINKING,                                          \
             "Reasoning is on or off (enable_thinking), without grades, and takes a budget."), \
        NOTE((bits) & BELUGA__OPENAI_THINKING_OFF,                                             \
             "No reasoning is told as thinking of type disabled."),                            \
        NOTE((bits) & BELUGA__OPENAI_NO_SCHEMA,                                                \
             "Of the forms of an answer it knows JSON mode only: a schema is not sent."),      \
        NOTE((bits) & BELUGA__OPENAI_MISTRAL,                                                  \
             "Reasoning is on or off, without grades; seed goes by random_seed."),             \
        NOTE((bits) & BELUGA__OPENAI_FILE_URLS, "Takes files by their address."),              \
        NOTE((bits) & BELUGA__OPENAI_CACHE_CONTROL,                                            \
             "Marks for the cache are sent as cache_control."),                                \
        NOTE((bits) & BELUGA__OPENAI_CACHE_TTL,                                                \
             "They may say for how long: 5 minutes or 1 hour."),                               \
        NOTE((bits) & BELUGA__OPENAI_REASONING_DETAILS,                                        \
             "Takes back reasoning_details as they came, and a budget of reasoning."),         \
        NOTE((bits) & BELUGA__OPENAI_EMBED_FLOATS, "Vectors come as numbers, not as base64."), \
        NOTE(sizeof(field) > 1, "Takes back what its models thought, as " field "."), __VA_ARGS__)

#define NOTE(is_so, text) ((is_so) ? (text) : "")

#define SERVES "What it can do depends on the model it serves."

enum {
    TEXT = BELUGA__TALKS,
    TOOLS = BELUGA__CALLS_TOOLS,
    SCHEMA = BELUGA_CAPABILITY_SCHEMA,
    IMAGES = BELUGA_CAPABILITY_IMAGES,
    AUDIO = BELUGA_CAPABILITY_AUDIO,
    FILES = BELUGA_CAPABILITY_FILES,
    MODELS = BELUGA_CAPABILITY_MODELS,
    CACHE = BELUGA_CAPABILITY_CACHE,
    EMBED = BELUGA_CAPABILITY_EMBED,
    COUNT = BELUGA_CAPABILITY_COUNT,
    /* The capabilities of a local server depend on its model. */
    SERVER = TEXT | TOOLS | SCHEMA | IMAGES | MODELS | BELUGA_CAPABILITY_NO_KEY
};

/* Hosts' words for none, minimal, low, medium, high, xhigh, max. */
static const char *const common_efforts[] = {"none", "low",  "low", "medium",
                                             "high", "high", "high"};
static const char *const graded_efforts[] = {NULL, "low", "low", "medium", "high", "high", "high"};
static const char *const perplexity_efforts[] = {NULL,   "minimal", "low", "medium",
                                                 "high", "high",    "high"};
static const char *const mistral_efforts[] = {"none", "high", "high", "high",
                                              "high", "high", "high"};

/* Hosts' words for query, document, similarity, classification, clustering. */
static const char *const nvidia_types[] = {"query", "passage", "passage", "passage", "passage"};
static const char *const openrouter_types[] = {"search_query", "search_document", NULL,
                                               "classification", "clustering"};

#define NEAREST "Efforts are low, medium and high; another is sent as the nearest."

/* Providers without a row speak the protocol without differences. */
static const beluga__openai_host plain;

static const beluga__openai_host hosts[] = {
    {.provider = {HOST("cerebras", "https://api.cerebras.ai/v1"), LISTS_MODELS,
                  .capabilities = TEXT | TOOLS | SCHEMA | MODELS,
                  .key_variables = BELUGA__TEXTS("CEREBRAS_API_KEY"),
                  .url_variables = BELUGA__TEXTS("CEREBRAS_BASE_URL")},
     OTHERWISE(0, "reasoning", NEAREST),
     .efforts = common_efforts},
    {.provider = {HOST("deepinfra", "https://api.deepinfra.com/v1/openai"), LISTS_MODELS,
                  EMBEDS(1024), .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS | EMBED,
                  .key_variables = BELUGA__TEXTS("DEEPINFRA_API_KEY", "DEEPINFRA_TOKEN"),
                  .url_variables = BELUGA__TEXTS("DEEPINFRA_BASE_URL")},
     OTHERWISE(BELUGA__OPENAI_EMBED_FLOATS, "", NEAREST),
     .efforts = common_efforts},
    {.provider = {HOST("deepseek", "https://api.deepseek.com"), LISTS_MODELS,
                  .default_model = "deepseek-v4-flash", .capabilities = TEXT | TOOLS | MODELS,
                  .key_variables = BELUGA__TEXTS("DEEPSEEK_API_KEY"),
                  .url_variables = BELUGA__TEXTS("DEEPSEEK_BASE_URL")},
     OTHERWISE(BELUGA__OPENAI_NO_SCHEMA | BELUGA__OPENAI_THINKING_OFF, "reasoning_content",
               "A model that thinks refuses a history without its thoughts.")},
    {.provider = {HOST("fireworks", "https://api.fireworks.ai/inference/v1"), LISTS_MODELS,
                  EMBEDS(0), .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS | EMBED,
                  .key_variables = BELUGA__TEXTS("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"),
                  .url_variables = BELUGA__TEXTS("FIREWORKS_BASE_URL")},
     OTHERWISE(BELUGA__OPENAI_EMBED_FLOATS | BELUGA__OPENAI_TOP_K, "",
               "Models are named accounts/fireworks/models/MODEL.", NEAREST),
     .efforts = common_efforts},
    {.provider = {HOST("groq", "https://api.groq.com/openai/v1"), LISTS_MODELS,
                  .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS,
                  .key_variables = BELUGA__TEXTS("GROQ_API_KEY"),
                  .url_variables = BELUGA__TEXTS("GROQ_BASE_URL")},
     OTHERWISE(0, "", NEAREST),
     .efforts = common_efforts},
    {.provider = {HOST("huggingface", "https://router.huggingface.co/v1"), LISTS_MODELS,
                  .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS,
                  .key_variables = BELUGA__TEXTS("HF_TOKEN", "HUGGINGFACE_API_KEY"),
                  .url_variables = BELUGA__TEXTS("HUGGINGFACE_BASE_URL")},
     OTHERWISE(0, "", "Models are named MAKER/MODEL.")},
    {.provider = {HOST("litellm", "http://localhost:4000"), LISTS_MODELS, EMBEDS(2048),
                  .capabilities = SERVER | AUDIO | FILES | CACHE | EMBED,
                  .key_variables = BELUGA__TEXTS("LITELLM_PROXY_API_KEY", "LITELLM_API_KEY"),
                  .url_variables = BELUGA__TEXTS("LITELLM_PROXY_URL", "LITELLM_PROXY_API_BASE")},
     OTHERWISE(BELUGA__OPENAI_TOP_K | BELUGA__OPENAI_CACHE_CONTROL | BELUGA__OPENAI_CACHE_TTL, "",
               SERVES, "Takes back thinking_blocks as they came.")},
    {.provider = {HOST("llama-server", "http://localhost:8080/v1"), LISTS_MODELS, EMBEDS(0),
                  BELUGA__COUNTS(openai), .default_model = "default",
                  .capabilities = SERVER | AUDIO | EMBED | COUNT,
                  .key_variables = BELUGA__TEXTS("LLAMA_API_KEY"),
                  .url_variables = BELUGA__TEXTS("LLAMA_SERVER_BASE_URL")},
     OTHERWISE(BELUGA__OPENAI_TOP_K, "", SERVES, "Any name of a model will do."),
     .count_path = "/v1/chat/completions/input_tokens",
     .count_member = "input_tokens"},
    {.provider = {HOST("lmstudio", "http://localhost:1234/v1"), LISTS_MODELS, EMBEDS(0),
                  .capabilities = SERVER | EMBED,
                  .key_variables = BELUGA__TEXTS("LM_STUDIO_API_KEY"),
                  .url_variables = BELUGA__TEXTS("LM_STUDIO_BASE_URL", "LM_STUDIO_API_BASE")},
     OTHERWISE(BELUGA__OPENAI_EMBED_FLOATS | BELUGA__OPENAI_TOP_K, "", SERVES)},
    {.provider = {HOST("mistral", "https://api.mistral.ai/v1"), LISTS_MODELS, EMBEDS(256),
                  .default_model = "mistral-small-latest",
                  .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | AUDIO | FILES | MODELS | EMBED,
                  .key_variables = BELUGA__TEXTS("MISTRAL_API_KEY"),
                  .url_variables = BELUGA__TEXTS("MISTRAL_BASE_URL")},
     OTHERWISE(BELUGA__OPENAI_MISTRAL | BELUGA__OPENAI_NO_STREAM_OPTIONS | BELUGA__OPENAI_NO_USER,
               "", "Ids of others' tool calls are sent as nine letters and digits."),
     .efforts = mistral_efforts},
    {.provider = {HOST("moonshot", "https://api.moonshot.ai/v1"), LISTS_MODELS,
                  .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS,
                  .key_variables = BELUGA__TEXTS("MOONSHOT_API_KEY"),
                  .url_variables = BELUGA__TEXTS("MOONSHOT_BASE_URL")},
     OTHERWISE(BELUGA__OPENAI_THINKING_OFF, "reasoning_content", "")},
    {.provider = {HOST("nvidia", "https://integrate.api.nvidia.com/v1"), LISTS_MODELS, EMBEDS(0),
                  .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS | EMBED,
                  .key_variables = BELUGA__TEXTS("NVIDIA_NIM_API_KEY", "NVIDIA_API_KEY"),
                  .url_variables = BELUGA__TEXTS("NVIDIA_NIM_BASE_URL", "NVIDIA_BASE_URL")},
     OTHERWISE(0, "", NEAREST,
               "Models that embed for retrieval want input_type query or document."),
     .efforts = graded_efforts,
     .input_types = nvidia_types},
    {.provider = {HOST("openrouter", "https://openrouter.ai/api/v1"), LISTS_MODELS, EMBEDS(0),
                  .default_model = "openrouter/auto",
                  .capabilities =
                      TEXT | TOOLS | SCHEMA | IMAGES | AUDIO | FILES | MODELS | CACHE | EMBED,
                  .key_variables = BELUGA__TEXTS("OPENROUTER_API_KEY", "OPEN_ROUTER_API_KEY"),
                  .url_variables = BELUGA__TEXTS("OPENROUTER_BASE_URL")},
     OTHERWISE(BELUGA__OPENAI_TOP_K | BELUGA__OPENAI_FILE_URLS | BELUGA__OPENAI_CACHE_CONTROL |
                   BELUGA__OPENAI_CACHE_TTL | BELUGA__OPENAI_REASONING_DETAILS,
               "reasoning", "Models are named MAKER/MODEL."),
     .input_types = openrouter_types},
    {.provider = {HOST("perplexity", "https://api.perplexity.ai"), .default_model = "sonar",
                  .capabilities = TEXT | SCHEMA | IMAGES,
                  .key_variables = BELUGA__TEXTS("PERPLEXITY_API_KEY", "PPLX_API_KEY"),
                  .url_variables = BELUGA__TEXTS("PERPLEXITY_BASE_URL")},
     OTHERWISE(BELUGA__OPENAI_NO_TOOLS | BELUGA__OPENAI_NO_STOP | BELUGA__OPENAI_NO_SEED |
                   BELUGA__OPENAI_NO_STREAM_OPTIONS,
               "", "Efforts are minimal, low, medium and high; another is sent as the nearest."),
     .efforts = perplexity_efforts},
    {.provider = {HOST("qwen", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"),
                  LISTS_MODELS, EMBEDS(10), .default_model = "qwen-plus",
                  .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | AUDIO | MODELS | CACHE | EMBED,
                  .key_variables = BELUGA__TEXTS("DASHSCOPE_API_KEY", "QWEN_API_KEY"),
                  .url_variables = BELUGA__TEXTS("DASHSCOPE_BASE_URL", "QWEN_BASE_URL")},
     OTHERWISE(BELUGA__OPENAI_EMBED_FLOATS | BELUGA__OPENAI_TOP_K | BELUGA__OPENAI_ENABLE_THINKING |
                   BELUGA__OPENAI_CACHE_CONTROL,
               "", "In China the address is https://dashscope.aliyuncs.com/compatible-mode/v1.")},
    {.provider = {HOST("sambanova", "https://api.sambanova.ai/v1"), LISTS_MODELS, EMBEDS(0),
                  .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS | EMBED,
                  .key_variables = BELUGA__TEXTS("SAMBANOVA_API_KEY"),
                  .url_variables = BELUGA__TEXTS("SAMBANOVA_BASE_URL")},
     OTHERWISE(BELUGA__OPENAI_EMBED_FLOATS | BELUGA__OPENAI_TOP_K, "", NEAREST),
     .efforts = graded_efforts},
    {.provider = {HOST("together", "https://api.together.xyz/v1"), LISTS_MODELS, EMBEDS(0),
                  .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS | EMBED,
                  .key_variables = BELUGA__TEXTS("TOGETHER_API_KEY", "TOGETHERAI_API_KEY",
                                                 "TOGETHER_AI_API_KEY"),
                  .url_variables = BELUGA__TEXTS("TOGETHER_BASE_URL")},
     OTHERWISE(BELUGA__OPENAI_EMBED_FLOATS | BELUGA__OPENAI_TOP_K, "", NEAREST),
     .efforts = graded_efforts},
    {.provider = {HOST("vllm", "http://localhost:8000/v1"), LISTS_MODELS, EMBEDS(0),
                  BELUGA__COUNTS(openai), .capabilities = SERVER | AUDIO | EMBED | COUNT,
                  .key_variables = BELUGA__TEXTS("VLLM_API_KEY"),
                  .url_variables = BELUGA__TEXTS("VLLM_BASE_URL")},
     OTHERWISE(BELUGA__OPENAI_TOP_K, "", SERVES),
     .count_path = "/tokenize",
     .count_member = "count"},
    {.provider = {HOST("xai", "https://api.x.ai/v1"), LISTS_MODELS, .default_model = "grok-latest",
                  .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS,
                  .key_variables = BELUGA__TEXTS("XAI_API_KEY"),
                  .url_variables = BELUGA__TEXTS("XAI_BASE_URL")},
     OTHERWISE(0, "", NEAREST),
     .efforts = common_efforts},
};

enum { N_HOSTS = sizeof hosts / sizeof *hosts };

const beluga_provider *beluga__openai_host_at(size_t index)
{
    return index < N_HOSTS ? &hosts[index].provider : NULL;
}

static const beluga__openai_host *host_of(const beluga_call *call)
{
    const beluga__openai_host *host = &plain;
    const beluga_provider *provider = beluga_call_provider(call);
    for (size_t i = 0; i < N_HOSTS; i++)
        if (provider == &hosts[i].provider) host = &hosts[i];
    return host;
}

int beluga__openai_encode_request(const beluga_call *call, beluga_http_request *request,
                                  beluga_error *err)
{
    return beluga__openai_encode_as(host_of(call), call, request, err);
}

int beluga__openai_encode_embed(const beluga_call *call, beluga_http_request *request,
                                beluga_error *err)
{
    return beluga__openai_encode_embed_as(host_of(call), call, request, err);
}

int beluga__openai_encode_count(const beluga_call *call, beluga_http_request *request,
                                beluga_error *err)
{
    return beluga__openai_encode_count_as(host_of(call), call, request, err);
}

int beluga__openai_decode_count(const char *body, size_t length, beluga_emit *emit)
{
    return beluga__decode_token_count(body, length, host_of(beluga_emit_call(emit))->count_member,
                                      emit);
}
