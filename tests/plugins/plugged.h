/* Common code of the plug-ins for tests: a correct provider that answers "plugged in". */
#ifndef TESTS_PLUGGED_H
#define TESTS_PLUGGED_H

#include <beluga/provider/provider.h>

static inline int plugged_start(void *self, const beluga_call *call, beluga_emit *emit,
                                beluga_error *err)
{
    (void)self;
    (void)call;
    (void)err;
    int status = beluga_emit_text(emit, "plugged in", sizeof "plugged in" - 1);
    return status ? status : beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static inline void plugged_cancel(void *self, beluga_emit *emit)
{
    (void)self;
    (void)emit;
}

#define PLUGGED(provider_name)                                                         \
    BELUGA_PROVIDER_INIT(provider_name), .default_model = "p", .start = plugged_start, \
        .cancel = plugged_cancel

#endif
