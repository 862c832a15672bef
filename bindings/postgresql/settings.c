#include "extension.h"

#include <limits.h>
#include <utils/guc.h>

/* Settings that only the administrator can change. */
static char *config_file, *allowed_hosts, *allowed_models, *prices;
static double budget_cost;
static int budget_tokens, budget_calls, max_answer_kb;
/* Settings that every user can change. */
static char *model, *embedding_model;
static int timeout_ms, max_tokens, concurrency;
static double temperature;

static void define_text(const char *name, const char *meaning, char **value, GucContext context,
                        int flags)
{
    DefineCustomStringVariable(name, meaning, NULL, value, "", context, flags, NULL, NULL, NULL);
}

static void define_count(const char *name, const char *meaning, int *value, int otherwise,
                         int least, int most, GucContext context, int flags)
{
    DefineCustomIntVariable(name, meaning, NULL, value, otherwise, least, most, context, flags,
                            NULL, NULL, NULL);
}

static void define_policy(void)
{
    define_text("beluga.config_file", "File with keys, aliases and providers.", &config_file,
                PGC_SUSET, GUC_SUPERUSER_ONLY);
    define_text("beluga.allowed_hosts", "Hosts that may be asked; empty: of configured providers.",
                &allowed_hosts, PGC_SUSET, GUC_LIST_INPUT);
    define_text("beluga.allowed_models", "Models that may be asked; empty: any.", &allowed_models,
                PGC_SUSET, GUC_LIST_INPUT);
    define_text("beluga.prices_file", "File of prices; empty: the installed one.", &prices,
                PGC_SUSET, GUC_SUPERUSER_ONLY);
    define_count("beluga.budget_tokens", "Tokens that a session may take; 0: no limit.",
                 &budget_tokens, 0, 0, INT_MAX, PGC_SUSET, 0);
    define_count("beluga.budget_calls", "Calls that a session may make; 0: no limit.",
                 &budget_calls, 0, 0, INT_MAX, PGC_SUSET, 0);
    define_count("beluga.max_answer_size", "Largest answer that is taken.", &max_answer_kb, 16384,
                 1, 1024 * 1024, PGC_SUSET, GUC_UNIT_KB);
    DefineCustomRealVariable("beluga.budget_cost",
                             "US dollars that a session may spend; 0: no limit.", NULL,
                             &budget_cost, 0, 0, 1e9, PGC_SUSET, 0, NULL, NULL, NULL);
}

static void define_defaults(void)
{
    define_text("beluga.model", "Model that is asked where none is named.", &model, PGC_USERSET, 0);
    define_text("beluga.embedding_model", "Model that embeds where none is named.",
                &embedding_model, PGC_USERSET, 0);
    define_count("beluga.timeout", "Longest time of a call.", &timeout_ms, (int)DB_TIMEOUT_MS, 1,
                 86400000, PGC_USERSET, GUC_UNIT_MS);
    define_count("beluga.max_tokens", "Most tokens of an answer; 0: as the model is configured.",
                 &max_tokens, 0, 0, INT_MAX, PGC_USERSET, 0);
    define_count("beluga.concurrency", "Calls of llm_many that run at once.", &concurrency, 8, 1,
                 256, PGC_USERSET, 0);
    DefineCustomRealVariable("beluga.temperature",
                             "Sampling temperature; -1: as the model is configured.", NULL,
                             &temperature, -1, -1, 2, PGC_USERSET, 0, NULL, NULL, NULL);
}

void settings_define(void)
{
    define_policy();
    define_defaults();
#if PG_VERSION_NUM >= 150000
    MarkGUCPrefixReserved("beluga");
#endif
}

void settings_policy(db_policy *policy)
{
    *policy = (db_policy){.config_file = config_file,
                          .allowed_hosts = allowed_hosts,
                          .allowed_models = allowed_models,
                          .prices = prices,
                          .budget_cost = budget_cost,
                          .budget_tokens = budget_tokens,
                          .budget_calls = budget_calls,
                          .max_answer_bytes = (int64_t)max_answer_kb * 1024,
                          .max_answer_setting = "beluga.max_answer_size"};
}

void settings_request(db_request *request)
{
    *request = (db_request){.model = model,
                            .setting = "beluga.model",
                            .timeout_ms = timeout_ms,
                            .max_tokens = max_tokens,
                            .temperature = temperature,
                            .concurrency = concurrency};
}

const char *settings_embedding_model(void)
{
    return embedding_model && *embedding_model ? embedding_model : NULL;
}
