/* Hosts that implement Chat Completions. Each host has a row here and a folder of fixtures. */
#include "providers/openai/batch.h"
#include "providers/openai/embed.h"
#include "providers/table.h"

#include <pthread.h>
#include <string.h>

/* ---- values that rows use -------------------------------------------------------------------- */

enum {
    TEXT = BELUGA__TALKS,
    TOOLS = BELUGA__CALLS_TOOLS,
    SCHEMA = BELUGA_CAPABILITY_SCHEMA,
    IMAGES = BELUGA_CAPABILITY_IMAGES,
    AUDIO = BELUGA_CAPABILITY_AUDIO,
    FILES = BELUGA_CAPABILITY_FILES,
    MODELS = BELUGA_CAPABILITY_MODELS,
    CACHE = BELUGA_CAPABILITY_CACHE,
    EMBED = BELUGA__CAN_EMBED,
    COUNT = BELUGA__CAN_COUNT,
    /* a server that the user runs, whose capabilities depend on its model */
    SERVER = TEXT | TOOLS | SCHEMA | IMAGES | MODELS | BELUGA_CAPABILITY_NO_KEY
};

/* Notes for users that explain what each quirk changes. */
static const struct {
    uint32_t quirk;
    const char *text;
} quirk_notes[] = {
    {BELUGA__OPENAI_TOP_K, "Accepts top_k."},
    {BELUGA__OPENAI_NO_TOOLS, "Accepts no tools."},
    {BELUGA__OPENAI_NO_STOP, "Accepts no stop sequences."},
    {BELUGA__OPENAI_NO_SEED, "Accepts no seed."},
    {BELUGA__OPENAI_NO_USER, "Accepts no user."},
    {BELUGA__OPENAI_NO_STREAM_OPTIONS, "Sends the usage of a stream without being asked."},
    {BELUGA__OPENAI_ENABLE_THINKING,
     "Reasoning is on or off (enable_thinking), without levels of effort, and may have a budget."},
    {BELUGA__OPENAI_THINKING_OFF, "Reasoning is turned off by thinking of type disabled."},
    {BELUGA__OPENAI_NO_SCHEMA, "Knows only JSON mode: a schema is not sent."},
    {BELUGA__OPENAI_NO_FORM, "Accepts no form of an answer: neither schema nor JSON mode is sent."},
    {BELUGA__OPENAI_MISTRAL,
     "Reasoning is on or off, without levels of effort; seed is sent as random_seed."},
    {BELUGA__OPENAI_MAX_COMPLETION_TOKENS, "The limit of tokens is max_completion_tokens."},
    {BELUGA__OPENAI_REASONING_SPLIT,
     "Reasoning is requested separately from the text (reasoning_split)."},
    {BELUGA__OPENAI_FILE_URLS, "Accepts files by their URL."},
    {BELUGA__OPENAI_CACHE_CONTROL, "Marks for the cache are sent as cache_control."},
    {BELUGA__OPENAI_CACHE_TTL, "A mark may say for how long it is valid: 5 minutes or 1 hour."},
    {BELUGA__OPENAI_EMBED_FLOATS, "Vectors are sent as numbers, not as base64."},
    {BELUGA__OPENAI_REASONING_DETAILS,
     "Accepts the reasoning_details of earlier answers unchanged, and a budget for reasoning."},
};

/* The field for the reasoning of earlier answers, and its note. */
typedef enum field_kind { NO_FIELD, REASONING, REASONING_CONTENT } field_kind;
static const struct {
    const char *name, *note;
} fields[] = {
    [REASONING] = {"reasoning", "Accepts the reasoning of earlier answers, as reasoning."},
    [REASONING_CONTENT] = {"reasoning_content",
                           "Accepts the reasoning of earlier answers, as reasoning_content."},
};

/* A host's words for the efforts none, minimal, low, medium, high, xhigh and max, and a note for
 * users. */
typedef struct effort_words {
    const char *words[7], *note;
} effort_words;

/* The hosts' words for query, document, similarity, classification and clustering. */
static const char *const nvidia_types[] = {"query", "passage", "passage", "passage", "passage"};
static const char *const openrouter_types[] = {"search_query", "search_document", NULL,
                                               "classification", "clustering"};

#define NEAREST "Efforts are low, medium and high; another is sent as the nearest."

static const effort_words common = {{"none", "low", "low", "medium", "high", "high", "high"},
                                    NEAREST};
