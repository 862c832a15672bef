/* Replaces the other files of this folder in a library that is built without cassettes. */
#include "base/left_out.h"
#include "cassette/cassette.h"

int beluga__cassette_new(beluga__runtime *runtime, const beluga_cassette *given,
                         const beluga__loop_ops *network, beluga__open_cassette **out,
                         beluga_error *err)
{
    (void)runtime;
    (void)given;
    (void)network;
    *out = NULL;
    return beluga__left_out(err, "recordings", "cassettes=enabled");
}

void beluga__cassette_free(beluga__open_cassette *cassette)
{
    (void)cassette;
}
