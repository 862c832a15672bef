/* Puts prompts and answers into spans if the settings ask for it. */
#ifndef BELUGA__TELEMETRY_CONTENT_H
#define BELUGA__TELEMETRY_CONTENT_H

#include "telemetry/span.h"

#include <beluga/event.h>

void beluga__content_ask(beluga__span *span, const beluga_call *call);
void beluga__content_add(beluga__span *span, const beluga_event *event);
void beluga__content_end(beluga__span *span);

#endif