static const effort_words graded = {{NULL, "low", "low", "medium", "high", "high", "high"},
                                    NEAREST};
static const effort_words of_perplexity = {
    {NULL, "minimal", "low", "medium", "high", "high", "high"},
    "Efforts are minimal, low, medium and high; another is sent as the nearest."};
static const effort_words of_mistral = {{"none", "high", "high", "high", "high", "high", "high"},
                                        NULL};
static const effort_words of_meta = {{NULL, "minimal", "low", "medium", "high", "xhigh", "xhigh"},
                                     "Efforts are minimal to xhigh; max is sent as xhigh."};
static const effort_words of_zai = {
    {NULL, "low", "low", "high", "high", "max", "max"},
    "Efforts are low, high and max, of GLM-5.2 and later; another is sent as the nearest."};
static const effort_words no_words = {{NULL, NULL, NULL, NULL, NULL, NULL, NULL},
                                      "Reasoning has no levels of effort."};

/* A list of texts, each of which is followed by a NUL: "A\0B\0". */
typedef const char *text_list;

typedef struct row {
    const char *name, *url;
    text_list keys, urls; /* variables */
    uint32_t capabilities, quirks;
    const char *model; /* the default model, or NULL */
    const effort_words *efforts;
    field_kind field;
    text_list notes;
    const beluga_own_option *options;
    uint32_t max_inputs; /* maximum number of texts that one request embeds; 0: no limit */
    const char *count_path, *count_member;
    const char *const *input_types;
    const beluga__openai_batch *batch;
} row;

/* The members with which every row begins. */
#define HOST(host_name, address, key_variables, url_variables) \
    .name = (host_name), .url = (address), .keys = (key_variables), .urls = (url_variables)

#define SERVES "What it can do depends on the model it serves.\0"
#define NAMED  "Models are named MAKER/MODEL.\0"

static const beluga_own_option of_cloudflare[] = {
    BELUGA__OWN_IN_URL("cloudflare.account", "id of the account", "CLOUDFLARE_ACCOUNT_ID"),
    {.name = NULL}};
static const beluga_own_option of_databricks[] = {
    BELUGA__OWN_IN_URL("databricks.host", "host of the workspace", "DATABRICKS_HOST"),
    {.name = NULL}};
static const beluga_own_option of_snowflake[] = {
    BELUGA__OWN_IN_URL("snowflake.account", "identifier of the account", "SNOWFLAKE_ACCOUNT"),
    {.name = NULL}};

/* ---- batch APIs ------------------------------------------------------------------------------ */

/* Sources: Groq's client for Python 1.7.0 (batch_create_params.py gives 100 MB where the page gives
 * 200 MB; its list has no parameters) and console.groq.com/docs/batch, which shows several models
 * in one file. */
static const beluga__openai_batch batch_of_groq = {
    .api = {BELUGA__OPENAI_BATCH(50000, 100000000), .price_factor = 0.5, .keeps_names = true},
    .quirks = BELUGA__BATCH_NO_LIMIT};
/* Sources: Mistral's client for Python 3.7.0 (jobs.py, createbatchjobrequest.py, apiendpoint.py,
 * extra/batch/client.py), docs.mistral.ai/studio-api/batch-processing (at most 1 million requests
 * wait in a workspace; the endpoint "/v1/embeddings"), and docs.mistral.ai/resources/
 * known-limitations (100,000 in a batch, in a file of 512 MB), of whose limits the lower one is
 * kept. */
static const beluga__openai_batch batch_of_mistral = {
    .api = {BELUGA__OPENAI_BATCH(100000, 512000000), .one_model = true, .price_factor = 0.5,
            .keeps_names = true, .max_inputs = UINT64_MAX},
    .quirks = BELUGA__BATCH_MISTRAL | BELUGA__BATCH_BARE};
/* Sources: the OpenAPI document of platform.kimi.com, and its guide on the Batch API: 40 % cheaper,
 * 100 MB. */
static const beluga__openai_batch batch_of_moonshot = {
    .api = {BELUGA__OPENAI_BATCH(0, 100000000), .one_model = true, .price_factor = 0.6,
            .keeps_names = true},
    .quirks = BELUGA__BATCH_NO_LIMIT};
