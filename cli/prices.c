#include "prices.h"

#include "configuration.h"
#include "output.h"

#include <beluga/error.h>
#include <beluga/option.h>

#include <stdlib.h>

int prices_load(const beluga_config *config, bool expected, beluga_prices **out)
{
    const char *path = NULL;
    beluga_error err;
    *out = NULL;
    beluga_config_get_string(config, BELUGA_OPTION_PRICES, &path);
    int status = beluga_prices_load(path, out, &err);
    if (status == BELUGA_ERROR_NO_MEMORY) return out_no_memory();
    if (status && (expected || path || status != BELUGA_ERROR_NOT_FOUND))
        out_note("the cost is unknown, since the prices can't be read: %s", err.message);
    return 0;
}

int prices_load_configured(const cli_args *args, beluga_prices **out)
{
    beluga_config *config;
    char *path;
    bool has_file;
    *out = NULL;
    int rc = configuration_read(args, &config, &path, &has_file);
    if (rc == 0) rc = prices_load(config, false, out);
    beluga_config_free(config);
    free(path);
    return rc;
}
