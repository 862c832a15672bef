/* Replaces aws_key.c in a library that is built without Bedrock. */
#include "base/left_out.h"
#include "keys/aws_key.h"

ssize_t beluga__aws_key(const char *profile, const atomic_bool *unwanted, char *buffer, size_t size,
                        int64_t *expires_s, beluga_error *err)
{
    BELUGA__UNUSED(profile, unwanted, buffer, size, expires_s);
    beluga__left_out(err, "keys of AWS profiles", "providers=bedrock");
    return -1;
}