/* Sources: two pages of Alibaba Cloud's Model Studio: "Batch inference", and "OpenAI compatible -
 * Batch", which shows metadata.ds_name for a task's name, "after" as a parameter of the list, and
 * "/v1/embeddings" as the endpoint for text-embedding-v4. The page "OpenAI compatible - Embedding"
 * has the price in batches. */
static const beluga__openai_batch batch_of_qwen = {
    .api = {BELUGA__OPENAI_BATCH(50000, 500000000), .one_model = true, .price_factor = 0.5,
            .keeps_names = true, .max_inputs = UINT64_MAX},
    .quirks = BELUGA__BATCH_NO_LIMIT,
    .name_key = "ds_name"};
/* Sources: docs.together.ai/docs/inference/batch (overview, tutorial, manage), its reference of the
 * API, and Together's client for Python 3.1.1 (batch_job.py, batch_list_response.py). Only two
 * models cost half; for the others a batch costs as much as ordinary requests. A line of 10 MB
 * would make the whole job fail (tutorial). */
static const beluga__openai_batch batch_of_together = {
    .api = {BELUGA__OPENAI_BATCH(50000, 100000000), .one_model = true, .price_factor = 1.0},
    .quirks = BELUGA__BATCH_FILE_NAME | BELUGA__BATCH_NO_NAMES | BELUGA__BATCH_BARE |
              BELUGA__BATCH_NO_LIMIT,
    .max_line = 10000000,
    .upload = "/files/upload",
    .purpose = "batch-api"};

/* ---- the rows -------------------------------------------------------------------------------- */

