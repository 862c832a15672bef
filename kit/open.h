/* Opening a model for a scenario. */
#ifndef BELUGA_KIT_OPEN_H
#define BELUGA_KIT_OPEN_H

#include "kit/run.h"

/* Open the run's model in a registry, which has the provider; NULL with a problem told. */
beluga_chat_model *check_open(check_run *run, beluga_registry *registry);
/* Make the configuration that check_open opens with; owned, NULL with a problem told. `texts` keeps
 * what it borrows from. */
beluga_config *check_configure(check_run *run, check_text *texts);
/* Register the provider once more, in another registry. @return 0 or run->error's code. */
int check_register(check_run *run, beluga_registry *registry);

#endif
