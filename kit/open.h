/* Opens models for scenarios. */
#ifndef BELUGA_KIT_OPEN_H
#define BELUGA_KIT_OPEN_H

#include "kit/run.h"

/* Open the run's model in a registry that has the provider. Returns NULL after reporting a
 * problem. */
beluga_chat_model *check_open(check_run *run, beluga_registry *registry);
/* Release a model, which closes it if this was the last reference. */
void check_let_go(beluga_chat_model *model);
/* Make the configuration for check_open. The caller owns the result, which is NULL after a problem
 * was reported. `texts` owns the strings that the configuration borrows. */
beluga_config *check_configure(check_run *run, check_text *texts);
/* Register the provider once more, in another registry. @return 0 or run->error's code. */
int check_register(check_run *run, beluga_registry *registry);

#endif
