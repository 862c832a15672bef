#include "providers/builtin.h"

const beluga_provider *const beluga__builtin_providers[] = {
    &beluga__provider_mock,
    &beluga__provider_openai,
    NULL,
};