static const row rows[] = {
    {HOST("amazon-nova", "https://api.nova.amazon.com/v1", "NOVA_API_KEY\0AMAZON_NOVA_API_KEY\0",
          "NOVA_BASE_URL\0AMAZON_NOVA_API_BASE\0"),
     .capabilities = TEXT | TOOLS | IMAGES,
     .quirks = BELUGA__OPENAI_NO_FORM | BELUGA__OPENAI_NO_SEED | BELUGA__OPENAI_NO_USER,
     .efforts = &graded, .notes = "Bedrock serves the same models.\0"},
    {HOST("baseten", "https://inference.baseten.co/v1", "BASETEN_API_KEY\0",
          "BASETEN_BASE_URL\0BASETEN_API_BASE\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS, .field = REASONING_CONTENT,
     .notes = NAMED},
    {HOST("cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY\0", "CEREBRAS_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | MODELS, .efforts = &common, .field = REASONING},
    {HOST("chutes", "https://llm.chutes.ai/v1", "CHUTES_API_KEY\0", "CHUTES_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS, .quirks = BELUGA__OPENAI_TOP_K,
     .field = REASONING_CONTENT, .notes = NAMED},
    {HOST("cloudflare", "https://api.cloudflare.com/client/v4/accounts/{account}/ai/v1",
          "CLOUDFLARE_API_TOKEN\0CLOUDFLARE_API_KEY\0",
          "CLOUDFLARE_BASE_URL\0CLOUDFLARE_API_BASE\0"),
     .capabilities = TEXT | TOOLS | SCHEMA,
     .notes = "Workers AI. Models are named @cf/MAKER/MODEL.\0", .options = of_cloudflare},
    {HOST("databricks", "https://{host}/serving-endpoints",
          "DATABRICKS_TOKEN\0DATABRICKS_API_KEY\0", "DATABRICKS_BASE_URL\0DATABRICKS_API_BASE\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES, .quirks = BELUGA__OPENAI_TOP_K,
     .efforts = &graded,
     .notes = "The host is that of the workspace; models are named as its endpoints.\0",
     .options = of_databricks},
    {HOST("deepinfra", "https://api.deepinfra.com/v1/openai",
          "DEEPINFRA_API_KEY\0DEEPINFRA_TOKEN\0", "DEEPINFRA_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS | EMBED,
     .quirks = BELUGA__OPENAI_EMBED_FLOATS, .efforts = &common, .max_inputs = 1024},
    {HOST("deepseek", "https://api.deepseek.com", "DEEPSEEK_API_KEY\0", "DEEPSEEK_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | MODELS,
     .quirks = BELUGA__OPENAI_NO_SCHEMA | BELUGA__OPENAI_THINKING_OFF, .model = "deepseek-v4-flash",
     .field = REASONING_CONTENT,
     .notes = "A model that thinks refuses a conversation without its earlier thoughts.\0"},
    {HOST("digitalocean", "https://inference.do-ai.run/v1",
          "GRADIENT_MODEL_ACCESS_KEY\0DIGITALOCEAN_ACCESS_TOKEN\0", "DIGITALOCEAN_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS,
     .quirks = BELUGA__OPENAI_MAX_COMPLETION_TOKENS, .field = REASONING_CONTENT},
    {HOST("docker", "http://localhost:12434/engines/v1", "DOCKER_MODEL_RUNNER_API_KEY\0",
          "DOCKER_MODEL_RUNNER_API_BASE\0"),
     .capabilities = SERVER, .quirks = BELUGA__OPENAI_TOP_K,
     .notes =
         SERVES "In a container the address is http://model-runner.docker.internal/engines/v1.\0"},
    {HOST("featherless", "https://api.featherless.ai/v1",
          "FEATHERLESS_API_KEY\0FEATHERLESS_AI_API_KEY\0",
          "FEATHERLESS_BASE_URL\0FEATHERLESS_API_BASE\0"),
     .capabilities = TEXT | TOOLS | MODELS, .quirks = BELUGA__OPENAI_NO_FORM | BELUGA__OPENAI_TOP_K,
     .notes = NAMED},
    {HOST("fireworks", "https://api.fireworks.ai/inference/v1",
          "FIREWORKS_API_KEY\0FIREWORKS_AI_API_KEY\0", "FIREWORKS_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS | EMBED,
     .quirks = BELUGA__OPENAI_EMBED_FLOATS | BELUGA__OPENAI_TOP_K, .efforts = &common,
     .notes = "Models are named accounts/fireworks/models/MODEL.\0", .max_inputs = 2048},
    {HOST("gmi", "https://api.gmi-serving.com/v1", "GMI_API_KEY\0GMICLOUD_API_KEY\0",
          "GMI_BASE_URL\0GMI_API_BASE\0"),
     .capabilities = TEXT | TOOLS | MODELS, .quirks = BELUGA__OPENAI_NO_FORM,
     .field = REASONING_CONTENT, .notes = NAMED},
    {HOST("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY\0", "GROQ_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS, .efforts = &common,
     .batch = &batch_of_groq},
    {HOST("helicone", "https://ai-gateway.helicone.ai/v1", "HELICONE_API_KEY\0",
          "HELICONE_BASE_URL\0HELICONE_API_BASE\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS},
    {HOST("heroku", "https://us.inference.heroku.com/v1", "HEROKU_INFERENCE_KEY\0INFERENCE_KEY\0",
          "HEROKU_BASE_URL\0"),
     .capabilities = TEXT | TOOLS,
     .quirks = BELUGA__OPENAI_NO_FORM | BELUGA__OPENAI_NO_SEED | BELUGA__OPENAI_NO_USER,
     .notes = "A region has its own address: INFERENCE_URL, with /v1 at the end.\0"},
    {HOST("huggingface", "https://router.huggingface.co/v1", "HF_TOKEN\0HUGGINGFACE_API_KEY\0",
          "HUGGINGFACE_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS, .notes = NAMED},
    {HOST("hyperbolic", "https://api.hyperbolic.xyz/v1", "HYPERBOLIC_API_KEY\0",
          "HYPERBOLIC_BASE_URL\0HYPERBOLIC_API_BASE\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS, .notes = NAMED},
    {HOST("inception", "https://api.inceptionlabs.ai/v1", "INCEPTION_API_KEY\0",
          "INCEPTION_BASE_URL\0INCEPTION_API_BASE\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | MODELS, .efforts = &graded},
    {HOST("lemonade", "http://localhost:13305/api/v1", "LEMONADE_API_KEY\0",
          "LEMONADE_BASE_URL\0LEMONADE_API_BASE\0"),
     .capabilities = SERVER, .quirks = BELUGA__OPENAI_TOP_K,
     .notes = SERVES "Older versions listen at port 8000.\0"},
    {HOST("litellm", "http://localhost:4000", "LITELLM_PROXY_API_KEY\0LITELLM_API_KEY\0",
          "LITELLM_PROXY_URL\0LITELLM_PROXY_API_BASE\0"),
     .capabilities = SERVER | AUDIO | FILES | CACHE | EMBED,
     .quirks = BELUGA__OPENAI_TOP_K | BELUGA__OPENAI_CACHE_CONTROL | BELUGA__OPENAI_CACHE_TTL,
     .notes = SERVES "Accepts the thinking_blocks of earlier answers unchanged.\0",
     .max_inputs = 2048},
    {HOST("llama-server", "http://localhost:8080/v1", "LLAMA_API_KEY\0", "LLAMA_SERVER_BASE_URL\0"),
     .capabilities = SERVER | AUDIO | EMBED | COUNT, .quirks = BELUGA__OPENAI_TOP_K,
     .model = "default", .notes = SERVES "Any model name is accepted.\0",
     .count_path = "/v1/chat/completions/input_tokens", .count_member = "input_tokens"},
    {HOST("lmstudio", "http://localhost:1234/v1", "LM_STUDIO_API_KEY\0",
          "LM_STUDIO_BASE_URL\0LM_STUDIO_API_BASE\0"),
     .capabilities = SERVER | EMBED, .quirks = BELUGA__OPENAI_EMBED_FLOATS | BELUGA__OPENAI_TOP_K,
     .notes = SERVES},
    {HOST("meta", "https://api.meta.ai/v1", "META_API_KEY\0MODEL_API_KEY\0",
          "META_BASE_URL\0META_API_BASE\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS, .efforts = &of_meta},
    {HOST("minimax", "https://api.minimax.io/v1", "MINIMAX_API_KEY\0",
          "MINIMAX_BASE_URL\0MINIMAX_API_BASE\0"),
     .capabilities = TEXT | TOOLS | IMAGES | MODELS,
     .quirks = BELUGA__OPENAI_NO_FORM | BELUGA__OPENAI_MAX_COMPLETION_TOKENS |
               BELUGA__OPENAI_THINKING_OFF | BELUGA__OPENAI_REASONING_SPLIT |
               BELUGA__OPENAI_NO_SEED,
     .efforts = &no_words, .notes = "In China the address is https://api.minimaxi.com/v1.\0"},
    {HOST("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY\0", "MISTRAL_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | AUDIO | FILES | MODELS | EMBED,
     .quirks = BELUGA__OPENAI_MISTRAL | BELUGA__OPENAI_NO_STREAM_OPTIONS | BELUGA__OPENAI_NO_USER,
     .model = "mistral-small-latest", .efforts = &of_mistral,
     .notes = "Ids of other providers' tool calls are replaced by nine letters and digits.\0",
     .max_inputs = 256, .batch = &batch_of_mistral},
    {HOST("moonshot", "https://api.moonshot.ai/v1", "MOONSHOT_API_KEY\0", "MOONSHOT_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS, .quirks = BELUGA__OPENAI_THINKING_OFF,
     .field = REASONING_CONTENT,
     .notes = "Batch jobs accept few models, and neither temperature nor top_p.\0",
     .batch = &batch_of_moonshot},
    {HOST("morph", "https://api.morphllm.com/v1", "MORPH_API_KEY\0",
          "MORPH_BASE_URL\0MORPH_API_BASE\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | MODELS,
     .notes = "The models morph-v3 apply edits to code and can't call tools.\0"},
    {HOST("nebius", "https://api.tokenfactory.nebius.com/v1", "NEBIUS_API_KEY\0",
          "NEBIUS_BASE_URL\0NEBIUS_API_BASE\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS, .quirks = BELUGA__OPENAI_TOP_K,
     .field = REASONING_CONTENT, .notes = NAMED},
    {HOST("novita", "https://api.novita.ai/openai/v1", "NOVITA_API_KEY\0",
          "NOVITA_BASE_URL\0NOVITA_API_BASE\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS, .quirks = BELUGA__OPENAI_TOP_K,
     .field = REASONING_CONTENT, .notes = NAMED},
    {HOST("nscale", "https://inference.api.nscale.com/v1", "NSCALE_API_KEY\0",
          "NSCALE_BASE_URL\0NSCALE_API_BASE\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES, .notes = NAMED},
    {HOST("nvidia", "https://integrate.api.nvidia.com/v1", "NVIDIA_NIM_API_KEY\0NVIDIA_API_KEY\0",
          "NVIDIA_NIM_BASE_URL\0NVIDIA_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS | EMBED, .efforts = &graded,
     .input_types = nvidia_types,
     .notes = "Models that embed for retrieval require input_type query or document.\0"},
    {HOST("ollama-cloud", "https://ollama.com/v1", "OLLAMA_API_KEY\0", "OLLAMA_CLOUD_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS, .efforts = &common,
     .field = REASONING},
    {HOST("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY\0OPEN_ROUTER_API_KEY\0",
          "OPENROUTER_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | AUDIO | FILES | MODELS | CACHE | EMBED,
     .quirks = BELUGA__OPENAI_TOP_K | BELUGA__OPENAI_FILE_URLS | BELUGA__OPENAI_CACHE_CONTROL |
               BELUGA__OPENAI_CACHE_TTL | BELUGA__OPENAI_REASONING_DETAILS,
     .model = "openrouter/auto", .field = REASONING, .notes = NAMED,
     .input_types = openrouter_types},
    {HOST("ovhcloud", "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1",
          "OVHCLOUD_API_KEY\0OVH_AI_ENDPOINTS_ACCESS_TOKEN\0",
          "OVHCLOUD_BASE_URL\0OVHCLOUD_API_BASE\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS, .efforts = &graded},
    {HOST("parasail", "https://api.parasail.io/v1", "PARASAIL_API_KEY\0",
          "PARASAIL_BASE_URL\0PARASAIL_API_BASE\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS, .quirks = BELUGA__OPENAI_TOP_K},
    {HOST("perplexity", "https://api.perplexity.ai", "PERPLEXITY_API_KEY\0PPLX_API_KEY\0",
          "PERPLEXITY_BASE_URL\0"),
     .capabilities = TEXT | SCHEMA | IMAGES,
     .quirks = BELUGA__OPENAI_NO_TOOLS | BELUGA__OPENAI_NO_STOP | BELUGA__OPENAI_NO_SEED |
               BELUGA__OPENAI_NO_STREAM_OPTIONS,
     .model = "sonar", .efforts = &of_perplexity},
    {HOST("poe", "https://api.poe.com/v1", "POE_API_KEY\0", "POE_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | IMAGES | MODELS, .quirks = BELUGA__OPENAI_NO_FORM,
     .notes = "Models are the bots of Poe, by their names.\0"},
    {HOST("qwen", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
          "DASHSCOPE_API_KEY\0QWEN_API_KEY\0", "DASHSCOPE_BASE_URL\0QWEN_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | AUDIO | MODELS | CACHE | EMBED,
     .quirks = BELUGA__OPENAI_EMBED_FLOATS | BELUGA__OPENAI_TOP_K | BELUGA__OPENAI_ENABLE_THINKING |
               BELUGA__OPENAI_CACHE_CONTROL,
     .model = "qwen-plus",
     .notes = "In China the address is https://dashscope.aliyuncs.com/compatible-mode/v1.\0",
     .max_inputs = 10, .batch = &batch_of_qwen},
    {HOST("reka", "https://api.reka.ai/v1", "REKA_API_KEY\0", "REKA_BASE_URL\0REKA_API_BASE\0"),
     .capabilities = TEXT | TOOLS | IMAGES | MODELS,
     .quirks = BELUGA__OPENAI_NO_FORM | BELUGA__OPENAI_TOP_K},
    {HOST("sambanova", "https://api.sambanova.ai/v1", "SAMBANOVA_API_KEY\0",
          "SAMBANOVA_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS | EMBED,
     .quirks = BELUGA__OPENAI_EMBED_FLOATS | BELUGA__OPENAI_TOP_K, .efforts = &graded},
    {HOST("scaleway", "https://api.scaleway.ai/v1", "SCW_SECRET_KEY\0SCALEWAY_API_KEY\0",
          "SCALEWAY_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS, .efforts = &common,
     .notes = "The address of a project is https://api.scaleway.ai/PROJECT/v1.\0"},
    {HOST("siliconflow", "https://api.siliconflow.com/v1", "SILICONFLOW_API_KEY\0",
          "SILICONFLOW_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | IMAGES | MODELS,
     .quirks = BELUGA__OPENAI_TOP_K | BELUGA__OPENAI_ENABLE_THINKING | BELUGA__OPENAI_NO_SCHEMA,
     .field = REASONING_CONTENT,
     .notes = "In China the address is https://api.siliconflow.cn/v1.\0"},
    {HOST("snowflake", "https://{account}.snowflakecomputing.com/api/v2/cortex/v1",
          "SNOWFLAKE_CORTEX_PAT\0SNOWFLAKE_PAT\0", "SNOWFLAKE_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES, .quirks = BELUGA__OPENAI_MAX_COMPLETION_TOKENS,
     .notes = "The key is a programmatic access token; a \"_\" in the account is written \"-\".\0",
     .options = of_snowflake},
    {HOST("together", "https://api.together.xyz/v1",
          "TOGETHER_API_KEY\0TOGETHERAI_API_KEY\0TOGETHER_AI_API_KEY\0", "TOGETHER_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS | EMBED,
     .quirks = BELUGA__OPENAI_EMBED_FLOATS | BELUGA__OPENAI_TOP_K, .efforts = &graded,
     .notes = "Batch jobs have no name, and cost less only for a few models.\0",
     .batch = &batch_of_together},
    {HOST("v0", "https://api.v0.dev/v1", "V0_API_KEY\0", "V0_BASE_URL\0V0_API_BASE\0"),
     .capabilities = TEXT | TOOLS | IMAGES,
     .quirks = BELUGA__OPENAI_NO_FORM | BELUGA__OPENAI_NO_STOP | BELUGA__OPENAI_NO_SEED |
               BELUGA__OPENAI_NO_USER},
    {HOST("venice", "https://api.venice.ai/api/v1", "VENICE_API_KEY\0VENICE_AI_API_KEY\0",
          "VENICE_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS, .quirks = BELUGA__OPENAI_TOP_K,
     .efforts = &common, .field = REASONING_CONTENT,
     .notes = "It puts a prompt of its own before yours, unless venice_parameters in extra_body "
              "says otherwise.\0"},
    {HOST("vercel", "https://ai-gateway.vercel.sh/v1",
          "AI_GATEWAY_API_KEY\0VERCEL_AI_GATEWAY_API_KEY\0VERCEL_OIDC_TOKEN\0",
          "AI_GATEWAY_BASE_URL\0VERCEL_AI_GATEWAY_API_BASE\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS,
     .quirks = BELUGA__OPENAI_REASONING_DETAILS, .field = REASONING, .notes = NAMED},
    {HOST("vllm", "http://localhost:8000/v1", "VLLM_API_KEY\0", "VLLM_BASE_URL\0"),
     .capabilities = SERVER | AUDIO | EMBED | COUNT, .quirks = BELUGA__OPENAI_TOP_K,
     .notes = SERVES, .count_path = "/tokenize", .count_member = "count"},
    {HOST("volcengine", "https://ark.cn-beijing.volces.com/api/v3",
          "ARK_API_KEY\0VOLCENGINE_API_KEY\0", "ARK_BASE_URL\0VOLCENGINE_API_BASE\0"),
     .capabilities = TEXT | TOOLS | IMAGES,
     .quirks = BELUGA__OPENAI_NO_SCHEMA | BELUGA__OPENAI_THINKING_OFF, .field = REASONING_CONTENT,
     .notes = "Ark. BytePlus has it at https://ark.ap-southeast.bytepluses.com/api/v3.\0"},
    {HOST("xai", "https://api.x.ai/v1", "XAI_API_KEY\0", "XAI_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | SCHEMA | IMAGES | MODELS, .model = "grok-latest",
     .efforts = &common},
    {HOST("xiaomi", "https://api.xiaomimimo.com/v1",
          "XIAOMI_API_KEY\0MIMO_API_KEY\0XIAOMI_MIMO_API_KEY\0", "XIAOMI_BASE_URL\0"),
     .capabilities = TEXT | TOOLS | IMAGES,
     .quirks = BELUGA__OPENAI_THINKING_OFF | BELUGA__OPENAI_NO_SCHEMA, .efforts = &no_words,
     .field = REASONING_CONTENT},
    {HOST("zai", "https://api.z.ai/api/paas/v4", "ZAI_API_KEY\0ZHIPU_API_KEY\0",
          "ZAI_BASE_URL\0ZAI_API_BASE\0"),
     .capabilities = TEXT | TOOLS | IMAGES | MODELS,
     .quirks = BELUGA__OPENAI_NO_SCHEMA | BELUGA__OPENAI_NO_SEED | BELUGA__OPENAI_NO_USER |
               BELUGA__OPENAI_THINKING_OFF,
     .efforts = &of_zai, .field = REASONING_CONTENT,
     .notes = "In China the address is https://open.bigmodel.cn/api/paas/v4; that of a coding plan "
              "is https://api.z.ai/api/coding/paas/v4.\0"},
};

/* ---- the tables ------------------------------------------------------------------------------ */

enum { N_HOSTS = sizeof rows / sizeof *rows, MAX_TEXTS = 20 };

/* The tables are built from the rows when a table is requested for the first time, since the tables
 * need six times as much space. */
static beluga__openai_host hosts[N_HOSTS];
static const char *texts[N_HOSTS][MAX_TEXTS];

/* The place where the next text of a table's lists is written. */
typedef struct place {
    const char **at, **end;
} place;

/* Add a text to a list. A text that does not fit is left out, which a test would detect. */
static void put_text(place *to, const char *text)
{
    if (text && to->at + 1 < to->end) *to->at++ = text;
}

/* End a list with NULL, and return the address of its first text. */
static const char *const *end_list(place *to, const char **begin)
{
    if (to->at < to->end) *to->at++ = NULL;
    return begin;
}

static const char *const *put_list(place *to, text_list list)
{
    const char **begin = to->at;
    for (; *list; list += strlen(list) + 1) put_text(to, list);
    return end_list(to, begin);
}

static const char *const *put_notes(place *to, const row *r)
{
    const char **begin = to->at;
    for (size_t i = 0; i < sizeof quirk_notes / sizeof *quirk_notes; i++)
        if (r->quirks & quirk_notes[i].quirk) put_text(to, quirk_notes[i].text);
    put_text(to, fields[r->field].note);
    for (text_list n = r->notes; n && *n; n += strlen(n) + 1) put_text(to, n);
    if (r->efforts) put_text(to, r->efforts->note);
    return end_list(to, begin);
}

static void make_table(beluga__openai_host *host, const row *r, place to)
{
    static const beluga_provider common_members = {.size = sizeof(beluga_provider),
                                                   .abi = BELUGA_PROVIDER_ABI,
                                                   .protocol = "Chat Completions",
                                                   .framing = BELUGA_FRAMING_SSE,
                                                   .state_size = sizeof(beluga__openai_state),
                                                   .decode_response =
                                                       beluga__openai_decode_response,
                                                   .decode_event = beluga__openai_decode_event,
                                                   .encode_request = beluga__openai_encode_request,
                                                   .decode_error = beluga__fault_decode_error};
    beluga_provider *provider = &host->provider;
    *provider = common_members;
    provider->name = r->name;
    provider->base_url = r->url;
    provider->default_model = r->model;
    provider->capabilities = r->capabilities;
    provider->options = r->options;
    provider->key_variables = put_list(&to, r->keys);
    provider->url_variables = put_list(&to, r->urls);
    provider->notes = put_notes(&to, r);
    if (r->capabilities & MODELS) {
        provider->encode_list_models = beluga__openai_encode_list_models;
        provider->decode_list_models = beluga__openai_decode_list_models;
    }
    if (r->capabilities & EMBED) {
        provider->encode_embed = BELUGA__IF_EMBEDDINGS(beluga__openai_encode_embed);
        provider->decode_embed = BELUGA__IF_EMBEDDINGS(beluga__openai_decode_embed);
        provider->max_inputs = r->max_inputs;
    }
    if (r->capabilities & COUNT) {
        provider->encode_count = BELUGA__IF_EMBEDDINGS(beluga__openai_encode_count);
        provider->decode_count = BELUGA__IF_EMBEDDINGS(beluga__openai_decode_count);
    }
    if (r->batch) provider->batch = BELUGA__IF_BATCH_JOBS(&r->batch->api);
    host->input_types = r->input_types;
    host->count_path = r->count_path;
    host->count_member = r->count_member;
    host->quirks = r->quirks;
    host->reasoning_field = fields[r->field].name;
    host->efforts = r->efforts ? r->efforts->words : NULL;
}

static void make_tables(void)
{
    for (size_t i = 0; i < N_HOSTS; i++)
        make_table(&hosts[i], &rows[i], (place){texts[i], texts[i] + MAX_TEXTS});
}

const beluga_provider *beluga__openai_host_at(size_t index)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_tables);
    return index < N_HOSTS ? &hosts[index].provider : NULL;
}

/* ---- requests for the host of a call --------------------------------------------------------- */

static const beluga__openai_host *host_of(const beluga_call *call)
{
    /* A provider without a row uses the protocol without differences. */
    static const beluga__openai_host plain;
    uintptr_t first = (uintptr_t)hosts, at = (uintptr_t)beluga_call_provider(call);
    bool has_row = at >= first && at - first < sizeof hosts;
    return has_row ? &hosts[(at - first) / sizeof *hosts] : &plain;
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
