#include <beluga/version.h>

const char *beluga_version_string(void)
{
    return BELUGA_VERSION;
}
