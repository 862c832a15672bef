/* Words and files of a provider's fixtures that mean nothing: they would be ignored, and what their
 * author meant by them would not be tested. */
#ifndef BELUGA_KIT_STRAYS_H
#define BELUGA_KIT_STRAYS_H

#include "kit/fixtures.h"
#include "kit/run.h"

/*
 * Look for unknown members of each check.json, and for files of scenarios that do not exist.
 * `scenarios` ends with a NULL name.
 * @return 0; BELUGA_ERROR_INVALID_CONFIG with the file, and the name that is nearest.
 */
int check_strays(const check_profile *profile, const check_scenario *scenarios, beluga_error *err);

#endif
