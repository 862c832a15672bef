/* The kit's function for test programs of providers' authors. */
#include "base/limits.h"
#include "kit/check.h"
#include "kit/places.h"

#include <beluga/provider/check.h>
#include <beluga/registry.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((int)BELUGA_CHECK_FAILED == (int)CHECK_FAILED &&
                   (int)BELUGA_CHECK_SKIPPED == (int)CHECK_SKIPPED &&
                   (int)BELUGA_CHECK_WRITTEN == (int)CHECK_WRITTEN &&
                   (int)BELUGA_CHECK_MEASURED == (int)CHECK_MEASURED &&
                   (int)BELUGA_CHECK_NOTED == (int)CHECK_NOTED,
               "the public results are the kit's");

static void tell(void *payload, const check_result *result)
{
    const beluga_check *check = payload;
    const beluga_check_result told = {.size = sizeof told,
                                      .provider = result->provider,
                                      .category = result->category,
                                      .check = result->scenario,
                                      .proves = result->proves,
                                      .detail = result->detail,
                                      .status = (int)result->status,
                                      .nanoseconds = result->measure.nanoseconds,
                                      .bytes = result->measure.bytes,
                                      .allocations = result->measure.allocations};
    check->tell(check->payload, &told);
}

static int check_one(const beluga_check *check, const char *name, beluga_error *err)
{
    char path[CHECK_PLACE_BYTES];
    beluga_registry *registry = beluga_registry_default();
    const char *plugin = beluga_registry_plugin_file(registry, name);
    const char *own = check->fixtures ? check->fixtures : check_place_find(plugin, name, path);
    const check_settings settings = {.registry = registry,
                                     .plugin = plugin,
                                     .fixtures = own ? own : "fixtures",
                                     .own_fixtures = own,
                                     .only = check->only,
                                     .foreign = true,
                                     .measure = check->measure,
                                     .update = check->update,
                                     .patience_ms = check->patience_ms,
                                     .tell = tell,
                                     .payload = (void *)check};
    return check_provider(&settings, name, err);
}

/* Check every provider of the plug-in. The others are checked even if one fails. Returns the first
 * error that is not a failed check, else the code of a failed check, else 0. */
static int check_file(const beluga_check *check, const char *file, beluga_error *err)
{
    int first = 0;
    const char *names[BELUGA__MAX_SHOWN_PROVIDERS];
    beluga_registry *registry = beluga_registry_default();
    size_t n = beluga_registry_list(registry, names, BELUGA__MAX_SHOWN_PROVIDERS);
    for (size_t i = 0; i < n && i < BELUGA__MAX_SHOWN_PROVIDERS; i++) {
        beluga_error problem = {0};
        const char *from = beluga_registry_plugin_file(registry, names[i]);
        int code = from && strcmp(from, file) == 0 ? check_one(check, names[i], &problem) : 0;
        if (!code || (first && first != BELUGA_ERROR_INVALID_RESPONSE)) continue;
        first = code;
        if (err) *err = problem;
    }
    return first;
}

static bool is_check(const char *name)
{
    check_description d;
    for (size_t i = 0; check_scenario_describe(i, &d); i++)
        if (strcmp(d.name, name) == 0) return true;
    return false;
}

static int refuse(const beluga_check *check, beluga_error *err)
{
    if (!check->tell)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "beluga_check: tell is missing");
    if (!check->provider && !check->plugin)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "beluga_check: neither provider nor plugin is set");
    if (check->only && !is_check(check->only))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "beluga_check: no check is called %.60s: beluga check --list "
                                "shows all checks",
                                check->only);
    return 0;
}

int beluga_check_run(const beluga_check *given, beluga_error *err)
{
    char file[PATH_MAX];
    beluga_check check = {0};
    if (given) memcpy(&check, given, given->size < sizeof check ? given->size : sizeof check);
    int code = refuse(&check, err);
    if (!code && check.plugin)
        code = beluga_registry_load_plugin(beluga_registry_default(), check.plugin, err);
    if (code) return code;
    if (check.provider) return check_one(&check, check.provider, err);
    if (!realpath(check.plugin, file))
        return beluga_error_set(err, BELUGA_ERROR_NOT_FOUND, "%s does not exist", check.plugin);
    return check_file(&check, file, err);
}
