/* Finds unknown names and files in a provider's fixtures. They would be ignored, and their author
 * would believe that something is tested. */
#ifndef BELUGA_KIT_STRAYS_H
#define BELUGA_KIT_STRAYS_H

#include "kit/fixtures.h"
#include "kit/run.h"

/*
 * Look for unknown members of each check.json, and for files whose names belong to no scenario.
 * `scenarios` ends with a NULL name.
 * @return 0 if there are none; BELUGA_ERROR_INVALID_CONFIG with a message that names the file and
 * the most similar known name.
 */
int check_strays(const check_profile *profile, const check_scenario *scenarios, beluga_error *err);

#endif
