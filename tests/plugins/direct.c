/* Built without BELUGA_PLUGIN: it calls functions that only a program which links the library has,
 * and here one that no library has. */
#undef BELUGA_PLUGIN
#include <beluga/provider/plugin.h>

int beluga_emit_smell(beluga_emit *emit);
int plugged_direct(beluga_emit *emit);

int plugged_direct(beluga_emit *emit)
{
    return beluga_emit_smell(emit);
}
