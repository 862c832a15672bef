/* A plug-in that is built without BELUGA_PLUGIN, so its calls need a program that is linked with
 * the library. One of the functions exists in no library. */
#undef BELUGA_PLUGIN
#include <beluga/provider/plugin.h>

int beluga_emit_smell(beluga_emit *emit);
int plugged_direct(beluga_emit *emit);

int plugged_direct(beluga_emit *emit)
{
    return beluga_emit_smell(emit);
}
