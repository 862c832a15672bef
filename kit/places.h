/* Finds the folder with the cases of a provider's author. */
#ifndef BELUGA_KIT_PLACES_H
#define BELUGA_KIT_PLACES_H

#include <stdbool.h>

enum { CHECK_PLACE_BYTES = 4096 };

/* Return whether a folder has cases of this provider, or has the cases of one provider alone. */
bool check_place_is_of(const char *folder, const char *provider);
/* Find the cases of a plug-in's author. They are in a folder fixtures/ beside the plug-in's file,
 * or one folder higher; such a folder may contain the cases of only one provider. Or they are in
 * fixtures/PROVIDER/ in the current folder. `plugin` is NULL for a provider that does not come from
 * a plug-in.
 * @return the folder in `path`, relative if it is below the current folder; NULL: there is none. */
const char *check_place_find(const char *plugin, const char *provider,
                             char path[CHECK_PLACE_BYTES]);

#endif
