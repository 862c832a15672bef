/* Replaces google_key.c in a library that is built without Vertex AI. */
#include "base/left_out.h"
#include "keys/google_key.h"

ssize_t beluga__google_key(char *buffer, size_t size, beluga_error *err)
{
    BELUGA__UNUSED(buffer, size);
    beluga__left_out(err, "Google credentials", "providers=vertex");
    return -1;
}
