#include "parts.h" /* a header that Meson writes from the build options */

#include <beluga/version.h>

const char *beluga_version_string(void)
{
    return BELUGA_VERSION_STRING;
}

uint32_t beluga_version_number(void)
{
    return BELUGA_VERSION_NUMBER;
}

const char *beluga_version_parts(void)
{
    return BELUGA__PARTS;
}
