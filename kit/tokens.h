/* The scenario of a key that is exchanged for a token. */
#ifndef BELUGA_KIT_TOKENS_H
#define BELUGA_KIT_TOKENS_H

#include "kit/run.h"

check_action check_run_token;

#endif
