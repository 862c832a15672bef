#include "size.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

bool size_read(const char *text, size_t max, size_t *bytes)
{
    static const struct {
        const char *name;
        double bytes;
    } units[] = {{"", 1},      {"B", 1},           {"k", 1024},          {"KiB", 1024},
                 {"kB", 1000}, {"M", 1024 * 1024}, {"MiB", 1024 * 1024}, {"MB", 1000000}};
    double number;
    size_t digits = strspn(text, "0123456789.");
    const char *unit = text + digits + strspn(text + digits, " ");
    if (!beluga__text_to_double(text, digits, &number)) return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcasecmp(unit, units[i].name) != 0) continue;
        double size = number * units[i].bytes;
        if (size < 1 || size > (double)max) return false;
        *bytes = (size_t)size;
        return true;
    }
    return false;
}
