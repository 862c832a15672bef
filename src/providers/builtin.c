#include "providers/builtin.h"

const beluga_provider *const beluga__builtin_providers[] = {
    &beluga__mock_provider,
    &beluga__openai_provider,
    NULL,
};
