/* Where the cases of an author are looked for. */
#ifndef BELUGA_KIT_PLACES_H
#define BELUGA_KIT_PLACES_H

#include <stdbool.h>

enum { CHECK_PLACE_BYTES = 4096 };

/* Return whether a folder has cases of this provider, or of one provider alone. */
bool check_place_is_of(const char *folder, const char *provider);
/*
 * Find the cases of a plug-in's author: in fixtures/ beside the plug-in's file or in the folder
 * above, where they may be those of one provider alone, or in the current folder, where they need
 * the provider's name. `plugin` is NULL for a provider that is no plug-in's.
 * @return the folder, relative where it is below the current one, in `path`; NULL: there is none.
 */
const char *check_place_find(const char *plugin, const char *provider,
                             char path[CHECK_PLACE_BYTES]);

#endif
