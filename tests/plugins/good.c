/* A correct plug-in with two providers, and an init function that must run only once. */
#include "plugged.h"

static int64_t n_inits;

static int init(beluga_error *err)
{
    (void)err;
    n_inits++;
    return 0;
}

/* Answer with the number of times that init has run. */
static int start(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    int status =
        beluga_emit_warning(emit, "init ran %d time%s", (int)n_inits, n_inits == 1 ? "" : "s");
    return status ? status : plugged_start(self, call, emit, err);
}

static const beluga_provider counting = {
    BELUGA_PROVIDER_INIT("plugged-counting"),
    .default_model = "p",
    .start = start,
    .cancel = plugged_cancel,
};
static const beluga_provider good = {PLUGGED("plugged-good")};

BELUGA_PLUGIN_PROVIDERS(init, &good, &counting)
