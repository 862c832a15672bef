/* The options of a request that telemetry spans report if they are set. A model checks once, when
 * it is opened, whether any of them is set; for nearly all models none is. */
#ifndef BELUGA__SPAN_OPTIONS_H
#define BELUGA__SPAN_OPTIONS_H

#include <beluga/option.h>

#define BELUGA__SPAN_OPTIONS                                                                   \
    {BELUGA_OPTION_MAX_TOKENS,       BELUGA_OPTION_SEED,      BELUGA_OPTION_DIMENSIONS,        \
     BELUGA_OPTION_TEMPERATURE,      BELUGA_OPTION_TOP_P,     BELUGA_OPTION_FREQUENCY_PENALTY, \
     BELUGA_OPTION_PRESENCE_PENALTY, BELUGA_OPTION_TOP_K,     BELUGA_OPTION_STOP_SEQUENCES,    \
     BELUGA_OPTION_REASONING_EFFORT, BELUGA_OPTION_JSON_MODE, BELUGA_OPTION_RESPONSE_SCHEMA}
enum { BELUGA__N_SPAN_OPTIONS = 12 };

#endif
