#include "schema/price.h"

#include <string.h>

const char *beluga_prices_date(const beluga_prices *prices)
{
    return prices->date ? prices->date : "";
}

const char *beluga_prices_name(const beluga_prices *prices, size_t index)
{
    const beluga__price_entry *e = prices->entries;
    while (e && index--) e = e->next;
    return e ? e->name : NULL;
}

/* Returns whether an entry is for "provider/model": its name is the same, or its name ends in a
 * star and the text before the star is a prefix of "provider/model". */
static bool fits(const beluga__price_entry *e, const char *provider, const char *model)
{
    size_t n = strlen(provider), m = strlen(model);
    if (e->length < n + 1 || strncmp(e->name, provider, n) != 0 || e->name[n] != '/') return false;
    size_t rest = e->length - n - 1;
    return (rest == m || (e->open && rest < m)) && strncmp(e->name + n + 1, model, rest) == 0;
}

bool beluga_prices_find(const beluga_prices *prices, const char *provider, const char *model,
                        beluga_price *out)
{
    const beluga__price_entry *best = NULL;
    for (const beluga__price_entry *e = prices->entries; e && provider && model; e = e->next)
        if (fits(e, provider, model) &&
            (!best || e->length > best->length || (e->length == best->length && !e->open)))
            best = e;
    if (best) *out = best->price;
    return best;
}

static double positive(int64_t n)
{
    return n > 0 ? (double)n : 0;
}

double beluga_price_cost(const beluga_price *price, const beluga_usage *usage)
{
    static const double million = 1e6;
    if (usage->input_total < 0 && usage->output_total < 0) return -1;
    double read = positive(usage->input_cache_read), write = positive(usage->input_cache_write);
    double plain = positive(usage->input_total) - read - write;
    return ((plain > 0 ? plain : 0) * price->input + read * price->cache_read +
            write * price->cache_write + positive(usage->output_total) * price->output) /
           million;
}
