/* Built without BELUGA_PLUGIN: it calls functions that only a program linked with the library has,
 * and one that no library has. */
#undef BELUGA_PLUGIN
#include <beluga/provider/plugin.h>

int beluga_emit_smell(beluga_emit *emit);
int plugged_direct(beluga_emit *emit);

int plugged_direct(beluga_emit *emit)
{
    return beluga_emit_smell(emit);
}
