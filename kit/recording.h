/* Makes the answers of a case of what `beluga --record` wrote. */
#ifndef BELUGA_KIT_RECORDING_H
#define BELUGA_KIT_RECORDING_H

#include "kit/fixtures.h"

/*
 * Write the answer of each recorded exchange into a file of its own, in the order of the files'
 * names: CASE.answer, CASE.2.answer. A file that is there is never replaced.
 * @param from     A file of a recording, or the folder with all of them.
 * @param written  Receives a line for each file that was written.
 * @return 0; BELUGA_ERROR_NOT_FOUND no such file, or no folder for cases; INVALID_CONFIG a file
 * that is no recording, or an answer that is there already; NO_MEMORY; INTERNAL it can't be
 *         written.
 */
int check_recording_take(const check_profile *profile, const char *scenario, const char *from,
                         check_text *written, beluga_error *err);

#endif
