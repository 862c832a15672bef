#include "base/time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Read the offset "+02:00" or "Z" as seconds ahead of UTC; false for any other text. */
static bool offset_s(const char *text, int64_t *seconds)
{
    int hours, minutes, n = 0;
    *seconds = 0;
    if ((*text == 'Z' || *text == 'z') && !text[1]) return true;
    if (sscanf(text + (*text != '\0'), "%2d:%2d%n", &hours, &minutes, &n) != 2 || text[1 + n])
        return false;
    *seconds = (int64_t)hours * 3600 + (int64_t)minutes * 60;
    if (*text == '-') *seconds = -*seconds;
    return (*text == '+' || *text == '-') && text[1] >= '0' && text[1] <= '9' && hours < 24 &&
           minutes < 60;
}

bool beluga__time_read(const char *text, int64_t *seconds)
{
    struct tm t = {0};
    int n = 0;
    int64_t offset;
    if (sscanf(text, "%4d-%2d-%2d%*1[Tt ]%2d:%2d:%2d%n", &t.tm_year, &t.tm_mon, &t.tm_mday,
               &t.tm_hour, &t.tm_min, &t.tm_sec, &n) != 6)
        return false;
    bool right = t.tm_year >= 1970 && t.tm_mon >= 1 && t.tm_mon <= 12 && t.tm_mday >= 1 &&
                 t.tm_mday <= 31 && t.tm_hour >= 0 && t.tm_hour < 24 && t.tm_min >= 0 &&
                 t.tm_min < 60 && t.tm_sec >= 0 && t.tm_sec <= 60;
    text += n;
    if (*text == '.') text += 1 + strspn(text + 1, "0123456789");
    if (!right || !offset_s(text, &offset)) return false;
    t.tm_year -= 1900;
    t.tm_mon--;
    *seconds = (int64_t)timegm(&t) - offset;
    return true;
}
