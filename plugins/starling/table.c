#include <beluga/provider/provider.h>

int starling_start(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err);
void starling_cancel(void *self, beluga_emit *emit);

static const beluga_provider starling = {
    BELUGA_PROVIDER_INIT("starling"),
    .default_model = "loud",
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_LOCAL,
    .start = starling_start,
    .cancel = starling_cancel,
};

BELUGA_REGISTER_PROVIDER(starling_provider, starling)
